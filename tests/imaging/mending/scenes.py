"""Small scenes for the steps after the net: paper under soft light, a busy item on it, and a net that is wrong in a chosen way."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imaging.filters import Floats
from imaging.mending.look import Look, look_at
from imaging.parts import Mask

SIZE = (384, 288)
Slices = tuple[slice, slice]


def paper(tint: tuple[float, float, float] = (1.0, 0.98, 0.95), seed: int = 0, gain: float = 1.0) -> Floats:
    """HxWx3 levels: a smooth slope with a little grain."""
    width, height = SIZE
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    level = gain * (170 + 25 * (ys / height - 0.5) + 15 * (xs / width - 0.5) ** 2)
    grain = np.random.default_rng(seed).normal(0, 1.0, (height, width, 1))
    return (level[..., None] * np.array(tint) + grain).astype(np.float32)


def busy(mask: Mask, colour: tuple[int, int, int] = (120, 60, 40), seed: int = 1) -> Floats:
    """Levels of leather or links: the colour with a strong pattern."""
    pattern = np.where((np.indices(mask.shape).sum(axis=0) // 4) % 2, 1.35, 0.7)
    return np.clip(np.array(colour) * pattern[..., None] + np.random.default_rng(seed).normal(0, 4, (*mask.shape, 1)), 0, 255).astype(np.float32)


def region(at: Slices) -> Mask:
    """A rectangle of the frame as mask."""
    mask = np.zeros(SIZE[::-1], np.bool_)
    mask[at] = True
    return mask


def picture(levels: Floats) -> Image.Image:
    """Levels as a picture."""
    return Image.fromarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def seen(levels: Floats, p: Floats) -> Look:
    """The evidence, which must be there."""
    look = look_at(picture(levels), p)
    assert look is not None
    return look
