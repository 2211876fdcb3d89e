"""Things with a hole: rings, bangles, hoops, cuffs, strings of beads and stones, watches closed to a loop.

A band is a short tube in space, seen at a slant: its outer wall, its rim, its inner wall and, where both openings overlap, the hole.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .drawn_canvas import Canvas, Points, Rng, bar, between, block, chance, ellipse, rgb, turned
from .drawn_cases import face
from .drawn_outline import outline_of
from .drawn_straps import STRAP_KINDS, any_strip, lay
from .drawn_surfaces import Metal, any_colour, gem, hide, pearl, stone_colour


@dataclass(frozen=True)
class Tube:
    """A tube's place: centre, outer and inner radius, `flat` (1: looked through, 0: seen from the side), half the rims' distance, turn."""

    centre: Points
    outer: float
    inner: float
    flat: float
    rise: float
    turn: float

    def at(self, angle: float, far: float, rim: float = 0.0) -> Points:
        """A point at an angle (radians), at a distance from the axis; rim -1 is the near opening, 1 the far one."""
        return turned(np.array([[np.cos(angle) * far, np.sin(angle) * far * self.flat + rim * self.rise]]), self.turn)[0] + self.centre

    def ellipse(self, far: float, rim: float, shift: float = 0.0) -> Points:
        """The circle of radius `far` at a rim; `shift` moves it along the band's foot, so that a shank grows thinner there."""
        points = ellipse((0.0, 0.0), far, far * self.flat) + np.array([0.0, rim * self.rise + shift * self.flat])
        return turned(points, self.turn) + self.centre

    def hull(self, far: float) -> Points:
        """The outline of the tube of a radius."""
        both = np.concatenate([self.ellipse(far, -1), self.ellipse(far, 1)]).astype(np.float32)
        return cv2.convexHull(both)[:, 0].astype(np.float64)


def tube(rng: Rng, canvas: Canvas, radius: float, thick: float, high: float, flat: float | None = None) -> Tube:
    """A tube in the middle of the canvas; thick and high are shares of the radius."""
    flat = between(rng, 0.25, 1.0) if flat is None else flat
    rise = high * radius * float(np.sqrt(max(0.0, 1 - flat * flat))) / 2
    centre = np.array([canvas.size[0] / 2, canvas.size[1] / 2])
    return Tube(centre, radius, radius * (1 - thick), flat, rise, 0.0)


def paint_band(canvas: Canvas, rng: Rng, t: Tube, metal: Metal, inside: Metal | None = None, shift: float = 0.0) -> None:
    """Outer wall, rim, inner wall, hole."""
    inside = inside or metal
    canvas.shade(t.hull(t.outer), metal.linear(rng, t.outer * between(rng, 0.5, 2.5), t.turn + between(rng, -0.2, 0.2)))
    if chance(rng, 0.4) and t.rise > 4:  # a light edge along the wall
        for rim in (0.9, -0.2):
            ring = t.ellipse(t.outer, rim)
            canvas.line(ring[: len(ring) // 2], np.minimum(metal.base * 1.2, 255), max(1.0, t.rise * between(rng, 0.03, 0.2)))
    canvas.shade(
        t.ellipse(t.outer, -1), metal.conic(rng, t.centre) if chance(rng, 0.6) else metal.radial(rng, t.centre, (t.outer - t.inner) * between(rng, 0.7, 3))
    )
    if (t.outer - t.inner) > 8 and chance(rng, 0.5):
        middle = (t.outer + t.inner) / 2
        canvas.shade(t.ellipse(middle, -1, shift / 2), metal.conic(rng, t.centre))
    dark = np.float32(between(rng, 0.35, 0.9))
    base = inside.linear(rng, t.outer * between(rng, 0.6, 2), t.turn)
    canvas.shade(t.ellipse(t.inner, -1, shift), lambda x, y: (base(x, y) * dark).astype(np.uint8))
    canvas.cut(t.ellipse(t.inner, -1, shift), t.ellipse(t.inner, 1, shift))


def bangle(rng: Rng) -> Canvas:
    """A bangle, hoop or cuff: metal, enamel, engraved, set with stones, sometimes two or three of them, sometimes open."""
    canvas = Canvas(1000, 1000)
    thick = float(np.exp(between(rng, np.log(0.02), np.log(0.28))))
    t = tube(rng, canvas, 440.0, thick, between(rng, 0.02, 0.9))
    metal = Metal(rng)
    if chance(rng, 0.12):  # wood, resin, jade: one body colour
        body = any_colour(rng, 0.6)
        metal.table = np.clip(
            metal.table.astype(np.float32).mean(1, keepdims=True) / 190 * body + np.clip(metal.table.astype(np.float32).mean(1, keepdims=True) - 200, 0, None),
            0,
            255,
        ).astype(np.uint8)
    shift = between(rng, -0.4, 0.4) * (t.outer - t.inner) if chance(rng, 0.4) else 0.0
    paint_band(canvas, rng, t, metal, Metal(rng, metal.name), shift)
    deco = rng.random()
    middle = (t.outer + t.inner) / 2
    size = (t.outer - t.inner) * 0.36
    if deco < 0.3 and size > 4:  # stones on the rim
        tone = stone_colour(rng)
        n = int(min(90, np.pi * 2 * middle / (size * 2.3)))
        span = between(rng, 0.3, 1.0)
        start = between(rng, 0, 6.28)
        for k in range(int(n * span)):
            a = start + k / n * 2 * np.pi
            gem(canvas, rng, t.at(a, middle, -1), size, size * max(0.35, t.flat), t.turn, tone)
    elif deco < 0.45 and t.rise > 12:  # stones along the wall
        tone = stone_colour(rng)
        for a in np.linspace(0.15, np.pi - 0.15, int(rng.integers(8, 40))):
            w = min(t.rise * 0.6, t.outer * 0.12)
            gem(canvas, rng, t.at(float(a), t.outer, 0.1), max(2, w * np.sin(a)), w, t.turn, tone)
    elif deco < 0.6:  # twisted or beaded
        n = int(rng.integers(40, 160))
        ink = metal.base * np.float32(0.3)
        for k in range(n):
            a = k / n * 2 * np.pi
            canvas.line(np.array([t.at(a, t.inner + 2, -1), t.at(a + between(rng, 0.0, 0.02) + 0.04, t.outer - 2, -1)]), ink, max(1, size * 0.15))
    elif deco < 0.7 and t.rise > 14:
        tone = any_colour(rng, 0.7)
        for a in np.linspace(0.2, np.pi - 0.2, int(rng.integers(4, 12))):
            canvas.fill(ellipse(t.at(float(a), t.outer, 0.0), t.rise * 0.5 * np.sin(a), t.rise * 0.6, t.turn), tone)
    if t.flat > 0.85 and chance(rng, 0.3):  # an open cuff
        a, gap = between(rng, 0, 2 * np.pi), between(rng, 0.08, 0.5)
        wedge = np.array([t.centre, t.at(a - gap, t.outer * 1.6), t.at(a, t.outer * 1.9), t.at(a + gap, t.outer * 1.6)])
        canvas.cut(wedge)
    return _turned(canvas, rng)


def _turned(canvas: Canvas, rng: Rng) -> Canvas:
    """The canvas, mostly turned about its middle: jewellery lies any way."""
    if chance(rng, 0.4):
        return canvas
    w, h = canvas.size
    move = np.vstack([cv2.getRotationMatrix2D((w / 2, h / 2), between(rng, -180, 180), 0.98), [0, 0, 1]]).astype(np.float32)
    canvas.tilt = move
    return canvas


def ring(rng: Rng) -> Canvas:
    """A finger ring: band, solitaire, halo, cluster, signet, three stones, eternity, pearl; looked through or at a slant."""
    canvas = Canvas(1000, 1000)
    metal = Metal(rng, None if chance(rng, 0.3) else str(rng.choice(["gold", "white metal", "rose", "steel"])))
    through = chance(rng, 0.4)
    flat = between(rng, 0.85, 1.0) if through else between(rng, 0.2, 0.85)
    t = tube(rng, canvas, between(rng, 250, 330), between(rng, 0.05, 0.24), between(rng, 0.1, 0.75), flat)
    paint_band(canvas, rng, t, metal, shift=between(rng, 0, 0.5) * (t.outer - t.inner) if chance(rng, 0.4) else 0.0)
    kinds = ["plain", "solitaire", "halo", "cluster", "signet", "three", "eternity", "pearl", "split"]
    kind = str(rng.choice(kinds, p=[0.14, 0.2, 0.13, 0.1, 0.1, 0.1, 0.12, 0.06, 0.05]))
    # the seat: at the end of the long axis, where the stone stands out, or in the middle of the wall that faces us
    top = -np.pi / 2 if through else float(rng.choice([0.0, np.pi, np.pi / 2]))
    seat = t.at(top, t.outer, 0.0 if not through else -1.0)
    out = seat - t.centre
    out = out / max(float(np.hypot(*out)), 1e-6)
    if not through and top == np.pi / 2:
        seat = seat - out * t.outer * 0.1
    size = t.outer * between(rng, 0.16, 0.4)
    if kind == "plain":
        return _turned(canvas, rng)
    if kind == "eternity":
        small = min((t.outer - t.inner) * 0.45 if t.rise < 12 else t.rise * 0.7, t.outer * 0.14)
        tone = stone_colour(rng)
        for k in np.linspace(0, 2 * np.pi, int(max(10, 2 * np.pi * t.outer / (small * 2.2))), endpoint=False):
            if t.rise < 12:
                gem(canvas, rng, t.at(float(k), (t.outer + t.inner) / 2, -1), small, small * max(t.flat, 0.4), t.turn, tone)
            elif np.sin(k) > 0.12:
                gem(canvas, rng, t.at(float(k), t.outer, 0.0), max(1.5, small * np.sin(k)), small, t.turn, tone)
        return _turned(canvas, rng)
    setting(canvas, rng, seat, out, size, kind, metal)
    return _turned(canvas, rng)


def setting(canvas: Canvas, rng: Rng, seat: Points, out: Points, size: float, kind: str, metal: Metal) -> None:
    """What sits on top of a ring, standing out from `seat`; seen from above or from the side."""
    across = np.array([-out[1], out[0]])
    turn = float(np.arctan2(across[1], across[0]))
    squash = between(rng, 0.45, 1.0)
    middle = seat + out * size * between(rng, 0.25, 0.75)
    canvas.shade(bar(seat - out * size * 0.3, middle + out * size * 0.15, size * 0.7, size * 1.5), metal.linear(rng, size))
    if kind == "signet":
        plate = block(middle, size * 2.2, size * 2.0 * squash, size * between(rng, 0.2, 1.0), turn)
        canvas.shade(plate, metal.linear(rng, size * 3))
        inner = block(middle, size * 1.8, size * 1.6 * squash, size * 0.4, turn)
        if chance(rng, 0.6):
            canvas.shade(inner, metal.linear(rng, size * 4)) if chance(rng, 0.5) else canvas.fill(inner, any_colour(rng, 0.4))
        return
    if kind == "pearl":
        pearl(canvas, rng, (float(middle[0] + out[0] * size * 0.4), float(middle[1] + out[1] * size * 0.4)), size * 0.9)
        return
    tone = stone_colour(rng)
    if kind == "three":
        for k in (-1, 1):
            gem(canvas, rng, middle + across * k * size * 1.05, size * 0.62, size * 0.62 * squash, turn, tone)
    if kind in ("halo", "cluster", "split"):
        n = int(rng.integers(9, 17))
        for k in range(n):
            a = k / n * 2 * np.pi
            spot = middle + across * np.cos(a) * size * 1.08 + out * np.sin(a) * size * 1.08 * squash
            canvas.fill(ellipse(spot, size * 0.24, size * 0.24 * max(squash, 0.6), turn), metal.tone(rng))
            gem(canvas, rng, spot, size * 0.2, size * 0.2 * max(squash, 0.6), turn, rgb(238, 242, 246))
    if kind == "cluster":
        for _ in range(int(rng.integers(4, 10))):
            spot = middle + across * rng.normal(0, 0.5) * size + out * rng.normal(0, 0.4) * size * squash
            gem(canvas, rng, spot, size * between(rng, 0.2, 0.45), None, turn, tone if chance(rng, 0.6) else None)
        return
    gem(canvas, rng, middle, size * 0.85, size * 0.85 * squash, turn, tone, square=chance(rng, 0.25))
    for k in range(4):  # prongs
        a = np.pi / 4 + k * np.pi / 2
        spot = middle + across * np.cos(a) * size * 0.8 + out * np.sin(a) * size * 0.8 * squash
        canvas.fill(ellipse(spot, size * 0.1), np.minimum(metal.base * 1.1, 255))


def beads(rng: Rng) -> Canvas:
    """A closed string of pearls, beads or stones, with gaps between them, on a thread; a bracelet or a necklace."""
    canvas = Canvas(1000, 1000)
    centre, turn = np.array([500.0, 500.0]), between(rng, 0, 3.14)
    rx = 410.0
    ry = rx * between(rng, 0.35, 1.0)
    size = float(np.exp(between(rng, np.log(6), np.log(60))))
    wobble = [(int(rng.integers(2, 5)), between(rng, 0, 6.28), between(rng, 0, 0.05)) for _ in range(2)]
    round_trip = np.linspace(0, 2 * np.pi, 721)
    far = 1 + sum(a * np.sin(n * round_trip + p) for n, p, a in wobble)
    path = turned(np.stack([rx * np.cos(round_trip) * far, ry * np.sin(round_trip) * far], 1), turn) + centre
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(path, axis=0).T))]
    n = int(along[-1] / (size * between(rng, 1.98, 2.5)))
    places = np.linspace(0, along[-1], n, endpoint=False)
    spots = np.stack([np.interp(places, along, path[:, k]) for k in (0, 1)], 1)
    canvas.line(path, rgb(120, 110, 100) * np.float32(between(rng, 0.3, 2.0)), max(1.0, size * 0.12))
    kind = str(rng.choice(["pearl", "bead", "stone", "mixed"]))
    tone = (
        any_colour(rng, 0.6)
        if kind in ("bead", "mixed")
        else (rgb(240, 234, 224) * np.float32(between(rng, 0.85, 1.04)) if chance(rng, 0.8) else rgb(60, 58, 66))
    )
    metal = Metal(rng)
    clear = stone_colour(rng)
    if size < 10 or (kind == "stone" and n > 90):
        for spot in spots:
            canvas.fill(ellipse(spot, size), tone * np.float32(between(rng, 0.5, 0.9)))
            canvas.fill(ellipse(spot - size * 0.25, size * 0.5), np.minimum(tone * 1.15 + 30, 255))
        return canvas
    for k, spot in enumerate(spots):
        d = spots[(k + 1) % n] - spots[k - 1]
        if kind == "stone":
            a = float(np.arctan2(d[1], d[0]))
            canvas.fill(block(spot, size * 2.1, size * 2.1, size * 0.3, a), metal.tone(rng))
            gem(canvas, rng, spot, size * 0.86, None, a, clear)
        else:
            own = any_colour(rng, 0.7) if kind == "mixed" and k % 3 == 0 else tone
            pearl(canvas, rng, (float(spot[0]), float(spot[1])), size * (between(rng, 0.85, 1.1) if kind == "mixed" else 1.0), own)
    return canvas


def loop(rng: Rng) -> Canvas:
    """A watch or bracelet closed to a loop and seen from the side: links around a hole, the head in profile."""
    canvas = Canvas(1000, 1000)
    centre = np.array([500.0, 520.0])
    metal = Metal(rng)
    power = between(rng, 2.0, 3.2)
    rx, ry = 400.0, 400.0 * between(rng, 0.62, 1.0)
    thick = between(rng, 0.045, 0.16) * rx
    n = int(rng.integers(18, 46))
    t = np.linspace(0, 2 * np.pi, 361)
    c, s = np.cos(t), np.sin(t)
    outer = np.stack([np.sign(c) * np.abs(c) ** (2 / power) * rx, np.sign(s) * np.abs(s) ** (2 / power) * ry], 1)
    normal = np.gradient(outer, axis=0)
    normal = np.stack([normal[:, 1], -normal[:, 0]], 1)
    normal /= np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
    inner = outer - normal * thick
    slant = np.array([between(rng, -0.3, 0.3), between(rng, -0.5, 0.1)]) * rx * (0.6 if chance(rng, 0.7) else 0.0)
    soft = chance(rng, 0.35)
    tone = hide(rng)
    if abs(slant).sum() > 4:  # the far side of the inner wall
        for k in range(n):
            a, b = int(k * 360 / n), int((k + 0.93) * 360 / n)
            far = np.concatenate([inner[a : b + 1], (inner[a : b + 1] + slant)[::-1]]) + centre
            canvas.fill(far, (tone if soft else metal.tone(rng)) * np.float32(between(rng, 0.35, 0.75)))
    if soft:
        body = np.concatenate([outer, inner[::-1]]) + centre
        canvas.fill(body, tone)
        canvas.line(inner + normal * thick * 0.3 + centre, np.clip(tone * 1.5 + 20, 0, 255), thick * 0.1)
    else:
        gap = between(rng, 0.0, 0.1)
        core = float(rng.choice([0.1, 0.25, 0.4]))  # pins and plates that hold the links together
        canvas.fill(np.concatenate([outer - normal * thick * core, (inner + normal * thick * core)[::-1]]) + centre, metal.base * np.float32(0.2))
        for k in range(n):
            a, b = int(k * 360 / n), int((k + 1 - gap) * 360 / n)
            link = np.concatenate([outer[a : b + 1], inner[a : b + 1][::-1]]) + centre
            canvas.fill(link, metal.tone(rng))
            shine = np.concatenate([(outer - normal * thick * 0.15)[a : b + 1], (outer - normal * thick * between(rng, 0.3, 0.6))[a : b + 1][::-1]]) + centre
            canvas.fill(shine, metal.tone(rng))
    if chance(rng, 0.8):
        _profile(canvas, rng, centre + np.array([0.0, -ry]), rx * between(rng, 0.42, 0.62), thick, metal)
    if chance(rng, 0.5):
        at = centre + np.array([between(rng, -0.3, 0.3) * rx, ry - thick / 2])
        canvas.shade(block(at, rx * between(rng, 0.25, 0.6), thick * between(rng, 1.0, 1.5), 6), metal.linear(rng, thick))
    return _turned(canvas, rng)


def _profile(canvas: Canvas, rng: Rng, at: Points, half: float, thick: float, metal: Metal) -> None:
    """A watch head from the side, on top of its loop: case back, middle, bezel, crystal, crown in the middle."""
    high = half * between(rng, 0.4, 0.75)
    foot = at + np.array([0.0, thick * 0.9])
    canvas.shade(
        np.array([[-half * 1.15, 0], [half * 1.15, 0], [half * 0.95, -high * 0.5], [-half * 0.95, -high * 0.5]]) + foot,
        metal.linear(rng, high * 0.8, np.pi / 2),
    )
    canvas.shade(block(foot + np.array([0, -high * 0.45]), half * 1.9, high * 0.55, high * 0.1), metal.linear(rng, high * 0.6, np.pi / 2))
    canvas.shade(block(foot + np.array([0, -high * 0.8]), half * 1.6, high * 0.25, high * 0.08), metal.linear(rng, half * 0.4, 0.0))
    if chance(rng, 0.6):
        dome = ellipse(foot + np.array([0, -high * 0.9]), half * 0.72, high * between(rng, 0.08, 0.22))
        canvas.fill(dome, rgb(190, 200, 208) * np.float32(between(rng, 0.4, 1.2)))
    crown = foot + np.array([0, -high * 0.42])
    canvas.shade(ellipse(crown, high * between(rng, 0.16, 0.26)), metal.conic(rng, crown))
    if chance(rng, 0.35):
        for k in (-1, 1):
            canvas.shade(ellipse(crown + np.array([k * half * 0.55, 0]), high * 0.12), metal.conic(rng, crown + np.array([k * half * 0.55, 0])))


def closed_watch(rng: Rng) -> Canvas:
    """A watch closed around nothing or a cushion, seen from the front and above: the head, the strap's back behind it, a hole between."""
    canvas = Canvas(1000, 1000)
    metal = Metal(rng)
    radius = between(rng, 190, 260)
    centre = np.array([500.0, 640.0])
    kind = str(rng.choice(list(STRAP_KINDS), p=list(STRAP_KINDS.values())))
    w = radius * between(rng, 1.0, 1.45)
    back_y = centre[1] - radius * between(rng, 1.35, 2.2)
    side = w * between(rng, 0.5, 0.62)
    rail = radius * between(rng, 0.08, 0.3)
    inside = Metal(rng, metal.name)
    band = any_strip(rng, kind, 300, int(w * 1.1), inside, None, False)
    # the far part of the strap, seen from within, and its two flanks that come forward
    lay(canvas, band, (500.0, back_y), 1, radius * between(rng, 0.3, 0.6), w * 0.96, w, 0.0)
    if back_y + radius * 0.3 < centre[1] - radius * 0.95 or chance(rng, 0.6):  # nothing floats
        tone = metal if kind in ("links", "mesh") else None
        for k in (-1, 1):
            flank = np.array(
                [
                    [500 + k * side, back_y + 4],
                    [500 + k * (side + rail), back_y + radius * 0.1],
                    [500 + k * (side + rail * 0.8), centre[1]],
                    [500 + k * (side - rail * 0.3), centre[1]],
                ]
            )
            if tone is not None:
                canvas.shade(flank, tone.linear(rng, radius * 0.25, np.pi / 2))
            else:
                canvas.fill(flank, hide(rng))
    for sign, reach in ((-1, between(rng, 0.25, 0.5)), (1, between(rng, 0.3, 0.6))):
        strip = any_strip(rng, kind, int(radius * 1.2), int(w), metal, None, False)
        lay(canvas, strip, (500.0, centre[1] + sign * radius * 0.75), sign, radius * (0.25 + reach), w, w * 0.93, 0.0, 1.0)
    outline = outline_of(rng, centre, radius)
    face(canvas, rng, outline, metal)
    crown = outline.on(0.25, 1.06)
    canvas.shade(block(crown, radius * 0.16, radius * 0.26, 4), metal.linear(rng, radius * 0.2, np.pi / 2))
    return canvas
