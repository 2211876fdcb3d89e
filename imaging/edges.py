"""Alpha at delivery size, solved only in a narrow band at the outline; everywhere else the item is opaque or absent.

The net answers on a grid of a few hundred; a delivered picture has five times as many pixels. A colour guided filter (He, Sun and Tang 2013; the
fast variant) explains the mask near its outline as a linear function of the photo's colours, so the outline settles where the colours change.
Its coefficients are found at reduced size and applied to the pixels of the band alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging import filters
from imaging.filters import Floats, box_mean, resize
from imaging.frame import item_box
from imaging.mending.shapes import grow, shrink
from imaging.parts import Mask

_ENLARGED = 1.25  # from this enlargement of the net's answer on
SIDE = 640  # px of the longest side at which coefficients are found
_BAND = 0.009  # of the longest side: how far from the net's outline, on both sides, alpha may be anything but 0 or 1
_RADIUS = 0.005  # of the longest side: how far the net's outline is usually off
_SMOOTH = 3e-5  # colours (0..1) that differ less than the root of this are taken as one

_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # of channels, in the order of a symmetric matrix's upper triangle

_HALF = np.float32(128 / 255)  # what counts as item once alpha is 8-bit
_CRISP = np.float32(2.5)  # the net's ramp is several delivered pixels wide; an optical edge is one or two


def refine(rgb: NDArray[np.uint8], p: Floats) -> NDArray[np.uint8]:
    """The 8-bit alpha HxW of `rgb` HxWx3 from probabilities `p` 0..1 on any grid that spans the photo.

    255 or 0 by the side of .5 that `p` is on, but within the band; there the outline moves a few pixels at most. A photo hardly larger than the
    grid has nothing more to show, and keeps the net's own ramp.
    """
    height, width = rgb.shape[:2]
    if max(height / p.shape[0], width / p.shape[1]) < _ENLARGED:
        return plain_ramp((width, height), p)
    factor = min(1.0, SIDE / max(height, width))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    rough = np.clip(resize(p, size, Image.Resampling.BICUBIC), 0, 1)
    mask = rough >= 0.5
    reach = max(2, round(_BAND * max(size)))
    core = shrink(mask, reach)
    band = grow(mask, reach) & ~core
    alpha = _enlarged(core, (width, height)) * np.uint8(255)
    at = np.flatnonzero(_enlarged(band, (width, height)).view(np.bool_))  # eight times as fast as of bytes
    if not len(at):
        return alpha
    half = filters.shrink(rgb, (width // 2, height // 2)) if factor <= 0.5 and min(width, height) >= 2 else rgb  # takes a third of the time of one step
    found = _gathered(_coefficients(filters.shrink(half, size), rough, band, max(1, round(_RADIUS * max(size)))), at, (width, height))
    pixels = rgb.reshape(-1, 3)[at].astype(np.float32) * np.float32(1 / 255)
    solved = np.einsum("nc,nc->n", found[:, :3], pixels) + found[:, 3]
    alpha.ravel()[at] = np.floor(crisp(solved) * 255).astype(np.uint8)
    return alpha


def crisp(alpha: Floats) -> Floats:
    """The same outline with a steeper ramp, so that the item is opaque to its edge."""
    return np.asarray(np.clip(_HALF + (alpha - _HALF) * _CRISP, 0, 1), dtype=np.float32)


def plain_ramp(size: tuple[int, int], p: Floats) -> NDArray[np.uint8]:
    """The net's own ramp at (width, height), 8-bit: what `refine` is measured against."""
    return np.floor(np.clip(resize(p, size, Image.Resampling.BICUBIC), 0, 1) * 255).astype(np.uint8)


def _coefficients(pixels: NDArray[np.uint8], p: Floats, band: Mask, radius: int) -> Floats:
    """Slope per channel and offset, HxWx4, averaged over the windows that a pixel lies in; valid in the band alone."""
    left, top, right, bottom = item_box(band.view(np.uint8), 1)
    room = 2 * radius + 1  # as far as two windows reach; + 1: what is between two pixels is read too
    part = np.s_[max(0, top - room) : bottom + room, max(0, left - room) : right + room]
    found = np.zeros((*band.shape, 4), np.float32)
    found[part] = _fitted(pixels[part].astype(np.float32) / np.float32(255), p[part], band[part], radius)
    return found


def _fitted(guide: Floats, p: Floats, band: Mask, radius: int) -> Floats:
    needed = np.flatnonzero(grow(band, radius + 1))
    mean, mean_p = box_mean(guide, radius).reshape(-1, 3)[needed], box_mean(p, radius).ravel()[needed]
    shared = box_mean(guide * p[..., None], radius).reshape(-1, 3)[needed] - mean * mean_p[:, None]
    pairs = cv2.merge([guide[..., i] * guide[..., j] for i, j in _PAIRS])
    squares = box_mean(np.asarray(pairs, dtype=np.float32), radius).reshape(-1, 6)[needed]
    spread = [squares[:, k] - mean[:, i] * mean[:, j] for k, (i, j) in enumerate(_PAIRS)]
    slope = _solve(spread, shared)
    found = np.zeros((guide.shape[0] * guide.shape[1], 4), np.float32)
    found[needed, :3] = slope
    found[needed, 3] = mean_p - (slope * mean).sum(axis=1)
    return box_mean(found.reshape(*guide.shape[:2], 4), radius)


def _solve(spread: list[Floats], shared: Floats) -> NDArray[np.float64]:
    """The symmetric 3x3 system of every pixel, by cofactors; n x 3."""
    a, b, c, d, e, f = (part.astype(np.float64) for part in spread)
    a, d, f = a + _SMOOTH, d + _SMOOTH, f + _SMOOTH
    ca, cb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    cd, ce, cf = a * f - c * c, b * c - a * e, a * d - b * b
    det = a * ca + b * cb + c * cc
    x, y, z = shared.astype(np.float64).T
    return np.stack([(ca * x + cb * y + cc * z) / det, (cb * x + cd * y + ce * z) / det, (cc * x + ce * y + cf * z) / det], axis=-1)


def _gathered(values: Floats, at: NDArray[np.int64], size: tuple[int, int]) -> Floats:
    """What `values` (HxWxC, at any size) says, linearly, at the pixels numbered `at` of a (width, height) frame: len(at) x C."""
    width, height = size
    line = 4096  # remap takes no dimension beyond 32767
    room = -len(at) % line
    index = np.concatenate([at, np.repeat(at[-1:], room)]).reshape(-1, line)
    across = ((index % width + 0.5) * (values.shape[1] / width) - 0.5).astype(np.float32)
    down = ((index // width + 0.5) * (values.shape[0] / height) - 0.5).astype(np.float32)
    out = cv2.remap(values, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out.reshape(-1, values.shape[2])[: len(at)], dtype=np.float32)


def _enlarged(mask: Mask, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
