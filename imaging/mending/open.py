"""Enclosed backdrop cut out: the hole of a ring or a bangle and the gaps at the lugs, where the net was unsure and the paper shows.

Inside a ring the paper lies in shadow and takes a tint from the metal; `Look.shaded` allows for both.
"""

from __future__ import annotations

from imaging.filters import Floats
from imaging.mending.leftover import regions_like_backdrop, without
from imaging.mending.look import Look
from imaging.mending.shapes import shares_of, side_of
from imaging.mending.switches import Change


def open_enclosed(p: Floats, look: Look) -> tuple[Floats, tuple[Change, ...]]:
    """`p` with enclosed backdrop cut out; `p` itself where there is none."""
    changes = []
    out = p
    for region in regions_like_backdrop(p, look, enclosed=True):
        out = without(out, region)
        box = shares_of(region)
        changes.append(Change(f"cut out backdrop that shows through {side_of(box)}", box))
    return out, tuple(changes)
