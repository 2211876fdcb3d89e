"""Draws random pieces of jewellery as plain data: which form, metal, stones, sizes and pose. Pure Python and numpy, no `bpy`.

`sample_jewel(rng)` gives (kind, Jewel, pose); `jewellery.FORMS` builds it. The same state of the generator gives the same piece. Ranges are
those of real pieces (ring holes 15 to 21 mm, bangles 55 to 68 mm), with thin wires, holes one looks through and open work drawn often, because
those are what a cut-out loses.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from imaging.training.catalogue import Jewel
from imaging.training.jewelwords import CABOCHONS, CHARMS, CLEAR, FACETED, FORMS, GEMS, LINKS, METAL_SHARES, METALS, OPAQUE, PEARLS, PLAIN, SHAPES, STRANDS

Options = dict[str, Any]


Rng = np.random.Generator


def _one(rng: Rng, words: tuple[Any, ...], shares: tuple[float, ...] | None = None) -> Any:
    p = None if shares is None else np.asarray(shares, float) / sum(shares)
    return words[int(rng.choice(len(words), p=p))]


def _metal(rng: Rng, polished: float = 0.72) -> str:
    name = METALS[int(rng.choice(len(METALS), p=METAL_SHARES / METAL_SHARES.sum()))]
    return name if rng.random() < polished else f"{name}/{_one(rng, ('satin', 'brushed', 'hammered', 'matte'))}"


def _gem(rng: Rng, opaque: float = 0.3) -> str:
    if rng.random() < opaque:
        return str(_one(rng, OPAQUE))
    return "diamond" if rng.random() < 0.45 else str(_one(rng, CLEAR))


def _uniform(rng: Rng, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 4)


def _seed(rng: Rng) -> int:
    return int(rng.integers(1 << 30))


def _band(rng: Rng) -> Options:
    surface = _one(
        rng,
        ("plain", "engraved", "faceted", "pave", "channel", "eternity", "milgrain", "beaded", "inlay", "stripe", "twisted", "lattice", "zigzag", "split"),
        (26, 4, 4, 9, 6, 7, 5, 4, 4, 4, 7, 5, 3, 6),
    )
    thin = rng.random() < 0.35
    o: Options = {
        "inner": _uniform(rng, 0.75, 1.05),
        "width": _uniform(rng, 0.12, 0.22) if thin else _uniform(rng, 0.2, 0.8) if rng.random() < 0.75 else _uniform(rng, 0.8, 1.4),
        "thick": _uniform(rng, 0.1, 0.15) if thin else _uniform(rng, 0.13, 0.26),
        "taper": _uniform(rng, 0.1, 0.5) if rng.random() < 0.4 else 0.0,
        "profile": _one(rng, ("court", "flat", "knife", "round", "hollow"), (45, 25, 10, 14, 6)),
        "surface": surface,
        "accent": "diamond" if rng.random() < 0.7 else _one(rng, CLEAR),
        "turns": int(rng.integers(7, 26)),
        "strands": int(rng.integers(2, 4)),
        "full": bool(rng.random() < 0.45),
        "arc": _uniform(rng, 45, 110),
        "metal2": _one(rng, ("rose gold", "gold", "white gold", "black", "steel")),
        "spread": _uniform(rng, 0.08, 0.3),
    }
    if rng.random() < 0.1:
        o |= {"sway": _uniform(rng, 0.05, 0.16), "waves": int(rng.integers(1, 5))}
    if surface in ("twisted", "lattice", "zigzag"):
        o["width"] = max(o["width"], 0.24)
    return o


def ring(rng: Rng) -> tuple[Options, str]:
    """A ring's options and pose."""
    o = _band(rng)
    head = _one(
        rng,
        ("none", "solitaire", "halo", "three", "row", "cluster", "cocktail", "signet", "pearl", "toi et moi", "shape", "open shape"),
        (30, 15, 9, 6, 5, 6, 9, 7, 4, 3, 3, 3),
    )
    o["head"] = head
    if head != "none":
        o["width"] = min(o["width"], 0.5)
        o["taper"] = -0.35 * float(rng.random() < 0.3)
        cabochon = head == "cocktail" and rng.random() < 0.7
        o |= {
            "gem": _gem(rng, 0.85 if cabochon else 0.12),
            "cut": _one(rng, CABOCHONS) if cabochon else _one(rng, FACETED, (40, 12, 8, 6, 10, 12, 12)),
            "stone_mm": {"row": 0.55, "cluster": 0.5, "toi et moi": 0.8}.get(head, 1.0) * _uniform(rng, 3.5, 8.5),
            "rim": _one(rng, ("claws", "bezel"), (3, 1)),
            "across": bool(rng.random() < 0.3),
            "petals": int(rng.integers(5, 11)),
            "petal cut": _one(rng, ("brilliant", "pear", "marquise")),
            "bead rim": bool(rng.random() < 0.4),
            "long": _uniform(rng, 1.0, 1.6),
            "square": bool(rng.random() < 0.35),
            "letter": _one(rng, ("", "A", "M", "JR", "K", "S")),
            "inlaid": bool(rng.random() < 0.5),
            "pearl": _one(rng, PEARLS),
            "shape": _one(rng, SHAPES),
        }
    flat = head in ("none", "shape", "row")
    pose = _one(rng, ("standing", "lying", "flat", "rolled", "rolled far", "back", "facing"), (34, 12, 22 if flat else 8, 8, 6, 12, 14))
    return o, pose


def stacked(rng: Rng) -> tuple[Options, str]:
    """Two to four rings of one size, on one finger or in a heap."""
    inner = _uniform(rng, 0.8, 0.98)
    bands = []
    for k in range(int(rng.integers(2, 5))):
        o = ring(rng)[0] if k == 0 and rng.random() < 0.4 else _band(rng)
        bands.append(o | {"inner": inner, "width": min(o["width"], 0.32), "roll": _uniform(rng, -15, 15), "metal": _one(rng, PLAIN), "sway": 0.0})
    heap = bool(rng.random() < 0.3)
    return {"bands": tuple(bands), "heap": heap}, "standing" if heap else _one(rng, ("standing", "flat", "back"), (3, 3, 1))


def necklace(rng: Rng) -> tuple[Options, str]:
    """A chain, strand or necklace, with or without a pendant."""
    strand = rng.random() < 0.17
    style = (
        _one(rng, STRANDS, (5, 3, 2))
        if strand
        else "tennis"
        if rng.random() < 0.05
        else "panels"
        if rng.random() < 0.05
        else _one(rng, LINKS, (20, 9, 6, 5, 10, 6, 6, 9, 7, 5, 4, 6, 5, 3))
    )
    pose = _one(rng, ("lying", "hanging"), (78, 22))
    layout = (
        "vee"
        if pose == "hanging"
        else _one(rng, ("drop", "ring", "oval", "bean", "vee", "line", "wave", "spiral", "loose", "heap", "double"), (22, 8, 10, 8, 14, 5, 9, 5, 7, 5, 7))
    )
    size = _uniform(rng, 4.5, 16)
    hair = rng.random() < 0.45
    pendant = layout in ("drop", "vee", "oval", "bean", "ring") and rng.random() < (0.2 if strand else 0.68)
    return {
        "style": style,
        "layout": layout,
        "size": size,
        "wire": round(size * (_uniform(rng, 0.0026, 0.0055) if hair else _uniform(rng, 0.0055, 0.016)), 4),
        "pendant": _one(rng, CHARMS) if pendant else "",
        "pendant_cm": round(size * _uniform(rng, 0.09, 0.3), 3),
        "gem": _gem(rng, 0.35) if rng.random() < 0.85 else _one(rng, PEARLS),
        "gems": tuple(_one(rng, PEARLS if style == "pearls" else OPAQUE + PEARLS) for _ in range(int(rng.integers(1, 4)))),
        "clasp": _one(rng, ("lobster", "ring", "toggle", "box", "")),
        "seed": _seed(rng),
        "strands": int(rng.integers(2, 4)) if rng.random() < 0.12 and layout in ("drop", "vee", "oval") else 1,
    }, pose


def bracelet(rng: Rng) -> tuple[Options, str]:
    """A bracelet, mostly closed to a loop one looks through."""
    style = _one(rng, (*LINKS, *STRANDS, "tennis", "panels"), (9, 6, 6, 4, 12, 6, 7, 6, 5, 4, 3, 2, 2, 4, 6, 8, 3, 12, 6))
    closed = rng.random() < 0.8
    pose = _one(rng, ("lying", "upright"), (72, 28)) if closed else "lying"
    layout = _one(rng, ("ring", "oval", "bean"), (4, 4, 2)) if closed else _one(rng, ("line", "wave", "loose"))
    return {
        "style": style,
        "layout": layout,
        "size": _uniform(rng, 5.2, 7.2) if closed else _uniform(rng, 8, 15),
        "wire": _uniform(rng, 0.03, 0.06) if rng.random() < 0.4 else _uniform(rng, 0.06, 0.14),
        "outward": bool(pose == "upright" or rng.random() < 0.55),
        "clasp": _one(rng, ("lobster", "ring", "toggle", "box", "magnet", "")),
        "charms": tuple(_one(rng, CHARMS) for _ in range(int(rng.integers(1, 8))))
        if rng.random() < 0.28 and style not in ("tennis", "panels") and pose == "lying"
        else (),
        "gems": tuple(
            _one(rng, PEARLS if style == "pearls" else CLEAR if style in ("tennis", "panels") else OPAQUE + PEARLS) for _ in range(int(rng.integers(1, 4)))
        ),
        "gem": _gem(rng),
        "seed": _seed(rng),
        "extender": bool(rng.random() < 0.25 and style not in ("tennis", "panels")),
    }, pose


def round_bangle(rng: Rng) -> tuple[Options, str]:
    """A closed bangle, or several thin ones."""
    o = _band(rng)
    several = rng.random() < 0.22
    thin = several or rng.random() < 0.3
    o |= {
        "inner": _uniform(rng, 2.75, 3.4),
        "oval": 1.0 if rng.random() < 0.45 else _uniform(rng, 0.74, 0.95),
        "width": _uniform(rng, 0.16, 0.32) if thin else _uniform(rng, 0.35, 1.6),
        "thick": _uniform(rng, 0.13, 0.22) if thin else _uniform(rng, 0.15, 0.5),
        "turns": int(rng.integers(14, 60)),
        "count": int(rng.integers(2, 6)) if several else 1,
        "fan": _uniform(rng, 0, 3),
        "hinge": bool(rng.random() < 0.35 and not several),
        "guard": bool(rng.random() < 0.4),
        "sway": 0.0,
        "taper": 0.0,
    }
    if o["surface"] in ("split", "lattice", "zigzag", "twisted"):
        o["width"] = max(o["width"], 0.5)
    if o["oval"] < 1 and o["surface"] in ("pave", "channel", "eternity", "milgrain", "beaded"):
        o["oval"] = 1.0
    return o, _one(rng, ("standing", "flat", "back", "rolled"), (45, 38, 10, 7))


def open_band(rng: Rng) -> tuple[Options, str]:
    """A cuff or torque of wrist size, sometimes an open ring."""
    small = rng.random() < 0.25
    k = 0.3 if small else 1.0
    return {
        "inner": _uniform(rng, 0.78, 1.0) if small else _uniform(rng, 2.6, 3.2),
        "oval": 1.0 if small else _uniform(rng, 0.72, 1.0),
        "width": round(k * (_uniform(rng, 0.25, 0.6) if rng.random() < 0.55 else _uniform(rng, 0.6, 3.2)), 3),
        "thick": round(k * _uniform(rng, 0.14, 0.4), 3),
        "gap": _uniform(rng, 12, 75),
        "profile": _one(rng, ("flat", "court", "round", "twisted", "wires", "hollow"), (25, 20, 25, 12, 12, 6)),
        "ends": _one(rng, ("plain", "balls", "stones", "caps")),
        "gem": _gem(rng, 0.5),
        "cut": _one(rng, ("brilliant", "cabochon", "pear")),
        "turns": int(rng.integers(10, 40)),
        "wires": int(rng.integers(2, 6)),
        "flare": _uniform(rng, -0.4, 0.8) if rng.random() < 0.4 else 0.0,
    }, _one(rng, ("standing", "flat", "back", "rolled", "upside down"), (35, 35, 8, 8, 14))


def _pair(rng: Rng) -> Options:
    return {
        "count": 1 if rng.random() < 0.14 else 2,
        "turns": (_uniform(rng, -30, 30), _uniform(rng, -30, 30)),
        "askew": _uniform(rng, -0.25, 0.25),
        "seed": _seed(rng),
    }


def hoop_pair(rng: Rng) -> tuple[Options, str]:
    """Hoops, hair-thin to bold."""
    radius = _uniform(rng, 0.5, 0.9) if rng.random() < 0.4 else _uniform(rng, 0.9, 2.6)
    pose = _one(rng, ("standing", "lying", "hanging"), (40, 40, 20))
    turns = (_uniform(rng, -60, 60), _uniform(rng, -60, 60))
    return _pair(rng) | {
        "radius": radius,
        "thick": _uniform(rng, 0.05, 0.1) if rng.random() < 0.4 else _uniform(rng, 0.1, 0.35),
        "width": _uniform(rng, 0.07, 0.12) if rng.random() < 0.35 else _uniform(rng, 0.12, 0.6),
        "profile": _one(rng, ("round", "flat", "court", "hollow"), (5, 2, 2, 1)),
        "surface": _one(rng, ("plain", "twisted", "beads", "stones"), (55, 15, 10, 20)),
        "oval": 1.0 if rng.random() < 0.7 else _uniform(rng, 0.8, 1.4),
        "gap": 0.0 if rng.random() < 0.6 else _uniform(rng, 20, 110),
        "taper": _uniform(rng, 0.0, 0.7),
        "gem": "diamond",
        "charm": _one(rng, CHARMS) if rng.random() < 0.18 and pose != "lying" else "",
        "turns": turns,
        "tilt": _uniform(rng, -12, 12),
    }, pose


def studs(rng: Rng) -> tuple[Options, str]:
    """Studs."""
    kind = _one(rng, ("stone", "ball", "pearl", "flower", "plate", "outline", "knot"), (35, 7, 14, 14, 10, 14, 6))
    return _pair(rng) | {
        "kind": kind,
        "gem": _one(rng, PEARLS) if kind == "pearl" else _gem(rng),
        "cut": _one(rng, FACETED + CABOCHONS),
        "accent": _gem(rng, 0.1),
        "petal": _one(rng, ("brilliant", "pear", "marquise")),
        "size": _uniform(rng, 0.2, 0.65),
        "rim": _one(rng, ("claws", "bezel")),
        "shape": _one(rng, SHAPES),
        "lift": _uniform(rng, -5, 35),
    }, _one(rng, ("standing", "lying"), (45, 55))


def dangles(rng: Rng) -> tuple[Options, str]:
    """Drops, hooks with pearls, chandeliers."""
    return _pair(rng) | {
        "hook": _one(rng, ("shepherd", "kidney", "lever", "post"), (45, 15, 18, 22)),
        "parts": tuple(_one(rng, CHARMS) for _ in range(int(rng.integers(1, 4)))),
        "gem": _gem(rng),
        "gems": tuple(_one(rng, (*CLEAR, *OPAQUE, *PEARLS)) for _ in range(3)),
        "size": _uniform(rng, 0.5, 1.4),
        "chain_cm": _uniform(rng, 0.6, 3.5) if rng.random() < 0.35 else 0.0,
        "style": _one(rng, ("cable", "box", "snake", "ball")),
        "fan": int(rng.integers(3, 8)) if rng.random() < 0.3 else 0,
        "shape": _one(rng, ("drop", "disc", "leaf", "hexagon", "square")),
        "tip": _one(rng, ("pear", "pearl", "drop", "cabochon", "brilliant", "bar")),
        "turns": (_uniform(rng, -18, 18), _uniform(rng, -18, 18)),
    }, _one(rng, ("lying", "hanging"), (50, 50))


def ear_cuff(rng: Rng) -> tuple[Options, str]:
    """Ear cuffs."""
    return _pair(rng) | {"radius": _uniform(rng, 0.42, 0.65), "wires": int(rng.integers(1, 5)), "gem": _gem(rng, 0.2), "stones": int(rng.integers(0, 5))}, _one(
        rng, ("standing", "lying")
    )


def brooch(rng: Rng) -> tuple[Options, str]:
    """A brooch."""
    return {
        "kind": _one(rng, ("bar", "wreath", "spray", "bow", "flower", "cameo")),
        "gem": _gem(rng, 0.5),
        "gems": tuple(_one(rng, (*CLEAR, *OPAQUE, *PEARLS)) for _ in range(2)),
        "size": _uniform(rng, 1.2, 2.6),
        "seed": _seed(rng),
    }, _one(rng, ("lying", "upright"), (70, 30))


def loose(rng: Rng) -> tuple[Options, str]:
    """Loose stones."""
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 10))
    one = rng.random() < 0.5
    names = tuple(_one(rng, tuple(GEMS)) for _ in range(1 if one else 3))
    return {
        "gems": names,
        "cuts": tuple(_one(rng, FACETED + CABOCHONS) for _ in range(1 if one else 3)),
        "count": count,
        "size": _uniform(rng, 0.3, 1.0),
        "seed": _seed(rng),
    }, "lying"


def cufflinks(rng: Rng) -> tuple[Options, str]:
    """Cufflinks."""
    face = _one(rng, ("disc", "square", "hexagon", "clover"))
    return _pair(rng) | {
        "face": face,
        "gem": "" if rng.random() < 0.4 else _one(rng, OPAQUE),
        "size": _uniform(rng, 0.6, 0.95),
        "bar": _one(rng, ("swivel", "chain"), (4, 1)),
        "swung": _uniform(rng, 0, 90),
        "lift": _uniform(rng, -10, 40),
    }, _one(rng, ("standing", "lying"))


def _older(form: str, rng: Rng) -> tuple[Options, str]:
    """Options for the forms of the sample shoot."""
    _look, colour, ior = GEMS[_one(rng, CLEAR)]
    options: dict[str, Options] = {
        "solitaire": {"stone": (colour, ior), "carat_mm": _uniform(rng, 4, 8.5)},
        "halo": {"stone": (colour, ior), "carat_mm": _uniform(rng, 5, 8)},
        "band": {"width_mm": _uniform(rng, 2, 9)},
        "pendant": {"stone": (colour, ior)},
    }
    poses = {
        "pendant": ("laid", "gathered"),
        "medal": ("laid", "gathered"),
        "hoops": ("standing", "lying"),
        "drops": ("lying",),
        "bangle": ("lying", "upright"),
        "curb": ("lying", "upright"),
    }
    return options.get(form, {}), _one(rng, poses.get(form, ("standing", "lying", "flat", "back", "facing")))


SAMPLERS = {
    "ring": ring,
    "stacked": stacked,
    "necklace": necklace,
    "bracelet": bracelet,
    "round_bangle": round_bangle,
    "open_band": open_band,
    "hoop_pair": hoop_pair,
    "studs": studs,
    "dangles": dangles,
    "ear_cuff": ear_cuff,
    "brooch": brooch,
    "loose": loose,
    "cufflinks": cufflinks,
}


def sample_jewel(rng: Rng) -> tuple[str, Jewel, str]:
    """A random piece: its kind ("ring", "chain", "pendant", "bracelet", "bangle", "earrings", "brooch", "stone", "cufflinks"), what to build and its pose."""
    form = str(_one(rng, tuple(FORMS), tuple(share for _, share in FORMS.values())))
    return sample_form(rng, form)


def pieces(jewel: Jewel) -> int:
    """How many separate pieces are sold as this one product."""
    if jewel.form in ("hoops", "drops"):
        return 2
    return len(jewel.options["bands"]) if "bands" in jewel.options else int(jewel.options.get("count", 1))


def sample_form(rng: Rng, form: str) -> tuple[str, Jewel, str]:
    """A random piece of one form of `FORMS`."""
    kind = FORMS[form][0]
    if form in SAMPLERS:
        options, pose = SAMPLERS[form](rng)
        metal = _metal(rng)
    else:
        options, pose = _older(form, rng)
        metal = str(_one(rng, PLAIN))
    if form == "necklace" and options["pendant"]:
        kind = "pendant"
    if form == "open_band" and options["inner"] < 1.5:
        kind = "ring"
    return kind, Jewel(form, metal, options), pose
