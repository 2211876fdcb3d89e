from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter

from imaging.steps.cutout import cutout
from tests.imaging.steps.frames import RECIPE, block


def test_the_soft_edge_takes_the_items_own_colour() -> None:
    sharp = block((200, 200), (50, 50, 150, 150))
    soft = np.asarray(Image.fromarray(sharp.alpha).filter(ImageFilter.GaussianBlur(2)))
    blurred = replace(sharp, rgb=np.asarray(sharp.image.filter(ImageFilter.GaussianBlur(2))), alpha=soft)

    frame = cutout(blurred, RECIPE)

    edge = (soft > 20) & (soft < 120)
    before = np.abs(blurred.rgb.astype(int)[edge] - (200, 30, 30)).mean()
    after = np.abs(frame.rgb.astype(int)[edge] - (200, 30, 30)).mean()
    assert after < 0.5 * before


def test_the_inside_is_left_as_it_was() -> None:
    frame = block()

    assert cutout(frame, RECIPE) is frame


def test_half_transparent_pixels_lose_a_coloured_backdrop() -> None:
    share = np.clip((np.arange(200, dtype=np.float32) - 95) / 10, 0, 1)[None, :].repeat(120, 0)
    item, backdrop = np.array([180.0, 175.0, 170.0]), np.array([20.0, 60.0, 220.0])
    pixels = np.rint(share[..., None] * item + (1 - share[..., None]) * backdrop).astype(np.uint8)
    frame = replace(block((200, 120)), rgb=pixels, alpha=np.rint(share * 255).astype(np.uint8))

    cleaned = cutout(frame, RECIPE).rgb.astype(int)

    soft = (share > 0.35) & (share < 1)
    assert np.abs(cleaned[soft] - item).max() <= 20
    assert np.abs(pixels[soft].astype(int) - item).max() > 60
