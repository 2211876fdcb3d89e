"""Builds a wristwatch from its description: case, dial, hands, bracelet or strap. Needs `bpy`.

In the watch's own frame the dial looks along +z, twelve o'clock along +y, the crown along +x; the centre of the case is the origin.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training import dials, straps
from imaging.training.catalogue import Watch
from imaging.training.dials import Outline
from imaging.training.forms import Maker, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.jewellery import brilliant
from imaging.training.materials import Palette

SHAPES: dict[str, tuple[float, float]] = {  # power of the superellipse, height over width
    "cushion": (3.3, 1.0),
    "square": (9.0, 1.0),
    "rectangle": (9.0, 1.28),
    "tank": (14.0, 1.4),
    "tonneau": (2.6, 1.28),
    "oval": (2.0, 1.22),
    "octagon": (0.0, 1.0),
}


def outline(shape: str) -> Outline | None:
    """How far the edge of a case lies at an angle (from three o'clock), over its half width: for `Maker.lathe`. None for round."""
    if shape == "round":
        return None
    power, tall = SHAPES[shape]
    if power == 0.0:
        return lambda angle, _r: 0.985 / math.cos((angle + math.pi / 8) % (math.pi / 4) - math.pi / 8)
    return lambda angle, _r: (abs(math.cos(angle)) ** power + abs(math.sin(angle) / tall) ** power) ** (-1 / power)


def height_of(watch: Watch) -> float:
    """Height of the case over its width."""
    return 1.0 if watch.shape == "round" else SHAPES[watch.shape][1]


def build(watch: Watch, palette: Palette, laid_open: bool, rest: float | None = None) -> Maker:
    """The whole watch; `laid_open` with the strap unfastened, falling away or flat at the height `rest`, else closed to a loop."""
    m = Maker("watch")
    r, t = watch.case_mm / 20, watch.thick_mm / 10
    polished, body = palette.metal(watch.metal), palette.metal(watch.metal, watch.finish)
    top, tall = t * 0.28, r * height_of(watch)
    edge = outline(watch.shape)
    window = edge if watch.window == "shape" else None
    _case(m, watch, r, t, top, body, polished, edge)
    _lugs(m, watch, r, tall, t, top, body)
    _crown(m, watch, r, t, polished)
    _caseback(m, watch, r, t, polished, palette.metal(watch.metal, "satin"), palette)
    _bezel(m, watch, r, t, top, polished, palette, window)
    dials.build(m, watch, r * 0.80, top - 0.03, palette, window)
    _crystal(m, r * 0.81, top + 0.17 * t, t, palette, window)
    straps.build(m, watch, tall, t, palette, laid_open, rest)
    return m


def _case(m: Maker, watch: Watch, r: float, t: float, top: float, body: Any, polished: Any, edge: Outline | None) -> None:
    low = -0.36 * t
    n = 160 if edge is None else 256
    wide = 1.0 if watch.shape == "round" or watch.window == "shape" else 1.05
    profile = [(0, low), (r * 0.94 * wide, low), (r * wide, low + 0.12 * t), (r * wide, top - 0.05 * t), (r * 0.97 * wide, top), (r * 0.8, top)]
    m.lathe(soften(profile, 0.03), body, n=n, wobble=edge)
    m.lathe(
        soften([(r * 0.81, top - 0.04), (r * 0.99, top - 0.02), (r * 0.99, top + 0.015), (r * 0.81, top + 0.015)], 0.01, closed=True),
        polished,
        n=n,
        closed=True,
        wobble=edge if watch.window == "shape" else None,
    )
    if watch.bezel == "resin":  # bumpers of a sports watch
        for angle in (45, 135, 225, 315):
            m.block((r * 0.42, r * 0.34, t * 0.62), body, turn_z(angle) @ shift(x=r * 1.06) @ turn_z(0), bevel=0.08, segments=3)


def _lugs(m: Maker, watch: Watch, r: float, tall: float, t: float, top: float, body: Any) -> None:
    if watch.lugs == "integrated":
        first = m.block((watch.lug_mm / 10 + 0.18, tall * 0.5, t * 0.46), body, shift(y=tall * 1.0, z=-0.08 * t) @ turn_x(-14), bevel=0.06, segments=3)
        m.again(first, turn_z(180) @ shift(y=tall * 1.0, z=-0.08 * t) @ turn_x(-14))
        return
    reach = straps.lug_reach(tall)
    if watch.lugs == "wire":
        for end in (1, -1):
            half = watch.lug_mm / 20 + 0.03
            bow = [
                (-half, end * tall * 0.8, -0.1 * t),
                (-half, end * (reach - 0.02), -0.24 * t),
                (half, end * (reach - 0.02), -0.24 * t),
                (half, end * tall * 0.8, -0.1 * t),
            ]
            m.tube(np.array(bow), 0.075, body, sides=6)
        return
    width = (0.13 * r + 0.02) * {"broad": 1.5, "slim": 0.65}.get(watch.lugs, 1.0)

    def arc(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> list[tuple[float, float]]:
        return [tuple((1 - k) ** 2 * np.array(a) + 2 * k * (1 - k) * np.array(b) + k**2 * np.array(c)) for k in np.linspace(0, 1, 9)]

    upper = arc((tall * 0.55, top - 0.01), (tall * 1.04, top - 0.01), (reach, -0.2 * t))
    lower = arc((reach - 0.06, -0.48 * t), (tall * 0.98, -0.28 * t), (tall * 0.55, -0.34 * t))
    side_view = [*upper, (reach + 0.015, -0.34 * t), *lower]
    first: Any = None
    for side in (-1, 1):
        for end in (0, 180):
            # the outline lies in y, z: stand the extrusion up along x
            at = turn_z(end) @ shift(x=side * (watch.lug_mm / 20 + width / 2)) @ Matrix(((0, 0, 1, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)))
            first = m.again(first, at) if first else m.prism(side_view, width, body, at, bevel=0.022)


def _crown(m: Maker, watch: Watch, r: float, t: float, metal: Any) -> None:
    def flutes(angle: float, radius: float) -> float:
        return 1 + (0.035 * math.copysign(1, math.sin(angle * 26)) if radius > 0.2 else 0)

    def petals(angle: float, radius: float) -> float:
        return 1 + (0.09 * math.cos(angle * 10) if radius > 0.12 else 0)

    size = 0.30 if watch.bezel == "dive" else 0.265
    out = turn_y(90)
    place = shift(x=r - 0.03, z=-0.04 * t) @ out
    if watch.crown == "onion":
        profile = [(0, 0), (0.13, 0), (0.15, 0.1), (0.30, 0.18), (0.36, 0.3), (0.30, 0.42), (0.16, 0.5), (0, 0.52)]
        m.lathe(soften(profile, 0.05), metal, place, n=160, wobble=petals)
    elif watch.crown != "none":
        k = {"big": 1.5, "small": 0.7}.get(watch.crown, 1.0)
        profile = [(0, 0), (0.13, 0), (0.13, 0.07), (size, 0.08), (size, 0.33), (size * 0.8, 0.37), (0, 0.38)]
        m.lathe(soften([(a * k, b * k) for a, b in profile], 0.025), metal, place, n=208, wobble=flutes)
    if watch.bezel == "dive":
        for side in (-1, 1):
            m.block((0.3, 0.3, 0.36 * t), metal, turn_z(side * 13) @ shift(x=r + 0.02, z=-0.04 * t) @ turn_z(side * -24), bevel=0.06, segments=4)
    if watch.subdials if watch.pushers is None else watch.pushers:
        profile = soften([(0, 0), (0.1, 0), (0.1, 0.16), (0.19, 0.17), (0.19, 0.29), (0, 0.3)], 0.02)
        for angle in (-28, 28, 152, 208) if watch.display == "digital" else (-28, 28):
            edge = outline(watch.shape)
            far = r * (edge(math.radians(angle), r) if edge else 1.0)
            at = turn_z(angle) @ shift(x=far - 0.04, z=-0.02 * t) @ out
            m.lathe(profile, metal, at, n=64)


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
    if watch.back == "glass":
        dials.movement(m, r * 0.58, shift(z=bottom - 0.005) @ turn_y(180), palette, rotor=True)
        m.lathe([(0, bottom - 0.05), (r * 0.3, bottom - 0.047), (r * 0.6, bottom - 0.03)], palette.crystal(), n=96)
    flat = shift(z=bottom - 0.004) @ turn_y(180)
    _round_text(m, f"{watch.brand.upper()} · STAINLESS STEEL · {watch.water_m} M · SAPPHIRE CRYSTAL · ", r * 0.735, r * 0.105, dark, shift(z=0.022) @ flat)
    if watch.back != "glass":
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


def _bezel(m: Maker, watch: Watch, r: float, t: float, top: float, metal: Any, palette: Palette, window: Outline | None) -> None:
    high = top + 0.17 * t
    n = 192 if window is None else 256

    def cut(count: int, depth: float) -> Any:
        return lambda angle, radius: 1 + (depth * math.cos(angle * count) if radius > r * 0.9 else 0)

    profile = [(r * 0.985, top + 0.01), (r * 0.985, top + 0.07 * t), (r * 0.90, high), (r * 0.82, high), (r * 0.80, high - 0.04), (r * 0.80, top - 0.05)]
    if watch.bezel in ("smooth", "resin", "screws"):
        m.lathe(soften(profile, 0.05, 6), metal, n=n, wobble=window)
        screw: Any = None
        for k in range(8 if watch.bezel == "screws" else 4 if watch.bezel == "resin" else 0):
            at = turn_z(45 * k + 22.5 if watch.bezel == "screws" else 90 * k + 45) @ shift(y=r * 0.895, z=high + 0.004)
            screw = m.again(screw, at) if screw else m.prism(rounded_rectangle(0.14, 0.14, 0.05), 0.03, palette.metal("steel"), at)
    elif watch.bezel == "gem":
        m.lathe(soften(profile, 0.02, 4), metal, n=n, wobble=window)
        count = int(2 * math.pi * r * 0.9 / 0.2)
        stone: Any = None
        for k in range(count):
            angle = 360 * k / count
            far = r * 0.895 * (window(math.radians(90 - angle), r) if window else 1.0)
            at = turn_z(-angle) @ shift(y=far, z=high + 0.012)
            stone = m.again(stone, at) if stone else brilliant(m, 0.088, palette.stone((0.97, 0.98, 1.0), 2.1), at)
    elif watch.bezel == "thin":
        m.lathe(
            soften([(r * 0.97, top + 0.01), (r * 0.95, high), (r * 0.92, high), (r * 0.80, top + 0.04), (r * 0.80, top - 0.05)], 0.03, 5),
            metal,
            n=n,
            wobble=window,
        )
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
        n=160 if window is None else 256,
        wobble=window,
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


def _crystal(m: Maker, r: float, z: float, t: float, palette: Palette, window: Outline | None) -> None:
    dome = [(0.0, z + 0.06 * t)] + [(r * k, z + 0.06 * t * (1 - k**2.2) - 0.005) for k in np.linspace(0.1, 1, 14)]
    ob = m.lathe([*dome, (r, z - 0.03)], palette.crystal(), n=128 if window is None else 256, wobble=window)
    ob.visible_shadow = False


def standing(lean: float) -> Matrix:
    """The pose of a closed watch on its strap, dial towards the camera, leaning back by `lean` degrees."""
    return turn_x(90 - lean)


def face_down(turn: float) -> Matrix:
    """The pose of an open watch on its dial, the back of the case up."""
    return turn_z(turn) @ turn_x(180)
