"""The few array filters that we need, on OpenCV with one thread: the same input gives the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Array = TypeVar("Array", Floats, Pixels)

_STRIP = 96  # rows

cv2.setNumThreads(1)  # workers are processes; threads of its own would only take their processors away


def box_mean(values: Floats, radius: int) -> Floats:
    """Mean over the (2 radius + 1)-square around each pixel, the border repeated outward; works on HxW and HxWxC."""
    if radius < 1:
        return values
    width = 2 * radius + 1
    return np.asarray(cv2.blur(_floats(values), (width, width), borderType=cv2.BORDER_REPLICATE), dtype=np.float32)


def soft_blur(values: Floats, radius: int) -> Floats:
    """Three box means in a row, close to a Gaussian of standard deviation radius + .5."""
    for _ in range(3):
        values = box_mean(values, radius)
    return values


def resize(values: Floats, size: tuple[int, int], how: Image.Resampling, box: tuple[float, float, float, float] | None = None) -> Floats:
    """A float picture at another (width, height), antialiased where it shrinks; `box` is the part of it that is wanted."""
    height, width = values.shape[:2]
    if box is None and (width, height) == size:
        return values
    if box is None and how == Image.Resampling.BILINEAR and size[0] >= width and size[1] >= height:
        return np.asarray(cv2.resize(_floats(values), size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)  # Pillow's numbers, 15 times as fast
    return np.asarray(Image.fromarray(_floats(values)).resize(size, how, box=box), dtype=np.float32)


def shrink(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """A picture HxW or HxWxC of (width, height) no larger than it is, by area means, exact but for rounding.

    Halved where that leads there, which is ten times as fast as to go all the way at once.
    """
    while all(have % (2 * want) == 0 for have, want in zip(pixels.shape[1::-1], size, strict=True)):
        pixels = np.asarray(cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def lightest(values: Array) -> Array:
    """HxW of HxWx3: the highest channel of each pixel; numpy's own maximum along a short axis takes 20 times as long."""
    return np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])


def darkest(values: Array) -> Array:
    """HxW of HxWx3: the lowest channel of each pixel."""
    return np.minimum(np.minimum(values[..., 0], values[..., 1]), values[..., 2])


def steps(values: Floats) -> Floats:
    """HxW: by how much a pixel and its eight neighbours differ."""
    around = np.ones((3, 3), np.uint8)
    return np.asarray(cv2.subtract(cv2.dilate(values, around), cv2.erode(values, around)), dtype=np.float32)


def blend(over: Pixels, under: Pixels, alpha: Pixels) -> Pixels:
    """`over` laid on `under`, both HxWx3, as opaque as `alpha` HxW says: exactly the one at 255 and the other at 0."""
    out = np.empty_like(under)
    for rows in strips(len(alpha)):
        share = cv2.merge([alpha[rows]] * 3)
        upper = cv2.multiply(over[rows], share, scale=1 / 255)
        cv2.add(upper, cv2.multiply(under[rows], cv2.bitwise_not(share), scale=1 / 255), dst=out[rows])
    return out


def strips(height: int) -> Iterator[slice]:
    """The rows of a picture in strips whose intermediate results stay in the processor's cache, which halves the time of a chain of operations."""
    for top in range(0, height, _STRIP):
        yield slice(top, min(top + _STRIP, height))


def _floats(values: Floats) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float32)
