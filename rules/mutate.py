"""Do a rule's own cases pin it down? Every limit moved by one step and every operator swapped must be caught by a case.

A step is the smallest difference in which the fact is told, so that a limit has no neighbour that its cases would also allow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rules.engine import RuleSet
from rules.operators import OPERATORS, is_number, same
from rules.schema import FactValue, Rule, words_of

DEFAULT_STEP = 1.0  # for a fact whose resolution nobody told
SWAPPED: Mapping[str, tuple[str, ...]] = {
    "at_least": ("at_most",),
    "at_most": ("at_least",),
    "one_of": ("none_of",),
    "none_of": ("one_of",),
    "is_true": ("is_false", "present"),
    "is_false": ("is_true", "present"),
    "present": ("is_true", "is_false"),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with another limit or operator than it should have."""

    rule: str
    operator: str
    limit: Any

    def words(self) -> str:
        """`at least 0.8501`, as the mutant would say it."""
        return words_of(self.operator, self.limit)


@dataclass(frozen=True, slots=True)
class Score:
    """How many mutants there were, and those that no case caught."""

    mutants: int
    survivors: tuple[Mutant, ...]
    advice: tuple[str, ...] = ()  # for each survivor


def score(rules: Iterable[Rule], steps: Mapping[str, float | None], rule_set: RuleSet) -> Score:
    """Mutate these rules of the set; `steps` says how finely each fact is told. Words that a list may gain are those that any rule of the set names."""
    vocabulary = words_known(rule_set)
    made = [(rule, mutant) for rule in rules for mutant in mutants(rule, _step(rule, steps), vocabulary.get(rule.fact, ()))]
    alive = [(rule, mutant) for rule, mutant in made if not caught(rule, mutant)]
    advice = (missing(rule, mutant, _step(rule, steps)) for rule, mutant in alive)
    words = tuple("no value tells the two apart" if case is None else f"add {case[1]} to {case[0]}" for case in advice)
    return Score(len(made), tuple(mutant for _, mutant in alive), words)


def _step(rule: Rule, steps: Mapping[str, float | None]) -> float:
    return steps.get(rule.fact) or DEFAULT_STEP


def caught(rule: Rule, mutant: Mutant) -> bool:
    """Does some case of the rule come out otherwise under the mutant?"""
    holds = OPERATORS[mutant.operator].holds
    return not all(holds(case, mutant.limit) for case in rule.passes) or any(holds(case, mutant.limit) for case in rule.fails)


def missing(rule: Rule, mutant: Mutant, step: float) -> tuple[str, FactValue] | None:
    """The case that would catch this mutant: (`passes` or `fails`, value); None where no value tells the two apart."""
    ends = [value for limit in (rule.limit, mutant.limit) for value in (limit if isinstance(limit, tuple) else (limit,)) if value is not None]
    near = [moved for value in ends if is_number(value) for moved in _both_sides(value, step)]
    told_apart = (value for value in (*ends, *near, True, False) if rule.holds(value) != OPERATORS[mutant.operator].holds(value, mutant.limit))
    value = next(told_apart, None)
    return None if value is None else ("passes" if rule.holds(value) else "fails", value)


def mutants(rule: Rule, step: float, words: Iterable[FactValue] = ()) -> Iterator[Mutant]:
    """Every limit one step to each side, every operator swapped for its neighbours, every list with a value less or a known value more."""
    for operator, limit in _mutations(rule, step, words):
        yield Mutant(rule.id, operator, limit)


def _mutations(rule: Rule, step: float, words: Iterable[FactValue]) -> Iterator[tuple[str, Any]]:
    limit = rule.limit
    yield from ((operator, limit) for operator in SWAPPED.get(rule.operator, ()))
    if rule.operator in ("at_least", "at_most"):
        yield from ((rule.operator, moved) for moved in _both_sides(limit, step))
    elif rule.operator == "between":
        low, high = limit
        yield from (("between", (moved, high)) for moved in _both_sides(low, step) if moved <= high)
        yield from (("between", (low, moved)) for moved in _both_sides(high, step) if low <= moved)
        yield from (("at_least", low), ("at_most", high))
    elif rule.operator == "equals":
        yield "none_of", (limit,)
        if is_number(limit):
            yield from (("equals", moved) for moved in _both_sides(limit, step))
            yield from (("at_least", limit), ("at_most", limit))
        else:
            yield from (("one_of", (limit, word)) for word in words if not same(word, limit))
    elif rule.operator in ("one_of", "none_of"):
        yield from ((rule.operator, (*limit[:index], *limit[index + 1 :])) for index in range(len(limit)))
        yield from ((rule.operator, (*limit, word)) for word in words if not any(same(word, each) for each in limit))


def words_known(rule_set: RuleSet) -> dict[str, list[FactValue]]:
    """Fact -> every word that a rule of the set allows, refuses or tries; where files come in PNG, a rule that allows JPEG alone must say so by a case."""
    known: dict[str, dict[str, None]] = {}
    for rule in rule_set.rules:
        listed = rule.limit if isinstance(rule.limit, tuple) else (rule.limit,)
        known.setdefault(rule.fact, {}).update(dict.fromkeys(word for word in (*listed, *rule.passes, *rule.fails) if isinstance(word, str)))
    return {fact: list(words) for fact, words in known.items()}


def _both_sides(limit: int | float, step: float) -> Iterator[int | float]:
    """The limit one step up and down, without the dust of binary fractions."""
    exact = Decimal(repr(limit))
    for direction in (1, -1):
        moved = exact + direction * Decimal(repr(step))
        yield int(moved) if isinstance(limit, int) and moved == int(moved) else float(moved)
