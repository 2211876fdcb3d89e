"""Growing and shrinking of masks by whole pixels, and where a mask lies."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.filters import Floats
from imaging.parts import Mask

Shares = tuple[float, float, float, float]  # left, top, right, bottom in shares 0..1 of the frame's sides


def grow(mask: Mask, radius: int) -> Mask:
    """The mask and everything within `radius` px of it, counted along rows and columns; nothing comes in from outside the frame."""
    box = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * radius + 1, 2 * radius + 1))
    grown: Mask = np.asarray(cv2.dilate(np.ascontiguousarray(mask).view(np.uint8), box), dtype=np.uint8).view(np.bool_)
    return grown


def shrink(mask: Mask, radius: int) -> Mask:
    """What of the mask lies further than `radius` px from its outside; beyond the frame counts as mask."""
    kept: Mask = ~grow(~mask, radius)
    return kept


def opened(mask: Mask, radius: int) -> Mask:
    """The mask without what is thinner than 2 `radius` + 1 px."""
    return mask & grow(shrink(mask, radius), radius)


def closed(mask: Mask, radius: int) -> Mask:
    """The mask with gaps of up to 2 `radius` px bridged."""
    return mask | shrink(grow(mask, radius), radius)


def soft(mask: Mask) -> Floats:
    """1 in the mask, .5 one pixel beside it, 0 elsewhere: its half level runs just outside it when scaled up."""
    return np.asarray(np.where(mask, np.float32(1), np.float32(0.5) * grow(mask, 1)), dtype=np.float32)


def shares_of(mask: Mask) -> Shares:
    """The box of a mask that is not empty."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


def side_of(box: Shares) -> str:
    """Where in the picture a box lies, in words that an operator would use: "at the left", "in the middle"."""
    x, y = (box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5
    if max(abs(x), abs(y)) < 0.12:
        return "in the middle"
    if abs(x) > abs(y):
        return "at the left" if x < 0 else "at the right"
    return "at the top" if y < 0 else "at the bottom"
