"""What holds a watch on the wrist: link bracelets, leather, rubber, woven nylon and milanese mesh. Needs `bpy`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training import bracelets
from imaging.training.catalogue import Watch
from imaging.training.forms import Array, Maker, Rail, rail, rounded_rectangle, shift, turn_y
from imaging.training.materials import Palette


def metallic(watch: Watch) -> bool:
    """Whether the watch hangs on metal with a folding clasp, not on a strap with a buckle."""
    return watch.strap.startswith("links") or watch.strap == "mesh" or watch.strap in bracelets.METALLIC


def lug_reach(r: float) -> float:
    """Distance in cm of the lug tips from the centre of a case of radius `r`."""
    return r * 1.2


def loop(y: float, z: float, around: tuple[float, float]) -> Rail:
    """From the lugs at twelve round the wrist to the lugs at six: an ellipse of half axes `around` through (y, z)."""
    a, b = around
    centre = z - b * math.sqrt(1 - (y / a) ** 2)
    start = math.acos(y / a)
    angles = np.linspace(start, -math.pi - start, 400)
    places = np.column_stack([np.zeros(400), a * np.cos(angles), centre + b * np.sin(angles)])
    return rail(places, lambda p, _t: np.array([0.0, p[1] / a**2, (p[2] - centre) / b**2]))


def tail(y: float, z: float, length: float, end: int) -> Rail:
    """One half of an open strap, falling away from the lugs at twelve (`end` = 1) or six (-1)."""
    s = np.linspace(0, length, 200)
    slope = np.radians(18 + 62 * s / length)
    step = length / 199
    ys, zs = y + np.cumsum(np.cos(slope)) * step, z - np.cumsum(np.sin(slope)) * step
    return rail(np.column_stack([np.zeros(200), end * ys, zs]), lambda _p, t: np.array([0.0, abs(t[2]) * end, abs(t[1])]))


def flat(y: float, z: float, length: float, end: int, rest: float) -> Rail:
    """One half of an open strap that reaches the level `rest` within a thumb's width of the lugs and lies flat from there."""
    s = np.linspace(0, length, 200)
    k = np.clip(s / 1.6, 0, 1)
    zs = z + (rest - z) * k * k * (3 - 2 * k)
    steps = np.sqrt(np.maximum((length / 199) ** 2 - np.gradient(zs) ** 2, 1e-4))
    ys = y + np.concatenate([[0.0], np.cumsum(steps[1:])])
    return rail(np.column_stack([np.zeros(200), end * ys, zs]))


def build(m: Maker, watch: Watch, r: float, t: float, palette: Palette, laid_open: bool, rest: float | None = None) -> None:
    """Adds the strap of `watch` to an item whose case is `r` wide and `t` thick. An open strap falls away, or lies flat at the level `rest`."""
    y, z = lug_reach(r) - 0.16, -0.25 * t
    wide = watch.lug_mm / 10 - 0.03
    if watch.strap.startswith("links") and watch.lugs == "classic" and watch.clasp != "straight":
        _end_links(m, r, t, wide, palette.metal(watch.metal, watch.finish))
    if laid_open:
        lengths = (5.6 * watch.wrist, 6.8 * watch.wrist)
        for end, length in zip((1, -1), lengths, strict=True):
            path = tail(y, z, length, end) if rest is None else flat(y, z, length, end, rest)
            _run(m, watch, path, wide, palette, lambda u: 1 - (1 - watch.taper) * u, closed=False)
            if end == 1:
                longer = tail(y, z, length + 1.2, end) if rest is None else flat(y, z, length + 1.2, end, rest)
                _fastener(m, watch, longer, length - 0.2, wide * watch.taper, palette, laid_open)
    else:
        path = loop(y, z, (max(r * 1.42, 2.7) * watch.wrist, max(r * 1.22, 2.35) * watch.wrist))
        _run(m, watch, path, wide, palette, lambda u: 1 - (1 - watch.taper) * min(1, 2.6 * min(u, 1 - u)), closed=True)
        _fastener(m, watch, path, path.length / 2, wide * watch.taper, palette, laid_open)


def _end_links(m: Maker, r: float, t: float, wide: float, metal: Any) -> None:
    reach = lug_reach(r) - 0.05
    curve = [
        tuple((1 - k) ** 2 * np.array((r * 0.8, 0.2 * t)) + 2 * k * (1 - k) * np.array((r * 1.02, 0.2 * t)) + k**2 * np.array((reach, -0.17 * t)))
        for k in np.linspace(0, 1, 8)
    ]
    outline = [*curve, (reach - 0.02, -0.36 * t), (r * 0.8, -0.2 * t)]
    for end in (1, -1):
        at = Matrix(((0, 0, 1, 0), (end, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)))
        m.prism(outline, wide - 0.01, metal, at, bevel=0.02)


def _run(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Any, closed: bool) -> None:
    kind = watch.strap
    if kind in bracelets.BRACELETS:
        bracelets.BRACELETS[kind](m, watch, path, wide, palette, width)
    elif kind.startswith("links"):
        _links(m, watch, path, wide, palette, width)
    elif kind == "mesh":
        _milanese(m, path, wide, palette.metal(watch.metal, "polished"), width)
    elif kind == "nato":
        _nato(m, watch, path, wide, palette, width)
    else:
        _leather(m, watch, path, wide, palette, width, closed)


def _links(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Any) -> None:
    """Staggered rows of separate links on pins. "links3": two outer, one centre. "links5": a jubilee of two outer and three small centres."""
    outer, inner = palette.metal(watch.metal, watch.finish), palette.metal(watch.inner or watch.metal, "polished")
    five = watch.strap == "links5"
    rows = round(path.length / (0.52 if five else 0.66))
    pitch = path.length / rows
    thick, gap = 0.27, watch.link_gap / 2
    edge = 0.25 if five else 0.29
    side = m.block((edge * wide - gap, pitch - watch.link_gap, thick), outer, shift(z=-50), bevel=0.045, segments=3)
    middle_wide = (1 - 2 * edge) * wide / (3 if five else 1)
    middle = m.block(
        (middle_wide - gap, pitch - watch.link_gap, thick * (1.06 if five else 1.0)), inner, shift(z=-50), bevel=0.075 if five else 0.045, segments=3
    )
    pin = m.lathe(
        [(0, -wide / 2 - 0.008), (0.05, -wide / 2 - 0.008), (0.058, -wide / 2), (0.058, wide / 2), (0.05, wide / 2 + 0.008), (0, wide / 2 + 0.008)],
        inner,
        shift(z=-50),
        n=20,
    )
    for k in range(rows):
        s = pitch * (k + 0.5)
        w = width(s / path.length)
        squeeze = Matrix.Diagonal((w, 1, 1, 1))
        here = path.at(s)
        for x in (-1, 1):
            m.again(side, here @ squeeze @ shift(x=x * (0.5 - edge / 2) * wide))
        m.again(pin, here @ shift(y=0.24 * pitch) @ squeeze @ turn_y(90))
        for joint in (s - pitch / 2, s + pitch / 2) if k == 0 else (s + pitch / 2,):
            between = path.at(joint) @ squeeze
            for x in (-1, 0, 1) if five else (0,):
                m.again(middle, between @ shift(x=x * middle_wide))
    for template in (side, middle, pin):
        m.discard(template)


def _milanese(m: Maker, path: Rail, wide: float, metal: Any, width: Any) -> None:
    """Rows of flattened wire coils, each hooked into the next."""
    pitch, turns = 0.105, 15
    rows = int(path.length / pitch)
    angles = np.linspace(0, 2 * math.pi * turns, turns * 10)
    wires = []
    for k in range(rows):
        s = (k + 0.5) * pitch
        w = wide * width(s / path.length)
        frame = np.array(path.at(s))
        coil = np.column_stack([np.linspace(-w / 2, w / 2, angles.size), 0.105 * np.cos(angles), 0.062 * np.sin(angles), np.ones(angles.size)])
        wires.append((coil @ frame.T)[:, :3])
    m.tube(wires, 0.027, metal, sides=1)
    for x in (-1, 1):
        edge = [(np.array(path.at(s)) @ np.array([x * wide * width(s / path.length) / 2, 0, 0, 1]))[:3] for s in np.linspace(0, path.length, 160)]
        m.tube(np.array(edge), 0.055, metal, sides=3)


def _nato(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Any) -> None:
    stripes = [palette.cloth(c) for c in watch.stripes]
    columns = 30

    def section(u: float) -> list[tuple[float, float]]:
        w = wide * (0.5 + 0.5 * width(u))
        xs = np.linspace(-w / 2, w / 2, columns + 1)
        return [(x, 0.07) for x in xs[::-1]] + [(x, -0.07) for x in xs]

    def pick(column: int) -> int:
        k = column % (columns + 1)
        return int(min(k, columns - 1) * len(stripes) / columns)

    m.sweep(path, section, stripes, pick=pick)


def _leather(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Any, closed: bool) -> None:
    rubber = watch.strap == "rubber"
    skin = palette.plain(watch.strap_colour, 0.55) if rubber else palette.leather(watch.strap_colour)

    def thick(u: float) -> float:
        near = min(u, 1 - u) if closed else u
        return 0.21 + 0.24 * math.exp(-((near / 0.16) ** 2))

    def section(u: float) -> list[tuple[float, float]]:
        tip = 1.0 if closed or u < 0.92 else math.sqrt(max(0.06, 1 - ((u - 0.92) / 0.08) ** 2))
        return [(x, z - 0.02) for x, z in rounded_rectangle(wide * width(u) * tip, thick(u), 0.09, 4)]

    m.sweep(path, section, [skin])
    if rubber:
        return
    thread = palette.plain(watch.thread, 0.7)
    stitch = m.lathe([(0, -0.085), (0.016, -0.075), (0.02, 0), (0.016, 0.075), (0, 0.085)], thread, shift(z=-50), n=10)
    upright = Matrix.Rotation(math.pi / 2, 4, "X")
    for s in np.arange(0.35, path.length - 0.3, 0.24):
        u = s / path.length
        for x in (-1, 1):
            m.again(stitch, path.at(float(s)) @ shift(x=x * (wide * width(u) / 2 - 0.13), z=thick(u) / 2 - 0.02) @ upright)
    m.discard(stitch)


def _fastener(m: Maker, watch: Watch, path: Rail, s: float, wide: float, palette: Palette, laid_open: bool) -> None:
    """A folding clasp on metal, a pin buckle and two keepers on everything else; blades where the clasp hangs open."""
    metal, satin = palette.metal(watch.metal), palette.metal(watch.metal, "satin")
    if watch.strap == "cuff":
        return
    if watch.clasp == "blades" and laid_open:
        bracelets.blades(m, path, s, wide, palette, watch.metal)
        return
    if metallic(watch):
        part = path.part(max(0.1, s - 1.55), min(path.length, s + 1.55))
        m.sweep(part, lambda _u: [(x, z + 0.04) for x, z in rounded_rectangle(wide + 0.05, 0.40, 0.06)], [satin])
        m.sweep(
            path.part(max(0.1, s - 0.55), min(path.length, s + 0.55)), lambda _u: [(x, z + 0.1) for x, z in rounded_rectangle(wide + 0.14, 0.42, 0.08)], [metal]
        )
        m.text(
            watch.brand.upper(),
            0.26,
            palette.plain((0.06, 0.06, 0.06), 0.5),
            path.at(s) @ shift(z=0.315) @ Matrix.Rotation(math.pi if not laid_open else 0, 4, "Z"),
            depth=0.004,
            spacing=1.1,
        )
        return
    offset = 0.17 if watch.strap != "nato" else 0.1
    frame = np.array([(x, y, 0.0) for x, y in rounded_rectangle(wide + 0.42, 0.95, 0.26, 8)])
    m.tube(_bend(frame, path, s, offset), 0.085, metal, cyclic=True, sides=6)
    m.tube(_bend(np.array([(0.0, -0.55, 0.03), (0.0, 0.0, 0.1), (0.0, 0.55, 0.07)]), path, s, offset), 0.06, metal, sides=6)
    skin = palette.cloth(watch.stripes[0]) if watch.strap == "nato" else palette.leather(watch.strap_colour)
    for k, where in enumerate((s - 0.85, s - 1.55) if laid_open else (s + 1.0, s + 2.1)):
        if where > path.length - 0.3:
            continue
        keeper = path.part(where - 0.17, where + 0.17, 6)
        m.sweep(keeper, lambda _u: rounded_rectangle(wide + 0.14, 2 * offset + 0.26 - 0.02 * k, 0.09), [metal if watch.strap == "nato" else skin])  # noqa: B023


def _bend(points: Array, path: Rail, s: float, outwards: float) -> Array:
    """Lays points given in a frame (across, along, out) on the rail around `s`."""
    return np.array([(np.array(path.at(s + y)) @ np.array([x, 0.0, z + outwards, 1.0]))[:3] for x, y, z in points])
