"""The few array filters that we need: box means, fixed-order sums, so the same input gives the same numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]


def box_mean(values: Floats, radius: int) -> Floats:
    """Mean over the (2 radius + 1)-square around each pixel, the border repeated outward; works on HxW and HxWxC."""
    if radius < 1:
        return values
    return _mean_along(_mean_along(values, radius, 0), radius, 1)


def soft_blur(values: Floats, radius: int) -> Floats:
    """Three box means in a row, close to a Gaussian of standard deviation radius + .5."""
    for _ in range(3):
        values = box_mean(values, radius)
    return values


def resize(values: Floats, size: tuple[int, int], how: Image.Resampling, box: tuple[float, float, float, float] | None = None) -> Floats:
    """A float picture at another (width, height)."""
    if box is None and (values.shape[1], values.shape[0]) == size:
        return values
    return np.asarray(Image.fromarray(np.ascontiguousarray(values, dtype=np.float32)).resize(size, how, box=box), dtype=np.float32)


def _mean_along(values: Floats, radius: int, axis: int) -> Floats:
    width = 2 * radius + 1
    padding = [(0, 0)] * values.ndim
    padding[axis] = (radius + 1, radius)
    sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=axis, dtype=np.float64)
    length = values.shape[axis]
    before = (slice(None),) * axis
    means = sums[(*before, slice(width, width + length))] - sums[(*before, slice(0, length))]
    means /= width
    return means.astype(np.float32)


def area_mean(pixels: NDArray[np.uint8], size: tuple[int, int]) -> Floats:
    """A smaller picture of (width, height) whose pixels are exact area means; Pillow's BOX counts whole pixels only."""
    return _area_along(_area_along(pixels, size[1], 0), size[0], 1)


def _area_along(values: NDArray[np.uint8] | Floats, length: int, axis: int) -> Floats:
    have = values.shape[axis]
    exact = np.int32 if values.dtype == np.uint8 else np.float64
    sums = np.cumsum(values, axis=axis, dtype=exact)
    sums = np.concatenate([np.zeros_like(np.take(sums, [0], axis=axis)), sums], axis=axis)
    edges = np.arange(length + 1) * (have / length)
    whole = np.minimum(edges.astype(np.int64), have - 1)
    part = (edges - whole).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    at = np.take(sums, whole, axis=axis) * (1 - part) + np.take(sums, whole + 1, axis=axis) * part
    return np.asarray(np.diff(at, axis=axis) * (length / have), dtype=np.float32)
