"""A product's facts -> the attributes of a new listing of one product type, by the seller's mapping (integrations.mapping); and what is still missing. Pure.

The mapping is data of the account (policy `listing`, key `mapping`): category or `*` -> attribute -> its row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from integrations.amazon.schema import Wrong, wrongs
from integrations.drafting import DraftField, Lack
from integrations.mapping import rows_of, told
from integrations.marketplace import ProductFacts
from integrations.sites import Site

__all__ = ["attributes_of", "fields_of", "missing"]

Schema = Mapping[str, Any]
Mapped = Mapping[str, Any]


def attributes_of(product: ProductFacts, mapping: Mapping[str, Mapped], schema: Schema, site: Site) -> dict[str, Any]:
    """Amazon's attributes that the mapping yields for this product, in the shape its schema gives them. What the product does not say is left out."""
    found = {}
    for attribute, entry in rows_of(mapping, product.category).items():
        if said := told(product, entry):
            shape = _shape(schema, attribute)
            found[attribute] = [_shaped(one, entry.get("unit"), shape, site) for one in said]
    return found


def missing(schema: Schema, attributes: Mapping[str, Any]) -> tuple[Lack, ...]:
    """What this product type's schema has against these attributes, in words; empty when Amazon should take them."""
    properties = schema.get("properties") or {}
    lacks = [_lack(schema, wrong) for wrong in wrongs(schema, attributes) if wrong.path]
    named = {lack.attribute for lack in lacks}
    lacks += [
        _lack(schema, Wrong((name,), "is not known to this product type")) for name in attributes if properties and name not in properties and name not in named
    ]
    return tuple(dict.fromkeys(lacks))


def fields_of(schema: Schema, attributes: Mapping[str, Any]) -> tuple[DraftField, ...]:
    """Every attribute of the product type but the pictures, the required ones first, with what would be said now: for a page that edits the mapping."""
    required = set(schema.get("required") or [])
    found = []
    for name in schema.get("properties") or {}:
        if "image_locator" in name:
            continue
        shape = _shape(schema, name)
        units = tuple(map(str, (shape.get("unit") or {}).get("enum") or ()))
        choices = tuple(map(str, _value_schema(schema, name).get("enum") or ()))
        found.append(DraftField(name, _title(schema, name), name in required, choices, "unit" in shape, units, said=_said(attributes.get(name))))
    return tuple(sorted(found, key=lambda field: not field.required))


def _said(entries: Any) -> str:
    """An attribute's values in words: the value and its unit, or all that stands in it."""
    words = []
    for entry in entries or ():
        parts = [part for name, part in entry.items() if name not in ("language_tag", "marketplace_id")] if isinstance(entry, Mapping) else [entry]
        words.append(" ".join(str(part) for part in parts if not isinstance(part, list | Mapping)))
    return ", ".join(filter(None, words))


def _shape(schema: Schema, attribute: str) -> Mapping[str, Any]:
    """The properties of one entry of the attribute; empty for one that the schema does not know."""
    return ((schema.get("properties") or {}).get(attribute, {}).get("items") or {}).get("properties") or {}


def _value_schema(schema: Schema, attribute: str) -> Mapping[str, Any]:
    value: Mapping[str, Any] = _shape(schema, attribute).get("value") or {}
    for branch in value.get("anyOf") or ():  # the usual form: any string, or one of a list
        if "enum" in branch:
            return {**value, **branch}
    return value


def _shaped(value: Any, unit: str | None, shape: Mapping[str, Any], site: Site) -> dict[str, Any]:
    here: dict[str, Any] = {"value": _typed(value, (shape.get("value") or {}).get("type"))}
    if unit is not None:
        here["unit"] = unit
    if "language_tag" in shape:
        here["language_tag"] = site.locale
    if "marketplace_id" in shape or not shape:
        here["marketplace_id"] = site.ids["marketplace"]
    return here


def _typed(value: Any, kind: Any) -> Any:
    """The inventory's value as the schema's type, where it plainly is one; else as it is, for `missing` to tell."""
    text = str(value).strip()
    try:
        if kind in ("number", "integer") and isinstance(value, str):
            number = float(text)
            if not math.isfinite(number):
                return value
            return int(number) if kind == "integer" and number.is_integer() else number
    except (ValueError, OverflowError):
        return value
    if kind == "boolean" and text.lower() in ("true", "yes", "false", "no"):
        return text.lower() in ("true", "yes")
    return text if kind == "string" and not isinstance(value, str) else value


def _title(schema: Schema, attribute: str) -> str:
    return str((schema.get("properties") or {}).get(attribute, {}).get("title") or attribute)


def _lack(schema: Schema, wrong: Wrong) -> Lack:
    attribute = str(wrong.path[0])
    inside = "/".join(_inner(wrong))
    return Lack(attribute, f"{_title(schema, attribute)} ({attribute}){f', {inside},' if inside else ''} {wrong.words}")


def _inner(wrong: Wrong) -> Iterator[str]:
    """The names below the attribute, without list indexes and without the `value` that every attribute has."""
    return (str(step) for step in wrong.path[1:] if not isinstance(step, int) and step != "value")
