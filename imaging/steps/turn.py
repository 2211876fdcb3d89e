"""Turns an item upright that was photographed leaning, where its outline says surely enough by how much."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.filters import Floats, shrink
from imaging.frame import Alpha, Frame, Rgb, item_box
from imaging.parts import find_parts
from imaging.recipe import Recipe

_SIDE = 400  # px of the item's longest side at which its lean is measured: to a tenth of a degree
_LEAST = 0.2  # degrees: less is not seen, and a turn costs some crispness
_ROUNDS = 4
_ENDS = 0.04  # of the item's length at each end, whose rounding tells nothing
_LONG = (1.25, 1.6)  # times as long as wide: up to the one there is no telling, from the other on it is sure
_IN_LINE = (0.5, 0.8)  # of the item's length whose middle lies on one line
_OFF = 0.015  # of the item's width by which it may be off, and still lie there
_MIRRORED = (0.85, 0.95)  # of the item and its mirror image that is common to both
_STRAIGHT = (0.13, 0.2)  # of the outline that runs along the axis,
_ALONG, _SMOOTH = 8.0, 2.0  # by so many degrees at the most, as a strap tapers; px, so that links are no steps
_ALONE = 0.95  # of the alpha that must be one piece

_Matrix = NDArray[np.float64]


def lean(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `turn`, the degrees by which the item is to be turned counter-clockwise: before `crop`, which needs to know how large it will be then."""
    if recipe.upright is None:
        return frame
    degrees, confidence = angle_of(frame.alpha)
    if not _LEAST <= abs(degrees) <= recipe.upright.most_degrees or confidence < recipe.upright.least_confidence:
        return frame
    return replace(frame, turn=degrees).noted(f"turned upright by {abs(degrees):.1f} degrees")


def turn(frame: Frame, recipe: Recipe) -> Frame:
    """Picture and alpha turned by `turn`, on a picture as much larger as they need so that nothing of them is cut off."""
    if not frame.turn:
        return frame
    height, width = frame.alpha.shape
    matrix, size = _turning(width, height, frame.turn)
    rgb, alpha = _turned(frame.rgb, frame.alpha, matrix, size)
    edges = matrix.copy()  # the same turn of corners instead of centres of pixels
    edges[:, 2] += 0.5 - 0.5 * matrix[:, :2].sum(axis=1)
    placing = None if frame.placing is None else edges @ np.vstack([frame.placing, [0, 0, 1]])
    return replace(frame, rgb=rgb, alpha=alpha, placing=placing, turn=0.0)


def angle_of(alpha: Alpha) -> tuple[float, float]:
    """By how many degrees (-90..90) the item of a mask HxW uint8 leans clockwise, and 0..1, how sure that is.

    Its axis is the line through the middles of its rows, as both edges of a strap have it. It is sure for one long thing that is alike on both sides
    of it; a ring, a pair of earrings and a watch seen from aside are not.
    """
    left, top, right, bottom = item_box(alpha, 1)
    item = _small(alpha[top:bottom, left:right])
    parts = find_parts(item >= 0.5, diagonal=True)
    if not len(parts) or parts.areas[0] < _ALONE * parts.areas.sum():
        return 0.0, 0.0
    degrees, long = _principal(item)
    in_line = 0.0
    for _ in range(_ROUNDS):
        more, in_line = _middle_line(_straightened(item, degrees))
        degrees += more
        if abs(more) < 0.01:
            break
    degrees = (degrees + 90) % 180 - 90
    upright = _straightened(item, degrees)
    sure = _rising(long, _LONG) * _rising(in_line, _IN_LINE) * _rising(_mirrored(upright), _MIRRORED) * _rising(_straight(upright), _STRAIGHT)
    return round(degrees, 3), round(sure, 3)


def _small(alpha: Alpha) -> Floats:
    height, width = alpha.shape
    factor = _SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if factor <= 1:
        alpha = shrink(alpha, size)
    return alpha.astype(np.float32) / np.float32(255)


def _principal(item: Floats) -> tuple[float, float]:
    """How the longer axis of the item's second moments leans, and how many times as long as the other it is."""
    moments = cv2.moments(item)
    across, down, both = moments["mu20"], moments["mu02"], moments["mu11"]
    spread, vectors = np.linalg.eigh(np.array([[across, both], [both, down]]))
    x, y = vectors[:, 1]
    return math.degrees(math.atan2(x, -y) if y < 0 else math.atan2(-x, y)), math.sqrt(spread[1] / max(spread[0], 1e-9))


def _straightened(item: Floats, degrees: float) -> Floats:
    height, width = item.shape
    matrix, size = _turning(width, height, degrees)
    return np.asarray(cv2.warpAffine(item, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.float32)


def _middle_line(item: Floats) -> tuple[float, float]:
    """How the line through the rows' middles leans, and which share of the rows lie on it: a crown and a buckle's tongue may lie beside it."""
    wide = item.sum(axis=1)
    rows = np.flatnonzero(wide > 0.5)
    if len(rows) < 8:
        return 0.0, 0.0
    ends = round(_ENDS * len(rows))
    rows = rows[ends : len(rows) - ends]
    middles = (item[rows] @ np.arange(item.shape[1], dtype=np.float32)) / wide[rows]
    most = max(_OFF * float(np.quantile(wide[rows], 0.9)), 0.5)
    known = np.stack([np.ones(len(rows)), rows - rows.mean()], axis=-1)
    weight = np.ones(len(rows))
    line = np.zeros(2)
    for _ in range(8):
        line = np.linalg.lstsq(known * weight[:, None], middles * weight, rcond=None)[0]
        off = np.abs(middles - known @ line)
        reach = max(3 * 1.4826 * float(np.median(off)), most)
        weight = np.clip(1 - (off / reach) ** 2, 0, 1)
    return math.degrees(math.atan(-float(line[1]))), float((np.abs(middles - known @ line) <= most).mean())


def _mirrored(item: Floats) -> float:
    """0..1, how much of an upright item lies on its mirror image, at the best."""
    middle = float((item.sum(axis=0) @ np.arange(item.shape[1])) / max(float(item.sum()), 1e-6))
    best = 0.0
    for shift in (-2, -1, 0, 1, 2):
        flip = np.array([[-1.0, 0.0, 2 * middle + shift], [0.0, 1.0, 0.0]])
        other = np.asarray(cv2.warpAffine(item, flip, (item.shape[1], item.shape[0]), flags=cv2.INTER_LINEAR), dtype=np.float32)
        best = max(best, float(np.minimum(item, other).sum() / max(float(np.maximum(item, other).sum()), 1e-6)))
    return best


def _straight(item: Floats) -> float:
    """0..1, how much of the outline runs along the item's axis: both edges of a strap, little of an oval bangle."""
    smooth = cv2.GaussianBlur(item, (0, 0), _SMOOTH)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    steep = np.asarray(cv2.magnitude(across, down))
    along = np.abs(down) < math.tan(math.radians(_ALONG)) * np.abs(across)
    return float(steep[along].sum() / max(float(steep.sum()), 1e-6))


def _rising(value: float, ends: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - ends[0]) / (ends[1] - ends[0])))


def _turning(width: int, height: int, degrees: float) -> tuple[_Matrix, tuple[int, int]]:
    """The turn counter-clockwise around the middle, of centres of pixels, and the size of a picture that holds all of the turned one."""
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    size = math.ceil(width * cosine + height * sine) + 6, math.ceil(width * sine + height * cosine) + 6  # the resampling reaches 2 px further
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), dtype=np.float64)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return matrix, size


def _turned(rgb: Rgb, alpha: Alpha, matrix: _Matrix, size: tuple[int, int]) -> tuple[Rgb, Alpha]:
    """Both resampled, each colour weighing as much as it is seen, so that no backdrop comes into the edge."""
    share = alpha.astype(np.float32) / np.float32(255)
    seen = cv2.merge([*cv2.split(rgb.astype(np.float32) * share[..., None]), share])
    out = np.asarray(cv2.warpAffine(seen, matrix, size, flags=cv2.INTER_CUBIC), dtype=np.float32)
    opaque = np.clip(out[..., 3:], 0, 1)
    colours = np.clip(out[..., :3] / np.maximum(out[..., 3:], np.float32(1 / 255)), 0, 255)
    return np.rint(colours).astype(np.uint8), np.rint(opaque[..., 0] * 255).astype(np.uint8)
