"""Listings that were made with the Inventory API: no Trading call may revise them, so their pictures are replaced by its own REST calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.ebay.client import EbayClient, Failure, object_in
from integrations.errors import Refused, TryLater

__all__ = ["listing_of", "replace_pictures"]

_TOLD = ("sku", "locale", "groupIds", "inventoryItemGroupKeys")  # what getInventoryItem adds and createOrReplaceInventoryItem does not take


def replace_pictures(client: EbayClient, urls_of: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Give each inventory item (by SKU) its pictures and send every other field back as it was read: eBay replaces whole items. The warnings.

    May be repeated. Refused in eBay's words, and before anything is sent where a member of a group would have too many, or be shown by another's.
    """
    items = {sku: _read(client, sku) for sku, urls in urls_of.items() if urls}
    grouped = {sku: item for sku, item in items.items() if item.get("inventoryItemGroupKeys") or item.get("groupIds")}
    most = client.access.site.limits["variation_pictures"]
    for sku in grouped:
        if len(urls_of[sku]) > most:
            raise Refused(f"{sku}: a variation takes {most} pictures, not {len(urls_of[sku])}")
    if len(grouped) > 1:
        _check_group(client, grouped, urls_of)
    return tuple(words for sku in items for words in _replace(client, sku, urls_of[sku]))


def _read(client: EbayClient, sku: str) -> dict[str, Any]:
    item = object_in(client.rest("getInventoryItem", "GET", _address(client, "inventory_item", sku)))
    if not isinstance(item.get("product"), dict):
        raise TryLater(60, f"{sku}: eBay answered without the item")  # sending what is left of it would empty the listing
    return item


def _check_group(client: EbayClient, items: Mapping[str, Mapping[str, Any]], urls_of: Mapping[str, Sequence[str]]) -> None:
    """Members that are alike in what the group's pictures go by must have the same ones; else Refused by the SKUs."""
    key = next(str(keys[0]) for item in items.values() if (keys := item.get("inventoryItemGroupKeys") or item.get("groupIds")))
    group = object_in(client.rest("getInventoryItemGroup", "GET", _address(client, "inventory_item_group", key)))
    names = [str(name) for name in (group.get("variesBy") or {}).get("aspectsImageVariesBy") or ()]
    first_with: dict[tuple[str, ...], str] = {}
    for sku, item in items.items() if names else ():
        aspects = item["product"].get("aspects") or {}
        value = tuple(str((aspects.get(name) or [""])[0]) for name in names)
        first = first_with.setdefault(value, sku)
        if list(urls_of[first]) != list(urls_of[sku]):
            shared = ", ".join(f"{name} {one!r}" for name, one in zip(names, value, strict=True))
            raise Refused(f"{first} and {sku} share {shared}, by which the group {key} has its pictures, but theirs differ: keep the photos of one of them")


def _replace(client: EbayClient, sku: str, urls: Sequence[str]) -> list[str]:
    item = _read(client, sku)  # once more: its stock goes with it, and one may have been sold while a large group was read and written
    language = str(item.get("locale") or client.access.site.locale).replace("_", "-")
    headers = {"Content-Language": language}
    sent = client.rest("createOrReplaceInventoryItem", "PUT", _address(client, "inventory_item", sku), headers=headers, json=_with(item, urls))
    return [f"{warning.get('errorId')}: {warning.get('longMessage') or warning.get('message')}" for warning in object_in(sent).get("warnings") or ()]


def _address(client: EbayClient, kind: str, name: str) -> str:
    return f"{client.access.endpoint('inventory')}/{kind}/{quote(name, safe='')}"


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
