"""Specks dropped: parts of the mask too small to be a piece of anything."""

from __future__ import annotations

import numpy as np

from imaging.filters import Floats
from imaging.mending.shapes import grow
from imaging.parts import find_parts

_LEAST = 0.0003  # of the frame
_BESIDE = 0.012  # of the longest side: how far beside the mask its soft edge may reach


def drop_dust(p: Floats) -> Floats:
    """`p`, but 0 away from parts that are more than dust; the largest part always stays."""
    parts = find_parts(p >= 0.5, diagonal=True)
    if not len(parts):
        return p
    real = np.concatenate([[False], parts.areas >= _LEAST * p.size])
    real[1] = True
    near = grow(real[parts.labels], max(2, round(_BESIDE * max(p.shape))))
    return np.asarray(np.where(near, p, np.float32(0)), dtype=np.float32)
