"""Item specifics from a product by the seller's mapping (integrations.mapping), and what a category still misses, in words; pure.

The mapping is shipped for a few categories (listing.yaml), and the account's `aspects` go before it:
`{watch: {Band Material: strap_material, Department: {value: Unisex Adults}}, "*": {…}}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.drafting import Lack
from integrations.mapping import Row, Rows, rows_of, told
from integrations.marketplace import ProductFacts

__all__ = ["Aspect", "mapping_for", "missing", "read", "specifics_of"]

_LONGEST = 65  # characters of a name and of a value: WSDL 1423 NameValueListType
_NAMED = 8  # accepted values told in words


@dataclass(frozen=True)
class Aspect:
    """What eBay says of an aspect of a category. `values` is the closed list of what it takes, empty where any text does."""

    name: str
    required: bool = False
    values: tuple[str, ...] = ()
    several: bool = True
    longest: int = _LONGEST
    advised: bool = False


def read(answer: Mapping[str, Any]) -> tuple[Aspect, ...]:
    """The aspects of a getItemAspectsForCategory answer; entries of another shape are passed over."""
    found = []
    for entry in answer.get("aspects") or ():
        rules = entry.get("aspectConstraint") or {}
        values = tuple(str(value["localizedValue"]) for value in entry.get("aspectValues") or () if value.get("localizedValue"))
        if name := entry.get("localizedAspectName"):
            found.append(
                Aspect(
                    name=str(name),
                    required=rules.get("aspectRequired") is True,
                    values=values if rules.get("aspectMode") == "SELECTION_ONLY" else (),
                    several=rules.get("itemToAspectCardinality") != "SINGLE",
                    longest=int(rules.get("aspectMaxLength") or _LONGEST),
                    advised=rules.get("aspectUsage") == "RECOMMENDED",
                )
            )
    return tuple(found)


def mapping_for(category: str, shipped: Mapping[str, Mapping[str, Any]], own: Mapping[str, Mapping[str, Any]]) -> dict[str, Row]:
    """The mapping for our category: shipped, then the account's for all categories ("*"), then the account's for this one."""
    return rows_of(shipped, category) | rows_of(own, category)


def specifics_of(product: ProductFacts, mapping: Rows) -> list[dict[str, Any]]:
    """ItemSpecifics: the brand, every attribute under its own name, and what the mapping names, which goes before both."""
    mapped = {name: values for name, row in mapping.items() if (values := _texts(told(product, row)))}
    used = {str(row["from"]).removeprefix("attributes.") for row in mapping.values() if "from" in row}
    plain = {"Brand": [product.brand]} if "brand" not in used else {}
    for name, value in product.attributes.items():
        if name != "description" and name not in used and not isinstance(value, Mapping):
            plain[name.replace("_", " ").title()] = _texts(value)
    taken = {name.lower() for name in mapped}
    pairs = {**{name: values for name, values in plain.items() if values and name.lower() not in taken}, **mapped}
    return [
        {"Name": name[:_LONGEST], "Value": values[0][:_LONGEST] if len(values) == 1 else [value[:_LONGEST] for value in values]}
        for name, values in pairs.items()
        if any(values)
    ]


def missing(aspects: Iterable[Aspect], product: ProductFacts, mapping: Rows) -> tuple[Lack, ...]:
    """What eBay would refuse a new listing for, one lack for each aspect, in words that say where to mend it."""
    known = {str(entry["Name"]).lower(): [str(value) for value in _texts(entry["Value"])] for entry in specifics_of(product, mapping)}
    return tuple(Lack(aspect.name, words) for aspect in aspects if (words := _wrong(aspect, known.get(aspect.name.lower(), []), mapping.get(aspect.name))))


def _wrong(aspect: Aspect, values: Sequence[str], row: Row | None) -> str | None:
    source = str((row or {}).get("from", "")).removeprefix("attributes.")
    where = f"the product's {source}" if source else f"an attribute of the product, or {aspect.name!r} under the account's aspects"
    if not values:
        return f"{aspect.name!r} is required and has no value: fill {where}{_choice(aspect)}" if aspect.required else None
    if len(values) > 1 and not aspect.several:
        return f"{aspect.name!r} takes one value, not {', '.join(values)}: change {where}"
    accepted = {value.lower() for value in aspect.values}
    stranger = next((value for value in values if accepted and value.lower() not in accepted), None)
    if stranger is not None:
        return f"{aspect.name!r} does not take {stranger!r}: change {where}{_choice(aspect)}"
    long = next((value for value in values if len(value) > aspect.longest), None)
    return f"{aspect.name!r} takes {aspect.longest} characters, and {long[:40]!r}… has {len(long)}: shorten {where}" if long else None


def _choice(aspect: Aspect) -> str:
    if not aspect.values:
        return ""
    rest = len(aspect.values) - _NAMED
    return f"; eBay takes {', '.join(aspect.values[:_NAMED])}" + (f" and {rest} more" if rest > 0 else "")


def _texts(value: Any) -> list[str]:
    parts = value if isinstance(value, list | tuple) else [value]
    return [text for part in parts if part is not None and (text := str(part).strip())]
