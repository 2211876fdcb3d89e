"""What another rule set would make of pictures that were already measured. Pure, one picture at a time: nothing is kept of those that are through.

Judging everything twice would give the same answer; most rules are the same in both sets, so only those that differ are asked, and the
others only where these disagree.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rules.engine import RuleSet
from rules.operators import FIRES_ON_ABSENT
from rules.schema import LEVELS, FactValue, Level, Rule, Scope

FLAGS: tuple[Level, ...] = LEVELS[:2]  # levels at which a picture waits for a person: stop and review, not warn
PLACES = 4096  # scopes whose rules are remembered; a house has some hundreds


@dataclass(frozen=True, slots=True)
class Change:
    """One picture under both sets: whether it fails (a rule that stops or asks is against it), and which rules began or ceased to be against it."""

    failed: bool
    fails: bool
    began: tuple[str, ...]
    ended: tuple[str, ...]

    @property
    def newly_fails(self) -> bool:
        """It passed, and would not any more."""
        return self.fails and not self.failed

    @property
    def newly_passes(self) -> bool:
        """It failed, and would not any more."""
        return self.failed and not self.fails


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rules of one place that can make a picture fail: in both sets, in the old one alone, in the new one alone."""

    both: tuple[Rule, ...]
    old: tuple[Rule, ...]
    new: tuple[Rule, ...]


class Comparison:
    """Two rule sets side by side, asked for one picture after the other. May be shared by threads."""

    def __init__(self, old: RuleSet, new: RuleSet) -> None:
        self.old, self.new = old, new
        self._at = lru_cache(PLACES)(self._rules_of)
        marks = {rule_set.hash: {rule.id: _mark(rule) for rule in rule_set.rules} for rule_set in (old, new)}
        ids = old.by_id.keys() | new.by_id.keys()
        self._differ = frozenset(name for name in ids if marks[old.hash].get(name) != marks[new.hash].get(name))
        self.authorities = frozenset(rule.authority for rule_set in (old, new) for rule in rule_set.rules if rule.id in self._differ)

    def change(self, authority: str, facts: Mapping[str, FactValue], scope: Scope, waived: Collection[str] = ()) -> Change | None:
        """What changes for a picture; None where the same rules are against it under both sets.

        `waived` are ids of rules that a person let pass for it. A rule set's `judge` gives the same answer (a law of the tests). Raises
        RuleError for an unknown authority.
        """
        asked = self._at(authority, scope)
        if not asked.old and not asked.new:
            return None
        was = _against(asked.old, facts, waived)
        now = _against(asked.new, facts, waived)
        began, ended = tuple(name for name in now if name not in was), tuple(name for name in was if name not in now)
        if not began and not ended:
            return None
        both = any(_breaks(rule, facts) and rule.id not in waived for rule in asked.both)
        return Change(both or bool(was), both or bool(now), began, ended)

    def _rules_of(self, authority: str, scope: Scope) -> _Asked:
        old, new = ([rule for rule in rule_set.in_order(authority) if rule.level in FLAGS and rule.covers(scope)] for rule_set in (self.old, self.new))
        return _Asked(
            tuple(rule for rule in new if rule.id not in self._differ),
            tuple(rule for rule in old if rule.id in self._differ),
            tuple(rule for rule in new if rule.id in self._differ),
        )


def _mark(rule: Rule) -> tuple[object, ...]:
    """All of a rule that decides whether a picture fails by it. By `repr`, which tells True from 1."""
    return rule.authority, rule.fact, rule.operator, repr(rule.limit), rule.applies_to, rule.except_for, rule.level in FLAGS


def _against(asked: tuple[Rule, ...], facts: Mapping[str, FactValue], waived: Collection[str]) -> tuple[str, ...]:
    return tuple(rule.id for rule in asked if _breaks(rule, facts) and rule.id not in waived)


def _breaks(rule: Rule, facts: Mapping[str, FactValue]) -> bool:
    value = facts.get(rule.fact)
    return (value is not None or rule.operator == FIRES_ON_ABSENT) and not rule.holds(value)
