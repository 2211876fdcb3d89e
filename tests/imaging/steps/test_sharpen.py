from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import ImageFilter

from imaging.steps.sharpen import sharpen
from tests.imaging.steps.frames import RECIPE, block


def test_the_item_gets_crisper_and_the_backdrop_stays() -> None:
    plain = block()
    plain.image.paste((90, 20, 20), (98, 20, 102, 80))
    soft = replace(plain, rgb=np.asarray(plain.image.filter(ImageFilter.GaussianBlur(1))))

    frame = sharpen(soft, RECIPE)

    before, after = soft.rgb.astype(int), frame.rgb.astype(int)
    assert np.abs(np.diff(after[50, 85:115, 0])).max() > np.abs(np.diff(before[50, 85:115, 0])).max()
    assert (before[plain.alpha == 0] == after[plain.alpha == 0]).all()


def test_no_amount_means_no_change() -> None:
    gentle = RECIPE.model_copy(update={"sharpen": RECIPE.sharpen.model_copy(update={"amount": 0})})
    frame = block()

    assert sharpen(frame, gentle) is frame


def test_a_tall_item_is_sharpened_without_a_seam() -> None:
    chance = np.random.default_rng(0)
    rgb = chance.integers(60, 200, (400, 50, 3), dtype=np.uint8)
    alpha = np.full((400, 50), 255, np.uint8)

    tall = sharpen(replace(block(), rgb=rgb, alpha=alpha), RECIPE).rgb

    window = slice(60, 140)  # within which the first seam would be
    short = sharpen(replace(block(), rgb=rgb[window], alpha=alpha[window]), RECIPE).rgb
    assert (tall[window][10:-10] == short[10:-10]).all()
