from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.filters import blend, box_mean, darkest, lightest, resize, shrink, soft_blur


@given(st.integers(0, 1000), st.integers(3, 20), st.integers(3, 20), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_box_mean_is_the_mean_of_the_square_around(seed: int, height: int, width: int, radius: int) -> None:
    values = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    padded = np.pad(values, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1, 2 * radius + 1))

    assert box_mean(values, radius) == pytest.approx(windows.mean(axis=(2, 3)), abs=1e-4)


def test_a_soft_blur_spreads_and_keeps_the_sum() -> None:
    spot = np.zeros((41, 41), np.float32)
    spot[20, 20] = 1

    blurred = soft_blur(spot, 3)

    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert blurred[20, 20] < 0.05


@given(st.integers(0, 1000), st.integers(1, 220), st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_a_blend_is_the_upper_at_255_the_lower_at_0_and_between_in_proportion(seed: int, height: int, width: int) -> None:
    chance = np.random.default_rng(seed)
    over, under = (chance.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(2))
    alpha = chance.choice(np.array([0, 255, 100, 200], np.uint8), (height, width))

    mixed = blend(over, under, alpha)

    share = alpha[..., None] / 255
    assert np.abs(mixed - (over * share + under * (1 - share))).max() <= 1.01
    assert (mixed[alpha == 255] == over[alpha == 255]).all()
    assert (mixed[alpha == 0] == under[alpha == 0]).all()


def test_channel_extremes_are_those_of_numpy() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)

    assert (lightest(pixels) == pixels.max(axis=2)).all()
    assert (darkest(pixels) == pixels.min(axis=2)).all()


@given(st.integers(0, 1000), st.sampled_from([2, 3, 4, 6, 8, 12]), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_halving_on_the_way_leaves_area_means_but_for_rounding(seed: int, factor: int, width: int, height: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height * factor, width * factor, 3), dtype=np.uint8)
    means = pixels.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))

    assert np.abs(shrink(pixels, (width, height)) - means).max() <= 2


def test_shrinking_is_by_area() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

    assert np.abs(shrink(pixels, (2, 2)) - pixels.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))).max() <= 0.5


@pytest.mark.parametrize("size", [(20, 12), (33, 17), (10, 6)])
def test_a_linear_enlargement_is_pillows(size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random((6, 10)).astype(np.float32)
    pillows = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))

    assert resize(values, size, Image.Resampling.BILINEAR) == pytest.approx(pillows, abs=1e-5)
