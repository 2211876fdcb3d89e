"""Watches seen from the front, more or less tilted: straps, case, lugs, crown, pushers; the face comes from `drawn_dials`."""

from __future__ import annotations

import cv2
import numpy as np

from .drawn_canvas import Canvas, Points, Rng, bar, between, block, chance, direction, ellipse, rgb
from .drawn_cases import back, face
from .drawn_digital import digital_face
from .drawn_outline import Outline, outline_of
from .drawn_straps import STRAP_KINDS, any_strip, buckle, lay, lit, rubber
from .drawn_surfaces import Metal

DAYLIGHT = 0.4  # of the watches with straps: between case, horns and the strap's end one sees through, as with most straight-ended straps


def watch(rng: Rng) -> Canvas:
    """A whole watch, its straps spread out; sometimes only a stub of them, or the head alone."""
    reach = float(rng.choice([0.0, 0.5, 1.0, 1.7, 2.5], p=(0.06, 0.12, 0.3, 0.32, 0.2))) * between(rng, 0.8, 1.2)
    radius = 430 / (1.18 + reach) * between(rng, 0.92, 1.0)
    canvas = Canvas(1000, 1000)
    centre = np.array([500.0, 500.0 + between(rng, -0.05, 0.05) * 400])
    metal = Metal(rng)
    outline = outline_of(rng, centre, radius)
    kind = str(rng.choice(list(STRAP_KINDS), p=list(STRAP_KINDS.values())))
    tall = float(np.ptp(outline(1.0)[:, 1])) / 2
    wide, start = radius * between(rng, 0.95, 1.5), tall * between(rng, 0.78, 1.02)
    daylight = reach > 0 and chance(rng, DAYLIGHT)
    if daylight:
        start = tall * between(rng, 1.0, 1.14)
    if reach > 0:
        _straps(canvas, rng, centre, radius, tall, reach * radius, kind, metal, wide, start)
    if daylight:
        _horns(canvas, rng, centre, radius, tall, metal, wide * between(rng, 0.92, 1.0), (start + radius * between(rng, 0.06, 0.25)) / tall, 0.0)
        _spring_bars(canvas, rng, centre, radius, wide, start, metal)
    else:
        _lugs(canvas, rng, centre, radius, tall, metal)
    _crown(canvas, rng, outline, centre, metal)
    (back if chance(rng, 0.06) else face)(canvas, rng, outline, metal)
    canvas.tilt = _tilt(rng, 1000)
    return canvas


def _tilt(rng: Rng, side: int) -> np.ndarray | None:
    """A mild perspective, half of the time."""
    if chance(rng, 0.5):
        return None
    corners = np.float32([[0, 0], [side, 0], [side, side], [0, side]])
    amount = between(rng, 0.02, 0.12) * side
    moved = corners + rng.uniform(0, amount, (4, 2)).astype(np.float32) * np.float32([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    if chance(rng, 0.4):  # seen from the side: narrower
        squeeze = np.float32(between(rng, 0.65, 0.95))
        axis = int(rng.integers(2))
        moved[:, axis] = (moved[:, axis] - side / 2) * squeeze + side / 2
    return cv2.getPerspectiveTransform(corners, moved)


def _straps(canvas: Canvas, rng: Rng, centre: Points, radius: float, tall: float, reach: float, kind: str, metal: Metal, w0: float, start: float) -> None:
    """Both halves, `w0` wide and `start` from the middle to the end; a buckle on the upper one now and then."""
    taper = between(rng, 0.66, 1.0)
    second = Metal(rng, "gold" if metal.name == "steel" else None) if chance(rng, 0.25) else None
    band = metal if chance(rng, 0.85) else Metal(rng)
    same = rng.integers(2**31)
    bend, squeeze = between(rng, -0.12, 0.12) * radius if chance(rng, 0.4) else 0.0, between(rng, 0, 0.7) if chance(rng, 0.4) else 0.0
    for sign in (-1, 1):
        inner = np.random.default_rng(same)  # both halves alike
        length = reach * (between(rng, 0.85, 1.1) if chance(rng, 0.5) else 1.0) + tall - start + radius * 0.18
        strip = any_strip(inner, kind, int(length * (1 + squeeze * 0.4)), int(w0), band, second, sign > 0)
        top = (float(centre[0]), float(centre[1] + sign * start))
        lay(canvas, strip, top, sign, length, w0, w0 * taper, bend, squeeze)
        end = (float(centre[0] + bend), float(centre[1] + sign * (start + length)))
        if kind in ("leather", "cloth", "rubber") and sign < 0 and chance(rng, 0.6):
            buckle(canvas, rng, end, w0 * taper, sign, metal)
        if kind in ("leather", "cloth", "rubber") and chance(rng, 0.3):  # keeper
            at = centre[1] + sign * (start + length * between(rng, 0.4, 0.9))
            wide = w0 * (1 + (taper - 1) * 0.7) * 1.08
            canvas.shade(block((centre[0], at), wide, wide * between(rng, 0.08, 0.2), 3), band.linear(rng, wide))


def _lugs(canvas: Canvas, rng: Rng, centre: Points, radius: float, tall: float, metal: Metal) -> None:
    """Four horns, a hooded block, or none."""
    kind = rng.random()
    if kind < 0.12:
        return
    w = radius * between(rng, 0.98, 1.45)
    if kind < 0.3:  # one body under the whole case, barrel or cushion
        t = tall * between(rng, 1.05, 1.25)
        body = np.array(
            [
                [-w / 2, -t],
                [w / 2, -t],
                [radius * 0.98, -tall * 0.3],
                [radius * 0.98, tall * 0.3],
                [w / 2, t],
                [-w / 2, t],
                [-radius * 0.98, tall * 0.3],
                [-radius * 0.98, -tall * 0.3],
            ]
        )
        canvas.shade(body + centre, metal.linear(rng, radius * between(rng, 0.4, 1.6)))
        return
    _horns(canvas, rng, centre, radius, tall, metal, w, between(rng, 1.02, 1.25), between(rng, -0.08, 0.14) * radius)


def _horns(canvas: Canvas, rng: Rng, centre: Points, radius: float, tall: float, metal: Metal, w: float, reach: float, lean: float) -> None:
    """Four of them, `w` apart, their tips `reach` times `tall` from the middle; beside the case they stand `lean` further out."""
    shader = metal.linear(rng, radius * between(rng, 0.4, 1.6))
    thick, out = radius * between(rng, 0.1, 0.24), tall * reach
    for sx in (-1, 1):
        for sy in (-1, 1):
            foot = np.array([sx * (w / 2 + lean + thick * 0.3), sy * tall * 0.5])
            tip = np.array([sx * (w / 2 + thick * 0.3), sy * out])
            canvas.shade(bar(foot + centre, tip + centre, thick * 1.6, thick * between(rng, 0.6, 1.1)), shader)
            canvas.fill(ellipse(tip + centre, thick * 0.42), metal.tone(rng))


def _spring_bars(canvas: Canvas, rng: Rng, centre: Points, radius: float, wide: float, start: float, metal: Metal) -> None:
    """What holds the straps' straight ends, from horn to horn."""
    thick, tone = radius * between(rng, 0.02, 0.06), metal.base * np.float32(between(rng, 0.2, 0.8))
    for sign in (-1, 1):
        y = sign * (start + thick * 0.5)
        canvas.fill(bar(centre + np.array([-wide / 2, y]), centre + np.array([wide / 2, y]), thick), tone)


def _crown(canvas: Canvas, rng: Rng, outline: Outline, centre: Points, metal: Metal) -> None:
    """Crown, guards, pushers; on either side, now and then at four o'clock or missing."""
    if chance(rng, 0.06):
        return
    points = outline(1.0)
    side = 1 if chance(rng, 0.85) else -1
    wide, tall = float(np.ptp(points[:, 0])) / 2, float(np.ptp(points[:, 1])) / 2
    angle = 0.0 if chance(rng, 0.85) else between(rng, -0.5, 0.5)
    out = np.array([side * np.cos(angle), np.sin(angle)])
    long, high = wide * between(rng, 0.1, 0.24), wide * between(rng, 0.16, 0.36)
    at = centre + out * np.array([wide, tall if angle else wide]) + out * long * between(rng, 0.2, 0.5)
    turn = float(np.arctan2(out[1], out[0]))
    if chance(rng, 0.3):
        for sy in (-1, 1):
            canvas.shade(block(at + np.array([-side * long * 0.4, sy * high * 0.75]), long * 1.4, high * 0.5, high * 0.15, turn), metal.linear(rng, wide))
    canvas.shade(block(at, long, high, long * 0.2, turn), metal.linear(rng, high, np.pi / 2))
    for k in np.linspace(-0.42, 0.42, int(rng.integers(5, 12))):
        ridge = at + np.array([-out[1], out[0]]) * high * k
        canvas.fill(bar(ridge - out * long * 0.42, ridge + out * long * 0.46, max(1.2, high * 0.035)), metal.base * np.float32(0.25))
    if chance(rng, 0.38):
        for sy in (-1, 1):
            a = sy * between(rng, 0.45, 0.66)
            d = np.array([side * np.cos(a), np.sin(a)])
            base = centre + d * np.array([wide, tall]) * 0.96
            canvas.shade(bar(base, base + d * wide * between(rng, 0.08, 0.2), wide * 0.11), metal.linear(rng, wide * 0.3))
            if chance(rng, 0.7):
                cap = base + d * wide * 0.17
                canvas.shade(block(cap, wide * 0.09, wide * between(rng, 0.16, 0.26), 4, float(np.arctan2(d[1], d[0]))), metal.linear(rng, wide * 0.3))


def digital(rng: Rng) -> Canvas:
    """A chunky plastic watch, digital or with both: big bezel with words and screws, buttons, resin strap."""
    reach = float(rng.choice([0.35, 0.9, 1.6, 2.3])) * between(rng, 0.8, 1.2)
    radius = 430 / (1.15 + reach)
    canvas = Canvas(1000, 1000)
    centre = np.array([500.0, 500.0])
    metal = Metal(rng)
    body = rgb(30, 31, 34) * np.float32(between(rng, 0.5, 1.8)) if chance(rng, 0.6) else rng.uniform(20, 245, 3).astype(np.float32)
    seed = rng.integers(2**31)
    w0 = radius * between(rng, 1.0, 1.5)
    for sign in (-1, 1):
        inner = np.random.default_rng(seed)
        length = reach * radius + radius * 0.3
        strip = lit(inner, rubber(inner, int(length), int(w0), body * np.float32(between(inner, 0.8, 1.2))), 0.7)
        lay(canvas, strip, (centre[0], centre[1] + sign * radius * 0.85), sign, length, w0, w0 * between(inner, 0.6, 0.95), 0.0, between(inner, 0, 0.5))
    for sx in (-1, 1):  # buttons
        for a in (-0.5, 0.5):
            if chance(rng, 0.85):
                at = centre + np.array([sx * np.cos(a), np.sin(a)]) * radius * 1.02
                canvas.shade(block(at, radius * 0.2, radius * between(rng, 0.14, 0.3), radius * 0.05, sx * a), metal.linear(rng, radius * 0.3))
    digital_face(canvas, rng, centre, radius, body, metal)
    canvas.tilt = _tilt(rng, 1000)
    return canvas


def pocket(rng: Rng) -> Canvas:
    """A pocket watch: a round head with a bow one can see through, perhaps a piece of chain."""
    radius = 330.0 * between(rng, 0.85, 1.05)
    canvas = Canvas(1000, 1000)
    centre = np.array([500.0, 600.0])
    metal = Metal(rng, str(rng.choice(["gold", "steel", "brass"])))
    top = centre + direction(0.0) * radius
    bow = radius * between(rng, 0.16, 0.26)
    ring = top + direction(0.0) * (radius * 0.12 + bow)
    canvas.shade(ellipse(ring, bow * between(rng, 0.9, 1.2), bow), metal.conic(rng, ring))
    canvas.cut(ellipse(ring, bow * 0.66, bow * 0.7))
    canvas.shade(block(top - [0, radius * 0.06], radius * 0.2, radius * 0.26, 6), metal.linear(rng, radius * 0.2, 0.0))
    outline = outline_of(rng, centre, radius, "round")
    face(canvas, rng, outline, metal)
    canvas.tilt = _tilt(rng, 1000)
    return canvas
