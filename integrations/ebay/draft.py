"""A new eBay listing before it exists: what its category asks for, what it would say, what is missing, and the settings behind all that. Pure.

Beside the category's aspects a listing has business policies (`policy:return`, of the whole account) and, in some categories, condition
descriptors (`descriptor:used:40001`). To a page all three are attributes with a row each; in the settings they keep their own places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from integrations.drafting import CategoryMap, Draft, DraftField, Lack
from integrations.ebay.aspects import Aspect, missing, specifics_of
from integrations.ebay.translate import category_of, condition_of, descriptors_of, listing_table, mapping
from integrations.errors import Refused
from integrations.mapping import Row, own_rows, row_of, rows_of
from integrations.marketplace import Access, ProductFacts

__all__ = ["draft_of", "lacks_of", "mapped", "remapped"]

_POLICY, _DESCRIPTOR = "policy:", "descriptor:"


def lacks_of(product: ProductFacts, aspects: Iterable[Aspect], access: Access) -> tuple[Lack, ...]:
    """What eBay would refuse this new listing for, as far as its category's rules tell."""
    given = {entry["Name"] for entry in descriptors_of(product, access) if entry["Value"]}
    number = condition_of(product, access)
    descriptors = [
        Lack(
            f"{_DESCRIPTOR}{product.condition}:{name}",
            f"eBay wants {title!r} ({name}) of condition {number} here: name it under the account's condition_descriptors",
        )
        for name, title in _descriptors_wanted(product, access).items()
        if name not in given
    ]
    return (*missing(aspects, product, mapping(product.category, access)), *descriptors)


def draft_of(product: ProductFacts, category: str, title: str, aspects: Iterable[Aspect], access: Access) -> Draft:
    """The listing as it would be, its fields the required ones first. Missing business policies are lacks too: eBay has the last word on them."""
    aspects, rows = tuple(aspects), mapping(product.category, access)
    attributes = {
        **{entry["Name"]: entry["Value"] for entry in specifics_of(product, rows)},
        **{f"{_POLICY}{name}": number for name, number in access.settings.get("policies", {}).items() if number},
        **{f"{_DESCRIPTOR}{product.condition}:{entry['Name']}": entry["Value"] for entry in descriptors_of(product, access)},
    }
    said = {name.lower(): ", ".join(value) if isinstance(value, list) else str(value or "") for name, value in attributes.items()}
    item = access.settings.get("item", {})
    fields = [
        *(DraftField(aspect.name, aspect.name, aspect.required, aspect.values, advised=aspect.advised) for aspect in aspects),
        *(DraftField(f"{_DESCRIPTOR}{product.condition}:{name}", words, True, constant=True) for name, words in _descriptors_wanted(product, access).items()),
        *(DraftField(f"{_POLICY}{name}", entry["title"], entry["instead"] not in item, constant=True) for name, entry in _policies()),
    ]
    told = [replace(field, said=said.get(field.name.lower(), "")) for field in fields]
    without = [field for field in told if field.required and not field.said and field.name.startswith(_POLICY)]
    lacks = [
        Lack(field.name, f"{field.title} has no id: make one on eBay under Business policies and name it under the account's policies") for field in without
    ]
    return Draft(category, attributes, tuple(sorted(told, key=lambda f: (not f.required, not f.advised))), (*lacks_of(product, aspects, access), *lacks), title)


def mapped(category: str, access: Access) -> CategoryMap:
    """How a category of ours is listed, by the account's settings. Refused where they are not understood."""
    settings = access.settings
    rows = {**mapping(category, access)}
    rows |= {f"{_POLICY}{name}": {"value": str(number)} for name, number in settings.get("policies", {}).items() if number}
    rows |= {name: {"value": str(entry.get("value") or "")} for name, entry in _descriptors_given(category, access)}
    shipped = listing_table()["categories"].get(category) or {}
    return CategoryMap(str(settings.get("categories", {}).get(category) or ""), str(shipped.get("id") or ""), rows)


def remapped(category: str, kind: str, rows: Mapping[str, Any], access: Access) -> dict[str, Any]:
    """The settings with this category listed as `kind` by exactly these rows; policies are the whole account's. Refused naming what is not understood."""
    settings = access.settings
    given = {name: row_of(name, row) for name, row in rows.items()}
    fixed = {name: _constant(name, row) for name, row in given.items() if name.startswith((_POLICY, _DESCRIPTOR))}
    aspects = {name: row for name, row in given.items() if name not in fixed}
    categories = {**settings.get("categories", {}), category: kind}
    made: dict[str, Any] = {
        "categories": {name: one for name, one in categories.items() if one},
        "aspects": {
            **settings.get("aspects", {}),
            category: own_rows(aspects, rows_of(listing_table()["aspects"], category) | rows_of(settings.get("aspects", {}), "*")),
        },
        "policies": {name.removeprefix(_POLICY): value for name, value in fixed.items() if name.startswith(_POLICY) and value},
        "condition_descriptors": {**settings.get("condition_descriptors", {}), category: _descriptors(category, fixed, access)},
    }
    if unknown := sorted(set(made["policies"]) - set(dict(_policies()))):
        raise Refused(f"mapping of {_POLICY}{unknown[0]}: eBay has the policies {', '.join(dict(_policies()))}")
    return {name: value for name, value in {**settings, **made}.items() if name not in made or value or name in settings}


def _policies() -> Iterator[tuple[str, Mapping[str, str]]]:
    return ((name, entry) for name, entry in listing_table()["policies"].items() if isinstance(entry, Mapping))


def _descriptors_wanted(product: ProductFacts, access: Access) -> dict[str, str]:
    """Number -> name of the condition descriptors that the product's category needs in its condition."""
    category, condition = category_of(product, access), condition_of(product, access)
    rules = [rule for rule in listing_table()["condition_descriptors"] if category in rule["categories"] and condition == rule["condition"]]
    return {number: name for rule in rules for number, name in rule["required"].items()}


def _descriptors_given(category: str, access: Access) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for condition, entries in access.settings.get("condition_descriptors", {}).get(category, {}).items():
        for entry in entries:
            yield f"{_DESCRIPTOR}{condition}:{entry['name']}", entry


def _descriptors(category: str, fixed: Mapping[str, str], access: Access) -> dict[str, list[dict[str, Any]]]:
    """The settings' form of them; what was said beside a value (`info`) stays."""
    known, made = dict(_descriptors_given(category, access)), dict[str, list[dict[str, Any]]]()
    for name, value in fixed.items():
        if name.startswith(_DESCRIPTOR) and value:
            condition, _, number = name.removeprefix(_DESCRIPTOR).partition(":")
            made.setdefault(condition, []).append({**known.get(name, {}), "name": number, "value": value})
    return made


def _constant(name: str, row: Row) -> str:
    if "value" not in row:
        raise Refused(f"mapping of {name}: takes a fixed value, not one of the product's")
    return str(row["value"]).strip()
