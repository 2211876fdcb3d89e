from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import Segmenter, Unreadable, cut_out, cutout_id
from tests import shots
from tests.imaging.conftest import KnowsTheTruth


def overlap(png: bytes, truth: NDArray[np.uint8]) -> float:
    mask = np.asarray(Image.open(io.BytesIO(png))) >= 128
    return float((mask & (truth >= 128)).sum() / (mask | (truth >= 128)).sum())


@pytest.mark.parametrize("seed", range(3))
def test_the_shipped_net_finds_a_watch(segmenter: Segmenter, seed: int) -> None:
    cutout = cut_out(shots.watch_photo(seed), segmenter)

    assert overlap(cutout.alpha, shots.watch_alpha(seed)) > 0.93
    assert cutout.mask.shape == (900, 1200)
    assert cutout.facts["cutout_pieces"] == 1
    assert cutout.facts["cutout_touching_sides"] == 0
    assert cutout.probability > 0.7, "a drawn watch on plain paper would pass the shipped rules"


def test_a_ring_keeps_its_hole(segmenter: Segmenter) -> None:
    truth = shots.watch_alpha(2, item="ring")
    middle = truth.shape[0] // 2 + 60, truth.shape[1] // 2

    cutout = cut_out(shots.watch_photo(2, item="ring"), segmenter)

    assert truth[middle] == 0
    assert np.asarray(Image.open(io.BytesIO(cutout.alpha)))[middle] == 0


def test_a_hole_that_shows_the_dial_and_not_the_backdrop_is_filled() -> None:
    truth = shots.watch_alpha(1)
    hollow = truth.copy()
    hollow[400:500, 550:650] = 0

    cutout = cut_out(shots.watch_photo(1), KnowsTheTruth(hollow, sure=4.0))

    assert overlap(cutout.alpha, truth) > 0.98
    words, box = cutout.changes[0]
    assert "filled a hole" in words
    assert words in cutout.notes
    assert box[0] <= 555 < 645 <= box[2]
    assert box[1] <= 405 < 495 <= box[3]


def test_a_hole_that_shows_the_backdrop_stays() -> None:
    truth = shots.watch_alpha(2, item="ring")

    cutout = cut_out(shots.watch_photo(2, item="ring"), KnowsTheTruth(truth))

    assert overlap(cutout.alpha, truth) > 0.95
    assert cutout.notes == ()


def test_a_product_that_runs_out_of_the_photo_is_told_and_lowers_the_confidence() -> None:
    cutout = cut_out(shots.watch_photo(cropped=True), KnowsTheTruth(shots.watch_alpha(cropped=True)))

    assert cutout.facts["cutout_touching_sides"] == 1
    assert "may be cropped" in cutout.notes[0]
    assert cutout.probability < 0.92


def test_two_items_are_counted() -> None:
    cutout = cut_out(shots.watch_photo(two=True), KnowsTheTruth(shots.watch_alpha(two=True)))

    assert cutout.facts["cutout_pieces"] == 2


def test_an_unsure_net_is_never_stretched_to_look_sure() -> None:
    photo, truth = shots.watch_photo(), shots.watch_alpha()

    unsure = cut_out(photo, KnowsTheTruth(truth, sure=0.6))

    assert unsure.probability < 0.6
    assert any("unsure" in note for note in unsure.notes)


def test_a_photo_without_an_item_is_told() -> None:
    with pytest.raises(Unreadable, match="no item"):
        cut_out(shots.watch_photo(empty=True), KnowsTheTruth(np.zeros((900, 1200), np.uint8)))


def test_the_same_photo_gives_the_same_bytes(segmenter: Segmenter) -> None:
    photo = shots.watch_photo(4, size=(800, 600))
    one, other = cut_out(photo, segmenter), cut_out(photo, segmenter)

    assert one.alpha == other.alpha
    assert (one.facts, one.notes, one.evidence) == (other.facts, other.notes, other.evidence)


def test_a_cutout_is_named_before_it_is_made() -> None:
    assert cutout_id("a", "b") == cutout_id("a", "b", "net")
    assert len({cutout_id("a", "b"), cutout_id("a", "c"), cutout_id("b", "a"), cutout_id("a", "b", "brush:1")}) == 4
