"""Where an item lies in the frame: scale, turn, mirror, running out of the picture; colour and alpha move by the same matrix.

An item is RGBA uint8 with colour premultiplied by alpha, so that edges mix rightly when pixels are joined. The frame is (w, h).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import between

RUNS_OUT = 0.22  # share of items that leave the frame
Matrix = NDArray[np.float64]  # 2 x 3, from item pixels to frame pixels


def premultiplied(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same item with colour times alpha, rounded."""
    alpha = rgba[..., 3:].astype(np.uint16)
    colour = (rgba[..., :3].astype(np.uint16) * alpha + 127) // 255
    return np.dstack([colour.astype(np.uint8), rgba[..., 3]])


def turn(rng: np.random.Generator) -> float:
    """An angle in degrees: mostly near 0, 90, 180 or 270, one in eight any."""
    if rng.random() < 0.13:
        return between(rng, 0, 360)
    near = float(rng.choice([0, 90, 180, 270], p=(0.5, 0.2, 0.1, 0.2)))
    return near + (0.0 if rng.random() < 0.35 else float(np.clip(rng.normal(0, 9), -28, 28)))


def fill(rng: np.random.Generator) -> float:
    """How much of the frame the item's tightest side takes when it is whole: .3 to 1.0, mostly .75 to .98."""
    kind = rng.random()
    if kind < 0.7:
        return float(rng.triangular(0.72, 0.93, 0.998))
    return between(rng, 0.5, 0.8) if kind < 0.9 else between(rng, 0.28, 0.5)


def matrix(
    rng: np.random.Generator,
    alpha: NDArray[np.uint8],
    frame: tuple[int, int],
    *,
    box: tuple[float, float, float, float] | None = None,
    runs_out: float = RUNS_OUT,
) -> Matrix:
    """A placement of the item with this alpha; `box` (x0, y0, x1, y1 in shares of the frame) keeps it within a part of it."""
    x0, y0, x1, y1 = box or (0.0, 0.0, 1.0, 1.0)
    room_w, room_h = (x1 - x0) * frame[0], (y1 - y0) * frame[1]
    h, w = alpha.shape
    angle = np.radians(turn(rng))
    # a longer item may be turned along the longer side of the frame, as a photographer would
    if rng.random() < 0.7 and (w > h * 1.3 or h > w * 1.3) and (room_w > room_h * 1.15 or room_h > room_w * 1.15) and (w > h) != (room_w > room_h):
        angle += np.pi / 2
    squeeze = float(np.exp(between(rng, -1, 1) * 0.09))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror * squeeze, 1 / squeeze])
    outline = _outline(alpha)
    placed = outline @ linear.T
    low, high = placed.min(0), placed.max(0)
    span = np.maximum(high - low, 1)
    fit = float(min(room_w / span[0], room_h / span[1]))
    if rng.random() < runs_out:
        scale, to = _out_of_frame(rng, span, room_w, room_h, fit)
    else:
        scale = fit * fill(rng)
        free = (np.array([room_w, room_h]) - span * scale) / 2
        to = np.array([room_w, room_h]) / 2 + free * np.clip(rng.normal(0, 0.35, 2), -1, 1)
    to = to + np.array([x0 * frame[0], y0 * frame[1]])
    linear = linear * scale
    return np.c_[linear, to - (low + high) / 2 * scale]


def _outline(alpha: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Corners of the item's convex hull, taken from a small copy: a few pixels of error do not matter here."""
    h, w = alpha.shape
    step = max(1, max(h, w) // 96)
    ys, xs = np.nonzero(alpha[::step, ::step] > 64)
    if len(xs) == 0:
        return np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]])
    points = np.stack([xs, ys], 1).astype(np.float32) * step
    return cv2.convexHull(points)[:, 0].astype(np.float64)


def _out_of_frame(rng: np.random.Generator, span: NDArray[np.float64], room_w: float, room_h: float, fit: float) -> tuple[float, NDArray[np.float64]]:
    """Scale and centre of an item that leaves the frame: mostly at both ends of its longer side, as straps do."""
    room = np.array([room_w, room_h])
    kind = rng.random()
    long = int(span[1] / room_h > span[0] / room_w)
    if kind < 0.6:  # both ends cut, the middle seen whole
        across = float(room[1 - long] / span[1 - long])
        scale = max(fit * between(rng, 1.05, 1.5), min(across * between(rng, 0.4, 0.97), fit * 4))
        to = room * (0.5 + rng.uniform(-0.06, 0.06, 2))
    elif kind < 0.85:  # one end cut
        scale = fit * between(rng, 0.8, 1.5)
        to = room / 2
        over = span[long] * scale * between(rng, 0.05, 0.35)
        shift = room[long] / 2 - span[long] * scale / 2 + over
        to[long] += shift * (1 if rng.random() < 0.5 else -1)
        to[1 - long] += room[1 - long] * between(rng, -0.1, 0.1)
    else:  # a detail
        scale = fit * between(rng, 1.3, 2.4)
        to = room * (0.5 + rng.uniform(-0.25, 0.25, 2))
    return scale, to


def zoom(where: Matrix) -> float:
    """Frame pixels per item pixel."""
    return float(np.sqrt(abs(np.linalg.det(where[:, :2]))))


def halved(where: Matrix) -> Matrix:
    """The same placement for the item at exactly twice its size. Pixel 0 of the small one covers pixels 0 and 1 of the large one."""
    linear = where[:, :2] / 2
    return np.c_[linear, where[:, 2] - linear @ np.array([0.5, 0.5])]


def placed(item: NDArray[np.uint8], where: Matrix, frame: tuple[int, int], border: int = cv2.BORDER_CONSTANT) -> NDArray[np.uint8]:
    """The item on an empty frame, uint8 h x w x 4. Shrinking averages areas, so thin parts keep their share of alpha."""
    where = where.copy()
    scale = zoom(where)
    if scale < 0.45:  # first by areas to about half, the rest below
        h, w = item.shape[:2]
        small = (max(1, round(w * scale * 2)), max(1, round(h * scale * 2)))
        item = cv2.resize(item, small, interpolation=cv2.INTER_AREA)
        # pixel centres: x_old + .5 = (x_new + .5) * w / small
        fx, fy = w / small[0], h / small[1]
        where[:, 2] += where[:, :2] @ np.array([(fx - 1) / 2, (fy - 1) / 2])
        where[:, :2] = where[:, :2] @ np.diag([fx, fy])
        scale = zoom(where)
    if scale > 0.95:
        return cv2.warpAffine(item, where, frame, flags=cv2.INTER_LINEAR, borderMode=border)
    twice = where * 2
    twice[:, 2] += 0.5  # the centre of a pixel of the frame is the corner of four here
    big = cv2.warpAffine(item, twice, (frame[0] * 2, frame[1] * 2), flags=cv2.INTER_LINEAR, borderMode=border)
    return cv2.resize(big, frame, interpolation=cv2.INTER_AREA)


def window(rng: np.random.Generator, alpha: NDArray[np.uint8], frame: tuple[int, int], keep: float) -> Matrix | None:
    """A window onto a whole picture with truth `alpha`: zoom, quarter turn, small turn, mirror; never beyond the picture's edge.

    Tries a few and answers the first that keeps `keep` (0..1) of the product, else None. A picture without product is always fine.
    """
    h, w = alpha.shape
    small = cv2.resize(alpha, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    whole = float(small.sum())
    for attempt in range(4):
        quarter = int(rng.choice(4, p=(0.55, 0.17, 0.11, 0.17)))
        tilt = 0.0 if rng.random() < 0.5 or attempt == 3 else float(np.clip(rng.normal(0, 5), -14, 14))
        angle = np.radians(quarter * 90 + tilt)
        cos, sin = abs(np.cos(angle)), abs(np.sin(angle))
        need_w, need_h = frame[0] * cos + frame[1] * sin, frame[0] * sin + frame[1] * cos
        largest = min(w / need_w, h / need_h)  # picture pixels per frame pixel
        share = between(rng, 0.88, 1.0) if rng.random() < 0.55 else between(rng, 0.45, 0.9)
        share = 1.0 if attempt == 3 else share
        step = largest * share
        free = np.array([w - need_w * step, h - need_h * step]) / 2
        centre = np.array([w, h]) / 2 + free * np.clip(rng.normal(0, 0.6, 2), -1, 1)
        mirror = -1.0 if rng.random() < 0.5 else 1.0
        linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1.0]) / step
        where = np.c_[linear, np.array(frame) / 2 - 0.5 - linear @ (centre - 0.5)]  # from pixel centre to pixel centre
        if whole < 1:
            return where
        shrink = np.diag([w / 64, h / 64])
        seen = cv2.warpAffine(small, np.c_[linear @ shrink, where[:, 2]], frame, flags=cv2.INTER_NEAREST)
        if float(seen.sum()) * abs(np.linalg.det(linear @ shrink)) ** -1 >= keep * whole:
            return where
    return None
