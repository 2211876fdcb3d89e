"""Notices -> lessons: what a rule should have said, so that these pictures would have been held back. Nothing moves until a person accepts.

A notice that some rule claims to prevent tightens that rule; any other becomes the draft of a new rule with the measured value filled in. `propose` looks at
one notice alone: what a person may do by hand, and say why. `propose_limit` is what the populations call for once they suffice (`rules.weigh`).
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

import yaml

from rules.amend import amended, entry_text, loaded
from rules.answer import Weighed
from rules.engine import RuleSet
from rules.errors import RuleError
from rules.operators import is_number, same
from rules.schema import LEVELS, FactValue, Rule, Scope, words_of


@dataclass(frozen=True)
class Evidence:
    """A notice beside the facts of the file that was live. `seen` is the day it is quoted with."""

    marketplace: str
    code: str
    reason: str | None
    message: str
    facts: Mapping[str, FactValue]
    scope: Scope
    seen: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())

    @property
    def authority(self) -> str:
        """Whose rules the notice speaks of: `amazon` for `amazon-uk`."""
        return self.marketplace.split("-")[0]

    @property
    def words(self) -> tuple[str, ...]:
        """What a rule's `prevents` would say of this notice, the marketplace's own code first."""
        own = f"{self.authority}:{_clean(self.code)}"
        return (own, f"reason:{self.reason}") if self.reason else (own,)


@dataclass(frozen=True)
class Proposal:
    """A change of the overlay for a person to accept: `overlay` is the YAML entry, `file` the overlay file it belongs to.

    A draft for which nothing was measured has no fact and no overlay entry; it can only be written by hand.
    """

    kind: Literal["tighten", "write"]
    authority: str
    rule: str
    fact: str | None
    old_limit: Any
    new_limit: Any
    value: FactValue
    summary: str
    overlay: str

    @property
    def file(self) -> str:
        """The name of the overlay file, such as `amazon.yaml`."""
        return f"{self.authority}.yaml"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; a limit of several values as a list."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Proposal":
        """The proposal that `to_dict` told of; keys of a later version are passed over."""
        known = {each.name for each in fields(cls)}
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key in known}
        return cls(**given)


def propose(rule_set: RuleSet, evidence: Evidence) -> Proposal:
    """The one change that would have held this picture back: a tighter limit where a rule claims the notice, else a new rule's draft.

    Of several rules that claim it: one that the picture already breaks (its case is kept, and a mere warning becomes a review); then the marketplace's
    own code before our word for it, a stop before a review, and the limit that has to move least.
    """
    in_scope = [rule for rule in rule_set.in_order(evidence.authority) if rule.covers(evidence.scope)]
    claims = sorted(_candidates(in_scope, evidence), key=lambda each: each[0])
    return _tighten(claims[0][1], evidence) if claims else _write(rule_set, in_scope, evidence)


def propose_limit(rule_set: RuleSet, evidence: Evidence, weighed: Weighed) -> Proposal:
    """The change that the populations call for: the limit moves to the estimate, for a rule that claims the notice; else a new rule's draft.

    The picture objected to that lies nearest to the new limit becomes its failing case, the limit itself its passing one: together they pin it. A rule
    that only warned asks a person from now on. `evidence` is the newest notice; its words are quoted. Raises ValueError where nothing was found.
    """
    one = weighed.estimate
    if weighed.outcome != "propose" or one is None:
        raise ValueError(f"nothing to propose: {weighed.words}")
    rule = rule_set.by_id[one.rule]
    limit: Any = one.limit
    if rule.operator == "between":
        limit = (one.limit, rule.limit[1]) if one.end == "least" else (rule.limit[0], one.limit)
    beyond = [value for value in weighed.against if (value < one.limit if one.end == "least" else value > one.limit)]
    value = max(beyond) if one.end == "least" else min(beyond)
    if not set(rule.prevents) & set(evidence.words):
        name = _free_id(rule_set, _wish(evidence))
        entry = _draft(name, rule, limit, value, evidence, evidence.words)
        return Proposal("write", evidence.authority, name, rule.fact, None, limit, value, weighed.words, entry_text(entry))
    entry = {"id": rule.id, "limit": limit}
    if rule.level == "warn":
        entry["level"] = "review"
    moved = rule.model_copy(update={"limit": limit})
    cases = (*((one.limit,) if not any(same(one.limit, case) for case in rule.passes) else ()), *(case for case in rule.passes if moved.holds(case)))
    entry["passes"] = cases
    entry["fails"] = (*rule.fails, value) if not any(same(value, case) for case in rule.fails) else rule.fails
    found = f"Limit by {one.objected} pictures objected to and {one.accepted} accepted; 95 % interval {one.low} to {one.high}."
    entry["source"] = {
        "page": f"{one.objected} notices {_short(evidence.code, 80)} on {evidence.authority}",
        "read": evidence.seen,
        "says": _short(f"{_short(evidence.message, 400)} {found}", 600),
        "evidence": "notice",
    }
    return Proposal("tighten", rule.authority, rule.id, rule.fact, rule.limit, limit, value, weighed.words, entry_text(entry))


def accept(overlay_text: str, proposal: Proposal) -> str:
    """The overlay file with the proposal's entry merged in: comments and order kept, only what changes is touched.

    Merged with what the file says now: a limit that is stricter already stays, cases are only added. Accepting twice changes nothing.
    Raises RuleError when the file does not load, when there is nothing to merge, or when the outcome would not hold the picture back.
    """
    if not proposal.overlay:
        raise RuleError([f"{proposal.file}: {proposal.rule}: nothing was measured that could be limited; write this rule by hand"])
    name, entry = proposal.rule, proposal.overlay
    if proposal.kind == "write" and (there := loaded(proposal.file, overlay_text).by_id.get(name)) is not None and not _same_rule(there, entry):
        name = _free_id(loaded(proposal.file, overlay_text), name)  # another draft for the same code was accepted first, for another place or fact
        entry = entry.replace(f"- id: {proposal.rule}\n", f"- id: {name}\n", 1)
    text = amended(proposal.file, overlay_text, entry)
    rule = loaded(proposal.file, text).by_id.get(name)
    if rule is None or not any(same(proposal.value, case) for case in rule.fails):
        raise RuleError([f"{proposal.file}: {proposal.rule}: the entry as edited no longer refuses the measured value {proposal.value!r}"])
    return text


def _same_rule(rule: Rule, entry: str) -> bool:
    """Whether a draft speaks of the same fact, in the same way and place, as the rule that has its id."""
    [draft] = yaml.safe_load(entry)
    plain = rule.plain()
    return all(draft.get(key) == plain.get(key) for key in ("fact", "operator", "applies_to", "except_for"))


def _candidates(rules: list[Rule], evidence: Evidence) -> Iterator[tuple[tuple[Any, ...], Rule]]:
    for rule in rules:
        value = evidence.facts.get(rule.fact)
        claimed = [place for place, word in enumerate(evidence.words) if word in rule.prevents]
        if value is None or not claimed:
            continue
        if not rule.holds(value):
            yield (0, claimed[0], LEVELS.index(rule.level), 0.0, rule.id), rule
        elif tightened(rule, value) is not None:
            yield (1, claimed[0], LEVELS.index(rule.level), _distance(rule, value), rule.id), rule


def tightened(rule: Rule, value: FactValue) -> Any:
    """The limit moved by the smallest sensible step so that a value that passes now fails; None where the rule cannot say that.

    A step is one in the third significant digit beyond the value (fill 0.8712 -> at least 0.872; 1203 px -> at least 1210), for whole numbers at least
    one whole (254 -> 255): finer would only fit this one picture, coarser would refuse pictures nobody objected to. `between` moves its nearer end,
    `one_of` loses the value, `none_of` gains it. Never beyond the rule's `strictest`.
    """
    if rule.operator == "one_of":
        return tuple(each for each in rule.limit if not same(each, value)) or None
    if rule.operator == "none_of":
        return (*rule.limit, value)
    if not is_number(value):
        return None
    if rule.operator == "between":
        low, high = rule.limit
        raise_low = value - low <= high - value
        limit = (_beyond(value, 1), high) if raise_low else (low, _beyond(value, -1))
        return limit if limit[0] <= limit[1] else None
    if rule.operator not in ("at_least", "at_most"):
        return None
    up = rule.operator == "at_least"
    step = _beyond(value, 1 if up else -1)
    too_far = rule.strictest is not None and (step > rule.strictest if up else step < rule.strictest)
    return None if too_far else step


def _beyond(value: int | float, direction: Literal[1, -1]) -> int | float:
    """The next number of three significant digits strictly above (1) or below (-1) the value."""
    exact = Decimal(repr(value))
    quantum = Decimal(1).scaleb(max(exact.adjusted() - 2, -6)) if exact else Decimal("0.001")
    if isinstance(value, int):
        quantum = max(quantum, Decimal(1))
    whole = (exact / quantum).to_integral_value(ROUND_FLOOR if direction == 1 else ROUND_CEILING)
    moved = (whole + direction) * quantum
    return int(moved) if isinstance(value, int) else float(moved)


def _distance(rule: Rule, value: FactValue) -> float:
    """How far a passing value is from the rule's limit, as a share of the larger of the two; 1 where that has no meaning."""
    if not is_number(value):
        return 1.0
    ends = [end for end in (rule.limit if rule.operator == "between" else [rule.limit]) if is_number(end)]
    return min((abs(value - end) / max(abs(value), abs(end), 1e-9) for end in ends), default=1.0)


def _tighten(rule: Rule, evidence: Evidence) -> Proposal:
    value = evidence.facts[rule.fact]
    known = not rule.holds(value)
    limit = rule.limit if known else tightened(rule, value)
    entry: dict[str, Any] = {"id": rule.id}
    if known:
        summary = f"{rule.id} already objects to {rule.fact} {value} ({words_of(rule.operator, rule.limit)}): keep it as a failing case"
        if rule.level == "warn":
            entry["level"] = "review"
            summary += " and send such pictures to a person instead of warning"
    else:
        entry["limit"] = limit
        was = words_of(rule.operator, rule.limit)
        summary = f"{rule.id}: {rule.fact} {value} passed ({was}) and {_said(evidence)}; ask for {words_of(rule.operator, limit)}"
    entry["fails"] = (*rule.fails, value) if not any(same(value, case) for case in rule.fails) else rule.fails
    entry["source"] = _source(evidence)
    return Proposal("tighten", rule.authority, rule.id, rule.fact, rule.limit, limit, value, summary + ".", entry_text(_with_passes(rule, limit, entry)))


def _with_passes(rule: Rule, limit: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry with those passing cases that the new limit leaves; with the limit itself where it leaves none."""
    moved = rule.model_copy(update={"limit": limit})
    kept = tuple(case for case in rule.passes if moved.holds(case))
    first = limit[0] if isinstance(limit, tuple) else limit
    return entry if kept == rule.passes else {**entry, "passes": kept or (first,)}


def _write(rule_set: RuleSet, in_scope: list[Rule], evidence: Evidence) -> Proposal:
    """A draft at review level. Its fact comes from a rule that knows this notice elsewhere, else it is the nearest miss, and the summary says which."""
    name = _free_id(rule_set, _wish(evidence))
    said = f"No rule claims to prevent {' or '.join(evidence.words)}: {_said(evidence)}"
    elsewhere = [rule for rule in rule_set.rules if rule.authority != "intake" and rule not in in_scope and set(rule.prevents) & set(evidence.words)]
    template, words = _nearest(elsewhere, evidence, broken_too=True), evidence.words
    why = f"{template.id} knows this elsewhere" if template else ""
    if template is None:
        template, words = _nearest([rule for rule in in_scope if rule.level != "warn"], evidence), evidence.words[:1]
        why = "nothing measured is known to cause it, this was nearest to a limit"
    if template is None:
        return Proposal("write", evidence.authority, name, None, None, None, None, f"{said}. Nothing measured could be limited; write the rule by hand.", "")
    value = evidence.facts[template.fact]
    limit = tightened(template, value) if template.holds(value) else template.limit
    summary = f"{said}. Draft: send a person what does not have {template.fact} {words_of(template.operator, limit)} (measured {value}; {why})."
    draft = _draft(name, template, limit, value, evidence, words)
    return Proposal("write", evidence.authority, name, template.fact, None, limit, value, summary, entry_text(draft))


def _wish(evidence: Evidence) -> str:
    """The id that a rule for this notice would like to have."""
    return f"{evidence.authority}-notice-{re.sub(r'[^a-z0-9]+', '-', evidence.code.lower()).strip('-') or 'unknown'}"[:90].rstrip("-")


def _draft(name: str, template: Rule, limit: Any, value: FactValue, evidence: Evidence, words: tuple[str, ...]) -> dict[str, Any]:
    """A new rule at review level that says of this place what the template says with that limit."""
    position = "alt" if evidence.scope.position.startswith("alt") else "main"
    scope = {"marketplace": evidence.marketplace, "category": evidence.scope.category, "position": position}
    quote = f"{_short(evidence.code, 40)}: {_short(evidence.message, 300)}"
    draft: dict[str, Any] = {
        "id": name,
        "fact": template.fact,
        "operator": template.operator,
        "limit": limit,
        "applies_to": {key: (word,) for key, word in scope.items() if word},
        "level": "review",
        "message": f"{evidence.marketplace} objected to a picture like this ({quote}); look at it before it is sent.",
        "source": _source(evidence),
        "prevents": words,
        "passes": template.passes,
        "fails": (*[case for case in template.fails if not same(case, value)], value),
    }
    if limit is None:
        del draft["limit"]
    return _with_passes(template, limit, draft)


def _nearest(rules: list[Rule], evidence: Evidence, *, broken_too: bool = False) -> Rule | None:
    """The rule whose limit has to move least to refuse the measured value; with `broken_too` those count first that refuse it already."""
    usable = []
    for rule in rules:
        value = evidence.facts.get(rule.fact)
        if value is None or (rule.holds(value) and (tightened(rule, value) is None or not (broken_too or is_number(value)))):
            continue
        if rule.holds(value) or broken_too:
            usable.append((rule.holds(value), _distance(rule, value) if rule.holds(value) else 0.0, rule.id, rule))
    return min(usable, key=lambda each: each[:3])[3] if usable else None


def _free_id(rule_set: RuleSet, wish: str) -> str:
    name, count = wish, 1
    while name in rule_set.by_id:
        count += 1
        name = f"{wish}-{count}"
    return name


def _source(evidence: Evidence) -> dict[str, Any]:
    page = f"notice {_short(evidence.code, 100)} on {evidence.marketplace}"
    return {"page": page, "read": evidence.seen, "says": _short(evidence.message, 600) or "nothing more than the code", "evidence": "notice"}


def _said(evidence: Evidence) -> str:
    return f"{evidence.marketplace} objected ({evidence.code}: {_short(evidence.message, 160)})"


def _short(text: str, length: int) -> str:
    """One line of printable text, not longer than that."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _clean(code: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", code).strip("-")[:60] or "unknown"
