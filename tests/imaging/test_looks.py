"""How often the net is asked, and that asking again puts its answer in the right place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.looks import expected_overlap, look_at
from imaging.segment import Seen
from tests.imaging.conftest import KnowsTheTruth


def photo(seed: int = 0) -> NDArray[np.uint8]:
    """Noise, so that every part of it can be told from every other."""
    return np.random.default_rng(seed).integers(0, 256, (300, 400, 3), dtype=np.uint8)


def truth(left: int, top: int, right: int, bottom: int) -> NDArray[np.uint8]:
    alpha = np.zeros((300, 400), np.uint8)
    alpha[top:bottom, left:right] = 255
    return alpha


def off(p: NDArray[np.float32], alpha: NDArray[np.uint8]) -> float:
    rows = np.linspace(0, p.shape[0] - 1, 300).round().astype(int)
    columns = np.linspace(0, p.shape[1] - 1, 400).round().astype(int)
    return float(((p[np.ix_(rows, columns)] >= 0.5) != (alpha >= 128)).mean())


def test_a_large_item_that_is_sure_costs_one_pass() -> None:
    net = KnowsTheTruth(truth(40, 20, 360, 280))

    assert look_at(photo(), net).passes == net.looks == 1


def test_a_small_item_is_looked_at_closer_and_stays_where_it_is() -> None:
    alpha = truth(250, 30, 370, 110)
    net = KnowsTheTruth(alpha)

    looked = look_at(photo(), net)

    assert looked.passes == net.looks == 2
    assert off(looked.p, alpha) < 0.01
    assert looked.mirrored is None


@pytest.mark.parametrize("box", [(40, 20, 330, 280), (20, 200, 130, 290)])
def test_a_doubtful_one_is_looked_at_mirrored(box: tuple[int, int, int, int]) -> None:
    alpha = truth(*box)
    net = KnowsTheTruth(alpha, sure=1.5)

    looked = look_at(photo(), net)

    assert looked.mirrored is not None
    assert looked.mirrored.shape == looked.sure.shape
    assert off(looked.p, alpha) < 0.01


def test_switched_off_no_second_look_is_taken() -> None:
    net = KnowsTheTruth(truth(250, 30, 370, 110), sure=1.5)

    assert look_at(photo(), net, closer=False, mirror=False).passes == net.looks == 1


def test_the_expected_overlap_is_what_the_probabilities_say() -> None:
    p = np.array([[0.9, 0.8], [0.3, 0.1]], np.float32)

    assert expected_overlap(p, p >= 0.5) == pytest.approx(1.7 / 2.4)
    assert expected_overlap(p, p >= 2) == 0


@pytest.mark.parametrize("size", [(2000, 400), (400, 2000), (1600, 40)])
def test_a_long_item_in_a_strip_is_looked_at_closer_within_the_frame(size: tuple[int, int]) -> None:
    width, height = size
    rgb = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    alpha[height // 5 : height * 4 // 5, width // 5 : width * 4 // 5] = 255
    net = KnowsTheTruth(alpha)

    looked = look_at(rgb, net)

    assert looked.passes == 2
    small = cv2.resize(looked.p, size, interpolation=cv2.INTER_AREA)
    assert ((small >= 0.5) != (alpha >= 128)).mean() < 0.01


@pytest.mark.parametrize("size", [(2000, 12), (2, 2000)])
def test_what_the_net_makes_of_a_strip_stays_small(size: tuple[int, int]) -> None:
    class Stretches:
        """Sees the middle of a strip, as a net does that stretches strips to a third."""

        sha256, confidence = "0" * 64, None

        def look(self, rgb: NDArray[np.uint8]) -> Seen:
            alpha = np.full((160, 512) if rgb.shape[1] > rgb.shape[0] else (512, 160), -9, np.float32)
            alpha[alpha.shape[0] // 3 : alpha.shape[0] * 3 // 5, alpha.shape[1] // 3 : alpha.shape[1] * 3 // 5] = 9
            return Seen(alpha, np.ascontiguousarray(alpha[::4, ::4]))

    looked = look_at(np.zeros((size[1], size[0], 3), np.uint8), Stretches())

    assert looked.passes > 1
    assert looked.p.size < 1_000_000
