"""Two-dimensional foregrounds: watches and jewellery drawn from a seed, RGBA with exact alpha and real see-through holes.

`draw(seed)` answers uint8 h x w x 4, straight colour, about 480 px at the longest side; `draw(seed, fine=True)` the same item at twice
the size. Same seed, same pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .drawn_canvas import Canvas
from .drawn_chains import brooch, earrings, necklace, pendant, stones
from .drawn_jewels import bangle, beads, closed_watch, loop, ring
from .drawn_watches import digital, pocket, watch

KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Canvas]]] = {
    "watch": (0.38, watch),
    "digital": (0.07, digital),
    "pocket": (0.015, pocket),
    "closed watch": (0.045, closed_watch),
    "loop": (0.06, loop),
    "ring": (0.10, ring),
    "bangle": (0.08, bangle),
    "beads": (0.04, beads),
    "necklace": (0.09, necklace),
    "pendant": (0.035, pendant),
    "earrings": (0.065, earrings),
    "brooch": (0.015, brooch),
    "stones": (0.01, stones),
}


def draw(seed: int, kind: str | None = None, fine: bool = False) -> NDArray[np.uint8]:
    """One foreground; `kind` is one of KINDS, else drawn by its share."""
    rng = np.random.default_rng(seed)
    names = list(KINDS)
    shares = np.array([KINDS[name][0] for name in names])
    drawn_kind = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    return KINDS[kind or drawn_kind][1](rng).finished(fine)
