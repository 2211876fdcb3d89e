"""Takes the backdrop's colour out of the item's soft edge."""

from __future__ import annotations

from dataclasses import replace

import cv2
import cv2.typing
import numpy as np
from numpy.typing import NDArray

from imaging.filters import Floats, Pixels, box_mean, shrink
from imaging.frame import Frame
from imaging.recipe import Recipe

Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
_SURE = 250  # of 255: pixels that show nothing but the item
_REACH = 0.004  # of the canvas: how far beside the edge we look for the item's own colour and for the backdrop's
_COARSER = 4  # colours are gathered at a quarter of the size; they are blurred anyway
_KNOWN = 2e-3  # share of the neighbourhood that must show a colour
_MOST = 1.5  # times the step from backdrop to pixel that may be added: below alpha .4 there is more noise than item
_CLEAR = 30  # levels by which a colour may lie beyond both the pixel's and the item's: an edge may glint, not glow


def cutout(frame: Frame, recipe: Recipe) -> Frame:
    """Edge pixels with the backdrop taken out of them, the more in the colour of the nearest sure part of the item the less they are item.

    A pixel of alpha a is a item + (1 - a) backdrop; the backdrop is seen beside it, so the item's part can be solved for. Where a is small that
    magnifies noise and every error of a, and the item's colour nearby is the better guess.
    """
    at = np.flatnonzero((frame.alpha > 0) & (frame.alpha < _SURE))
    if not len(at):
        return frame
    radius = max(1, round(_REACH * recipe.longest_px / _COARSER))
    rows, columns = at // frame.alpha.shape[1] // _COARSER, at % frame.alpha.shape[1] // _COARSER
    item, item_known = _nearby(frame, cv2.compare(frame.alpha, _SURE, cv2.CMP_GE), radius, rows, columns)  # type: ignore[call-overload]
    behind, behind_known = _nearby(frame, cv2.compare(frame.alpha, 0, cv2.CMP_EQ), radius, rows, columns)  # type: ignore[call-overload]
    seen = frame.rgb.reshape(-1, 3)[at].astype(np.float32)
    share = frame.alpha.ravel()[at].astype(np.float32)[:, None] / np.float32(255)
    solved = seen + np.where(behind_known, np.minimum((1 - share) / share, np.float32(_MOST)), 0) * (seen - behind)
    low, high = np.where(item_known, np.minimum(seen, item) - _CLEAR, 0), np.where(item_known, np.maximum(seen, item) + _CLEAR, 255)
    solved = np.clip(solved, np.maximum(low, 0), np.minimum(high, 255))
    rgb = frame.rgb.copy()
    rgb.reshape(-1, 3)[at] = np.rint(np.where(item_known, share * solved + (1 - share) * item, solved)).astype(np.uint8)
    return replace(frame, rgb=rgb)


def _nearby(frame: Frame, mask: cv2.typing.MatLike, radius: int, rows: Index, columns: Index) -> tuple[Floats, Flags]:
    """The mean colour of the mask (255 or 0) around each place, n x 3, and whether there is any, n x 1."""
    where = np.asarray(mask, dtype=np.uint8)
    weight = _twice_mean(_coarse(where) / np.float32(255), radius)[rows, columns][:, None]
    sums = _twice_mean(_coarse(np.asarray(cv2.copyTo(frame.rgb, where), dtype=np.uint8)), radius)[rows, columns]
    return np.asarray(sums / np.maximum(weight, np.float32(1e-3)), dtype=np.float32), weight > _KNOWN


def _coarse(pixels: Pixels) -> Floats:
    """Means of squares of _COARSER, beyond the right and lower edge filled up with nothing."""
    height, width = pixels.shape[:2]
    whole = cv2.copyMakeBorder(pixels, 0, -height % _COARSER, 0, -width % _COARSER, cv2.BORDER_CONSTANT)
    return shrink(np.asarray(whole, dtype=np.uint8), (whole.shape[1] // _COARSER, whole.shape[0] // _COARSER)).astype(np.float32)


def _twice_mean(values: Floats, radius: int) -> Floats:
    return box_mean(box_mean(values, radius), radius)
