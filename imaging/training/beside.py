"""What lies beside a product: tags on threads, leaves, pens, coins, rulers, gift boxes. Needs `bpy`."""

from __future__ import annotations

import math

import numpy as np
from mathutils import Matrix

from imaging.training.forms import Maker, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.gems import joined, merged, metal, pipe, scaled, sphere
from imaging.training.materials import Palette
from imaging.training.rings import plate
from imaging.training.surroundings import Around, Rng, colour, rough, soft


def spot(rng: Rng, around: Around, size: float) -> tuple[float, float]:
    """Somewhere on the floor beside the item, near its edge, sometimes reaching over it as the camera sees it."""
    half = np.ptp(around.points[:, :2], axis=0) / 2 + size * float(rng.uniform(0.35, 1.0))
    a = float(rng.uniform(0, 2 * math.pi))
    k = 1 / max(abs(math.cos(a)), abs(math.sin(a)))
    return float(around.middle[0] + half[0] * k * math.cos(a)), float(around.middle[1] + half[1] * k * math.sin(a))


def tag(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """A paper tag on a thread tied to the item, lying beside it."""
    size = max(0.9, around.size * float(rng.uniform(0.16, 0.4)))
    x, y = spot(rng, around, size)
    turn = math.atan2(y - around.middle[1], x - around.middle[0]) - math.pi / 2 + float(rng.normal(0, 0.4))
    paper = palette.plain((0.8, 0.79, 0.76) if rng.random() < 0.6 else colour(rng), 0.8)
    kind = rng.choice(["square", "bar", "disc", "hexagon", "heart", "label"])
    outline = (
        plate("disc", size)
        if kind == "disc"
        else plate("heart", size)
        if kind == "heart"
        else rounded_rectangle(size * float(rng.uniform(0.45, 0.8)), size, size * 0.06, 3)
    )
    if kind == "label":
        w = size * 0.3
        outline = soften(
            [(w, -size / 2), (w, size * 0.3), (w * 0.4, size / 2), (-w * 0.4, size / 2), (-w, size * 0.3), (-w, -size / 2)], 0.03 * size, 2, closed=True
        )
    at = shift(x, y, 0.05) @ turn_z(math.degrees(turn) + 180) @ turn_x(float(rng.uniform(-4, 10)))
    m.prism(outline, 0.03, paper, at, bevel=0.004)
    ink = palette.plain((0.03, 0.03, 0.04), 0.7)
    m.text(str(rng.choice(["£49", "€129", "$ 85", "925", "SALE", "18K", "No. 4", "70 %"])), size * 0.26, ink, at @ shift(y=-size * 0.08, z=0.02))
    if rng.random() < 0.5:
        for k in range(10):
            m.block((size * 0.02 * (1 + k % 3 * 0.4), size * 0.16, 0.004), ink, at @ shift(x=size * 0.04 * (k - 4.5), y=-size * 0.34, z=0.018), bevel=0.0005)
    eye = np.array((at @ shift(y=size * 0.42, z=0.03)).translation)
    near = around.points[np.argsort(np.linalg.norm(around.points - eye, axis=1))[: max(1, len(around.points) // 4)]]
    knot = near[int(rng.integers(len(near)))]
    t = np.linspace(0, 1, 30)[:, None]
    lines = []
    for _ in range(2):
        mid = (eye + knot) / 2 + rng.normal(0, 0.12, 3) * around.size
        mid[2] = abs(mid[2]) * 0.6 + 0.03
        p = (1 - t) ** 2 * knot + 2 * t * (1 - t) * mid + t**2 * eye
        p[:, 2] = np.maximum(p[:, 2], 0.02)
        lines.append(pipe(p, max(0.012, size * 0.012), 5))
    merged(m, joined(*lines), palette.plain(colour(rng), 0.8))
    return "tag"


def leaves(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """Leaves, petals or a twig scattered round the item."""
    green = palette.plain((float(rng.uniform(0.02, 0.5)), float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.02, 0.3))), 0.5)
    for _ in range(int(rng.integers(2, 9))):
        size = around.size * float(rng.uniform(0.15, 0.5))
        x, y = spot(rng, around, size)
        o = np.array(plate("leaf" if rng.random() < 0.7 else "drop", size, 28))
        rise = 0.12 * size + 0.25 * o[:, 0] ** 2 / size + 0.15 * size * np.sin(3 * o[:, 1] / size)
        v = np.vstack([np.column_stack([o, rise]), [[0, 0, 0.06 * size]]])
        f = np.array([(k, (k + 1) % 28, 28) for k in range(28)])
        merged(m, (v, f), green, at=shift(x, y, 0.05 * size) @ turn_z(float(rng.uniform(0, 360))) @ turn_x(float(rng.normal(0, 8))))
    return "leaf"


def clutter(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """One small thing beside: a pen, coins, a ruler, a pebble, a candle, a perfume bottle, a bead of glass."""
    kind = str(rng.choice(["pen", "coin", "ruler", "stone", "candle", "bottle"]))
    s = around.size
    x, y = spot(rng, around, s * 0.25)
    if kind == "pen":
        r, long = max(0.25, 0.04 * s), max(4.0, s * float(rng.uniform(0.7, 1.4)))
        at = shift(x, y, r) @ turn_z(float(rng.uniform(0, 360))) @ turn_y(90)
        m.lathe(
            soften([(0, -long / 2), (r, -long / 2), (r, long * 0.36), (r * 0.15, long / 2), (0, long / 2)], r * 0.2),
            palette.plain(colour(rng), 0.2, 0.5),
            at,
            n=24,
        )
        m.lathe([(r * 1.04, -0.05 * long), (r * 1.06, 0), (r * 1.04, 0.05 * long)], metal(palette, "gold"), at, n=24)
    elif kind == "coin":
        for k in range(int(rng.integers(1, 5))):
            r = max(0.8, s * 0.13) * float(rng.uniform(0.8, 1.2))
            at = shift(x + k * r * float(rng.uniform(0.3, 1.6)), y + float(rng.normal(0, 0.3)) * r, 0.1 + 0.17 * k)
            m.lathe(
                soften([(0, -0.08), (r, -0.08), (r, 0.08), (r * 0.92, 0.09), (r * 0.9, 0.06), (0, 0.06)], 0.02),
                metal(palette, str(rng.choice(["copper", "silver", "brass"]))),
                at,
                n=64,
            )
            m.text(str(rng.choice(["1", "2", "50"])), r, metal(palette, "silver"), at @ shift(z=0.07), depth=0.02)
    elif kind == "ruler":
        long = max(8.0, s * 1.6)
        at = shift(around.middle[0], float(around.low[1]) - float(rng.uniform(0.9, 1.8)), 0.06) @ turn_z(float(rng.normal(0, 5)))
        m.block((long, 1.4, 0.1), palette.plain((0.75, 0.6, 0.3) if rng.random() < 0.5 else (0.7, 0.72, 0.74), 0.4), at, bevel=0.02)
        ink = palette.plain((0.02, 0.02, 0.02), 0.7)
        marks = [
            np.array(shift(-long / 2 + 0.5 * k, 0.55 - 0.1 * (k % 2 == 0), 0.052)) @ scaled(0.02, 0.14 + 0.1 * (k % 2 == 0), 0.004)
            for k in range(1, int(long * 2))
        ]
        merged(m, (np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], float), np.array([(0, 1, 2, 3)])), ink, np.array(marks), at=at)
    elif kind == "stone":
        for _ in range(int(rng.integers(1, 6))):
            x, y = spot(rng, around, s * 0.25)
            r = s * float(rng.uniform(0.06, 0.25))
            merged(
                m,
                sphere(24),
                rough(rng, palette, "stone"),
                at=shift(x, y, r * 0.5) @ turn_z(float(rng.uniform(0, 360))) @ Matrix.Diagonal((r, r * float(rng.uniform(0.6, 1)), r * 0.55, 1)),
            )
    elif kind == "candle":
        r, h = s * float(rng.uniform(0.1, 0.25)), s * float(rng.uniform(0.2, 0.7))
        m.lathe(soften([(0, 0), (r, 0), (r, h), (r * 0.8, h * 0.96), (0, h * 0.95)], r * 0.1), palette.plain((0.8, 0.76, 0.66), 0.5), shift(x, y), n=48)
    else:
        w, h = s * float(rng.uniform(0.2, 0.4)), s * float(rng.uniform(0.3, 0.7))
        m.block((w, w * 0.6, h), palette.stone((0.9, 0.85, 0.75), 1.45), shift(x, y, h / 2) @ turn_z(float(rng.uniform(0, 90))), bevel=w * 0.12)
        m.lathe(soften([(0, 0), (w * 0.2, 0), (w * 0.2, w * 0.45), (0, w * 0.45)], 0.03), metal(palette, "gold"), shift(x, y, h), n=32)
    return kind


def gift_box(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """An open box beside or behind the item, or closed with a ribbon."""
    s = around.size * float(rng.uniform(0.5, 1.2)) + 1.0
    x, y = float(around.middle[0] + rng.normal(0, 0.5) * s), float(around.high[1] + s * rng.uniform(0.6, 0.9))
    shell = palette.plain(colour(rng), 0.45, 0.2)
    at = shift(x, y) @ turn_z(float(rng.normal(0, 20)))
    h, t = s * float(rng.uniform(0.3, 0.8)), 0.04 * s
    if rng.random() < 0.4:
        m.block((s, s, h), shell, at @ shift(z=h / 2), bevel=0.03)
        ribbon = palette.plain(colour(rng), 0.35)
        for turn in (0, 90):
            m.block((s * 0.16, s * 1.01, h * 1.01), ribbon, at @ shift(z=h / 2) @ turn_z(turn), bevel=0.01)
        return "box"
    m.block((s, s, t), shell, at @ shift(z=t / 2), bevel=0.01)
    for a in (0, 90, 180, 270):
        m.block((s, t, h), shell, at @ turn_z(a) @ shift(y=s / 2, z=h / 2), bevel=0.01)
    m.block((s * 0.94, s * 0.94, h * 0.6), soft(rng, palette), at @ shift(z=h * 0.32), bevel=0.1 * s, segments=4)
    m.block((s * 1.03, s * 1.03, h * 0.4), shell, at @ shift(x=s * float(rng.choice([-0.9, 0.9])), z=s * 0.5) @ turn_y(float(rng.choice([75, 90]))), bevel=0.02)
    return "box"
