"""Sharpness and noise of luma, on pictures whose longest side is about SIDE px."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.parts import Mask

SIDE = 1000
_STRONGEST = 0.03  # of the pixels: the edges by which an eye judges sharpness
_SCALE = 25.0  # brings a crisp product to about 50..100
_LEAST_SPAN = 12.0  # levels of contrast below which there is nothing to judge
_TILES = 6
_VALUES = 2048  # more than any 3x3 filter below can answer (8 x 255)


def sharpness(grey: NDArray[np.uint8], where: Mask | None = None) -> float | None:
    """0 blurred .. 100 crisp, independent of contrast; None where there is too little to judge by."""
    if min(grey.shape) < 3:
        return None
    levels = _counts(grey[1:-1, 1:-1], where)
    size = int(levels.sum())
    if size < 100:
        return None
    low, high = _quantile(levels, 0.02), _quantile(levels, 0.98)
    if high - low < _LEAST_SPAN:
        return None
    edges = _counts(_laplacian(grey), where)
    count = max(1, int(_STRONGEST * size))
    above = np.cumsum(edges[::-1])[::-1]  # how many are at least so steep
    taken = np.minimum(above, count) - np.minimum(np.append(above[1:], 0), count)
    strongest = float((taken * np.arange(len(edges))).sum()) / count
    return float(min(100.0, strongest / (high - low) * _SCALE))


def sharpest_tiles(grey: NDArray[np.uint8]) -> float | None:
    """The sharpness of the three sharpest tiles of the middle, so that a blurred backdrop is no fault."""
    height, width = grey.shape
    middle = grey[height // 8 : height - height // 8, width // 8 : width - width // 8]
    scores = []
    for band in np.array_split(middle, _TILES, axis=0):
        for tile in np.array_split(band, _TILES, axis=1):
            score = sharpness(tile)
            if score is not None:
                scores.append(score)
    return float(np.mean(sorted(scores)[-3:])) if scores else None


def noise(grey: NDArray[np.uint8], where: Mask | None = None) -> float | None:
    """Standard deviation in levels, from the flatter half so that texture counts little; None where too small."""
    if min(grey.shape) < 8:
        return None
    counts = _counts(_filtered(grey, [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]), where)
    if counts.sum() < 100:
        return None
    return _quantile(counts, 0.5) / (0.6745 * 6)


def _laplacian(grey: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return _filtered(grey, [[0, -1, 0], [-1, 4, -1], [0, -1, 0]])


def _filtered(grey: NDArray[np.uint8], kernel: list[list[int]]) -> NDArray[np.uint16]:
    """What a 3x3 kernel makes of the inner pixels, without its sign."""
    values = np.asarray(cv2.filter2D(np.ascontiguousarray(grey), cv2.CV_16S, np.array(kernel, np.float32)))
    return np.abs(values[1:-1, 1:-1]).astype(np.uint16)


def _counts(inner: NDArray[np.uint8] | NDArray[np.uint16], where: Mask | None) -> NDArray[np.int64]:
    """How many of the inner pixels (of `where`) have each value: small whole numbers need no sorting."""
    mask = None if where is None else np.ascontiguousarray(where[1:-1, 1:-1]).view(np.uint8)
    counts = cv2.calcHist([np.ascontiguousarray(inner)], [0], mask, [_VALUES], [0, _VALUES])
    return np.asarray(counts, dtype=np.int64).ravel()


def _quantile(counts: NDArray[np.int64], share: float) -> float:
    """The value below which that share lies, between two values in proportion, as numpy.quantile has it."""
    up_to = np.cumsum(counts)
    at = share * (int(up_to[-1]) - 1)
    low, high = (int(np.searchsorted(up_to, rank, side="right")) for rank in (int(at), min(int(at) + 1, int(up_to[-1]) - 1)))
    return low + (high - low) * (at - int(at))
