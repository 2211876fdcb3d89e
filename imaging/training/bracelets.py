"""Rarer things that hold a watch: single links, bars with gaps, chains of rings, H-links, spring bands, cuffs, perforated straps. Needs `bpy`.

Each builder gets the rail the strap follows, its width at the lugs in cm and `width(u)`, the share of it left at 0..1 of the length.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import bmesh
import numpy as np
from mathutils import Matrix

from imaging.training.catalogue import Watch
from imaging.training.forms import Maker, Rail, rounded_rectangle, shift, turn_x, turn_y
from imaging.training.materials import Palette

Width = Callable[[float], float]


def _rows(m: Maker, template: Any, path: Rail, pitch: float, width: Width, extra: Matrix | None = None, start: float = 0.5) -> None:
    """One copy of `template` for each `pitch` of the rail, squeezed with its width; takes the template away."""
    count = max(2, round(path.length / pitch))
    for k in range(count):
        s = path.length * (k + start) / count
        if s < path.length:
            m.again(template, path.at(s) @ Matrix.Diagonal((width(s / path.length), 1, 1, 1)) @ (extra or Matrix.Identity(4)))
    m.discard(template)


def single(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """Broad plates on pins, with a slit of daylight between them."""
    metal, pitch = palette.metal(watch.metal, watch.finish), 0.72
    gap = max(watch.link_gap, 0.05)
    _rows(m, m.block((wide, pitch - gap, 0.25), metal, shift(z=-50), bevel=0.06, segments=3), path, pitch, width)
    pin = m.block((wide * 0.5, gap * 2 + 0.1, 0.14), palette.metal(watch.inner or watch.metal), shift(z=-50), bevel=0.03)
    _rows(m, pin, path, pitch, width, start=1.0)


def bars(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """Round rods across, held by narrow links in the middle or at both edges: much daylight."""
    metal, inner = palette.metal(watch.metal), palette.metal(watch.inner or watch.metal, watch.finish)
    pitch = 0.42
    rod = m.block((wide, 0.24 - watch.link_gap, 0.22), metal, shift(z=-50), bevel=0.1, segments=4)
    _rows(m, rod, path, pitch, width)
    for x in (-0.36, 0.36) if int(watch.number) % 2 else (0.0,):
        tie = m.block((0.16 * wide if x else 0.34 * wide, pitch * 0.9, 0.16), inner, shift(z=-50), bevel=0.04)
        _rows(m, tie, path, pitch, width, shift(x=x * wide), start=1.0)


def rings(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """Flat ovals hooked by small links, as on ladies' bracelets: a hole in every link."""
    metal = palette.metal(watch.metal)
    pitch = 0.55 + 0.3 * wide
    a = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    oval = np.column_stack([0.46 * wide * np.cos(a), 0.44 * pitch * np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.8, np.zeros(40)])
    _rows(m, m.tube(oval, 0.075, metal, shift(z=-50), cyclic=True, sides=5), path, pitch, width)
    small = np.column_stack([0.09 * np.cos(a), 0.16 * np.sin(a), np.zeros(40)])
    tie = m.tube(small, 0.05, palette.metal(watch.inner or watch.metal), shift(z=-50), cyclic=True, sides=4)
    _rows(m, tie, path, pitch, width, turn_y(80), start=1.0)


def hlinks(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """H-shaped links with polished blocks between their arms."""
    metal, inner = palette.metal(watch.metal, watch.finish), palette.metal(watch.inner or watch.metal)
    pitch, w = 0.95, wide / 2
    arm, waist = pitch / 2 - watch.link_gap / 2, 0.16
    h = [(-w, -arm), (-w * 0.5, -arm), (-w * 0.5, -waist), (w * 0.5, -waist), (w * 0.5, -arm), (w, -arm)]
    _rows(m, m.prism([*h, *[(x, -y) for x, y in h[::-1]]], 0.25, metal, shift(z=-50), bevel=0.03), path, pitch, width)
    block = m.block((wide * 0.5 - 0.03, pitch - 2 * waist - 0.06, 0.25), inner, shift(z=-50), bevel=0.05, segments=3)
    _rows(m, block, path, pitch, width, start=1.0)


def spring(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """An expanding band: narrow shells side by side in two layers."""
    metal = palette.metal(watch.metal, watch.finish)
    _rows(m, m.block((wide, 0.27, 0.1), metal, shift(z=-50), bevel=0.045, segments=3), path, 0.3, width, shift(z=0.06))
    _rows(m, m.block((wide * 0.96, 0.25, 0.1), palette.metal("steel", "satin"), shift(z=-50), bevel=0.04), path, 0.3, width, shift(z=-0.07), start=1.0)


def cuff(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """A stiff band, narrow and smooth."""
    m.sweep(path, lambda u: rounded_rectangle(wide * width(u) * 0.8, 0.2, 0.09, 5), [palette.metal(watch.metal, watch.finish)])


def ribbed(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """Thick moulded rubber with ribs across."""
    skin = palette.plain(watch.strap_colour, 0.5)
    m.sweep(path, lambda u: rounded_rectangle(wide * width(u), 0.26, 0.09, 4), [skin])
    _rows(m, m.block((wide * 0.86, 0.2, 0.1), skin, shift(z=-50), bevel=0.04), path, 0.36 + 0.2 * wide, width, shift(z=0.15))


def perforated(m: Maker, watch: Watch, path: Rail, wide: float, palette: Palette, width: Width) -> None:
    """Leather or rubber pierced through: big holes at the lugs ("rally") or rows of small ones all along ("tropic")."""
    rally = watch.strap == "rally"
    skin = palette.leather(watch.strap_colour) if rally else palette.plain(watch.strap_colour, 0.5)
    across, step = 36, wide / 36
    along = max(40, int(path.length / step))
    solid = np.ones((along, across), bool)
    y, x = np.mgrid[0:along, 0:across] + 0.5
    y, x = y * path.length / along, (x / across - 0.5) * wide
    if rally:
        centres = [(s, 0.0, 0.17 * wide * k) for s, k in ((0.8, 1.0), (1.45, 0.9), (2.05, 0.75))]
        centres += [(path.length - s, q, k) for s, q, k in centres] if path.length > 10 else []
    else:
        centres = [(s, q * wide, 0.055 * wide) for s in np.arange(0.7, path.length - 0.5, 0.62) for q in (-0.28, 0.0, 0.28)]
    for s, q, radius in centres:
        solid &= np.hypot(y - s, x - q) > radius
    _pierced(m, path, wide, 0.22, width, solid, skin)


def _pierced(m: Maker, path: Rail, wide: float, thick: float, width: Width, solid: Any, skin: Any) -> None:
    """A slab along the rail made of the cells that are True in `solid` (along, across), with walls round every hole."""
    along, across = solid.shape
    bm = bmesh.new()
    frames = [path.at(path.length * k / along) for k in range(along + 1)]
    made: dict[tuple[int, int, int], Any] = {}

    def corner(i: int, j: int, side: int) -> Any:
        if (i, j, side) not in made:
            x = (j / across - 0.5) * wide * width(i / along)
            made[i, j, side] = bm.verts.new(frames[i] @ shift(x=x, z=side * thick / 2).translation)
        return made[i, j, side]

    for i in range(along):
        for j in range(across):
            if not solid[i, j]:
                continue
            cell = ((i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j))
            bm.faces.new([corner(*c, 1) for c in cell])
            bm.faces.new([corner(*c, -1) for c in cell[::-1]])
            for k, (di, dj) in enumerate(((-1, 0), (0, 1), (1, 0), (0, -1))):
                a, b = i + di, j + dj
                if not (0 <= a < along and 0 <= b < across and solid[a, b]):
                    one, other = cell[k], cell[(k + 1) % 4]
                    bm.faces.new([corner(*one, 1), corner(*one, -1), corner(*other, -1), corner(*other, 1)])
    m._finish(bm, skin, Matrix.Identity(4), angle=50)


def blades(m: Maker, path: Rail, s: float, wide: float, palette: Palette, metal: str) -> None:
    """An unfolded butterfly clasp: two thin bowed plates with a hinge in the middle, past the end of an open strap."""
    bright = palette.metal(metal)
    for k, along in enumerate((0.55, 1.75)):
        here = path.at(min(path.length, s)) @ shift(y=along, z=0.10 * k)
        m.block((wide * 0.5, 1.15, 0.07), bright, here @ turn_x(6 - 12 * k), bevel=0.02)
        m.lathe([(0, -wide * 0.3), (0.09, -wide * 0.3), (0.09, wide * 0.3), (0, wide * 0.3)], bright, here @ shift(y=0.6) @ turn_y(90), n=24)


BRACELETS: dict[str, Callable[..., None]] = {
    "single": single,
    "bars": bars,
    "rings": rings,
    "hlinks": hlinks,
    "spring": spring,
    "cuff": cuff,
    "ribbed": ribbed,
    "rally": perforated,
    "tropic": perforated,
}
METALLIC = ("single", "bars", "rings", "hlinks", "spring", "cuff")
