"""Random earrings, brooches, loose stones and cufflinks. Needs `bpy`.

One earring is built upright: z up, its face towards -y, its top at the origin. `_both` makes the pair, standing (hanging) or lying face up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from mathutils import Matrix

from imaging.training.chains import UP, chain, charm, loop_of
from imaging.training.forms import Maker, shift, soften, turn_x, turn_y, turn_z
from imaging.training.gems import CUTS, circle, frames, gem, joined, merged, metal, moved, pipe, scaled, set_stone, sphere, stone, swept
from imaging.training.materials import Palette
from imaging.training.rings import plate, profile

Build = Callable[[Matrix], None]
FRONT = turn_x(90)  # what is drawn in x, y and faces z then stands in x, z and faces -y


def _both(m: Maker, build: Build, pose: str, o: dict[str, Any]) -> None:
    """Sets the pair (or one) down: "hanging" and "standing" upright, "lying" on their backs, each a little its own way."""
    m.root["lying"] = pose == "lying"  # for what is put behind or under them
    for k in range(o.get("count", 2)):
        side = k * 2 - 1 if o.get("count", 2) == 2 else 0
        turn = o.get("turns", (8.0, -11.0))[k]
        at = shift(x=side * o.get("apart", 1.2), y=side * o.get("askew", 0.0))
        at = at @ turn_z(turn) @ turn_x(-90 + o.get("lift", 0.0)) if pose == "lying" else at @ turn_z(turn * o.get("swing", 1.0))
        build(at)


def _hook(m: Maker, gold: Any, at: Matrix, kind: str, size: float = 1.0) -> None:
    """What goes through the ear, from the origin up: "shepherd", "kidney", "lever", "post" (backwards, with butterfly), "clip"."""
    if kind == "post":
        merged(m, pipe(np.array([(0, 0, 0), (0, 1.05 * size, 0)]), 0.04, 6), gold, at=at)
        a = np.linspace(0, 2 * math.pi, 20, endpoint=False)
        for s in (-1, 1):
            merged(m, pipe(np.column_stack([s * (0.16 + 0.14 * np.cos(a)), 0.8 * size + 0.1 * np.sin(a), np.zeros(20)]), 0.03, 5, True, flat=3.0), gold, at=at)
        return
    b = np.linspace(math.pi * 1.02, -0.12 * math.pi, 26)
    if kind == "shepherd":
        bow = np.column_stack([np.zeros(26), 0.36 + 0.36 * np.cos(b), 0.75 + 0.38 * np.sin(b)])
        p = np.vstack([(0, 0, 0.0), (0, 0, 0.35), bow, (0, 0.82, 0.2), (0, 0.95, -0.25)])
    elif kind == "kidney":
        bow = np.column_stack([np.zeros(26), 0.34 + 0.4 * np.cos(b), 0.9 + 0.34 * np.sin(b)])
        p = np.vstack([(0, 0.1, -0.1), (0, -0.08, 0.1), (0, -0.08, 0.5), bow, (0, 0.76, 0.3), (0, 0.5, -0.12), (0, 0.2, -0.16)])
    else:
        bow = np.column_stack([np.zeros(26), 0.36 + 0.34 * np.cos(b), 0.55 + 0.32 * np.sin(b)])
        p = np.vstack([(0, 0, 0.0), bow, (0, 0.66, -0.05), (0, 0.3, -0.32), (0, 0.02, -0.02)])
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    fine = np.column_stack([np.interp(np.linspace(0, s[-1], 70), s, p[:, k]) for k in range(3)])
    for _ in range(4):
        fine[1:-1] = (fine[:-2] + 2 * fine[1:-1] + fine[2:]) / 4
    merged(m, pipe(fine * size, 0.04, 7), gold, at=at)


def studs(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """Studs: one stone, a ball, a pearl, a flower of stones, a plate; with post and butterfly."""
    o = {"kind": "stone", "gem": "diamond", "cut": "brilliant", "size": 0.35, "rim": "claws", "shape": "heart", "seed": 0} | o
    gold = metal(palette, metal_name)
    r = o["size"]
    m.root["posts"] = True

    def build(at: Matrix) -> None:
        _hook(m, gold, at, "post")
        face = at @ FRONT
        if o["kind"] == "ball":
            merged(m, sphere(28), gold, at=at @ Matrix.Scale(r, 4))
        elif o["kind"] == "pearl":
            merged(m, sphere(32), gem(palette, "white pearl" if "pearl" not in o["gem"] else o["gem"]), at=at @ Matrix.Scale(r * 1.2, 4))
        elif o["kind"] == "flower":
            set_stone(m, palette, gold, o["gem"], "brilliant", r * 0.4, face @ shift(z=r * 0.2), "bezel")
            for k in range(6):
                set_stone(
                    m, palette, gold, o.get("accent", "diamond"), o.get("petal", "brilliant"), r * 0.36, face @ turn_z(60 * k) @ shift(y=r * 0.85), "claws"
                )
        elif o["kind"] == "plate":
            m.prism(plate(o["shape"], 2 * r), 0.08, gold, face, bevel=0.02)
        elif o["kind"] == "outline":
            p = np.array(plate(o["shape"], 2.4 * r))
            merged(m, pipe(np.column_stack([p, np.zeros(len(p))]), 0.05, 8, True, up=UP), gold, at=face)
        elif o["kind"] == "knot":
            a = np.linspace(0, 2 * math.pi, 120, endpoint=False)
            p = np.column_stack([np.sin(a) + 2 * np.sin(2 * a), np.cos(a) - 2 * np.cos(2 * a), -np.sin(3 * a)]) * r / 2.6
            merged(m, pipe(p, r * 0.17, 9, True), gold, at=face)
        else:
            set_stone(m, palette, gold, o["gem"], o["cut"], r, face @ shift(z=r * 0.35), o["rim"])

    _both(m, build, pose, {"apart": r * 2.0 + 0.3} | o)


def hoop_pair(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """Hoops of every thickness: round, oval, flat, twisted, set with stones, open half hoops, with a charm inside the ring."""
    o = {
        "radius": 1.2,
        "thick": 0.16,
        "width": 0.2,
        "profile": "round",
        "surface": "plain",
        "oval": 1.0,
        "gap": 0.0,
        "taper": 0.5,
        "gem": "diamond",
        "charm": "",
        "seed": 0,
    } | o
    gold = metal(palette, metal_name)
    r, n = o["radius"], 140

    def build(at: Matrix) -> None:
        open_ = math.radians(o["gap"]) / 2
        a = np.linspace(open_, 2 * math.pi - open_, n, endpoint=bool(o["gap"]))
        # the hole looks along x when hanging; a hoop is seen from its side
        out = np.column_stack([np.sin(a), np.zeros(n), np.cos(a)])
        path = frames(out * (r, 1, r * o["oval"]), out, not o["gap"])
        grow = 1 - o["taper"] * (1 + np.cos(a)) / 2
        hang = at @ shift(z=-r * o["oval"])
        if o["surface"] == "twisted":
            parts = [
                pipe(
                    path[:, :3, 3] + o["thick"] * 0.45 * (np.cos(10 * a + q)[:, None] * path[:, :3, 0] + np.sin(10 * a + q)[:, None] * path[:, :3, 2]),
                    o["thick"] * 0.4,
                    7,
                    not o["gap"],
                )
                for q in (0, math.pi)
            ]
            merged(m, joined(*parts), gold, at=hang)
        elif o["surface"] == "beads":
            count = int(2 * math.pi * r / (o["thick"] * 1.5))
            pick = np.linspace(0, n - 1, count, endpoint=False).astype(int)
            merged(m, sphere(12), gold, path[pick] @ scaled(o["thick"] * 0.75), at=hang)
            merged(m, pipe(path[:, :3, 3], o["thick"] * 0.25, 6, not o["gap"]), gold, at=hang)
        else:
            section = profile(o["profile"], 1.0, 1.0)[None] * (np.array([o["width"], o["thick"]]) * grow[:, None])[:, None]
            merged(m, swept(path, section, not o["gap"]), gold, at=hang)
        if o["surface"] == "stones":
            size = min(o["width"] * 0.42, 0.11)
            turns = [math.degrees(k * 2.15 * size / r) for k in range(int(2 * math.pi * r / (2.15 * size)))]
            copies = [
                np.array(turn_y(t) @ shift(z=r + o["thick"] * (1 - o["taper"] * (1 + math.cos(math.radians(t))) / 2))) @ scaled(size)
                for t in turns
                if o["gap"] / 2 + 4 < t < 356 - o["gap"] / 2
            ]
            if o["oval"] == 1.0:
                merged(m, stone("brilliant"), gem(palette, o["gem"], True), np.array(copies), at=hang, smooth=False)
        if o["gap"]:
            _hook(m, gold, at @ turn_z(90), "post", 0.8)
        else:
            m.block((0.16, 0.16, 0.12), gold, at, bevel=0.03)
        if o["charm"]:
            charm(m, palette, gold, o["charm"], 0.9, hang @ shift(z=-r * o["oval"] - 0.05) @ FRONT, o["gem"], o["seed"])

    pair = {"apart": r * 1.25 + 0.2} | o
    if pose == "lying":  # on its side, the hole up
        _both(m, lambda at: build(at @ turn_x(o.get("tilt", 0.0))), "lying", pair)
    else:
        _both(m, build, "standing", pair)


def dangles(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """Drops on hooks or posts: a row of parts one under the other, on chain or links; "chandelier" spreads into a fan."""
    o = {"hook": "shepherd", "parts": ("stone",), "gem": "diamond", "gems": ("white pearl", "diamond"), "size": 0.9, "chain_cm": 0.0, "fan": 0, "seed": 0} | o
    gold = metal(palette, metal_name)

    def build(at: Matrix) -> None:
        _hook(m, gold, at @ turn_z(90) if pose == "lying" and o["hook"] != "post" else at, o["hook"])
        z = -0.05
        if o["hook"] == "post":
            set_stone(m, palette, gold, o["gem"], "brilliant", 0.22, at @ FRONT, "bezel")
            z = -0.25
        if o["chain_cm"]:
            strands = 1 if not o["fan"] else 3
            for q in range(strands):
                x = (q - (strands - 1) / 2) * 0.25
                long = o["chain_cm"] * (1 - 0.25 * abs(q - (strands - 1) / 2))
                chain(
                    m,
                    palette,
                    gold,
                    np.array(at)[:3, :3].dot(np.linspace((x * 0.3, 0, z), (x, 0, z - long), 50).T).T + np.array(at.translation),
                    str(o.get("style", "cable")),
                    0.028,
                    up=np.array(at)[:3, :3] @ np.array([0, -1.0, 0]),
                )
            z -= o["chain_cm"]
        for k, kind in enumerate(o["parts"]):
            size = o["size"] * (1 + 0.25 * k)
            charm(m, palette, gold, kind, size, at @ shift(z=z) @ FRONT, o["gems"][k % len(o["gems"])], o["seed"] + k)
            z -= size * 1.14 + 0.04
        if o["fan"]:
            p = np.array(plate(str(o.get("shape", "drop")), 1.6))
            merged(m, pipe(np.column_stack([p, np.zeros(len(p))]), 0.05, 7, True, up=UP), gold, at=at @ shift(z=z - 0.75) @ FRONT)
            for k in range(o["fan"]):
                t = (k - (o["fan"] - 1) / 2) / max(1, o["fan"] - 1)
                x, low = 1.3 * t, z - 1.45 + 0.5 * (2 * t) ** 2 * 0.4
                loop_of(m, gold, 0.07, 0.02, at @ shift(x, 0, low) @ FRONT)
                charm(m, palette, gold, str(o.get("tip", "pear")), 0.62, at @ shift(x, 0, low - 0.05) @ FRONT, o["gems"][k % len(o["gems"])], o["seed"])

    _both(m, build, pose, {"apart": 1.1 + 0.35 * bool(o["fan"])} | o)


def ear_cuff(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """Open cuffs of one to four wires, some with stones."""
    o = {"radius": 0.55, "wires": 2, "gem": "diamond", "stones": 3, "count": 1} | o
    gold = metal(palette, metal_name)

    def build(at: Matrix) -> None:
        a = np.linspace(0.4, 2 * math.pi - 0.4, 70)
        for k in range(o["wires"]):
            y = (k - (o["wires"] - 1) / 2) * 0.2
            p = np.column_stack([o["radius"] * np.sin(a), np.full(70, y), -o["radius"] * np.cos(a)])
            merged(m, pipe(p, 0.06, 8), gold, at=at)
            for end in (0, -1):
                merged(m, moved(sphere(12), np.array(shift(*p[end])) @ scaled(0.085)), gold, at=at)
        for k in range(o["stones"]):
            set_stone(m, palette, gold, o["gem"], "brilliant", 0.12, at @ turn_y((k - (o["stones"] - 1) / 2) * 30) @ shift(z=o["radius"] + 0.07), "bezel")

    _both(m, build, pose, {"apart": 0.9} | o)


def brooch(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A brooch, face up: "bar", "wreath", "spray", "bow", "flower", "cameo", with its pin behind."""
    o = {"kind": "wreath", "gem": "sapphire", "gems": ("diamond", "white pearl"), "size": 2.0, "seed": 0} | o
    gold, s = metal(palette, metal_name), o["size"]
    rng = np.random.default_rng(o["seed"])
    merged(m, pipe(np.array([(-0.8 * s, 0, -0.25), (0.85 * s, 0.02, -0.22)]), 0.035, 6), gold)
    if o["kind"] == "bar":
        m.block((2.4 * s, 0.2 * s, 0.1 * s), gold, bevel=0.04)
        for k in range(-2, 3):
            set_stone(m, palette, gold, o["gem"] if k % 2 == 0 else o["gems"][0], "brilliant", 0.14 * s, shift(x=0.4 * s * k, z=0.1 * s), "claws")
    elif o["kind"] == "wreath":
        merged(m, pipe(np.column_stack([circle(0.8 * s, 80), np.zeros(80)]), 0.06 * s, 8, True), gold)
        count = int(rng.integers(8, 18))
        for k in range(count):
            turn = turn_z(360 * k / count) @ shift(y=0.8 * s)
            if k % 2:
                m.prism(plate("leaf", 0.5 * s, 24), 0.05 * s, gold, turn @ shift(z=0.06 * s) @ turn_z(float(rng.uniform(-60, 60))) @ turn_x(12), bevel=0.01)
            else:
                set_stone(m, palette, gold, o["gems"][(k // 2) % len(o["gems"])], "cabochon", 0.13 * s, turn @ shift(z=0.12 * s), "bezel")
    elif o["kind"] == "spray":
        for k in range(7):
            angle = -60 + 20 * k
            long = s * float(rng.uniform(0.8, 1.2))
            bend = np.column_stack([0.15 * long * np.sin(np.linspace(0, 2, 20)), np.linspace(0, long, 20), 0.12 * np.sin(np.linspace(0, 3, 20))])
            merged(m, pipe(bend, 0.045 * s, 7), gold, at=turn_z(angle))
            tip = turn_z(angle) @ shift(*bend[-1]) @ shift(z=0.05)
            if k % 2:
                m.prism(plate("leaf", 0.75 * s, 24), 0.05, gold, tip @ turn_x(10), bevel=0.012)
            else:
                set_stone(m, palette, gold, o["gems"][k // 2 % len(o["gems"])], "brilliant", 0.16 * s, tip, "claws")
    elif o["kind"] == "bow":
        a = np.linspace(0, 2 * math.pi, 60, endpoint=False)
        for side in (-1, 1):
            p = np.column_stack([side * (0.62 - 0.6 * np.cos(a)) * s, 0.42 * np.sin(a) * s * (1 - np.cos(a)) / 2, 0.1 * np.sin(a)])
            merged(m, pipe(p, 0.05 * s, 8, True, flat=2.2), gold)
            merged(m, pipe(np.array([(0, 0, 0), (side * 0.3 * s, -0.5 * s, 0.03), (side * 0.5 * s, -0.95 * s, 0)]), 0.05 * s, 8, flat=2.2), gold)
        set_stone(m, palette, gold, o["gem"], "cushion", 0.2 * s, shift(z=0.14 * s), "bezel")
    elif o["kind"] == "flower":
        count = int(rng.integers(5, 9))
        for k in range(count):
            at = turn_z(360 * k / count) @ shift(y=0.55 * s, z=0.03) @ turn_x(16)
            p = np.array(plate("drop", 0.9 * s, 40)) * (1.2, -1)
            if rng.random() < 0.4:
                merged(m, pipe(np.column_stack([p, np.zeros(40)]), 0.045 * s, 7, True, up=UP), gold, at=at)
            else:
                m.prism([tuple(q) for q in p[::-1]], 0.05 * s, gold, at, bevel=0.015)
        set_stone(m, palette, gold, o["gem"], "cabochon", 0.24 * s, shift(z=0.12 * s), "bezel")
    else:
        set_stone(m, palette, gold, o["gem"], "oval cabochon", 0.7 * s, shift(z=0), "bezel")
        edge = circle(0.86 * s, 44) * (1, 1.28)
        merged(m, sphere(10), gold, np.array([np.array(shift(x, y, 0)) @ scaled(0.07 * s) for x, y in edge]))


def loose(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """Loose stones and pearls: one, or a parcel lying together."""
    o = {"gem": "sapphire", "cut": "brilliant", "count": 1, "size": 0.5, "seed": 0} | o
    rng = np.random.default_rng(o["seed"])
    names, cuts = o.get("gems", (o["gem"],)), o.get("cuts", (o["cut"],))
    for k in range(o["count"]):
        size = o["size"] * (1.0 if o["count"] == 1 else float(rng.uniform(0.6, 1.1)))
        far, angle = o["size"] * 1.9 * math.sqrt(k), k * 2.4
        at = shift(far * math.cos(angle), far * math.sin(angle), 0.86 * size)
        name, cut = str(names[k % len(names)]), str(cuts[k % len(cuts)])
        if "pearl" in name:
            merged(m, sphere(36), gem(palette, name), at=at @ shift(z=0.1 * size) @ Matrix.Scale(size * 0.95, 4))
        else:
            tilt = Matrix.Identity(4) if rng.random() < 0.5 else turn_z(float(rng.uniform(0, 360))) @ turn_x(float(rng.choice([42.0, 38.0, 180.0])))
            merged(m, stone(cut if cut in CUTS else "brilliant"), gem(palette, name), at=at @ tilt @ Matrix.Scale(size, 4), smooth=cut.endswith("cabochon"))


def cufflinks(m: Maker, palette: Palette, metal_name: str, pose: str, **o: Any) -> None:
    """A pair of cufflinks: plate, stone or enamel face on a swivel bar, or two faces on a short chain."""
    o = {"face": "disc", "gem": "onyx", "size": 0.8, "bar": "swivel"} | o
    gold, s = metal(palette, metal_name), o["size"]

    def build(at: Matrix) -> None:
        face = at @ FRONT
        m.prism(plate(o["face"], 2 * s), 0.2, gold, face, bevel=0.04)
        if o["gem"]:
            m.prism([(x * 0.78, y * 0.78) for x, y in plate(o["face"], 2 * s)], 0.08, gem(palette, o["gem"]), face @ shift(z=0.09), bevel=0.02)
        back = at @ shift(y=0.1)
        if o["bar"] == "chain":
            chain(m, palette, gold, (np.array(at)[:3, :3] @ np.linspace((0, 0.1, 0), (0, 1.6, -0.1), 30).T).T + np.array(at.translation), "cable", 0.06)
            m.prism(plate(o["face"], 1.5 * s), 0.15, gold, at @ shift(y=1.7, z=-0.1) @ FRONT, bevel=0.03)
            return
        for x in (-0.14, 0.14):
            merged(m, pipe(np.array([(x, 0, 0.1), (x * 0.7, 0.9, 0), (x * 0.7, 1.35, 0)]), 0.06, 7), gold, at=back)
        m.lathe(soften([(0, -0.75), (0.14, -0.75), (0.16, 0), (0.14, 0.75), (0, 0.75)], 0.04), gold, back @ shift(y=1.4) @ turn_y(o.get("swung", 0.0)), n=20)

    _both(m, build, pose, {"apart": s * 1.3 + 0.3} | o)
