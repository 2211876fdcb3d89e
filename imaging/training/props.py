"""What stands round a product in a photograph and is not for sale: stands, cushions, hands, tags, boxes, cards, stones, cloths. Needs `bpy`.

`place` puts one or more round an item already set down, lifting the item where it is put on or in something. Every object made here carries
`ob["prop"] = True`, so that it counts as background in the alpha. Hands are in hands.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from imaging.training import hands
from imaging.training.forms import Array, Maker, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.gems import frames, joined, merged, metal, pipe, scaled, sphere, swept
from imaging.training.materials import Palette
from imaging.training.rings import plate

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
    from imaging.training.gems import _veins
    from imaging.training.materials import _bump, _set

    c = (0.35, 0.18, 0.08) if kind == "wood" else (0.4, 0.39, 0.37)
    k = float(rng.uniform(0.3, 1.7))
    c = (min(0.85, c[0] * k), min(0.83, c[1] * k), min(0.8, c[2] * k))

    def build(material: Any, inputs: Any) -> None:
        _set(inputs, c, 0.5 if kind == "wood" else 0.7)
        _veins(material, inputs, c, "wave" if kind == "wood" else "noise")
        _bump(material, inputs, "noise", 8.0, 0.4)

    return palette._make(f"{kind} {c}", build)


def _grid(xs: Array, ys: Array, z: Array) -> tuple[Array, Array]:
    """A height field z (len(ys), len(xs)) as a shape."""
    n, k = len(ys), len(xs)
    gx, gy = np.meshgrid(xs, ys)
    i, j = np.meshgrid(np.arange(n - 1), np.arange(k - 1), indexing="ij")
    f = np.stack([i * k + j, i * k + j + 1, (i + 1) * k + j + 1, (i + 1) * k + j], -1).reshape(-1, 4)
    return np.column_stack([gx.ravel(), gy.ravel(), z.ravel()]), f


# --- in the hole --------------------------------------------------------------------------------------------------------------------------


def cushion(rng: Rng, m: Maker, palette: Palette, around: Around, hole: Hole) -> str:
    """A pillow that fills the hole and bulges out of it on both sides."""
    share, long = float(rng.uniform(0.9, 0.99)), hole.reach * float(rng.uniform(1.0, 2.0)) + 0.3
    t = np.linspace(-1, 1, 29)
    bulge = np.maximum(0.02, (1 - np.abs(t) ** float(rng.uniform(4, 9))) ** 0.5)
    bulge = np.where(np.abs(t) * long / 2 > hole.reach * 0.5, bulge * float(rng.uniform(0.95, 1.08)), bulge)
    path = frames(np.column_stack([np.zeros(29), np.zeros(29), t * long / 2]), np.array([0, 1.0, 0]))
    # frames: x across = t x up; the outline is given in (x, y) of the hole's frame
    outline = hole.outline(share) * (-1, 1)
    merged(m, swept(path, outline[None] * bulge[:, None, None]), soft(rng, palette), at=hole.frame())
    return "cushion"


def c_ring(rng: Rng, m: Maker, palette: Palette, around: Around, hole: Hole) -> str:
    """The open plastic ring a closed watch is shown on: a shell inside the strap, open at the top or at one side."""
    gap = float(rng.uniform(30, 140))
    middle = float(rng.choice([90.0, 90.0, 270.0, 0.0]))
    a = np.radians(np.linspace(middle + gap / 2, middle + 360 - gap / 2, 90))
    o = hole.outline(float(rng.uniform(0.93, 0.99)))
    index = (np.degrees(a) / 5) % 72
    i = index.astype(int)
    line = o[i] * (1 - (index - i))[:, None] + o[(i + 1) % 72] * (index - i)[:, None]
    wide, thick = hole.reach * float(rng.uniform(0.35, 0.95)), float(np.median(hole.radius)) * float(rng.uniform(0.05, 0.14))
    line = line * (1 - thick / (np.linalg.norm(line, axis=1, keepdims=True) + 1e-6) / 2)
    path = np.column_stack([line, np.zeros(len(line))])
    section = np.array(rounded_rectangle(wide, thick, thick * 0.3, 2))
    look = rng.choice(["clear", "white", "black", "grey"])
    material = (
        palette.stone((0.95, 0.97, 0.98), 1.45)
        if look == "clear"
        else palette.plain({"white": (0.8,) * 3, "black": (0.01,) * 3, "grey": (0.3,) * 3}[str(look)], 0.35)
    )
    merged(m, swept(frames(path, path), section), material, at=hole.frame())
    if rng.random() < 0.6:  # its foot
        base = around.low[2] - 0.02
        m.block((wide * 1.1, wide * 1.6, 0.3), material, shift(hole.centre[0], hole.centre[1], base - 0.14), bevel=0.05)
        around.lift(0.3)
        m.root.matrix_world = shift(z=0.3)
    return "stand"


def rod(rng: Rng, m: Maker, palette: Palette, around: Around, hole: Hole) -> str:
    """A bar through the hole on which the item hangs or which fills it: T-bar, ring stick, display roll; upright holes get a cone."""
    material = soft(rng, palette) if rng.random() < 0.5 else hard(rng, palette)
    narrow = float(np.percentile(hole.outline()[:, 0] ** 2 + hole.outline()[:, 1] ** 2, 5)) ** 0.5
    if abs(hole.axis[2]) > 0.7:  # a cone it was put over
        r, h = narrow * 0.97, float(rng.uniform(2.2, 5)) * narrow
        up = float(rng.uniform(0.1, 0.7)) * h * 0.6
        m.lathe(
            soften([(0, h), (r * 0.35, h * 0.97), (r, up), (r * 1.25, 0.02), (r * 1.25, 0), (0, 0)], 0.05 * r),
            material,
            shift(hole.centre[0], hole.centre[1]),
            n=48,
        )
        around.lift(max(0.0, up - around.middle[2]))
        return "stand"
    r = narrow * float(rng.uniform(0.3, 0.97))
    top = float(hole.outline()[15:21, 1].min())
    long = hole.reach + float(rng.uniform(1.0, 4.0)) * narrow
    at = hole.frame() @ shift(y=top - r)
    m.lathe(soften([(0, -long / 2), (r, -long / 2), (r, long / 2), (0, long / 2)], r * 0.3), material, at, n=40)
    high = float(around.low[2]) + hole.centre[2] * 0
    lift = float(rng.uniform(0.05, 0.6)) * around.size
    around.lift(lift)
    m.root.matrix_world = shift(z=lift)
    bpy.context.view_layer.update()
    if rng.random() < 0.75:  # its post and foot, at one end
        end = np.array((at @ shift(z=float(rng.choice([-1, 1])) * long * 0.47)).translation)
        tall = float(end[2]) + lift
        m.lathe(soften([(0, 0), (r * 0.28, 0), (r * 0.28, tall), (0, tall)], 0.02), material, shift(end[0], end[1], -lift), n=24)
        m.lathe(soften([(0, 0.25), (narrow * 0.9, 0.22), (narrow * 0.95, 0), (0, 0)], 0.05), material, shift(end[0], end[1], high * 0 - lift), n=40)
    return "stand"


def slot(rng: Rng, m: Maker, palette: Palette, around: Around, hole: Hole | None) -> str:
    """Two padded rolls that hold a standing ring, stud or bangle, hiding its foot; often in a box."""
    axis = np.array([hole.axis[0], hole.axis[1]]) if hole and abs(hole.axis[2]) < 0.5 else np.array([0.0, 1.0])
    axis /= np.linalg.norm(axis)
    reach = float(np.ptp(around.points[:, :2] @ axis))
    tall = float(np.ptp(around.points[:, 2]))
    sunk = tall * float(rng.uniform(0.12, 0.4))
    low = around.points[around.points[:, 2] < around.low[2] + sunk] @ np.array([*axis, 0])
    half = float(np.ptp(low)) / 2 if len(low) else reach / 2
    middle = np.array([*around.middle[:2]]) + axis * (float(low.mean()) - float(around.middle[:2] @ axis) if len(low) else 0)
    r = max(sunk * 1.1, tall * 0.25)
    wide = max(tall, around.size) * float(rng.uniform(1.3, 2.2))
    material = soft(rng, palette)
    turn = turn_z(math.degrees(math.atan2(axis[1], axis[0])))
    rows = int(rng.integers(1, 4))
    for side in (-1, 1):
        for k in range(rows):
            m.block(
                (2 * r, wide, 2 * r), material, shift(*(middle + axis * side * (half + r * (1 + 2 * k)))) @ turn @ shift(z=sunk - r), bevel=r * 0.6, segments=5
            )
    word = "cushion"
    if rng.random() < 0.55:
        deep = 2 * (half + 2 * r * rows)
        shell, wall = palette.leather(colour(rng)) if rng.random() < 0.5 else hard(rng, palette), 0.06 * tall + 0.06
        box = shift(*middle) @ turn
        high = sunk * float(rng.uniform(0.9, 1.25))
        for x, y, sx, sy in ((-1, 0, wall, wide + 2 * wall), (1, 0, wall, wide + 2 * wall), (0, -1, deep, wall), (0, 1, deep, wall)):
            m.block((sx, sy, high + r), shell, box @ shift(x * (deep + wall) / 2, y * (wide + wall) / 2, (high - r) / 2), bevel=wall * 0.3)
        if rng.random() < 0.7:  # the lid, open behind
            lid = box @ shift(x=(deep / 2 + wall), z=high) @ turn_y(float(rng.uniform(0, 25)))
            m.block((wall, wide + 2 * wall, deep), shell, lid @ shift(z=deep / 2), bevel=wall * 0.3)
            m.block((wall, wide, deep * 0.92), material, lid @ shift(x=-wall, z=deep / 2), bevel=wall * 0.3)
        word = "box"
    lift = max(0.0, r - sunk)
    around.lift(lift)
    m.root.matrix_world = shift(z=lift)
    return word


# --- under and behind ---------------------------------------------------------------------------------------------------------------------


def pedestal(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """A block, plinth, slab or pebble the item stands on."""
    kind = str(rng.choice(["block", "plinth", "slab", "pebble", "books", "steps"]))
    foot = np.ptp(around.points[:, :2], axis=0) * float(rng.uniform(0.85, 1.7)) + 0.4
    tall = around.size * float(rng.uniform(0.08, 0.7)) * (0.3 if kind in ("slab", "books") else 1.0)
    at = shift(around.middle[0], around.middle[1])
    word = "block"
    if kind == "plinth":
        r = float(foot.max()) * 0.62
        m.lathe(soften([(0, 0), (r, 0), (r, tall), (0, tall)], 0.06 * r), hard(rng, palette), at, n=72)
    elif kind == "pebble":
        word = "stone"
        v, f = sphere(40)
        bumps = sum(rng.normal(0, 0.03) * np.sin(v @ rng.normal(0, 2.2, 3) + rng.uniform(0, 6)) for _ in range(6))
        v = v * (1 + bumps[:, None])
        v = np.sign(v) * np.abs(v) ** np.array([1, 1, 0.8])
        v[:, 2] = np.minimum(v[:, 2], 0.72)
        tall *= 0.8
        merged(m, (v * (*(foot * 0.85), tall / 0.72), f), rough(rng, palette, "stone"), at=at)
    else:
        count = int(rng.integers(2, 4)) if kind == "books" else 1
        for k in range(count):
            m.block(
                (*foot, tall / count - 0.01),
                hard(rng, palette),
                at @ shift(z=tall * (k + 0.5) / count) @ turn_z(float(rng.normal(0, 6))),
                bevel=0.04 if kind != "slab" else 0.12,
            )
        if kind == "steps":
            m.block((*foot, tall * 0.5), hard(rng, palette), at @ shift(x=foot[0] * 0.9, z=tall * 0.25), bevel=0.04)
    around.lift(tall)
    return word


def dish(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """A saucer, tray or bowl the item lies in."""
    foot = np.ptp(around.points[:, :2], axis=0)
    r = float(np.hypot(*foot)) / 2 * float(rng.uniform(1.0, 1.5)) + 0.3
    rim, t = r * float(rng.uniform(0.04, 0.4)), r * 0.05 + 0.06
    flare = r * float(rng.uniform(1.05, 1.35))
    at = shift(around.middle[0], around.middle[1])
    material = hard(rng, palette) if rng.random() < 0.6 else palette.plain((0.8, 0.79, 0.75), 0.15, 0.5)
    if rng.random() < 0.7:
        profile = [(0, t), (r, t), (flare, rim + t), (flare + t * 0.8, rim + t * 0.6), (r * 0.95, 0), (0, 0)]
        m.lathe(soften(profile, t * 0.9), material, at @ Matrix.Diagonal((1, float(rng.uniform(0.75, 1.0)) if foot[1] < foot[0] else 1.0, 1, 1)), n=96)
    else:
        w, h = foot * 1.25 + 0.6
        m.block((w, h, t), material, at @ shift(z=t / 2), bevel=0.04)
        for x, y, sx, sy in ((-1, 0, t, h), (1, 0, t, h), (0, -1, w, t), (0, 1, w, t)):
            m.block((sx, sy, rim + t), material, at @ shift(x * w / 2, y * h / 2, (rim + t) / 2), bevel=0.03)
    around.lift(t)
    return "dish"


def cloth(rng: Rng, m: Maker, palette: Palette, around: Around) -> str:
    """A cloth with folds round the item, pressed flat where it lies."""
    size = around.size * float(rng.uniform(0.9, 2.2)) + 1.0
    n = 110
    x = np.linspace(-size, size, n)
    gx, gy = np.meshgrid(x, x)
    z = np.zeros((n, n))
    for _ in range(7):
        k = rng.normal(0, 2.6 / size, 2) * 2
        z += rng.uniform(0.3, 1) * np.abs(np.sin(gx * k[0] + gy * k[1] + rng.uniform(0, 6) + 0.5 * np.sin(gx / size * 3))) ** 0.7
    z *= around.size * float(rng.uniform(0.02, 0.06))
    rel = around.points[:: max(1, len(around.points) // 3000), :2] - around.middle[:2]
    i = np.clip(((rel + size) / (2 * size) * n).astype(int), 0, n - 1)
    taken = np.zeros((n, n))
    taken[i[:, 1], i[:, 0]] = 1
    for _ in range(12):
        taken = np.maximum.reduce([taken, *(np.roll(taken, s, q) * 0.86 for s in (-1, 1) for q in (0, 1))])
    hem = np.clip((1 - np.maximum(np.abs(gx), np.abs(gy)) / size) * 8, 0, 1) ** 0.7  # the edge lies on the floor
    z = hem * (0.03 + z * (1 - np.minimum(1, taken * 1.3)))
    shape = _grid(x, x, z)
    corner = math.radians(float(rng.uniform(0, 90)))
    edge = 1 + 0.05 * np.sin(6 * np.arctan2(shape[0][:, 1], shape[0][:, 0]) + corner)
    material = [palette.cloth, lambda q: palette.plain(q, 0.85), lambda q: palette.plain(q, 0.3)][int(rng.integers(3))](colour(rng))
    merged(m, (shape[0] * np.column_stack([edge, edge, np.ones_like(edge)]), shape[1]), material, at=shift(around.middle[0], around.middle[1]))
    around.lift(0.035)
    return "cloth"


def _behind(around: Around) -> tuple[Array, Array, Array]:
    """The item's thinnest built axis, pointing away from the camera side (+y) or down, with two axes in its plane (the second up)."""
    m = np.array(around.made.root.matrix_world)[:3, :3]
    spread = [float(np.ptp(around.points @ (m[:, k] / np.linalg.norm(m[:, k])))) for k in range(3)]
    k = int(np.argmin(spread))
    back = m[:, k] / np.linalg.norm(m[:, k])
    if abs(back[2]) > 0.7:
        back = back * -np.sign(back[2])
        up = m[:, (k + 1) % 3] if abs(m[1, (k + 1) % 3]) > abs(m[1, (k + 2) % 3]) else m[:, (k + 2) % 3]
        up = up * (np.sign(up[1]) or 1)
    else:
        back = back * (np.sign(back[1]) or 1)
        up = np.array([0, 0, 1.0])
    up = up - (up @ back) * back
    up /= np.linalg.norm(up)
    return back, up, np.cross(up, -back)


def board(rng: Rng, m: Maker, palette: Palette, around: Around, kind: str) -> str:
    """A flat thing behind (or under) the item: an earring "card", a "bust" for necklaces, a plain board."""
    back, up, right = _behind(around)
    p = around.points
    u, v, w = p @ right, p @ up, p @ back
    wide, tall = float(np.ptp(u)), float(np.ptp(v))
    at = Matrix.Identity(4)
    depth = 0.05 if kind == "card" else 0.12 * max(wide, tall)
    share = 0.25 if kind == "card" and rng.random() < 0.5 and abs(back[2]) < 0.7 else 1.0
    level = float(np.quantile(w, 0.3)) + 0.02 if share < 1 else float(w.max()) + 0.005
    centre = right * (u.min() + u.max()) / 2 + up * (v.min() + v.max()) / 2 + back * (level + depth / 2)
    for k, axis in enumerate((right, up, -back, centre)):
        at.col[k][:3] = axis
    if kind == "bust":
        s = max(wide, tall) * float(rng.uniform(1.1, 1.6))
        neck = float(rng.uniform(0.24, 0.34))
        half = [(0.0, -0.62), (0.42, -0.62), (0.5, -0.3), (0.56, 0.02), (neck + 0.12, 0.2), (neck, 0.3), (neck * 0.92, 0.62), (0, 0.62)]
        outline = soften([(x * s, y * s) for x, y in half[1:-1]] + [(-x * s, y * s) for x, y in half[-2:0:-1]], 0.08 * s, 5, closed=True)
        m.prism(outline, depth, soft(rng, palette), at, bevel=depth * 0.4)
        word = "bust"
    else:
        w2, h2 = wide * float(rng.uniform(1.25, 2.0)) + 0.4, tall * float(rng.uniform(1.2, 1.8)) + 0.6
        card = palette.plain(colour(rng) if rng.random() < 0.5 else (0.78, 0.77, 0.74), 0.8)
        m.prism(rounded_rectangle(w2, h2, min(w2, h2) * float(rng.uniform(0.01, 0.12)), 4), depth, card, at, bevel=0.01)
        if rng.random() < 0.6:
            words = str(rng.choice(["Lumen & Co", "ORO", "handmade", "silver 925", "Atelier Nord", "Bijou"]))
            m.text(words, h2 * 0.09, palette.plain((0.03, 0.03, 0.035), 0.7), at @ shift(y=h2 * float(rng.choice([-0.4, 0.4])), z=depth / 2 + 0.004))
        word = "card"
    bpy.context.view_layer.update()
    low = float(m.vertices()[:, 2].min())
    lift = max(0.0, 0.01 - low)
    around.lift(lift)
    m.root.matrix_world = shift(z=lift)
    return word


# --- beside -------------------------------------------------------------------------------------------------------------------------------


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


BESIDE: dict[str, tuple[Callable[..., str], float]] = {"tag": (tag, 5), "leaves": (leaves, 1.5), "clutter": (clutter, 3), "box": (gift_box, 2)}

# kind of product -> what may hold it, with shares; "none" leaves only what lies beside
HOLDERS: dict[str, dict[str, float]] = {
    "watch": {"cushion": 26, "c_ring": 20, "rod": 4, "wrist": 12, "pinch": 6, "palm": 2, "pedestal": 9, "slot": 4, "dish": 2, "cloth": 5, "none": 10},
    "ring": {"finger": 14, "rod": 10, "slot": 17, "pinch": 11, "palm": 3, "pedestal": 14, "dish": 6, "cloth": 7, "none": 18},
    "bangle": {"rod": 20, "wrist": 10, "cushion": 9, "pinch": 8, "pedestal": 14, "dish": 6, "slot": 4, "cloth": 8, "none": 20},
    "bracelet": {"rod": 16, "wrist": 12, "cushion": 14, "pinch": 7, "palm": 4, "pedestal": 10, "dish": 8, "cloth": 10, "none": 18},
    "chain": {"bust": 24, "card": 8, "pinch": 9, "palm": 6, "pedestal": 10, "dish": 8, "cloth": 14, "none": 20},
    "earrings": {"card": 34, "slot": 6, "pinch": 6, "palm": 4, "pedestal": 14, "dish": 8, "cloth": 8, "none": 18},
    "other": {"pedestal": 25, "dish": 12, "cloth": 16, "pinch": 8, "palm": 7, "slot": 5, "card": 5, "none": 22},
}


def place(rng: Rng, made: Maker, palette: Palette, kind: str) -> list[str]:
    """Puts random props round an item that is set down (and may lift it); gives their words. Its vertices must be asked for again afterwards."""

    around = Around(made, made.vertices())
    shares = HOLDERS.get({"pendant": "chain", "loop": "watch"}.get(kind, kind), HOLDERS["other"])
    hole = find_hole(around)
    needs = {"cushion", "c_ring", "rod", "wrist", "finger"}
    if hole is None:
        shares = {k: v for k, v in shares.items() if k not in needs}
    holder = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    return hold(rng, around, palette, holder, hole) + beside(rng, around, palette, always=holder == "none")


def hold(rng: Rng, around: Around, palette: Palette, holder: str, hole: Hole | None) -> list[str]:
    """One holder by its name in `HOLDERS`."""

    if holder == "none":
        return []
    m = Maker(f"prop {holder}")
    if holder in ("cushion", "c_ring", "rod", "wrist", "finger"):
        assert hole is not None
        builders: dict[str, Callable[..., str]] = {"cushion": cushion, "c_ring": c_ring, "rod": rod, "wrist": hands.limb, "finger": hands.limb}
        word = builders[holder](rng, m, palette, around, hole)
    elif holder == "slot":
        word = slot(rng, m, palette, around, hole)
    elif holder in ("card", "bust"):
        word = board(rng, m, palette, around, holder)
    else:
        word = {"pedestal": pedestal, "dish": dish, "cloth": cloth, "pinch": hands.pinch, "palm": hands.palm}[holder](rng, m, palette, around)
    _mark(m)
    return [word]


def beside(rng: Rng, around: Around, palette: Palette, always: bool) -> list[str]:
    """None to three things beside the item; at least one when `always`."""
    words = []
    count = int(rng.choice([0, 1, 2, 3], p=[0.0, 0.7, 0.22, 0.08] if always else [0.68, 0.25, 0.07, 0.0]))
    shares = np.array([share for _, share in BESIDE.values()])
    for _ in range(count):
        build = BESIDE[str(rng.choice(list(BESIDE), p=shares / shares.sum()))][0]
        m = Maker("prop beside")
        words.append(build(rng, m, palette, around))
        _mark(m)
    return words


def _mark(m: Maker) -> None:
    for ob in m.objects:
        ob["prop"] = True
    bpy.context.view_layer.update()
