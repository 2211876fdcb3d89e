"""Takes the backdrop's colour out of the item's soft edge."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.filters import Floats, blend, box_mean, shrink
from imaging.frame import Frame
from imaging.recipe import Recipe

_SURE = 250  # of 255: pixels that show nothing but the item
_REACH = 0.004  # of the canvas: how far inside the edge we look for the item's own colour
_COARSER = 4  # colours are gathered at a quarter of the size; they are blurred anyway


def cutout(frame: Frame, recipe: Recipe) -> Frame:
    """Edge pixels in the colour of the nearest sure part of the item, the more so the more backdrop they hold."""
    if not cv2.inRange(frame.alpha, 1, _SURE - 1).any():
        return frame
    height, width = frame.alpha.shape
    small = -(-width // _COARSER), -(-height // _COARSER)
    radius = max(1, round(_REACH * recipe.size_px / _COARSER))
    sure = np.asarray(cv2.compare(frame.alpha, _SURE, cv2.CMP_GE))  # type: ignore[call-overload]
    weight = _twice_mean(shrink(sure, small).astype(np.float32) / np.float32(255), radius)
    colours = _twice_mean(shrink(np.asarray(cv2.copyTo(frame.rgb, sure)), small).astype(np.float32), radius) / np.maximum(weight, 1e-3)[..., None]
    inside = cv2.resize(np.clip(np.rint(colours), 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    known = cv2.resize((weight > 2e-3).view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    backdrop = np.where((known > 0) & (sure == 0) & (frame.alpha > 0), 255 - frame.alpha, 0).astype(np.uint8)
    return replace(frame, rgb=blend(np.asarray(inside, dtype=np.uint8), frame.rgb, backdrop))


def _twice_mean(values: Floats, radius: int) -> Floats:
    return box_mean(box_mean(values, radius), radius)
