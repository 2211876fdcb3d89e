"""A listing of several products as eBay's calls and answers have it; pure. Which picture goes where is decided in `variations`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from integrations.ebay import translate, variations
from integrations.ebay.words import text
from integrations.errors import Refused
from integrations.marketplace import Access, Notice, Offer, Ref, Status, Variant
from integrations.sites import Site

__all__ = ["new_item", "revision", "status_of", "variants_in_order"]

Reply = Mapping[str, Any]


def variants_in_order(offer: Offer, site: Site) -> tuple[Variant, ...]:
    """The offer's variants, each with its pictures as eBay will number them. Refused as one product would be, by the SKU."""
    if offer.pictures or offer.remove or len({variant.merchant_sku for variant in offer.variants}) != len(offer.variants):
        raise Refused(f"{offer.merchant_sku}: a listing of several products has no pictures but theirs, and each product once")
    if len(offer.variants) > (most := site.limits["variations"]):
        raise Refused(f"{offer.merchant_sku}: eBay takes {most} variations in a listing, not {len(offer.variants)}; make two groups of them")
    if not any(variant.pictures for variant in offer.variants):
        raise Refused(f"{offer.merchant_sku}: none of its products has a picture")
    alone = [replace(offer, merchant_sku=variant.merchant_sku, pictures=variant.pictures, variants=()) for variant in offer.variants]
    most = site.limits["variation_pictures"]
    return tuple(
        replace(variant, pictures=translate.pictures_in_order(one, site, most) if one.pictures else ())
        for variant, one in zip(offer.variants, alone, strict=True)
    )


def revision(offer: Offer, item_id: str, placed: variations.Plan, details: Mapping[str, dict[str, Any]], site: Site) -> dict[str, Any]:
    """ReviseFixedPriceItem of a listing that holds several products: every set of pictures, whole, and the products that are new. `details` by SKU.

    The item's own pictures are the main ones of its products, unless the listing has variations that are not ours: then they stay.
    """
    urls_of = {sku: part["PictureURL"] for sku, part in details.items()}
    item: dict[str, Any] = {"ItemID": item_id, "Variations": variations.revision_part(placed, urls_of)}
    if placed.whole and (shown := variations.gallery([urls[0] for urls in urls_of.values() if urls], site)):
        item["PictureDetails"] = {"PictureURL": shown}
    return {"InvocationID": offer.key.upper(), "Item": item}


def new_item(offer: Offer, placed: variations.Plan, details: Mapping[str, dict[str, Any]], access: Access) -> tuple[dict[str, Any], tuple[str, ...]]:
    """AddFixedPriceItem of several products: as for one, with price, stock, identifier and SKU at each, and without a specific that tells them apart."""
    urls_of = {sku: part["PictureURL"] for sku, part in details.items()}
    shown = variations.gallery([urls[0] for urls in urls_of.values() if urls], access.site)
    request, remarks = translate.new_item(offer, {"PictureURL": shown}, access)
    theirs = {name.casefold() for name in placed.names}
    common = [entry for entry in request["Item"]["ItemSpecifics"]["NameValueList"] if entry["Name"].casefold() not in theirs]
    part = variations.item_part(placed, urls_of)
    for entry, variant in zip(part["Variation"], placed.new, strict=True):
        entry["VariationProductListingDetails"] = translate.identifiers(variant.product)
    own = {
        **{name: value for name, value in request["Item"].items() if name not in ("StartPrice", "Quantity", "SKU", "ProductListingDetails")},
        "ItemSpecifics": {"NameValueList": common},
        "Variations": part,
    }
    return {"Item": own}, remarks


def status_of(ref: Ref, item: Reply | None, extra: Iterable[Notice], site: Site) -> Status:
    """As `translate.status_of`; of a listing that holds several products the one with the SKU, with its own pictures alone.

    It does not exist where the listing lacks it. What stands against the listing stands against each.
    """
    if item is None or variations.means_all(item, ref.merchant_sku):
        return translate.status_of(ref, item, extra, site)
    notices, ended = (*translate.notices_of(item), *extra), translate.ended(item)
    positions = site.positions[: site.limits["variation_pictures"]]
    external, variation, selling = text(item.get("ItemID")) or ref.external_id, variations.of_sku(item, ref.merchant_sku), item.get("SellingStatus") or {}
    if variation is None:
        return Status(ref, False, False, ended, {}, frozenset(positions), notices, external)
    left = translate.number_of(variation.get("Quantity")) - translate.number_of((variation.get("SellingStatus") or {}).get("QuantitySold"))
    return Status(
        ref=ref,
        exists=True,
        buyable=text(selling.get("ListingStatus")) == "Active" and left > 0 and not translate.is_true(selling.get("ListingOnHold")),
        ended=ended,
        pictures=dict(zip(positions, variations.pictures_of(item, variation), strict=False)),
        provable=frozenset(positions),
        notices=notices,
        external_id=external,
    )
