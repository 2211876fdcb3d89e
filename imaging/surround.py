"""What lies around the subject of a small picture: the background's tint and evenness, the shadow on it, the holes one sees it through."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.facts import Box, Facts
from imaging.filters import Floats, Pixels, box_mean, darkest, lightest, steps
from imaging.frame import item_box
from imaging.mending.shapes import grow, opened, shrink
from imaging.parts import Mask, fill_enclosed, find_parts
from imaging.subject import Subject

FEWER = 4  # of so many pixels one is enough for a median of thousands
_NEAR = 0.05  # of the longest side: so far beside the subject its shadow is looked for
_FAR = 0.08  # of the longest side: what is dark so far away is no contact shadow
_RIM = 0.004  # of the longest side: so near the subject a pixel shows some of its edge
_SHADED = 3.0  # levels darker than the background: less is noise of the encoder
_FLAT, _EVEN = 6.0, 4.5  # levels across three pixels, and from a plane, within which a surface is paper
_DARKEST_PAPER, _TINTED = 0.65, 24  # of the background's level; levels between channels
_OPENING = 0.055  # of the subject: smaller flat places are facets and links
_EDGE, _IN_SHADOW = 5, 1.0  # px from its edge to its middle; levels by which it is darker there: a facet and the glare on a crystal are not
_FRAMED, _BARE = 3, 0.08  # px of the product that lie around an opening, but for this share
_SOLID = 0.85  # of its convex hull: hands and marks cut notches into a dial and into the glare on it
_OFF = 6.0  # levels from the background's median: what is further off is shown as uneven


def background(small: Pixels, luma: Floats, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`background_tint` and `background_unevenness` of the pixels that are surely background, and where it is worst; boxes in px of `small`."""
    where = subject.background
    red, green, blue, _ = cv2.mean(small, where.view(np.uint8))
    calm = box_mean(luma, 1)
    low, middle, high = (float(value) for value in np.quantile(calm[where][::FEWER], (0.02, 0.5, 0.98)))
    facts: Facts = {
        "background_tint": round(max(red, green, blue) - min(red, green, blue), 2),
        "background_unevenness": round(high - low, 2),
    }
    worst = find_parts(where & (np.abs(calm - middle) > _OFF))
    return facts, {"background_unevenness": _box(worst.boxes[0])} if len(worst) else {}


def white_level(luma: Floats, subject: Subject) -> float:
    """The background's median luma 0..255; 255 where nothing is surely background."""
    return float(np.median(luma[subject.background][::FEWER])) if subject.background.any() else 255.0


def shadow(luma: Floats, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`shadow_depth` and `shadow_margin`: how much darker it is beside the subject, and how far from the frame's edge that ends (None: nowhere).

    `stain_share`: what is as dark and not joined to the subject, a grey corner for one; of what runs from the frame's edge to it, what is far off.
    """
    mask, longest = subject.mask, max(subject.mask.shape)
    whole = grow(mask, max(1, round(_RIM * longest)))
    beyond = ~whole
    around = grow(mask, round(_NEAR * longest)) & beyond
    if not around.any():
        return {"shadow_depth": 0.0, "shadow_margin": None, "stain_share": 0.0}, {}
    level = white_level(luma, subject)
    drop = level - box_mean(luma, 1)
    facts: Facts = {"shadow_depth": round(max(0.0, float(drop[around].mean())), 2), "shadow_margin": None}
    dark = beyond & (drop > _SHADED)
    parts = find_parts(dark | whole, diagonal=True)
    joined = np.zeros(len(parts) + 1, bool)
    joined[parts.labels[whole]] = True
    falls = dark & joined[parts.labels]
    shadow = falls if not _at_border(falls) else falls & grow(mask, round(_FAR * longest))  # a grey corner may be joined to it
    far = dark & ~shadow & ~fill_enclosed(whole)  # but not marks on a dial as white as the page
    stains = find_parts(opened(far, 1))
    facts["stain_share"] = round(float(stains.areas.sum()) / mask.size, 4)
    regions = {"stain_share": _box(stains.boxes[0])} if len(stains) else {}
    if not falls.any():
        return facts, regions
    left, top, right, bottom = box = item_box(falls.view(np.uint8), 1)
    height, width = mask.shape
    facts["shadow_margin"] = round(min(left, top, width - right, height - bottom) / longest, 4)
    return facts, regions | {"shadow_depth": box, "shadow_margin": box}


def holes(subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`holes`: through how many openings of the subject the background is seen, and where the largest is; glints are filled in its mask."""
    found = find_parts(fill_enclosed(subject.mask) & ~subject.mask)
    return {"holes": len(found)}, {"holes": _box(found.boxes[0])} if len(found) else {}


def _at_border(mask: Mask) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def left_over(small: Pixels, luma: Floats, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`backdrop_left` 0..1: of the subject with all it encloses, what looks like paper seen through an opening that was not cut out.

    Paper is light, neutral, flat but for a slope, of a piece - a dial has hands and marks on it - framed all around by the product and in its shadow.
    """
    whole = fill_enclosed(subject.mask)
    size = int(whole.sum())
    level = white_level(luma, subject)
    paper = subject.mask & (steps(luma) < _FLAT) & (luma > _DARKEST_PAPER * level) & (luma < level - _OFF) & (lightest(small) - darkest(small) < _TINTED)
    if paper.sum() < _OPENING * size:
        return {"backdrop_left": 0.0}, {}
    found = find_parts(opened(paper, 2))
    boxes, area = [], 0
    for part in range(len(found)):
        if found.areas[part] < _OPENING * size:
            break
        here = found.labels == part + 1
        rim = grow(here, _FRAMED) & ~here
        if (rim & ~whole).sum() > _BARE * rim.sum() or _solidity(here) < _SOLID or _off_plane(luma, here) > _EVEN or _shaded(luma, here) < _IN_SHADOW:
            continue
        boxes.append(_box(found.boxes[part]))
        area += int(found.areas[part])
    return {"backdrop_left": round(area / max(size, 1), 4)}, {"backdrop_left": boxes[0]} if boxes else {}


def _shaded(luma: Floats, where: Mask) -> float:
    """By how many levels a part is darker along its edge than in its middle."""
    middle = shrink(where, _EDGE)
    return float(luma[middle].mean() - luma[where & ~middle].mean()) if middle.any() else 0.0


def _solidity(where: Mask) -> float:
    """The share 0..1 of its convex hull that one part fills."""
    outer = max(cv2.findContours(where.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
    return float(where.sum() / max(1.0, cv2.contourArea(cv2.convexHull(outer))))


def _off_plane(luma: Floats, where: Mask) -> float:
    """Standard deviation in levels of the pixels from a plane through them."""
    ys, xs = np.nonzero(where)
    known = np.stack([np.ones(len(xs)), xs, ys], axis=-1).astype(np.float64)
    values = luma[where].astype(np.float64)
    return float(np.std(values - known @ np.linalg.lstsq(known, values, rcond=None)[0]))


def _box(row: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Box:
    left, top, right, bottom = (int(value) for value in row)
    return left, top, right, bottom
