"""Enclosed product kept: a dial or a gem that the net hollowed out is filled, a hole that shows the backdrop is not.

The middle of a hole is asked whether it looks like the backdrop, lit or in shadow. That evidence and the net's own doubt are added as log-odds:
a hole of which the net is sure (log-odds below -8) stays open whatever it shows, and a hole that plainly shows backdrop is filled never.
"""

from __future__ import annotations

import numpy as np

from imaging.filters import Floats
from imaging.mending.doubt import log_odds
from imaging.mending.look import Look
from imaging.mending.shapes import grow, opened, shares_of, shrink, side_of, soft
from imaging.mending.switches import Change
from imaging.parts import Mask, fill_enclosed, find_parts

# log-odds that a hole is product: fitted by logistic regression to holes in masks of traced and drawn scenes with odd seeds, rounded
_FOREIGN = 6.0  # all of it unlike the backdrop
_STRANGE = 3.0  # all of it twice as unlike
_PLAIN = -6.0  # all of it like the backdrop
_PRIOR = -1.2
_WORN = 0.05  # unlike by this share more than like it, lit or in shadow, or nothing is filled
_RIM = 2  # px beside the mask that say nothing: the product's edge colours them
_LEAST = 20  # px: smaller holes are left to the outline
_SURELY_OUT = 0.1  # below this probability what looks like backdrop within a filled hole stays open: a dial and a gap beside it may be one hole
_SURELY = 0.5  # of a small hole's middle that must be twice as unlike the backdrop: gaps at the lugs are small too, and coloured by their rim
_WELL_SEEN = 0.00025  # of the frame: of a smaller middle too little is seen, so its evidence counts less


def keep_enclosed(p: Floats, look: Look) -> tuple[Floats, tuple[Change, ...]]:
    """`p` with hollowed product filled; `p` itself where there is none."""
    mask = p >= 0.5
    holes = find_parts(fill_enclosed(mask) & ~mask)
    changes, filled = [], np.zeros_like(mask)
    for number, area in enumerate(holes.areas.tolist(), 1):
        if area < _LEAST:
            break
        hole = holes.labels == number
        if _is_product(p, look, hole):
            filled |= hole & ~opened((look.plain | look.shaded) & (p < _SURELY_OUT), 2)
            if area >= 4 * _LEAST:
                box = shares_of(hole)
                changes.append(Change(f"filled a hole in the mask {side_of(box)} that showed no backdrop", box))
    if not filled.any():
        return p, ()
    return np.maximum(p, soft(grow(filled, 1))), tuple(changes)


def _is_product(p: Floats, look: Look, hole: Mask) -> bool:
    middle = shrink(hole, _RIM)
    if not middle.any():
        middle = hole
    foreign, plain = float((look.unlike[middle] > 1).mean()), float(look.plain[middle].mean())
    strange = float((look.unlike[middle] > 2).mean())
    if foreign < max(plain, float(look.shaded[middle].mean())) + _WORN:
        return False
    if middle.mean() < _WELL_SEEN and strange < _SURELY:
        return False
    seen = look.fits * min(1.0, float(middle.mean()) / _WELL_SEEN)
    return log_odds(p, middle) + seen * (_FOREIGN * foreign + _STRANGE * strange + _PLAIN * plain) + _PRIOR > 0
