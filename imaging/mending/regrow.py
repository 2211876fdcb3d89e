"""Lost straps regrown: a region that is clearly not backdrop, touches the mask, and of which the net was not sure that it is nothing.

The net's doubt is what tells a strap from a stand: a net that knows stands, hands and cushions for what they are gives them nothing, and what it
gives nothing is never taken. On traced and drawn scenes, of the area that passes the figures below five sixths is product; what is not is mostly deep
shadow, so what might be one needs a net that is nearly undecided.
"""

from __future__ import annotations

import numpy as np

from imaging.filters import Floats
from imaging.mending.look import Look
from imaging.mending.shade import beside, mirrors
from imaging.mending.shapes import Shares, closed, opened, shares_of, side_of, soft
from imaging.mending.switches import Change
from imaging.parts import Mask, fill_enclosed, find_parts

_DOUBT = 0.3  # mean probability from which on the net is not sure
_DOUBT_DARK = 0.35  # the same for what might be a shadow
_DARK, _GREY = (-0.65, -0.2), 2.2  # nepers, and units of the backdrop's noise: brightness and most tint of what might be a shadow
_STRANGE = 0.3  # share of the region that must be twice as unlike the backdrop as noise and shadow explain
_NEAR = 4  # px to the mask
_LEAST, _MOST = 0.0015, 3.0  # of the frame; of the mask: a larger region is a table, not a strap
_FAR = 0.05  # of a side: a change that reaches less far is told as the edge, not as a part
_FITS = 0.5


def regrow(p: Floats, look: Look) -> tuple[Floats, tuple[Change, ...]]:
    """`p` with lost parts of the product; `p` itself where there are none."""
    mask = p >= 0.5
    if look.fits < _FITS or not mask.any():
        return p, ()
    outside = ~fill_enclosed(mask)  # what the mask encloses is `keep_enclosed`'s to judge
    parts = find_parts(opened(closed((look.unlike > 1) & outside, 1), 2), diagonal=True)
    added, changes = np.zeros_like(mask), []
    for number, area in enumerate(parts.areas.tolist(), 1):
        if area < _LEAST * mask.size:
            break
        region = parts.labels == number
        if area <= _MOST * mask.sum() and _is_lost(p, look, mask, region):
            added |= region
            changes.append(_told(shares_of(region)))
    if not added.any():
        return p, ()
    return np.maximum(p, soft(closed(mask | added, 2) & ~mask)), tuple(changes)


def _is_lost(p: Floats, look: Look, mask: Mask, region: Mask) -> bool:
    dark = _DARK[0] < float(look.light[region].mean()) < _DARK[1] and float(look.tint[region].mean()) < _GREY
    if float(p[region].mean()) < (_DOUBT_DARK if dark else _DOUBT) or float((look.unlike[region] > 2).mean()) < _STRANGE:
        return False
    return beside(region, mask, _NEAR) and not mirrors(region, mask, look)


def _told(box: Shares) -> Change:
    long = max(box[2] - box[0], box[3] - box[1]) > _FAR * 2
    return Change(f"{'lost part' if long else 'edge'} of the product regrown {side_of(box)}", box)
