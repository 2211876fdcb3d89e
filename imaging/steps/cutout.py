"""Takes the backdrop's colour out of the item's soft edge."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.filters import Floats, Pixels, blend, box_mean, shrink
from imaging.frame import Frame
from imaging.recipe import Recipe

_SURE = 250  # of 255: pixels that show nothing but the item
_REACH = 0.004  # of the canvas: how far inside the edge we look for the item's own colour
_COARSER = 4  # colours are gathered at a quarter of the size; they are blurred anyway


def cutout(frame: Frame, recipe: Recipe) -> Frame:
    """Edge pixels in the colour of the nearest sure part of the item, the more so the more backdrop they hold."""
    if not cv2.inRange(frame.alpha, 1, _SURE - 1).any():
        return frame
    radius = max(1, round(_REACH * recipe.size_px / _COARSER))
    sure = np.asarray(cv2.compare(frame.alpha, _SURE, cv2.CMP_GE))  # type: ignore[call-overload]
    weight = _twice_mean(_coarse(sure) / np.float32(255), radius)
    colours = _twice_mean(_coarse(np.asarray(cv2.copyTo(frame.rgb, sure))), radius) / np.maximum(weight, 1e-3)[..., None]
    inside = _fine(np.clip(np.rint(colours), 0, 255).astype(np.uint8), frame.alpha.shape, cv2.INTER_LINEAR)
    known = _fine(np.where(weight > 2e-3, 255, 0).astype(np.uint8), frame.alpha.shape, cv2.INTER_NEAREST)
    backdrop = cv2.bitwise_and(cv2.bitwise_not(cv2.bitwise_or(frame.alpha, sure)), known)  # what the alpha leaves, where it is not sure
    backdrop = cv2.copyTo(backdrop, frame.alpha)  # and nothing where there is no item at all
    return replace(frame, rgb=blend(inside, frame.rgb, np.asarray(backdrop, dtype=np.uint8)))


def _coarse(pixels: Pixels) -> Floats:
    """Means of squares of _COARSER, beyond the right and lower edge filled up with nothing; halved twice, which is ten times as fast as once."""
    height, width = pixels.shape[:2]
    whole = cv2.copyMakeBorder(pixels, 0, -height % _COARSER, 0, -width % _COARSER, cv2.BORDER_CONSTANT)
    half = shrink(np.asarray(whole, dtype=np.uint8), (whole.shape[1] // 2, whole.shape[0] // 2))
    return shrink(half, (whole.shape[1] // _COARSER, whole.shape[0] // _COARSER)).astype(np.float32)


def _fine(pixels: Pixels, shape: tuple[int, ...], how: int) -> Pixels:
    """What was `_coarse`, at its old size."""
    size = pixels.shape[1] * _COARSER, pixels.shape[0] * _COARSER
    return np.ascontiguousarray(cv2.resize(pixels, size, interpolation=how)[: shape[0], : shape[1]], dtype=np.uint8)


def _twice_mean(values: Floats, radius: int) -> Floats:
    return box_mean(box_mean(values, radius), radius)
