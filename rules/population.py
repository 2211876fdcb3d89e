"""Pictures objected to and pictures accepted, laid along the facts that could be at fault."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from rules.engine import RuleSet
from rules.operators import is_number
from rules.schema import LEVELS, FactValue, Rule, Scope
from rules.separation import Labels, Values

End = Literal["least", "most"]


@dataclass(frozen=True)
class Observation:
    """A picture that was shown somewhere, and whether it was objected to for the reason in question. `at` is when that was known."""

    name: str
    facts: Mapping[str, FactValue]
    scope: Scope
    objected: bool
    at: datetime
    imported: bool = False  # it was there before ours, so no limit of ours has chosen it


@dataclass(frozen=True)
class Side:
    """One rule's limit from one side. Values are oriented so that what is objected to lies *under* the limit."""

    rule: Rule
    end: End

    @property
    def key(self) -> str:
        return f"{self.rule.id}:{self.end}"

    @property
    def in_force(self) -> float | int:
        limit: float | int = self.rule.limit[0 if self.end == "least" else 1] if self.rule.operator == "between" else self.rule.limit
        return limit

    def oriented(self, value: float | int) -> float:
        return float(value) if self.end == "least" else -float(value)


@dataclass(frozen=True)
class Column:
    """A side and the pictures of its scope on which its fact was measured, in order of time."""

    side: Side
    values: Values
    objected: Labels
    seen: tuple[Observation, ...]

    @property
    def whole(self) -> bool:
        return all(isinstance(one.facts[self.side.rule.fact], int) for one in self.seen)

    @property
    def step(self) -> float:
        """One in the third significant digit of the limit in force (of the values where that is 0); at least one for whole numbers."""
        size = abs(self.side.in_force) or float(np.median(np.abs(self.values))) or 0.01
        step = 10.0 ** (math.floor(math.log10(size) + 1e-9) - 2)
        return max(step, 1.0) if self.whole else step

    def natural(self, oriented: float) -> float | int:
        value = oriented if self.side.end == "least" else -oriented
        return round(value) if self.whole else value + 0.0


def candidates(rule_set: RuleSet, authority: str, words: Sequence[str], scope: Scope | None = None) -> tuple[list[Rule], bool]:
    """The rules that can express a notice told by these words, at that place or anywhere, and whether they claim it; any rule for an untranslated code."""
    here = [rule for rule in rule_set.in_order(authority) if (scope is None or rule.covers(scope)) and rule.operator in ("at_least", "at_most", "between")]
    claiming = [rule for rule in here if set(rule.prevents) & set(words)]
    translated = any(word.startswith("reason:") for word in words)
    return claiming or ([] if translated else here), bool(claiming)


def family(rule_set: RuleSet, authority: str, words: Sequence[str], scope: Scope) -> str:
    """A short name for the rules that a notice there is laid at: notices of one reason in places that have the same rules are weighed together."""
    found, _ = candidates(rule_set, authority, words, scope)
    return hashlib.sha256(" ".join(sorted(rule.id for rule in found)).encode()).hexdigest()[:6]


def sides_of(rules: Sequence[Rule]) -> list[Side]:
    """The ends of the limits; of one fact and end the limit that binds."""
    found: dict[tuple[str, str], Side] = {}
    for rule in rules:
        for end in _ends(rule):
            side = Side(rule, end)
            rank = (side.oriented(side.in_force), -LEVELS.index(rule.level))
            other = found.get((rule.fact, end))
            if other is None or rank > (other.oriented(other.in_force), -LEVELS.index(other.rule.level)):
                found[rule.fact, end] = side
    return list(found.values())


def _ends(rule: Rule) -> tuple[End, ...]:
    return {"at_least": ("least",), "at_most": ("most",)}.get(rule.operator, ("least", "most"))  # type: ignore[return-value]


def column_of(side: Side, observations: Sequence[Observation]) -> Column:
    seen = tuple(one for one in observations if is_number(one.facts.get(side.rule.fact)) and side.rule.covers(one.scope))
    values = np.array([side.oriented(one.facts[side.rule.fact]) for one in seen], dtype=np.float64)  # type: ignore[arg-type]
    return Column(side, values, np.array([one.objected for one in seen], dtype=np.bool_), seen)


def since(column: Column, start: datetime) -> Column:
    kept = np.array([one.at >= start for one in column.seen], dtype=np.bool_)
    return Column(column.side, column.values[kept], column.objected[kept], tuple(one for one in column.seen if one.at >= start))
