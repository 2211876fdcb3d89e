"""Gives back the crispness that scaling took, on the item alone."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.filters import blend
from imaging.frame import FAINT, Frame, item_box
from imaging.recipe import Recipe

_LEAST = 2  # levels: what differs from its surroundings by no more is grain, which is not to be sharpened


def sharpen(frame: Frame, recipe: Recipe) -> Frame:
    """Unsharp mask, weighted by the alpha so that backdrop and shadow stay as they are."""
    radius, amount = recipe.sharpen.radius_px, recipe.sharpen.amount / 100
    if not amount or not radius:
        return frame
    left, top, right, bottom = item_box(frame.alpha, FAINT)
    here = np.s_[top:bottom, left:right]
    part = frame.rgb[here]
    blurred = cv2.GaussianBlur(part, (0, 0), radius)
    crisp = cv2.addWeighted(part, 1 + amount, blurred, -amount, 0)
    grain = cv2.threshold(cv2.absdiff(part, blurred), _LEAST, 255, cv2.THRESH_BINARY_INV)[1]
    rgb = frame.rgb.copy()
    rgb[here] = blend(np.asarray(cv2.copyTo(part, grain, crisp), dtype=np.uint8), part, frame.alpha[here])
    return replace(frame, rgb=rgb)
