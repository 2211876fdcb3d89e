"""Where the attributes of a new listing come from: the one mapping language of all connectors, which the seller edits. Pure.

A row of a mapping says it for one attribute of the marketplace:

    from: title | brand | category | condition | gtin | quantity | pieces | attributes.NAME | size_mm.NAME
    value: a constant (instead of `from`); an empty one: nothing, whatever else would be said
    words: {ours: theirs}      # the seller's own word for each of the marketplace's
    unit: millimeters          # for attributes that are measured

A plain word is short for `from`: `brand`, `strap.material` (of the attributes). A mapping has rows for each category, and for all of them under `*`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.errors import Refused
from integrations.marketplace import ProductFacts

__all__ = ["FACTS", "Row", "Rows", "own_rows", "row_of", "rows_of", "told"]

Row = Mapping[str, Any]
Rows = Mapping[str, Row]

FACTS = ("title", "brand", "category", "condition", "gtin", "quantity", "pieces")
_HEADS = ("attributes", "size_mm")
_KEYS = {"from", "value", "words", "unit"}
_OFF: Row = {"value": ""}


def row_of(attribute: str, entry: Any) -> Row:
    """A row as it is meant. Refused naming the attribute where it is not understood."""
    if isinstance(entry, str):
        entry = {"from": entry if _known(entry) else f"attributes.{entry}"}
    wrong = not isinstance(entry, Mapping) or bool(set(entry) - _KEYS) or ("from" in entry) == ("value" in entry)
    if wrong or ("from" in entry and not _known(str(entry["from"]))) or not isinstance(entry.get("words", {}), Mapping):
        raise Refused(f"mapping of {attribute}: needs either `from` ({', '.join(FACTS)}, attributes.NAME, size_mm.NAME) or `value`; it has {entry!r}")
    return dict(entry)


def rows_of(mapping: Mapping[str, Mapping[str, Any]], category: str) -> dict[str, Row]:
    """Attribute -> row for one category: its own rows over those of `*`. Refused naming the row that is not understood."""
    for name, rows in mapping.items():
        if not isinstance(rows, Mapping):
            raise Refused(f"mapping of the category {name}: needs a row for each attribute; it has {rows!r}")
    return {name: row_of(name, entry) for name, entry in {**mapping.get("*", {}), **mapping.get(category, {})}.items()}


def own_rows(wanted: Mapping[str, Any], inherited: Rows) -> dict[str, Row]:
    """What a category must say itself, so that with what it inherits it comes to `wanted`."""
    rows = {name: row_of(name, entry) for name, entry in wanted.items()}
    changed = {name: row for name, row in rows.items() if inherited.get(name) != row}
    return changed | {name: _OFF for name, row in inherited.items() if name not in rows and row != _OFF}


def told(product: ProductFacts, row: Row) -> list[Any]:
    """The values that a row yields for a product, in the marketplace's words; empty where the product does not say it."""
    said = row["value"] if "value" in row else _fact(product, str(row["from"]))
    words = row.get("words") or {}
    values = said if isinstance(said, list | tuple) else [said]
    return [words.get(str(one), one) for one in values if one is not None and one != "" and not isinstance(one, Mapping)]


def _known(path: str) -> bool:
    head, _, name = path.partition(".")
    return path in FACTS or (head in _HEADS and bool(name))


def _fact(product: ProductFacts, path: str) -> Any:
    head, _, name = path.partition(".")
    if not name:
        return getattr(product, head)
    found: Any = product.attributes if head == "attributes" else product.size_mm
    if name in found:
        return found[name]
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
