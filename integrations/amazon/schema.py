"""A value against a product type's JSON Schema (2019-09, with Amazon's own words in it): what is wrong, in words for a seller. Pure.

Only what product type schemas use is understood; an unknown keyword demands nothing, for Amazon's own preview has the last word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Wrong", "wrongs"]

Schema = Mapping[str, Any]

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}
_MOST_DEPTH = 40  # a schema that refers to itself for ever ends here
_CHOICES_SHOWN = 8


@dataclass(frozen=True)
class Wrong:
    """One thing wrong. `path` leads to it: names and list indexes; `missing` where nothing is there at all."""

    path: tuple[str | int, ...]
    words: str
    missing: bool = False


def wrongs(schema: Schema, value: Any) -> tuple[Wrong, ...]:
    """Everything that the schema has against the value, each once, in the schema's order."""
    return tuple(dict.fromkeys(_walk(schema, value, (), schema, 0)))


def _walk(schema: Any, value: Any, path: tuple[str | int, ...], root: Schema, depth: int) -> Iterator[Wrong]:
    if depth > _MOST_DEPTH or schema is True or not isinstance(schema, Mapping):
        if schema is False:
            yield Wrong(path, "is not allowed here")
        return

    def inner(part: Any, of: Any = value, at: tuple[str | int, ...] = path) -> Iterator[Wrong]:
        return _walk(part, of, at, root, depth + 1)

    def fits(part: Any, of: Any = value) -> bool:
        return next(inner(part, of), None) is None

    if "$ref" in schema:
        yield from inner(_referred(root, str(schema["$ref"])))
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield Wrong(path, f"must be {' or '.join(kinds)}, not {value!r}")
        return
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        yield Wrong(path, f"{value!r} is not one of {_some(schema['enum'])}")
    if "const" in schema and not _same(value, schema["const"]):
        yield Wrong(path, f"must be {schema['const']!r}")
    if isinstance(value, str):
        yield from _text(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(schema, value, path)
    elif isinstance(value, list | tuple):
        yield from _list(schema, value, path)
        for index, one in enumerate(value):
            yield from inner(schema.get("items", True), one, (*path, index))
        if "contains" in schema and not any(fits(schema["contains"], one) for one in value):
            yield Wrong(path, "lacks an entry that it needs")
    elif isinstance(value, Mapping):
        properties = schema.get("properties") or {}
        yield from (Wrong((*path, name), "is missing", True) for name in schema.get("required") or [] if name not in value)
        for name, one in value.items():
            if name in properties:
                yield from inner(properties[name], one, (*path, name))
            elif schema.get("additionalProperties") is False:
                yield Wrong((*path, name), "is not known to this product type")
    for part in schema.get("allOf") or []:
        yield from inner(part)
    for name in ("anyOf", "oneOf"):
        branches = schema.get(name) or []
        if branches and not any(fits(branch) for branch in branches):
            yield from _nearest([list(inner(branch)) for branch in branches], path)
        elif name == "oneOf" and sum(fits(branch) for branch in branches) > 1:
            yield Wrong(path, "says more than one of what excludes each other")
    if "not" in schema and fits(schema["not"]):
        yield Wrong(path, "is not allowed together with the rest")
    if "if" in schema:
        yield from inner(schema.get("then" if fits(schema["if"]) else "else", True))


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind in ("number", "integer"):
        return False
    if kind == "integer" and isinstance(value, float) and not value.is_integer():
        return False
    return isinstance(value, _KINDS.get(kind, (object,)))


def _same(first: Any, second: Any) -> bool:
    """Equal as JSON is: 1 is 1.0, and true is not 1."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_same(first[name], second[name]) for name in first)
    return bool(first == second)


def _some(choices: list[Any]) -> str:
    more = len(choices) - _CHOICES_SHOWN
    return ", ".join(map(str, choices[:_CHOICES_SHOWN])) + (f" and {more} more" if more > 0 else "")


def _text(schema: Schema, value: str, path: tuple[str | int, ...]) -> Iterator[Wrong]:
    if len(value) < schema.get("minLength", 0):
        yield Wrong(path, "is empty" if not value else f"has {len(value)} characters, at least {schema['minLength']} are needed")
    if len(value) > schema.get("maxLength", len(value)):
        yield Wrong(path, f"has {len(value)} characters, at most {schema['maxLength']} are allowed")
    size = len(value.encode())
    if size > schema.get("maxUtf8ByteLength", size):
        yield Wrong(path, f"has {size} bytes, at most {schema['maxUtf8ByteLength']} are allowed")
    if "pattern" in schema:
        try:
            found = re.search(str(schema["pattern"]), value)
        except re.error:  # their dialect, not ours
            return
        if found is None:
            yield Wrong(path, f"{value!r} does not have the form {schema['pattern']}")


def _number(schema: Schema, value: float, path: tuple[str | int, ...]) -> Iterator[Wrong]:
    if value < schema.get("minimum", value):
        yield Wrong(path, f"{value} is less than {schema['minimum']}")
    if value > schema.get("maximum", value):
        yield Wrong(path, f"{value} is more than {schema['maximum']}")


def _list(schema: Schema, value: list[Any] | tuple[Any, ...], path: tuple[str | int, ...]) -> Iterator[Wrong]:
    least = max(schema.get("minItems", 0), schema.get("minUniqueItems", 0))
    if len(value) < least:
        yield Wrong(path, "is empty" if not value else f"has {len(value)} entries, at least {least} are needed", not value)
    if len(value) > schema.get("maxItems", len(value)):
        yield Wrong(path, f"has {len(value)} entries, at most {schema['maxItems']} are allowed")


def _nearest(branches: list[list[Wrong]], path: tuple[str | int, ...]) -> Iterator[Wrong]:
    """What would have to be mended for the easiest of several ways; ways that differ by one missing name each are told as a choice."""
    if all(len(branch) == 1 and branch[0].missing and branch[0].path for branch in branches):
        names = " or ".join(str(branch[0].path[-1]) for branch in branches)
        yield Wrong(branches[0][0].path, f"is missing ({names})", True)
    else:
        yield from min(branches, key=len, default=[Wrong(path, "is not allowed here")])


def _referred(root: Schema, reference: str) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            found = found.get(step.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, Mapping) else True
    return found
