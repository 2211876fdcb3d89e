"""Shadows and reflections left out: what hangs at the mask's outline and is no more than the backdrop darkened, or the product mirrored.

A shadow is smooth, dark and hardly tinted. A glossy table mirrors the product below it: such a copy is recognised by being the product above it,
upside down and fainter.
"""

from __future__ import annotations

import numpy as np

from imaging.filters import Floats
from imaging.mending.leftover import regions_like_backdrop, without
from imaging.mending.look import Look
from imaging.mending.shapes import grow, opened, shares_of, side_of
from imaging.mending.switches import Change
from imaging.parts import Mask, find_parts

_UNSURE = 0.85  # a region of which the net is surer is product, mirrored or not
_ALIKE = 0.7  # correlation with the mirrored picture
_FAINTER = 0.9  # contrast of a reflection against that of what it mirrors
_EVEN = 1e-3  # of that contrast: with less there is nothing to compare
_SHIFTS = range(-6, 7)  # px at mending size by which the mirror's line may be off
_LEAST = 0.004  # of the frame


def leave_out_shade(p: Floats, look: Look) -> tuple[Floats, tuple[Change, ...]]:
    """`p` without shadows and reflections; `p` itself where there are none."""
    changes = []
    out = p
    for region in regions_like_backdrop(p, look, enclosed=False):
        out = without(out, region)
        box = shares_of(region)
        changes.append(Change(f"left out a shadow {side_of(box)}", box))
    for region in _reflections(p, look):
        out = without(out, region)
        box = shares_of(region)
        changes.append(Change(f"left out a reflection {side_of(box)}", box))
    return out, tuple(changes)


def _reflections(p: Floats, look: Look) -> list[Mask]:
    parts = find_parts(opened((p >= 0.5) & (p < _UNSURE), 2))
    found = []
    for number, area in enumerate(parts.areas.tolist(), 1):
        if area < _LEAST * p.size:
            break
        region = parts.labels == number
        if mirrors(region, p >= _UNSURE, look):
            found.append(region)
    return found


def mirrors(region: Mask, product: Mask, look: Look) -> bool:
    """Whether a region is the product above it, mirrored at the region's upper end, and fainter."""
    rows = np.flatnonzero(region.any(axis=1))
    top, height = int(rows[0]), len(region)
    light = look.light
    for line in (top + shift for shift in _SHIFTS):
        depth = min(int(rows[-1]) + 1 - line, line, height - line)
        if depth < 6:
            continue
        here = region[line : line + depth] & product[line - depth : line][::-1]
        if here.sum() < 0.5 * region.sum():
            continue
        copy, original = light[line : line + depth][here], light[line - depth : line][::-1][here]
        spread = float(original.std())
        if spread < 0.05 or not _EVEN * spread < float(copy.std()) <= _FAINTER * spread:
            continue
        if float(np.corrcoef(copy, original)[0, 1]) > _ALIKE:
            return True
    return False


def beside(region: Mask, mask: Mask, reach: int) -> bool:
    """Whether a region comes within `reach` px of the mask."""
    return bool((grow(region, reach) & mask).any())
