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


# surfaces

METALS = {
    "steel": (rgb(196, 199, 203), 0.36),
    "gold": (rgb(226, 184, 104), 0.16),
    "rose": (rgb(224, 166, 134), 0.10),
    "black": (rgb(52, 53, 56), 0.10),
    "titanium": (rgb(150, 149, 148), 0.08),
    "white metal": (rgb(226, 227, 230), 0.12),
    "brass": (rgb(176, 138, 74), 0.05),
    "bronze": (rgb(134, 96, 62), 0.03),
}


class Metal:
    """A metal under some studio's light: what it shows at each of 256 directions, as a table of colours."""

    def __init__(self, rng: Rng, name: str | None = None, polish: float | None = None) -> None:
        names = list(METALS)
        self.name = name or names[int(rng.choice(len(names), p=np.array([METALS[n][1] for n in names]) / sum(METALS[n][1] for n in names)))]
        self.base = METALS[self.name][0] * np.float32(between(rng, 0.88, 1.1)) * (1 + rng.uniform(-0.03, 0.03, 3).astype(np.float32))
        polish = between(rng, 0.15, 1.0) if polish is None else polish
        t = np.arange(256, dtype=np.float32) / 256
        light = np.full(256, between(rng, 0.62, 0.95), np.float32)
        for _ in range(int(rng.integers(3, 8))):  # softboxes and black cards, each a stretch of the circle
            far = np.abs((t - np.float32(rng.random()) + 0.5) % 1 - 0.5)
            width, edge = between(rng, 0.02, 0.16), between(rng, 0.01, 0.08)
            light += 1 / (1 + np.exp(np.clip((far - width) / edge, -20, 20))) * np.float32(between(rng, -0.62, 0.6) * polish)
        light = np.clip(light, 0.06, 1.7)
        colour = self.base * np.minimum(light, 1.15)[:, None] + np.clip(light - 1.0, 0, None)[:, None] * 190
        self.table = np.clip(colour, 0, 255).astype(np.uint8)

    def at(self, where: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Colours h x w x 3 at directions h x w, given in turns (any real number)."""
        turns = (where * np.float32(256)).astype(np.int32).astype(np.uint8)  # the cast drops whole turns
        return cv2.applyColorMap(turns, self.table[:, None])

    def tone(self, rng: Rng) -> Colour:
        """One of its colours."""
        return self.table[int(rng.integers(256))].astype(np.float32)

    def linear(self, rng: Rng, pitch: float, angle: float | None = None) -> Shader:
        """Light along a direction, once around every `pitch` pixels."""
        angle = between(rng, 0, 2 * np.pi) if angle is None else angle
        c, s, shift = np.float32(np.cos(angle) / pitch), np.float32(np.sin(angle) / pitch), np.float32(rng.random())
        return lambda x, y: self.at(x * c + y * s + shift)

    def conic(self, rng: Rng, centre: Points | tuple[float, float], turns: int | None = None) -> Shader:
        """Light about a centre, as on brushed or turned discs: the same opposite, as metal has it."""
        turns = int(rng.choice([1, 2, 2, 4])) if turns is None else turns
        cx, cy, shift = np.float32(centre[0]), np.float32(centre[1]), np.float32(rng.random())
        factor = np.float32(turns / (2 * np.pi))
        return lambda x, y: self.at(np.arctan2(y - cy, x - cx) * factor + shift)

    def radial(self, rng: Rng, centre: Points | tuple[float, float], span: float) -> Shader:
        """Light across a rounded rim: by the distance from the centre and, less, by the angle."""
        cx, cy, shift = np.float32(centre[0]), np.float32(centre[1]), np.float32(rng.random())
        k, bend = np.float32(1 / max(span, 1)), np.float32(between(rng, 0.1, 0.5))

        def shader(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
            dx, dy = x - cx, y - cy
            far = np.sqrt(dx * dx + dy * dy)
            return self.at(far * k + bend * dx / np.maximum(far, 1) + shift)

        return shader


STONES = [
    rgb(238, 242, 246),
    rgb(238, 242, 246),
    rgb(18, 110, 62),
    rgb(168, 18, 48),
    rgb(28, 48, 158),
    rgb(130, 205, 222),
    rgb(235, 180, 196),
    rgb(150, 90, 190),
    rgb(230, 170, 60),
    rgb(24, 22, 26),
    rgb(245, 238, 224),
]
HIDES = [
    rgb(54, 33, 22),
    rgb(26, 25, 26),
    rgb(104, 60, 32),
    rgb(152, 98, 56),
    rgb(36, 44, 76),
    rgb(84, 24, 26),
    rgb(124, 116, 106),
    rgb(40, 62, 46),
    rgb(196, 120, 44),
    rgb(224, 214, 200),
    rgb(214, 150, 160),
    rgb(188, 162, 128),
]


def hide(rng: Rng) -> Colour:
    """A colour of leather."""
    return HIDES[int(rng.integers(len(HIDES)))] * np.float32(between(rng, 0.75, 1.25))


def any_colour(rng: Rng, strong: float = 0.5) -> Colour:
    """Any colour; `strong` is how often it is a saturated one."""
    saturation = between(rng, 0.4, 1.0) if rng.random() < strong else between(rng, 0, 0.3)
    hsv = np.float32([[[between(rng, 0, 360), saturation, between(rng, 0.08, 1.0)]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255


def stone_colour(rng: Rng) -> Colour:
    """A colour of stone, clear ones most often."""
    return STONES[int(rng.integers(len(STONES)))] if chance(rng, 0.6) else STONES[0]


def gem(
    canvas: Canvas,
    rng: Rng,
    centre: Points | tuple[float, float],
    rx: float,
    ry: float | None = None,
    angle: float = 0.0,
    colour: Colour | None = None,
    square: bool = False,
) -> None:
    """A cut stone: crown facets in all tones from black to white, a table, a sparkle."""
    colour = stone_colour(rng) if colour is None else colour
    ry = rx if ry is None else ry
    centre = np.asarray(centre, float)
    n = 4 if square else int(np.clip(rx / 2, 5, 10))
    if square:
        ring = turned(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [rx, ry], angle) + centre
    else:
        t = np.linspace(0, 2 * np.pi, n, endpoint=False) + rng.random()
        ring = turned(np.stack([rx * np.cos(t), ry * np.sin(t)], 1), angle) + centre
    outline = ring if square else ellipse(centre, rx, ry, angle)
    canvas.fill(outline, colour * np.float32(between(rng, 0.5, 0.9)))
    if max(rx, ry) < 2.5:
        canvas.fill(ellipse(centre + rng.normal(0, rx * 0.3, 2), rx * 0.45), np.minimum(colour * 1.3 + 40, 255))
        return
    if rx > 60 and not square:  # a large one shows more facets: a first ring of narrow ones
        n = int(rng.integers(14, 22))
        t = np.linspace(0, 2 * np.pi, n, endpoint=False)
        rim = turned(np.stack([rx * np.cos(t), ry * np.sin(t)], 1), angle) + centre
        ring = turned(np.stack([rx * np.cos(t + np.pi / n), ry * np.sin(t + np.pi / n)], 1) * between(rng, 0.74, 0.86), angle) + centre
        for k in range(n):
            light = float(rng.choice([0.15, 0.5, 0.85, 1.1, 1.3]))
            canvas.fill(np.array([rim[k], ring[k], rim[(k + 1) % n]]), np.minimum(colour * light, 255))
            canvas.fill(np.array([ring[k - 1], rim[k], ring[k]]), np.minimum(colour * float(rng.choice([0.3, 0.7, 1.2])), 255))
    inner = (ring - centre) * between(rng, 0.45, 0.65) + centre
    for k in range(n):
        light = float(rng.choice([0.12, 0.4, 0.75, 1.0, 1.25]))
        facet = np.array([ring[k], ring[(k + 1) % n], inner[(k + 1) % n], inner[k]])
        canvas.fill(facet, np.minimum(colour * light + (40 if light > 1 else 0), 255))
    canvas.fill(inner, np.minimum(colour * np.float32(between(rng, 0.55, 1.15)), 255))
    if rx > 6:
        for k in range(n):
            if chance(rng, 0.6):
                canvas.fill(np.array([inner[k], inner[(k + 1) % n], centre]), np.minimum(colour * np.float32(rng.choice([0.2, 0.6, 1.1, 1.3])), 255))
    if chance(rng, 0.4):
        canvas.fill(ellipse(centre + rng.normal(0, 0.3, 2) * [rx, ry], max(1, rx * 0.14)), rgb(255, 255, 255))


def pearl(canvas: Canvas, rng: Rng, centre: Points | tuple[float, float], radius: float, colour: Colour | None = None) -> None:
    """A ball with a soft light, a dark rim and a light from below."""
    colour = rgb(240, 234, 224) if colour is None else colour
    lx, ly = np.float32(centre[0] - radius * 0.35), np.float32(centre[1] - radius * 0.4)
    k = np.float32(1 / radius)
    cx, cy = np.float32(centre[0]), np.float32(centre[1])
    shine = np.float32(between(rng, 0.3, 1.0))

    def shader(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
        out = ((x - cx) ** 2 + (y - cy) ** 2) * k * k
        lamp = np.exp(-((x - lx) ** 2 + (y - ly) ** 2) * k * k * 7)
        light = 1.02 - 0.55 * out * out + 0.12 * np.clip((y - cy) * k, 0, 1)
        return np.clip(light[..., None] * colour + (lamp * shine * 160)[..., None], 0, 255).astype(np.uint8)

    canvas.shade(ellipse(centre, radius), shader)
