"""Change an overlay file as a careful person would: touch the values that change, leave comments, order and layout alone."""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from rules.conflicts import within
from rules.engine import RuleSet
from rules.errors import RuleError
from rules.loader import load
from rules.operators import OPERATORS, same
from rules.reading import read
from rules.schema import LEVELS, Rule

Edit = tuple[int, int, str]  # replace text[start:end]


class _AnyFact(tuple[str, ...]):
    """Facts were checked when the files were loaded for work; an edit is checked for everything else."""

    def __contains__(self, name: object) -> bool:
        return True


def loaded(file: str, text: str) -> RuleSet:
    """The shipped rules under this one overlay file. Raises RuleError with every problem."""
    return load(_AnyFact(), {file: text})


def amended(file: str, text: str, entry: str) -> str:
    """The overlay file with one entry merged in; the same text where it says all of that already. Raises RuleError if that cannot be done."""
    wanted = _wanted(file, entry)
    rule = loaded(file, text).by_id.get(wanted["id"])
    changes = wanted if rule is None else _changes(rule, wanted)
    if not changes:
        return text
    root = read(file, text).root
    node = _entry(root, wanted["id"])
    edits = [_appended(text, root, {"id": wanted["id"], **changes})] if node is None else list(_edits(text, node, changes))
    edits.sort(key=lambda edit: edit[0])  # stable: of two insertions in one place the earlier comes to stand first
    for start, end, replacement in edits[::-1]:
        text = text[:start] + replacement + text[end:]
    return text


def entry_text(entry: dict[str, Any], indent: str = "") -> str:
    """An entry as YAML, a key a line."""
    return "".join(f"{indent}{'  ' if index else '- '}{key}: {_flow(value)}\n" for index, (key, value) in enumerate(entry.items()))


def _wanted(file: str, entry: str) -> dict[str, Any]:
    document = read(f"proposed {file}", entry)
    items = document.data
    if document.problems or not isinstance(items, tuple) or len(items) != 1 or not isinstance(items[0], dict) or not isinstance(items[0].get("id"), str):
        raise RuleError(document.problems or [f"proposed {file}:1:1: expected one entry with an id"])
    return items[0]


def _changes(rule: Rule, wanted: dict[str, Any]) -> dict[str, Any]:
    """What the entry asks for beyond what is in force: never a looser limit or level, never a case less. Nothing new, nothing changed."""
    limit = wanted.get("limit", rule.limit)
    probe = rule.model_copy(update={"limit": limit})
    if not _refuses_all(probe, rule.fails) or not _no_looser(probe, rule):  # what is in force refuses more: another lesson or a person came first
        limit, probe = rule.limit, rule
    level = min(wanted.get("level", rule.level), rule.level, key=lambda each: LEVELS.index(each) if each in LEVELS else len(LEVELS))
    asked = wanted.get("fails", ())
    new_cases = [case for case in (asked if isinstance(asked, tuple) else ()) if not any(same(case, old) for old in rule.fails)]
    fails = (*rule.fails, *(case for case in new_cases if not probe.holds(case)))
    asked_passes = wanted.get("passes", rule.passes)
    kept = tuple(case for case in rule.passes if probe.holds(case))
    passes = (*(case for case in asked_passes if probe.holds(case) and not any(same(case, old) for old in rule.passes)), *kept)
    new = {"level": level, "limit": limit, "passes": passes, "fails": fails}
    changes = {key: value for key, value in new.items() if value != getattr(rule, key)}
    return {**changes, "source": wanted["source"]} if changes and "source" in wanted else changes


def _no_looser(probe: Rule, rule: Rule) -> bool:
    try:
        return within(probe, rule)
    except (TypeError, IndexError):  # a limit of another shape: it is refused when the file is loaded
        return True


def _refuses_all(rule: Rule, cases: tuple[Any, ...]) -> bool:
    try:
        return not any(OPERATORS[rule.operator].holds(case, rule.limit) for case in cases)
    except TypeError as error:
        raise RuleError([f"{rule.id}: limit {rule.limit!r} does not fit operator {rule.operator}"]) from error


def _entry(root: Node | None, name: str) -> MappingNode | None:
    for item in root.value if isinstance(root, SequenceNode) else ():
        if isinstance(item, MappingNode) and any(key.value == "id" and value.value == name for key, value in item.value):
            return item
    return None


def _appended(text: str, root: Node | None, entry: dict[str, Any]) -> Edit:
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(root, SequenceNode) and root.flow_style:
        item = _flow(entry)
        return (_end(text, root.value[-1]),) * 2 + (f", {item}",) if root.value else (root.start_mark.index, root.end_mark.index, f"[{item}]")
    indent = " " * root.start_mark.column if isinstance(root, SequenceNode) else ""
    before = newline * (2 - _newlines_at_end(text)) if text.strip() else ""
    return len(text), len(text), before + entry_text(entry, indent).replace("\n", newline)


def _newlines_at_end(text: str) -> int:
    tail = text[len(text.rstrip("\r\n")) :]
    return min(2, tail.count("\n"))


def _edits(text: str, node: MappingNode, changes: dict[str, Any]) -> Iterator[Edit]:
    values = {key.value: value for key, value in node.value}
    missing = {key: value for key, value in changes.items() if key not in values}
    for key in changes.keys() & values.keys():
        old = values[key]
        if isinstance(old, SequenceNode) and isinstance(changes[key], tuple) and old.value:
            yield from _list_edits(text, old, changes[key])
        else:
            yield old.start_mark.index, _end(text, old), _flow(changes[key])
    if missing:
        last = _end(text, node.value[-1][1])
        if node.flow_style:
            yield last, last, "".join(f", {key}: {_flow(value)}" for key, value in missing.items())
        else:
            indent = " " * node.value[0][0].start_mark.column
            yield from _lines_after(text, last, [f"{indent}{key}: {_flow(value)}" for key, value in missing.items()])


def _list_edits(text: str, node: SequenceNode, wanted: tuple[Any, ...]) -> Iterator[Edit]:
    """Items leave and join one by one, so that what stands beside the others stays."""
    current = [(_value(text, item), item) for item in node.value]
    kept = [item for value, item in current if any(same(value, each) for each in wanted)]
    added = [each for each in wanted if not any(same(value, each) for value, _ in current)]
    if not kept:
        yield node.start_mark.index, _end(text, node), _flow(wanted)
    elif node.flow_style:
        if len(kept) == len(current):
            yield (_end(text, node.value[-1]),) * 2 + ("".join(f", {_flow(each)}" for each in added),)
        else:
            texts = [text[item.start_mark.index : _end(text, item)] for item in kept] + [_flow(each) for each in added]
            yield node.start_mark.index, node.end_mark.index, f"[{', '.join(texts)}]"
    else:
        dash = " " * node.start_mark.column + "- "
        for _, item in current:
            if item not in kept:  # from the end of the line before to the end of its own
                yield _line_end(text, text.rfind("\n", 0, item.start_mark.index)), _line_end(text, _end(text, item)), ""
        yield from _lines_after(text, _end(text, node.value[-1]), [dash + _flow(each) for each in added])


def _value(text: str, node: Node) -> Any:
    return read("", text[node.start_mark.index : _end(text, node)]).data


def _lines_after(text: str, position: int, lines: list[str]) -> Iterator[Edit]:
    newline = "\r\n" if "\r\n" in text else "\n"
    at = _line_end(text, position)
    yield at, at, "".join(newline + line for line in lines)


def _line_end(text: str, position: int) -> int:
    """Where the line that holds this position ends, before its newline (also one of Windows)."""
    end = text.find("\n", position)
    return len(text) if end < 0 else end - (text[end - 1 : end] == "\r")


def _end(text: str, node: Node) -> int:
    """Where a node's own text ends; PyYAML's mark of a block node is already at the next token, behind comments."""
    if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _flow(value: Any) -> str:
    """A value on one line, in a form that may stand anywhere."""
    listed = yaml.safe_dump([_listed(value)], default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    return listed.strip()[1:-1]


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(each) for key, each in value.items()}
    return [_listed(each) for each in value] if isinstance(value, tuple | list) else value
