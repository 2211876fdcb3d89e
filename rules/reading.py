"""YAML text -> plain data that remembers where everything stood, so that every problem can name file, line and column.

Only the plain part of YAML is read: no aliases or anchors (a small file could unfold to gigabytes), no tags, no merge keys, one document.
`true` and `false` are the only flags, so that NO stays the country; numbers are decimal.
"""

import datetime as dt
import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_CHARACTERS = 1_000_000
MAX_LINE = 20_000  # characters: no person wrote a longer one
MAX_NODES = 25_000  # more than 600 rules; reading them takes half a second and some 30 MB
MAX_DEPTH = 12
TAGS = {"str", "int", "float", "bool", "null", "timestamp", "value", "merge", "seq", "map"}
Path = tuple[str | int, ...]
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{0,30}([eE][-+]?[0-9]{1,3})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass
class Document:
    """One file as read: its root node, its data, where each path of the data stands, and what was wrong with it."""

    name: str
    root: Node | None = None
    data: Any = None
    marks: dict[Path, yaml.Mark] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def at(self, path: Path) -> str:
        """`file:line:column` of a path, or of the nearest thing around it that stands in the file."""
        while path and path not in self.marks:
            path = path[:-1]
        return place(self.name, self.marks.get(path))


def place(name: str, mark: yaml.Mark | None) -> str:
    """`file:line:column`, counted from one."""
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else f"{name}:1:1"


def read(name: str, text: str) -> Document:
    """Read one file; never raises for what the text says, `problems` tells."""
    document = Document(name)
    if (problem := _too_big(text)) is not None:
        document.problems.append(f"{name}:{problem}")
        return document
    try:
        document.root = _compose(text)
    except yaml.reader.ReaderError as error:
        document.problems.append(f"{name}:{line_and_column(text[: error.position])}: holds the character {chr(error.character)!r}, which no text has")
    except yaml.MarkedYAMLError as error:
        document.problems.append(f"{place(name, error.problem_mark)}: not readable as YAML: {(error.problem or error.context or '')[:200]}")
    except yaml.YAMLError as error:
        document.problems.append(f"{name}:1:1: not readable as YAML: {' '.join(str(error).split())}")
    if document.root is not None:
        document.data = _Reader(document).value(document.root, ())
    return document


def line_and_column(before: str) -> str:
    """`line:column`, counted from one, of what comes after this much of a text."""
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def shown(value: object, most: int = 80) -> str:
    """A value as a message may quote it: on one line, and no longer than a person reads."""
    text = repr(value[: most + 1]) if isinstance(value, str) else repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _too_big(text: str) -> str | None:
    """Where and why a text is refused before any of it is parsed."""
    if len(text) > MAX_CHARACTERS:
        return f"{line_and_column(text[:MAX_CHARACTERS])}: longer than {MAX_CHARACTERS:,} characters"
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            return f"{number}:{MAX_LINE + 1}: a line of more than {MAX_LINE:,} characters"
    return None


class _Plain(yaml.SafeLoader):
    """The safe loader, stopped at the first alias, anchor, absurd depth or absurd number of values, before anything unfolds."""

    depth = 0
    nodes = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave the parser half typed
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(None, None, "aliases and anchors are not allowed here", event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nested too deeply", event.start_mark)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_NODES:,} values", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _compose(text: str) -> Node | None:
    loader = _Plain(text)
    try:
        return loader.get_single_node()
    except (ValueError, OverflowError) as error:  # PyYAML: an escape beyond Unicode, a version number of a thousand digits
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=loader.get_mark()) from error
    finally:
        loader.dispose()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document

    def value(self, node: Node, path: Path) -> Any:
        self.document.marks[path] = node.start_mark
        if node.tag.removeprefix("tag:yaml.org,2002:") not in TAGS:
            self._problem(node, f"tag {shown(node.tag)} is not allowed here")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return tuple(self.value(each, (*path, index)) for index, each in enumerate(node.value))
        assert isinstance(node, ScalarNode)
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._problem(key, "a key must be a plain word")
                continue
            name = str(key.value)
            if name in data:
                self._problem(key, f"key {shown(name)} stands twice")
            data[name] = self.value(value, (*path, name))
        return data

    def _scalar(self, node: ScalarNode) -> Any:
        text, tag = str(node.value), node.tag.removeprefix("tag:yaml.org,2002:")
        try:
            text.encode()
        except UnicodeEncodeError:
            self._problem(node, "holds half a character (a lone surrogate)")
            return None
        if tag == "null":
            return None
        if tag == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if tag == "int" and INTEGER.fullmatch(text):
            return int(text)
        if tag == "float" and DECIMAL.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if tag == "timestamp" and DAY.fullmatch(text):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                return text
        return text

    def _problem(self, node: Node, words: str) -> None:
        self.document.problems.append(f"{place(self.document.name, node.start_mark)}: {words}")
