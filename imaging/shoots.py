"""Which photos of a batch were taken before the same backdrop: a few of each shoot are looked at before the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.decode import pixels
from imaging.errors import ImagingError
from imaging.filters import Floats
from imaging.looks import probability
from imaging.mending import Backdrop, shared_backdrop
from imaging.segment import Segmenter

LEAST = 8  # photos of one shoot: of fewer, looking ahead costs more than it can give
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
        # as they were taken, in whatever order they were given
        backdrop = backdrop_of_shoot([partial(_read, file) for file in sorted(given)], segmenter)
        if backdrop is not None:
            found[folder] = backdrop
    return found


def backdrop_of_shoot(photos: Sequence[Callable[[], bytes]], segmenter: Segmenter) -> Backdrop | None:
    """The backdrop that a shoot's photos, in the order taken, share; None where they share none, or are fewer than LEAST.

    Six of them, evenly spread, are read and looked at; one that raises ImagingError shares nothing.
    """
    if len(photos) < LEAST:
        return None
    step = len(photos) / _LOOKED_AT
    return shared_backdrop(_looked_at([photos[int(k * step)] for k in range(_LOOKED_AT)], segmenter))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ImagingError(f"{file.name}: {error.strerror or error}") from error


def _looked_at(photos: Sequence[Callable[[], bytes]], segmenter: Segmenter) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
    for read in photos:
        try:
            rgb = pixels(read(), _SIDE)[1]
        except ImagingError:
            continue
        yield rgb, probability(segmenter.look(rgb).alpha)
