"""What a product is held by, hung on or laid on: cushions, stands, boxes, pedestals, dishes, cloths, cards and busts. Needs `bpy`."""

from __future__ import annotations

import math

import bpy
import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker, rounded_rectangle, shift, soften, turn_y, turn_z
from imaging.training.gems import frames, merged, sphere, swept
from imaging.training.materials import Palette
from imaging.training.surroundings import Around, Hole, Rng, colour, hard, rough, soft


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
    if around.made.root.get("lying"):
        return np.array([0, 0, -1.0]), np.array([0, 1.0, 0]), np.array([1.0, 0, 0])
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
    share = 0.25 if kind == "card" and rng.random() < 0.5 and abs(back[2]) < 0.7 and around.made.root.get("posts") else 1.0
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
