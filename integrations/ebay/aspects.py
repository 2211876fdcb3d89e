"""Item specifics from a product by a mapping that the seller edits, and what a category still misses, in words; pure.

A mapping says for each aspect of eBay where its value comes from: the name of a product's field or attribute (`brand`, `movement`,
`strap.material`), or `{value: …}` for a constant. It is shipped for a few categories (listing.yaml), and the account's `aspects` go before it:
`{watch: {Band Material: strap_material, Department: {value: Unisex Adults}}, "*": {…}}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.errors import Problem
from integrations.marketplace import ProductFacts

__all__ = ["Aspect", "mapping_for", "missing", "read", "specifics_of"]

_FIELDS = ("title", "brand", "category", "condition", "gtin")
_LONGEST = 65  # characters of a name and of a value: WSDL 1423 NameValueListType
_NAMED = 8  # accepted values told in words

Mapped = Mapping[str, str | Mapping[str, Any]]


@dataclass(frozen=True)
class Aspect:
    """What eBay says of an aspect of a category. `values` is the closed list of what it takes, empty where any text does."""

    name: str
    required: bool = False
    values: tuple[str, ...] = ()
    several: bool = True
    longest: int = _LONGEST


def read(answer: Mapping[str, Any]) -> tuple[Aspect, ...]:
    """The aspects of a getItemAspectsForCategory answer; entries of another shape are passed over."""
    found = []
    for entry in answer.get("aspects") or ():
        rules = entry.get("aspectConstraint") or {}
        values = tuple(str(value["localizedValue"]) for value in entry.get("aspectValues") or () if value.get("localizedValue"))
        if name := entry.get("localizedAspectName"):
            closed = rules.get("aspectMode") == "SELECTION_ONLY"
            single = rules.get("itemToAspectCardinality") == "SINGLE"
            found.append(
                Aspect(str(name), rules.get("aspectRequired") is True, values if closed else (), not single, int(rules.get("aspectMaxLength") or _LONGEST))
            )
    return tuple(found)


def mapping_for(category: str, shipped: Mapping[str, Mapped], own: Mapping[str, Mapped]) -> Mapped:
    """The mapping for our category: shipped, then the account's for all categories ("*"), then the account's for this one."""
    return {**shipped.get(category, {}), **own.get("*", {}), **own.get(category, {})}


def specifics_of(product: ProductFacts, mapping: Mapped) -> list[dict[str, Any]]:
    """ItemSpecifics: the brand, every attribute under its own name, and what the mapping names, which goes before both."""
    mapped = {name: values for name, source in mapping.items() if (values := _values(product, source))}
    used = {source.removeprefix("attributes.") for source in mapping.values() if isinstance(source, str)}
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


def missing(aspects: Iterable[Aspect], product: ProductFacts, mapping: Mapped) -> tuple[Problem, ...]:
    """What eBay would refuse a new listing for, one problem for each aspect, in words that say where to mend it."""
    known = {str(entry["Name"]).lower(): [str(value) for value in _texts(entry["Value"])] for entry in specifics_of(product, mapping)}
    return tuple(Problem("aspect", words) for aspect in aspects if (words := _wrong(aspect, known.get(aspect.name.lower(), []), mapping.get(aspect.name))))


def _wrong(aspect: Aspect, values: Sequence[str], source: str | Mapping[str, Any] | None) -> str | None:
    where = f"the product's {source}" if isinstance(source, str) else f"an attribute of the product, or {aspect.name!r} under the account's aspects"
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


def _values(product: ProductFacts, source: str | Mapping[str, Any]) -> list[str]:
    if isinstance(source, Mapping):
        return _texts(source.get("value"))
    if source in _FIELDS:
        return _texts(getattr(product, source))
    value: Any = product.attributes
    for step in source.removeprefix("attributes.").split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return [] if isinstance(value, Mapping) else _texts(value)


def _texts(value: Any) -> list[str]:
    parts = value if isinstance(value, list | tuple) else [value]
    return [text for part in parts if part is not None and (text := str(part).strip())]
