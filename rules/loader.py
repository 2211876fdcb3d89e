"""Rule files -> RuleSet, or one RuleError that tells every problem of every file. A broken rule is never skipped."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rules.conflicts import contradicting
from rules.engine import RuleSet
from rules.errors import RuleError
from rules.operators import OPERATORS
from rules.reading import MAX_CHARACTERS, Document, line_and_column, read, shown
from rules.schema import AUTHORITIES, OTHERS, Rule, contradictions, words_of

SHIPPED = Path(__file__).parent
KEYS = tuple(name for name in Rule.model_fields if name != "authority")
# an overlay entry without any of these changes the rule of that id; with one of them it is a whole rule
WHOLE = {"fact", "operator", "applies_to", "except_for"}
MAX_TOLD = 200  # problems: what comes after them is told when these are mended


@dataclass(frozen=True)
class Entry:
    """One item of one file, and where it stands."""

    document: Document
    path: tuple[str | int, ...]
    authority: str
    data: dict[str, Any]
    own: bool = False  # the seller's, not shipped

    def places(self) -> Iterator[tuple[str, str]]:
        """Each key and `file:line:column` of it; `""` is the entry itself, `read` the day its source was read."""
        yield "", self.document.at(self.path)
        yield "read", self.document.at((*self.path, "source", "read"))
        yield from ((key, self.document.at((*self.path, key))) for key in self.data if key in KEYS)

    def problem(self, words: str, *path: str | int) -> str:
        """`file:line:column: rule id: key: words`."""
        key, name = f"{str(path[0])[:80]}: " if path else "", self.data.get("id")
        return f"{self.document.at((*self.path, *path))}: {name[:100] if isinstance(name, str) else 'rule without id'}: {key}{words}"


def load(known_facts: Collection[str], overlay: Path | Mapping[str, str] | None = None) -> RuleSet:
    """The shipped rules, changed by the seller's overlay: a folder, or texts by file name (`{"amazon.yaml": text}`).

    An overlay entry with the id of a shipped rule either changes some keys of it (own `source` required) or replaces it whole; one with a new id
    adds a rule. Overlay files have the names of the shipped ones. Raises RuleError with every problem, also for a folder that does not exist, and for two
    rules that no value could keep both.
    """
    problems: list[str] = []
    base, faults = _shipped()
    problems.extend(faults)
    entries = _by_id(list(base), problems)
    changes = [entry for authority, file, text in _overlay(overlay, problems) for entry in _entries(read(file, text), authority, problems, own=True)]
    for entry in _by_id(changes, problems).values():
        entries[entry.data["id"]] = _laid_over(entries.get(entry.data["id"]), entry, problems)
    made = _compose(entries.values(), known_facts, problems)
    if conflicts := told(made):
        raise RuleError(_first(conflicts))
    return made


def told(rule_set: RuleSet) -> list[str]:
    """Each pair of rules of the set that contradict each other, in words, at the place of the one that can be changed."""
    words = []
    for pair in contradicting(rule_set.rules):
        one, other = sorted(pair, key=lambda rule: rule.id not in rule_set.own)
        there = f"{other.id} ({words_of(other.operator, other.limit)[:120]}; {rule_set.place(other.id)})"
        asks = f"asks for {one.fact} {words_of(one.operator, one.limit)[:120]}"
        words.append(f"{rule_set.place(one.id, 'limit')}: {one.id}: {asks}, and no value can keep that and {there} where both apply")
    return words


@cache
def _shipped() -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries of the shipped files and what is wrong with those; read once, they do not change while the program runs."""
    problems: list[str] = []
    files = ((name, f"{OTHERS.get(name, 'rules')}/{name}.yaml", _folder(name) / f"{name}.yaml") for name in AUTHORITIES)
    base = [entry for name, file, path in files for entry in _entries(read(file, _text(file, path, problems)), name, problems)]
    return tuple(base), tuple(problems)


def _folder(authority: str) -> Path:
    """Where the shipped rules of an authority are: with us, or in the package that brought it. Nothing is imported."""
    spec = find_spec(OTHERS[authority]) if authority in OTHERS else None
    return Path((spec.submodule_search_locations or [""])[0]) if spec else SHIPPED


def load_file(path: Path, known_facts: Collection[str]) -> RuleSet:
    """One file as a person names it: an overlay file (`amazon.yaml`) over the shipped rules, any other as `RuleSet.yaml` wrote it.

    Held to all that `load` asks; its `own` are the rules that are not shipped like this. Raises RuleError with every problem.
    """
    problems: list[str] = []
    text = _text(str(path), path, problems)
    if problems:
        raise RuleError(problems)
    if path.name in {f"{name}.yaml" for name in AUTHORITIES}:
        return load(known_facts, {path.name: text})
    made, shipped = parse(text, known_facts, str(path)), load(known_facts).by_id
    if conflicts := told(made):
        raise RuleError(_first(conflicts))
    return made.owned(frozenset(rule.id for rule in made.rules if rule != shipped.get(rule.id)))


def parse(text: str, known_facts: Collection[str], name: str = "rules.yaml") -> RuleSet:
    """The rule set that `RuleSet.yaml` holds (a database row, an exported file), with the same hash. Raises RuleError with every problem."""
    problems: list[str] = []
    document = read(name, text)
    problems.extend(document.problems)
    root = document.data
    if not isinstance(root, dict):
        raise RuleError(problems or [f"{name}:1:1: expected the authorities, each with its rules"])
    problems.extend(f"{document.at((name,))}: unknown authority {shown(name)}; there are {', '.join(AUTHORITIES)}" for name in root if name not in AUTHORITIES)
    entries = [entry for name in AUTHORITIES if name in root for entry in _items(document, (name,), root[name], name, problems)]
    return _compose(_by_id(entries, problems).values(), known_facts, problems)


def _text(name: str, path: Path, problems: list[str]) -> str:
    """The text of a file; of one that is no text, or not of a size that a person wrote, a problem, and never more than a piece of it in memory."""
    try:
        if path.exists() and not path.is_file():
            problems.append(f"{name}:1:1: is no file")
            return ""
        with path.open("rb") as file:
            data = file.read(4 * MAX_CHARACTERS + 1)
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < 4 * MAX_CHARACTERS - 4:
            problems.append(f"{name}:{line_and_column(data[: error.start].decode('utf-8'))}: not UTF-8 text (byte {data[error.start]:#04x})")
            return ""
        return data.decode("utf-8", "ignore")  # cut in the middle of a letter, and too long in any case
    except OSError as error:
        problems.append(f"{name}:1:1: cannot be read: {error.strerror}")
    return ""


def _overlay(overlay: Path | Mapping[str, str] | None, problems: list[str]) -> list[tuple[str, str, str]]:
    """(authority, file as messages name it, text) of the overlay; a file that no authority would ever read is a problem, not a surprise."""
    if overlay is None:
        return []
    wanted = {f"{name}.yaml": name for name in AUTHORITIES}
    if isinstance(overlay, Path) and not overlay.is_dir():
        problems.append(f"{overlay}: no such folder of rules")
        return []
    files = (
        [(path.name, str(path)) for path in sorted(overlay.iterdir()) if path.suffix in (".yaml", ".yml")]
        if isinstance(overlay, Path)
        else [(name, name) for name in overlay]
    )
    problems.extend(f"{file}:1:1: no shipped file has this name; there are {', '.join(wanted)}" for name, file in files if name not in wanted)
    known = [(name, file) for name, file in files if name in wanted]
    return [(wanted[name], file, _text(file, overlay / name, problems) if isinstance(overlay, Path) else overlay[name]) for name, file in known]


def _entries(document: Document, authority: str, problems: list[str], own: bool = False) -> list[Entry]:
    problems.extend(document.problems)
    return [] if document.data is None else _items(document, (), document.data, authority, problems, own)


def _items(document: Document, path: tuple[str | int, ...], items: Any, authority: str, problems: list[str], own: bool = False) -> list[Entry]:
    if not isinstance(items, tuple):
        problems.append(f"{document.at(path)}: expected a list of rules")
        return []
    entries = []
    for index, item in enumerate(items):
        if isinstance(item, dict):
            entries.append(Entry(document, (*path, index), authority, item, own))
        else:
            problems.append(f"{document.at((*path, index))}: expected a rule (id, fact, operator, …)")
    return entries


def _by_id(entries: list[Entry], problems: list[str]) -> dict[str, Entry]:
    """Entries by id; an entry without one, or with one already taken, is a problem."""
    by_id: dict[str, Entry] = {}
    for entry in entries:
        name = entry.data.get("id")
        if not isinstance(name, str):
            problems.append(entry.problem("needs an id in words, such as amazon-main-fill", "id"))
        elif name in by_id:
            problems.append(entry.problem(f"stands twice; first at {by_id[name].document.at(by_id[name].path)}", "id"))
        else:
            by_id[name] = entry
    return by_id


def _laid_over(shipped: Entry | None, entry: Entry, problems: list[str]) -> Entry:
    """The entry that is in force when this overlay entry meets the shipped one of the same id."""
    if shipped is not None and shipped.authority != entry.authority:
        problems.append(entry.problem(f"is a rule of {shipped.authority}.yaml", "id"))
    if shipped is None or WHOLE & entry.data.keys():
        return entry
    if "source" not in entry.data:
        problems.append(entry.problem("a change needs a source of its own", "source"))
    return replace(entry, data={**shipped.data, **entry.data})


def _compose(entries: Collection[Entry], known_facts: Collection[str], problems: list[str]) -> RuleSet:
    rules = [rule for entry in entries for rule in _rule(entry, known_facts, problems)]
    if problems:
        raise RuleError(_first(problems))
    places = {(entry.data["id"], key): place for entry in entries for key, place in entry.places()}
    return RuleSet(rules, places, frozenset(entry.data["id"] for entry in entries if entry.own))


def _first(problems: list[str]) -> list[str]:
    more = len(problems) - MAX_TOLD
    return problems if more <= 0 else [*problems[:MAX_TOLD], f"and {more:,} more problems"]


def _rule(entry: Entry, known_facts: Collection[str], problems: list[str]) -> Iterator[Rule]:
    """The checked rule of an entry, or nothing and its problems."""
    before = len(problems)
    if "authority" in entry.data:
        problems.append(entry.problem(f"unknown key; the keys are {', '.join(KEYS)}", "authority"))
    if isinstance(fact := entry.data.get("fact"), str) and fact not in known_facts:
        problems.append(entry.problem(f"unknown fact {shown(fact)}{_nearest(fact, known_facts)}", "fact"))
    try:
        rule = Rule.model_validate({**entry.data, "authority": entry.authority})
    except ValidationError as error:
        problems.extend(entry.problem(_words(details), *details["loc"]) for details in error.errors())
        return
    problems.extend(entry.problem(words, *path) for path, words in contradictions(rule))
    if len(problems) == before:
        yield rule


def _nearest(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word[:80], list(known), 1)
    return f"; is {near[0]} meant?" if near else ""


def _words(details: Any) -> str:
    """A shape error in words that say what would be right."""
    kind, loc = details["type"], details["loc"]
    inside = "" if len(loc) == 1 else f"{'.'.join(map(str, loc[1:]))[:80]}: "
    if kind == "missing":
        return f"{inside}is missing"
    if kind == "extra_forbidden":
        return f"{inside}unknown key" + (f"; the keys are {', '.join(KEYS)}" if len(loc) == 1 else "")
    if kind == "tuple_type":
        return f"{inside}must be a list"
    if loc == ("operator",):
        return f"must be one of {', '.join(OPERATORS)}"
    return f"{inside}{details['msg']}"
