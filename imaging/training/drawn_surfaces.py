"""What things are made of: metal under a studio's light, cut stones, pearls, leather, colours."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawn_canvas import Canvas, Colour, Points, Rng, Shader, between, chance, ellipse, rgb, turned

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
