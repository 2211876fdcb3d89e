"""The colours of a subject in CIELAB: of its metal, whatever colour dial and strap have, and of all of it."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.facts import Facts
from imaging.filters import Pixels
from imaging.parts import Mask

_NEUTRAL = 0.25  # of the subject: the least colourful pixels, steel and gold before dials and straps
_HIGH = 0.98
_LEAST = 50  # px


def tone(small: Pixels, mask: Mask) -> Facts:
    """`highlight`: the masked pixels' L* that few exceed; `tone_a`, `tone_b`: medians over the least colourful part; `colour_a`, `colour_b`: means over all.

    None where there are too few.
    """
    if int(mask.sum()) < _LEAST:
        return dict.fromkeys(("highlight", "tone_a", "tone_b", "colour_a", "colour_b"))
    lab = cv2.cvtColor(small[mask][None].astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[0]
    colourful = np.hypot(lab[:, 1], lab[:, 2])
    calm = lab[colourful <= np.quantile(colourful, _NEUTRAL)]
    a, b = (round(float(value), 2) for value in np.median(calm[:, 1:], axis=0))
    highlight = round(float(np.quantile(lab[:, 0], _HIGH)), 2)
    mean_a, mean_b = (round(float(value), 2) for value in lab[:, 1:].mean(axis=0))
    return {"highlight": highlight, "tone_a": a, "tone_b": b, "colour_a": mean_a, "colour_b": mean_b}
