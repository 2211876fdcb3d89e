"""What changed between two rule sets, in words that a person can accept or refuse."""

from typing import Any

from rules.engine import RuleSet
from rules.operators import is_number
from rules.schema import Rule, Where, words_of


def diff(a: RuleSet, b: RuleSet) -> list[str]:
    """One line per change from a to b, by rule id; equal sets give none."""
    lines = []
    for name in sorted(a.by_id.keys() | b.by_id.keys()):
        old, new = a.by_id.get(name), b.by_id.get(name)
        if old is None and new is not None:
            lines.append(f"{name}: new rule: {_requirement(new)}, else {new.level}{_where(new)}")
        elif new is None and old is not None:
            lines.append(f"{name}: no longer a rule (was: {_requirement(old)})")
        elif old is not None and new is not None:
            lines.extend(f"{name}: {words}" for words in _changes(old, new))
    return lines


def _requirement(rule: Rule) -> str:
    return f"{rule.fact} {words_of(rule.operator, rule.limit)}"


def _changes(old: Rule, new: Rule) -> list[str]:
    words = []
    if (old.fact, old.operator, old.limit) != (new.fact, new.operator, new.limit):
        words.append(f"{_requirement(old)} becomes {_requirement(new)}{_direction(old, new)}")
    if old.level != new.level:
        words.append(f"level {old.level} becomes {new.level}")
    if (old.applies_to, old.except_for) != (new.applies_to, new.except_for):
        words.append(f"applies{_where(old) or ' everywhere'} becomes{_where(new) or ' everywhere'}")
    for key, verb in (("passes", "pass"), ("fails", "fail")):
        before, after = getattr(old, key), getattr(new, key)
        words.extend(f"{case!r} must now {verb} for ever" for case in after if case not in before)
        words.extend(f"{case!r} is no longer a case that must {verb}" for case in before if case not in after)
    words.extend(f"{key} changed" for key in ("message", "fix", "source", "prevents", "strictest") if getattr(old, key) != getattr(new, key))
    return words


def _direction(old: Rule, new: Rule) -> str:
    if old.operator != new.operator or not is_number(old.limit) or not is_number(new.limit) or old.operator not in ("at_least", "at_most"):
        return ""
    return " (stricter)" if (new.limit > old.limit) == (old.operator == "at_least") else " (looser)"


def _where(rule: Rule) -> str:
    except_for = f" except {_places(rule.except_for)}" if rule.except_for else ""
    return (f" for {_places(rule.applies_to)}" if rule.applies_to != Where() else "") + except_for


def _places(where: Where) -> str:
    given: dict[str, Any] = where.model_dump(exclude_defaults=True)
    return "; ".join(f"{key} {', '.join(values)}" for key, values in given.items())
