"""One backdrop for a shoot: from an empty frame, or from what several photos show of it around their items."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imaging.filters import Floats
from imaging.mending.backdrop import Backdrop, fit_backdrop
from imaging.mending.look import far_from, log_colour, shrunk_map, shrunk_pixels

LEAST_PHOTOS = 3  # that must agree before a backdrop is called shared


def backdrop_of_empty_frame(rgb: NDArray[np.uint8]) -> Backdrop | None:
    """The backdrop of a photo that shows nothing else; None where it is not smooth."""
    colour = log_colour(shrunk_pixels(rgb))
    return fit_backdrop(colour, np.ones(colour.shape[:2], dtype=np.bool_), certain=True)


def shared_backdrop(photos: Iterable[tuple[NDArray[np.uint8], Floats]]) -> Backdrop | None:
    """The backdrop that the photos (pixels, the net's probabilities) of one shoot share; None where fewer than three agree.

    Photos should come in the order taken. Each is joined if it has the shape of, and agrees with, what was joined before it, its exposure
    allowed for, so a shoot that changes its paper half-way keeps the paper it started with.
    """
    together: Backdrop | None = None
    for rgb, p in photos:
        small = shrunk_pixels(rgb)
        colour, far = log_colour(small), far_from(shrunk_map(p, small.size))
        own = fit_backdrop(colour, far)
        if own is None:
            continue
        if together is None:
            together = own
            continue
        lit = together.lit_like(colour, far)
        if lit is not None:
            together = lit.joined(own)
    return together if together is not None and together.photos >= LEAST_PHOTOS else None
