"""Is the picture that is shown the one that we sent? By pixels, so that re-encoding and rescaling do not matter."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.decode import picture, pixels
from imaging.filters import Floats

SAME = 0.93  # re-encoded and rescaled copies of 21 packshots measured .983 and more, other watches of the same drawn shape .79 at most

_SIDE = 48  # finer, and the edges of a rescaled copy begin to differ
_TINT_SIDE = 12  # coarser, so that only colour counts
_ASPECT = 0.03  # relative difference of aspect that rescaling to whole pixels may cause
_TINT = 48.0  # levels of mean colour difference on the item at which nothing is left of the likeness


def dhash(data: bytes) -> str:
    """Sixteen hex digits that stay nearly the same under re-encoding: does each of 64 spots grow brighter to the right?"""
    return dhash_of(pixels(data, 512)[1])


def dhash_of(rgb: NDArray[np.uint8]) -> str:
    """The same of pixels HxWx3."""
    grey = cv2.resize(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
    small = np.asarray(grey, dtype=np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def same_picture(a: bytes, b: bytes) -> float:
    """Likeness 0..1 of two readable files; SAME or more means the same picture. Raises Unreadable, TooBig."""
    (head_a, one), (head_b, two) = picture(a, 800), picture(b, 800)
    aspect_a, aspect_b = head_a.size[0] / head_a.size[1], head_b.size[0] / head_b.size[1]
    if abs(aspect_a / aspect_b - 1) > _ASPECT:
        return 0.0
    first, second = (np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32) for image in (one, two))
    shape = min(_correlation(_grey(first), _grey(second)), _correlation(_edges(_grey(first)), _edges(_grey(second))))
    return float(np.clip(shape, 0, 1) * np.clip(1 - _tint(first, second) / _TINT, 0, 1))


def _grey(rgb: Floats) -> Floats:
    grey: Floats = rgb.mean(axis=2)
    return grey


def _edges(grey: Floats) -> Floats:
    """Steps to the right and downward, beside each other."""
    return np.concatenate([np.diff(grey, axis=1)[:-1].ravel(), np.diff(grey, axis=0)[:, :-1].ravel()])


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Normalised cross-correlation; two pictures without any structure are alike."""
    x, y = a.astype(np.float64) - a.mean(), b.astype(np.float64) - b.mean()
    power = float(np.sqrt((x * x).sum() * (y * y).sum()))
    if power < 1.0:
        return 1.0 if abs(float((x * x).sum() - (y * y).sum())) < 1.0 else 0.0
    return float((x * y).sum() / power)


def _coarse(rgb: Floats) -> Floats:
    step = _SIDE // _TINT_SIDE
    return np.asarray(rgb.reshape(_TINT_SIDE, step, _TINT_SIDE, step, 3).mean(axis=(1, 3)), dtype=np.float32)


def _tint(a: Floats, b: Floats) -> float:
    """Mean colour difference in levels where at least one of the two is not white; everywhere if both are white."""
    a, b = _coarse(a), _coarse(b)
    item = (a.min(axis=2) < 245) | (b.min(axis=2) < 245)
    where = item if item.any() else np.ones_like(item)
    return float(np.abs(a[where] - b[where]).mean())
