"""Which photos of a batch were taken before the same backdrop: a few of each folder are looked at before the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.decode import pixels
from imaging.errors import ImagingError
from imaging.filters import Floats
from imaging.looks import probability
from imaging.mending import Backdrop, shared_backdrop
from imaging.segment import Segmenter

LEAST = 8  # photos of one folder: of fewer, looking ahead costs more than it can give
_LOOKED_AT = 6
_SIDE = 768  # px: twice what the backdrop is fitted at


def find_backdrops(files: Sequence[Path], segmenter: Segmenter) -> dict[Path, Backdrop]:
    """The backdrop of every folder whose photos share one. The same for the same files in any order; what cannot be read shares nothing.

    A photo of the folder that has another shape, or stands before something else, is known by that and takes no harm (`Backdrop.lit_like`).
    """
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    found: dict[Path, Backdrop] = {}
    for folder, given in folders.items():
        inside = sorted(given)  # as they were taken, in whatever order they were given
        if len(inside) < LEAST:
            continue
        step = len(inside) / _LOOKED_AT
        backdrop = shared_backdrop(_looked_at([inside[int(k * step)] for k in range(_LOOKED_AT)], segmenter))
        if backdrop is not None:
            found[folder] = backdrop
    return found


def _looked_at(files: Sequence[Path], segmenter: Segmenter) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
    for file in files:
        try:
            rgb = pixels(file.read_bytes(), _SIDE)[1]
        except (ImagingError, OSError):
            continue
        yield rgb, probability(segmenter.look(rgb).alpha)
