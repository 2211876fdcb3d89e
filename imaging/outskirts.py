"""What lies beside the subject and is no soft shadow: a halo along its outline, marks apart from it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.facts import Box, Facts
from imaging.filters import Floats, Pixels, lightest, shrink
from imaging.mending.shapes import closed, grow
from imaging.parts import Mask, fill_enclosed, find_parts
from imaging.subject import Subject
from imaging.surround import FEWER

SIDE = 1000  # the longest side of what is looked at: finer than the subject's outline is known, coarse enough to be quick
_WIDE = 5  # px: a soft shadow bends little within so much
_CLIFF = 10.0  # levels that the outer edge of a halo or the edge of a mark has at least
_RIM = 0.006  # of the longest side beside the outline, which is known no better
_BAND = 0.03  # of the longest side: as far from the subject as what its cut-out left lies
_INK = 45  # px of edge that a group of marks has at least: less is a glint
_WORD = 0.5  # of the largest piece's box: the second of a pair is as large as the first
_GOOD_PART = 0.2  # of the largest group's
_JOINED = 0.02  # of the longest side: gaps between letters and words
_SKIN, _FLESH = (2.5, 5.5), (10.0, 16.0)  # px under the outline: where a halo that was taken for the subject lies, and where the subject does
_ONE_TONE = 12  # levels within which a halo keeps its tone
_CONTRAST = 25  # levels between it and the subject
_OTHER = 0.6  # of the subject there must differ so
_PALE = 75  # levels darker than the background that it may be
_LEAST, _FLESHY = 50, 0.3  # px of it, and of the subject per px of it, from which one can tell
_LINE, _LINE_TONE, _FLAT = 8, 6, 8  # a thinner one: px under the outline that it lies, levels within which it keeps its tone, and two neighbours differ
_ALL_AROUND, _THICK = 0.8, 0.34  # of the outline that has 2 px of it, and 3 (measured: halos .83 and .38 at least, of 130 clean pictures .75 and .30 at most)
_PAIR, _TRIPLE = np.ones((2, 2), np.uint8), np.ones((3, 3), np.uint8)
_GRAIN = 4.0  # times the mean of the background's own differences


def outskirts(rgb: Pixels, small: Pixels, subject: Subject) -> tuple[Facts, dict[str, Box]]:
    """`halo` and `marks` with their boxes in px of `rgb` HxWx3, whose longest side is about SIDE; `small` is what `subject` was found on."""
    mask, cliffs = _large(subject.mask, rgb), _cliffs(rgb, small, subject)
    white = np.median(small[subject.background][::FEWER], axis=0) if subject.background.any() else np.full(3, 255.0)
    facts, regions = _halo(rgb, mask, cliffs, white)
    more, where = _marks(mask, (cliffs | _large(subject.marks, rgb)) & ~grow(_large(subject.joined, rgb), _WIDE))
    return facts | more, regions | where


def filled(rgb: Pixels, subject: Subject) -> Mask:
    """HxW of `rgb`: the subject with its openings."""
    return _large(fill_enclosed(subject.mask), rgb)


def perhaps_words(rgb: Pixels, subject: Subject, marks: Box | None) -> list[Box]:
    """In px of `rgb`, where marks are and what stands out beside the subject and is small for a second of its kind: large letters hang together."""
    times = rgb.shape[0] / subject.mask.shape[0]
    boxes = [] if marks is None else [marks]
    for left, top, right, bottom in subject.pieces[1:]:
        if _area((left, top, right, bottom)) < _WORD * _area(subject.pieces[0]):
            boxes.append((int(left * times), int(top * times), int(right * times), int(bottom * times)))
    return boxes


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _halo(rgb: Pixels, mask: Mask, cliffs: Mask, white: NDArray[np.float64]) -> tuple[Facts, dict[str, Box]]:
    """Along which share 0..1 of the outline a band is left of what lay behind.

    Either a faint band outside the outline that ends in a cliff, which no soft shadow has, or a pale one of one tone between the white and the
    subject's own colours.
    """
    outline = grow(mask, 1) & ~mask
    length = int(outline.sum())
    if not length:
        return {"halo": 0.0}, {}
    longest = max(rgb.shape[:2])
    rim, band = round(_RIM * longest), round(_BAND * longest)
    ends = cliffs & grow(mask, band) & ~grow(mask, rim + _WIDE // 2)
    beside = int((outline & grow(ends, band)).sum()) / length if ends.any() else 0.0
    depth = np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), dtype=np.float32)
    share = max(beside, _pale_skin(rgb, depth, white), _pale_line(rgb, mask, depth, white))
    left, top, width, height = cv2.boundingRect(grow(mask, rim).view(np.uint8))
    return {"halo": round(share, 4)}, {"halo": (left, top, left + width, top + height)}


def _marks(mask: Mask, edges: Mask) -> tuple[Facts, dict[str, Box]]:
    """How many groups of small things with hard edges - letters, a watermark, specks, a frame's corner - lie apart from the subject.

    The box holds the largest group and all that have a good part of its edges: a watermark lies on both sides of the subject.
    """
    longest = max(mask.shape)
    apart = ~fill_enclosed(grow(mask, round(_BAND * longest)))  # hands on a dial as white as the page are none
    apart[[0, -1]] = apart[:, [0, -1]] = False  # a line along the border is a fault of its own
    ink = apart & edges
    if not ink.any():
        return {"marks": 0}, {}
    groups = find_parts(closed(ink, round(_JOINED * longest / 2)), diagonal=True)
    edge = np.bincount(groups.labels[ink], minlength=len(groups) + 1)[1:]
    kept = np.flatnonzero(edge >= _INK)
    if not len(kept):
        return {"marks": 0}, {}
    shown = groups.boxes[kept[edge[kept] >= _GOOD_PART * edge.max()]]
    (left, top), (right, bottom) = shown[:, :2].min(axis=0), shown[:, 2:].max(axis=0)
    return {"marks": len(kept)}, {"marks": (int(left), int(top), int(right), int(bottom))}


def _large(mask: Mask, rgb: Pixels) -> Mask:
    large = cv2.resize(mask.astype(np.uint8) * np.uint8(255), (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, dtype=np.uint8) >= 128


def _cliffs(rgb: Pixels, small: Pixels, subject: Subject) -> Mask:
    """Where some channel falls by _CLIFF or more at once: the mean of 3 px beside a step of h levels differs from that of w px by h (w - 3) / 2 w.

    By more where the background is grainy.
    """
    most = _bends(rgb)
    grain = float(_bends(small)[subject.background].mean()) if subject.background.any() else 0.0
    found: Mask = most >= _CLIFF * (_WIDE - 3) / (2 * _WIDE) + _GRAIN * grain
    return found


def _bends(rgb: Pixels) -> Pixels:
    """HxW: by how much the mean of 3 px differs from that of _WIDE px in the channel where it differs most."""
    return lightest(np.asarray(cv2.absdiff(cv2.blur(rgb, (3, 3)), cv2.blur(rgb, (_WIDE, _WIDE))), dtype=np.uint8))


def _pale_skin(rgb: Pixels, depth: Floats, white: NDArray[np.float64]) -> float:
    """The share 0..1 of what lies right under the outline that has one pale tone, where what lies deeper has other colours; else 0."""
    skin, flesh = (rgb[(depth >= low) & (depth <= high)] for low, high in (_SKIN, _FLESH))
    if len(skin) < _LEAST or len(flesh) < _FLESHY * len(skin):
        return 0.0
    tone = np.median(skin[::FEWER], axis=0)
    if (white - tone).max() > _PALE or not _other(flesh, tone):
        return 0.0
    return float((lightest(np.abs(skin - tone)) <= _ONE_TONE).mean())


def _pale_line(rgb: Pixels, mask: Mask, depth: Floats, white: NDArray[np.float64]) -> float:
    """The share 0..1 of the outer outline along which a flat line of one pale tone runs that is too thin to fill the skin, or lies on an item as pale.

    0 where that is not nearly all around, or the line is too thin to be told from the softness of any edge.
    """
    off = _away(rgb, white)
    flat = lightest(np.asarray(cv2.subtract(cv2.dilate(rgb, _PAIR), cv2.erode(rgb, _PAIR)), dtype=np.uint8)) <= _FLAT
    flat &= (depth > 0) & (depth <= _LINE) & (off >= _ONE_TONE) & (off <= _PALE)
    if flat.sum() < _LEAST:
        return 0.0
    pale = rgb[flat]
    commonest = np.argmax(np.convolve(np.bincount(pale[:, 1], minlength=256), np.ones(_LINE_TONE + 1), "same"))
    tone = np.median(pale[np.abs(pale[:, 1].astype(int) - int(commonest)) <= _LINE_TONE // 2], axis=0)
    if not _other(rgb[(depth >= _FLESH[0]) & (depth <= _FLESH[1])], tone):
        return 0.0
    line = (flat & (_away(rgb, tone) <= _LINE_TONE)).view(np.uint8)
    whole = fill_enclosed(mask)
    outline = grow(whole, 1) & ~whole
    along, thick = (
        float((outline & grow(cv2.morphologyEx(line, cv2.MORPH_OPEN, square) > 0, _LINE)).sum()) / max(1, int(outline.sum())) for square in (_PAIR, _TRIPLE)
    )
    return along if along >= _ALL_AROUND and thick >= _THICK else 0.0


def _other(flesh: Pixels, tone: NDArray[np.float64]) -> bool:
    """Whether enough of what lies deeper has other colours than the halo would have."""
    return len(flesh) > 0 and bool((lightest(np.abs(flesh - tone)) >= _CONTRAST).mean() >= _OTHER)


def _away(rgb: Pixels, colour: NDArray[np.float64]) -> Pixels:
    """HxW: levels from a colour, in the channel that is furthest from it."""
    return lightest(np.asarray(cv2.absdiff(rgb, np.full_like(rgb, np.rint(colour))), dtype=np.uint8))


def at_side(rgb: Pixels) -> Pixels:
    """The picture shrunk to SIDE; as it is where it is smaller."""
    height, width = rgb.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    return shrink(rgb, (max(1, round(width * factor)), max(1, round(height * factor))))
