"""Rules beside each other: two that no picture can keep both, and one that another makes superfluous.

Only pairs are looked at. For numbers that is enough (intervals that meet two by two have a point in common); lists of words that only three rules
together empty are not noticed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product

from rules.operators import is_number, same
from rules.schema import LEVELS, FactValue, Rule, Scope, Where

ALTERNATES = tuple(f"alt{number}" for number in range(1, 24))
ELSEWHERE = "*"  # a value that no rule names
COUNTRIES = {"UK": "GB"}  # where the end of a marketplace's name is not the country's code
Places = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str], Sequence[str]]


def contradicting(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Pairs of rules on one fact of one authority that no value keeps both, and that speak of some place both; each pair once, in the order given."""
    for group in _by_fact(rules):
        for one, other in combinations(group, 2):
            if not satisfiable(one, other) and any(one.covers(place) and other.covers(place) for place in _places(one, other)):
                yield one, other


def redundant(rules: Iterable[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """(superfluous, because of): whatever breaks the first breaks the second as well, everywhere, at a level no milder, and for all notices it prevents."""
    for group in _by_fact(rules):
        for rule in group:
            other = next((each for each in group if each is not rule and _makes_superfluous(each, rule, group)), None)
            if other is not None:
                yield rule, other


def satisfiable(one: Rule, other: Rule) -> bool:
    """Is there a value that keeps both limits, whatever their scope?"""
    if _is_open(one) and _is_open(other):
        return True
    if "present" in (one.operator, other.operator):
        return True
    if "none_of" in (one.operator, other.operator) and not (_is_finite(one) or _is_finite(other)):
        return True  # infinitely many numbers, less a few
    return any(one.holds(value) and other.holds(value) for value in (*_ends(one), *_ends(other)))


def within(inner: Rule, outer: Rule) -> bool:
    """Does all that keeps the inner limit keep the outer one? A fact that was not measured breaks `present` alone."""
    if "present" in (inner.operator, outer.operator):
        return inner.operator == outer.operator
    if _is_finite(inner):
        return all(outer.holds(value) for value in _ends(inner))
    if inner.operator == "none_of":
        return outer.operator == "none_of" and all(any(same(value, each) for each in inner.limit) for value in outer.limit)
    low, high = _interval(inner)
    if outer.operator == "none_of":
        return not any(inner.holds(value) for value in outer.limit)
    if outer.operator not in ("at_least", "at_most", "between"):
        return False
    least, most = _interval(outer)
    return least <= low and high <= most


def country_of(marketplace: str) -> str:
    """The country that a marketplace's name ends in: GB for `amazon-uk`."""
    end = marketplace.rsplit("-", 1)[-1].upper()
    return COUNTRIES.get(end, end)


def _makes_superfluous(other: Rule, rule: Rule, group: list[Rule]) -> bool:
    if LEVELS.index(other.level) > LEVELS.index(rule.level) or not set(rule.prevents) <= set(other.prevents) or not within(other, rule):
        return False
    if within(rule, other) and other.level == rule.level and _everywhere(other, rule) and set(rule.prevents) == set(other.prevents):
        return _everywhere(rule, other) and group.index(other) < group.index(rule)  # twins: the later one goes
    return _everywhere(rule, other)


def _everywhere(rule: Rule, other: Rule) -> bool:
    """Does the other rule speak of every place that this one speaks of?"""
    return all(other.covers(place) for place in _places(rule, other) if rule.covers(place))


def _by_fact(rules: Iterable[Rule]) -> list[list[Rule]]:
    groups: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[rule.authority, rule.fact].append(rule)
    return [group for group in groups.values() if len(group) > 1]


def _places(one: Rule, other: Rule) -> Iterator[Scope]:
    """One place of every kind that the two rules tell apart."""
    wheres = [where for rule in (one, other) for where in (rule.applies_to, rule.except_for) if where is not None]
    marketplaces, countries, categories, positions, conditions = _named(wheres)
    for marketplace, country, category, position, condition in product(marketplaces, countries, categories, positions, conditions):
        if marketplace == ELSEWHERE or country_of(marketplace) == country:
            yield Scope(marketplace, country, category, position, condition)


def _named(wheres: list[Where]) -> Places:
    marketplaces = sorted({each for where in wheres for each in where.marketplace})
    countries = sorted({each for where in wheres for each in where.country} | {country_of(each) for each in marketplaces})
    categories = sorted({each for where in wheres for each in where.category})
    conditions = sorted({each for where in wheres for each in where.condition})
    alternates = {each for where in wheres for each in where.position if each not in ("main", "alt")}
    unnamed = [each for each in ALTERNATES if each not in alternates][:1]
    return (
        [*marketplaces, ELSEWHERE],
        [*countries, ELSEWHERE],
        [*categories, ELSEWHERE],
        ["main", *sorted(alternates), *unnamed],
        [*conditions, ELSEWHERE],
    )


def _is_open(rule: Rule) -> bool:
    return rule.operator in ("none_of", "present")


def _is_finite(rule: Rule) -> bool:
    return rule.operator in ("equals", "one_of", "is_true", "is_false") or (rule.operator == "between" and rule.limit[0] == rule.limit[1])


def _ends(rule: Rule) -> tuple[FactValue, ...]:
    """The values on which it turns: of two limits that meet at all, one's end keeps both."""
    if rule.operator in ("is_true", "is_false"):
        return (rule.operator == "is_true",)
    if rule.operator in ("one_of", "between"):
        return tuple(rule.limit)
    return () if _is_open(rule) else (rule.limit,)


def _interval(rule: Rule) -> tuple[float, float]:
    if rule.operator == "between":
        return rule.limit[0], rule.limit[1]
    assert is_number(rule.limit)
    return (rule.limit, float("inf")) if rule.operator == "at_least" else (float("-inf"), rule.limit)
