"""The canvas of drawn foregrounds: shapes, metal, stones and straps' strips, laid over each other with exact alpha.

The canvas is RGBA uint8 with premultiplied colour at twice the final size. Filling a smooth polygon with (r, g, b, 255) is then exactly
"over", cutting is filling with zeros, and reducing by areas keeps both right. Coordinates are canvas pixels, x to the right, y down.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # n x 2
Colour = NDArray[np.float32]  # 3, sRGB 0..255
Shader = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.uint8]]  # (x 1 x w, y h x 1) -> h x w x 3
Rng = np.random.Generator

FINE = 4  # bits of sub-pixel positions
TWICE = 2  # drawn at this many times the final size


def rgb(*values: float) -> Colour:
    return np.array(values, np.float32)


def between(rng: Rng, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


class Canvas:
    """A picture under construction."""

    def __init__(self, width: int, height: int) -> None:
        self.px = np.zeros((height, width, 4), np.uint8)
        self.tilt: NDArray[np.float32] | None = None  # a 3 x 3 perspective from canvas to canvas, laid on when it is finished

    @property
    def size(self) -> tuple[int, int]:
        return self.px.shape[1], self.px.shape[0]

    def fill(self, points: Points, colour: Colour | NDArray[np.float32]) -> None:
        """A flat shape over what is there."""
        r, g, b = np.clip(colour, 0, 255).tolist()
        cv2.fillPoly(self.px, [_fixed(points)], (r, g, b, 255), cv2.LINE_AA, FINE)

    def fills(self, shapes: list[Points], colour: Colour) -> None:
        """Several flat shapes of one colour that do not overlap."""
        if shapes:
            r, g, b = np.clip(colour, 0, 255).tolist()
            cv2.fillPoly(self.px, [_fixed(points) for points in shapes], (r, g, b, 255), cv2.LINE_AA, FINE)

    def cut(self, *shapes: Points) -> None:
        """A hole right through. Several shapes cut what all of them share."""
        if len(shapes) == 1:
            cv2.fillPoly(self.px, [_fixed(shapes[0])], (0, 0, 0, 0), cv2.LINE_AA, FINE)
            return
        (x0, y0, x1, y1), mask = self._mask(shapes[0])
        if mask is None:
            return
        for shape in shapes[1:]:
            other = np.zeros_like(mask)
            cv2.fillPoly(other, [_fixed(shape - [x0, y0])], 255, cv2.LINE_AA, FINE)
            mask = cv2.min(mask, other)
        part = self.px[y0:y1, x0:x1]
        part[:] = cv2.multiply(part, cv2.merge([255 - mask] * 4), scale=1 / 255)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """A line of a width of at least one pixel."""
        r, g, b = np.clip(colour, 0, 255).tolist()
        cv2.polylines(self.px, [_fixed(points)], False, (r, g, b, 255), max(1, round(width)), cv2.LINE_AA, FINE)

    def text(self, words: str, centre: tuple[float, float], height: float, colour: Colour, font: int = 0, width: int = 1) -> None:
        """Words, centred, printed on what is there (alpha stays); `height` of a capital in pixels."""
        scale = height / 21
        (w, h), below = cv2.getTextSize(words, font, scale, width)
        x, y = round(centre[0] - w / 2) - 2, round(centre[1] - h / 2) - 2
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w + 4, self.size[0]), min(y + h + below + 4, self.size[1])
        if x0 >= x1 or y0 >= y1:
            return
        mark = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.putText(mark, words, (x + 2 - x0, y + 2 + h - y0), font, scale, 255, width, cv2.LINE_AA)
        part = self.px[y0:y1, x0:x1]
        share = cv2.multiply(mark, np.ascontiguousarray(part[..., 3]), scale=1 / 255).astype(np.float32)[..., None] / 255
        part[..., :3] = part[..., :3] * (1 - share) + np.clip(colour, 0, 255) * share

    def shade(self, points: Points, shader: Shader, strength: float = 1.0, within: bool = False, soft: float = 0.0) -> None:
        """A shape whose colour differs from place to place. `within`: only where there is something already; `soft`: blurred rim."""
        (x0, y0, x1, y1), mask = self._mask(points, round(soft * 3))
        if mask is None:
            return
        if soft > 0:
            mask = cv2.GaussianBlur(mask, (0, 0), soft)
        part = self.px[y0:y1, x0:x1]
        colour = shader(np.arange(x0, x1, dtype=np.float32)[None], np.arange(y0, y1, dtype=np.float32)[:, None])
        share = mask.astype(np.float32) * np.float32(strength / 255)
        if within:
            share *= part[..., 3] * np.float32(1 / 255)
        new = cv2.merge([*cv2.split(np.ascontiguousarray(colour)), np.full(mask.shape, 255, np.uint8)])
        part[:] = cv2.blendLinear(new, np.ascontiguousarray(part), share, 1 - share)

    def under(self, other: NDArray[np.uint8]) -> None:
        """Lays a whole premultiplied picture of the same size beneath what is there."""
        left = cv2.merge([255 - self.px[..., 3]] * 4)
        self.px = cv2.add(self.px, cv2.multiply(other, left, scale=1 / 255))

    def over(self, other: NDArray[np.uint8], at: tuple[int, int] = (0, 0)) -> None:
        """Lays a premultiplied picture on top, its upper left corner at `at`; what lies outside is lost."""
        x, y = at
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + other.shape[1], self.size[0]), min(y + other.shape[0], self.size[1])
        if x0 >= x1 or y0 >= y1:
            return
        top = np.ascontiguousarray(other[y0 - y : y1 - y, x0 - x : x1 - x])
        part = self.px[y0:y1, x0:x1]
        part[:] = cv2.add(top, cv2.multiply(np.ascontiguousarray(part), cv2.merge([255 - top[..., 3]] * 4), scale=1 / 255))

    def _mask(self, points: Points, grow: int = 0) -> tuple[tuple[int, int, int, int], NDArray[np.uint8] | None]:
        w, h = self.size
        low, high = np.floor(points.min(0)).astype(int) - 1 - grow, np.ceil(points.max(0)).astype(int) + 2 + grow
        box = (max(int(low[0]), 0), max(int(low[1]), 0), min(int(high[0]), w), min(int(high[1]), h))
        if box[0] >= box[2] or box[1] >= box[3]:
            return box, None
        mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
        cv2.fillPoly(mask, [_fixed(points - [box[0], box[1]])], 255, cv2.LINE_AA, FINE)
        return box, mask

    def finished(self, fine: bool = False, margin: int = 4) -> NDArray[np.uint8]:
        """The foreground at final size: straight colour, tight box and margin; colour is valid two pixels beyond the outline.

        `fine`: at the canvas's own size, exactly twice as wide and high, the margin too.
        """
        px = self.px if self.tilt is None else cv2.warpPerspective(self.px, self.tilt, self.size, flags=cv2.INTER_LINEAR)
        alpha = px[..., 3]
        columns, rows = np.flatnonzero(alpha.max(0)), np.flatnonzero(alpha.max(1))
        if not len(columns):
            raise ValueError("finished: the canvas is empty; draw something first")
        edge = margin * TWICE
        x0, x1, y0, y1 = columns[0] - edge, columns[-1] + 1 + edge, rows[0] - edge, rows[-1] + 1 + edge
        x1, y1 = x1 + (x1 - x0) % 2, y1 + (y1 - y0) % 2
        pad = [max(-y0, 0), max(y1 - px.shape[0], 0), max(-x0, 0), max(x1 - px.shape[1], 0)]
        part = px[max(y0, 0) : y1, max(x0, 0) : x1]
        if any(pad):
            part = cv2.copyMakeBorder(part, *pad, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
        if fine:
            return straight(np.ascontiguousarray(part))
        small = cv2.resize(np.ascontiguousarray(part), (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
        return straight(small)


def straight(premultiplied: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Premultiplied colour made straight; where alpha is too small to tell, the colour of the neighbours within two pixels."""
    alpha = premultiplied[..., 3]
    colour = cv2.cvtColor(premultiplied, cv2.COLOR_RGBA2RGB)
    factor = np.float32(255) / np.maximum(alpha, 1).astype(np.float32)
    own = cv2.multiply(colour, cv2.merge([factor] * 3), dtype=cv2.CV_8U)
    near = cv2.blur(premultiplied.astype(np.float32), (5, 5))
    thin = (alpha < 72) & (near[..., 3] > 0)
    rim = near[thin]
    own[thin] = np.clip(rim[:, :3] * (255 / np.maximum(rim[:, 3:], 1e-3)), 0, 255).astype(np.uint8)
    return cv2.merge([*cv2.split(own), np.ascontiguousarray(alpha)])


def _fixed(points: Points) -> NDArray[np.int32]:
    return np.round(np.asarray(points) * (1 << FINE)).astype(np.int32)


# shapes


def ellipse(centre: Points | tuple[float, float], rx: float, ry: float | None = None, angle: float = 0.0) -> Points:
    """An ellipse as a polygon fine enough for its size; `angle` in radians."""
    ry = rx if ry is None else ry
    n = int(np.clip(4 + 2.2 * np.sqrt(max(rx, ry)) * 2, 8, 120))
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return turned(np.stack([rx * np.cos(t), ry * np.sin(t)], 1), angle) + np.asarray(centre)


def turned(points: Points, angle: float) -> Points:
    """Points turned about the origin by `angle` radians (from x towards y)."""
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def block(centre: Points | tuple[float, float], w: float, h: float, round_by: float = 0.0, angle: float = 0.0) -> Points:
    """A rectangle of width w and height h with rounded corners."""
    r = max(0.0, min(round_by, w / 2 - 0.01, h / 2 - 0.01))
    if r <= 0.3:
        corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    else:
        t = np.linspace(0, np.pi / 2, max(3, int(2 + np.sqrt(r))))
        arc = np.stack([np.cos(t), np.sin(t)], 1) * r
        signs = ((1, 1, 0), (-1, 1, 1), (-1, -1, 2), (1, -1, 3))
        corners = np.concatenate([turned(arc, k * np.pi / 2) + np.array([sx * (w / 2 - r), sy * (h / 2 - r)]) for sx, sy, k in signs])
    return turned(corners, angle) + np.asarray(centre)


def bar(start: Points, end: Points, w0: float, w1: float | None = None) -> Points:
    """A straight bar from start to end, w0 wide at the start and w1 at the end."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    d = end - start
    across = np.array([-d[1], d[0]]) / max(float(np.hypot(*d)), 1e-6) / 2
    w1 = w0 if w1 is None else w1
    return np.array([start + across * w0, start - across * w0, end - across * w1, end + across * w1])


def direction(angle: float) -> Points:
    """The unit vector at `angle` on a clock face: 0 is twelve o'clock, pi / 2 is three."""
    return np.array([np.sin(angle), -np.cos(angle)])
