"""A limit that nobody tells is found from notices, a change of it is noticed, and from labels without meaning nothing is learnt."""

from __future__ import annotations

from tests.prove.shop import ACCEPTS_ON, CHANGES_ON, DAYS, SECRET, STEP, Shop, settled_after

MOST_OBJECTIONS, MOST_DAYS = 100, 30
SHOPS, SHUFFLED_DAYS = 20, 45


def prove(seed: int) -> str:
    """One shop with secret limits that change on one day; a person accepts what is proposed on another."""
    shop, told = Shop(seed).run(), []
    for fact, truth in SECRET.items():
        before = settled_after(shop, fact, truth, 0, ACCEPTS_ON)
        assert before is not None, f"{fact}: the limit proposed on day {ACCEPTS_ON} is not within a step of {truth}: {shop.proposed}"
        assert before <= MOST_OBJECTIONS, f"{fact}: took {before} objections"
        told.append(f"{fact} n={before}")
        later, noticed = shop.later[fact], shop.noticed.get(fact)
        if abs(later - truth) < STEP[fact]:
            assert noticed is None, f"{fact}: did not change, and was said to on day {noticed}"
            continue
        assert noticed is not None, f"{fact}: nobody noticed that it became {later}"
        assert CHANGES_ON < noticed <= CHANGES_ON + MOST_DAYS, f"{fact}: noticed on day {noticed}"
        assert settled_after(shop, fact, later, CHANGES_ON + 1, DAYS) is not None, f"{fact}: the new limit {later} was not found"
        told[-1] += f" k={noticed - CHANGES_ON}"
    assert not [one for one in shop.proposed if one[1] == "nothing"], "a reason without a cause was given one"
    return ", ".join(told)


def prove_nothing_is_learnt_from_nothing(seed: int) -> str:
    """Shops whose objections belong to other pictures: in at least 95 % of them nothing is proposed, on any day."""
    wrong = sum(bool(Shop(1000 * seed + n, shuffled=True).run(SHUFFLED_DAYS).proposed) for n in range(SHOPS))
    assert wrong <= 0.05 * SHOPS, f"proposed in {wrong} of {SHOPS} shops"
    return f"proposed in {wrong} of {SHOPS} shops with shuffled labels"
