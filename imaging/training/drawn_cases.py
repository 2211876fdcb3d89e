"""The cases of watches: outlines, bezels, backs, and the face put together. Everything within the outline is product.

A face is opaque, however much it looks like backdrop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drawn_canvas import Canvas, Points, Rng, between, chance, direction, ellipse, rgb
from .drawn_dials import WORDS, dial, matt, works
from .drawn_hands import glare
from .drawn_outline import Outline
from .drawn_surfaces import Metal, any_colour, gem


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
    canvas.shade(outline(0.972), matt(rng, insert, centre, float(half.min())))
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


def _sector(outline: Outline, start: float, stop: float, f0: float, f1: float) -> Points:
    return np.array([outline.on(start, f0), outline.on(start, f1), outline.on(stop, f1), outline.on(stop, f0)])


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
        canvas.shade(ellipse(centre, r * 0.64), matt(rng, rgb(70, 66, 60), centre, r))
        works(canvas, rng, centre, r * 0.72, metal)
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
