"""Dials of every kind: grounds, indices, sub-dials, windows, skeleton works, words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .camera import field
from .drawn_canvas import Canvas, Colour, Points, Rng, Shader, bar, between, block, chance, direction, ellipse, rgb
from .drawn_hands import hands
from .drawn_outline import Outline
from .drawn_surfaces import Metal, any_colour, gem

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


def matt(rng: Rng, base: Colour, centre: Points, r: float) -> Shader:
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


def dial(canvas: Canvas, rng: Rng, outline: Outline, centre: Points, half: NDArray[np.float64], inner: float, metal: Metal) -> None:
    """The dial within `outline(inner)` and all that is on it."""
    r = float(half.min()) * inner
    base = DIALS[int(rng.integers(len(DIALS)))] * np.float32(between(rng, 0.85, 1.08)) if chance(rng, 0.85) else any_colour(rng, 0.7)
    dark = float(base.mean()) < 130
    skeleton = chance(rng, 0.05)
    canvas.shade(outline(inner), ground(rng, base, centre, r))
    if skeleton:
        works(canvas, rng, centre, r, metal)
    ink = (rgb(240, 240, 234) if dark else rgb(20, 20, 24)) if chance(rng, 0.55) else metal.tone(rng)
    if chance(rng, 0.06) and not dark:
        ink = np.minimum(base * 0.94, 255)  # white on white
    at = lambda turn, f: centre + (outline.on(turn, 1.0) - centre) * f * inner  # noqa: E731
    if chance(rng, 0.3):  # a chapter ring
        canvas.shade(outline(inner * 0.98), matt(rng, base * np.float32(between(rng, 0.5, 1.4)), centre, r))
        canvas.shade(outline(inner * between(rng, 0.8, 0.88)), ground(rng, base, centre, r))
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
    indices(canvas, rng, at, r, ink, dark, metal)
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


def ground(rng: Rng, base: Colour, centre: Points, r: float) -> Shader:
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


def works(canvas: Canvas, rng: Rng, centre: Points, r: float, metal: Metal) -> None:
    """A skeleton: dark depth, wheels with spokes and teeth, bridges, rubies."""
    canvas.shade(ellipse(centre, r * 0.86), matt(rng, rgb(34, 32, 30), centre, r))
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
        canvas.shade(ellipse(at, size), matt(rng, tone, at, size))
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


def indices(canvas: Canvas, rng: Rng, at: Callable[[float, float], Points], r: float, ink: Colour, dark: bool, metal: Metal) -> None:
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
