"""What another rule set would make of a picture is what judging it by both sets in full says, for whatever sets, facts, places and waivers."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from rules.schema import Where
from tests.rules.facts import GOOD, KNOWN, scope

SHIPPED = rules.load(KNOWN)
MESSAGES = {"message": "Other words for the same.", "passes": (), "fails": ()}


def full(old: rules.RuleSet, new: rules.RuleSet, authority: str, facts: dict[str, Any], place: rules.Scope, waived: set[str]) -> rules.Change | None:
    """The same question answered by judging everything twice."""

    def against(rule_set: rules.RuleSet) -> set[str]:
        return {found.rule for found in rules.judge(rule_set, authority, facts, place) if found.level in ("stop", "review")} - waived

    was, now = against(old), against(new)
    return None if was == now else rules.Change(bool(was), bool(now), tuple(sorted(now - was)), tuple(sorted(was - now)))


def in_any_order(change: rules.Change | None) -> rules.Change | None:
    return change and rules.Change(change.failed, change.fails, tuple(sorted(change.began)), tuple(sorted(change.ended)))


@st.composite
def mutated(draw: st.DrawFn) -> rules.RuleSet:
    """The shipped set with rules dropped, added, made stricter, looser, graver, milder, or moved to another place."""
    made = {rule.id: rule for rule in SHIPPED.rules}
    for rule in draw(st.lists(st.sampled_from(SHIPPED.rules), max_size=8)):
        numeric = rule.operator in ("at_least", "at_most")
        match draw(st.sampled_from(["drop", "limit", "level", "where", "except", "words", "twin"])):
            case "drop":
                made.pop(rule.id, None)
            case "limit" if numeric:
                made[rule.id] = rule.model_copy(update={"limit": rule.limit * draw(st.sampled_from([0.5, 0.9, 1.1, 2]))})
            case "level":
                made[rule.id] = rule.model_copy(update={"level": draw(st.sampled_from(rules.LEVELS))})
            case "where":
                made[rule.id] = rule.model_copy(update={"applies_to": Where(position=draw(st.sampled_from([("main",), ("alt",), ("alt3",)])))})
            case "except":
                made[rule.id] = rule.model_copy(update={"except_for": Where(category=("watch",))})
            case "twin":
                made[f"{rule.id}-twin"] = rule.model_copy(update={"id": f"{rule.id}-twin"})
            case _:
                made[rule.id] = rule.model_copy(update=MESSAGES)
    return rules.RuleSet(made.values())


ABOUT = {rule.fact: rule.limit for rule in SHIPPED.rules}
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-2, 4000), st.floats(-1, 300), st.sampled_from(["JPEG", "PNG", "srgb", "RGB"]))


@st.composite
def pictures(draw: st.DrawFn) -> dict[str, Any]:
    facts: dict[str, Any] = dict(GOOD)
    for fact in draw(st.lists(st.sampled_from(sorted(ABOUT)), max_size=6)):
        limit = ABOUT[fact]
        near = st.sampled_from([limit * share for share in (0.4, 0.95, 1, 1.05, 2.5)]) if isinstance(limit, (int, float)) else VALUES
        facts[fact] = draw(st.one_of(near, VALUES))
    return facts


PLACES = st.builds(
    scope,
    st.sampled_from(["amazon-uk", "amazon-us", "amazon-de"]),
    st.sampled_from(["watch", "jewellery", "ring", ""]),
    st.sampled_from(["main", "alt1", "alt3"]),
    st.sampled_from(["new", "used"]),
)
WAIVED = st.sets(st.sampled_from([rule.id for rule in SHIPPED.rules]), max_size=4)


@settings(max_examples=60)
@given(mutated(), mutated(), st.lists(st.tuples(pictures(), PLACES, WAIVED), min_size=1, max_size=12), st.sampled_from(["amazon", "ebay"]))
def test_a_change_is_what_judging_by_both_sets_in_full_says(
    old: rules.RuleSet, new: rules.RuleSet, cases: list[tuple[dict[str, Any], rules.Scope, set[str]]], authority: str
) -> None:
    compared = rules.Comparison(old, new)

    for facts, place, waived in cases:
        told = compared.change(authority, facts, place, waived)

        assert in_any_order(told) == full(old, new, authority, facts, place, waived)
        assert told is None or authority in compared.authorities


def stricter(limit: float) -> rules.RuleSet:
    source = "{page: test, read: 2026-11-22, says: so}"
    return rules.load(KNOWN, {"amazon.yaml": f"- {{id: amazon-sharpness, limit: {limit}, passes: [{limit}], fails: [0], source: {source}}}\n"})


def test_a_stricter_limit_newly_fails_what_lies_between_the_two_and_a_looser_one_newly_passes_it() -> None:
    up, down = rules.Comparison(SHIPPED, stricter(9)), rules.Comparison(stricter(9), SHIPPED)
    between, beyond = GOOD | {"sharpness": 8.0}, GOOD | {"sharpness": 9.5}

    newly = up.change("amazon", between, scope())
    freed = down.change("amazon", between, scope())

    assert newly == rules.Change(False, True, ("amazon-sharpness",), ())
    assert newly.newly_fails
    assert freed == rules.Change(True, False, (), ("amazon-sharpness",))
    assert freed.newly_passes
    assert up.change("amazon", beyond, scope()) is None


def test_what_fails_anyway_does_not_newly_fail() -> None:
    change = rules.Comparison(SHIPPED, stricter(9)).change("amazon", GOOD | {"sharpness": 8.0, "border_min_level": 3}, scope())

    assert change is not None
    assert (change.began, change.newly_fails) == (("amazon-sharpness",), False)


def test_new_words_change_no_verdict_and_concern_no_authority() -> None:
    reworded = rules.RuleSet(rule.model_copy(update={"message": "Say it so."}) for rule in SHIPPED.rules)
    compared = rules.Comparison(SHIPPED, reworded)

    assert compared.authorities == frozenset()
    assert compared.change("amazon", {}, scope()) is None


def test_an_unknown_authority_is_refused() -> None:
    with pytest.raises(rules.RuleError, match="etsy"):
        rules.Comparison(SHIPPED, stricter(9)).change("etsy", GOOD, scope())
