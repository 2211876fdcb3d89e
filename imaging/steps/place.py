"""Puts the item in the middle of the canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from imaging.frame import Frame, item_box
from imaging.recipe import Recipe


def place(frame: Frame, recipe: Recipe) -> Frame:
    """Image and alpha of the canvas' size, the middle of the item's box in the middle."""
    side = recipe.size_px
    left, top, right, bottom = item_box(frame.alpha)
    corner = round((side - left - right) / 2), round((side - top - bottom) / 2)
    image = Image.new("RGB", (side, side), frame.backdrop)
    image.paste(frame.image, corner)
    alpha = Image.new("L", (side, side), 0)
    alpha.paste(Image.fromarray(frame.alpha), corner)
    return replace(frame, image=image, alpha=_kept_clear(np.array(alpha, dtype=np.uint8), round(recipe.clear * side)))


def _kept_clear(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], band: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """No faint rest of a mask may reach the canvas' edge."""
    alpha[:band], alpha[-band:], alpha[:, :band], alpha[:, -band:] = 0, 0, 0, 0
    return alpha
