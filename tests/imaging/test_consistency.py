from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging import FACTS, consistency
from imaging.consistency import LEAST_PICTURES, ODD, TRAITS

SISTER = {
    "background_level": 254.2,
    "background_tint": 0.1,
    "fill": 0.88,
    "centre_offset": 0.003,
    "shadow_depth": 3.3,
    "highlight": 88.0,
    "tone_a": 0.5,
    "tone_b": 3.0,
}


def batch(count: int = 40, seed: int = 0) -> dict[str, dict[str, float]]:
    """Sisters that differ as products of one shop do: hardly in background, fill and shadow, in their metal by chance."""
    rng = np.random.default_rng(seed)
    noise = {"highlight": 6.0, "tone_a": 1.0, "tone_b": 2.0, "shadow_depth": 0.3, "fill": 0.003, "centre_offset": 0.002}
    return {f"p{n:02d}": {fact: value + rng.normal(0, noise.get(fact, 0.02)) for fact, value in SISTER.items()} for n in range(count)}


def test_every_trait_is_a_fact() -> None:
    assert set(TRAITS) <= set(FACTS)


@pytest.mark.parametrize(
    ("fact", "off", "says"),
    [
        ("background_level", -9.0, "the background is darker"),
        ("fill", -0.12, "it is shown smaller"),
        ("centre_offset", 0.08, "it is off the middle"),
        ("shadow_depth", 5.0, "its shadow is darker"),
        ("tone_b", 14.0, "its metal is yellower"),
        ("highlight", -38.0, "its highlights are darker"),
    ],
)
def test_the_odd_one_is_first_and_told_in_words(fact: str, off: float, says: str) -> None:
    pictures = batch()
    pictures["p17"][fact] += off

    found = consistency(pictures)

    assert found is not None
    assert (found.pictures[0].name, found.pictures[0].trait, found.pictures[0].words) == ("p17", fact, says)
    assert [odd.name for odd in found.odd] == ["p17"]


def test_what_no_eye_sees_is_not_odd() -> None:
    pictures = {f"p{n}": dict(SISTER) for n in range(10)}
    pictures["p3"]["background_level"] += 0.5

    found = consistency(pictures)

    assert found is not None
    assert found.spread == 0
    assert not found.odd


@given(st.integers(0, 1000), st.floats(1.5, 4))
@settings(max_examples=30, deadline=None)
def test_a_batch_that_differs_more_has_a_larger_spread(seed: int, factor: float) -> None:
    alike = batch(seed=seed)
    unlike = {name: {fact: SISTER[fact] + (value - SISTER[fact]) * factor for fact, value in facts.items()} for name, facts in alike.items()}
    first, second = consistency(alike), consistency(unlike)

    assert first is not None
    assert second is not None
    assert second.spread > first.spread


@given(st.permutations(range(12)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_pictures_does_not_matter(order: list[int]) -> None:
    pictures = batch(12)
    names = list(pictures)

    assert consistency({names[k]: pictures[names[k]] for k in order}) == consistency(pictures)


def test_pictures_without_a_fact_or_with_none_are_judged_by_the_others() -> None:
    pictures: dict[str, dict[str, float | None]] = {name: dict(facts) for name, facts in batch(8).items()}
    pictures["p03"] = {"background_level": 200.0}
    pictures["p04"]["shadow_depth"] = None

    found = consistency(pictures)

    assert found is not None
    assert found.pictures[0].name == "p03"
    assert found.pictures[0].z >= ODD


def test_of_a_few_pictures_none_is_odd() -> None:
    assert consistency(batch(LEAST_PICTURES - 1)) is None
