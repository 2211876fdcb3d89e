"""Puts the item in the middle of the canvas, by its box or by its body."""

from __future__ import annotations

from dataclasses import replace

import cv2
import cv2.typing
import numpy as np
from numpy.typing import NDArray

from imaging.filters import Floats
from imaging.frame import Alpha, Frame, item_box
from imaging.recipe import Recipe

_WIDE = 0.9  # quantile of the item's widths along a line that is taken for how wide it is
_BODY = 0.4  # of that: what is narrower at an end is an appendage
_SHORT = 0.15  # of the item's length: an appendage is no longer than this; a narrow strap is
_BESIDE = 8  # px between two pieces that are told apart


def place(frame: Frame, recipe: Recipe) -> Frame:
    """Picture and alpha of the canvas' size, the middle of the item's box in the middle, or of its body (`body`) as far as there is room."""
    width, height = recipe.width_px, recipe.height_px
    left, top, right, bottom = item_box(frame.alpha)
    clear = round(recipe.clear * recipe.longest_px)
    solid = cv2.compare(frame.alpha[top:bottom, left:right], 128, cv2.CMP_GE)  # type: ignore[call-overload]
    corner = (
        _start(width, left, right, _middle(solid, 0) if recipe.align == "body" else None, clear),
        _start(height, top, bottom, _middle(solid, 1) if recipe.align == "body" else None, clear),
    )
    rgb = np.zeros((height, width, 3), np.uint8)  # beside the item nothing of it is ever seen
    alpha = np.zeros((height, width), np.uint8)
    _paste(rgb, frame.rgb, corner)
    _paste(alpha, frame.alpha, corner)
    placing = None if frame.placing is None else frame.placing + np.array([[0, 0, corner[0]], [0, 0, corner[1]]])
    return replace(frame, rgb=rgb, alpha=_kept_clear(alpha, clear), placing=placing)


def _start(room: int, first: int, last: int, middle: float | None, clear: int) -> int:
    """Where the picture's pixel 0 comes to lie along one side, so that `middle` (px from `first`; None: halfway) is in the middle of `room`."""
    halfway = (last - first) / 2
    free = max(0.0, (room - (last - first)) / 2 - clear)  # so far the item may be moved without running into the margin
    moved = 0.0 if middle is None else min(max(halfway - middle, -free), free)
    return round(room / 2 - halfway + moved - first)


def _middle(solid: cv2.typing.MatLike, axis: int) -> float:
    """Where the body's middle lies along an axis: a crown, a buckle or a bail is short and far narrower than what it sits on, and does not count."""
    across = np.asarray(cv2.reduce(solid, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32F), dtype=np.float32).ravel()
    body = np.flatnonzero(across >= _BODY * np.quantile(across, _WIDE))
    first, last, most = int(body[0]), int(body[-1]) + 1, _SHORT * len(across)
    if _apart(across):
        return len(across) / 2
    return ((first if first <= most else 0) + (last if len(across) - last <= most else len(across))) / 2


def _apart(across: Floats) -> bool:
    """Whether there are two pieces beside each other: neither is the other's appendage."""
    gaps = np.flatnonzero(np.diff(np.flatnonzero(across)) > _BESIDE)
    return bool(len(gaps))


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
