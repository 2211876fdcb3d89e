"""Cuts the photo to the item and brings it to its final scale, so that no later step sees more pixels than are delivered."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from imaging.colour import to_srgb
from imaging.decode import as_image, as_stored, size_of, stored_box
from imaging.filters import shrink
from imaging.frame import FAINT, Alpha, Frame, item_box
from imaging.recipe import Recipe

_Region = tuple[float, float, float, float]  # left, top, right, bottom in px of a photo as it is stored

_TILE = 128
_BESIDE = (12, 0.014)  # px, and of the canvas: so far beside the item the backdrop is looked at when its colour is taken out of the edge (`cutout`)
FILTER = Image.Resampling.BICUBIC  # two thirds of the time of Lanczos; 44 to 50 dB from its finished pictures, rings less (Hamming 38 to 49, box 32 to 45)
REDUCED = 3.0  # times smaller: from here on the image is first reduced by a whole number, whose grid would differ from tile to tile


def scale(frame: Frame, recipe: Recipe) -> float:
    """Canvas px per px of the alpha: at the length that was asked for, or as the recipe fills its canvas; within the recipe's bounds.

    The request's `fill` makes it so many times larger or smaller, within the same bounds.
    """
    wide, high = item_size(frame)
    relative = max(wide / recipe.width_px, high / recipe.height_px)  # the item's longer relative side, were it shown at 1
    fill = recipe.fill
    if frame.longest_px is not None:
        wished = frame.longest_px / max(wide, high)
    elif fill.by == "area":
        wished = math.sqrt(fill.share * recipe.width_px * recipe.height_px / cv2.countNonZero(cv2.compare(frame.alpha, 128, cv2.CMP_GE)))  # type: ignore[call-overload]
    else:
        wished = fill.share / relative
    least, most = fill.least / relative, fill.most / relative
    return min(max(min(max(wished, least), most) * frame.adjustments.get("fill", 1.0), least), most)


def crop(frame: Frame, recipe: Recipe) -> Frame:
    """The photo and its alpha around the item, at the size they have on the canvas; notes an enlargement."""
    height, width = frame.alpha.shape
    left, top, right, bottom = item_box(frame.alpha, FAINT)
    factor = scale(frame, recipe)
    size = max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor))

    sideways = frame.orientation >= 5
    shares = stored_box((left / width, top / height, right / width, bottom / height), frame.orientation)
    stored_w, stored_h = size_of(frame.image)
    box = (shares[0] * stored_w, shares[1] * stored_h, shares[2] * stored_w, shares[3] * stored_h)
    stored_size = size[::-1] if sideways else size
    alpha = _scaled(frame.alpha[top:bottom, left:right], size)
    beside = max(_BESIDE[0], round(_BESIDE[1] * recipe.longest_px))
    box = _inside(box, (stored_w, stored_h))
    image = _resized(scalable(as_image(frame.image)), stored_size, box, as_stored(alpha, frame.orientation), beside)

    across, down = size[0] / (right - left), size[1] / (bottom - top)
    placing = np.array([[width * across, 0, -left * across], [0, height * down, -top * down]])
    cut = replace(frame, image=image, alpha=alpha, placing=placing)
    enlarged = factor * width / frame.photo_size[0]
    if enlarged > 1.02:
        held = round(max(item_size(frame)) * frame.photo_size[0] / width)
        return cut.noted(f"enlarged {enlarged:.1f} x: the photo shows the item only {held} px long")
    return cut


def item_size(frame: Frame) -> tuple[int, int]:
    """Width and height of the item in px of the alpha, as it will be once it is turned upright."""
    left, top, right, bottom = item_box(frame.alpha)
    if frame.turn:
        return _turned_size(frame.alpha[top:bottom, left:right], frame.turn)
    return right - left, bottom - top


def _turned_size(alpha: Alpha, degrees: float) -> tuple[int, int]:
    """Width and height of what is turned by some degrees, by the hull of its pixels' middles."""
    hull = np.asarray(cv2.convexHull(cv2.findNonZero((alpha >= 128).view(np.uint8))), dtype=np.float64).reshape(-1, 2)
    turn = np.radians(degrees)
    wide, high = np.ptp(hull @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]), axis=0)
    return round(float(wide)) + 1, round(float(high)) + 1


def _resized(image: Image.Image, size: tuple[int, int], box: _Region, needed: Alpha, beside: int) -> Image.Image:
    """A part of the image at another size; black in whole tiles with no alpha within `beside` px, which saves their time."""
    across, down = (box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]
    if max(across, down) >= REDUCED:
        return image.resize(size, FILTER, box=box, reducing_gap=REDUCED)
    out = Image.new(image.mode, size)
    for top in range(0, size[1], _TILE):
        for left in range(0, size[0], _TILE):
            right, bottom = min(left + _TILE, size[0]), min(top + _TILE, size[1])
            if needed[max(0, top - beside) : bottom + beside, max(0, left - beside) : right + beside].any():
                part = (box[0] + left * across, box[1] + top * down, min(box[2], box[0] + right * across), min(box[3], box[1] + bottom * down))
                out.paste(image.resize((right - left, bottom - top), FILTER, box=part), (left, top))
    return out


def _scaled(alpha: Alpha, size: tuple[int, int]) -> Alpha:
    height, width = alpha.shape
    if size[0] <= width and size[1] <= height:
        return shrink(alpha, size)
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def scalable(image: Image.Image) -> Image.Image:
    """Palettes and odd modes cannot be averaged; they become colours first."""
    return image if image.mode in ("L", "RGB", "CMYK", "LAB", "LA", "RGBA") else to_srgb(image, None)


def _inside(box: _Region, size: tuple[int, int]) -> _Region:
    return max(0.0, box[0]), max(0.0, box[1]), min(float(size[0]), box[2]), min(float(size[1]), box[3])
