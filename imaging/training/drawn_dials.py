"""The faces of watches: case, bezel, dial of every kind, indices, sub-dials, windows, hands, crystal glare; digital displays.

A face is opaque: everything within the case is product, however much it looks like backdrop.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import field
from .drawn_canvas import Canvas, Colour, Metal, Points, Rng, any_colour, bar, between, block, chance, direction, ellipse, gem, rgb

FORMS = {"round": 0.7, "square": 0.07, "rectangle": 0.05, "tonneau": 0.05, "cushion": 0.04, "octagon": 0.04, "oval": 0.05}
DIALS = [
    rgb(16, 16, 18),
    rgb(242, 242, 240),
    rgb(250, 250, 250),
    rgb(26, 42, 96),
    rgb(18, 70, 54),
    rgb(116, 20, 30),
    rgb(204, 196, 176),
    rgb(160, 166, 172),
    rgb(88, 62, 44),
    rgb(160, 216, 212),
    rgb(222, 188, 124),
    rgb(60, 62, 66),
    rgb(236, 214, 206),
    rgb(30, 30, 30),
    rgb(244, 238, 222),
]
ROMAN = ("XII", "I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI")
WORDS = ("AUTOMATIC", "QUARTZ", "CHRONOMETER", "MERIDIAN", "NORDVIK", "ALTA", "SOLANE", "30 BAR", "LUNAR", "TEMPO", "VARO", "HALDEN", "200 m", "SWEEP", "ORIEL")
CITIES = "LON PAR CAI MOW DXB DEL DAC BKK PEK TYO SYD NOU AKL MDY HNL DEN CHI NYC RIO AZO"


class Outline:
    """A polygon about a centre that grows and shrinks by a factor: 1 is the case's rim."""

    def __init__(self, centre: Points, shape: Points) -> None:
        self.centre, self.shape = np.asarray(centre, float), shape
        # how far the rim is in each of 720 directions, for marks that follow it
        dense = np.concatenate([np.linspace(p, q, 24, endpoint=False) for p, q in zip(shape, np.roll(shape, -1, 0), strict=True)])
        angles = np.arctan2(dense[:, 0], -dense[:, 1]) / (2 * np.pi) % 1
        order = np.argsort(angles)
        angles, far = angles[order], np.hypot(dense[:, 0], dense[:, 1])[order]
        self._angles, self._far = np.r_[angles[-1] - 1, angles, angles[0] + 1], np.r_[far[-1], far, far[0]]

    def __call__(self, factor: float) -> Points:
        return self.shape * factor + self.centre

    def on(self, turn: float, factor: float) -> Points:
        """The point of the rim in the direction `turn` (0: twelve o'clock, .25: three), at a factor."""
        far = float(np.interp(turn % 1, self._angles, self._far))
        return self.centre + direction(turn * 2 * np.pi) * far * factor


def outline_of(rng: Rng, centre: Points, radius: float, form: str | None = None) -> Outline:
    """The outline of a case: round, square, rectangle, tonneau, cushion, octagon, oval; `radius` is its half height."""
    form = form or str(rng.choice(list(FORMS), p=list(FORMS.values())))
    middle = (0.0, 0.0)
    if form == "round":
        return Outline(centre, ellipse(middle, radius))
    if form == "oval":
        return Outline(centre, ellipse(middle, radius * between(rng, 0.66, 0.86), radius))
    if form == "octagon":
        t = np.arange(8) * np.pi / 4 + np.pi / 8
        return Outline(centre, np.stack([np.cos(t), np.sin(t)], 1) * 1.04 * radius)
    if form == "tonneau":
        power, wide = between(rng, 4.4, 5.2), between(rng, 0.7, 0.88)
        t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        x, y = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / 2.1), np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power)
        return Outline(centre, np.stack([x * wide, y], 1) * radius)
    w = {"square": between(rng, 0.92, 1.05), "rectangle": between(rng, 0.55, 0.8), "cushion": 1.0}[form]
    corner = between(rng, 0.5, 0.8) if form == "cushion" else between(rng, 0.02, 0.4)
    return Outline(centre, block(middle, 2 * radius * w * 0.94, 2 * radius * 0.94, corner * radius * w))


def back(canvas: Canvas, rng: Rng, outline: Outline, metal: Metal) -> None:
    """A case back: engraved words around, screws or notches, a plain, stamped or glazed middle."""
    centre, half = _measure(outline)
    r = float(half.min())
    canvas.shade(outline(1.0), metal.linear(rng, r * between(rng, 0.8, 3)))
    canvas.shade(outline(between(rng, 0.9, 0.96)), metal.conic(rng, centre))
    canvas.shade(ellipse(centre, r * 0.86), metal.conic(rng, centre))
    ink = metal.base * np.float32(between(rng, 0.2, 0.7))
    for k in range(n := int(rng.integers(8, 26))):
        at = centre + direction(k / n * 2 * np.pi) * r * 0.75
        canvas.text(str(rng.choice(list("ABCEHIKLMNORST0123578"))), (float(at[0]), float(at[1])), r * 0.09, ink, 0, max(1, round(r / 120)))
    notches = int(rng.choice([0, 4, 6, 8]))
    for k in range(notches):
        canvas.fill(ellipse(centre + direction(k / notches * 2 * np.pi) * r * 0.92, r * 0.035), ink * np.float32(0.5))
    kind = rng.random()
    if kind < 0.4:
        canvas.shade(ellipse(centre, r * 0.64), _matt(rng, rgb(70, 66, 60), centre, r))
        _works(canvas, rng, centre, r * 0.72, metal)
        glare(canvas, rng, ellipse(centre, r * 0.64), centre, r * 0.64)
    elif kind < 0.75:
        canvas.shade(ellipse(centre, r * 0.62), metal.linear(rng, r * 2.5))
        for k in range(int(rng.integers(2, 5))):
            canvas.text(
                WORDS[int(rng.integers(len(WORDS)))], (float(centre[0]), float(centre[1] + (k - 1.5) * r * 0.2)), r * 0.1, ink, 0, max(1, round(r / 100))
            )


def _measure(outline: Outline) -> tuple[Points, NDArray[np.float64]]:
    """Centre and half width and height of an outline at factor 1."""
    points = outline(1.0)
    low, high = points.min(0), points.max(0)
    return (low + high) / 2, (high - low) / 2


def face(canvas: Canvas, rng: Rng, outline: Outline, metal: Metal) -> None:
    """Case, bezel and dial within the outline."""
    centre, half = _measure(outline)
    r = float(half.min())
    canvas.shade(outline(1.0), metal.conic(rng, centre) if chance(rng, 0.6) else metal.linear(rng, r * between(rng, 0.8, 3)))
    if chance(rng, 0.5):
        canvas.shade(outline(between(rng, 0.93, 0.985)), metal.radial(rng, centre, r * between(rng, 0.15, 0.6)))
    inner = between(rng, 0.72, 0.95)
    if inner < 0.9:
        _bezel(canvas, rng, outline, centre, half, inner, metal)
    canvas.fill(outline(inner + 0.015), metal.base * np.float32(between(rng, 0.1, 0.6)))
    dial(canvas, rng, outline, centre, half, inner, metal)
    if chance(rng, 0.75):
        glare(canvas, rng, outline(inner), centre, r * inner)


def _bezel(canvas: Canvas, rng: Rng, outline: Outline, centre: Points, half: NDArray[np.float64], inner: float, metal: Metal) -> None:
    """What is between case and dial: plain, fluted, an insert with numbers, diamonds."""
    kind = rng.random()
    middle = (0.975 + inner) / 2
    band = 0.975 - inner
    if kind < 0.3:
        return
    if kind < 0.45:  # fluted
        n = int(rng.integers(60, 130))
        light, dark = metal.table.max(0).astype(np.float32), metal.base * np.float32(0.35)
        shapes = [_sector(outline, (k + 0.1) / n, (k + 0.55) / n, inner, 0.985) for k in range(n)]
        canvas.fills(shapes[::2], light)
        canvas.fills(shapes[1::2], dark)
        return
    if kind < 0.6:  # set with stones
        n = int(rng.integers(28, 60))
        size = band * float(half.min()) * 0.5
        tone = None if chance(rng, 0.3) else rgb(236, 240, 244)
        for k in range(n):
            gem(canvas, rng, outline.on(k / n, middle), min(size, np.pi * float(half.min()) * 0.9 / n), colour=tone)
        return
    insert = rgb(20, 20, 24) * np.float32(between(rng, 0.5, 2.0)) if chance(rng, 0.5) else any_colour(rng, 0.6)
    canvas.shade(outline(0.972), _matt(rng, insert, centre, float(half.min())))
    if chance(rng, 0.2):  # two colours, day and night
        canvas.fills([_sector(outline, k / 60, (k + 1.02) / 60, inner, 0.972) for k in range(15, 45)], any_colour(rng, 0.8))
    ink = rgb(235, 235, 228) if float(insert.mean()) < 140 else rgb(20, 20, 24)
    step = 1 if chance(rng, 0.5) else 5
    canvas.fills(
        [_sector(outline, k / 60 - 0.0022, k / 60 + 0.0022, middle - band * 0.2, middle + band * (0.35 if k % 5 else 0.42)) for k in range(0, 60, step)], ink
    )
    if band > 0.08 and chance(rng, 0.7):
        height = band * float(half.min()) * 0.5
        for k in range(0, 12, int(rng.choice([1, 2, 3]))):
            words = str(k * 5 or 60) if chance(rng, 0.7) else str(int(rng.integers(60, 400)))
            at = outline.on(k / 12, middle)
            canvas.text(words, (float(at[0]), float(at[1])), height, ink, 0, max(1, round(height / 9)))
    if chance(rng, 0.5):
        canvas.fill(ellipse(outline.on(0.0, middle), band * float(half.min()) * 0.3), rgb(240, 245, 235))


def _matt(rng: Rng, base: Colour, centre: Points, r: float) -> Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.uint8]]:
    """A lacquered or ceramic surface: its colour, and lamps mirrored about the centre."""
    cx, cy = np.float32(centre[0]), np.float32(centre[1])
    parts = [(int(rng.integers(1, 5)), np.float32(between(rng, 0, 6.28)), np.float32(between(rng, 0.05, 0.28))) for _ in range(2)]
    shine = np.float32(between(rng, 0, 50))

    def shader(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
        t = np.arctan2(y - cy, x - cx)
        light = np.zeros_like(t)
        for n, phase, amount in parts:
            light += np.cos(t * n + phase) * amount
        return np.clip(base * (1 + light)[..., None] + np.clip(light, 0, 1)[..., None] * shine, 0, 255).astype(np.uint8)

    return shader


def _sector(outline: Outline, start: float, stop: float, f0: float, f1: float) -> Points:
    return np.array([outline.on(start, f0), outline.on(start, f1), outline.on(stop, f1), outline.on(stop, f0)])


def dial(canvas: Canvas, rng: Rng, outline: Outline, centre: Points, half: NDArray[np.float64], inner: float, metal: Metal) -> None:
    """The dial within `outline(inner)` and all that is on it."""
    r = float(half.min()) * inner
    base = DIALS[int(rng.integers(len(DIALS)))] * np.float32(between(rng, 0.85, 1.08)) if chance(rng, 0.85) else any_colour(rng, 0.7)
    dark = float(base.mean()) < 130
    skeleton = chance(rng, 0.05)
    canvas.shade(outline(inner), _ground(rng, base, centre, r))
    if skeleton:
        _works(canvas, rng, centre, r, metal)
    ink = (rgb(240, 240, 234) if dark else rgb(20, 20, 24)) if chance(rng, 0.55) else metal.tone(rng)
    if chance(rng, 0.06) and not dark:
        ink = np.minimum(base * 0.94, 255)  # white on white
    at = lambda turn, f: centre + (outline.on(turn, 1.0) - centre) * f * inner  # noqa: E731
    if chance(rng, 0.3):  # a chapter ring
        canvas.shade(outline(inner * 0.98), _matt(rng, base * np.float32(between(rng, 0.5, 1.4)), centre, r))
        canvas.shade(outline(inner * between(rng, 0.8, 0.88)), _ground(rng, base, centre, r))
    if chance(rng, 0.7):
        wide = between(rng, 0.006, 0.014) * r
        canvas.fills([bar(at(k / 60, 0.9), at(k / 60, 0.96 if k % 5 else 0.975), wide if k % 5 else wide * 2.2) for k in range(60)], ink)
    if chance(rng, 0.08):  # world time: two rings of words
        for k, city in enumerate(CITIES.split()):
            place = at(k / 20, 0.9)
            canvas.text(city, (float(place[0]), float(place[1])), r * 0.055, ink)
        canvas.fills([bar(at(k / 24, 0.74), at(k / 24, 0.78), r * 0.02) for k in range(24)], ink)
    if chance(rng, 0.4):
        _subdials(canvas, rng, centre, r, base, ink, metal)
    _indices(canvas, rng, at, r, ink, dark, metal)
    if chance(rng, 0.45):
        _windows(canvas, rng, centre, r)
    for place in (0.36, -0.4):
        if chance(rng, 0.7):
            canvas.text(
                WORDS[int(rng.integers(len(WORDS)))],
                (float(centre[0]), float(centre[1] - r * place)),
                r * between(rng, 0.05, 0.1),
                ink,
                int(rng.choice([0, 2, 3, 4])),
            )
    hands(canvas, rng, centre, r, ink if chance(rng, 0.6) else metal.tone(rng), dark)


def _ground(rng: Rng, base: Colour, centre: Points, r: float) -> Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.uint8]]:
    """The dial's own surface: matt, sunburst, smoked, guilloche, waffle, waves, grained, mother-of-pearl, carbon, a picture."""
    kind = str(
        rng.choice(
            ["matt", "sun", "smoked", "rays", "waffle", "waves", "grain", "pearl", "carbon", "picture"],
            p=[0.28, 0.24, 0.08, 0.07, 0.06, 0.05, 0.05, 0.07, 0.03, 0.07],
        )
    )
    cx, cy, k = np.float32(centre[0]), np.float32(centre[1]), np.float32(1 / r)
    phase, n = np.float32(between(rng, 0, 6.28)), int(rng.integers(1, 4))
    depth = np.float32(between(rng, 0.06, 0.3))
    pitch = np.float32(between(rng, 20, 70))
    pieces, noise_seed = float(between(rng, 3, 12)), int(rng.integers(2**31))
    other = any_colour(rng, 0.8)
    slope = np.float32(between(rng, -0.15, 0.15))

    def shader(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
        dx, dy = (x - cx) * k, (y - cy) * k
        size = (x.shape[1], y.shape[0])
        light = 1 + slope * (dx + dy)
        noise = lambda cells: field(np.random.default_rng(noise_seed), size, cells)  # noqa: E731
        if kind == "sun":
            light = light + depth * np.cos(2 * n * np.arctan2(dy, dx) + phase)
        elif kind == "smoked":
            light = light * np.clip(1.15 - (dx * dx + dy * dy) * np.float32(0.9), 0.08, 1.2)
        elif kind == "rays":
            light = light + depth * np.sin(np.arctan2(dy, dx) * np.round(pitch) + np.sqrt(dx * dx + dy * dy) * 12)
        elif kind == "waffle":
            light = light + depth * np.sign(np.sin(dx * pitch) * np.sin(dy * pitch))
        elif kind == "waves":
            light = light + depth * np.sin(dy * pitch + np.sin(dx * 8 + phase) * 1.5)
        elif kind == "grain":
            light = light + depth * 0.5 * noise(max(size) / 2)
        elif kind == "carbon":
            light = light + depth * np.sign(np.sin((dx + dy) * pitch)) * np.sign(np.sin((dx - dy) * pitch))
        colour = base * np.broadcast_to(light, (size[1], size[0]))[..., None]
        if kind == "pearl":
            f = noise(pieces)
            f2 = np.roll(f, 17, 1)
            colour = rgb(232, 234, 236) + np.dstack([f * 16 - f2 * 8, f2 * 10, -f * 12 + f2 * 8])
        elif kind == "picture":
            share = (np.tanh(noise(pieces) * 3) * 0.5 + 0.5)[..., None]
            colour = colour * (1 - share) + other * share
        return np.clip(colour, 0, 255).astype(np.uint8)

    return shader


def _works(canvas: Canvas, rng: Rng, centre: Points, r: float, metal: Metal) -> None:
    """A skeleton: dark depth, wheels with spokes and teeth, bridges, rubies."""
    canvas.shade(ellipse(centre, r * 0.86), _matt(rng, rgb(34, 32, 30), centre, r))
    brass = Metal(rng, str(rng.choice(["brass", "gold", "steel"])))
    for _ in range(int(rng.integers(4, 9))):
        at = centre + rng.normal(0, 0.34, 2) * r
        size = r * between(rng, 0.12, 0.36)
        room = r * 0.86 - float(np.hypot(*(at - centre)))
        size = min(size, room * 0.95)
        if size < r * 0.06:
            continue
        teeth = int(size / r * 110) + 8
        t = np.arange(teeth * 2) * np.pi / teeth
        cog = np.stack([np.cos(t), np.sin(t)], 1) * (size * np.where(np.arange(teeth * 2) % 2, 0.93, 1.0))[:, None]
        canvas.shade(cog + at, brass.conic(rng, at))
        canvas.fill(ellipse(at, size * 0.78), rgb(26, 24, 22))
        for a in np.arange(int(rng.integers(3, 6))):
            turn = a * 2 * np.pi / 5 + rng.random()
            canvas.fill(bar(at, at + direction(turn) * size * 0.8, size * 0.12), brass.tone(rng))
        canvas.fill(ellipse(at, size * 0.2), brass.tone(rng))
        canvas.fill(ellipse(at, size * 0.09), rgb(190, 20, 70))
    for _ in range(int(rng.integers(1, 4))):
        a = between(rng, 0, 6.28)
        canvas.shade(
            bar(centre + direction(a) * r * 0.84, centre + direction(a + between(rng, 2, 4)) * r * 0.84, r * between(rng, 0.06, 0.2)),
            metal.linear(rng, r * 0.5),
        )


def _subdials(canvas: Canvas, rng: Rng, centre: Points, r: float, base: Colour, ink: Colour, metal: Metal) -> None:
    """One to four small dials, the dial's colour or another; hands of their own."""
    layouts = [[0.5], [0.25, 0.75], [0.25, 0.5, 0.75], [0.0, 0.5, 0.75], [0.0, 0.25, 0.5, 0.75]]
    layout = layouts[int(rng.choice(5, p=(0.25, 0.15, 0.4, 0.1, 0.1)))]
    size, far = r * between(rng, 0.18, 0.27), r * between(rng, 0.44, 0.54)
    tone = base * np.float32(between(rng, 0.8, 1.15)) if chance(rng, 0.5) else (rgb(236, 236, 232) if float(base.mean()) < 130 else rgb(26, 26, 30))
    own = rgb(240, 240, 236) if float(tone.mean()) < 130 else rgb(20, 20, 22)
    for turn in layout:
        at = centre + direction(turn * 2 * np.pi) * far
        if chance(rng, 0.6):
            canvas.shade(ellipse(at, size * 1.07), metal.conic(rng, at))
        canvas.shade(ellipse(at, size), _matt(rng, tone, at, size))
        canvas.fills(
            [bar(at + direction(k * np.pi / 6) * size * 0.8, at + direction(k * np.pi / 6) * size * 0.94, max(1.2, size * 0.035)) for k in range(12)], own
        )
        if size > 30 and chance(rng, 0.6):
            for k in range(4):
                place = at + direction(k * np.pi / 2) * size * 0.62
                canvas.text(str(int(rng.integers(1, 7)) * 10), (float(place[0]), float(place[1])), size * 0.2, own)
        canvas.fill(
            bar(at - direction(a := between(rng, 0, 6.28)) * size * 0.2, at + direction(a) * size * 0.8, size * 0.09, size * 0.03),
            own if chance(rng, 0.7) else rgb(200, 30, 30),
        )
        canvas.fill(ellipse(at, size * 0.08), own)


def _indices(canvas: Canvas, rng: Rng, at: Callable[[float, float], Points], r: float, ink: Colour, dark: bool, metal: Metal) -> None:
    """Twelve marks: batons, dots, figures, Roman figures, stones, wedges; sometimes only four, or large ones."""
    kind = str(rng.choice(["baton", "dot", "arabic", "roman", "stone", "wedge", "none"], p=[0.34, 0.12, 0.22, 0.12, 0.08, 0.08, 0.04]))
    large = between(rng, 0.7, 1.6)
    lume = rgb(226, 236, 214) if chance(rng, 0.6) else rgb(214, 196, 150)
    few = chance(rng, 0.15)
    for k in range(12):
        if few and k % 3:
            continue
        turn = k / 12
        place = at(turn, 0.76)
        if kind in ("baton", "wedge"):
            wide = r * 0.045 * large * (1.5 if k % 3 == 0 and large > 1 else 1)
            tip = 0.2 if kind == "wedge" else 1.0
            canvas.fill(bar(at(turn, 0.66 if large > 1 else 0.72), at(turn, 0.86), wide * tip, wide), ink)
            if wide > 5 and dark:
                canvas.fill(bar(at(turn, 0.69), at(turn, 0.84), wide * 0.55 * tip, wide * 0.55), lume)
        elif kind == "dot":
            canvas.fill(ellipse(place, r * 0.06 * large), ink)
            canvas.fill(ellipse(place, r * 0.045 * large), lume if dark else metal.tone(rng))
        elif kind == "arabic":
            height = r * 0.13 * large
            canvas.text(str(k or 12), (float(place[0]), float(place[1])), height, ink, int(rng.integers(0, 2)) * 2, max(1, round(height / 8)))
        elif kind == "roman":
            height = r * 0.12 * large
            canvas.text(ROMAN[k], (float(place[0]), float(place[1])), height, ink, 3, max(1, round(height / 12)))
        elif kind == "stone":
            gem(canvas, rng, place, r * 0.05 * large, colour=rgb(236, 240, 244))


def _windows(canvas: Canvas, rng: Rng, centre: Points, r: float) -> None:
    """The date, or day and date."""
    place = centre + direction(float(rng.choice([0.25, 0.25, 0.5, 0.0])) * 2 * np.pi) * r * between(rng, 0.5, 0.7)
    paper, ink = (rgb(244, 244, 240), rgb(20, 20, 20)) if chance(rng, 0.75) else (rgb(24, 24, 24), rgb(240, 240, 240))
    high = r * between(rng, 0.12, 0.2)
    words = [str(int(rng.integers(1, 32)))]
    if chance(rng, 0.25):
        words.append(str(rng.choice(["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"])))
    for k, word in enumerate(words):
        spot = place - [k * high * 1.6, 0]
        wide = high * (1.25 if k == 0 else 1.7)
        canvas.fill(block(spot, wide * 1.12, high * 1.14, 2), ink * np.float32(0.5) + 60)
        canvas.fill(block(spot, wide, high, 1), paper)
        canvas.text(word, (float(spot[0]), float(spot[1])), high * 0.6, ink, 0, max(1, round(high / 16)))


def hands(canvas: Canvas, rng: Rng, centre: Points, r: float, tone: Colour, dark: bool) -> None:
    """Hour, minute and second hand, with the shadow they throw on the dial."""
    kind = str(rng.choice(["baton", "dauphine", "leaf", "lume", "hollow"]))
    hour, minute, second = (between(rng, 0, 2 * np.pi) for _ in range(3))
    if chance(rng, 0.3):
        hour, minute = -1.0, 1.05  # ten past ten, as in every catalogue
    wide = r * between(rng, 0.03, 0.09)
    shadow = np.array([1.0, 1.4]) * r * 0.015
    for turn, long, w in ((hour, 0.52, wide * 1.2), (minute, 0.82, wide)):
        d, tail = direction(turn), direction(turn) * r * 0.12
        tip = centre + d * r * long
        side = np.array([-d[1], d[0]]) * w
        if kind == "dauphine":
            shape = np.array([centre - tail, centre + d * r * long * 0.25 + side, tip, centre + d * r * long * 0.25 - side])
        elif kind == "leaf":
            t = np.linspace(0, np.pi, 10)
            along, across = (1 - np.cos(t)) / 2, np.sin(t)
            edge = np.outer(along, d * r * long) + np.outer(across, side * 0.9)
            back = np.outer(along[::-1], d * r * long) - np.outer(across[::-1], side * 0.9)
            shape = np.concatenate([edge, back]) + centre
        else:
            shape = bar(centre - tail, tip, w, w * between(rng, 0.7, 1))
        if chance(rng, 0.6):
            canvas.shade(shape + shadow, lambda x, y: np.zeros((y.shape[0], x.shape[1], 3), np.uint8), 0.35)
        canvas.fill(shape, tone)
        if kind == "dauphine":
            canvas.fill(shape[[0, 1, 2]], np.minimum(tone * 1.4 + 20, 255))
        if kind in ("lume", "hollow") and w > 4:
            canvas.fill(
                bar(centre + d * r * long * 0.3, centre + d * r * long * 0.92, w * 0.55), rgb(228, 236, 216) if kind == "lume" else tone * np.float32(0.3)
            )
    if chance(rng, 0.75):
        d = direction(second)
        canvas.fill(
            bar(centre - d * r * 0.22, centre + d * r * 0.86, max(2, r * 0.018), max(1.4, r * 0.01)), any_colour(rng, 1.0) if chance(rng, 0.35) else tone
        )
    canvas.fill(ellipse(centre, r * 0.05), tone)
    canvas.fill(ellipse(centre, r * 0.02), tone * np.float32(0.4))


def glare(canvas: Canvas, rng: Rng, crystal: Points, centre: Points, r: float) -> None:
    """Lamps mirrored in the crystal: windows, bands, a haze, a bright rim; up to pure white."""
    white = np.uint8([255, 255, 255])
    tone = np.clip(rgb(246, 249, 252) * (1 + rng.normal(0, 0.02, 3).astype(np.float32)), 0, 255).astype(np.uint8)
    inside = lambda shape: _clip(shape, crystal)  # noqa: E731
    flat = lambda colour: lambda x, y: np.broadcast_to(colour, (y.shape[0], x.shape[1], 3))  # noqa: E731
    for _ in range(int(rng.integers(1, 4))):
        kind = rng.random()
        if kind < 0.3:  # a band from side to side
            a, past = between(rng, 0, 6.28), between(rng, -0.8, 0.8) * r
            d = direction(a)
            shape = bar(
                centre + d * past - np.array([-d[1], d[0]]) * r * 1.6, centre + d * past + np.array([-d[1], d[0]]) * r * 1.6, r * between(rng, 0.15, 0.9)
            )
        elif kind < 0.55:  # half of it hazy
            d = direction(between(rng, 0, 6.28))
            across = np.array([-d[1], d[0]])
            edge = centre + d * r * between(rng, -0.5, 0.6)
            shape = np.array([edge - across * 2 * r, edge + across * 2 * r, edge + across * 2 * r + d * 3 * r, edge - across * 2 * r + d * 3 * r])
        elif kind < 0.8:  # a window
            at = centre + rng.normal(0, 0.4, 2) * r
            shape = block(at, r * between(rng, 0.15, 0.8), r * between(rng, 0.1, 0.6), r * 0.05, between(rng, 0, 3.14))
        else:
            shape = ellipse(centre + rng.normal(0, 0.4, 2) * r, r * between(rng, 0.04, 0.3), r * between(rng, 0.04, 0.3))
        cut = inside(shape)
        if cut is not None:
            strong = chance(rng, 0.2)
            soft = 0.0 if chance(rng, 0.5) else between(rng, 1, 12)
            canvas.shade(cut, flat(white if strong else tone), between(rng, 0.6, 1.0) if strong else between(rng, 0.06, 0.5), within=True, soft=soft)


def _clip(shape: Points, crystal: Points) -> Points | None:
    """The part of a convex shape that lies within a convex crystal."""
    area, points = cv2.intersectConvexConvex(cv2.convexHull(shape.astype(np.float32)), cv2.convexHull(crystal.astype(np.float32)))
    return None if area < 4 or points is None else points[:, 0].astype(np.float64)


SEGMENTS = (
    (1, 1, 1, 0, 1, 1, 1),
    (0, 0, 1, 0, 0, 1, 0),
    (1, 0, 1, 1, 1, 0, 1),
    (1, 0, 1, 1, 0, 1, 1),
    (0, 1, 1, 1, 0, 1, 0),
    (1, 1, 0, 1, 0, 1, 1),
    (1, 1, 0, 1, 1, 1, 1),
    (1, 0, 1, 0, 0, 1, 0),
    (1, 1, 1, 1, 1, 1, 1),
    (1, 1, 1, 1, 0, 1, 1),
)


def _figure(canvas: Canvas, value: int, at: Points, w: float, h: float, tone: Colour) -> None:
    """A figure of seven segments."""
    t = w * 0.18
    x0, x1, y0, y1, y2 = -w / 2, w / 2, -h / 2, 0.0, h / 2
    ends = (
        ((x0, y0), (x1, y0)),
        ((x0, y0), (x0, y1)),
        ((x1, y0), (x1, y1)),
        ((x0, y1), (x1, y1)),
        ((x0, y1), (x0, y2)),
        ((x1, y1), (x1, y2)),
        ((x0, y2), (x1, y2)),
    )
    for on, (p, q) in zip(SEGMENTS[value], ends, strict=True):
        if on:
            a, b = np.array(p), np.array(q)
            d = (b - a) / max(float(np.hypot(*(b - a))), 1e-6) * t * 0.6
            canvas.fill(bar(a + d + at, b - d + at, t), tone)


def digital_face(canvas: Canvas, rng: Rng, centre: Points, r: float, body: Colour, metal: Metal) -> None:
    """A plastic case with screws and words around a liquid-crystal display, hands over it now and then."""
    form = str(rng.choice(["octagon", "square", "round", "cushion"]))
    outline = outline_of(rng, centre, r, form)
    shell = _matt(rng, body, centre, r)
    canvas.shade(outline(1.06), shell)
    t = np.arange(int(rng.choice([4, 6, 8, 12]))) * 2 * np.pi / 8 + between(rng, 0, 0.4)
    if chance(rng, 0.6):  # shock guards stand out
        for a in t:
            at = centre + np.array([np.cos(a), np.sin(a)]) * r * 0.98
            canvas.shade(block(at, r * 0.32, r * between(rng, 0.2, 0.4), r * 0.06, float(a)), shell)
    ring = metal.conic(rng, centre) if chance(rng, 0.4) else _matt(rng, body * np.float32(between(rng, 0.6, 1.6)) + 8, centre, r)
    canvas.shade(outline(0.95), ring)
    ink = any_colour(rng, 0.7) if chance(rng, 0.6) else rgb(235, 235, 235)
    for k, turn in enumerate(np.arange(8) / 8):
        at = outline.on(float(turn), 0.84)
        if k % 2 and chance(rng, 0.8):
            canvas.fill(ellipse(at, r * 0.05), metal.tone(rng))
            canvas.fill(block(at, r * 0.07, r * 0.015), rgb(20, 20, 20))
        elif chance(rng, 0.7):
            canvas.text(WORDS[int(rng.integers(len(WORDS)))], (float(at[0]), float(at[1])), r * between(rng, 0.05, 0.09), ink)
    inner = outline(between(rng, 0.66, 0.76))
    frame = any_colour(rng, 0.4) if chance(rng, 0.4) else rgb(18, 18, 20)
    canvas.shade(inner, _matt(rng, frame, centre, r))
    analogue = chance(rng, 0.3)
    lcd = rgb(176, 186, 166) * np.float32(between(rng, 0.75, 1.15)) if chance(rng, 0.65) else rgb(24, 26, 28)
    on = rgb(28, 32, 30) if float(lcd.mean()) > 100 else rgb(206, 214, 200)
    wide, high = r * between(rng, 0.8, 1.02), r * between(rng, 0.34, 0.6)
    place = centre + np.array([0, r * (between(rng, 0.1, 0.34) if analogue else between(rng, -0.05, 0.15))])
    canvas.fill(block(place, wide * 1.06, high * 1.1, r * 0.05), frame * np.float32(0.5) + 20)
    canvas.shade(block(place, wide, high, r * 0.04), _ground(np.random.default_rng(int(rng.integers(2**31))), lcd, centre, r * 3))
    w = wide * 0.15
    for k, x in enumerate((-0.36, -0.16, 0.1, 0.3)):
        _figure(canvas, int(rng.integers(0, 10)) if k else 1, place + np.array([x * wide, high * 0.08]), w, high * 0.55, on)
    for y in (-0.06, 0.2):
        canvas.fill(block(place + np.array([-0.03 * wide, high * y]), w * 0.2, w * 0.2), on)
    canvas.text(str(rng.choice(["SU 12-24", "PM 6-30", "FRI 8", "ALM SIG"])), (float(place[0]), float(place[1] - high * 0.36)), high * 0.14, on)
    if analogue:
        at = lambda turn, f: centre + direction(turn * 2 * np.pi) * r * 0.72 * f  # noqa: E731
        _indices(canvas, rng, at, r * 0.72, ink, True, metal)
        hands(canvas, rng, centre, r * 0.66, rgb(230, 230, 226), True)
    if chance(rng, 0.6):
        glare(canvas, rng, inner, centre, r * 0.7)
