"""Gives back the crispness that scaling took, on the item alone."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import cv2
import numpy as np

from imaging.filters import blend, strips
from imaging.frame import FAINT, Frame, Rgb, item_box
from imaging.recipe import AnyRecipe

_LEAST = 2  # levels: what differs from its surroundings by no more is grain, which is not to be sharpened


def sharpen(frame: Frame, recipe: AnyRecipe) -> Frame:
    """Unsharp mask, weighted by the alpha so that backdrop and shadow stay as they are."""
    radius, amount = recipe.sharpen.radius_px, recipe.sharpen.amount / 100
    if not amount or not radius:
        return frame
    left, top, right, bottom = item_box(frame.alpha, FAINT)
    part, alpha = frame.rgb[top:bottom, left:right], frame.alpha[top:bottom, left:right]
    rgb = frame.rgb.copy()
    beside = ceil(4 * radius) + 1  # rows that the blur looks at
    for rows in strips(bottom - top):
        around = slice(max(0, rows.start - beside), rows.stop + beside)
        crisp = _crisp(part[around], radius, amount)[rows.start - around.start :][: rows.stop - rows.start]
        rgb[top + rows.start : top + rows.stop, left:right] = blend(crisp, part[rows], alpha[rows])
    return replace(frame, rgb=rgb)


def _crisp(part: Rgb, radius: float, amount: float) -> Rgb:
    blurred = cv2.GaussianBlur(part, (0, 0), radius)
    crisp = cv2.addWeighted(part, 1 + amount, blurred, -amount, 0)
    grain = cv2.threshold(cv2.absdiff(part, blurred), _LEAST, 255, cv2.THRESH_BINARY_INV)[1]
    return np.asarray(cv2.copyTo(part, grain, crisp), dtype=np.uint8)
