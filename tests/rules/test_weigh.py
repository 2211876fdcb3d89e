"""Populations become a limit only where they suffice; what they cannot tell is said, and what would tell it."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from typing import Any

import numpy as np
import pytest

import rules
from rules.change import moved, settled
from rules.learning import numbers
from rules.separation import pictures_needed, separate
from tests.prove.shop import SECRET, Shop, settled_after
from tests.rules.facts import GOOD, KNOWN, scope

SHIPPED = rules.load(KNOWN)
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
SMALL, BLUR = ("amazon:990003", "reason:too-small"), ("amazon:990001", "reason:blur")


def seen(n: int, objected: bool, imported: bool = False, days: float = 30, **facts: Any) -> rules.Observation:
    return rules.Observation(f"P-{n}", GOOD | facts, scope(), objected, NOW - dt.timedelta(days=days, seconds=n), imported)


def along(fact: str, limit: float, count: int = 120, low: float = 0.85, high: float = 0.97, seed: int = 1, **more: Any) -> list[rules.Observation]:
    """Pictures along one fact, objected to under the limit."""
    chance = random.Random(seed)
    values = [round(chance.uniform(low, high), 4) for _ in range(count)]
    return [seen(n, value < limit, **{fact: value}, **more) for n, value in enumerate(values)]


def weigh(words: tuple[str, ...], pictures: list[rules.Observation], memory: rules.Memory | None = None, **where: Any) -> rules.Weighed:
    return rules.weigh(where.pop("rule_set", SHIPPED), "amazon", words, scope(**where), pictures, NOW, memory)


def notice(code: str = "990003", reason: str | None = "too-small") -> rules.Evidence:
    return rules.Evidence("amazon-uk", code, reason, "The product is too small.", GOOD, scope(), NOW.date())


def test_two_populations_tell_the_limit_its_interval_and_what_it_costs_both_ways() -> None:
    found = weigh(SMALL, along("fill", 0.89))

    one = found.estimate
    assert found.outcome == "propose"
    assert one is not None
    assert (one.rule, one.in_force, one.limit) == ("amazon-main-fill", 0.85, 0.89)
    assert one.low <= 0.89 <= one.high
    assert one.high - one.low < 0.01
    assert one.objected + one.accepted == 120
    assert one.caught >= one.objected - 1
    assert one.blocked <= 1
    assert found.words.startswith("amazon-main-fill: ask for fill at least 0.89 (95 % interval ")


def test_pictures_that_are_mislabelled_widen_the_interval_and_do_not_break_it() -> None:
    pictures = along("fill", 0.89, count=300)
    odd = [rules.Observation(one.name, one.facts, one.scope, one.objected != (n % 40 == 0), one.at) for n, one in enumerate(pictures)]

    one = weigh(SMALL, odd).estimate

    assert one is not None
    assert one.limit == 0.89
    assert one.blocked > 0


@pytest.mark.parametrize(("objected", "accepted"), [(4, 200), (30, 19), (1, 0)])
def test_below_the_minimum_of_evidence_nothing_is_proposed(objected: int, accepted: int) -> None:
    pictures = [seen(n, True, fill=0.86) for n in range(objected)] + [seen(1000 + n, False, fill=0.9 + n / 5000) for n in range(accepted)]

    found = weigh(SMALL, pictures)

    assert found.outcome == "gathering"
    assert f"there are {objected} and {accepted}" in found.words


def test_a_constant_recipe_cannot_tell_and_the_answer_says_what_would() -> None:
    found = weigh(SMALL, [seen(n, n < 12, fill=0.88) for n in range(80)])

    assert found.outcome == "cannot tell"
    assert "all 80 have fill 0.88" in found.words
    assert re.fullmatch(r"Publish \d\d pictures with fill between 0\.88 and 0\.968, spread evenly and otherwise as before\.", found.experiment)


def test_the_experiment_has_as_many_pictures_as_it_takes() -> None:
    for chance in (0.05, 1e-3, 1e-6):
        count = pictures_needed(chance)
        values, objected = np.arange(count, dtype=float), np.arange(count) < count // 2
        assert separate(values, objected, 1.0, numbers()).chance <= chance * count / (count - 1)
        fewer = np.arange(count - 2)
        assert separate(fewer.astype(float), fewer < count // 2 - 1, 1.0, numbers()).chance > chance * 0.8


def test_facts_that_tell_equally_well_are_both_named_and_nothing_is_proposed() -> None:
    chance = random.Random(3)
    both = [
        (lambda v: seen(n, v < 0.93, background_white_share=v, border_min_level=round(200 + 500 * (v - 0.85))))(chance.uniform(0.86, 1.0)) for n in range(90)
    ]
    lenient = rules.load(
        KNOWN,
        {"amazon.yaml": "- id: amazon-main-white-border\n  limit: 190\n  passes: [190]\n  fails: [0]\n  source: {page: o, read: 2026-01-01, says: s}\n"},
    )

    found = weigh(("amazon:990002", "reason:non-white-background"), both, rule_set=lenient)

    assert found.outcome == "cannot tell"
    assert "border min level" in found.words
    assert "background white share" in found.words
    assert "if they are objected to it is" in found.experiment


def test_of_facts_that_tell_equally_well_the_one_whose_rule_knows_the_code_is_at_fault() -> None:
    known = 'prevents: ["reason:non-white-background", "amazon:990002"]'
    lenient = rules.load(
        KNOWN,
        {
            "amazon.yaml": f"- id: amazon-main-white-border\n  limit: 190\n  {known}\n  passes: [190]\n  fails: [0]\n  source: "
            "{page: o, read: 2026-01-01, says: s}\n"
        },
    )
    chance = random.Random(3)
    both = [
        (lambda v: seen(n, v < 0.93, background_white_share=v, border_min_level=round(200 + 500 * (v - 0.85))))(chance.uniform(0.86, 1.0)) for n in range(90)
    ]

    found = weigh(("amazon:990002", "reason:non-white-background"), both, rule_set=lenient)

    assert found.estimate is not None
    assert (found.outcome, found.estimate.fact) == ("propose", "border_min_level")


def test_a_reason_is_only_laid_at_facts_that_can_express_it() -> None:
    found = weigh(BLUR, along("fill", 0.9))

    assert found.outcome == "cannot tell"
    assert "sharpness" in found.words
    assert "fill" not in found.words


def test_a_reason_that_no_fact_expresses_goes_to_a_person() -> None:
    found = weigh(("amazon:1", "reason:wrong-product"), along("fill", 0.9))

    assert found.outcome == "no fact"


def test_what_they_accept_beyond_our_limit_is_told_and_nothing_is_loosened() -> None:
    found = weigh(SMALL, along("fill", 0.8, low=0.75, imported=True, count=200))

    assert found.outcome == "looser"
    assert found.estimate is not None
    assert found.estimate.limit == 0.8
    assert found.estimate.beyond > 0
    assert all(imported for _, imported in found.fine)


def test_a_limit_that_agrees_with_what_is_objected_to_stays() -> None:
    assert weigh(SMALL, along("fill", 0.85, low=0.8, count=200)).outcome == "agrees"


def test_what_was_declined_is_proposed_again_with_clearly_more_or_elsewhere() -> None:
    first = weigh(SMALL, along("fill", 0.89, count=60))
    assert first.estimate is not None
    no = {"rule": first.estimate.rule, "objected": first.estimate.objected, "limit": first.estimate.limit, "reason": "not now"}
    memory = rules.memory_from(json.loads(json.dumps(first.memory.to_dict())) | {"declined": no})

    same = weigh(SMALL, along("fill", 0.89, count=70), memory)
    assert same.outcome == "declined"
    assert "not now" in same.words
    assert f"from {2 * first.estimate.objected} on" in same.words
    assert weigh(SMALL, along("fill", 0.89, count=160), memory).outcome == "propose"
    assert weigh(SMALL, along("fill", 0.92, count=60), memory).outcome == "propose"


def test_an_unknown_code_becomes_the_draft_of_a_rule_with_the_limit_found() -> None:
    found = weigh(("amazon:777",), along("sharpness", 7.0, low=3.0, high=12.0))
    proposal = rules.propose_limit(SHIPPED, notice("777", None), found)
    made = rules.load(KNOWN, {"amazon.yaml": rules.accept("", proposal)})

    rule = made.by_id["amazon-notice-777"]
    assert (proposal.kind, rule.fact, rule.limit, rule.level) == ("write", "sharpness", 7.0, "review")
    assert rule.prevents == ("amazon:777",)


def test_a_proposal_pins_its_limit_by_cases_and_can_be_accepted_twice() -> None:
    found = weigh(SMALL, along("fill", 0.89))
    proposal = rules.propose_limit(SHIPPED, notice(), found)
    text = rules.accept("# mine\n", proposal)
    rule = rules.load(KNOWN, {"amazon.yaml": text}).by_id["amazon-main-fill"]

    assert (rule.limit, rule.level) == (0.89, "stop")
    assert 0.89 in rule.passes
    assert proposal.value in rule.fails
    assert isinstance(proposal.value, float)
    assert 0.88 < proposal.value < 0.89
    assert text.startswith("# mine\n")
    assert rules.accept(text, proposal) == text
    assert rule.source.evidence == "notice"


def test_a_limit_from_above_moves_down_and_a_mere_warning_asks_a_person_from_then_on() -> None:
    chance = random.Random(2)
    values = [round(chance.uniform(0.05, 0.45), 3) for _ in range(150)]
    found = weigh(("amazon:1", "reason:low-quality"), [seen(n, value > 0.3, clipped_share=value) for n, value in enumerate(values)])
    rule = rules.load(KNOWN, {"amazon.yaml": rules.accept("", rules.propose_limit(SHIPPED, notice("1", "low-quality"), found))}).by_id["amazon-clipped"]

    assert found.estimate is not None
    assert found.estimate.end == "most"
    assert (rule.limit, rule.level) == (0.3, "review")
    assert rule.fails[-1] > 0.3


def test_of_a_pair_of_limits_only_the_end_that_is_objected_to_moves() -> None:
    chance = random.Random(4)
    values = [chance.randint(500, 2000) for _ in range(200)]
    pictures = [
        rules.Observation(str(n), GOOD | {"longest_side": v}, scope("amazon-us", "ring"), v < 800, NOW - dt.timedelta(days=3)) for n, v in enumerate(values)
    ]
    found = weigh(("amazon:1", "reason:low-resolution"), pictures, marketplace="amazon-us", category="ring")
    evidence = rules.Evidence("amazon-us", "1", "low-resolution", "too few pixels", GOOD, scope("amazon-us", "ring"), NOW.date())

    assert rules.propose_limit(SHIPPED, evidence, found).new_limit == (800, 2100)


def test_labels_without_meaning_teach_nothing() -> None:
    proposed = 0
    for seed in range(60):
        chance = random.Random(seed)
        pictures = [
            seen(n, chance.random() < 0.25, fill=round(chance.uniform(0.85, 0.96), 3), longest_side=chance.randint(500, 3000))
            for n in range(chance.randint(30, 200))
        ]
        proposed += weigh(SMALL, pictures).outcome == "propose"

    assert proposed <= 0.05 * 60


def test_the_chance_told_is_never_smaller_than_it_is() -> None:
    chance, trials = np.random.default_rng(7), 400
    at_most = [0.01, 0.05, 0.2]
    told = np.array(
        [separate(np.sort(chance.integers(0, 30, 40).astype(float)), chance.permutation(np.arange(40) < 10), 1.0, numbers()).chance for _ in range(trials)]
    )

    for level in at_most:
        assert (told <= level).mean() <= level + 2.6 * (level * (1 - level) / trials) ** 0.5


def test_the_interval_holds_the_hidden_limit_as_often_as_it_says() -> None:
    chance, held, trials = random.Random(11), 0, 200
    for _ in range(trials):
        limit = round(chance.uniform(0.87, 0.93), 2)
        values = np.array([round(chance.uniform(0.85, 0.96), 4) for _ in range(60)])
        objected = np.array([(v < limit) != (chance.random() < 0.02) for v in values])
        found = separate(values, objected, 0.001, numbers())
        held += found.low <= limit <= found.high

    assert held / trials >= 0.93


def reference_of(limit: float = 0.89, count: int = 200) -> tuple[Any, random.Random]:
    chance = random.Random(5)
    values = np.array([chance.uniform(0.85, 0.97) for _ in range(count)])
    objected = values < limit
    return settled(separate(values, objected, 0.001, numbers()), values, objected, NOW, numbers()), chance


@pytest.mark.parametrize(("now_limit", "way"), [(0.92, "stricter"), (0.86, "looser")])
def test_a_limit_that_moved_is_noticed_either_way(now_limit: float, way: str) -> None:
    reference, chance = reference_of()
    values = np.array([chance.uniform(0.85, 0.97) for _ in range(200)])
    times = [NOW + dt.timedelta(hours=n) for n in range(200)]
    labels = np.where(np.arange(200) < 80, values < 0.89, values < now_limit)

    change = moved(reference, values, labels, times, numbers())

    assert change is not None
    assert change.way == way
    assert abs((change.since - times[80]).total_seconds()) < 15 * 3600
    assert moved(reference, values[:80], labels[:80], times[:80], numbers()) is None


def test_accidents_within_their_rate_are_no_change() -> None:
    reference, chance = reference_of()
    alarms = 0
    for _ in range(60):
        values = np.array([chance.uniform(0.85, 0.97) for _ in range(300)])
        labels = np.array([(v < 0.89) != (chance.random() < 0.02) for v in values])
        alarms += moved(reference, values, labels, [NOW] * 300, numbers()) is not None

    assert alarms <= 2


def test_after_a_change_only_what_was_judged_since_speaks() -> None:
    before = along("fill", 0.87, count=150)
    first = weigh(SMALL, before)
    later = [
        rules.Observation(f"L-{n}", one.facts, one.scope, one.facts["fill"] < 0.91, NOW + dt.timedelta(days=1 + n / 24))  # type: ignore[operator]
        for n, one in enumerate(along("fill", 0.91, count=120, seed=9))
    ]

    found = rules.weigh(SHIPPED, "amazon", SMALL, scope(), before + later, NOW + dt.timedelta(days=6), first.memory)

    assert found.memory.changes[0]["way"] == "stricter"
    assert found.words.startswith("Since about 2026-12-0")
    assert found.estimate is not None
    assert (found.outcome, found.estimate.limit) == ("propose", 0.91)


def test_a_shop_finds_secret_limits_and_notices_within_days_that_they_changed() -> None:
    shop = Shop(2).run(52)

    assert {fact: settled_after(shop, fact, truth, 0, 25) is not None for fact, truth in SECRET.items()} == {"border_min_level": True, "fill": True}
    assert all(40 < day <= 50 for day in shop.noticed.values())
    assert set(shop.noticed) == set(SECRET)
    assert not [one for one in shop.proposed if one[1] == "nothing"]


def test_a_shop_whose_objections_belong_to_other_pictures_learns_nothing() -> None:
    assert Shop(2, shuffled=True).run(30).proposed == []
