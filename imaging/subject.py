"""Finding the subject of any picture with a plain background, by what differs from the border."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.facts import Box
from imaging.filters import Floats, darkest, lightest, steps
from imaging.mending.shapes import closed, grow
from imaging.parts import Mask, fill_enclosed, find_parts

SIDE = 500  # subjects are looked for at this size: outlines are good to a five-hundredth of the frame

_PLAIN = 26.0  # levels: if this much of the border differs more from a smooth background, the background is not plain
_PLAIN_SHARE = 0.6
_LEAST_STEP = 10.0  # levels: nearer to the background than this is background
_SHADOW_TINT = 10.0  # levels between channels that a neutral shadow may have
_SHADOW_STEP = 24.0  # levels across three pixels that a soft shadow may have
_FAINT_STEP = 12.0  # ... that an outline may sink to where it lies in its own shadow,
_FAINT_SHARE = 0.4  # if no more than this share of what it encloses is enclosed by so little: an umbra has a hard edge on its one side only
_NEXT, _NEAR = np.ones((3, 3), np.uint8), np.ones((5, 5), np.uint8)
_DUST = 0.0002  # of the frame
_PIECE = 0.002  # of the frame
_FAINT = 70.0  # levels from the background, on average: what is nearer to it and joined to nothing is a watermark's letter
_LETTER = 0.15  # of the largest part: larger ones are no letters
_SOLID = 0.4  # of a second piece must hang together
_GAP = 0.006  # of the frame's longest side
_SMALL_HOLE = 0.01  # of the subject: glints, not see-through holes
_TOUCH = 0.004  # of a side


@dataclass(frozen=True)
class Subject:
    """The subject at small size; `mask` all False where none stands out."""

    mask: Mask
    marks: Mask  # what stands out apart from it: specks, letters
    background: Mask  # surely neither
    joined: Mask  # the subject and all that differs from the background and hangs together with it: its shadow, parts as pale as that
    plain: bool  # the border shows one smooth background
    pieces: tuple[Box, ...]  # boxes at small size, largest first
    box: Box | None  # at small size
    touching: tuple[str, ...]  # of left, top, right, bottom


def find_subject(rgb: NDArray[np.uint8]) -> Subject:
    """The subject of a small picture (longest side about SIDE)."""
    pixels = rgb.astype(np.float32)
    fitted, spread, plain = _fit_background(pixels)
    nothing = np.zeros(rgb.shape[:2], bool)
    if not plain:
        return Subject(nothing, nothing, _border_band(nothing.shape), nothing, False, (), None, ())
    drop = fitted - pixels
    differs = lightest(np.abs(drop)) > max(_LEAST_STEP, 4 * spread)
    smooth = _shadow_like(drop) & differs
    step = steps((pixels[..., 0] + pixels[..., 1] + pixels[..., 2]) / np.float32(3))
    solid = _without_dust(differs & ~(smooth & (step < _SHADOW_STEP)))
    if not solid.any():
        return Subject(nothing, nothing, ~nothing, nothing, True, (), None, ())
    filled = fill_enclosed(solid)
    mask = _mended(differs & (filled | _nearly_enclosed(filled, differs & ~(smooth & (step < _FAINT_STEP)))))
    whole, kept = mask, _pieces(mask, lightest(drop))
    mask = np.logical_or.reduce(kept)
    background = ~grow(whole, max(2, round(2 * _GAP * max(mask.shape))))
    return Subject(mask, whole & ~mask, background, _joined(mask, differs), True, tuple(_box(piece) for piece in kept), _box(mask), _touching(mask))


def _pieces(mask: Mask, drop: Floats) -> list[Mask]:
    """The mask's parts that are products, largest first.

    No product is what is small, what falls apart into small parts as a line of letters does, and what is faint and joined to nothing.
    """
    apart = find_parts(mask, diagonal=True)
    faint = np.bincount(apart.labels.ravel(), weights=drop.ravel())[1:] < _FAINT * apart.areas
    faint &= apart.areas < _LETTER * apart.areas[0]  # the second of a pair of pearls is as pale, but as large as the first
    solid = mask & ~np.concatenate([[False], faint])[apart.labels]
    parts = find_parts(grow(solid, max(1, round(_GAP * max(mask.shape)))), diagonal=True)
    areas = np.bincount(parts.labels[solid], minlength=len(parts) + 1)[1:]
    order = np.argsort(-areas, kind="stable")
    pieces = [solid & (parts.labels == order[0] + 1)]
    for part in order[1:]:
        if areas[part] < _PIECE * mask.size:
            break
        piece = solid & (parts.labels == part + 1)
        if int(find_parts(piece, diagonal=True).areas[0]) >= _SOLID * areas[part]:
            pieces.append(piece)
    return pieces


def _joined(mask: Mask, differs: Mask) -> Mask:
    parts = find_parts(differs | mask, diagonal=True)
    held = np.zeros(len(parts) + 1, bool)
    held[parts.labels[mask]] = True
    joined: Mask = held[parts.labels]
    return joined


def _fit_background(pixels: Floats) -> tuple[Floats, float, bool]:
    """A plane per channel through the border's colours, the border's spread around it, and whether that explains the border."""
    height, width = pixels.shape[:2]
    ring = _border_band((height, width))
    ys, xs = np.nonzero(ring)
    known, colours = np.stack([np.ones(len(xs)), xs / width - 0.5, ys / height - 0.5], axis=-1), pixels[ring].astype(np.float64)
    use = lightest(np.abs(colours - np.median(colours, axis=0))) < 2 * _PLAIN
    coefficients = np.zeros((3, 3))
    coefficients[0] = np.median(colours, axis=0)
    for _ in range(3):
        if use.sum() < 0.3 * len(use):
            break
        coefficients = np.linalg.lstsq(known[use], colours[use], rcond=None)[0]
        use = lightest(np.abs(colours - known @ coefficients)) < _PLAIN
    off = lightest(np.abs(colours - known @ coefficients))
    level, across, down = coefficients.astype(np.float32)
    row, column = np.arange(width, dtype=np.float32) / width - np.float32(0.5), np.arange(height, dtype=np.float32) / height - np.float32(0.5)
    fitted = (level + row[:, None] * across)[None] + (column[:, None] * down)[:, None]
    return np.clip(fitted, 0, 255, out=fitted), float(np.median(off)), bool((off < _PLAIN).mean() >= _PLAIN_SHARE)


def _shadow_like(drop: Floats) -> Mask:
    """Darker than the background, and of its tint."""
    least = darkest(drop)
    like: Mask = (least > -2) & (lightest(drop) - least < _SHADOW_TINT)
    return like


def _nearly_enclosed(solid: Mask, outline: Mask) -> Mask:
    """What the outline closes around where the solid leaves a gap: a grey strap whose edge is hardly darker than the shadow at its foot."""
    outline = outline | solid
    inner = fill_enclosed(outline) & ~outline
    if not (inner & ~solid).any():
        return inner
    outline = _without_dust(outline)
    inner = fill_enclosed(outline) & ~outline
    found = find_parts(closed(inner, 2))  # across the lines of links
    if not len(found):
        return inner
    labels = np.asarray(cv2.dilate(found.labels.astype(np.float32), _NEXT), dtype=np.int64)
    rim = (labels > 0) & (found.labels == 0)
    hard = np.asarray(cv2.dilate(solid.view(np.uint8), _NEAR), dtype=np.uint8) > 0
    count = len(found) + 1
    around, faint = np.bincount(labels[rim], minlength=count), np.bincount(labels[rim & ~hard], minlength=count)
    keep = faint <= _FAINT_SHARE * np.maximum(around, 1)
    keep[0] = False
    kept: Mask = keep[labels]
    return kept


def _without_dust(mask: Mask) -> Mask:
    parts = find_parts(mask, diagonal=True)
    keep = np.concatenate([[False], parts.areas >= max(3, _DUST * mask.size)])
    kept: Mask = keep[parts.labels]
    return kept


def _mended(mask: Mask) -> Mask:
    """With small enclosed holes (glints) filled."""
    holes = find_parts(fill_enclosed(mask) & ~mask)
    small = np.concatenate([[False], holes.areas < _SMALL_HOLE * max(int(mask.sum()), 1)])
    filled: Mask = mask | small[holes.labels]
    return filled


def _border_band(shape: tuple[int, ...]) -> Mask:
    band = np.ones(shape[:2], bool)
    thick = max(1, round(0.008 * max(shape[:2])))
    if min(shape[:2]) > 2 * thick:
        band[thick:-thick, thick:-thick] = False
    return band


def _box(mask: Mask) -> Box:
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return left, top, left + width, top + height


def _touching(mask: Mask) -> tuple[str, ...]:
    sides = {"left": mask[:, 0], "top": mask[0], "right": mask[:, -1], "bottom": mask[-1]}
    return tuple(name for name, side in sides.items() if side.sum() > max(1, _TOUCH * len(side)))
