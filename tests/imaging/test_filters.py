from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.filters import area_mean, box_mean, soft_blur


@given(st.integers(0, 1000), st.integers(3, 20), st.integers(3, 20), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_a_box_mean_is_the_mean_of_the_square_around(seed: int, height: int, width: int, radius: int) -> None:
    values = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    padded = np.pad(values, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1, 2 * radius + 1))

    assert box_mean(values, radius) == pytest.approx(windows.mean(axis=(2, 3)), abs=1e-4)


@given(st.integers(0, 1000), st.integers(10, 60), st.integers(10, 60), st.integers(3, 10))
@settings(max_examples=40, deadline=None)
def test_area_means_keep_the_mean_of_the_picture(seed: int, height: int, width: int, side: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)

    small = area_mean(pixels, (side, side))

    assert small.shape == (side, side, 3)
    assert small.mean(axis=(0, 1)) == pytest.approx(pixels.mean(axis=(0, 1)), abs=0.01)


def test_a_whole_number_of_pixels_is_averaged_exactly() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

    assert (area_mean(pixels, (2, 2)) == pixels.reshape(2, 2, 2, 2, 3).mean(axis=(1, 3))).all()


def test_a_soft_blur_spreads_and_keeps_the_sum() -> None:
    spot = np.zeros((41, 41), np.float32)
    spot[20, 20] = 1

    blurred = soft_blur(spot, 3)

    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert blurred[20, 20] < 0.05
