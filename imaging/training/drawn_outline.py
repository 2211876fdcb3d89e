"""Outlines of watch cases: round, square, rectangle, tonneau, cushion, octagon, oval."""

from __future__ import annotations

import numpy as np

from .drawn_canvas import Points, Rng, between, block, direction, ellipse

FORMS = {"round": 0.7, "square": 0.07, "rectangle": 0.05, "tonneau": 0.05, "cushion": 0.04, "octagon": 0.04, "oval": 0.05}


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
