"""Variations at the practice eBay: several products in one listing, each told apart by its specifics, pictures by the values of one of them.

A revision adds and changes the variations that it names and leaves the others; a set of pictures is always whole: what it does not name is dropped.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from integrations.practice.current import world
from integrations.practice.ebay_rules import Call, Failure, check_urls, error, want
from integrations.practice.ebay_view import Content
from integrations.practice.ebay_xml import Node
from integrations.practice.store import Listing, VariationSku

ROOT = "Item.Variations"
KEY = "variations"  # among a listing's attributes

Sets = dict[str, tuple[list[str], list[str | None]]]


@dataclass(frozen=True)
class Varied:
    """What a call makes of the variations; `known` None: they are not touched. `pictures` None: they stay; else value -> (addresses, images), whole."""

    known: dict[str, Any] | None = None
    name: str = ""
    pictures: Sets | None = None
    warnings: list[Content] = field(default_factory=list)


def check(session: Session, call: Call, listing: Listing | None) -> Varied:
    """The variations as they would be after the call; raises Failure. `listing` None: it is a new one."""
    before: dict[str, Any] | None = listing.attributes.get(KEY) if listing is not None else None
    nodes = call.node.all(ROOT)
    if not nodes:
        if before and any(call.node.has(f"Item.{name}") for name in ("StartPrice", "Quantity")):
            raise _invalid("Item.StartPrice", "price and quantity of a listing with variations belong to each variation")
        return Varied()
    if listing is not None and before is None:
        raise _invalid(ROOT, "a listing without variations cannot be given some")
    if call.node.has("Item.StartPrice") or call.node.has("Item.Quantity"):
        raise _invalid("Item.StartPrice", "price and quantity of a listing with variations belong to each variation")
    given = call.node.all(f"{ROOT}.Variation")
    pictures = call.node.all(f"{ROOT}.Pictures")
    if len(nodes) > 1 or not (given if before is None else given or pictures):
        raise _invalid(ROOT, "Variation or Pictures must be specified")
    names = _specifics_set(call, before)
    old: list[dict[str, Any]] = list(before["list"]) if before else []
    new = _merged(old, given)
    _consistent(new, names, call)
    known = {"set": names, "list": new, "name": before["name"] if before else "", "pictures": before["pictures"] if before else {}}
    name, sets, warnings = _pictures(session, pictures, names) if pictures else ("", None, [])
    return Varied(known, name, sets, warnings)


def born(session: Session, listing: Listing, variations: list[dict[str, Any]], by: str) -> None:
    """A listing that held these variations before: [{sku, specifics, quantity?, price?}], pictured by the specific `by`."""
    made = [
        {"sku": one["sku"], "specifics": one["specifics"], "price": str(one.get("price", "1.00")), "quantity": int(one.get("quantity", 1))}
        for one in variations
    ]
    names: dict[str, list[str]] = {}
    for one in made:
        for name, value in one["specifics"].items():
            names.setdefault(name, [])
            names[name] += [] if value in names[name] else [value]
    take(session, listing, Varied({"set": names, "list": made, "name": by, "pictures": {}}))


def take(session: Session, listing: Listing, varied: Varied) -> dict[str, Any]:
    """Make it so; answers what the write did to the sets, for the record."""
    if varied.known is None:
        return {}
    same = varied.known["list"] == listing.attributes.get(KEY, {}).get("list")
    listing.attributes = {**listing.attributes, KEY: varied.known}
    listing.quantity = sum(one["quantity"] for one in varied.known["list"])
    listing.price = min((one["price"] for one in varied.known["list"]), key=float, default=listing.price)
    session.execute(delete(VariationSku).where(VariationSku.listing_id == listing.id))
    session.add_all(VariationSku(listing_id=listing.id, sku=one["sku"]) for one in varied.known["list"] if one["sku"])
    if not same:
        world().note(session, listing, "variations", skus=[one["sku"] for one in varied.known["list"]])
    if varied.pictures is None:
        return {} if same else {KEY: "changed"}
    dropped = [value for value in varied.known["pictures"] if value not in varied.pictures]
    listing.attributes = {**listing.attributes, KEY: {**varied.known, "name": varied.name}}
    effect = {value: want(session, listing, urls, images, of=value) for value, (urls, images) in varied.pictures.items()}
    effect |= {value: want(session, listing, [], [], of=value) for value in dropped}
    return {"sets": effect, **({} if same else {KEY: "changed"})}


def _invalid(path: str, why: str) -> Failure:
    return Failure(error(37, f"Input data for tag <{path}> is invalid or missing: {why}.", path))


def _refused(code: str, words: str, *parameters: str) -> Failure:
    return Failure(error(world().hidden.ebay.variations.codes[code], words, *parameters))  # type: ignore[index]


def _pairs(node: Node, path: str) -> list[tuple[str, list[str]]]:
    return [(one.text("Name"), one.texts("Value")) for one in node.all(f"{path}.NameValueList")]


def _specifics_set(call: Call, before: dict[str, Any] | None) -> dict[str, list[str]]:
    limits = world().hidden.ebay.variations
    pairs = _pairs(call.node, f"{ROOT}.VariationSpecificsSet")
    if not pairs:
        if before is None:
            raise _invalid(f"{ROOT}.VariationSpecificsSet", "it is required of a new listing with variations")
        names: dict[str, list[str]] = before["set"]
        return names
    if len(pairs) > limits.names_max or any(len(values) > limits.values_max for _, values in pairs):
        raise _refused("too_many", f"At most {limits.names_max} names and {limits.values_max} values of each in VariationSpecificsSet.")
    for name, values in pairs:
        if not name or not values or "" in values or len(set(values)) != len(values):
            raise _invalid(f"{ROOT}.VariationSpecificsSet", f"name {name!r} with values {values}")
    if len({name for name, _ in pairs}) != len(pairs):
        raise _invalid(f"{ROOT}.VariationSpecificsSet", "a name is there twice")
    return dict(pairs)


def _merged(old: list[dict[str, Any]], given: list[Node]) -> list[dict[str, Any]]:
    """The variations with those of the request in their places, new ones at the end, deleted and empty ones gone."""
    kept: dict[int, dict[str, Any] | None] = dict(enumerate(old))
    fresh: list[dict[str, Any]] = []
    for node in given:
        one = _variation(node)
        place = next((n for n, known in enumerate(old) if (one["sku"] and known["sku"] == one["sku"]) or known["specifics"] == one["specifics"]), None)
        deleted = node.text("Delete") == "true"
        if place is None and deleted:
            raise _invalid(f"{ROOT}.Variation.Delete", f"there is no variation {one['sku']}")
        if place is not None:
            kept[place] = None if deleted or one["quantity"] == 0 else one
        elif one["quantity"]:
            fresh.append(one)
    found = [*(one for one in kept.values() if one is not None), *fresh]
    if not found:
        raise _refused("mismatch", "A listing with variations must keep a variation with a quantity of its own.")
    return found


def _variation(node: Node) -> dict[str, Any]:
    pairs = _pairs(node, "VariationSpecifics")
    if not pairs or any(not name or len(values) != 1 or not values[0] for name, values in pairs) or len(dict(pairs)) != len(pairs):
        raise _invalid(f"{ROOT}.Variation.VariationSpecifics", f"SKU {node.text('SKU')!r} must have one value of each name")
    price, quantity = node.text("StartPrice"), node.text("Quantity", "0")
    try:
        if not 0 < float(price) < 10_000_000 or not 0 <= int(quantity) < 10_000_000:
            raise ValueError
    except ValueError:
        raise _invalid(f"{ROOT}.Variation.StartPrice", f"SKU {node.text('SKU')!r} has price {price!r} and quantity {quantity!r}") from None
    return {"sku": node.text("SKU"), "price": price, "quantity": int(quantity), "specifics": {name: values[0] for name, values in pairs}}


def _consistent(found: list[dict[str, Any]], names: dict[str, list[str]], call: Call) -> None:
    """No two alike, each with exactly the names of the set and values out of it; the item itself does not say what varies."""
    limits = world().hidden.ebay.variations
    if len(found) > limits.most:
        raise _refused("too_many", f"A listing may have {limits.most} variations.")
    twice = [sku for sku, number in Counter(one["sku"] for one in found if one["sku"]).items() if number > 1]
    if twice:
        raise _refused("duplicate_sku", f"Duplicate custom variation label: {', '.join(twice)}.", *twice)
    if len({tuple(sorted(one["specifics"].items())) for one in found}) != len(found):
        raise _refused("duplicate", "Two variations have the same values of their specifics.")
    for one in found:
        strange = [f"{name}={value}" for name, value in one["specifics"].items() if value not in names.get(name, ())]
        if strange or set(one["specifics"]) != set(names):
            words = f"Variation Specifics provided does not match with the variation specifics of the variations on the item: {one['sku']} {', '.join(strange)}"
            raise _refused("mismatch", words, one["sku"])
    said = {name for name, _ in _pairs(call.node, "Item.ItemSpecifics")}
    if both := sorted(said & set(names)):
        raise _refused("mismatch", f"{', '.join(both)} cannot be an item specific and a variation specific.", *both)


def _pictures(session: Session, nodes: list[Node], names: dict[str, list[str]]) -> tuple[str, Sets, list[Content]]:
    limits = world().hidden.ebay.variations
    name, sets = nodes[0].text("VariationSpecificName"), nodes[0].all("VariationSpecificPictureSet")
    if len(nodes) > 1 or len(nodes[0].all("VariationSpecificName")) != 1:
        raise _refused("pictures", "Only one VariationSpecificName may have pictures.")
    if name not in names:
        raise _refused("mismatch", f"VariationSpecificName {name!r} is none of the variation specifics.", name)
    if not sets:
        raise _invalid(f"{ROOT}.Pictures.VariationSpecificPictureSet", "at least one is required")
    found: Sets = {}
    warnings: list[Content] = []
    for node in sets:
        value, urls = node.text("VariationSpecificValue"), node.texts("PictureURL")
        if value not in names[name]:
            raise _refused("pictures", f"VariationSpecificValue {value!r} is no value of {name}.", value)
        if value in found or not urls:
            raise _refused("pictures", f"VariationSpecificValue {value!r} must have one set with a picture.", value)
        taken, images, warned = check_urls(session, urls, limits.pictures_max)
        found[value] = taken, images
        warnings += warned
    return name, found, warnings
