"""Fits the net's coarse outline to the photo's own edges.

The net answers on a grid of 384; a delivered picture has five times as many pixels. A colour guided filter (He, Sun and
Tang 2013; the fast variant) explains the mask near its edge as a linear function of the photo's colours, so the
outline settles where the colours change. Its coefficients are found at reduced size and applied at full size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats, box_mean, resize

SIDE = 640  # where the coefficients are found
_RADIUS = 0.005  # of the longest side: how far the net's outline is usually off
_SMOOTH = 1e-4  # colours (0..1) that differ less than the root of this are taken as one

_HALF = np.float32(128 / 255)  # what counts as item once alpha is 8-bit
_CRISP = np.float32(1.6)  # the net's ramp is several delivered pixels wide; an optical edge is one or two


def fit_edges(rgb: NDArray[np.uint8], p: Floats) -> Floats:
    """The alpha 0..1 of `rgb`'s size; what `p` calls item by half stays so but within a few pixels of the outline."""
    height, width = rgb.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX), dtype=np.float32) / np.float32(255)
    guide, rough = small, np.clip(resize(p, size, Image.Resampling.BICUBIC), 0, 1)
    slope, offset = _coefficients(guide, rough, max(1, round(_RADIUS * max(size))))
    alpha = resize(offset, (width, height), Image.Resampling.BILINEAR).copy()
    for channel in range(3):
        alpha += resize(slope[..., channel], (width, height), Image.Resampling.BILINEAR) * (rgb[..., channel] * np.float32(1 / 255))
    return np.clip(alpha, 0, 1)


def crisp(alpha: Floats) -> Floats:
    """The same outline with a steeper ramp, so that the item is opaque to its edge."""
    return np.asarray(np.clip(_HALF + (alpha - _HALF) * _CRISP, 0, 1), dtype=np.float32)


def _coefficients(guide: Floats, p: Floats, radius: int) -> tuple[Floats, Floats]:
    """Slope per channel and offset, averaged over the windows that a pixel lies in."""
    mean, mean_p = box_mean(guide, radius), box_mean(p, radius)
    shared = box_mean(guide * p[..., None], radius) - mean * mean_p[..., None]
    red, green, blue = guide[..., 0], guide[..., 1], guide[..., 2]
    products = np.stack([red * red, red * green, red * blue, green * green, green * blue, blue * blue], axis=-1)
    mr, mg, mb = mean[..., 0], mean[..., 1], mean[..., 2]
    spread = box_mean(products, radius) - np.stack([mr * mr, mr * mg, mr * mb, mg * mg, mg * mb, mb * mb], axis=-1)
    slope = _solve(spread.astype(np.float64), shared.astype(np.float64)).astype(np.float32)
    offset = mean_p - (slope * mean).sum(axis=-1)
    return box_mean(slope, radius), box_mean(offset, radius)


def _solve(spread: NDArray[np.float64], shared: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric 3x3 system of every pixel, by cofactors."""
    a, b, c, d, e, f = (spread[..., i] for i in range(6))
    a, d, f = a + _SMOOTH, d + _SMOOTH, f + _SMOOTH
    ca, cb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    cd, ce, cf = a * f - c * c, b * c - a * e, a * d - b * b
    det = a * ca + b * cb + c * cc
    x, y, z = (shared[..., i] for i in range(3))
    return np.stack([ca * x + cb * y + cc * z, cb * x + cd * y + ce * z, cc * x + ce * y + cf * z], axis=-1) / det[..., None]
