"""Random rings and bangles of many builds. Needs `bpy`. All stand upright, the hole along y, the head at the top."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.gems import circle, frames, gem, joined, merged, metal, moved, pipe, scaled, set_stone, sphere, stone, swept
from imaging.training.materials import Palette


def hoop(radius: float, n: int = 240, oval: float = 1.0, sway: tuple[float, int] = (0.0, 1), gap: float = 0.0) -> Array:
    """Frames (n, 4, 4) round the hole from the top clockwise; `sway` = (cm, waves) along y; `gap` = opening at the bottom in degrees."""
    a = np.linspace(-math.pi + math.radians(gap) / 2, math.pi - math.radians(gap) / 2, n) if gap else np.linspace(0, 2 * math.pi, n, endpoint=False)
    out = np.column_stack([np.sin(a), np.zeros(n), np.cos(a)])
    p = np.column_stack([radius * np.sin(a), sway[0] * np.cos(sway[1] * a), radius * oval * np.cos(a)])
    return frames(p, out, cyclic=not gap)


def profile(kind: str, w: float, d: float) -> Array:
    """The section of a band `w` wide and `d` thick, standing on 0: "court", "flat", "knife", "round", "hollow"."""
    a = np.linspace(0, 2 * math.pi, 20, endpoint=False)
    c, s = np.cos(a), np.sin(a)
    if kind == "flat":
        return np.add(rounded_rectangle(w, d, min(w, d) * 0.22, 2), (0, d / 2))
    if kind == "knife":
        return np.array(soften([(w / 2, 0), (w / 2, d * 0.35), (0, d), (-w / 2, d * 0.35), (-w / 2, 0)], min(w, d) * 0.12, 2, closed=True))
    if kind == "round":
        return np.column_stack([w / 2 * c, d / 2 + d / 2 * s])
    if kind == "hollow":
        return np.array(
            soften([(w / 2, 0), (w / 2, d), (w * 0.35, d), (0, d * 0.6), (-w * 0.35, d), (-w / 2, d), (-w / 2, 0)], min(w, d) * 0.15, 2, closed=True)
        )
    return np.column_stack([w / 2 * np.sign(c) * np.abs(c) ** 0.75, np.where(s > 0, d * (0.3 + 0.7 * s), d * (0.3 + 0.3 * s))])


def band_of(m: Maker, palette: Palette, gold: Any, o: dict[str, Any]) -> None:
    """A band by its options: surface, profile, sizes. The options are those of `ring`."""
    inner, w, d, kind = o["inner"], o["width"], o["thick"], o["surface"]
    n = 240
    a = 2 * math.pi * np.arange(n) / n
    taper = 1 - o["taper"] * (1 - np.cos(a)) / 2  # narrower at the bottom
    path = hoop(inner, n, o.get("oval", 1.0), (o.get("sway", 0.0), o.get("waves", 1)))
    if kind == "twisted":
        strands = o.get("strands", 2)
        parts = []
        for k in range(strands):
            b = o.get("turns", 14) * a + 2 * math.pi * k / strands
            off = np.column_stack([np.cos(b), np.sin(b)]) * w * 0.27
            p = path[:, :3, 3] + off[:, :1] * path[:, :3, 0] + (off[:, 1:] + d / 2) * path[:, :3, 2]
            parts.append(pipe(p, w * 0.25, 8, True))
        merged(m, joined(*parts), gold)
        return
    if kind in ("lattice", "zigzag"):
        parts = []
        for side in (-1, 1):
            parts.append(pipe(path[:, :3, 3] + side * w / 2 * path[:, :3, 0] + d / 2 * path[:, :3, 2], d * 0.42, 8, True))
        count = o.get("turns", 14)
        for phase in (0,) if kind == "zigzag" else (0, math.pi):
            y = w / 2 * (2 / math.pi) * np.arcsin(np.clip(np.sin(count * a + phase), -0.98, 0.98))
            parts.append(pipe(path[:, :3, 3] + y[:, None] * path[:, :3, 0] + d / 2 * path[:, :3, 2], d * 0.3, 6, True))
        merged(m, joined(*parts), gold)
        return
    if kind == "split":
        away = np.clip((np.cos(a) - 0.1) / 0.9, 0, 1) ** 0.8 * o.get("spread", 0.22)
        for side in (-1, 1):
            p = path[:, :3, 3] + side * (away + w * 0.24)[:, None] * path[:, :3, 0]
            up = np.column_stack([np.sin(a), np.zeros(n), np.cos(a)])
            merged(m, swept(frames(p, up, True), profile(o["profile"], w * 0.5, d), True), gold)
        return
    section = profile(o["profile"], 1.0, 1.0)[None] * np.stack([w * taper, d * (0.6 + 0.4 * taper)], -1)[:, None]
    if kind == "engraved":
        wave = 1 + 0.05 * np.sign(np.sin(o.get("turns", 14) * 2 * a))
        section[..., 1] *= np.where(section[..., 1] > d * 0.3, wave[:, None], 1)
    if kind == "faceted":
        section[..., 1] *= np.where(section[..., 1] > d * 0.3, (1 + 0.12 * np.abs(np.sin(o.get("turns", 14) * a)))[:, None], 1)
    merged(m, swept(path, section, True), gold)
    top = d * (1.0 if o["profile"] in ("flat", "court") else 0.9)
    full = o.get("full", False)
    if kind in ("pave", "channel", "eternity"):
        rows = max(1, int(w / 0.13)) if kind == "pave" else 1
        size = min(w * 0.42, 0.13) if kind != "pave" else min(0.062, w * 0.4 / rows)
        count = int(2 * math.pi * (inner + d) / (2.1 * size))
        copies, beads = [], []
        for k in range(count):
            angle = 360 * k / count
            if not full and min(angle, 360 - angle) > o.get("arc", 80):
                continue
            for r in range(rows):
                y = (r - (rows - 1) / 2) * w * 0.86 / rows
                turn = np.array(
                    turn_y(angle + (180 / count if r % 2 else 0)) @ shift(y=y, z=inner + top - 0.35 * size + (0.4 * size if kind == "eternity" else 0))
                )
                copies.append(turn @ scaled(size))
                for q in (-1, 1):
                    beads.append(np.array(turn_y(angle + 180 / count) @ shift(y=y + q * size * 0.8, z=inner + top)) @ scaled(size * 0.25))
        cut = "princess" if kind == "channel" else "brilliant"
        merged(m, stone(cut), gem(palette, o["accent"], small=True), np.array(copies), smooth=False)
        if kind != "channel":
            merged(m, sphere(8), gold, np.array(beads))
    elif kind in ("milgrain", "beaded"):
        size = min(0.05, w * 0.12) if kind == "milgrain" else w * 0.36
        count = int(2 * math.pi * (inner + d) / (2.15 * size))
        sides = (-1, 1) if kind == "milgrain" else (0,)
        merged(
            m,
            sphere(10),
            gold,
            np.array([np.array(turn_y(360 * k / count) @ shift(y=s * w * 0.42, z=inner + top)) @ scaled(size) for k in range(count) for s in sides]),
        )
    elif kind == "inlay":
        merged(m, swept(path, np.add(profile("flat", w * 0.4, d * 0.5), (0, d * 0.55)), True), metal(palette, o.get("metal2", "rose gold")))
    elif kind == "stripe":
        for s in (-1, 1):
            merged(m, swept(path, np.add(profile("flat", w * 0.12, d * 0.2), (s * w * 0.25, d * 0.85)), True), metal(palette, o.get("metal2", "rose gold")))


def head_of(m: Maker, palette: Palette, gold: Any, o: dict[str, Any]) -> None:
    """What sits on top of a ring."""
    head, r, z = o["head"], o["stone_mm"] / 20, o["inner"] + o["thick"]
    name, cut, accent = o["gem"], o["cut"], o["accent"]
    rim = o.get("rim", "claws")
    lift = z + (0.75 * r if rim == "claws" else 0.3 * r)
    quarter = turn_z(90 if o.get("across") else 0)
    if head in ("solitaire", "halo", "three"):
        set_stone(m, palette, gold, name, cut, r, shift(z=lift) @ quarter, rim)
    if head == "halo":
        small = max(0.045, r * 0.17)
        around = circle(1.0, 48) * (1.12 * r + small) * ((1, 1.28) if cut in ("oval", "emerald", "oval cabochon") else (1, 1))
        base = shift(z=lift - 0.1 * r) @ quarter
        count = int(2 * math.pi * r * 1.25 / (2.2 * small))
        pick = around[np.arange(count) * 48 // count]
        merged(m, pipe(np.column_stack([around, np.full(48, -small)]), small, 6, True), gold, at=base)
        merged(m, stone("brilliant"), gem(palette, accent, True), np.array([np.array(shift(x, y, 0)) @ scaled(small) for x, y in pick]), at=base, smooth=False)
    elif head == "three":
        for side in (-1, 1):
            at = turn_y(side * math.degrees(1.75 * r / (z + 0.2))) @ shift(z=lift - 0.15 * r)
            set_stone(m, palette, gold, accent, "brilliant", r * 0.68, at, rim)
    elif head == "row":
        for k in range(5):
            at = turn_y((k - 2) * math.degrees(2.1 * r / z)) @ shift(z=z + 0.45 * r)
            set_stone(m, palette, gold, name if k % 2 == 0 else accent, "brilliant", r, at, "claws")
    elif head == "cluster":
        count = o.get("petals", 7)
        far = r / math.sin(math.pi / count) * 0.96
        set_stone(m, palette, gold, name, "brilliant", max(0.05, far - r * 0.9), shift(z=z + r * 1.0), "bezel")
        for k in range(count):
            set_stone(
                m,
                palette,
                gold,
                accent,
                o.get("petal cut", "brilliant"),
                r * 0.92,
                shift(z=z + r * 0.8) @ turn_z(360 * k / count) @ shift(y=far) @ turn_x(-14),
                "claws",
            )
    elif head == "cocktail":
        set_stone(m, palette, gold, name, cut, r * 1.6, shift(z=z + 0.35 * r) @ quarter, "bezel")
        for s in (-1, 1):
            merged(m, moved(sphere(16), np.array(turn_y(s * math.degrees(1.35 * r / z)) @ shift(z=z - 0.05)) @ scaled(0.7 * r, 1.0 * r, 0.3 * r)), gold)
        if o.get("bead rim"):
            edge = circle(r * 1.9, 36) * ((1, 1.3) if "oval" in cut else (1, 1))
            merged(m, sphere(8), gold, np.array([np.array(shift(x, y, z + 0.3 * r)) @ scaled(r * 0.14) for x, y in edge]), at=Matrix.Identity(4))
    elif head == "signet":
        outline = [(math.cos(t) * r * 1.3, math.sin(t) * r * o.get("long", 1.5)) for t in np.linspace(0, 2 * math.pi, 40, endpoint=False)]
        if o.get("square"):
            outline = rounded_rectangle(r * 2.5, r * 2.5 * o.get("long", 1.2), r * 0.3, 4)
        m.prism(outline, 0.3, gold, shift(z=z - 0.02), bevel=0.04)
        if o.get("letter"):
            m.text(o["letter"], r * 1.8, metal(palette, o.get("metal2", "black")), shift(z=z + 0.135) @ quarter, depth=0.012)
        elif o.get("inlaid"):
            m.prism([(x * 0.8, y * 0.8) for x, y in outline], 0.1, gem(palette, name), shift(z=z + 0.105), bevel=0.01)
    elif head == "pearl":
        merged(m, sphere(32), gem(palette, o.get("pearl", "white pearl")), at=shift(z=z + r * 1.2) @ Matrix.Scale(r * 1.3, 4))
        m.lathe(soften([(0.05, -0.1), (r * 0.5, 0.0), (r * 0.85, 0.16 * r + 0.1)], 0.02), gold, shift(z=z), n=32)
    elif head == "toi et moi":
        for s, g, c in ((-1, name, cut), (1, accent, "pear")):
            set_stone(m, palette, gold, g, c, r, shift(x=s * r * 0.85, y=s * r * 0.7, z=lift) @ turn_z(30), rim)
    elif head == "shape":
        outline = plate(o.get("shape", "heart"), r * 2.0)
        m.prism(outline, 0.12, gold, shift(z=z + 0.05) @ quarter, bevel=0.02)
    elif head == "open shape":
        outline = np.array(plate(o.get("shape", "heart"), r * 2.4))
        merged(m, pipe(np.column_stack([outline, np.full(len(outline), z + 0.03)]), 0.06, 8, True, up=np.array([0, 0, 1.0])), gold)


def plate(kind: str, size: float, n: int = 72) -> list[tuple[float, float]]:
    """The outline of a flat charm, about `size` high, its top at +y: heart, star, cross, drop, leaf, moon, disc, hexagon, bar, clover, square, wing."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    if kind == "heart":
        x, y = 16 * s**3 / 34, (13 * c - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 34
        x, y = x[::-1], y[::-1]
    elif kind == "star":
        k = np.arange(10)
        r = np.where(k % 2 == 0, 0.52, 0.23)
        return soften(
            [(float(size * q * math.sin(-b)), float(size * q * math.cos(b))) for q, b in zip(r, k * math.pi / 5, strict=True)], size * 0.03, 3, closed=True
        )
    elif kind == "cross":
        a, b, up = 0.1 * size, 0.32 * size, 0.5 * size
        return soften(
            [
                (a, -up),
                (a, 0.06 * size),
                (b, 0.06 * size),
                (b, 0.26 * size),
                (a, 0.26 * size),
                (a, up),
                (-a, up),
                (-a, 0.26 * size),
                (-b, 0.26 * size),
                (-b, 0.06 * size),
                (-a, 0.06 * size),
                (-a, -up),
            ],
            0.02 * size,
            2,
            closed=True,
        )
    elif kind == "drop":
        x, y = 0.36 * c * (1 - s) ** 0.6 * 0.9, 0.5 * s
    elif kind == "leaf":
        x, y = 0.24 * np.sign(c) * np.abs(c) ** 1.3, 0.5 * s
    elif kind == "moon":
        k = n // 2
        o, i = np.linspace(0.6, 2 * math.pi - 0.6, k), np.linspace(2 * math.pi - 0.75, 0.75, n - k)
        x = np.concatenate([0.5 * np.cos(o), 0.13 + 0.4 * np.cos(i)])
        y = np.concatenate([0.5 * np.sin(o), 0.4 * np.sin(i)])
    elif kind == "hexagon":
        return soften([(float(size * 0.5 * math.sin(-b)), float(size * 0.5 * math.cos(b))) for b in np.arange(6) * math.pi / 3], size * 0.03, 2, closed=True)
    elif kind == "bar":
        return rounded_rectangle(size * 0.16, size, size * 0.05, 3)
    elif kind == "square":
        return rounded_rectangle(size * 0.75, size * 0.95, size * 0.08, 3)
    elif kind == "clover":
        r = 0.32 + 0.17 * np.abs(np.cos(2 * t))
        x, y = r * c, r * s
    elif kind == "wing":
        r = 0.36 + 0.14 * np.abs(np.sin(3 * t)) * (s > -0.3)
        x, y = 0.8 * r * c, r * s * 1.1
    else:
        x, y = 0.5 * c, 0.5 * s
    return [(float(size * a), float(size * b)) for a, b in zip(x, y, strict=True)]


def ring(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A ring from its options: `surface` and `profile` of the band, `head`, stones, sizes in cm (`stone_mm` in mm)."""
    o = {
        "inner": 0.87,
        "width": 0.3,
        "thick": 0.17,
        "taper": 0.0,
        "surface": "plain",
        "profile": "court",
        "head": "none",
        "gem": "diamond",
        "cut": "brilliant",
        "accent": "diamond",
        "stone_mm": 5.0,
    } | o
    gold = metal(palette, metal_name)
    band_of(m, palette, gold, o)
    head_of(m, palette, gold, o)


def stacked(m: Maker, palette: Palette, metal_name: str, pose: str, bands: tuple[dict[str, Any], ...] = ({}, {}), heap: bool = False) -> None:
    """Two to four rings sold as one: side by side on one finger, or lying in a small heap."""
    y = 0.0
    for k, o in enumerate(bands):
        part = Maker(f"part {k}")
        ring(part, palette, o.get("metal", metal_name), pose, **{q: v for q, v in o.items() if q != "metal"})
        at = shift(y=y) @ turn_y(o.get("roll", 0.0))
        if heap:
            at = turn_x(-90) @ shift(x=0.9 * k + 0.1, y=(0.25 + 0.2 * k), z=0.55 * (-1) ** k) @ turn_x(9.0 * k)
        for ob in part.objects:
            ob.parent = m.root
            ob.matrix_local = at @ ob.matrix_local
        m.objects += part.objects
        y += (o.get("width", 0.3) + bands[(k + 1) % len(bands)].get("width", 0.3)) / 2 + 0.02


def open_band(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """An open ring, cuff or torque with a gap; ends plain, balls, stones or flared. Round, oval; flat, round or twisted section."""
    o = {"inner": 2.9, "oval": 0.8, "width": 0.5, "thick": 0.2, "gap": 50.0, "profile": "flat", "ends": "plain", "gem": "diamond"} | o
    gold = metal(palette, metal_name)
    path = hoop(o["inner"], 200, o["oval"], gap=o["gap"])
    w, d = o["width"], o["thick"]
    if o["profile"] == "twisted":
        a = np.linspace(0, 2 * math.pi * o.get("turns", 24), 200)
        n = np.linspace(0, 199, 900)
        i = np.minimum(n.astype(int), 198)
        fine = path[i] * (1 - (n - i))[:, None, None] + path[i + 1] * (n - i)[:, None, None]
        a = np.linspace(0, 2 * math.pi * o.get("turns", 24), 900)
        merged(
            m,
            joined(
                *(
                    pipe(fine[:, :3, 3] + w * 0.25 * (np.cos(a + q)[:, None] * fine[:, :3, 0] + np.sin(a + q)[:, None] * fine[:, :3, 2]), w * 0.25, 7)
                    for q in (0, math.pi)
                )
            ),
            gold,
        )
    elif o["profile"] == "wires":
        count = o.get("wires", 3)
        lines = []
        for k in range(count):
            y = (k - (count - 1) / 2) * w / max(1, count - 1)
            lines.append(pipe(path[:, :3, 3] + y * np.cos(np.linspace(-1.4, 1.4, 200))[:, None] * path[:, :3, 0], min(d, w / count) * 0.4, 7))
        merged(m, joined(*lines), gold)
    else:
        grow = 1 + o.get("flare", 0.0) * np.cos(np.linspace(-math.pi, math.pi, 200) / 2) ** 2
        section = profile(o["profile"], 1.0, 1.0)[None] * np.stack([w * grow, np.full(200, d)], -1)[:, None]
        merged(m, swept(path, section), gold)
    tip = min(max(w, d), 2.2 * d)  # what sits on an end stays in proportion on a broad cuff
    for end in (0, -1):
        at = Matrix(path[end])
        if o["ends"] == "balls":
            merged(m, moved(sphere(20), path[end] @ np.array(shift(z=d / 2)) @ scaled(tip * 0.62)), gold)
        elif o["ends"] == "stones":
            set_stone(m, palette, gold, o["gem"], o.get("cut", "brilliant"), tip * 0.5, at @ shift(z=d), "bezel")
        elif o["ends"] == "caps":
            m.lathe(soften([(0, -0.12), (tip * 0.62, -0.12), (tip * 0.62, 0.12), (0, 0.12)], 0.04), gold, at @ shift(z=d / 2) @ turn_x(90), n=24)


def round_bangle(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A closed bangle: everything a ring's band can be, at wrist size, with hinge and clasp where asked for; or several thin ones together."""
    o = {
        "inner": 3.0,
        "width": 0.6,
        "thick": 0.25,
        "taper": 0.0,
        "surface": "plain",
        "profile": "court",
        "accent": "diamond",
        "oval": 0.85,
        "count": 1,
        "head": "none",
        "gem": "onyx",
        "cut": "cabochon",
        "stone_mm": 9.0,
    } | o
    gold = metal(palette, metal_name)
    for k in range(o["count"]):
        part = Maker("bangle part")
        band_of(part, palette, gold, o)
        if o["head"] != "none":
            scale = o["oval"]
            head_of(part, palette, gold, o | {"inner": o["inner"] * scale})
        tilt = turn_x(o.get("fan", 5.0) * (k % 3 - 1)) @ turn_y(7.0 * k) if o["count"] > 1 else Matrix.Identity(4)
        for ob in part.objects:
            ob.parent = m.root
            ob.matrix_local = shift(y=k * (o["width"] + 0.06)) @ tilt @ ob.matrix_local
        m.objects += part.objects
    if o.get("hinge"):
        x, w = o["inner"] + o["thick"] * 0.4, o["width"]
        for s in (-1, 1):
            m.lathe(
                soften([(0, -w * 0.55), (o["thick"] * 0.55, -w * 0.55), (o["thick"] * 0.55, w * 0.55), (0, w * 0.55)], 0.03),
                gold,
                shift(x=s * x) @ turn_x(90),
                n=24,
            )
        loop = [(o["inner"] + o["thick"] + 0.3 + 0.22 * math.cos(t), w * 0.5 * math.sin(t), 0.1) for t in np.linspace(0, 2 * math.pi, 30, endpoint=False)]
        if o.get("guard"):
            merged(m, pipe(np.array(loop), 0.045, 6, True), gold)
