"""Parts of the mask that look like the backdrop or its shadow and of which the net was not sure: what may have to go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imaging.filters import Floats
from imaging.mending.look import Look
from imaging.mending.shapes import grow, opened, shrink
from imaging.parts import Mask, fill_enclosed, find_parts

# Polished metal shows the paper too, but hardly ever in its very colour. On traced and drawn scenes with odd seeds three quarters of the area that
# passes `_is_paper` is paper, until the net is surer than .9 that it is product; of regions in shadow that is true only where the net is undecided.
PLAIN_BELOW = 0.9
SHADED_BELOW = 0.65
_TINT = 0.65  # of the backdrop's noise: mean tint of paper
_SPREAD = 0.55  # of its grain: standard deviation of brightness within a region of paper
_OFF = 3.0  # of its grain: how much brighter or darker the region may be
_SURE = 0.97  # pixels of which the net is this sure are no candidates
_LEAST = 0.0003  # of the frame
_FITS = 0.5  # a backdrop that fits worse has no say here


def regions_like_backdrop(p: Floats, look: Look, *, enclosed: bool) -> Iterator[Mask]:
    """Regions of the mask that look like backdrop: those that the mask encloses, or those at its outline."""
    if look.fits < _FITS:
        return
    mask = p >= 0.5
    outside = ~fill_enclosed(mask)
    unsure = mask & (p < _SURE)
    for like, most in ((look.plain, PLAIN_BELOW), (look.shaded & ~look.plain, SHADED_BELOW)):
        parts = find_parts(opened(like & unsure, 1))
        for number, area in enumerate(parts.areas.tolist(), 1):
            if area < _LEAST * mask.size:
                break
            region = parts.labels == number
            if float(p[region].mean()) >= most or (most == PLAIN_BELOW and not _is_paper(look, region)):
                continue
            if bool((grow(region, 2) & outside).any()) != enclosed:
                yield region


def _is_paper(look: Look, region: Mask) -> bool:
    inner = shrink(region, 1)
    if not inner.any():
        inner = region
    light = look.light[inner]
    calm = float(light.std()) < _SPREAD * look.grain and abs(float(light.mean())) < _OFF * look.grain
    return calm and float(look.tint[inner].mean()) < _TINT


def without(p: Floats, region: Mask) -> Floats:
    """`p` with the region and its unsure rim (the candidates end where the product's edge colours them) taken out."""
    rim = grow(region, 2) & (p < _SURE)
    return np.asarray(np.where(region | rim, np.minimum(p, np.where(region, np.float32(0.02), np.float32(0.35))), p), dtype=np.float32)
