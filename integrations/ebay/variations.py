"""Several products in one eBay listing: which set of pictures is whose, and how a write says so without touching what it is not about; pure.

eBay keeps one set of pictures for each value of one specific (`VariationSpecificName`), and a revision of pictures replaces all sets at once. So a
write needs what the listing has now: sets that are not ours go back as they were read. Prices and stock of variations that are there are never sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.ebay.words import many, text
from integrations.errors import Refused
from integrations.marketplace import Variant
from integrations.money import to_decimal
from integrations.sites import Site
from integrations.variations import Variation, pictured_by

__all__ = ["Plan", "gallery", "holds", "item_part", "means_all", "of_sku", "pictures_of", "plan", "revision_part"]

Reply = Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """Where the pictures go: at the value of the specific `name` that `told` has for each SKU; `kept` are sets that stay as they are; `new` are to be added.

    `missing` are SKUs that the listing lacks and does not get, with the reason; `names` every name with every value that the listing may have. `whole`: no
    variation of the listing is a stranger's, so that the item's own pictures are ours too.
    """

    name: str
    told: Mapping[str, Mapping[str, str]]
    kept: Mapping[str, tuple[str, ...]]
    new: tuple[Variant, ...]
    missing: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]]
    whole: bool

    @property
    def left_out(self) -> dict[str, str]:
        """What the seller should know of each that is missing."""
        return {sku: f"{sku} is no variation of this listing: {why}" for sku, why in self.missing.items()}


def holds(item: Reply | None) -> bool:
    """Whether a listing holds variations."""
    return bool(item and many((item.get("Variations") or {}).get("Variation")))


def of_sku(item: Reply, sku: str) -> Reply | None:
    """The variation with this SKU."""
    return next((one for one in many((item.get("Variations") or {}).get("Variation")) if text(one.get("SKU")) == sku), None)


def means_all(item: Reply, sku: str) -> bool:
    """Whether a SKU is the listing's own, be there variations or not, and none of theirs."""
    return not holds(item) or (text(item.get("SKU")) == sku and of_sku(item, sku) is None)


def specifics_of(variation: Reply) -> dict[str, str]:
    """What tells a variation from its siblings."""
    return {name: values[0] for name, values in _pairs(variation.get("VariationSpecifics")).items() if values}


def pictures_of(item: Reply, variation: Reply) -> tuple[str, ...]:
    """The addresses of the pictures that are shown for a variation and not for all."""
    name, sets = _sets(item)
    return sets.get(specifics_of(variation).get(name, ""), ())


def plan(variants: Sequence[Variant], item: Reply | None) -> Plan:
    """Where the pictures of these variants go on a listing as it is now (None: a new one). Refused, in words that name the SKUs, where they cannot."""
    theirs = many((item.get("Variations") or {}).get("Variation")) if item else []
    known = {text(one.get("SKU")): specifics_of(one) for one in theirs}
    present, sets = _sets(item) if item else ("", {})
    ours: list[tuple[Variant, dict[str, str]]] = []
    new: list[Variant] = []
    missing: dict[str, str] = {}
    for variant in variants:
        if variant.merchant_sku in known:
            ours.append((variant, known[variant.merchant_sku]))
        elif variant.product.quantity == 0:
            missing[variant.merchant_sku] = "it has no stock, and eBay drops a new variation without"  # WSDL 1423 VariationType.Quantity
        elif item is None or variant.add:
            _strange(variant, theirs)
            new.append(variant)
            ours.append((variant, dict(variant.specifics)))
        else:
            missing[variant.merchant_sku] = "this push may not add any"
    if not ours:
        where = f"no variation of eBay listing {text(item.get('ItemID'))}" if item else "not listed"
        raise Refused("; ".join(f"{sku} is {where}: {why}" for sku, why in missing.items()))
    named = {variant.merchant_sku for variant, _ in ours}
    others = [Variation(text(one.get("SKU")) or "a variation without SKU", specifics_of(one), ()) for one in theirs if text(one.get("SKU")) not in named]
    own = [Variation(variant.merchant_sku, specifics, tuple(picture.sha256 for picture in variant.pictures)) for variant, specifics in ours]
    name = pictured_by([*own, *others], present or None, fixed=bool(present and others))
    filled = {one.specifics[name] for one in own if one.pictures}
    kept = {value: urls for value, urls in sets.items() if value not in filled} if name == present else {}
    return Plan(name, {one.sku: one.specifics for one in own}, kept, tuple(new), missing, _names(item, own), not others)


def _strange(variant: Variant, theirs: Iterable[Reply]) -> None:
    twin = next((one for one in theirs if specifics_of(one) == dict(variant.specifics)), None)
    if twin is not None:
        under = f"under the SKU {text(twin.get('SKU'))}" if text(twin.get("SKU")) else "without a SKU"
        raise Refused(f"{variant.merchant_sku}: the listing has this variation {under}; give it this SKU on eBay, or let the inventory name that merchant_sku")


def _names(item: Reply | None, own: Sequence[Variation]) -> dict[str, tuple[str, ...]]:
    found = dict(_pairs((item.get("Variations") or {}).get("VariationSpecificsSet"))) if item else {}
    for one in own:
        for name in sorted(one.specifics):
            values = found.get(name, ())
            found[name] = values if one.specifics[name] in values else (*values, one.specifics[name])
    return found


def _sets(item: Reply) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The specific that has pictures, and its values' sets as they are."""
    pictures = next(iter(many((item.get("Variations") or {}).get("Pictures"))), None) or {}
    sets = {
        text(one.get("VariationSpecificValue")): tuple(filter(None, map(text, many(one.get("PictureURL")))))
        for one in many(pictures.get("VariationSpecificPictureSet"))
    }
    return text(pictures.get("VariationSpecificName")), {value: urls for value, urls in sets.items() if urls}


def _pairs(container: Any) -> dict[str, tuple[str, ...]]:
    return {text(one.get("Name")): tuple(map(text, many(one.get("Value")))) for one in many((container or {}).get("NameValueList"))}


# what is sent


def revision_part(placed: Plan, urls_of: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Variations of a ReviseFixedPriceItem: every set of pictures, whole, and the variations to be added. `urls_of` is SKU -> addresses in order."""
    part: dict[str, Any] = {"Pictures": _pictures(placed, urls_of)}
    return {**part, "Variation": _added(placed.new, placed), "VariationSpecificsSet": _set(placed)} if placed.new else part


def item_part(placed: Plan, urls_of: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Variations of an AddFixedPriceItem."""
    return {"Variation": _added(placed.new, placed), "Pictures": _pictures(placed, urls_of), "VariationSpecificsSet": _set(placed)}


def _added(variants: Iterable[Variant], placed: Plan) -> list[dict[str, Any]]:
    """New variations with price, stock and what tells them apart."""
    return [
        {
            "SKU": variant.merchant_sku,
            "StartPrice": {"#text": to_decimal(variant.product.price_minor, variant.product.currency), "@attrs": {"currencyID": variant.product.currency}},
            "Quantity": variant.product.quantity,
            "VariationSpecifics": {"NameValueList": [{"Name": name, "Value": variant.specifics[name]} for name in placed.names]},
        }
        for variant in variants
    ]


def _pictures(placed: Plan, urls_of: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    sets = dict(placed.kept) | {placed.told[sku][placed.name]: tuple(urls) for sku, urls in urls_of.items() if urls}
    return {
        "VariationSpecificName": placed.name,
        "VariationSpecificPictureSet": [{"VariationSpecificValue": value, "PictureURL": list(urls)} for value, urls in sets.items()],
    }


def _set(placed: Plan) -> dict[str, Any]:
    return {"NameValueList": [{"Name": name, "Value": list(values)} for name, values in placed.names.items()]}


def gallery(mains: Sequence[str], site: Site) -> list[str]:
    """The item's own pictures: the main one of each variation, as many as eBay takes, by number and by the length of their addresses."""
    found: list[str] = []
    for url in dict.fromkeys(mains):
        if len(found) < site.limits["pictures"] and sum(map(len, (*found, url))) <= site.limits["picture_urls_chars"]:
            found.append(url)
    return found
