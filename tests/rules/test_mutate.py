"""The shipped rules are pinned down by their own cases, and a rule that is not is noticed."""

from collections.abc import Mapping
from typing import Any

import pytest

import imaging
import rules
from rules.mutate import caught, missing, mutants, score
from tests.rules.facts import KNOWN

SHIPPED = rules.load(KNOWN)
STEPS: Mapping[str, float | None] = {name: fact.step for name, fact in imaging.FACTS.items()}


def test_every_mutant_of_the_shipped_rules_is_caught_by_a_case() -> None:
    found = score(SHIPPED.rules, STEPS, SHIPPED)

    assert [f"{each.rule}: {each.words()}" for each in found.survivors] == []
    assert found.mutants > 3 * len(SHIPPED.rules)


@pytest.mark.parametrize("rule", SHIPPED.rules, ids=lambda rule: rule.id)
def test_every_limit_and_every_operator_of_the_shipped_rules_is_mutated(rule: rules.Rule) -> None:
    made = list(mutants(rule, STEPS[rule.fact] or 1))

    assert any(each.operator != rule.operator for each in made)
    assert rule.limit is None or any(each.limit != rule.limit for each in made)
    assert all((each.operator, each.limit) != (rule.operator, rule.limit) for each in made)


@pytest.mark.parametrize(
    ("rule", "weaker", "survives"),
    [
        ("amazon-main-fill", {"fails": (0.849, 0.3)}, "at least 0.8499"),
        ("amazon-main-fill", {"passes": (0.8501, 1.0)}, "at least 0.8501"),
        ("amazon-bytes", {"passes": (9_999_998,)}, "at most 9999998"),
        ("amazon-longest-side-jewellery-us", {"passes": (501, 2100)}, "between 501 and 2100"),
        ("amazon-longest-side-jewellery-us", {"fails": (499,)}, "between 500 and 2101"),
        ("amazon-longest-side-jewellery-us", {"fails": (499,)}, "at least 500"),
        ("amazon-format", {"passes": ("JPEG",)}, "one of JPEG, PNG, TIFF"),
        ("amazon-format", {"fails": ("WEBP",)}, "one of JPEG, PNG, TIFF, GIF, HEIF"),
        ("amazon-format-jewellery-au", {"fails": ("PNG",)}, "one of JPEG, GIF"),
        ("ebay-colour-mode", {"fails": ("CMYK",)}, "none of CMYK"),
        ("amazon-frames", {"fails": (2,)}, "at most 1"),
    ],
)
def test_a_case_set_that_was_weakened_is_noticed(rule: str, weaker: dict[str, Any], survives: str) -> None:
    weak = SHIPPED.by_id[rule].model_copy(update=weaker)

    found = score([weak], STEPS, SHIPPED)

    assert survives in [each.words() for each in found.survivors]


@pytest.mark.parametrize("rule", [rule for rule in SHIPPED.rules if rule.operator != "present"], ids=lambda rule: rule.id)
def test_no_shipped_rule_stays_pinned_down_without_its_failing_cases(rule: rules.Rule) -> None:
    assert score([rule.model_copy(update={"fails": ()})], STEPS, SHIPPED).survivors


@pytest.mark.parametrize(
    ("operator", "limit", "passes", "fails", "mutant"),
    [
        ("is_true", None, (True,), (False,), ("is_false", None)),
        ("is_false", None, (False,), (True,), ("present", None)),
        ("present", None, (0.5,), (None,), ("is_true", None)),
        ("equals", 1, (1,), (0, 2), ("at_most", 1)),
    ],
)
def test_an_operator_is_swapped_for_its_neighbours(operator: str, limit: Any, passes: tuple[Any, ...], fails: tuple[Any, ...], mutant: tuple[str, Any]) -> None:
    rule = SHIPPED.by_id["amazon-main-cut-out"].model_copy(update={"operator": operator, "limit": limit, "passes": passes, "fails": fails})

    made = {(each.operator, each.limit): each for each in mutants(rule, 1)}

    assert mutant in made
    assert all(caught(rule, each) for each in made.values())


def test_a_step_leaves_no_dust_of_binary_fractions() -> None:
    rule = SHIPPED.by_id["amazon-main-fill"].model_copy(update={"limit": 0.3})

    assert {each.limit for each in mutants(rule, 0.0001) if each.operator == "at_least"} == {0.3001, 0.2999}


@pytest.mark.parametrize("rule", SHIPPED.rules, ids=lambda rule: rule.id)
def test_the_case_that_is_advised_catches_the_mutant(rule: rules.Rule) -> None:
    step = STEPS[rule.fact] or 1
    for mutant in mutants(rule, step):
        advised = missing(rule, mutant, step)
        assert advised is not None, mutant
        key, value = advised
        bare = rule.model_copy(update={"passes": (), "fails": (), key: (value,)})
        assert caught(bare, mutant)
        assert rule.holds(value) == (key == "passes")
