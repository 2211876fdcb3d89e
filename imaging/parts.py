"""Connected parts of a mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The parts of a mask, largest first."""

    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]  # n x 4: left, top, right, bottom
    _shape: tuple[int, ...]
    _corner: tuple[int, int]  # left, top of what was looked at
    _numbers: NDArray[np.int32]  # as they were met there
    _rank: NDArray[np.int32]  # of each of those numbers

    def __len__(self) -> int:
        return len(self.areas)

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """HxW: part i has number i + 1, what is no part 0."""
        out = np.zeros(self._shape, np.int32)
        left, top = self._corner
        height, width = self._numbers.shape
        out[top : top + height, left : left + width] = self._rank[self._numbers]
        return out


def find_parts(mask: Mask, *, diagonal: bool = False) -> Parts:
    """All 4-connected (or, with `diagonal`, 8-connected) parts."""
    pixels = _bytes(mask)
    left, top, width, height = cv2.boundingRect(pixels)
    left, top, right, bottom = left & ~1, top & ~1, left + width, top + height  # OpenCV numbers parts by squares of 2 px
    here = np.ascontiguousarray(pixels[top:bottom, left:right])
    if not here.size:
        none = np.zeros((0, 4), np.int64)
        return Parts(none[:, 0], none, mask.shape, (0, 0), np.zeros((0, 0), np.int32), np.zeros(1, np.int32))
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(here, connectivity=8 if diagonal else 4, ltype=cv2.CV_32S)
    found = np.asarray(stats, dtype=np.int64)[1:]  # the first is what is no part
    order = np.argsort(-found[:, cv2.CC_STAT_AREA], kind="stable")
    rank = np.zeros(len(found) + 1, np.int32)
    rank[order + 1] = np.arange(1, len(found) + 1)
    across, down, wide, high, areas = found[order].T
    boxes = np.stack([across + left, down + top, across + left + wide, down + top + high], axis=1)
    return Parts(areas, boxes, mask.shape, (left, top), np.asarray(numbers, dtype=np.int32), rank)


def fill_enclosed(mask: Mask) -> Mask:
    """The mask with every region that it encloses: what a flood from outside the frame, 4-connected, does not reach."""
    framed = np.asarray(cv2.copyMakeBorder(_bytes(mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT), dtype=np.uint8)
    cv2.floodFill(framed, None, (0, 0), 2, flags=4)
    filled: Mask = framed[1:-1, 1:-1] != 2
    return filled


def _bytes(mask: Mask) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)
