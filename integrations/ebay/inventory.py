"""Listings that were made with the Inventory API: no Trading call may revise them, so their pictures are replaced by its own REST calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.ebay.client import EbayClient, Failure, object_in
from integrations.errors import Refused, TryLater

__all__ = ["listing_of", "replace_pictures"]

_TOLD = ("sku", "locale", "groupIds", "inventoryItemGroupKeys")  # what getInventoryItem adds and createOrReplaceInventoryItem does not take


def replace_pictures(client: EbayClient, sku: str, urls: Sequence[str]) -> tuple[str, ...]:
    """Give the inventory item these pictures and send every other field back as it was read: eBay replaces the whole item. The warnings.

    May be repeated. Refused in eBay's words, or where the item is a variation with more pictures than one may have.
    """
    address = f"{client.access.endpoint('inventory')}/inventory_item/{quote(sku, safe='')}"
    item = object_in(client.rest("getInventoryItem", "GET", address))
    if not isinstance(item.get("product"), dict):
        raise TryLater(60, f"{sku}: eBay answered without the item")  # sending what is left of it would empty the listing
    most = client.access.site.limits["variation_pictures"]
    if (item.get("inventoryItemGroupKeys") or item.get("groupIds")) and len(urls) > most:
        raise Refused(f"{sku}: a variation takes {most} pictures, not {len(urls)}")
    language = str(item.get("locale") or client.access.site.locale).replace("_", "-")
    sent = client.rest("createOrReplaceInventoryItem", "PUT", address, headers={"Content-Language": language}, json=_with(item, urls))
    return tuple(f"{warning.get('errorId')}: {warning.get('longMessage') or warning.get('message')}" for warning in object_in(sent).get("warnings") or ())


def _with(item: Mapping[str, Any], urls: Sequence[str]) -> dict[str, Any]:
    """The whole item as it is sent back, with these pictures."""
    kept = {name: value for name, value in item.items() if name not in _TOLD}
    stock = (kept.get("availability") or {}).get("shipToLocationAvailability")
    if isinstance(stock, dict):
        own = {name: value for name, value in stock.items() if name != "allocationByFormat"}  # told, not taken
        kept["availability"] = {**kept["availability"], "shipToLocationAvailability": own}
    return {**kept, "product": {**item["product"], "imageUrls": list(urls)}}


def listing_of(client: EbayClient, sku: str, item_id: str) -> dict[str, Any] | None:
    """What the Inventory API says of a listing (`listingStatus`, `listingOnHold`), None where it does not know it."""
    try:
        answer = client.rest("getOffers", "GET", f"{client.access.endpoint('inventory')}/offer", params={"sku": sku})
    except (Failure, TryLater):  # a second opinion: what GetItem says stands without it
        return None
    listings = [offer.get("listing") or {} for offer in object_in(answer).get("offers") or ()]
    return next((listing for listing in listings if str(listing.get("listingId")) == item_id), None)
