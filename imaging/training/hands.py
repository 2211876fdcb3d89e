"""Hands, fingers and wrists that hold or wear a product. Needs `bpy`. They are props: background in the alpha.

A hand is a handful of tapered tubes and a palm, melted together by Blender's voxel remesher, with nails on top.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker, shift, turn_x, turn_y, turn_z
from imaging.training.gems import frames, joined, merged, moved, pipe, scaled, skin, sphere, swept
from imaging.training.materials import Palette

TONES = ((0.66, 0.40, 0.28), (0.74, 0.50, 0.38), (0.56, 0.31, 0.19), (0.38, 0.19, 0.105), (0.20, 0.09, 0.05), (0.10, 0.045, 0.026), (0.80, 0.58, 0.48))


def _tone(rng: Any, palette: Palette) -> tuple[Any, Any]:
    """Skin and nail of one person; sometimes a glove."""
    if rng.random() < 0.06:
        glove = palette.plain((0.75, 0.75, 0.74) if rng.random() < 0.5 else (0.02, 0.02, 0.022), 0.8)
        return glove, glove
    k = float(rng.uniform(0.85, 1.1))
    c = TONES[int(rng.integers(len(TONES)))]
    c = (c[0] * k, c[1] * k, c[2] * k)
    varnish = (float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.01, 0.3)), float(rng.uniform(0.02, 0.4)))
    nail = palette.plain(varnish, 0.1, 0.8) if rng.random() < 0.4 else palette.plain((min(0.9, c[0] * 1.15), c[1] * 1.1, c[2] * 1.1), 0.25, 0.3)
    return skin(palette, c), nail


def _bone(points: list[Any], radii: list[float], n: int = 36) -> tuple[Array, Array]:
    """A finger: a tube through a few joints with rounded ends."""
    p = np.asarray(points, float)
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    t = np.linspace(0, s[-1], n)
    line = np.column_stack([np.interp(t, s, p[:, k]) for k in range(3)])
    for _ in range(3):
        line[1:-1] = (line[:-2] + 2 * line[1:-1] + line[2:]) / 4
    r = np.interp(t, s, radii)
    tip = radii[-1]
    r = r * np.sqrt(np.clip(1 - np.clip((t - (s[-1] - tip)) / tip, 0, 0.98) ** 2, 0.03, 1))
    return pipe(line, r, 16)


def _melt(ob: Any, voxel: float) -> None:
    remesh = ob.modifiers.new("melt", "REMESH")
    remesh.mode, remesh.voxel_size, remesh.use_smooth_shade = "VOXEL", voxel, True
    smooth = ob.modifiers.new("smooth", "SMOOTH")
    smooth.factor, smooth.iterations = 0.5, 8


def _nail(m: Maker, material: Any, tip: Array, along: Array, out: Array, r: float) -> None:
    """A nail on the back of a fingertip."""
    x = np.cross(along, out)
    at = Matrix.Identity(4)
    for k, v in enumerate((x, along, out, tip - along * r * 0.75 + out * r * 0.62)):
        at.col[k][:3] = v
    merged(m, moved(sphere(16), scaled(0.62 * r, 0.85 * r, 0.3 * r)), material, at=at)


def limb(rng: Any, m: Maker, palette: Palette, around: Any, hole: Any) -> str:
    """A finger or wrist through the hole, wearing the item; a finger comes with its neighbours and a palm, a wrist with the heel of the hand."""
    flesh, nail = _tone(rng, palette)
    outline = hole.outline(0.985)
    small = float(np.median(hole.radius)) < 1.4
    side = float(rng.choice([-1.0, 1.0]))
    frame = hole.frame() @ (Matrix.Identity(4) if side > 0 else turn_y(180))
    if side < 0:
        outline = outline * (-1, 1)
    r = float(np.median(np.linalg.norm(outline, axis=1)))
    if not small:
        long = r * float(rng.uniform(3, 6))
        t = np.linspace(-long, long * 0.7, 50)
        even = np.column_stack([np.cos(2 * math.pi * np.arange(72) / 72), np.sin(2 * math.pi * np.arange(72) / 72)]) * r
        near = np.exp(-((t / (hole.reach * 0.8 + 0.5)) ** 2))[:, None, None]
        swell = (1 + 0.12 * np.clip(-t / long, 0, 1) + 0.22 * np.clip(t / long, 0, 1))[:, None, None]
        path = frames(np.column_stack([np.zeros(50), np.zeros(50), t]), np.array([0, 1.0, 0]))
        sections = (near * outline[None] + (1 - near) * even[None] * (1.12, 0.82) * swell) * (-1, 1)
        merged(m, swept(path, sections), flesh, at=frame)
        hand = [moved(sphere(28), np.array(shift(z=long * 0.7 + r * 0.9)) @ scaled(1.5 * r, 0.62 * r, 1.7 * r))]
        for k in range(4):
            x = (k - 1.5) * 0.72 * r
            hand.append(
                _bone(
                    [(x * 0.8, 0, long * 0.7 + r), (x, 0.1 * r, long * 0.7 + 3 * r), (x * 1.05, -0.5 * r, long * 0.7 + (4.4 - 0.3 * abs(k - 1.5)) * r)],
                    [0.42 * r, 0.37 * r, 0.3 * r],
                )
            )
        hand.append(pipe(np.array([(0, 0, long * 0.45), (0, 0, long * 0.7 + 0.6 * r)]), np.array([0.8 * r, 0.9 * r]), 20))
        _melt(merged(m, joined(*hand), flesh, at=frame), 0.11 * r)
    else:
        r *= 0.97
        tip, root = float(rng.uniform(2.2, 4.5)) * r, float(rng.uniform(3.0, 5.0)) * r
        bend = float(rng.uniform(-0.8, 0.8)) * r
        even = np.linspace(-root, tip, 40)
        line = np.column_stack([np.zeros(40), -bend * np.clip(even / tip, 0, 1) ** 2, even])
        rr = r * (1 + 0.1 * np.clip(-even / root, 0, 1)) * (1 - 0.16 * np.clip(even / tip, 0, 1))
        rr = rr * np.sqrt(np.clip(1 - np.clip((even - (tip - 0.8 * r)) / (0.8 * r), 0, 0.98) ** 2, 0.03, 1))
        merged(m, pipe(line, rr, 40), flesh, at=frame)
        top = np.array([0, 1.0, 0]) if rng.random() < 0.7 else np.array([0, -1.0, 0])
        _nail_in(m, nail, line[-1], np.array([0, 0, 1.0]), top, 0.82 * r, frame)
        others = []
        spread, lower = 2.12 * r, float(rng.uniform(-0.5, 0.5)) * r
        picks = [k for k in (-2, -1, 1, 2) if rng.random() < 0.75]
        for k in picks:
            x, cut = k * spread, 0.16 * abs(k) * (tip + root)
            end = np.array([x * 1.03, lower - bend * 0.8, tip - cut * float(rng.uniform(0.4, 1.4))])
            others.append(_bone([(x, 0, -root), (x, lower, 0), end], [1.05 * r, r * 0.98, 0.8 * r]))
            _nail_in(m, nail, end, np.array([0, 0, 1.0]), top, 0.78 * r, frame)
        if picks and rng.random() < 0.7:
            others.append(
                moved(
                    sphere(28),
                    np.array(shift(x=spread * float(np.mean([*picks, 0])), z=-root - 1.2 * r))
                    @ scaled(4.2 * r if len(picks) > 2 else 2.6 * r, 1.25 * r, 3.0 * r),
                )
            )
        if others:
            _melt(merged(m, joined(*others), flesh, at=frame), 0.12 * r)
    lowest = float(m.vertices()[:, 2].min())
    upright = abs(hole.axis[2]) > 0.6  # an arm through a lying bangle stands up; else it may lie half in the floor
    lift = max(0.0, -lowest) if upright or (small and rng.random() < 0.5) else 0.0
    around.lift(lift)
    m.root.matrix_world = shift(z=lift)
    return "hand"


def _nail_in(m: Maker, material: Any, tip: Array, along: Array, out: Array, r: float, frame: Matrix) -> None:
    f = np.array(frame)
    _nail(m, material, f[:3, :3] @ tip + f[:3, 3], f[:3, :3] @ along, f[:3, :3] @ out, r)


def pinch(rng: Any, m: Maker, palette: Palette, around: Any) -> str:
    """Thumb and forefinger holding the item at one end, in the air; the fingers hide a little of it."""
    flesh, nail = _tone(rng, palette)
    p = around.points
    way = np.array([float(rng.choice([-1.0, 1.0, 0.4, -0.4])), 0.0, float(rng.choice([0.0, 0.25, 0.9]))])
    way /= np.linalg.norm(way)
    reach = p @ way
    grip = p[reach > np.quantile(reach, 0.97)].mean(0)
    r = float(np.clip(0.13 * around.size, 0.55, 0.95))
    grip = grip - way * r * float(rng.uniform(0.0, 0.6))
    # the hand's frame: z from the grip to the wrist, x from thumb to finger
    z = way
    x = np.cross(z, np.array([0, 1.0, 0])) if rng.random() < 0.5 else np.array([0.0, 1.0, 0.0])
    x = x - (x @ z) * z
    x /= np.linalg.norm(x)
    at = Matrix.Identity(4)
    for k, v in enumerate((x, np.cross(z, x), z, grip)):
        at.col[k][:3] = v
    across = abs(p[reach > np.quantile(reach, 0.93)] @ x - grip @ x)
    apart = r * 0.86 + float(np.clip(np.quantile(across, 0.9), 0.02, 1.0)) * 0.7
    y = float(rng.choice([-1.0, 1.0]))
    fingers = [
        _bone(
            [(2.2 * r, y * 1.5 * r, 8.5 * r), (3.4 * r, y * 0.9 * r, 5.0 * r), (2.4 * r, y * 0.2 * r, 2.3 * r), (apart, 0, -0.4 * r)],
            [1.25 * r, 1.15 * r, 1.05 * r, 0.8 * r],
        ),
        _bone(
            [(-1.6 * r, y * 1.2 * r, 8.0 * r), (-2.6 * r, y * 0.6 * r, 4.6 * r), (-2.0 * r, 0.1 * r, 2.2 * r), (-apart, 0, -0.3 * r)],
            [1.6 * r, 1.3 * r, 1.15 * r, 0.9 * r],
        ),
    ]
    for k in range(int(rng.integers(1, 4))):
        u = y * (2.0 + 1.9 * k) * r
        out = float(rng.uniform(0.4, 1.0))
        fingers.append(
            _bone(
                [(2.0 * r, u, 8.5 * r), (3.6 * r, u, 5.2 * r), (2.6 * r * out, u * 1.05, (2.9 + k * 0.4) * r), (0.6 * r * out, u * 1.02, (2.2 + 0.8 * k) * r)],
                [1.25 * r, 1.12 * r, 1.0 * r, 0.75 * r],
            )
        )
    fingers.append(moved(sphere(30), np.array(shift(0.3 * r, y * 3.2 * r, 10.0 * r)) @ scaled(2.2 * r, 4.2 * r, 4.2 * r)))
    fingers.append(pipe(np.array([(0.3 * r, y * 3.4 * r, 11 * r), (0.2 * r, y * 3.6 * r, 30 * r)]), np.array([2.5 * r, 3.0 * r]), 24))
    _melt(merged(m, joined(*fingers), flesh, at=at), 0.14 * r)
    for tip, sign in ((np.array([apart, 0, -0.4 * r]), 1.0), (np.array([-apart, 0, -0.3 * r]), -1.0)):
        _nail_in(m, nail, tip, np.array([0, 0, -1.0]), np.array([sign, 0, 0]), 0.82 * r, at)
    lift = around.size * float(rng.uniform(0.1, 0.8))
    lowest = float(m.vertices()[:, 2].min())
    lift = max(lift, -lowest * (0.6 if way[2] > -0.1 else 1.0))
    around.lift(lift)
    m.root.matrix_world = shift(z=lift)
    return "hand"


def palm(rng: Any, m: Maker, palette: Palette, around: Any) -> str:
    """An open hand under the item, fingers stretched or slightly bent."""
    flesh, _ = _tone(rng, palette)
    foot = np.ptp(around.points[:, :2], axis=0)
    k = float(np.clip(max(foot) / 7.0, 0.9, 1.8))
    curl = float(rng.uniform(0.0, 1.4)) * k
    parts = [moved(sphere(36), scaled(4.3 * k, 4.8 * k, 1.25 * k))]
    for q in range(4):
        x = (q - 1.5) * 1.95 * k
        long = (7.4 - 0.7 * abs(q - 1.3)) * k
        parts.append(
            _bone(
                [(x * 0.9, 2.2 * k, 0), (x, 4.6 * k, 0.15 * k), (x * 1.1, 4.2 * k + long * 0.55, 0.3 * k + curl * 0.25), (x * 1.15, 4.2 * k + long, curl)],
                [1.0 * k, 0.92 * k, 0.85 * k, 0.68 * k],
            )
        )
    s = float(rng.choice([-1, 1]))
    parts.append(
        _bone([(s * 2.8 * k, -2.2 * k, 0), (s * 5.0 * k, 0.4 * k, 0.5 * k), (s * 6.0 * k, 3.2 * k, 0.9 * k + 0.4 * curl)], [1.5 * k, 1.15 * k, 0.8 * k])
    )
    parts.append(pipe(np.array([(0, -3.0 * k, -0.1 * k), (0, -16 * k, -0.4 * k)]), np.array([2.6 * k, 3.0 * k]), 26, flat=0.62))
    at = (
        shift(around.middle[0], around.middle[1])
        @ turn_z(float(rng.normal(0, 40)) + float(rng.choice([0, 0, 90, -90, 180])))
        @ shift(y=-1.2 * k, z=2.1 * k)
        @ turn_x(float(rng.uniform(-4, 6)))
    )
    _melt(merged(m, joined(*parts), flesh, at=at), 0.17 * k)
    around.lift(3.2 * k)
    return "hand"
