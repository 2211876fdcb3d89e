"""Solves the outline at delivery size: the edge net looks at tiles along it, and nowhere else.

The cut-out net answers on a grid of about 512; a delivered picture has four times as many pixels. Where its answer, enlarged, is neither surely
product nor surely backdrop, tiles of the photo go through the model's edge net, which was trained to find the outline within a few pixels of a
coarse one. For a model without an edge net a guided filter does what it can (`edges`).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging import edges
from imaging.filters import Floats, resize

Outline = Callable[[NDArray[np.uint8]], NDArray[np.uint8] | None]

TILE = 96  # px; the edge net was trained on tiles of this size
_RIM = 8  # px at a tile's border that see too little round them and are taken from its neighbour
_MANY = 48  # tiles at a time: keeps a worker's memory flat
_ENLARGED = 1.25  # from this enlargement on the outline is worth a second look
_LOW, _HIGH = 6, 249  # of 255: surely backdrop, surely product


def refine(rgb: NDArray[np.uint8], p: Floats, outline: Outline) -> NDArray[np.uint8]:
    """`rgb` HxWx3 at delivery size and `p` hxw 0..1 spanning it -> alpha HxW, 0..255; solved only along its outline."""
    height, width = rgb.shape[:2]
    coarse = np.clip(np.rint(resize(p, (width, height), Image.Resampling.BICUBIC) * 255), 0, 255).astype(np.uint8)
    enlarged = max(height / p.shape[0], width / p.shape[1])
    if enlarged < _ENLARGED:
        return coarse
    band = _band(coarse, enlarged)
    fine = _looked_again(rgb, coarse, band, outline)
    if fine is None:
        return edges.refine(rgb, p)
    return np.where(band, fine, np.where(coarse >= 128, 255, 0)).astype(np.uint8)


def _band(coarse: NDArray[np.uint8], enlarged: float) -> NDArray[np.bool_]:
    """Where the enlarged answer is unsure, and one of its own pixels beside."""
    soft = ((coarse > _LOW) & (coarse < _HIGH)).astype(np.uint8)
    reach = 2 * round(enlarged) + 1
    return np.asarray(cv2.dilate(soft, np.ones((reach, reach), np.uint8)), dtype=np.bool_)


def _looked_again(rgb: NDArray[np.uint8], coarse: NDArray[np.uint8], band: NDArray[np.bool_], outline: Outline) -> NDArray[np.uint8] | None:
    height, width = coarse.shape
    step = TILE - 2 * _RIM
    rows, columns = -(-height // step), -(-width // step)
    padding = ((_RIM, rows * step - height + _RIM), (_RIM, columns * step - width + _RIM))
    seen = np.dstack([np.pad(rgb, (*padding, (0, 0)), mode="edge"), np.pad(coarse, padding, mode="edge")])
    wanted = np.pad(band, ((0, rows * step - height), (0, columns * step - width)))
    places = np.argwhere(wanted.reshape(rows, step, columns, step).any(axis=(1, 3))) * step
    fine = coarse.copy()
    for first in range(0, len(places), _MANY):
        some = places[first : first + _MANY]
        answer = outline(np.stack([seen[y : y + TILE, x : x + TILE] for y, x in some]))
        if answer is None:
            return None
        for (y, x), tile in zip(some, answer, strict=True):
            h, w = min(step, height - y), min(step, width - x)
            fine[y : y + h, x : x + w] = tile[_RIM : _RIM + h, _RIM : _RIM + w]
    return fine
