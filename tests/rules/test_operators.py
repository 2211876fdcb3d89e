"""Operators hold for every value, not for the examples only."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.operators import OPERATORS, is_number, same

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@given(numbers, numbers)
def test_at_least_and_at_most_part_the_numbers_at_the_limit(value: float, limit: float) -> None:
    below, above = OPERATORS["at_most"].holds(value, limit), OPERATORS["at_least"].holds(value, limit)

    assert below or above
    assert (below and above) == (value == limit)


@given(numbers, numbers, numbers)
def test_between_is_both_ends_at_once(value: float, low: float, high: float) -> None:
    assert OPERATORS["between"].holds(value, (low, high)) == (OPERATORS["at_least"].holds(value, low) and OPERATORS["at_most"].holds(value, high))


@given(anything.filter(lambda value: not is_number(value)), st.sampled_from(["at_least", "at_most"]), numbers)
def test_what_is_no_finite_number_keeps_no_numeric_limit(value: object, operator: str, limit: float) -> None:
    assert not OPERATORS[operator].holds(value, limit)


@given(anything, st.lists(st.one_of(st.booleans(), st.integers(), st.text()), min_size=1))
def test_one_of_and_none_of_are_opposites(value: object, limit: list[object]) -> None:
    assert OPERATORS["one_of"].holds(value, limit) != OPERATORS["none_of"].holds(value, limit)


@given(anything)
def test_a_flag_is_true_or_false_and_nothing_else_is(value: object) -> None:
    assert OPERATORS["is_true"].holds(value, None) == (value is True)
    assert OPERATORS["is_false"].holds(value, None) == (value is False)


@pytest.mark.parametrize(("value", "limit"), [(True, 1), (1, True), (False, 0), (0, False)])
def test_one_is_not_true(value: object, limit: object) -> None:
    assert not same(value, limit)
    assert not OPERATORS["equals"].holds(value, limit)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, None, "12"])
def test_no_number(value: object) -> None:
    assert not is_number(value)
