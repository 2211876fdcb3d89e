"""Trading's XML as plain dicts, and the code table: what client and translate both read. No SDK here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

import yaml

from integrations.errors import Problem

__all__ = ["clean", "codes", "entry_for", "many", "problems_of", "text"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@cache
def codes() -> dict[str, Any]:
    """The tables of codes.yaml."""
    loaded: dict[str, Any] = yaml.safe_load(files("integrations.ebay").joinpath("codes.yaml").read_text("utf-8"))
    return loaded


def clean(value: Any) -> Any:
    """What ebaysdk may send: None dropped, booleans in lower case, text escaped once (its own escaping misses list members), CDATA left alone."""
    if isinstance(value, Mapping):
        return {key: clean(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [clean(inner) for inner in value if inner is not None]
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _NOT_XML.sub(" ", str(value))
    # a CDATA section that ends early could smuggle in elements of its own
    whole = text.startswith("<![CDATA[") and text.find("]]>") == len(text) - 3
    return text if whole else escape(text, {'"': "&quot;"})


def many(value: Any) -> list[Any]:
    """An element that may be absent, single or repeated, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """The text of an element, with or without attributes; "" for an absent one."""
    if isinstance(value, dict):
        value = value.get("value")
    return str(value) if value is not None else ""


def entry_for(code: str) -> Mapping[str, Any]:
    """What codes.yaml says of an error code; empty for an unknown one."""
    entry: Mapping[str, Any] = codes()["errors"].get(code, {})
    return entry


def problems_of(reply: Mapping[str, Any]) -> list[tuple[Problem, str]]:
    """(problem, severity) of each error in an answer, their words first; `Message` may explain a policy block at length."""
    found = []
    for error in many(reply.get("Errors")):
        code = text(error.get("ErrorCode"))
        words = text(error.get("LongMessage")) or text(error.get("ShortMessage"))
        found.append((Problem(code, words, entry_for(code).get("reason")), text(error.get("SeverityCode")) or "Error"))
    if found and (explained := text(reply.get("Message"))):
        found.append((Problem("Message", explained), found[0][1]))
    return found
