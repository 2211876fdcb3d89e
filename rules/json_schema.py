"""A rule file as JSON Schema, for editors that complete and underline while a person types.

It says what one entry may hold. What only the loader can say (a case against its limit, two rules against each other, a key that stands twice) it does not.
"""

from collections.abc import Iterable
from typing import Any

from rules.loader import WHOLE
from rules.operators import OPERATORS
from rules.schema import AUTHORITIES, Rule

# what an editor shows beside a key; the table of README.md says the same in full
KEYS = {
    "id": "lower-case words joined by -, never reused; that of a shipped rule changes it",
    "fact": "what is measured",
    "operator": "how the measured value is held against the limit",
    "limit": "a number, two numbers (between), a value (equals), a list (one_of, none_of), or nothing",
    "applies_to": "where the rule speaks; each key given must match, none: everywhere",
    "except_for": "where another rule speaks instead",
    "level": "stop: never sent; review: a person decides; warn: told only",
    "message": "what the operator should do",
    "fix": "what the machine may try once by itself",
    "source": "where the requirement comes from, the day it was read, and how it was learnt",
    "prevents": "which notices it should have prevented: reason:word, or the marketplace's own code",
    "strictest": "how far lessons may tighten an at_least or at_most",
    "passes": "values that must pass for ever",
    "fails": "values that must fail for ever",
}
_SCALAR: dict[str, Any] = {"type": ["boolean", "number", "string"]}
_LIMITS: dict[str, dict[str, Any]] = {
    "number": {"required": ["limit"], "properties": {"limit": {"type": "number"}}},
    "pair": {"required": ["limit"], "properties": {"limit": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}}},
    "list": {"required": ["limit"], "properties": {"limit": {"type": "array", "items": _SCALAR, "minItems": 1}}},
    "value": {"required": ["limit"], "properties": {"limit": _SCALAR}},
    "nothing": {"properties": {"limit": {"type": "null"}}},
}


def json_schema(known_facts: Iterable[str]) -> dict[str, Any]:
    """The schema (draft 2020-12) of a rule file: a list of whole rules, and of changes to shipped ones (`id`, `source` and what changes)."""
    shape = Rule.model_json_schema()
    entry: dict[str, Any] = {key: shape[key] for key in ("additionalProperties", "properties", "type")}
    del entry["properties"]["authority"]  # from the file's name
    for key, words in KEYS.items():
        entry["properties"][key]["description"] = words
    entry["properties"]["fact"]["enum"] = sorted(known_facts)
    entry["properties"]["limit"] = {"description": KEYS["limit"]}
    for key in ("passes", "fails"):
        entry["properties"][key] |= {"items": {"type": ["boolean", "number", "string", "null"]}, "minItems": 1}
    entry["required"] = ["id", "source"]
    whole = [name for name in shape["required"] if name != "authority"]
    entry["if"] = {"anyOf": [{"required": [name]} for name in sorted(WHOLE)]}
    entry["then"] = {"required": whole}
    entry["allOf"] = [
        {"if": {"properties": {"operator": {"const": name}}, "required": ["operator"]}, "then": _LIMITS[operator.limit]} for name, operator in OPERATORS.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Packshot rules ({', '.join(f'{name}.yaml' for name in AUTHORITIES)})",
        "type": ["array", "null"],
        "items": {"$ref": "#/$defs/Entry"},
        "$defs": {**shape["$defs"], "Entry": entry},
    }
