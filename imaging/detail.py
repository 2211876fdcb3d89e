"""Sharpness and noise of luma, on pictures whose longest side is about SIDE px."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.parts import Mask

SIDE = 1000
_STRONGEST = 0.03  # of the pixels: the edges by which an eye judges sharpness
_SCALE = 25.0  # brings a crisp product to about 50..100
_LEAST_SPAN = 12.0  # levels of contrast below which there is nothing to judge
_TILES = 6


def sharpness(grey: NDArray[np.uint8], where: Mask | None = None) -> float | None:
    """0 blurred .. 100 crisp, independent of contrast; None where there is too little to judge by."""
    edges = _laplacian(grey)
    inner = grey[1:-1, 1:-1]
    if where is not None:
        chosen = where[1:-1, 1:-1]
        edges, inner = edges[chosen], inner[chosen]
    if edges.size < 100:
        return None
    low, high = np.percentile(inner, (2, 98))
    if high - low < _LEAST_SPAN:
        return None
    count = max(1, int(_STRONGEST * edges.size))
    strongest = np.partition(edges.ravel(), edges.size - count)[-count:]
    return float(min(100.0, strongest.mean() / (high - low) * _SCALE))


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
    g = grey.astype(np.int32)
    if min(g.shape) < 8:
        return None
    across = g[:, :-2] - 2 * g[:, 1:-1] + g[:, 2:]
    mask = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])
    values = mask[where[1:-1, 1:-1]] if where is not None else mask.ravel()
    if values.size < 100:
        return None
    return float(np.median(values) / (0.6745 * 6))


def _laplacian(grey: NDArray[np.uint8]) -> NDArray[np.int32]:
    g = grey.astype(np.int32)
    edges: NDArray[np.int32] = np.abs(4 * g[1:-1, 1:-1] - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:])
    return edges
