"""What props need to know of the item they are put round: its box, its hole, and the surfaces props are made of. Needs `bpy`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker, shift
from imaging.training.gems import _veins, metal
from imaging.training.materials import Palette, _bump, _set

Rng = np.random.Generator


@dataclass
class Around:
    """An item as the props see it: its vertices (n, 3) in the world, box, size, and the frame it was built in."""

    made: Maker
    points: Array

    @property
    def low(self) -> Array:
        return self.points.min(0)

    @property
    def high(self) -> Array:
        return self.points.max(0)

    @property
    def middle(self) -> Array:
        return (self.low + self.high) / 2

    @property
    def size(self) -> float:
        return float(np.ptp(self.points, axis=0).max())

    def lift(self, by: float) -> None:
        """Moves the item up."""
        self.made.root.matrix_world = shift(z=by) @ self.made.root.matrix_world
        bpy.context.view_layer.update()
        self.points = np.add(self.points, (0, 0, by))


@dataclass
class Hole:
    """The hole one looks through: centre, unit axis, two unit directions across it, radius (72,) by angle, the item's reach along the axis."""

    centre: Array
    axis: Array
    across: Array
    up: Array
    radius: Array
    reach: float

    def frame(self) -> Matrix:
        """x, y across the hole, z along it."""
        m = Matrix.Identity(4)
        for k, v in enumerate((self.across, self.up, self.axis, self.centre)):
            m.col[k][:3] = v
        return m

    def outline(self, share: float = 1.0) -> Array:
        """Its edge (72, 2) in the frame, shrunk by `share`."""
        a = 2 * math.pi * np.arange(72) / 72
        r = np.minimum(self.radius, np.minimum(np.roll(self.radius, 1), np.roll(self.radius, -1)))
        for _ in range(6):
            r = np.minimum(r, (np.roll(r, 1) + r + np.roll(r, -1)) / 3 + 0.02 * r)
        return np.column_stack([np.cos(a), np.sin(a)]) * (r * share)[:, None]


def find_hole(around: Around) -> Hole | None:
    """The largest hole along one of the axes the item was built on, or None when it has none worth filling."""
    best: Hole | None = None
    m = np.array(around.made.root.matrix_world)[:3, :3]
    for k in range(3):
        axis = m[:, k] / np.linalg.norm(m[:, k])
        up = np.array([0, 0, 1.0]) if abs(axis[2]) < 0.8 else m[:, (k + 1) % 3]
        up = up - (up @ axis) * axis
        up /= np.linalg.norm(up)
        across = np.cross(up, axis)
        flat = np.column_stack([around.points @ across, around.points @ up])
        centre = (flat.min(0) + flat.max(0)) / 2
        radius = np.zeros(72)
        for _ in range(3):
            d = flat - centre
            r = np.linalg.norm(d, axis=1)
            b = (np.arctan2(d[:, 1], d[:, 0]) / (2 * math.pi) * 72).astype(int) % 72
            radius = np.full(72, np.inf)
            np.minimum.at(radius, b, r)
            empty = ~np.isfinite(radius)
            if empty.mean() > 0.4:
                break
            radius[empty] = np.interp(np.flatnonzero(empty), np.flatnonzero(~empty), radius[~empty], period=72)
            a = 2 * math.pi * (np.arange(72) + 0.5) / 72
            centre = centre + np.column_stack([radius * np.cos(a), radius * np.sin(a)]).mean(0)
        half = np.ptp(flat, axis=0).min() / 2
        if not np.isfinite(radius).all() or np.percentile(radius, 10) < 0.5 * half or half < 0.3:
            continue
        along = around.points @ axis
        place = centre[0] * across + centre[1] * up + (along.min() + along.max()) / 2 * axis
        hole = Hole(place, axis, across, up, radius, float(np.ptp(along)))
        if best is None or np.median(hole.radius) > np.median(best.radius):
            best = hole
    return best


# --- surfaces -----------------------------------------------------------------------------------------------------------------------------


def colour(rng: Rng) -> tuple[float, float, float]:
    """A colour shops decorate with: often neutral, sometimes loud."""
    if rng.random() < 0.55:
        v = float(rng.choice([0.01, 0.03, 0.1, 0.3, 0.6, 0.8]))
        return v, v * float(rng.uniform(0.9, 1.0)), v * float(rng.uniform(0.8, 1.0))
    r, g, b = rng.dirichlet([0.8, 0.8, 0.8]) * rng.uniform(0.15, 1.3)
    return float(min(0.9, r)), float(min(0.9, g)), float(min(0.9, b))


def soft(rng: Rng, palette: Palette) -> Any:
    """A padded surface: velvet, woven cloth, leather, suede."""
    c = colour(rng)
    return [palette.cloth, palette.leather, lambda q: palette.plain(q, 0.9)][int(rng.integers(3))](c)


def hard(rng: Rng, palette: Palette) -> Any:
    """Acrylic, lacquer, wood, metal, slate, marble."""
    kind = rng.choice(["plain", "gloss", "clear", "wood", "stone", "metal"])
    if kind == "clear":
        return palette.stone((0.95, 0.97, 0.97), 1.49)
    if kind == "metal":
        return metal(palette, str(rng.choice(["steel", "gold", "brass/brushed", "black", "copper"])))
    if kind in ("wood", "stone"):
        return rough(rng, palette, str(kind))
    return palette.plain(colour(rng), 0.55 if kind == "plain" else 0.15, 0.6 if kind == "gloss" else 0.0)


def rough(rng: Rng, palette: Palette, kind: str) -> Any:
    """Wood with grain or mottled stone."""
    c = (0.35, 0.18, 0.08) if kind == "wood" else (0.4, 0.39, 0.37)
    k = float(rng.uniform(0.3, 1.7))
    c = (min(0.85, c[0] * k), min(0.83, c[1] * k), min(0.8, c[2] * k))

    def build(material: Any, inputs: Any) -> None:
        _set(inputs, c, 0.5 if kind == "wood" else 0.7)
        _veins(material, inputs, c, "wave" if kind == "wood" else "noise")
        _bump(material, inputs, "noise", 8.0, 0.4)

    return palette._make(f"{kind} {c}", build)
