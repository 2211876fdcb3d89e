"""Tells the photograph's own shadow from all else around the item: smooth, grey, darker than the paper, and hanging on the item."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.colour import to_srgb
from imaging.decode import as_array, as_image, shrunk, upright
from imaging.filters import Floats, Pixels, box_mean, lightest, shrink, soft_blur
from imaging.frame import Alpha, Frame
from imaging.mending.backdrop import Backdrop, fit_backdrop
from imaging.mending.look import log_colour, shrunk_map, shrunk_pixels
from imaging.mending.shapes import grow
from imaging.parts import Mask, find_parts
from imaging.recipe import Recipe
from imaging.steps.crop import scale

SIDE = 500  # px of the canvas at which shadows are made: they hold no detail finer than this
_FEWEST, _MOST = 384, 1000  # px of the whole photo's longest side, however small the item is in it

_REACHES = (0.16, 0.08, 0.04, 0.02)  # of the photo's longest side: so far from the item paper is taken to be free of its shadow, if enough is seen there
_ENOUGH = 0.2  # of the frame
_TEXTURE = 0.02  # nepers by which a surface that is plain enough may miss the paper
_CLUTTER = 0.25  # of the paper that it may not explain
_LIGHT = np.array([0.2126, 0.7152, 0.0722], np.float32)
_RIM = 2  # px beside the item that show some of its edge
_TINT, _TINTED = 0.03, 0.3  # by which a channel of a shadow may be off, at none and more with its darkness: gold and leather colour it
_DEEPEST = 0.6  # darkness beyond which it is dark material
_STEEP = 0.05  # darkness per px that a soft shadow may change by; the edge of a thing is steeper
_EDGED = 0.3  # of a region's outline: what ends so often in an edge is a thing and no shadow
_LEAST = 0.012  # darkness that is told from none
_SMOOTH = 1  # px
_SQUARES, _FAR = 16, 0.08  # a longest side has, and of it: the squares of paper beyond that distance are asked for marks,
_MARK, _MARKED, _STREWN = 0.03, 0.05, 0.25  # darker or brighter than paper by this, in this share of a square; of squares: veins and weave, not one prop


def cast(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `cast`, the darkness 0..1 of the photo's own shadow over the whole upright photo, where the recipe keeps it and the backdrop lets it be told."""
    if recipe.shadow.kind != "kept":
        return frame
    longest = max(frame.alpha.shape) * scale(frame, recipe) * min(1.0, SIDE / recipe.longest_px)
    small = upright(to_srgb(shrunk(as_image(frame.image), round(min(max(longest, _FEWEST), _MOST))), frame.icc), frame.orientation)
    alpha = frame.alpha
    if alpha.shape != small.size[::-1]:
        alpha = np.asarray(cv2.resize(shrink(alpha, _within(alpha, small.size)), small.size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return replace(frame, cast=own_shadow(as_array(small), alpha))


def own_shadow(rgb: Pixels, alpha: Alpha) -> Floats | None:
    """Darkness 0..1, float32 HxW, of the shadow in a small photo HxWx3 around its item: neutral, smooth, 0 beyond it, carried on under the item's rim.

    A shade of .2 makes white 204. None where the backdrop is not plain enough to tell, or what is dark beside the item has edges of its own.
    """
    paper = _paper(rgb, alpha)
    if paper is None:
        return None
    height, width = alpha.shape
    levels = np.maximum(np.exp(paper.surface((width, height))) * np.float32(263) - np.float32(8), np.float32(1))
    ratio = box_mean(rgb.astype(np.float32), 1) / levels
    dark = 1 - np.asarray(ratio @ _LIGHT, dtype=np.float32)
    tint = lightest(np.abs(ratio - (1 - dark)[..., None]))

    rim = grow(alpha > 0, _RIM)
    beyond = ~rim
    least = max(_LEAST, 3 * 1.4826 * float(np.median(np.abs(dark[beyond])))) if beyond.any() else _LEAST
    across, down = cv2.Sobel(dark, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(dark, cv2.CV_32F, 0, 1, scale=1 / 8)
    steep: Mask = np.asarray(cv2.magnitude(across, down)) > _STEEP
    soft = beyond & (dark > least) & (dark < _DEEPEST) & (tint < _TINT + _TINTED * dark) & ~steep
    falls = _hanging(soft, rim)
    if _strewn(dark, alpha) > _STREWN or _edged(falls, steep & beyond, rim):
        return None

    kept = np.where(falls, dark * np.clip((dark - least / 2) / least, 0, 1), np.float32(0)).astype(np.float32)
    known = beyond.astype(np.float32)
    for radius in (_SMOOTH, 3 * _SMOOTH, 9 * _SMOOTH):  # under the rim it goes on as it is beside it
        weight = soft_blur(known, radius)
        near = weight > 0.02
        guess = soft_blur(kept * known, radius) / np.maximum(weight, np.float32(0.02))
        kept = np.where(known > 0, kept, np.where(near, guess, 0)).astype(np.float32)
        known = np.maximum(known, near).astype(np.float32)
    return np.clip(soft_blur(kept, _SMOOTH), 0, 1)


def _paper(rgb: Pixels, alpha: Alpha) -> Backdrop | None:
    """The backdrop, fitted where the item casts no shadow; None where it is not plain."""
    small = shrunk_pixels(rgb)
    colour = log_colour(small)
    item = shrunk_map(alpha.astype(np.float32) / np.float32(255), small.size) > 0.02
    known = ~item
    for reach in _REACHES:
        known = ~grow(item, round(reach * max(item.shape)))
        if known.mean() >= _ENOUGH:
            break
    paper = fit_backdrop(colour, known)
    if paper is None:
        return None
    off = (colour - paper.surface(small.size)).mean(axis=2)
    lit = known & ~grow(box_mean(off, 2) < -2 * paper.miss - 0.01, 2)  # a long shadow reaches further than that
    again = fit_backdrop(colour, lit) if lit.mean() >= _ENOUGH / 2 else None
    paper = again if again is not None and again.miss < paper.miss else paper
    return paper if paper.miss <= _TEXTURE and paper.odd <= _CLUTTER else None


def _hanging(soft: Mask, rim: Mask) -> Mask:
    """What of it touches the item: a stain, and a thing with its own shadow, lie elsewhere."""
    parts = find_parts(soft, diagonal=True)
    touching = np.unique(parts.labels[soft & grow(rim, 1)])
    return soft & np.isin(parts.labels, touching[touching > 0])


def _edged(falls: Mask, steep: Mask, rim: Mask) -> bool:
    """Whether it mostly ends in edges: then a strap that the cut-out missed, or a stand, is mistaken for shadow."""
    outline = grow(falls, 1) & ~falls & ~grow(rim, 2)
    return bool(outline.any()) and float(steep[outline].mean()) > _EDGED


def _strewn(dark: Floats, alpha: Alpha) -> float:
    """0..1, in how much of the paper far from the item, counted in squares, something is darker or brighter than paper."""
    side = max(1, max(alpha.shape) // _SQUARES)
    far = ~grow(alpha > 0, round(_FAR * max(alpha.shape)))
    rows, columns = alpha.shape[0] // side * side, alpha.shape[1] // side * side
    seen, marked = (mask[:rows, :columns].reshape(rows // side, side, columns // side, side).mean(axis=(1, 3)) for mask in (far, far & (np.abs(dark) > _MARK)))
    paper = seen > 0.5
    return float((marked[paper] > _MARKED).mean()) if paper.any() else 0.0


def _within(alpha: Alpha, size: tuple[int, int]) -> tuple[int, int]:
    return min(size[0], alpha.shape[1]), min(size[1], alpha.shape[0])
