"""How much finer the pixels are than the detail in them: of a picture that was blown up, most pixels are invented."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.filters import Pixels
from imaging.parts import Mask

_FACTORS = (1.5, 2.0, 3.0, 4.0)
_SIDE = 700  # px of the subject's middle that are looked at
_WITHIN = 17  # px: the outline comes from the cut-out and tells nothing of the photograph
_SOFT = 4.0  # px
_LEAST = 2000  # px
_LEAST_SPREAD = 4.0  # levels of standard deviation
_BANDS = 40  # of equal width up to the finest detail that pixels can hold
_KNOWN = (0.1, 0.2)  # of that: coarse detail, which every picture has
_MISSING = 0.037  # of what edges as sharp as the pixels would have there (measured: of 100 drawn packshots 1 has less at factor 2, of 60 blown up 57)


def upscaling(grey: Pixels, where: Mask) -> float | None:
    """The largest of 1, 1.5, 2, 3, 4 by which the subject could be shrunk with nothing lost.

    `grey` HxW as the file has it, `where` the subject on it. Told from the spectrum: the power of sharp edges falls with the square of frequency, so
    that times frequency squared it is level, and what was blown up by f has none beyond 1/f of the finest. A photograph out of focus answers
    the same way. None where there is too little area or contrast to tell.
    """
    part, inside = _middle(grey, where)
    weight = cv2.GaussianBlur(cv2.erode(np.pad(inside.astype(np.float32), 1), np.ones((_WITHIN, _WITHIN)))[1:-1, 1:-1], (0, 0), _SOFT)
    total = float(weight.sum())
    if total < _LEAST:
        return None
    centred = part - np.float32((part * weight).sum() / total)
    if float((centred**2 * weight).sum()) / total < _LEAST_SPREAD**2:
        return None
    power = _levelled_power(centred * weight)
    known = _mean(power, *_KNOWN)
    found = 1.0
    for factor in _FACTORS:
        if _mean(power, 0.8 / factor, 1.2 / factor) > _MISSING * known:
            break
        found = factor
    return found


def _levelled_power(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean power times frequency squared in each of _BANDS bands."""
    height, width = values.shape
    spectrum = np.abs(np.fft.rfft2(values)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]) * 2
    band = np.minimum((frequency * _BANDS).astype(np.int64), _BANDS).ravel()
    sums, counts = np.bincount(band, weights=(spectrum * frequency**2).ravel(), minlength=_BANDS + 1), np.bincount(band, minlength=_BANDS + 1)
    return sums[:_BANDS] / np.maximum(counts[:_BANDS], 1)


def _mean(power: NDArray[np.float64], low: float, high: float) -> float:
    return float(power[round(low * _BANDS) : round(high * _BANDS)].mean())


def _middle(grey: Pixels, where: Mask) -> tuple[Pixels, Mask]:
    left, top, width, height = cv2.boundingRect(where.view(np.uint8))
    across, down = max(0, (width - _SIDE) // 2), max(0, (height - _SIDE) // 2)
    part = (slice(top + down, top + height - down), slice(left + across, left + width - across))
    return np.ascontiguousarray(grey[part]), where[part]
