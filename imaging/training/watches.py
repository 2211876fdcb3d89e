"""Builds a wristwatch from its description: case, dial, hands, bracelet or strap. Needs `bpy`.

In the watch's own frame the dial looks along +z, twelve o'clock along +y, the crown along +x; the centre of the case is the origin.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training import straps
from imaging.training.catalogue import Watch
from imaging.training.forms import Maker, shift, soften, turn_x, turn_y, turn_z
from imaging.training.materials import Palette

NUMERALS = ("12", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
ROMAN = ("XII", "I", "II", "III", "IIII", "V", "VI", "VII", "VIII", "IX", "X", "XI")
TEN_PAST_TEN = (10 + 8.6 / 60, 8.6, 36.0)  # hours, minutes, seconds: the hands frame the maker's name


def build(watch: Watch, palette: Palette, laid_open: bool, rest: float | None = None) -> Maker:
    """The whole watch; `laid_open` with the strap unfastened, falling away or flat at the height `rest`, else closed to a loop."""
    m = Maker("watch")
    r, t = watch.case_mm / 20, watch.thick_mm / 10
    polished, body = palette.metal(watch.metal), palette.metal(watch.metal, watch.finish)
    top = t * 0.28
    _case(m, watch, r, t, top, body, polished)
    _lugs(m, watch, r, t, top, body)
    _crown(m, watch, r, t, polished)
    _caseback(m, watch, r, t, polished, palette.metal(watch.metal, "satin"), palette)
    _bezel(m, watch, r, t, top, polished, palette)
    _dial(m, watch, r * 0.80, top - 0.03, palette)
    _crystal(m, r * 0.81, top + 0.17 * t, t, palette)
    straps.build(m, watch, r, t, palette, laid_open, rest)
    return m


def _case(m: Maker, watch: Watch, r: float, t: float, top: float, body: Any, polished: Any) -> None:
    low = -0.36 * t
    m.lathe(soften([(0, low), (r * 0.94, low), (r, low + 0.12 * t), (r, top - 0.05 * t), (r * 0.97, top), (r * 0.8, top)], 0.03), body, n=160)
    m.lathe(
        soften([(r * 0.81, top - 0.04), (r * 0.99, top - 0.02), (r * 0.99, top + 0.015), (r * 0.81, top + 0.015)], 0.01, closed=True),
        polished,
        n=160,
        closed=True,
    )


def _lugs(m: Maker, watch: Watch, r: float, t: float, top: float, body: Any) -> None:
    reach = straps.lug_reach(r)
    width = 0.13 * r + 0.02

    def arc(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> list[tuple[float, float]]:
        return [tuple((1 - k) ** 2 * np.array(a) + 2 * k * (1 - k) * np.array(b) + k**2 * np.array(c)) for k in np.linspace(0, 1, 9)]

    upper = arc((r * 0.55, top - 0.01), (r * 1.04, top - 0.01), (reach, -0.2 * t))
    lower = arc((reach - 0.06, -0.48 * t), (r * 0.98, -0.28 * t), (r * 0.55, -0.34 * t))
    outline = [*upper, (reach + 0.015, -0.34 * t), *lower]
    first: Any = None
    for side in (-1, 1):
        for end in (0, 180):
            # the outline lies in y, z: stand the extrusion up along x
            at = turn_z(end) @ shift(x=side * (watch.lug_mm / 20 + width / 2)) @ Matrix(((0, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)))
            first = m.again(first, at) if first else m.prism(outline, width, body, at, bevel=0.022)


def _crown(m: Maker, watch: Watch, r: float, t: float, metal: Any) -> None:
    def flutes(angle: float, radius: float) -> float:
        return 1 + (0.035 * math.copysign(1, math.sin(angle * 26)) if radius > 0.2 else 0)

    size = 0.30 if watch.bezel == "dive" else 0.265
    out = turn_y(90)
    m.lathe(
        soften([(0, 0), (0.13, 0), (0.13, 0.07), (size, 0.08), (size, 0.33), (size * 0.8, 0.37), (0, 0.38)], 0.025),
        metal,
        shift(x=r - 0.03, z=-0.04 * t) @ out,
        n=208,
        wobble=flutes,
    )
    if watch.bezel == "dive":
        for side in (-1, 1):
            m.block((0.3, 0.3, 0.36 * t), metal, turn_z(side * 13) @ shift(x=r + 0.02, z=-0.04 * t) @ turn_z(side * -24), bevel=0.06, segments=4)
    if watch.subdials:
        for angle in (-28, 28):
            at = turn_z(angle) @ shift(x=r - 0.04, z=-0.02 * t) @ out
            m.lathe(soften([(0, 0), (0.1, 0), (0.1, 0.16), (0.19, 0.17), (0.19, 0.29), (0, 0.3)], 0.02), metal, at, n=64)


def _caseback(m: Maker, watch: Watch, r: float, t: float, polished: Any, satin: Any, palette: Palette) -> None:
    low, bottom = -0.36 * t, -0.5 * t
    m.lathe(
        soften([(0, bottom), (r * 0.62, bottom), (r * 0.66, bottom + 0.015), (r * 0.84, bottom + 0.03), (r * 0.9, low + 0.02), (r * 0.9, low + 0.06)], 0.02),
        satin,
        n=160,
    )
    m.lathe(
        soften([(r * 0.60, bottom - 0.012), (r * 0.63, bottom - 0.012), (r * 0.64, bottom + 0.03), (r * 0.59, bottom + 0.03)], 0.008, closed=True),
        polished,
        n=160,
        closed=True,
    )
    dark = palette.plain((0.05, 0.05, 0.05), 0.5)
    flat = shift(z=bottom - 0.004) @ turn_y(180)
    _round_text(m, f"{watch.brand.upper()} · STAINLESS STEEL · {watch.water_m} M · SAPPHIRE CRYSTAL · ", r * 0.735, r * 0.105, dark, shift(z=0.022) @ flat)
    m.text(watch.brand.upper(), r * 0.2, dark, flat @ shift(y=r * 0.12), spacing=1.1)
    m.text(f"No. {watch.number}", r * 0.12, dark, flat @ shift(y=-r * 0.1))
    m.text("AUTOMATIC" if watch.automatic else "QUARTZ", r * 0.09, dark, flat @ shift(y=-r * 0.3), spacing=1.2)
    for k in range(6):
        at = turn_z(60 * k + 30) @ shift(y=r * 0.865, z=bottom + 0.05)
        m.block((r * 0.13, r * 0.09, 0.05), dark, at, bevel=0.01)


def _round_text(m: Maker, words: str, radius: float, size: float, material: Any, at: Matrix) -> None:
    for k, letter in enumerate(words):
        if letter != " ":
            m.text(letter, size, material, at @ turn_z(-360 * k / len(words)) @ shift(y=radius))


def _bezel(m: Maker, watch: Watch, r: float, t: float, top: float, metal: Any, palette: Palette) -> None:
    high = top + 0.17 * t

    def cut(count: int, depth: float) -> Any:
        return lambda angle, radius: 1 + (depth * math.cos(angle * count) if radius > r * 0.9 else 0)

    profile = [(r * 0.985, top + 0.01), (r * 0.985, top + 0.07 * t), (r * 0.90, high), (r * 0.82, high), (r * 0.80, high - 0.04), (r * 0.80, top - 0.05)]
    if watch.bezel == "smooth":
        m.lathe(soften(profile, 0.05, 6), metal, n=192)
    elif watch.bezel == "fluted":
        m.lathe(
            [(r * 0.985, top + 0.01), (r * 0.985, top + 0.06 * t), (r * 0.89, high - 0.01), (r * 0.85, high), (r * 0.82, high), (r * 0.80, top - 0.05)],
            metal,
            n=720,
            wobble=cut(90, 0.008),
        )
    else:
        outer = [(r * 0.985, top + 0.01), (r * 1.01, top + 0.03), (r * 1.01, high - 0.03), (r * 0.985, high), (r * 0.95, high), (r * 0.95, high - 0.02)]
        m.lathe(soften(outer, 0.012), metal, n=480, wobble=cut(60 if watch.bezel == "dive" else 0, 0.008))
        insert = palette.plain(watch.insert, 0.12, coat=0.6)
        m.lathe(soften([(r * 0.955, high - 0.012), (r * 0.825, high + 0.012), (r * 0.80, high), (r * 0.80, top - 0.05)], 0.01), insert, n=192)
        _scale(m, watch, r, high + 0.006, palette)
    m.lathe(
        [(r * 0.805, high - 0.03), (r * 0.772, top - 0.028)],
        palette.metal(watch.metal, "satin") if watch.bezel != "dive" else palette.plain((0.02, 0.02, 0.02), 0.4),
        n=160,
    )


def _scale(m: Maker, watch: Watch, r: float, z: float, palette: Palette) -> None:
    ink = palette.plain((0.85, 0.85, 0.82), 0.4)
    middle = r * 0.888
    if watch.bezel == "dive":
        m.prism([(-0.11, 0.07), (0.11, 0.07), (0, -0.09)], 0.012, palette.plain((0.8, 0.86, 0.74), 0.5), shift(y=middle, z=z), bevel=0.0)
        for k in range(1, 60):
            if k % 10 == 0:
                m.text(str(k), r * 0.105, ink, turn_z(-6 * k) @ shift(y=middle, z=z), spacing=0.95)
            elif k % 5 == 0:
                m.block((0.03, 0.13, 0.008), ink, turn_z(-6 * k) @ shift(y=middle, z=z), bevel=0.002)
            elif k < 15:
                m.block((0.014, 0.08, 0.008), ink, turn_z(-6 * k) @ shift(y=middle - 0.02, z=z), bevel=0.002)
        return
    for speed in (60, 65, 70, 75, 80, 90, 100, 110, 120, 140, 160, 200, 240, 300, 400):
        m.text(str(speed), r * 0.072, ink, turn_z(-360 * 60 / speed if speed != 60 else 0) @ shift(y=middle, z=z))
    for k in range(60):
        m.block((0.01, 0.035, 0.006), ink, turn_z(-6 * k) @ shift(y=r * 0.84, z=z + 0.004), bevel=0.0)


def _crystal(m: Maker, r: float, z: float, t: float, palette: Palette) -> None:
    dome = [(0.0, z + 0.06 * t)] + [(r * k, z + 0.06 * t * (1 - k**2.2) - 0.005) for k in np.linspace(0.1, 1, 14)]
    ob = m.lathe([*dome, (r, z - 0.03)], palette.crystal(), n=128)
    ob.visible_shadow = False


def _dial(m: Maker, watch: Watch, r: float, z: float, palette: Palette) -> None:
    face = palette.dial(watch.dial, watch.dial_finish)
    ink = palette.plain(watch.ink, 0.5)
    trim = palette.metal(watch.trim)
    lume = palette.plain((0.82, 0.88, 0.78), 0.55)
    m.lathe([(0, z), (r, z)], face, n=128)
    busy = {3, 6, 9} if watch.subdials else ({3} if watch.date else set())
    for k in range(60):
        wide = 0.02 if k % 5 == 0 else 0.009
        m.block((wide, 0.06, 0.004), ink, turn_z(-6 * k) @ shift(y=r * 0.93, z=z + 0.002), bevel=0.0)
    for k in range(12):
        around = turn_z(-30 * k)
        if k in busy or (watch.subdials and k == 0):
            if k == 0:
                for side in (-1, 1):
                    m.block((0.055, 0.2, 0.035), trim, shift(x=side * 0.05, y=r * 0.79, z=z + 0.016), bevel=0.012)
            continue
        if watch.indices == "arabic":
            m.text(
                NUMERALS[k], r * 0.235, ink, shift(x=r * 0.755 * math.sin(k * math.pi / 6), y=r * 0.755 * math.cos(k * math.pi / 6), z=z + 0.004), depth=0.004
            )
        elif watch.indices == "roman":
            m.text(ROMAN[k], r * 0.2, ink, around @ shift(y=r * 0.76, z=z + 0.004), depth=0.004, spacing=0.9)
        elif watch.indices == "dots":
            if k % 3:
                m.lathe(soften([(0.105, z), (0.105, z + 0.035), (0.085, z + 0.035)], 0.01), trim, around @ shift(y=r * 0.79), n=40)
                m.lathe([(0, z + 0.03), (0.088, z + 0.03)], lume, around @ shift(y=r * 0.79), n=32)
            else:
                _lumed_bar(m, around @ shift(y=r * 0.75, z=z + 0.016), (0.14, 0.3), trim, lume)
        else:
            wide = 1.7 if k == 0 else 1.0
            m.block((0.075 * wide, r * 0.22, 0.045), trim, around @ shift(y=r * 0.765, z=z + 0.02), bevel=0.022)
    if watch.subdials:
        for x, y, turn in ((0.47, 0, 40), (-0.47, 0, 200), (0, -0.47, 110)):
            _subdial(m, watch, shift(x * r, y * r, z), r * 0.25, turn, ink, trim, palette)
    if watch.date:
        at = shift(x=r * 0.74, z=z)
        m.block((0.36, 0.26, 0.03), trim, at, bevel=0.012)
        m.block((0.31, 0.21, 0.034), palette.plain((0.85, 0.85, 0.83), 0.5), at, bevel=0.004)
        m.text("14", 0.2, palette.plain((0.03, 0.03, 0.03), 0.5), at @ shift(z=0.018))
    m.text(watch.brand.upper(), r * 0.115, ink, shift(y=r * 0.42, z=z + 0.004), spacing=1.15)
    m.text(watch.line, r * 0.062, ink, shift(y=r * 0.31, z=z + 0.003), spacing=1.1)
    if not watch.subdials:
        m.text("AUTOMATIC" if watch.automatic else "QUARTZ", r * 0.058, ink, shift(y=-r * 0.36, z=z + 0.003), spacing=1.2)
        m.text(f"{watch.water_m} m", r * 0.058, ink, shift(y=-r * 0.45, z=z + 0.003))
    _hands(m, watch, r, z + 0.05, trim, lume, palette)


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


def standing(lean: float) -> Matrix:
    """The pose of a closed watch on its strap, dial towards the camera, leaning back by `lean` degrees."""
    return turn_x(90 - lean)


def face_down(turn: float) -> Matrix:
    """The pose of an open watch on its dial, the back of the case up."""
    return turn_z(turn) @ turn_x(180)
