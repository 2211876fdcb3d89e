"""The name of every call that may be spoiled or slowed down, so that a misspelt order is refused and not obeyed by nobody."""

from integrations.practice import ebay_trading
from integrations.practice.faults import AMAZON

PREVIEWED = ("putListingsItem", "patchListingsItem")
CALLS = frozenset([
    "*", *AMAZON.values(), *(f"{name}.preview" for name in PREVIEWED), "searchListingsItems", "searchCatalogItems", "getCatalogItem",
    "searchDefinitionsProductTypes", "getDefinitionsProductType",
    *(f"{verb}{kind}{part}" for verb in ("create", "get") for kind in ("Feed", "Report") for part in ("", "Document")),
    *ebay_trading.CALLS, "createImageFromFile", "getImage", "getDefaultCategoryTreeId", "getCategorySuggestions", "getItemAspectsForCategory",
    "getOffers", "getInventoryItem", "createOrReplaceInventoryItem", "getInventoryItemGroup",
    "amazon.token", "ebay.token", "consent", "document", "picture",
])  # fmt: skip
