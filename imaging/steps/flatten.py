"""Lays the item and its shadow on the backdrop."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.filters import Floats, blend
from imaging.frame import Frame, Rgb, item_box
from imaging.recipe import Recipe


def flatten(frame: Frame, recipe: Recipe) -> Frame:
    """One opaque picture; where there is neither item nor shadow it is exactly the backdrop."""
    canvas = _backdrop(frame.backdrop, frame.shade, frame.alpha.shape)
    left, top, right, bottom = item_box(frame.alpha, 1)
    here = np.s_[top:bottom, left:right]
    canvas[here] = blend(frame.rgb[here], canvas[here], frame.alpha[here])
    return replace(frame, rgb=canvas)


def _backdrop(colour: tuple[int, int, int], shade: Floats | None, shape: tuple[int, ...]) -> Rgb:
    """The colour, darkened where the shadow falls."""
    if shade is None:
        return np.full((*shape, 3), colour, np.uint8)
    light = cv2.convertScaleAbs(shade, alpha=-255, beta=255)
    steps = np.arange(256) / 255
    channels = [light if channel == 255 else cv2.LUT(light, np.rint(steps * channel).astype(np.uint8)) for channel in colour]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)
