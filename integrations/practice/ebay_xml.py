"""Trading API XML, both ways, with nothing but the standard library."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"


class XmlError(Exception):
    """The request is not XML of the namespace we know: eBay's error 5."""


class Node:
    """A request element, read by dotted paths."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    def all(self, path: str) -> list["Node"]:
        """Every element at the path, such as "Item.PictureDetails.PictureURL"."""
        steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("."))
        return [Node(found) for found in self._element.findall(steps)]

    def text(self, path: str, default: str = "") -> str:
        """The stripped text of the first element at the path."""
        found = self.all(path)
        return (found[0]._element.text or "").strip() if found else default

    def texts(self, path: str) -> list[str]:
        """The stripped texts of all elements at the path."""
        return [(node._element.text or "").strip() for node in self.all(path)]

    def has(self, path: str) -> bool:
        """Whether the element is there and holds text or children."""
        return any((node._element.text or "").strip() or len(node._element) for node in self.all(path))

    def attribute(self, path: str, name: str) -> str:
        """An attribute of the first element at the path, or ""."""
        found = self.all(path)
        return found[0]._element.get(name, "") if found else ""


def parse(raw: bytes, call: str) -> Node:
    """The request's root, which must be `<CallRequest xmlns="urn:ebay:...">`; raises XmlError."""
    if re.search(rb"<!DOCTYPE|<!ENTITY", raw, re.IGNORECASE):
        raise XmlError("a document type is not allowed")
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - no document type, so no entity can grow
    except ElementTree.ParseError as error:
        raise XmlError(str(error)) from error
    if root.tag != f"{{{NAMESPACE}}}{call}Request":
        raise XmlError(f"the root element must be {call}Request in {NAMESPACE}")
    return Node(root)


def write(call: str, content: Mapping[str, Any]) -> bytes:
    """`<CallResponse>` from plain dicts; a list repeats its element, None leaves it out, "@name" is an attribute, "#text" the text."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{call}Response xmlns="{NAMESPACE}">{_inside(content)}</{call}Response>'.encode()


def _inside(content: Mapping[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in content.items() if name[0] not in "@#")


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        attributes = "".join(f' {key[1:]}="{escape(str(inner), {chr(34): "&quot;"})}"' for key, inner in value.items() if key[0] == "@")
        return f"<{name}{attributes}>{escape(str(value['#text'])) if '#text' in value else _inside(value)}</{name}>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(name, inner) for inner in value)
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"
