"""Random chains, necklaces, bracelets and pendants. Needs `bpy`. Laid flat in x, y; `posed` stands or hangs them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker, rounded_rectangle, shift, soften, turn_x, turn_y, turn_z
from imaging.training.gems import Shape, circle, frames, gem, joined, merged, metal, moved, pipe, scaled, set_stone, sphere, stone, swept
from imaging.training.layouts import evenly, laid, risen
from imaging.training.materials import Palette
from imaging.training.rings import plate

UP = np.array([0.0, 0.0, 1.0])


def _oval(long: float, wide: float, wire: float, square: float = 1.0, twist: float = 0.0, n: int = 20, sides: int = 7, flat: float = 1.0) -> Shape:
    """A closed link in x (across), y (along), bent out of plane by `twist`."""
    b = np.linspace(0, 2 * math.pi, n, endpoint=False)
    c, s = np.cos(b), np.sin(b)
    p = np.column_stack(
        [(wide / 2 - wire) * np.sign(c) * np.abs(c) ** square, (long / 2 - wire) * np.sign(s) * np.abs(s) ** square, twist * np.sin(2 * b + 0.5)]
    )
    return pipe(p, wire, sides, True, up=UP, flat=flat)


def _turns(angles: Array, axis: str = "y") -> Array:
    c, s = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    out = np.tile(np.eye(4), (len(c), 1, 1))
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    out[:, i, i], out[:, j, j], out[:, i, j], out[:, j, i] = c, c, -s, s
    return out


def chain(
    m: Maker,
    palette: Palette,
    gold: Any,
    path: Array,
    style: str,
    wire: float,
    up: Array | None = None,
    closed: bool = False,
    seed: int = 0,
    gems: tuple[str, ...] = ("white pearl",),
) -> None:
    """Covers a path with links of a style; `wire` is the radius of the wire and sets the scale."""
    rng = np.random.default_rng(seed)
    up = UP if up is None else up

    def at(pitch: float, even: bool = False) -> tuple[Array, float]:
        p, step = evenly(path, pitch, even)
        if not callable(up):
            return frames(p, up, closed), step
        return frames(p, up(p), closed), step

    if style in ("cable", "paperclip", "belcher", "oval"):
        long, wide = {"cable": (7.0, 5.4), "paperclip": (13.0, 5.2), "belcher": (6.2, 6.0), "oval": (9.0, 6.0)}[style]
        f, _ = at((long - 2.4) * wire, closed)
        roll = np.where(np.arange(len(f)) % 2 == 0, 45, -45) + rng.normal(0, 7, len(f))
        merged(m, _oval(long * wire, wide * wire, wire, 0.8 if style == "paperclip" else 1.0), gold, f @ _turns(roll))
    elif style in ("curb", "figaro", "flat curb"):
        wide = 6.4
        if style == "figaro":
            shorts, longs = [], []
            f, step = at(2.35 * wire)
            k = 0
            while k < len(f) - 2:
                for _ in range(3):
                    if k < len(f) - 2:
                        shorts.append(f[k])
                        k += 1
                if k < len(f) - 2:
                    longs.append(f[min(k + 1, len(f) - 1)])
                    k += 3
            tilt = _turns(np.array([14.0]), "y")[0] @ _turns(np.array([22.0]), "z")[0]
            merged(m, _oval(6.6 * wire, wide * wire, wire, 1.0, 0.9 * wire), gold, np.array(shorts) @ tilt)
            merged(m, _oval(11.5 * wire, wide * wire, wire, 0.9, 0.7 * wire), gold, np.array(longs) @ _turns(np.array([6.0]), "z")[0])
        else:
            f, step = at(3.0 * wire)
            tilt = _turns(np.array([14.0]), "y")[0] @ _turns(np.array([24.0]), "z")[0]
            merged(m, _oval(7.4 * wire, wide * wire, wire, 1.0, 1.1 * wire, flat=0.7 if style == "flat curb" else 1.0), gold, f @ tilt)
    elif style == "rope":
        p, step = evenly(path, wire * 0.5)
        f = frames(p, up(p) if callable(up) else up, closed)
        a = np.arange(len(p)) * step / (wire * 7.0) * 2 * math.pi
        parts = []
        for q in range(3):
            b = a + 2 * math.pi * q / 3
            parts.append(
                pipe(p + 1.1 * wire * (np.cos(b)[:, None] * f[:, :3, 0] + np.sin(b)[:, None] * f[:, :3, 2]), wire * (1 + 0.12 * np.sin(9 * b)), 6, closed)
            )
        merged(m, joined(*parts), gold)
    elif style == "box":
        f, _ = at(3.4 * wire, closed)
        roll = np.where(np.arange(len(f)) % 2 == 0, 45, -45)
        link = swept(
            frames(np.array([(x, y, 0) for x, y in rounded_rectangle(3.4 * wire, 4.0 * wire, 0.6 * wire, 2)]), UP, True),
            np.array(rounded_rectangle(wire, 2.6 * wire, 0.3 * wire, 1)),
            True,
        )
        merged(m, link, gold, f @ _turns(roll))
    elif style in ("snake", "omega", "herringbone"):
        p, step = evenly(path, wire * 0.55)
        f = frames(p, up(p) if callable(up) else up, closed)
        k = np.arange(len(p))
        if style == "snake":
            shape = swept(f, circle(1.0, 10)[None] * (2.2 * wire * (1 - 0.13 * (k % 4 == 0)))[:, None, None], closed)
        else:
            section = np.array(rounded_rectangle(7.0 * wire, 1.5 * wire, 0.6 * wire, 2))
            shape = swept(f, section[None] * (1 - 0.08 * (k % 4 == 0))[:, None, None] * np.array([1.0, 1.0]), closed)
        merged(m, shape, gold)
    elif style in ("ball", "satellite"):
        if style == "ball":
            f, _ = at(4.2 * wire)
            merged(m, sphere(12), gold, f @ scaled(1.9 * wire))
            merged(m, pipe(evenly(path, 2 * wire)[0], wire * 0.5, 5, closed), gold)
        else:
            chain(m, palette, gold, path, "cable", wire * 0.7, up, closed, seed)
            f, _ = at(wire * rng.uniform(25, 50))
            merged(m, sphere(14), gold, f @ scaled(3.2 * wire))
    elif style in ("pearls", "beads", "chips"):
        size = wire * rng.uniform(3.0, 5.0)
        f, step = at(2.06 * size)
        names = gems if style != "pearls" else gems[:1]
        pick = rng.integers(0, len(names), len(f)) if style != "pearls" and rng.random() < 0.6 else np.arange(len(f)) % len(names)
        grow = np.clip(rng.normal(1, 0.03 if style == "pearls" else 0.09, len(f)), 0.8, 1.0)[:, None, None]
        shape = sphere(22) if style != "chips" else (sphere(8)[0] * np.random.default_rng(seed).uniform(0.72, 1.08, (len(sphere(8)[0]), 1)), sphere(8)[1])
        for k, name in enumerate(names):
            if (pick == k).any():
                scale = np.tile(np.eye(4), (len(f), 1, 1))
                scale[:, :3, :3] *= size * grow
                merged(m, shape, gem(palette, name), (f @ scale)[pick == k], smooth=style != "chips")
        merged(m, pipe(evenly(path, size)[0], max(0.012, wire * 0.3), 5, closed), palette.plain((0.6, 0.58, 0.52), 0.8))
        if rng.random() < 0.4:
            merged(m, sphere(10), gold, (f @ np.array(shift(y=step / 2)) @ scaled(size * 0.28))[:: int(rng.choice([1, 3, 6]))])
    elif style == "tennis":
        size = wire * 3.2
        f, _ = at(2.25 * size)
        cut = str(rng.choice(["brilliant", "princess", "oval", "emerald"]))
        merged(m, stone(cut), gem(palette, gems[0], small=True), f @ np.array(shift(z=0.25 * size)) @ scaled(size * 0.9), smooth=False)
        wall = pipe(np.column_stack([circle(0.98 * size, 16), np.full(16, 0.0)]), 0.22 * size, 6, True, up=UP, flat=1.6)
        pins = [moved(sphere(6), np.array(shift(size * 0.8 * x, size * 0.8 * y, 0.35 * size)) @ scaled(0.2 * size)) for x in (-1, 1) for y in (-1, 1)]
        bar = moved(sphere(8), np.array(shift(y=1.12 * size, z=-0.15 * size)) @ scaled(0.4 * size, 0.35 * size, 0.25 * size))
        merged(m, joined(wall, *pins, bar), gold, f)
    elif style == "panels":
        size = wire * 6.0
        f, _ = at(2.3 * size)
        kind = str(rng.choice(["disc", "clover", "heart", "hexagon", "leaf", "square"]))
        o = np.array(plate(kind, 2 * size))
        frame = pipe(np.column_stack([o, np.zeros(len(o))]), wire * 0.8, 6, True, up=UP)
        parts = [frame]
        if rng.random() < 0.5:
            parts.append(moved(frame, scaled(0.55, 0.55, 1.0)))
        merged(m, joined(*parts), gold, f @ _turns(np.full(len(f), 90.0 if kind in ("leaf", "square") else 0.0), "z"))
        joint = _oval(1.1 * size, 0.5 * size, wire * 0.6, n=14)
        merged(m, joint, gold, f @ np.array(shift(y=1.15 * size)) @ _turns(np.array([55.0]))[0])
        if rng.random() < 0.5:
            merged(m, stone("brilliant"), gem(palette, gems[0], small=True), f @ np.array(shift(z=wire)) @ scaled(size * 0.32), smooth=False)
    else:  # mesh: three snakes side by side
        p, _ = evenly(path, wire * 0.7)
        f = frames(p, up(p) if callable(up) else up, closed)
        parts = []
        for q in (-2, -1, 0, 1, 2):
            b = np.arange(len(p)) * 1.3
            line = p + (q * 1.5 * wire + 0.35 * wire * np.cos(b + q * 3.14))[:, None] * f[:, :3, 0] + (0.35 * wire * np.sin(b))[:, None] * f[:, :3, 2]
            parts.append(pipe(line, wire * 0.75, 5, closed))
        merged(m, joined(*parts), gold)


def clasp(m: Maker, gold: Any, at: Matrix, size: float, kind: str) -> None:
    """A "lobster", "ring" (bolt ring), "toggle", "box" or "magnet" clasp of about `size` cm."""
    s = size
    if kind == "lobster":
        b = np.linspace(0.3, 2 * math.pi - 0.1, 24)
        body = pipe(np.column_stack([0.3 * s * np.cos(b), 0.55 * s * np.sin(b) + 0.2 * s, np.zeros(24)]), s * np.linspace(0.16, 0.09, 24), 8)
        merged(m, joined(body, moved(_oval(0.5 * s, 0.45 * s, 0.07 * s), np.array(shift(y=-0.6 * s)))), gold, at=at)
    elif kind == "ring":
        merged(m, joined(_oval(0.95 * s, 0.95 * s, 0.09 * s), moved(_oval(0.5 * s, 0.45 * s, 0.07 * s), np.array(shift(y=-0.65 * s)))), gold, at=at)
    elif kind == "toggle":
        bar = pipe(np.array([(-0.8 * s, 0.9 * s, 0.12 * s), (0.8 * s, 0.9 * s, 0.12 * s)]), 0.09 * s, 8)
        merged(m, joined(_oval(1.3 * s, 1.3 * s, 0.1 * s, n=32), bar), gold, at=at)
    else:
        m.block((0.55 * s, 1.1 * s, 0.35 * s), gold, at, bevel=0.08 * s)


def loop_of(m: Maker, gold: Any, radius: float, wire: float, at: Matrix) -> None:
    """A jump ring standing across the way of the chain: its hole looks along x."""
    a = np.linspace(0, 2 * math.pi, 22, endpoint=False)
    merged(m, pipe(np.column_stack([np.zeros(22), radius * np.cos(a), radius * np.sin(a)]), wire, 7, True), gold, at=at)


def charm(m: Maker, palette: Palette, gold: Any, kind: str, size: float, at: Matrix, gem_name: str = "diamond", seed: int = 0) -> None:
    """A hanging piece `size` cm high below the origin of `at` (towards -y), facing z, with its own eye."""
    rng = np.random.default_rng(seed)
    s = size
    wire = max(0.03, 0.045 * s)
    loop_of(m, gold, max(0.07, 0.1 * s), wire * 0.7, at @ shift(y=-0.05 * s))
    middle = at @ shift(y=-s * {"rings": 0.49, "karma": 0.61, "bars": 0.55, "pearl": 0.62, "locket": 0.58}.get(kind, 0.6))
    if kind in ("heart", "star", "cross", "drop", "leaf", "moon", "disc", "hexagon", "bar", "clover", "square", "wing"):
        o = np.array(plate(kind, s))
        if rng.random() < 0.35 and kind not in ("bar", "cross"):  # an outline one looks through
            merged(m, pipe(np.column_stack([o, np.zeros(len(o))]), 0.05 * s, 8, True, up=UP), gold, at=middle)
            if rng.random() < 0.4:
                set_stone(m, palette, gold, gem_name, "brilliant", 0.12 * s, middle @ shift(y=0.0, z=0.02), "bezel")
        else:
            m.prism([tuple(q) for q in o], 0.09 * s, gold, middle, bevel=0.02 * s)
            if rng.random() < 0.4:
                for k in range(int(rng.integers(1, 6))):
                    q = o[int(k * len(o) / 5)] * 0.45
                    merged(m, stone("brilliant"), gem(palette, gem_name, True), at=middle @ shift(*q, 0.05 * s) @ Matrix.Scale(0.07 * s, 4), smooth=False)
    elif kind == "locket":
        for z in (-0.06, 0.06):
            m.lathe(
                soften([(0, 0.08 * s * np.sign(z)), (0.3 * s, 0.06 * s * np.sign(z)), (0.47 * s, 0), (0, 0)], 0.02 * s),
                gold,
                middle @ shift(z=z * s) @ Matrix.Diagonal((0.85, 1.0, 1, 1)),
                n=64,
            )
        a = np.linspace(0, 2 * math.pi, 48, endpoint=False)
        merged(m, pipe(np.column_stack([0.33 * s * np.cos(a), 0.4 * s * np.sin(a), np.full(48, 0.12 * s)]), 0.018 * s, 5, True), gold, at=middle)
    elif kind in ("letter", "name"):
        word = "".join(rng.choice(list("ABCDEFGHJKLMNRSTVW"), 1)) if kind == "letter" else str(rng.choice(["Mia", "Love", "Ella", "Zoe", "Anna"]))
        m.text(word, s * (1.1 if kind == "letter" else 0.8), gold, middle, depth=0.05 * s)
    elif kind == "karma":
        merged(m, pipe(np.column_stack([circle(0.45 * s, 48), np.zeros(48)]), 0.07 * s, 10, True), gold, at=middle)
    elif kind == "rings":
        for x, y in ((-0.15, 0.1), (0.15, -0.1)):
            merged(
                m,
                moved(pipe(np.column_stack([circle(0.3 * s, 40), np.zeros(40)]), 0.04 * s, 8, True), np.array(turn_y(12))),
                gold,
                at=middle @ shift(x * s, y * s, 0),
            )
    elif kind == "halo":
        set_stone(m, palette, gold, gem_name, str(rng.choice(["brilliant", "oval", "pear", "emerald"])), 0.28 * s, middle, "claws")
        pick = circle(0.44 * s, 20)
        merged(m, pipe(np.column_stack([circle(0.44 * s, 40), np.full(40, -0.05 * s)]), 0.05 * s, 6, True), gold, at=middle)
        merged(
            m,
            stone("brilliant"),
            gem(palette, "diamond", True),
            np.array([np.array(shift(x, y, 0)) @ scaled(0.06 * s) for x, y in pick]),
            at=middle,
            smooth=False,
        )
    elif kind == "pearl":
        merged(m, sphere(32), gem(palette, gem_name), at=middle @ Matrix.Scale(0.42 * s, 4))
        m.lathe(soften([(0, 0.08), (0.12, 0.05), (0.2, -0.05)], 0.02), gold, middle @ shift(y=0.42 * s) @ turn_x(-90) @ Matrix.Scale(s, 4), n=24)
    elif kind == "tassel":
        lines = [pipe(np.array([(0, 0.4 * s, 0), (x * 0.3, 0.2 * s, z * 0.5), (x, -0.5 * s, z)]), 0.02 * s, 4) for x, z in rng.normal(0, 0.09 * s, (12, 2))]
        merged(m, joined(*lines, moved(sphere(14), np.array(shift(y=0.42 * s)) @ scaled(0.12 * s))), gold, at=middle)
    elif kind == "bars":
        for k in range(3):
            merged(m, pipe(np.array([((k - 1) * 0.14 * s, 0.45 * s, 0), ((k - 1) * 0.16 * s, (-0.3 - 0.15 * (k == 1)) * s, 0)]), 0.03 * s, 6), gold, at=middle)
    else:  # a stone
        cut = kind if kind in ("oval", "pear", "marquise", "emerald", "cushion", "cabochon", "oval cabochon", "pear cabochon") else "brilliant"
        set_stone(m, palette, gold, gem_name, cut, 0.36 * s, middle, str(rng.choice(["bezel", "bezel", "claws"])))


def necklace(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A chain in a layout, with a pendant and clasp where asked for. `size` cm across, `wire` the radius of the wire."""
    o = {
        "style": "cable",
        "layout": "drop",
        "size": 9.0,
        "wire": 0.05,
        "pendant": "",
        "pendant_cm": 1.4,
        "gem": "diamond",
        "gems": ("white pearl",),
        "clasp": "lobster",
        "seed": 0,
        "strands": 1,
    } | o
    gold = metal(palette, metal_name)
    closed = o["layout"] in ("drop", "ring", "oval", "bean", "double")
    thick = o["wire"] * {"pearls": 8, "beads": 8, "chips": 8, "tennis": 4, "panels": 3}.get(o["style"], 5)
    for k in range(o["strands"]):
        path = laid(o["layout"], o["size"] * (1 - 0.16 * k), o["seed"])
        if pose != "hanging":
            path = risen(path, thick, closed)
        if k:
            path[:, 1] += 0.08 * o["size"] * k
        gap = max(2, int(0.006 * len(path))) if closed else 1
        keep = np.roll(path, len(path) // 2, 0)[gap:-gap] if closed and o["layout"] != "double" else path[gap:-gap]
        chain(m, palette, gold, keep, o["style"], o["wire"], seed=o["seed"] + k, gems=o["gems"])
        if o["clasp"] and closed:
            end = keep[0]
            clasp(m, gold, shift(*end) @ turn_z(90), max(0.35, 6 * o["wire"]), o["clasp"])
    if o["pendant"]:
        low = path[0] if closed else path[len(path) // 2]
        z = low[2] if pose != "hanging" else 0.0
        loop_of(m, gold, thick * 0.5 + 0.09, 0.03 + 0.1 * o["wire"], shift(low[0], low[1] - 0.06, z))
        charm(
            m,
            palette,
            gold,
            o["pendant"],
            o["pendant_cm"],
            shift(low[0], low[1] - 0.12 - thick * 0.4, z if pose == "hanging" else max(0.1, z)),
            o["gem"],
            o["seed"],
        )


def bracelet(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A bracelet closed to a loop (or laid open), its face up or outwards, with clasp and charms."""
    o = {
        "style": "curb",
        "layout": "oval",
        "size": 6.2,
        "wire": 0.08,
        "outward": True,
        "clasp": "lobster",
        "charms": (),
        "gems": ("white pearl",),
        "gem": "diamond",
        "seed": 0,
        "extender": False,
    } | o
    gold = metal(palette, metal_name)
    closed = o["layout"] in ("ring", "oval", "bean")
    path = laid(o["layout"], o["size"], o["seed"])
    thick = o["wire"] * {"pearls": 8, "beads": 8, "chips": 8, "tennis": 4}.get(o["style"], 5)
    path = risen(path, thick, closed)
    middle = path.mean(0)
    up: Any = UP
    if closed and o["outward"]:

        def up(p: Array) -> Array:
            out = p - middle
            out[:, 2] = 0
            return out

    path = np.roll(path, len(path) // 2, 0)
    keep = path[5:-5] if closed else path
    chain(m, palette, gold, keep, o["style"], o["wire"], up, False, o["seed"], o["gems"])
    if o["clasp"]:
        clasp(m, gold, shift(*keep[0]) @ turn_z(90), max(0.5, 6 * o["wire"]), o["clasp"])
    if o["extender"]:
        tail = np.column_stack([np.linspace(0.2, 2.2, 40), 0.15 * np.sin(np.linspace(0, 3, 40)), np.zeros(40)]) + keep[0]
        chain(m, palette, gold, tail, "cable", 0.04)
    for k, kind in enumerate(o["charms"]):
        i = int((k + 0.5) / len(o["charms"]) * len(keep))
        out = keep[i] - middle
        angle = math.degrees(math.atan2(out[1], out[0])) + 90
        charm(m, palette, gold, kind, 1.1, shift(*(keep[i] + out / np.linalg.norm(out) * 0.1 * np.array([1, 1, 0]))) @ turn_z(angle), o["gem"], o["seed"] + k)
