"""Puts the item in the middle of the canvas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imaging.frame import Alpha, Frame, item_box
from imaging.recipe import Recipe


def place(frame: Frame, recipe: Recipe) -> Frame:
    """Picture and alpha of the canvas' size, the middle of the item's box in the middle."""
    side = recipe.size_px
    left, top, right, bottom = item_box(frame.alpha)
    corner = round((side - left - right) / 2), round((side - top - bottom) / 2)
    rgb = np.zeros((side, side, 3), np.uint8)  # beside the item nothing of it is ever seen
    alpha = np.zeros((side, side), np.uint8)
    _paste(rgb, frame.rgb, corner)
    _paste(alpha, frame.alpha, corner)
    return replace(frame, rgb=rgb, alpha=_kept_clear(alpha, round(recipe.clear * side)))


def _paste(canvas: NDArray[np.uint8], part: NDArray[np.uint8], corner: tuple[int, int]) -> None:
    """Into `canvas`, what hangs over its edges left away."""
    height, width = canvas.shape[:2]
    left, top = max(0, corner[0]), max(0, corner[1])
    right, bottom = min(width, corner[0] + part.shape[1]), min(height, corner[1] + part.shape[0])
    canvas[top:bottom, left:right] = part[top - corner[1] : bottom - corner[1], left - corner[0] : right - corner[0]]


def _kept_clear(alpha: Alpha, band: int) -> Alpha:
    """No faint rest of a mask may reach the canvas' edge."""
    alpha[:band], alpha[-band:], alpha[:, :band], alpha[:, -band:] = 0, 0, 0, 0
    return alpha
