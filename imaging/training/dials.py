"""The faces of watches: grounds, markers, hands, sub-dials, windows, digital displays, skeletons. Needs `bpy`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training.catalogue import Watch
from imaging.training.forms import Maker, shift, soften, turn_z
from imaging.training.jewellery import brilliant
from imaging.training.materials import Palette

NUMERALS = ("12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
ROMAN = ("XII", "I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI")
TEN_PAST_TEN = (10 + 8.6 / 60, 8.6, 36.0)  # hours, minutes, seconds: the hands frame the maker's name
Outline = Callable[[float, float], float]


def build(m: Maker, watch: Watch, r: float, z: float, palette: Palette, window: Outline | None) -> None:
    """The face of radius `r` at height `z`; `window` is its outline where it is not round."""
    face = palette.dial(watch.dial, watch.dial_finish)
    ink = palette.plain(watch.ink, 0.5)
    trim = palette.metal(watch.trim)
    lume = palette.plain((0.82, 0.88, 0.78), 0.55)
    n = 128 if window is None else 256
    if watch.dial_finish == "skeleton":
        m.lathe([(0, z - 0.2), (r, z - 0.2)], palette.plain((0.03, 0.03, 0.035), 0.5), n=n, wobble=window)
        m.lathe([(r * 0.86, z - 0.03), (r * 0.86, z), (r, z)], palette.dial(watch.dial, "matte"), n=n, wobble=window)
        movement(m, r * 0.84, shift(z=z - 0.15), palette, rotor=False)
    else:
        m.lathe([(0, z), (r, z)], face, n=n, wobble=window)
    if watch.display == "digital":
        _digital(m, watch, r, z, palette, ink)
        return

    def rim(k: float) -> float:
        """How far the edge lies at minute `k`, over the radius."""
        return window(math.radians(90 - 6 * k), r) if window else 1.0

    if watch.indices != "bare":
        for k in range(60):
            wide = 0.02 if k % 5 == 0 else 0.009
            m.block((wide, 0.06, 0.004), ink, turn_z(-6 * k) @ shift(y=r * 0.93 * rim(k), z=z + 0.002), bevel=0.0)
    _markers(m, watch, r, z, rim, trim, ink, lume, palette)
    _extras(m, watch, r, z, trim, ink, palette)
    m.text(watch.brand.upper(), r * 0.115, ink, shift(y=r * 0.42, z=z + 0.004), spacing=1.15)
    m.text(watch.line, r * 0.062, ink, shift(y=r * 0.31, z=z + 0.003), spacing=1.1)
    if not watch.subdials and not watch.extra:
        m.text("AUTOMATIC" if watch.automatic else "QUARTZ", r * 0.058, ink, shift(y=-r * 0.36, z=z + 0.003), spacing=1.2)
        m.text(f"{watch.water_m} m", r * 0.058, ink, shift(y=-r * 0.45, z=z + 0.003))
    _hands(m, watch, r, z + 0.05, trim, lume, palette)


def _markers(m: Maker, watch: Watch, r: float, z: float, rim: Callable[[float], float], trim: Any, ink: Any, lume: Any, palette: Palette) -> None:
    busy = {3, 6, 9} if watch.subdials else ({3} if watch.date else set())
    stone: Any = None
    for k in range(12):
        around, far = turn_z(-30 * k), rim(5 * k)
        if watch.indices == "bare":
            if k == 0 and watch.number[-1] in "02468":
                m.lathe(soften([(0, z), (0.12, z), (0.12, z + 0.03), (0, z + 0.04)], 0.02), trim, shift(y=r * 0.8), n=40)
            continue
        if k in busy or (watch.subdials and k == 0):
            if k == 0:
                for side in (-1, 1):
                    m.block((0.055, 0.2, 0.035), trim, shift(x=side * 0.05, y=r * 0.79 * far, z=z + 0.016), bevel=0.012)
            continue
        if watch.indices in ("arabic", "blocks"):
            k_size, reach = (0.235, 0.755) if watch.indices == "arabic" else (0.36, 0.7)
            x, y = r * reach * far * math.sin(k * math.pi / 6), r * reach * far * math.cos(k * math.pi / 6)
            m.text(NUMERALS[k], r * k_size, ink, shift(x=x, y=y, z=z + 0.004), depth=0.004 if k_size < 0.3 else 0.012)
        elif watch.indices == "roman":
            m.text(ROMAN[k], r * 0.2, ink, around @ shift(y=r * 0.76 * far, z=z + 0.004), depth=0.004, spacing=0.9)
        elif watch.indices == "gem":
            at = around @ shift(y=r * 0.78 * far, z=z + 0.04)
            stone = m.again(stone, at) if stone else brilliant(m, 0.075, palette.stone((0.97, 0.98, 1.0), 2.1), at)
        elif watch.indices == "dots":
            if k % 3:
                m.lathe(soften([(0.105, z), (0.105, z + 0.035), (0.085, z + 0.035)], 0.01), trim, around @ shift(y=r * 0.79 * far), n=40)
                m.lathe([(0, z + 0.03), (0.088, z + 0.03)], lume, around @ shift(y=r * 0.79 * far), n=32)
            else:
                _lumed_bar(m, around @ shift(y=r * 0.75 * far, z=z + 0.016), (0.14, 0.3), trim, lume)
        else:
            wide = 1.7 if k == 0 else 1.0
            m.block((0.075 * wide, r * 0.22, 0.045), trim, around @ shift(y=r * 0.765 * far, z=z + 0.02), bevel=0.022)


def _extras(m: Maker, watch: Watch, r: float, z: float, trim: Any, ink: Any, palette: Palette) -> None:
    if watch.subdials:
        for x, y, turn in ((0.47, 0, 40), (-0.47, 0, 200), (0, -0.47, 110)):
            _subdial(m, watch, shift(x * r, y * r, z), r * 0.25, turn, ink, trim, palette)
    white, dark = palette.plain((0.85, 0.85, 0.83), 0.5), palette.plain((0.03, 0.03, 0.03), 0.5)
    if watch.date:
        at = shift(x=r * 0.74, z=z)
        m.block((0.36, 0.26, 0.03), trim, at, bevel=0.012)
        m.block((0.31, 0.21, 0.034), white, at, bevel=0.004)
        m.text("14", 0.2, dark, at @ shift(z=0.018))
    if watch.extra == "day":
        at = shift(y=r * 0.62, z=z)
        m.block((r * 0.62, 0.24, 0.02), trim, at, bevel=0.008)
        m.block((r * 0.58, 0.2, 0.024), white, at, bevel=0.004)
        m.text("THURSDAY", 0.17, dark, at @ shift(z=0.014))
    elif watch.extra == "moon":
        at = shift(y=-r * 0.45, z=z + 0.004)
        m.lathe([(0, 0), (r * 0.27, 0)], palette.plain((0.01, 0.02, 0.12), 0.3), at, n=64)
        m.lathe([(0, 0.02), (r * 0.11, 0.004)], palette.plain((0.8, 0.7, 0.35), 0.4), at @ shift(x=r * 0.06, y=r * 0.05), n=40)
        m.lathe(soften([(r * 0.27, -0.01), (r * 0.27, 0.018), (r * 0.29, 0.018), (r * 0.29, -0.01)], 0.006), trim, at, n=64)
    elif watch.extra == "heart":
        at = shift(x=-r * 0.2, y=-r * 0.4, z=z + 0.003)
        m.lathe([(0, 0), (r * 0.24, 0)], palette.plain((0.02, 0.02, 0.02), 0.4), at, n=64)
        movement(m, r * 0.23, at @ shift(z=0.004), palette, rotor=False)
        m.lathe(soften([(r * 0.23, 0), (r * 0.23, 0.03), (r * 0.26, 0.03), (r * 0.26, 0)], 0.006), trim, at, n=64)
    elif watch.extra == "busy":
        for k, words in enumerate(("TACHYMETRE", "SWISS LEVER", "ANTIMAGNETIC", "25 JEWELS", "INCABLOC", "CERTIFIED")):
            m.text(words, r * 0.07, ink, shift(x=(k % 2 - 0.5) * r * 0.5, y=(0.14 - 0.16 * (k // 2)) * r, z=z + 0.003))
        for radius in (0.6, 0.66, 0.86):
            m.lathe([(r * radius, z + 0.002), (r * (radius + 0.008), z + 0.002)], ink, n=128)


def _digital(m: Maker, watch: Watch, r: float, z: float, palette: Palette, ink: Any) -> None:
    """A liquid crystal display in a printed frame; dark on grey-green or light on dark."""
    odd = int(watch.number) % 4
    field = palette.plain(((0.32, 0.36, 0.28), (0.02, 0.025, 0.03), (0.42, 0.43, 0.42), (0.30, 0.32, 0.22))[odd], 0.25, coat=0.5)
    sign = palette.plain((0.55, 0.75, 0.85) if odd == 1 else (0.02, 0.02, 0.02), 0.5)
    m.block((r * 1.5, r * 0.72, 0.02), palette.plain(watch.ink, 0.4), shift(y=-r * 0.05, z=z), bevel=0.006)
    m.block((r * 1.42, r * 0.64, 0.03), field, shift(y=-r * 0.05, z=z), bevel=0.006)
    m.text("10:58", r * 0.55, sign, shift(x=-r * 0.14, y=-r * 0.1, z=z + 0.017), depth=0.001)
    m.text("36", r * 0.3, sign, shift(x=r * 0.54, y=-r * 0.16, z=z + 0.017), depth=0.001)
    m.text("SU  6-14", r * 0.15, sign, shift(x=r * 0.2, y=r * 0.19, z=z + 0.017), depth=0.001)
    m.text(watch.brand.upper(), r * 0.17, ink, shift(y=r * 0.48, z=z + 0.004), spacing=1.1)
    m.text(watch.line.upper(), r * 0.09, palette.plain(watch.seconds, 0.5), shift(y=-r * 0.52, z=z + 0.004))
    m.text("WATER RESIST  LIGHT  MODE", r * 0.07, ink, shift(y=-r * 0.66, z=z + 0.004))


def movement(m: Maker, r: float, at: Matrix, palette: Palette, rotor: bool) -> None:
    """Plates, bridges, wheels with spokes, jewels, screws; with a `rotor` as seen through a glass back."""
    brass, steel, ruby = palette.metal("gold", "satin"), palette.metal("steel", "satin"), palette.plain((0.45, 0.01, 0.06), 0.1, coat=1.0)
    m.lathe([(0, -0.03), (r, -0.03)], palette.metal("steel", "brushed"), at, n=96)
    for k, (x, y, size) in enumerate(((0.1, 0.45, 0.34), (-0.45, 0.1, 0.36), (0.4, -0.2, 0.3), (-0.15, -0.5, 0.3), (0.0, 0.0, 0.22))):
        here = at @ shift(x * r, y * r, 0.004 * k)
        rr = r * size
        m.lathe([(rr * 0.78, 0), (rr * 0.78, 0.02), (rr, 0.02), (rr, 0)], brass if k % 2 else steel, here, n=144, wobble=_teeth)
        for turn in range(0, 180, 60):
            m.block((rr * 1.6, rr * 0.1, 0.02), brass if k % 2 else steel, here @ shift(z=0.01) @ turn_z(turn + 17 * k), bevel=0.004)
        m.ball(rr * 0.14, ruby, here @ shift(z=0.02), n=16)
    for turn, long in ((20, 1.7), (140, 1.3)):
        m.block((r * long, r * 0.24, 0.03), steel, at @ turn_z(turn) @ shift(y=r * 0.42, z=0.04), bevel=0.02)
    if rotor:
        half = [(r * 0.98 * math.cos(a), r * 0.98 * math.sin(a)) for a in np.linspace(0.25, math.pi - 0.25, 40)]
        m.prism([*half, (-r * 0.2, 0.0), (r * 0.2, 0.0)], 0.04, steel, at @ shift(z=0.09) @ turn_z(35), bevel=0.012)
        m.lathe(soften([(r * 0.16, 0.0), (r * 0.16, 0.13), (0, 0.13)], 0.02), steel, at, n=48)


def _teeth(angle: float, radius: float) -> float:
    return 1 + 0.03 * math.copysign(1, math.sin(angle * 36)) * (1 if radius > 0 else 0)


def _lumed_bar(m: Maker, at: Matrix, size: tuple[float, float], trim: Any, lume: Any) -> None:
    m.block((size[0], size[1], 0.035), trim, at, bevel=0.012)
    m.block((size[0] * 0.66, size[1] * 0.84, 0.04), lume, at, bevel=0.006)


def _subdial(m: Maker, watch: Watch, at: Matrix, r: float, turn: float, ink: Any, trim: Any, palette: Palette) -> None:
    m.lathe([(0, 0.003), (r, 0.003)], palette.dial(watch.subdial, "matte"), at, n=96)
    m.lathe(soften([(r, 0.0), (r, 0.018), (r * 1.05, 0.018), (r * 1.05, 0.0)], 0.006), trim, at, n=96)
    for k in range(24):
        long = 0.1 if k % 6 == 0 else 0.05
        m.block((0.010, long, 0.004), palette.plain(watch.subdial_ink, 0.5), at @ turn_z(-15 * k) @ shift(y=r * 0.9 - long / 2, z=0.004), bevel=0.0)
    m.prism(
        [(-0.018, -0.1), (0.018, -0.1), (0.006, r * 0.82), (-0.006, r * 0.82)],
        0.008,
        palette.plain(watch.subdial_ink, 0.4),
        at @ turn_z(-turn) @ shift(z=0.03),
        bevel=0.0,
    )
    m.lathe([(0.03, 0.02), (0.03, 0.04), (0, 0.04)], trim, at, n=24)


def _hands(m: Maker, watch: Watch, r: float, z: float, trim: Any, lume: Any, palette: Palette) -> None:
    hours, minutes, seconds = TEN_PAST_TEN
    for angle, length, width, level in ((hours * 30, 0.52 * r, 0.085, z), (minutes * 6, 0.84 * r, 0.07, z + 0.035)):
        at = turn_z(-angle) @ shift(z=level)
        if watch.hands == "dauphine":
            w, h = width * 1.15, 0.022
            points = [(0, -0.18, 0), (-w, 0.12, 0), (0, length, 0), (w, 0.12, 0), (0, 0.12, h), (0, -0.18, h * 0.3), (0, length, h * 0.3)]
            m.raw(points, [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)], trim, at, angle=5)
        elif watch.hands == "sword":
            w = width * 1.35
            m.prism(
                [(-w * 0.4, -0.15), (w * 0.4, -0.15), (w * 0.55, 0.2), (w, length * 0.78), (0, length), (-w, length * 0.78), (-w * 0.55, 0.2)],
                0.016,
                trim,
                at,
                bevel=0.005,
            )
            m.prism([(w * 0.3, 0.3), (w * 0.72, length * 0.77), (0, length * 0.92), (-w * 0.72, length * 0.77), (-w * 0.3, 0.3)], 0.02, lume, at, bevel=0.0)
        else:
            m.block((width * 1.1, length + 0.2, 0.016), trim, at @ shift(y=length / 2 - 0.1), bevel=0.006)
            m.block((width * 0.5, length * 0.62, 0.02), lume if watch.lume else palette.plain(watch.ink, 0.4), at @ shift(y=length * 0.62), bevel=0.004)
    sweep = palette.plain(watch.seconds, 0.35)
    at = turn_z(-(0 if watch.subdials else seconds * 6)) @ shift(z=z + 0.07)
    m.prism([(-0.016, -0.42), (0.016, -0.42), (0.007, 0.9 * r), (-0.007, 0.9 * r)], 0.008, sweep, at, bevel=0.0)
    m.block((0.07, 0.2, 0.012), sweep, at @ shift(y=-0.36), bevel=0.005)
    m.lathe(soften([(0.085, 0), (0.085, 0.03), (0.06, 0.045), (0, 0.045)], 0.012), trim, shift(z=z + 0.05), n=40)
