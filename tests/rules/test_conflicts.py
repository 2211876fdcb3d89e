"""Rules beside each other: what no picture could keep is refused at its line; what says nothing new is told."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules.conflicts import contradicting, redundant, satisfiable, within
from rules.schema import Where
from tests.rules.facts import KNOWN

SHIPPED = rules.load(KNOWN)
SOURCE = "source: {page: p, read: 2026-11-22, says: s}"
MODEL = SHIPPED.by_id["amazon-main-fill"].model_copy(update={"except_for": None, "applies_to": Where(), "prevents": ()})
LARGE = f"""
# my shop's own
- id: amazon-my-small-files
  fact: longest_side
  operator: at_most
  limit: 450
  level: warn
  message: Say what to do.
  {SOURCE}
  passes: [450]
  fails: [451]
"""


def rule(name: str, operator: str, limit: Any, level: str = "stop", **changes: Any) -> rules.Rule:
    return MODEL.model_copy(update={"id": name, "operator": operator, "limit": limit, "level": level, **changes})


def test_a_rule_that_contradicts_a_shipped_one_is_refused_at_its_line() -> None:
    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, {"amazon.yaml": LARGE})

    place = next(number for number, line in enumerate((rules.loader.SHIPPED / "amazon.yaml").read_text().splitlines(), 1) if line == "- id: amazon-best-size")
    assert caught.value.problems[0] == (
        "amazon.yaml:6:10: amazon-my-small-files: asks for longest_side at most 450, and no value can keep that and "
        f"amazon-best-size (at least 1600; rules/amazon.yaml:{place}:3) where both apply"
    )
    assert {problem.split(":")[0] for problem in caught.value.problems} == {"amazon.yaml"}


def test_two_changes_of_the_seller_that_contradict_each_other_are_refused() -> None:
    higher = f"- id: amazon-main-fill\n  limit: 0.97\n  passes: [0.97]\n  {SOURCE}\n"
    lower = f"- id: amazon-own\n  fact: fill\n  operator: at_most\n  limit: 0.96\n  level: warn\n  message: m\n  {SOURCE}\n  passes: [0.96]\n  fails: [0.97]\n"

    with pytest.raises(rules.RuleError, match=r"amazon.yaml:2:10: amazon-main-fill: .*no value can keep that and amazon-own .*amazon.yaml:5:3"):
        rules.load(KNOWN, {"amazon.yaml": higher + lower})


def test_a_set_that_was_in_force_is_read_back_whatever_is_thought_of_it_today() -> None:
    kept = yaml.safe_load(SHIPPED.yaml)
    kept["amazon"] += yaml.safe_load(LARGE)

    again = rules.parse(yaml.safe_dump(kept), KNOWN)

    assert rules.loader.told(again)


def test_the_shipped_rules_neither_contradict_each_other_nor_say_a_thing_twice() -> None:
    assert [(one.id, other.id) for one, other in contradicting(SHIPPED.rules)] == []
    assert [(one.id, other.id) for one, other in redundant(SHIPPED.rules)] == []


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({}, {}, True),
        ({"marketplace": ("amazon-uk",)}, {"marketplace": ("amazon-us",)}, False),
        ({"marketplace": ("amazon-uk",)}, {"country": ("GB",)}, True),
        ({"marketplace": ("amazon-uk",)}, {"country": ("US",)}, False),
        ({"marketplace": ("amazon-de",)}, {"country": ("DE", "US")}, True),
        ({"category": ("watch",)}, {"category": ("ring", "watch")}, True),
        ({"category": ("watch",)}, {"category": ("ring",)}, False),
        ({"category": ("watch",)}, {"country": ("US",)}, True),
        ({"position": ("main",)}, {"position": ("alt",)}, False),
        ({"position": ("alt3",)}, {"position": ("alt",)}, True),
        ({"position": ("alt3",)}, {"position": ("alt4",)}, False),
        ({"condition": ("new",)}, {"condition": ("used",)}, False),
    ],
)
def test_rules_contradict_each_other_only_where_both_apply(one: dict[str, Any], other: dict[str, Any], meet: bool) -> None:
    pair = [rule("a", "at_least", 0.9, applies_to=Where(**one)), rule("b", "at_most", 0.8, applies_to=Where(**other))]

    assert bool(list(contradicting(pair))) == meet
    assert bool(list(contradicting(pair[::-1]))) == meet


def test_an_exception_keeps_two_rules_apart() -> None:
    jewellery = Where(country=("US",), category=("ring",))
    general, special = rule("a", "at_least", 0.9, except_for=jewellery), rule("b", "at_most", 0.8, applies_to=jewellery)

    assert list(contradicting([general, special])) == []
    assert list(contradicting([general, special.model_copy(update={"applies_to": Where(category=("ring",))})]))


def test_rules_of_another_fact_or_authority_do_not_contradict() -> None:
    assert list(contradicting([rule("a", "at_least", 0.9), rule("b", "at_most", 0.8, fact="noise")])) == []
    assert list(contradicting([rule("a", "at_least", 0.9), rule("b", "at_most", 0.8, authority="ebay")])) == []


numbers = st.integers(-5, 5)
pairs = st.tuples(numbers, numbers).map(lambda pair: tuple(sorted(pair)))
lists = st.lists(st.one_of(numbers, st.sampled_from(["a", "b"]), st.booleans()), min_size=1, max_size=4).map(tuple)
limited = st.one_of(
    st.tuples(st.sampled_from(["at_least", "at_most"]), numbers),
    st.tuples(st.just("between"), pairs),
    st.tuples(st.just("equals"), st.one_of(numbers, st.sampled_from(["a", "b"]))),
    st.tuples(st.sampled_from(["one_of", "none_of"]), lists),
    st.tuples(st.sampled_from(["is_true", "is_false", "present"]), st.none()),
)
VALUES = [value / 2 for value in range(-14, 15)] + ["a", "b", "c", True, False]


@given(limited, limited)
def test_whether_two_limits_can_be_kept_is_what_trying_values_shows(one: tuple[str, Any], other: tuple[str, Any]) -> None:
    a, b = rule("a", *one), rule("b", *other)

    assert satisfiable(a, b) == any(a.holds(value) and b.holds(value) for value in VALUES)


@given(limited, limited)
def test_whether_one_limit_lies_within_another_is_what_trying_values_shows(one: tuple[str, Any], other: tuple[str, Any]) -> None:
    a, b = rule("a", *one), rule("b", *other)

    assert not within(a, b) or all(b.holds(value) for value in VALUES if a.holds(value))
    assert within(a, b) or "present" in (a.operator, b.operator) or any(not b.holds(value) for value in [*VALUES, 1000, -1000, "d"] if a.holds(value))


@pytest.mark.parametrize(
    ("changes", "superfluous"),
    [
        ({}, "b"),
        ({"level": "stop"}, ""),
        ({"limit": 0.95}, "a"),
        ({"prevents": ("reason:too-small",)}, ""),
        ({"applies_to": Where(category=("ring",))}, "b"),
        ({"operator": "at_most"}, ""),
        ({"limit": 0.9}, "b"),
    ],
)
def test_a_rule_is_superfluous_where_another_asks_for_more_everywhere(changes: dict[str, Any], superfluous: str) -> None:
    strict, other = rule("a", "at_least", 0.9, "review"), rule("b", "at_least", 0.8, "review").model_copy(update=changes)

    assert [one.id for one, _ in redundant([strict, other])] == ([superfluous] if superfluous else [])


def test_a_rule_for_more_places_is_not_superfluous_beside_one_for_fewer() -> None:
    assert list(redundant([rule("a", "at_least", 0.8), rule("b", "at_least", 0.9, applies_to=Where(category=("ring",)))])) == []
