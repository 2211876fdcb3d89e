"""What is doubtful is told: how much, where, and in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging import cut_out
from imaging.confidence import calibrated
from tests import shots
from tests.imaging.conftest import KnowsTheTruth

CALIBRATION = {"bias": 1.0, "weights": {"expected": {"mean": 0.9, "scale": 0.05, "weight": 2.0}, "touching": {"mean": 0.2, "scale": 0.5, "weight": -1.0}}}


def words(made: object) -> str:
    return "; ".join(doubt.words for doubt in made.doubts)  # type: ignore[attr-defined]


def test_a_clear_case_has_no_doubts() -> None:
    made = cut_out(shots.watch_photo(), KnowsTheTruth(shots.watch_alpha()))

    assert made.doubts == ()
    assert made.probability > 0.97
    assert made.passes == 1


def test_a_part_that_the_net_is_unsure_of_is_shown() -> None:
    truth = shots.watch_alpha().astype(np.float32)
    truth[380:520, 520:680] *= 0.53  # a grey patch in the dial: neither yes nor no

    made = cut_out(shots.watch_photo(), KnowsTheTruth(truth.astype(np.uint8)))

    doubt = next(d for d in made.doubts if "unsure" in d.words)
    assert doubt.box is not None
    left, top, right, bottom = doubt.box
    assert left < 600 < right
    assert top < 450 < bottom
    assert "middle" in doubt.words
    assert doubt.words in made.notes


def test_a_product_that_leaves_the_photo_is_told_with_the_edge() -> None:
    truth = shots.watch_alpha(cropped=True)
    side = next(name for name, line in (("left", truth[:, 0]), ("right", truth[:, -1]), ("top", truth[0]), ("bottom", truth[-1])) if (line >= 128).any())

    made = cut_out(shots.watch_photo(cropped=True), KnowsTheTruth(truth))

    assert f"may be cut at the {side} edge" in words(made)
    assert made.probability < 0.92


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        ({"product": 0.1, "several": 0.0, "hand": 0.0, "prop": 0.0}, "no product"),
        ({"product": 1.0, "several": 0.9, "hand": 0.0, "prop": 0.0}, "more than one product"),
        ({"product": 1.0, "several": 0.0, "hand": 0.8, "prop": 0.0}, "a hand"),
        ({"product": 1.0, "several": 0.0, "hand": 0.0, "prop": 0.9}, "a stand"),
    ],
)
def test_what_else_the_net_sees_in_the_picture_is_told(scene: dict[str, float], told: str) -> None:
    made = cut_out(shots.watch_photo(), KnowsTheTruth(shots.watch_alpha(), scene=scene))

    assert told in words(made)
    assert made.facts["cutout_several"] == scene["several"]


def test_a_calibration_weighs_the_evidence_it_names() -> None:
    assert calibrated({"expected": 0.9, "touching": 0.2}, CALIBRATION) == pytest.approx(1 / (1 + np.exp(-1)))
    assert calibrated({"expected": 0.95, "touching": 0.2}, CALIBRATION) > calibrated({"expected": 0.9, "touching": 0.2}, CALIBRATION)
    assert calibrated({"expected": 0.9, "touching": 2.0}, CALIBRATION) < calibrated({"expected": 0.9, "touching": 0.0}, CALIBRATION)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_no_evidence_makes_a_probability_that_is_none(expected: float, touching: float) -> None:
    assert 0 < calibrated({"expected": expected, "touching": touching}, CALIBRATION) < 1


def test_evidence_that_a_model_lacks_counts_as_usual() -> None:
    assert calibrated({"expected": 0.9}, CALIBRATION) == calibrated({"expected": 0.9, "touching": 0.2}, CALIBRATION)


def test_the_places_of_doubts_lie_within_a_photo_that_is_a_strip() -> None:
    alpha = np.zeros((12, 1200), np.uint8)
    alpha[:, 100:700] = 255

    made = cut_out(shots.alpha_png(np.full((12, 1200), 230, np.uint8)), KnowsTheTruth(alpha))

    boxes = [doubt.box for doubt in made.doubts if doubt.box]
    assert len(boxes) >= 2
    assert all(0 <= left < right <= 1200 and 0 <= top < bottom <= 12 for left, top, right, bottom in boxes)
