"""The jewellery of the sample shoot, and the table of every form there is (`FORMS`) and how it is set down (`posed`). Needs `bpy`.

Standing pieces have z up; lying ones are built flat in x, y. `FORMS` maps the names used in the catalogue to builders.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training import chains, rings, trinkets
from imaging.training.catalogue import Colour
from imaging.training.forms import Array, Maker, Rail, rail, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.materials import Palette

Stone = tuple[Colour, float]  # colour and refractive index
DIAMOND: Stone = ((0.97, 0.98, 1.0), 2.1)


def brilliant(m: Maker, radius: float, material: Any, at: Matrix, oval: float = 1.0) -> Any:
    """A round brilliant: table at the top, girdle at z = 0, point below. `oval` stretches y."""

    def ring(r: float, z: float, n: int, half: float = 0.0) -> list[tuple[float, float, float]]:
        return [(r * radius * math.cos(2 * math.pi * (k + half) / n), oval * r * radius * math.sin(2 * math.pi * (k + half) / n), z * radius) for k in range(n)]

    points = [
        *ring(0.55, 0.33, 8),
        *ring(0.8, 0.19, 8, 0.5),
        *ring(1.0, 0.02, 16, 0.25),
        *ring(1.0, -0.02, 16, 0.25),
        *ring(0.52, -0.43, 8, 0.5),
        (0, 0, -0.86 * radius),
    ]
    return m.hull(points, material, at)


def _hoop(radius: float, points: int = 200) -> Rail:
    """A circle in x, z around the origin, starting at the top, normals outwards."""
    a = np.linspace(0, 2 * math.pi, points, endpoint=False)
    flat = np.column_stack([np.sin(a), np.zeros(points), np.cos(a)])
    tangents = np.column_stack([np.cos(a), np.zeros(points), -np.sin(a)])
    return Rail(flat * radius, tangents, flat)


def _shank(m: Maker, inner: float, metal: Any, width: Callable[[float], float], thick: Callable[[float], float], court: float = 0.4) -> None:
    """A ring's band around a finger hole of `inner` radius; `width` and `thick` (cm) by the position 0..1 from the top round."""

    def section(t: float) -> list[tuple[float, float]]:
        w, d = width(t), thick(t)
        arch = [(w / 2 * math.cos(a), d * (0.45 + 0.55 * math.sin(a))) for a in np.linspace(0, math.pi, 17)]
        low = [(-w / 2 * math.cos(a), d * 0.22 * (1 - math.sin(a) * court)) for a in np.linspace(0.15, math.pi - 0.15, 9)]
        return arch + low

    m.sweep(_hoop(inner), section, [metal], closed=True)


def _claws(m: Maker, radius: float, z: float, count: int, metal: Any, at: Matrix, wire: float, foot: float, oval: float = 1.0) -> None:
    for k in range(count):
        a = 2 * math.pi * (k + 0.5) / count
        c, s = math.cos(a), math.sin(a) * oval
        r = radius * 1.02
        top = z + radius * 0.16
        m.tube(
            np.array(
                [(r * 0.45 * c, r * 0.45 * s, foot), (r * 0.85 * c, r * 0.85 * s, z - radius * 0.35), (r * c, r * s, z), (r * 0.99 * c, r * 0.99 * s, top)]
            ),
            wire,
            metal,
            at,
            sides=6,
        )
        m.ball(wire * 1.25, metal, at @ shift(r * 0.96 * c, r * 0.96 * s, top), n=20)


def _basket(m: Maker, radius: float, z: float, metal: Any, at: Matrix, wire: float, oval: float = 1.0) -> None:
    a = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    for r, level in ((0.84, -0.36), (0.6, -0.72)):
        m.tube(np.column_stack([r * radius * np.cos(a), r * radius * oval * np.sin(a), np.full(64, z + level * radius)]), wire, metal, at, cyclic=True, sides=6)


def solitaire(m: Maker, palette: Palette, metal: str, pose: str, stone: Stone = DIAMOND, carat_mm: float = 6.0) -> None:
    """One stone in six claws on a slim band."""
    gold, inner, r = palette.metal(metal), 0.85, carat_mm / 20
    _shank(m, inner, gold, lambda t: 0.23 - 0.05 * math.cos(2 * math.pi * t), lambda t: 0.17 - 0.01 * math.cos(2 * math.pi * t))
    z = inner + 0.15 + r * 0.95
    _claws(m, r, z, 6, gold, Matrix.Identity(4), 0.042, inner + 0.1)
    _basket(m, r, z, gold, Matrix.Identity(4), 0.035)
    brilliant(m, r, palette.stone(*stone), shift(z=z))


def band(m: Maker, palette: Palette, metal: str, pose: str, width_mm: float = 4.0) -> None:
    """A plain court band."""
    _shank(m, 0.92, palette.metal(metal), lambda _t: width_mm / 10, lambda _t: 0.2)


def halo(m: Maker, palette: Palette, metal: str, pose: str, stone: Stone = DIAMOND, carat_mm: float = 6.4) -> None:
    """An oval stone in a ring of small diamonds, more of them on the shoulders."""
    gold, inner, r, oval = palette.metal(metal), 0.87, carat_mm / 20, 1.22
    clear = palette.stone(*DIAMOND)
    _shank(m, inner, gold, lambda t: 0.25 + 0.03 * math.cos(2 * math.pi * t), lambda _t: 0.18)
    z = inner + 0.16 + r * 0.95
    _claws(m, r, z, 4, gold, Matrix.Identity(4), 0.04, inner + 0.08, oval)
    _basket(m, r * 1.1, z, gold, Matrix.Identity(4), 0.045, oval)
    brilliant(m, r, palette.stone(*stone), shift(z=z), oval)
    small = 0.062
    count = 20
    a = np.linspace(0, 2 * math.pi, 96, endpoint=False)
    ring = np.column_stack([(r + 0.085) * np.cos(a), (r * oval + 0.085) * np.sin(a), np.full(96, z - 0.055)])
    m.tube(ring, 0.07, gold, cyclic=True, sides=6)
    template: Any = None
    for k in range(count):
        b = 2 * math.pi * k / count
        at = shift((r + 0.088) * math.cos(b), (r * oval + 0.088) * math.sin(b), z + 0.015)
        template = m.again(template, at) if template else brilliant(m, small, clear, at)
        c = b + math.pi / count
        for x in (0.045, 0.135):
            m.ball(0.014, gold, shift((r + x) * math.cos(c), (r * oval + x) * math.sin(c), z + 0.03), n=12)
    for side in (-1, 1):
        for k in range(6):
            angle = side * (27 + 6.6 * k)
            m.again(template, turn_y(angle) @ shift(z=inner + 0.185))
            m.ball(0.02, gold, turn_y(angle + side * 3.3) @ shift(y=0.05, z=inner + 0.185), n=12)
            m.ball(0.02, gold, turn_y(angle + side * 3.3) @ shift(y=-0.05, z=inner + 0.185), n=12)


def _chain(m: Maker, path: Array, metal: Any, link: float, wire: float, width: float, lay: float = 42.0) -> None:
    """Cable links of outer length `link` along points, each turned against the one before, lying on the floor."""
    along = rail(path)
    pitch = link - 2.3 * wire
    count = round(along.length / pitch)
    a = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    oval = np.column_stack([(width / 2 - wire) * np.cos(a), (link / 2 - wire) * np.sign(np.sin(a)) * np.abs(np.sin(a)) ** 0.8, np.zeros(28)])
    template = m.tube(oval, wire, metal, shift(z=-50), cyclic=True, sides=3)
    for k in range(count):
        m.again(template, along.at((k + 0.5) * along.length / count) @ turn_y(lay if k % 2 else -lay))
    m.discard(template)


def _necklace(m: Maker, metal: Any, pose: str) -> None:
    """The chain laid out as a drop (or gathered in two loops), its lowest point at the origin."""
    t = np.linspace(0, 1, 700)
    a = 2 * math.pi * t
    if pose == "gathered":
        b = 2 * a - math.pi / 2
        wander = 1 + 0.09 * np.sin(a + 0.6)
        xy = np.column_stack([3.0 * wander * np.cos(b) + 0.25 * np.sin(a), 2.2 * wander * np.sin(b) + 2.2 - 0.5 * np.sin(a / 2)])
        z = 0.07 + 0.16 * (np.sin(a / 2) ** 2)
        z[:25] = z[-25:] = 0.1
    else:
        xy = np.column_stack([4.3 * np.sin(a) * (0.62 + 0.38 * (1 - np.cos(a)) / 2) * 1.15, 4.6 * (1 - np.cos(a)) + 0.35 * np.sin(2 * a) * np.sin(a / 2)])
        z = np.full(700, 0.07)
    _chain(m, np.column_stack([xy, z])[6:-6], metal, 0.42, 0.052, 0.30)
    if pose != "gathered":
        top = np.array([xy[350, 0], xy[350, 1]])
        a2 = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        m.tube(np.column_stack([0.24 * np.cos(a2), 0.24 * np.sin(a2), np.zeros(40)]), 0.045, metal, shift(top[0], top[1], 0.08), cyclic=True, sides=6)
        m.block((0.12, 0.3, 0.07), metal, shift(top[0] + 0.25, top[1] + 0.1, 0.08) @ turn_z(40), bevel=0.03)


def _bail(m: Maker, metal: Any) -> None:
    a = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    m.tube(np.column_stack([np.zeros(40), 0.17 * np.cos(a), 0.15 * np.sin(a)]), 0.05, metal, shift(y=-0.08, z=0.17), cyclic=True, sides=6)


def pendant(m: Maker, palette: Palette, metal: str, pose: str, stone: Stone = DIAMOND) -> None:
    """An oval stone under a small diamond, in rub-over settings."""
    gold = palette.metal(metal)
    _necklace(m, gold, pose)
    _bail(m, gold)
    at = shift(y=-0.46, z=0.2)
    _setting(m, palette, gold, at, 0.16, 1.0, DIAMOND)
    _setting(m, palette, gold, shift(y=-1.33, z=0.26), 0.46, 1.32, stone)


def _setting(m: Maker, palette: Palette, gold: Any, at: Matrix, r: float, oval: float, stone: Stone) -> None:
    stretch = Matrix.Diagonal((1, oval, 1, 1))
    wall = [
        (r * 1.0, 0.05),
        (r * 1.04 + 0.03, 0.03),
        (r * 1.08 + 0.05, -0.06),
        (r * 0.95, -r * 0.45),
        (r * 0.6, -r * 0.5),
        (r * 0.6, -r * 0.4),
        (r * 0.97, -0.03),
    ]
    m.lathe(soften(wall, 0.03, closed=True), gold, at @ stretch, n=96, closed=True)
    brilliant(m, r, palette.stone(*stone), at, oval)


def medal(m: Maker, palette: Palette, metal: str, pose: str) -> None:
    """A hammered disc with a raised star and a beaded rim."""
    silver = palette.metal(metal)
    _necklace(m, silver, pose)
    _bail(m, silver)
    at = shift(y=-1.32, z=0.11)
    m.lathe(soften([(0, -0.07), (1.05, -0.07), (1.1, 0.0), (1.05, 0.07), (0.98, 0.05), (0, 0.02)], 0.03), palette.metal(metal, "hammered"), at, n=128)
    bead = m.ball(0.05, silver, shift(z=-50), n=20)
    for k in range(48):
        m.again(bead, at @ turn_z(7.5 * k) @ shift(y=1.03, z=0.06))
    m.discard(bead)
    for k in range(8):
        long = 0.78 if k % 2 == 0 else 0.46
        m.raw([(0, 0, 0.16), (-0.12, 0.12, 0.04), (0, long, 0.04), (0.12, 0.12, 0.04)], [(0, 2, 1), (0, 3, 2)], silver, at @ turn_z(45 * k), angle=3)
    brilliant(m, 0.13, palette.stone(*DIAMOND), at @ shift(z=0.17))


def hoops(m: Maker, palette: Palette, metal: str, pose: str) -> None:
    """A pair of tube hoops, tapering to the hinge."""
    gold = palette.metal(metal)
    for x, turn in ((-1.45, -24.0), (1.45, 32.0)):
        at = shift(x=x) @ turn_z(turn)
        if pose == "lying":
            at = shift(x=x, y=0.5 * math.copysign(1, x)) @ turn_z(turn) @ turn_x(84)
        one = _hoop(1.14)
        path = Rail(*(a @ np.array(at.to_3x3()).T for a in (one.places, one.tangents, one.normals)))
        path = Rail(path.places + np.array(at.translation), path.tangents, path.normals)
        m.sweep(
            path,
            lambda t: rounded_rectangle(0.31 - 0.12 * math.cos(2 * math.pi * t) ** 3, 0.27 - 0.09 * math.cos(2 * math.pi * t), 0.115, 8),
            [gold],
            closed=True,
        )
        m.lathe(soften([(0, -0.16), (0.075, -0.16), (0.075, 0.16), (0, 0.16)], 0.02), gold, at @ turn_y(14) @ shift(z=1.17) @ turn_x(90), n=32)
        m.block((0.2, 0.24, 0.12), gold, at @ turn_y(-12) @ shift(z=1.16), bevel=0.03)


def drops(m: Maker, palette: Palette, metal: str, pose: str) -> None:
    """A pair of pearls under small stones on shepherd's hooks, lying flat."""
    gold, pearl = palette.metal(metal), palette.pearl()
    for x, turn in ((-1.05, 7.0), (1.05, -9.0)):
        at = shift(x=x) @ turn_z(turn)
        m.ball(0.5, pearl, at @ shift(z=0.5), n=64)
        m.lathe(soften([(0.0, 0.13), (0.09, 0.1), (0.2, 0.02), (0.22, -0.04), (0, -0.04)], 0.02), gold, at @ shift(y=0.5, z=0.5) @ turn_x(-90), n=48)
        _setting(m, palette, gold, at @ shift(y=0.92, z=0.42), 0.19, 1.0, DIAMOND)
        for y in (0.68, 1.2):
            a = np.linspace(0, 2 * math.pi, 24, endpoint=False)
            m.tube(np.column_stack([np.zeros(24), 0.075 * np.cos(a), 0.075 * np.sin(a)]), 0.022, gold, at @ shift(y=y, z=0.42), cyclic=True)
        b = np.linspace(0, 1.05 * math.pi, 40)
        bow = np.column_stack([0.42 * np.cos(b) - 0.42, 1.95 + 0.5 * np.sin(b), np.linspace(0.40, 0.22, 40)])
        wire = np.concatenate([[(0.0, 1.25, 0.42), (0.0, 1.6, 0.42)], bow, [(-0.86, 1.6, 0.18), (-0.92, 1.2, 0.1)]])
        m.tube(_smooth(wire), 0.036, gold, at, sides=6)


def _smooth(points: Array, n: int = 80) -> Array:
    """Resamples a polyline evenly and takes its corners off."""
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    out = np.column_stack([np.interp(np.linspace(0, s[-1], n), s, points[:, k]) for k in range(3)])
    for _ in range(6):
        out[1:-1] = (out[:-2] + 2 * out[1:-1] + out[2:]) / 4
    return out


def bangle(m: Maker, palette: Palette, metal: str, pose: str) -> None:
    """An oval hinged bangle with a line of small diamonds."""
    gold, clear = palette.metal(metal), palette.stone(*DIAMOND)
    n = 260
    a = np.linspace(0, 2 * math.pi, n, endpoint=False)
    places = np.column_stack([3.15 * np.cos(a), 2.6 * np.sin(a), np.zeros(n)])
    tangents = np.gradient(np.vstack([places[-1], places, places[0]]), axis=0)[1:-1]
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    outward = np.column_stack([tangents[:, 1], -tangents[:, 0], np.zeros(n)])
    m.sweep(Rail(places, tangents, outward), lambda _t: rounded_rectangle(0.6, 0.27, 0.12, 6), [gold], closed=True)
    stone: Any = None
    for k in range(-8, 9):
        b = -math.pi / 2 + k * 0.088
        place = np.array([3.15 * math.cos(b), 2.6 * math.sin(b)])
        out = np.array([math.cos(b) / 3.15, math.sin(b) / 2.6])
        out /= np.linalg.norm(out)
        at = shift(*(place + out * 0.125)) @ turn_z(math.degrees(math.atan2(out[1], out[0]))) @ turn_y(90)
        m.lathe(soften([(0.105, 0.0), (0.115, 0.05), (0.132, 0.04), (0.14, -0.02)], 0.01), gold, at, n=32)
        stone = m.again(stone, at @ shift(z=0.035)) if stone else brilliant(m, 0.105, clear, at @ shift(z=0.035))
    for x in (-1, 1):
        m.lathe(soften([(0, -0.33), (0.1, -0.33), (0.1, 0.33), (0, 0.33)], 0.03), gold, shift(x=x * 3.2), n=40)


def curb(m: Maker, palette: Palette, metal: str, pose: str) -> None:
    """A heavy curb chain closed to a ring, with a lobster clasp."""
    silver = palette.metal(metal)
    n = 400
    a = np.linspace(0, 2 * math.pi, n)
    r = 2.9 + 0.12 * np.sin(2 * a + 0.7) + 0.06 * np.sin(3 * a)
    path = rail(np.column_stack([r * np.cos(a), r * np.sin(a), np.zeros(n)]))
    wire, count = 0.125, 30
    b = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    # a curb link is twisted, so that it lies flat through its neighbours
    link = np.column_stack([0.33 * np.cos(b), 0.40 * np.sin(b), 0.14 * np.sin(2 * b + 0.5)])
    template = m.tube(link, wire, silver, shift(z=-50), cyclic=True, sides=6)
    for k in range(count):
        m.again(template, path.at((k + 0.5) * path.length / count) @ turn_z(24) @ turn_y(14))
    m.discard(template)
    at = path.at(0.05)
    m.block((0.36, 1.0, 0.36), silver, at @ shift(z=0.2), bevel=0.16, segments=6)
    m.lathe(soften([(0, -0.05), (0.13, -0.05), (0.13, 0.05), (0, 0.05)], 0.02), silver, at @ shift(x=0.22, z=0.25) @ turn_y(90), n=32)


FORMS: dict[str, Callable[..., None]] = {
    "solitaire": solitaire,
    "band": band,
    "halo": halo,
    "pendant": pendant,
    "medal": medal,
    "hoops": hoops,
    "drops": drops,
    "bangle": bangle,
    "curb": curb,
    "ring": rings.ring,
    "stacked": rings.stacked,
    "round_bangle": rings.round_bangle,
    "open_band": rings.open_band,
    "necklace": chains.necklace,
    "bracelet": chains.bracelet,
    "hoop_pair": trinkets.hoop_pair,
    "studs": trinkets.studs,
    "dangles": trinkets.dangles,
    "ear_cuff": trinkets.ear_cuff,
    "brooch": trinkets.brooch,
    "loose": trinkets.loose,
    "cufflinks": trinkets.cufflinks,
}

# the forms that stand upright with their hole along y; all others are built as they lie or pose themselves
UPRIGHT = ("solitaire", "band", "halo", "ring", "stacked", "round_bangle", "open_band")


def posed(form: str, pose: str, turn: float) -> Matrix:
    """How a finished piece is set down. Rings and bangles: "standing" on the band, "lying" on the stone's side, "flat" with the hole up,
    "rolled" (a little, far), leaning "back", "facing" the camera, "upside down". Flat pieces: as they are, or "upright", "hanging"."""
    if form in UPRIGHT:
        how = {
            "lying": turn_x(-78),
            "flat": turn_x(90),
            "rolled": turn_y(38),
            "rolled far": turn_y(-80),
            "back": turn_x(-26),
            "facing": turn_x(48),
            "upside down": turn_y(180),
        }.get(pose, Matrix.Identity(4))
    elif form in ("necklace", "bracelet", "brooch", "bangle", "curb") and pose in ("upright", "hanging"):
        how = turn_x(78 if form == "brooch" else 90)
    else:
        how = Matrix.Identity(4)
    return turn_z(turn) @ how
