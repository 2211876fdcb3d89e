from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from imaging.edges import plain_ramp, refine
from imaging.filters import resize
from tests import shots

SIZE = (1600, 1200)


def scene() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
    rgb = np.asarray(Image.open(io.BytesIO(shots.watch_photo(3, size=SIZE))).convert("RGB"))
    truth = shots.watch_alpha(3, size=SIZE)
    coarse = np.asarray(Image.fromarray(truth).resize((384, 288), Image.Resampling.BOX))
    return rgb, truth, coarse


def test_the_outline_settles_on_the_photo_s_own_edges() -> None:
    rgb, truth, coarse = scene()
    p = coarse.astype(np.float32) / 255

    alpha = refine(rgb, p)

    error = np.abs(alpha.astype(int) - truth).mean()
    assert error < 0.6 * np.abs(plain_ramp(SIZE, p).astype(int) - truth).mean()


def test_beyond_the_band_alpha_is_all_or_nothing() -> None:
    rgb, truth, coarse = scene()
    unsure = np.clip(coarse.astype(np.float32) / 255 * 0.5 + 0.25, 0, 1)

    alpha = refine(rgb, unsure)

    soft = (alpha > 0) & (alpha < 255)
    near = resize(((coarse > 3) & (coarse < 252)).astype(np.float32), SIZE, Image.Resampling.BILINEAR)
    assert soft.mean() < 0.08
    assert np.isin(alpha[near == 0], (0, 255)).mean() > 0.97
    assert (alpha[truth == 255] >= 128).mean() > 0.99


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (2, 1900)])
def test_a_picture_one_pixel_thin_has_an_alpha(size: tuple[int, int]) -> None:
    width, height = size
    rgb = np.zeros((height, width, 3), np.uint8)

    assert refine(rgb, np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(64, axis=0)).shape == (height, width)


def test_a_frame_full_of_item_and_one_without() -> None:
    rgb = scene()[0]

    assert (refine(rgb, np.ones((96, 128), np.float32)) == 255).all()
    assert (refine(rgb, np.zeros((96, 128), np.float32)) == 0).all()


def test_a_photo_no_larger_than_the_net_saw_it_keeps_the_net_s_own_ramp() -> None:
    p = scene()[2].astype(np.float32) / 255

    alpha = refine(np.zeros((*p.shape, 3), np.uint8), p)

    assert np.abs(alpha.astype(int) - p * 255).max() <= 1
