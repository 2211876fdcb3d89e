"""Connected parts of a mask."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The parts of a mask, largest first; part i has number i + 1 in `labels`."""

    labels: NDArray[np.int32]
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]  # n x 4: left, top, right, bottom

    def __len__(self) -> int:
        return len(self.areas)


def find_parts(mask: Mask, *, diagonal: bool = False) -> Parts:
    """All 4-connected (or, with `diagonal`, 8-connected) parts."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_bytes(mask), connectivity=8 if diagonal else 4, ltype=cv2.CV_32S)
    found = np.asarray(stats, dtype=np.int64)[1:]  # the first is what is no part
    order = np.argsort(-found[:, cv2.CC_STAT_AREA], kind="stable")
    rank = np.zeros(len(found) + 1, np.int32)
    rank[order + 1] = np.arange(1, len(found) + 1)
    left, top, width, height, areas = found[order].T
    return Parts(rank[np.asarray(labels)], areas, np.stack([left, top, left + width, top + height], axis=1))


def fill_enclosed(mask: Mask) -> Mask:
    """The mask with every region that it encloses: what a flood from outside the frame, 4-connected, does not reach."""
    framed = np.pad(_bytes(mask), 1)
    cv2.floodFill(framed, None, (0, 0), 2, flags=4)
    filled: Mask = framed[1:-1, 1:-1] != 2
    return filled


def _bytes(mask: Mask) -> NDArray[np.uint8]:
    return np.ascontiguousarray(mask).view(np.uint8)
