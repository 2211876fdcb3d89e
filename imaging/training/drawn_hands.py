"""Hands with the shadow they throw, and the glare of lamps in the crystal, up to pure white."""

from __future__ import annotations

import cv2
import numpy as np

from .drawn_canvas import Canvas, Colour, Points, Rng, bar, between, block, chance, direction, ellipse, rgb
from .drawn_surfaces import any_colour


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
