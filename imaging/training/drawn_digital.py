"""Digital watches: a plastic case with guards, screws and words around a liquid-crystal display."""

from __future__ import annotations

import numpy as np

from .drawn_canvas import Canvas, Colour, Points, Rng, bar, between, block, chance, direction, ellipse, rgb
from .drawn_dials import WORDS, ground, indices, matt
from .drawn_hands import glare, hands
from .drawn_outline import outline_of
from .drawn_surfaces import Metal, any_colour

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
    shell = matt(rng, body, centre, r)
    canvas.shade(outline(1.06), shell)
    t = np.arange(int(rng.choice([4, 6, 8, 12]))) * 2 * np.pi / 8 + between(rng, 0, 0.4)
    if chance(rng, 0.6):  # shock guards stand out
        for a in t:
            at = centre + np.array([np.cos(a), np.sin(a)]) * r * 0.98
            canvas.shade(block(at, r * 0.32, r * between(rng, 0.2, 0.4), r * 0.06, float(a)), shell)
    ring = metal.conic(rng, centre) if chance(rng, 0.4) else matt(rng, body * np.float32(between(rng, 0.6, 1.6)) + 8, centre, r)
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
    canvas.shade(inner, matt(rng, frame, centre, r))
    analogue = chance(rng, 0.3)
    lcd = rgb(176, 186, 166) * np.float32(between(rng, 0.75, 1.15)) if chance(rng, 0.65) else rgb(24, 26, 28)
    on = rgb(28, 32, 30) if float(lcd.mean()) > 100 else rgb(206, 214, 200)
    wide, high = r * between(rng, 0.8, 1.02), r * between(rng, 0.34, 0.6)
    place = centre + np.array([0, r * (between(rng, 0.1, 0.34) if analogue else between(rng, -0.05, 0.15))])
    canvas.fill(block(place, wide * 1.06, high * 1.1, r * 0.05), frame * np.float32(0.5) + 20)
    canvas.shade(block(place, wide, high, r * 0.04), ground(np.random.default_rng(int(rng.integers(2**31))), lcd, centre, r * 3))
    w = wide * 0.15
    for k, x in enumerate((-0.36, -0.16, 0.1, 0.3)):
        _figure(canvas, int(rng.integers(0, 10)) if k else 1, place + np.array([x * wide, high * 0.08]), w, high * 0.55, on)
    for y in (-0.06, 0.2):
        canvas.fill(block(place + np.array([-0.03 * wide, high * y]), w * 0.2, w * 0.2), on)
    canvas.text(str(rng.choice(["SU 12-24", "PM 6-30", "FRI 8", "ALM SIG"])), (float(place[0]), float(place[1] - high * 0.36)), high * 0.14, on)
    if analogue:
        at = lambda turn, f: centre + direction(turn * 2 * np.pi) * r * 0.72 * f  # noqa: E731
        indices(canvas, rng, at, r * 0.72, ink, True, metal)
        hands(canvas, rng, centre, r * 0.66, rgb(230, 230, 226), True)
    if chance(rng, 0.6):
        glare(canvas, rng, inner, centre, r * 0.7)
