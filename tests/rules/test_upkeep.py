"""Sources age by the calendar, and are refused or told of only where a person asks."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules.upkeep import _months_on, stale, upkeep
from tests.rules.facts import KNOWN

TODAY = dt.date(2026, 12, 1)
LONG_AFTER = dt.date(2031, 1, 1)


def overlay(read: str, evidence: str = "read") -> rules.RuleSet:
    text = f"# mine\n- id: ebay-jpeg-quality\n  level: review\n  source: {{page: my notes, says: s, evidence: {evidence}, read: {read}}}\n"
    return rules.load(KNOWN, {"ebay.yaml": text})


@pytest.mark.parametrize(
    ("read", "evidence", "words"),
    [
        ("2025-11-30", "read", "read on 2025-11-30, more than 12 months ago; read my notes again, and write that day"),
        ("2026-05-31", "second-hand", "read on 2026-05-31, more than 6 months ago; read my notes again, and write that day"),
        ("2026-12-03", "ours", "read on 2026-12-03, which is still to come; write the day on which my notes was read"),
    ],
)
def test_a_stale_source_is_told_at_its_own_line(read: str, evidence: str, words: str) -> None:
    (found,) = [each for each in stale(overlay(read, evidence), TODAY) if each.own]

    column = len(f"  source: {{page: my notes, says: s, evidence: {evidence}, read: ") + 1
    assert str(found) == f"ebay.yaml:4:{column}: ebay-jpeg-quality: source: {words}"


@pytest.mark.parametrize(
    ("read", "evidence"),
    [("2025-12-01", "read"), ("2026-06-01", "second-hand"), ("2020-01-01", "ours"), ("2024-12-01", "notice"), ("2026-12-02", "read")],
)
def test_a_source_is_fresh_up_to_its_last_day(read: str, evidence: str) -> None:
    assert [each for each in stale(overlay(read, evidence), TODAY) if each.own] == []


def test_the_shipped_rules_load_whatever_the_day_and_are_told_as_shipped_when_old() -> None:
    assert stale(rules.load(KNOWN), TODAY) == []

    aged = stale(rules.load(KNOWN), LONG_AFTER)

    assert aged
    assert not any(each.own for each in aged)
    assert all(each.place.startswith("rules/") for each in aged)


def test_every_kind_of_evidence_has_an_age_but_our_own() -> None:
    kinds = set(rules.Source.model_fields["evidence"].annotation.__args__)  # type: ignore[union-attr]

    assert set(upkeep().stale_after_months) == kinds - {"ours"}


@given(st.dates(), st.integers(0, 40))
def test_months_are_counted_as_people_do(day: dt.date, months: int) -> None:
    on = _months_on(day, months)

    assert on >= day or on == dt.date.max
    if on != dt.date.max:
        assert (on.year * 12 + on.month) - (day.year * 12 + day.month) == months
        assert on.day == day.day or (on.day < day.day and (on + dt.timedelta(days=1)).month != on.month)
