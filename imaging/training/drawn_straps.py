"""Straps and bracelets, drawn straight as strips (row 0 at the case) and then laid along a line, a bend or a circle.

A strip is RGBA uint8 with premultiplied colour, length x width. Gaps between links and holes in leather are alpha 0.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import field
from .drawn_canvas import Canvas, Colour, Rng, bar, between, block, chance, ellipse, rgb
from .drawn_surfaces import Metal, hide

Strip = NDArray[np.uint8]

STRAP_KINDS = {"links": 0.5, "leather": 0.24, "mesh": 0.06, "cloth": 0.08, "rubber": 0.12}
LINKS = ("three", "five", "jubilee", "one", "rice", "brick", "h", "nine")


def lay(
    canvas: Canvas, strip: Strip, top: tuple[float, float], sign: int, length: float, w0: float, w1: float, bend: float = 0.0, squeeze: float = 0.0
) -> None:
    """Lays a strip on the canvas from `top` up (sign -1) or down (+1), w0 wide at the case and w1 at the far end.

    `bend` moves the far end sideways; `squeeze` (0..1) presses the far rows together, as a strap that curves away looks.
    """
    rows, columns = strip.shape[:2]
    width, height = canvas.size
    y0, y1 = (top[1], top[1] + length) if sign > 0 else (top[1] - length, top[1])
    ya, yb = max(0, int(y0) - 1), min(height, int(np.ceil(y1)) + 1)
    reach = max(w0, w1) / 2 + abs(bend) + 2
    xa, xb = max(0, int(top[0] - reach)), min(width, int(np.ceil(top[0] + reach)))
    if ya >= yb or xa >= xb:
        return
    s = (np.arange(ya, yb, dtype=np.float32) + np.float32(0.5) - np.float32(top[1])) * np.float32(sign / length)
    row = (s + np.float32(squeeze) * s * s) / np.float32(1 + squeeze) * np.float32(rows) - np.float32(0.5)
    wide = np.float32(w0) + np.float32(w1 - w0) * np.clip(s, 0, 1)
    middle = np.float32(top[0]) + np.float32(bend) * s * s
    x = np.arange(xa, xb, dtype=np.float32)
    column = ((x[None] + np.float32(0.5) - middle[:, None]) / wide[:, None] + np.float32(0.5)) * np.float32(columns) - np.float32(0.5)
    seen = cv2.remap(strip, column, np.repeat(row[:, None], xb - xa, 1), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
    canvas.over(seen, (xa, ya))


def lit(rng: Rng, strip: Strip, strength: float = 1.0) -> Strip:
    """The strip under light that falls off along it, with a shine or two across and darker sides."""
    rows, columns = strip.shape[:2]
    t = np.linspace(0, 1, rows, dtype=np.float32)
    u = np.linspace(-1, 1, columns, dtype=np.float32)
    along = 1 - t * t * np.float32(between(rng, 0, 0.55) * strength)
    for _ in range(int(rng.integers(0, 3))):
        far = (t - np.float32(rng.random())) / np.float32(between(rng, 0.04, 0.25))
        along += np.exp(-far * far) * np.float32(between(rng, -0.3, 0.5) * strength)
    across = 1 - np.abs(u) ** 4 * np.float32(between(rng, 0, 0.5)) + u * np.float32(between(rng, -0.25, 0.25) * strength)
    light = np.clip(along[:, None] * across[None], 0.1, 2)[..., None]
    colour = strip[..., :3] * light
    return np.dstack([np.minimum(colour, strip[..., 3:]).astype(np.uint8), strip[..., 3]])


def bracelet(rng: Rng, length: int, width: int, metal: Metal, second: Metal | None = None) -> Strip:
    """A link bracelet; gaps are see-through in about every third one."""
    kind = LINKS[int(rng.integers(len(LINKS)))]
    pitch = max(
        5,
        int(
            width
            * {"three": 0.42, "five": 0.3, "jubilee": 0.24, "one": 0.3, "rice": 0.2, "brick": 0.17, "h": 0.45, "nine": 0.2}[kind]
            * between(rng, 0.75, 1.35)
        ),
    )
    fractions = {
        "three": (0.3, 0.4, 0.3),
        "five": (0.26, 0.11, 0.26, 0.11, 0.26),
        "jubilee": (0.24, 0.16, 0.2, 0.16, 0.24),
        "one": (1.0,),
        "rice": (0.2, 0.15, 0.15, 0.15, 0.15, 0.2),
        "brick": (0.14,) * 7,
        "h": (0.26, 0.48, 0.26),
        "nine": (0.11,) * 9,
    }[kind]
    gap = max(1.0, width * between(rng, 0.006, 0.03))
    see_through = chance(rng, 0.35) and len(fractions) > 1  # nothing would hold single plates together
    other = second or metal
    tile = Canvas(width, pitch * 2)
    if not see_through:
        tile.px[:] = [*(int(v) for v in np.clip(metal.base * np.float32(between(rng, 0.08, 0.35)), 0, 255)), 255]
    edges = np.r_[0, np.cumsum(np.array(fractions) / sum(fractions))] * width
    rounded = between(rng, 0, 0.4)
    shift = kind in ("three", "five", "jubilee", "rice", "brick", "nine") and chance(rng, 0.8)
    lines = [metal.linear(rng, pitch * between(rng, 0.8, 2.2), np.pi / 2) for _ in range(2)]
    lines2 = [other.linear(rng, pitch * between(rng, 0.8, 2.2), np.pi / 2) for _ in range(2)]
    for j in range(len(fractions)):
        inner = j % 2 == 1
        w = edges[j + 1] - edges[j] - gap
        offset = pitch / 2 if inner and shift else 0.0
        for k in range(-1, 3):
            middle = ((edges[j] + edges[j + 1]) / 2, (k + 0.5) * pitch + offset)
            shader = (lines2 if inner and second is not None else lines)[k % 2]
            tile.shade(block(middle, w, pitch - gap, rounded * min(w, pitch)), shader)
    if see_through:  # pins hold the links together
        pin = np.clip(metal.base * 0.5, 0, 255)
        for y in (pitch * 0.5, pitch * 1.5):
            tile.px[int(y) : int(y) + max(1, pitch // 8)] = np.where(
                tile.px[int(y) : int(y) + max(1, pitch // 8), :, 3:] > 128, tile.px[int(y) : int(y) + max(1, pitch // 8)], np.r_[pin, 255].astype(np.uint8)
            )
    strip = np.tile(tile.px, (length // (2 * pitch) + 1, 1, 1))[:length]
    steps = np.repeat(1 + rng.normal(0, 0.1, length // pitch + 2).astype(np.float32), pitch)[:length]
    colour = np.minimum(strip[..., :3] * steps[:, None, None], strip[..., 3:])
    return np.dstack([colour.astype(np.uint8), strip[..., 3]])


def mesh(rng: Rng, length: int, width: int, metal: Metal) -> Strip:
    """Woven wire."""
    pitch = between(rng, 4, 12)
    y, x = np.arange(length, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    weave = np.sin(x * np.float32(2 * np.pi / pitch)) * np.sin(
        y * np.float32(2 * np.pi / (pitch * between(rng, 0.6, 1.6))) + (x // pitch % 2) * np.float32(np.pi)
    )
    colour = metal.at(weave * np.float32(between(rng, 0.05, 0.2)) + y * np.float32(between(rng, 0, 1.5) / length) + np.float32(rng.random()))
    dark = np.clip(0.75 + 0.35 * weave, 0.2, 1.1)[..., None]
    alpha = np.full((length, width, 1), 255, np.uint8)
    return np.dstack([np.clip(colour * dark, 0, 255).astype(np.uint8), alpha])


def _body(length: int, width: int, tip: float) -> NDArray[np.uint8]:
    """The outline of one half of a strap: its far end pointed by `tip` (0: square, 1: round)."""
    mask = np.zeros((length, width), np.uint8)
    end = length - 1 - tip * width * 0.6
    t = np.linspace(0, np.pi, 24)
    far = np.stack([width / 2 + width / 2 * np.cos(t), end + np.sin(t) * tip * width * 0.6], 1)
    points = np.concatenate([[[0, -2], [width, -2]], far])
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask


def leather(rng: Rng, length: int, width: int, far_half: bool) -> Strip:
    """Leather: plain, grained, padded or crocodile; stitches; holes in the half with the tip."""
    base = hide(rng)
    y, x = np.arange(length, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    light = 1 + field(rng, (width, length), max(width, length) / between(rng, 2, 6)) * np.float32(between(rng, 0.01, 0.1))
    u = np.abs(x / np.float32(width / 2) - 1)
    if chance(rng, 0.5):  # padded
        light = light + (0.35 * (1 - u**2) - 0.2) * np.float32(between(rng, 0.4, 1.3))
    if chance(rng, 0.35):  # crocodile
        rows = between(rng, 0.14, 0.3) * width
        crease = np.maximum(np.abs(np.sin(y * np.float32(np.pi / rows) + np.sin(x * np.float32(9 / width)))), 0.0)
        squares = np.abs(np.sin(x * np.float32(np.pi * between(rng, 1.5, 4) / width) + np.floor(y / rows) * 0.9))
        light = light * (0.55 + 0.5 * np.minimum(np.clip(crease * 3, 0, 1), np.clip(squares * 3, 0, 1)))
    colour = np.clip(light[..., None] * base, 0, 255).astype(np.uint8)
    alpha = _body(length, width, between(rng, 0.3, 1.0) if far_half else 0.0)
    canvas = Canvas(width, length)
    canvas.px = np.dstack([np.minimum(colour, 255), np.full_like(alpha, 255)])
    if chance(rng, 0.65):
        thread = np.clip(base + between(rng, -60, 170), 0, 255)
        inset, stitch = width * between(rng, 0.05, 0.14), max(4.0, width * between(rng, 0.05, 0.12))
        marks = np.arange(stitch, length - width * 0.25, stitch * 1.5)
        thick = max(1.0, width * 0.018)
        canvas.fills([bar(np.array([sx, m]), np.array([sx, m + stitch]), thick) for sx in (inset, width - inset) for m in marks], thread)
    canvas.px = cv2.multiply(canvas.px, cv2.merge([alpha] * 4), scale=1 / 255)
    if far_half and chance(rng, 0.85):
        through = chance(rng, 0.5)
        size, every = width * between(rng, 0.03, 0.06), width * between(rng, 0.25, 0.42)
        for k in range(int(rng.integers(3, 9))):
            place = (width / 2, length - width * 0.9 - k * every)
            if place[1] < length * 0.25:
                break
            hole = ellipse(place, size, size * between(rng, 1, 1.4))
            canvas.fill(ellipse(place, size * 1.35), base * 0.45)
            if through:
                canvas.cut(hole)
            else:
                canvas.fill(hole, base * 0.12)
    return canvas.px


def cloth(rng: Rng, length: int, width: int) -> Strip:
    """NATO and canvas: stripes along the length, a weave, sometimes keeper rings."""
    n = int(rng.choice([1, 3, 3, 5, 7]))
    tones = [rng.uniform(10, 250, 3).astype(np.float32) if chance(rng, 0.5) else hide(rng) for _ in range(3)]
    stripes = [tones[min(k, n - 1 - k) % 3] for k in range(n)]
    cuts = np.r_[0, np.cumsum(w := rng.dirichlet(np.full(n, 6.0)))] * width
    cuts = (cuts + width - cuts[::-1]) / 2 if len(w) > 1 else cuts
    colour = np.zeros((1, width, 3), np.float32)
    for k in range(n):
        colour[:, int(cuts[k]) : int(np.ceil(cuts[k + 1]))] = stripes[k]
    y, x = np.arange(length, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    pitch = between(rng, 3, 7)
    weave = np.sin(x * np.float32(2 * np.pi / pitch) + y * np.float32(between(rng, -0.5, 0.5))) * np.sin(y * np.float32(2 * np.pi / pitch))
    light = 1 + weave * np.float32(between(rng, 0.03, 0.18)) + field(rng, (width, length), 12) * np.float32(0.03)
    alpha = _body(length, width, between(rng, 0, 0.8))
    out = np.dstack([np.clip(colour * light[..., None], 0, 255).astype(np.uint8), np.full_like(alpha, 255)])
    return cv2.multiply(out, cv2.merge([alpha] * 4), scale=1 / 255)


def rubber(rng: Rng, length: int, width: int, colour: Colour | None = None) -> Strip:
    """Rubber or resin: ribs, grooves, rows of holes, words."""
    base = (
        colour
        if colour is not None
        else (rgb(28, 28, 30) * np.float32(between(rng, 0.6, 2.2)) if chance(rng, 0.6) else rng.uniform(10, 245, 3).astype(np.float32))
    )
    canvas = Canvas(width, length)
    y, x = np.arange(length, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    light = 1 + field(rng, (width, length), 8) * np.float32(0.03) + np.zeros((length, width), np.float32)
    kind = int(rng.integers(4))
    if kind == 0:
        light += np.sign(np.sin(y * np.float32(2 * np.pi / between(rng, 0.08, 0.3) / width))) * np.float32(between(rng, 0.05, 0.3))
    elif kind == 1:
        light += np.where(np.abs(np.abs(x / np.float32(width / 2) - 1) - np.float32(between(rng, 0.3, 0.7))) < 0.06, -0.4, 0.1)
    canvas.px = np.dstack([np.clip(light[..., None] * base, 0, 255).astype(np.uint8), np.full((length, width, 1), 255, np.uint8)])
    if kind == 2:
        every, size = width * between(rng, 0.18, 0.3), width * between(rng, 0.03, 0.07)
        for row in np.arange(width * 0.4, length - width * 0.4, every):
            for column in np.linspace(0.25, 0.75, int(rng.integers(1, 5))) * width:
                if chance(rng, 0.5):
                    canvas.cut(ellipse((column, row), size))
                else:
                    canvas.fill(ellipse((column, row), size), base * 0.3)
    if kind == 3:
        for row in np.arange(width * 0.5, length, width * between(rng, 0.5, 0.9)):
            canvas.fill(block((width / 2, row), width * 0.6, width * between(rng, 0.1, 0.3), width * 0.05), base * np.float32(rng.choice([0.5, 1.5])))
    alpha = _body(length, width, between(rng, 0, 1))
    canvas.px = cv2.multiply(canvas.px, cv2.merge([alpha] * 4), scale=1 / 255)
    return canvas.px


def any_strip(rng: Rng, kind: str, length: int, width: int, metal: Metal, second: Metal | None, far_half: bool) -> Strip:
    """A strip of a kind: links, mesh, leather, cloth or rubber, under its light."""
    length, width = max(8, length), max(6, width)
    if kind == "links":
        return lit(rng, bracelet(rng, length, width, metal, second))
    if kind == "mesh":
        return lit(rng, mesh(rng, length, width, metal))
    if kind == "leather":
        return lit(rng, leather(rng, length, width, far_half), 0.7)
    if kind == "cloth":
        return lit(rng, cloth(rng, length, width), 0.6)
    return lit(rng, rubber(rng, length, width), 0.8)


def buckle(canvas: Canvas, rng: Rng, centre: tuple[float, float], width: float, sign: int, metal: Metal) -> None:
    """A pin buckle at the far end of a strap: a frame one can see through, and a tongue."""
    w, h = width * between(rng, 1.15, 1.35), width * between(rng, 0.4, 0.7)
    middle = (centre[0], centre[1] + sign * h * 0.35)
    thick = width * between(rng, 0.06, 0.13)
    frame = Canvas(*canvas.size)
    frame.shade(block(middle, w, h, h * between(rng, 0.1, 0.45)), metal.linear(rng, width * 0.8))
    frame.cut(block(middle, w - 2 * thick, h - 2 * thick, h * 0.2))
    frame.fill(bar(np.array([centre[0], middle[1] - sign * h * 0.45]), np.array([centre[0], middle[1] + sign * h * 0.52]), thick * 0.9), metal.tone(rng))
    frame.under(canvas.px)
    canvas.px = frame.px
