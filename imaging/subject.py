"""Finding the subject of any picture with a plain background, by what differs from the border."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.facts import Box
from imaging.filters import Floats, box_mean, darkest, lightest
from imaging.parts import Mask, fill_enclosed, find_parts

SIDE = 500  # subjects are looked for at this size: outlines are good to a five-hundredth of the frame

_PLAIN = 26.0  # levels: if this much of the border differs more from a smooth background, the background is not plain
_PLAIN_SHARE = 0.6
_LEAST_STEP = 10.0  # levels: nearer to the background than this is background
_SHADOW_TINT = 10.0  # levels between channels that a neutral shadow may have
_SHADOW_STEP = 24.0  # levels across three pixels that a soft shadow may have
_DUST = 0.0002  # of the frame
_PIECE = 0.002  # of the frame
_GAP = 0.006  # of the frame's longest side
_SMALL_HOLE = 0.01  # of the subject: glints, not see-through holes
_TOUCH = 0.004  # of a side


@dataclass(frozen=True)
class Subject:
    """The subject at small size; `mask` all False where none stands out."""

    mask: Mask
    background: Mask  # surely not subject
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
        return Subject(nothing, _border_band(nothing.shape), False, (), None, ())
    drop = fitted - pixels
    differs = lightest(np.abs(drop)) > max(_LEAST_STEP, 4 * spread)
    solid = _without_dust(differs & ~_shadow_like(pixels, drop))
    if not solid.any():
        return Subject(nothing, ~nothing, True, (), None, ())
    mask = _mended(differs & fill_enclosed(solid))
    grown = _grown(mask, max(1, round(_GAP * max(mask.shape))))
    parts = find_parts(grown, diagonal=True)
    areas = np.bincount(parts.labels[mask], minlength=len(parts) + 1)[1:]
    order = np.argsort(-areas, kind="stable")
    pieces = tuple(_box(mask & (parts.labels == i + 1)) for i in order if areas[i] >= _PIECE * mask.size)
    return Subject(mask, ~_grown(mask, max(2, round(2 * _GAP * max(mask.shape)))), True, pieces, _box(mask), _touching(mask))


def _fit_background(pixels: Floats) -> tuple[Floats, float, bool]:
    """A plane per channel through the border's colours, the border's spread around it, and whether that explains the border."""
    height, width = pixels.shape[:2]
    ring = _border_band((height, width))
    ys, xs = np.nonzero(ring)
    known, colours = np.stack([np.ones(len(xs)), xs / width - 0.5, ys / height - 0.5], axis=-1), pixels[ring].astype(np.float64)
    use = np.abs(colours - np.median(colours, axis=0)).max(axis=1) < 2 * _PLAIN
    coefficients = np.zeros((3, 3))
    coefficients[0] = np.median(colours, axis=0)
    for _ in range(3):
        if use.sum() < 0.3 * len(use):
            break
        coefficients = np.linalg.lstsq(known[use], colours[use], rcond=None)[0]
        use = np.abs(colours - known @ coefficients).max(axis=1) < _PLAIN
    off = np.abs(colours - known @ coefficients).max(axis=1)
    level, across, down = coefficients.astype(np.float32)
    row, column = np.arange(width, dtype=np.float32) / width - np.float32(0.5), np.arange(height, dtype=np.float32) / height - np.float32(0.5)
    fitted = (level + row[:, None] * across)[None] + (column[:, None] * down)[:, None]
    return np.clip(fitted, 0, 255, out=fitted), float(np.median(off)), bool((off < _PLAIN).mean() >= _PLAIN_SHARE)


def _shadow_like(pixels: Floats, drop: Floats) -> Mask:
    """Darker than the background, of its tint, and smooth."""
    grey = (pixels[..., 0] + pixels[..., 1] + pixels[..., 2]) / np.float32(3)
    around = np.ones((3, 3), np.uint8)
    step = np.asarray(cv2.dilate(grey, around)) - np.asarray(cv2.erode(grey, around))
    least = darkest(drop)
    like: Mask = (least > -2) & (lightest(drop) - least < _SHADOW_TINT) & (step < _SHADOW_STEP)
    return like


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


def _grown(mask: Mask, radius: int) -> Mask:
    grown: Mask = box_mean(mask.astype(np.float32), radius) > 1e-4
    return grown


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
