"""What lies around the subject of a small picture: the background's tint and evenness, the shadow on it, the holes one sees it through."""

from __future__ import annotations

import numpy as np

from imaging.facts import Box, Facts
from imaging.filters import Floats, Pixels, box_mean
from imaging.frame import item_box
from imaging.mending.shapes import grow
from imaging.parts import fill_enclosed, find_parts
from imaging.subject import Subject

_NEAR = 0.05  # of the longest side: so far beside the subject its shadow is looked for
_RIM = 0.004  # of the longest side: so near the subject a pixel shows some of its edge
_SHADED = 3.0  # levels darker than the background: less is noise of the encoder
_OFF = 6.0  # levels from the background's median: what is further off is shown as uneven


def background(small: Pixels, luma: Floats, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`background_tint` and `background_unevenness` of the pixels that are surely background, and where it is worst; boxes in px of `small`."""
    where = subject.background
    red, green, blue = (float(channel) for channel in small[where].mean(axis=0))
    calm = box_mean(luma, 1)
    low, middle, high = (float(value) for value in np.quantile(calm[where], (0.02, 0.5, 0.98)))
    facts: Facts = {
        "background_tint": round(max(red, green, blue) - min(red, green, blue), 2),
        "background_unevenness": round(high - low, 2),
    }
    worst = find_parts(where & (np.abs(calm - middle) > _OFF))
    return facts, {"background_unevenness": _box(worst.boxes[0])} if len(worst) else {}


def shadow(luma: Floats, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`shadow_depth` and `shadow_margin`: how much darker it is beside the subject, and how far from the frame's edge that ends (None: nowhere)."""
    mask, longest = subject.mask, max(subject.mask.shape)
    whole = grow(mask, max(1, round(_RIM * longest)))
    beyond = ~whole
    around = grow(mask, round(_NEAR * longest)) & beyond
    if not around.any():
        return {"shadow_depth": 0.0, "shadow_margin": None}, {}
    level = float(np.median(luma[subject.background])) if subject.background.any() else 255.0
    drop = level - box_mean(luma, 1)
    facts: Facts = {"shadow_depth": round(max(0.0, float(drop[around].mean())), 2), "shadow_margin": None}
    dark = beyond & (drop > _SHADED)
    parts = find_parts(dark | whole, diagonal=True)
    falls = dark & np.isin(parts.labels, np.unique(parts.labels[whole]))  # a stain elsewhere is no shadow
    if not falls.any():
        return facts, {}
    left, top, right, bottom = box = item_box(falls.view(np.uint8), 1)
    height, width = mask.shape
    facts["shadow_margin"] = round(min(left, top, width - right, height - bottom) / longest, 4)
    return facts, {"shadow_depth": box, "shadow_margin": box}


def holes(subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`holes`: through how many openings of the subject the background is seen, and where the largest is; glints are filled in its mask."""
    found = find_parts(fill_enclosed(subject.mask) & ~subject.mask)
    return {"holes": len(found)}, {"holes": _box(found.boxes[0])} if len(found) else {}


def _box(row: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Box:
    left, top, right, bottom = (int(value) for value in row)
    return left, top, right, bottom
