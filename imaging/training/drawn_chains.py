"""Chains, pendants, earrings, brooches and loose stones: thin things, small holes, sparkle."""

from __future__ import annotations

import cv2
import numpy as np

from .drawn_canvas import Canvas, Points, Rng, bar, between, block, chance, direction, ellipse, rgb
from .drawn_surfaces import Metal, any_colour, gem, pearl, stone_colour

LINKS = ("cable", "curb", "figaro", "rope", "box", "snake", "ball", "paperclip", "thread")


def path(rng: Rng, side: float = 1000.0) -> tuple[Points, float]:
    """A chain's way over the canvas, 900 points, and the place of its lowest point (0..1 of the way): drape, loop, heap, wave, line."""
    t = np.linspace(0, 1, 900)
    m, r = side / 2, side * 0.44
    kind = str(rng.choice(["drape", "loop", "heap", "wave", "double", "line"], p=[0.3, 0.28, 0.16, 0.1, 0.1, 0.06]))
    if kind == "drape":
        power = between(rng, 1.4, 3.2)
        x, y = m + (t - 0.5) * 2 * r * between(rng, 0.4, 1.0), m + r * (between(rng, 0.6, 1.7) * (1 - np.abs(2 * t - 1) ** power) - 0.7)
        return np.stack([x, y], 1), 0.5
    if kind == "loop":
        a = 2 * np.pi * t - np.pi / 2
        pear = between(rng, 0, 0.35)
        x = m + r * between(rng, 0.55, 1.0) * np.cos(a) * (1 - pear * np.sin(a))
        y = m + r * between(rng, 0.6, 1.0) * np.sin(a)
        wobble = between(rng, 0, 0.04) * r * np.sin(a * int(rng.integers(2, 6)) + between(rng, 0, 6.28))
        return np.stack([x + wobble, y - wobble], 1), 0.5
    if kind == "heap":
        x, y = np.zeros_like(t), np.zeros_like(t)
        for n in range(1, 6):
            x += rng.normal(0, 1 / n**0.8) * np.sin(2 * np.pi * n * t + between(rng, 0, 6.28))
            y += rng.normal(0, 1 / n**0.8) * np.sin(2 * np.pi * n * t + between(rng, 0, 6.28))
        x, y = x / np.abs(x).max(), y / np.abs(y).max()
        return np.stack([m + r * x, m + r * y], 1), 0.5
    if kind == "wave":
        x, y = m + (t - 0.5) * 2 * r, m + r * between(rng, 0.1, 0.6) * np.sin(t * between(rng, 4, 14) + between(rng, 0, 6.28))
        return np.stack([x, y], 1), float(t[int(np.argmax(y))])
    if kind == "double":  # laid together: down and up again
        wide = between(rng, 0.03, 0.3) * r
        a = 2 * np.pi * t - np.pi / 2
        return np.stack([m + wide * np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.6, m + r * np.sin(a)], 1), 0.5
    return np.stack([m + (t - 0.5) * 2 * r, m + (t - 0.5) * r * between(rng, -0.2, 0.2)], 1), 0.5


def chain(canvas: Canvas, rng: Rng, way: Points, width: float, metal: Metal, kind: str | None = None) -> None:
    """A chain of `width` px along a way, link by link; open links show what lies behind."""
    kind = kind or LINKS[int(rng.integers(len(LINKS)))]
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(way, axis=0).T))]
    step = width * {"cable": 1.15, "curb": 0.8, "figaro": 0.95, "rope": 0.42, "box": 0.85, "snake": 0.5, "ball": 1.25, "paperclip": 2.2, "thread": 8}[kind]
    step = max(step * between(rng, 0.9, 1.15), 2.0, along[-1] / 700)
    places = np.arange(0, along[-1], step)
    spots = np.stack([np.interp(places, along, way[:, k]) for k in (0, 1)], 1)
    ahead = np.stack([np.interp(places + step, along, way[:, k]) for k in (0, 1)], 1) - spots
    turns = np.arctan2(ahead[:, 1], ahead[:, 0])
    light = metal.table[(turns * 128 / np.pi).astype(int) & 255].astype(np.float32)
    if kind == "thread":
        canvas.line(way, metal.base * np.float32(0.7), max(1.5, width * 0.5))
        canvas.line(way - width * 0.1, np.minimum(metal.base * 1.2, 255), max(1.0, width * 0.18))
        return
    if kind in ("snake", "rope"):
        canvas.line(way, metal.base * np.float32(0.4), width)
        twist = 0.9 if kind == "rope" else 0.0
        for k, spot in enumerate(spots):
            d = np.array([np.cos(turns[k] + np.pi / 2 - twist), np.sin(turns[k] + np.pi / 2 - twist)]) * width * 0.46
            canvas.line(np.array([spot - d, spot + d]), light[k] * np.float32(between(rng, 0.7, 1.3)), max(1, step * 0.55))
        return
    wire = max(1.4, width * between(rng, 0.16, 0.3))
    for k, spot in enumerate(spots):
        tone = light[k] * np.float32(between(rng, 0.75, 1.2))
        if kind == "ball":
            canvas.fill(ellipse(spot, width * 0.5), tone * np.float32(0.55))
            canvas.fill(ellipse(spot - width * 0.1, width * 0.32), tone)
            canvas.fill(ellipse(spot - width * 0.16, width * 0.12), np.minimum(tone + 90, 255))
            continue
        if kind == "box":
            canvas.fill(block(spot, step * 1.02, width * 0.8, 0, float(turns[k])), tone if k % 2 else tone * np.float32(0.6))
            continue
        long = {"cable": 0.85, "curb": 0.75, "figaro": 1.3 if k % 4 == 0 else 0.62, "paperclip": 1.5}[kind] * width
        edge_on = kind in ("cable", "paperclip") and k % 2 == 1
        lean = between(rng, 0.25, 0.5) if kind in ("curb", "figaro") else float(rng.normal(0, 0.12))
        shape = ellipse(spot, long, wire * 0.5 if edge_on else width * 0.46, float(turns[k]) + lean)
        if edge_on or width < 5:
            canvas.fill(shape, tone)
            continue
        shape = np.concatenate([shape, shape[:2]])
        canvas.line(shape, tone * np.float32(0.5), wire)
        canvas.line(shape[: len(shape) // 2 + 2], tone, wire * 0.7)
        canvas.line(shape[1 : max(3, len(shape) // 4)], np.minimum(tone * 1.2 + 50, 255), wire * 0.4)


def _clasp(canvas: Canvas, rng: Rng, at: Points, width: float, metal: Metal) -> None:
    """A spring ring and its eye."""
    size = width * between(rng, 1.1, 1.8)
    for k, scale in ((0.0, 1.0), (1.0, 0.6)):
        circle = ellipse(at + np.array([k * size * 1.6, 0.0]), size * scale)
        canvas.line(np.concatenate([circle, circle[:2]]), metal.tone(rng), max(1.5, size * 0.35))


def _heart(size: float) -> Points:
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return np.stack([16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))], 1) / 16 * size


def _star(size: float, n: int, waist: float) -> Points:
    a = np.arange(2 * n) * np.pi / n - np.pi / 2
    return np.stack([np.cos(a), np.sin(a)], 1) * (size * np.where(np.arange(2 * n) % 2, waist, 1.0))[:, None]


def hanging(canvas: Canvas, rng: Rng, top: Points, size: float, metal: Metal) -> None:
    """A pendant below `top`, about 2 * size high: its bail, then heart, disc, cross, drop, star, bar, moon, tree, locket, pearl, stones."""
    bail = top + np.array([0.0, size * 0.16])
    eye = ellipse(bail, size * 0.09, size * 0.16)
    canvas.line(np.concatenate([eye, eye[:2]]), metal.tone(rng), max(1.6, size * 0.07))
    middle = top + np.array([0.0, size * 1.25])
    kind = str(rng.choice(["heart", "disc", "cross", "drop", "star", "bar", "moon", "open", "locket", "pearl", "stone", "halo", "flower"]))
    shader = metal.linear(rng, size * between(rng, 0.5, 3))
    if kind == "pearl":
        pearl(canvas, rng, (float(middle[0]), float(middle[1] - size * 0.2)), size * 0.75)
        return
    if kind in ("stone", "halo"):
        rx, ry = size * between(rng, 0.5, 0.9), size * 0.9
        tone = stone_colour(rng)
        canvas.shade(ellipse(middle, rx * 1.1, ry * 1.1), shader)
        if kind == "halo":
            n = int(rng.integers(14, 26))
            for k in range(n):
                a = k / n * 2 * np.pi
                gem(canvas, rng, middle + np.array([np.cos(a) * rx * 1.12, np.sin(a) * ry * 1.12]), size * 0.11, colour=rgb(238, 242, 246))
        gem(canvas, rng, middle, rx * 0.95, ry * 0.95, 0.0, tone, square=chance(rng, 0.2))
        return
    shapes = {
        "heart": _heart(size),
        "disc": ellipse((0.0, 0.0), size),
        "locket": ellipse((0.0, 0.0), size * 0.85, size),
        "star": _star(size, int(rng.choice([5, 6, 8])), between(rng, 0.35, 0.6)),
        "flower": _star(size, int(rng.integers(5, 9)), 0.75),
        "bar": block((0.0, 0.0), size * 0.35, size * 2, size * 0.1),
        "open": ellipse((0.0, 0.0), size),
    }
    if kind == "cross":
        w = size * between(rng, 0.2, 0.4)
        canvas.shade(block(middle, w, size * 2, w * 0.2), shader)
        canvas.shade(block(middle - np.array([0, size * 0.3]), size * 1.3, w, w * 0.2), metal.linear(rng, size))
        shape = block(middle, w, size * 1.8)
    elif kind == "drop":
        t = np.linspace(0, 2 * np.pi, 50, endpoint=False)
        shape = np.stack([np.sin(t) * np.sin(t / 2) ** 1.5 * size * 0.85, -np.cos(t) * size], 1)
        shape = shape + middle
        canvas.shade(shape, shader)
    elif kind == "moon":
        shape = ellipse(middle, size)
        own = Canvas(*canvas.size)
        own.shade(shape, shader)
        own.cut(ellipse(middle + np.array([size * 0.45, -size * 0.1]), size * 0.8))
        own.under(canvas.px)
        canvas.px = own.px
        return
    else:
        shape = shapes[kind] + middle
        canvas.shade(shape, shader)
    inner = (shape - middle) * between(rng, 0.6, 0.86) + middle
    deco = rng.random()
    if kind == "open" or (deco < 0.25 and kind in ("heart", "drop", "disc", "star")):
        own = (shape - middle) * between(rng, 0.65, 0.88) + middle
        canvas.cut(own)
        if chance(rng, 0.6):  # openwork: bars, a tree, a stone that hangs free
            for _ in range(int(rng.integers(2, 9))):
                a, b = own[int(rng.integers(len(own)))], own[int(rng.integers(len(own)))]
                canvas.line(np.array([a, (a + b) / 2 + rng.normal(0, size * 0.08, 2), b]), metal.tone(rng), size * between(rng, 0.04, 0.1))
        if chance(rng, 0.5):
            gem(canvas, rng, middle, size * between(rng, 0.15, 0.35))
    elif deco < 0.45:
        canvas.fill(inner, any_colour(rng, 0.7))
    elif deco < 0.7:
        tone = stone_colour(rng)
        low, high = inner.min(0), inner.max(0)
        pitch = size * between(rng, 0.2, 0.3)
        outline = inner.astype(np.float32)
        for y in np.arange(low[1], high[1], pitch):
            for x in np.arange(low[0], high[0], pitch):
                if cv2.pointPolygonTest(outline, (float(x), float(y)), True) > pitch * 0.3:
                    gem(canvas, rng, (float(x), float(y)), pitch * 0.45, colour=tone)
    elif deco < 0.85:
        canvas.shade(inner, metal.linear(rng, size * 2))
        canvas.text(
            str(rng.choice(list("ABCDEJKLMNRST"))), (float(middle[0]), float(middle[1])), size * 0.7, metal.base * np.float32(0.4), 3, max(1, round(size / 20))
        )


def necklace(rng: Rng) -> Canvas:
    """A chain, or two; often with a pendant, sometimes a clasp."""
    canvas = Canvas(1000, 1000)
    metal = Metal(rng, str(rng.choice(["gold", "white metal", "rose", "steel", "gold", "titanium"])))
    width = float(np.exp(between(rng, np.log(3.5), np.log(40))))
    way, low = path(rng)
    chain(canvas, rng, way, width, metal)
    if chance(rng, 0.12):
        second, _ = path(rng)
        chain(canvas, rng, second, width * between(rng, 0.6, 1.3), metal)
    if chance(rng, 0.55):
        at = way[int(low * (len(way) - 1))]
        size = min(between(rng, 2.5, 9) * max(width, 8), 130.0)
        if at[1] + size * 2.3 > 985:  # there must be room for it
            canvas.px = np.roll(canvas.px, -int(min(at[1] + size * 2.3 - 985, max(way[:, 1].min() - 20, 0))), 0)
            at = at - [0, min(at[1] + size * 2.3 - 985, max(way[:, 1].min() - 20, 0))]
        hanging(canvas, rng, at, min(size, max(12.0, (990 - at[1]) / 2.3)), metal)
    if chance(rng, 0.35):
        _clasp(canvas, rng, way[0] + np.array([0.0, 0.0]), width, metal)
    return canvas


def pendant(rng: Rng) -> Canvas:
    """A large pendant, alone or with a stretch of chain from both sides of its bail."""
    canvas = Canvas(1000, 1000)
    metal = Metal(rng, str(rng.choice(["gold", "white metal", "rose", "steel"])))
    size = between(rng, 150, 330)
    top = np.array([500.0, 990 - size * 2.4])
    if chance(rng, 0.7):
        width = size * between(rng, 0.03, 0.16)
        t = np.linspace(0, 1, 300)
        for k in (-1, 1):
            x, y = 500 + k * between(rng, 150, 450) * t**0.9, top[1] + size * 0.1 - (top[1] + size * 0.1 - 20) * t ** between(rng, 0.8, 1.4)
            chain(canvas, rng, np.stack([x, y], 1), width, metal, "cable" if chance(rng, 0.5) else None)
    hanging(canvas, rng, top, size, metal)
    return canvas


def earrings(rng: Rng) -> Canvas:
    """A pair (one product) or a single one: studs, hoops, drops, chandeliers, hooks; the second mirrored and a little turned."""
    one = Canvas(520, 1000)
    metal = Metal(rng, str(rng.choice(["gold", "white metal", "rose", "steel"])))
    kind = str(rng.choice(["stud", "hoop", "drop", "chandelier", "line"]))
    top = np.array([260.0, between(rng, 60, 200)])
    if kind in ("drop", "chandelier", "line") and chance(rng, 0.6):  # a hook of thin wire
        t = np.linspace(0, 1.25 * np.pi, 30)
        hook = np.stack([260 + 55 * (1 - np.cos(t)) * 0.9, top[1] + 40 - 75 * np.sin(t)], 1)
        one.line(hook, metal.base, between(rng, 3, 7))
    if kind == "stud":
        at = np.array([260.0, 300.0])
        size = between(rng, 110, 200)
        if chance(rng, 0.3):
            pearl(one, rng, (260.0, 300.0), size)
        else:
            one.shade(ellipse(at, size), metal.conic(rng, at))
            n = int(rng.integers(0, 18))
            for k in range(n):
                a = k / n * 2 * np.pi
                gem(one, rng, at + np.array([np.cos(a), np.sin(a)]) * size * 0.85, size * 0.15, colour=rgb(238, 242, 246))
            gem(one, rng, at, size * between(rng, 0.5, 0.75))
    elif kind == "hoop":
        rx, ry = between(rng, 90, 235), between(rng, 180, 240)
        at, thick = np.array([260.0, 500.0]), between(rng, 0.04, 0.3)
        depth = np.array([between(rng, -0.25, 0.25) * rx, 0.0])
        for k, shift in enumerate((depth, -depth)):
            hoop = Canvas(520, 1000)
            hoop.shade(ellipse(at + shift, rx * 0.8, ry), metal.radial(rng, at + shift, rx * thick * between(rng, 0.8, 2)))
            hoop.cut(ellipse(at + shift + [0, between(rng, -0.3, 0.1) * ry * thick], rx * 0.8 * (1 - thick), ry * (1 - thick)))
            if k == 0:
                hoop.px[..., :3] = (hoop.px[..., :3] * 0.7).astype(np.uint8)
            if chance(rng, 0.5) and k == 1:
                small = rx * thick * 0.3
                for a in np.linspace(0.3, np.pi - 0.3, 20):
                    gem(hoop, rng, at + shift + np.array([np.cos(a) * rx * 0.8, np.sin(a) * ry]) * (1 - thick / 2), max(3, small), colour=rgb(238, 242, 246))
            hoop.under(one.px)
            one.px = hoop.px
    elif kind == "drop":
        hanging(one, rng, top + np.array([0, 40]), between(rng, 90, 200), metal)
    elif kind == "line":
        tone = stone_colour(rng)
        size = between(rng, 16, 60)
        for k in range(int(rng.integers(3, 14))):
            at = top + np.array([0, 40 + k * size * 2.1])
            if at[1] > 960:
                break
            one.fill(block(at, size * 1.9, size * 2.0, size * 0.5), metal.tone(rng))
            gem(one, rng, at, size * 0.85, colour=tone, square=chance(rng, 0.3))
    else:
        layers = int(rng.integers(2, 5))
        tone = stone_colour(rng)
        for row in range(layers):
            n = row + 1 + int(rng.integers(0, 2))
            for k in range(n):
                at = top + np.array([(k - (n - 1) / 2) * 90 * between(rng, 0.9, 1.1), 60 + row * 130])
                size = between(rng, 22, 48)
                one.line(np.array([at - [0, 110], at]), metal.base, between(rng, 2, 5))
                one.fill(ellipse(at, size * 1.1, size * 1.25), metal.tone(rng))
                gem(one, rng, at, size * 0.95, size * 1.1, colour=tone)
    if chance(rng, 0.12):
        return one
    both = Canvas(1060, 1000)
    both.over(one.px, (0, 0))
    mirrored = np.ascontiguousarray(one.px[:, ::-1])
    move = cv2.getRotationMatrix2D((260, 400), float(rng.normal(0, 8)), 1.0)
    move[:, 2] += [0, float(rng.normal(0, 12))]
    second = Canvas(1060, 1000)
    second.over(cv2.warpAffine(mirrored, move, (520, 1000)), (int(rng.integers(440, 541)), 0))
    second.under(both.px)
    return second


def brooch(rng: Rng) -> Canvas:
    """A flower, leaf, bow or spray of stones on wire, with gaps between its parts."""
    canvas = Canvas(1000, 1000)
    metal = Metal(rng)
    centre = np.array([500.0, 480.0])
    petals, tone = int(rng.integers(4, 11)), stone_colour(rng)
    open_work = chance(rng, 0.4)
    if chance(rng, 0.6):
        stem = np.stack([500 + np.linspace(0, 1, 20) ** 2 * between(rng, -250, 250), np.linspace(500, 960, 20)], 1)
        canvas.line(stem, metal.base, between(rng, 8, 26))
    for ring, far in ((0, between(rng, 230, 290)), (1, 150)):
        for k in range(petals):
            a = (k + 0.5 * ring) / petals * 2 * np.pi
            d = direction(a)
            at = centre + d * far * between(rng, 0.9, 1.05)
            long, wide = far * between(rng, 0.45, 0.62), far * between(rng, 0.2, 0.36)
            leaf = ellipse(at, long, wide, a - np.pi / 2)
            own = Canvas(1000, 1000) if open_work and ring == 0 else canvas
            own.shade(leaf, metal.linear(rng, wide * between(rng, 1, 4), a))
            inside = ellipse(at, long * 0.72, wide * 0.66, a - np.pi / 2)
            if open_work and ring == 0:
                own.cut(inside)
                canvas.over(own.px)
            elif chance(rng, 0.4):
                canvas.fill(inside, any_colour(rng, 0.7))
            else:
                for s in np.linspace(-0.6, 0.6, 4):
                    gem(canvas, rng, at + d * long * s, wide * 0.42 * (1 - s * s * 0.5), colour=tone)
    gem(canvas, rng, centre, between(rng, 60, 130)) if chance(rng, 0.7) else pearl(canvas, rng, (500.0, 480.0), 90.0)
    return canvas


def stones(rng: Rng) -> Canvas:
    """A loose stone, a pearl, or a cufflink."""
    canvas = Canvas(1000, 1000)
    kind = rng.random()
    centre = np.array([500.0, 500.0])
    if kind < 0.25:
        pearl(canvas, rng, (500.0, 500.0), 420.0, rgb(240, 234, 224) if chance(rng, 0.5) else any_colour(rng, 0.5))
    elif kind < 0.75:
        gem(canvas, rng, centre, 420.0, 420 * between(rng, 0.55, 1.0), between(rng, 0, 3), square=chance(rng, 0.3))
    else:
        metal = Metal(rng)
        canvas.shade(bar(centre, centre + np.array([260.0, 300.0]), 60, 50), metal.linear(rng, 120))
        canvas.shade(block(centre + np.array([270.0, 310.0]), 260, 90, 40, -0.8), metal.linear(rng, 90))
        shape = ellipse(centre - 80, 260) if chance(rng, 0.5) else block(centre - 80, 440, 440, 60, 0.3)
        canvas.shade(shape, metal.linear(rng, 500))
        canvas.fill((shape - (centre - 80)) * 0.8 + centre - 80, any_colour(rng, 0.5))
    return canvas
