"""What stands round a product in a photograph and is not for sale: stands, cushions, hands, tags, boxes, cards, stones, cloths. Needs `bpy`.

`place` puts one or more round an item already set down, lifting the item where it is put on or in something. Every object made here carries
`ob["prop"] = True`, so that it counts as background in the alpha. Hands are in hands.py.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np

from imaging.training import hands
from imaging.training.beside import clutter, gift_box, leaves, tag
from imaging.training.forms import Maker
from imaging.training.materials import Palette
from imaging.training.stands import board, c_ring, cloth, cushion, dish, pedestal, rod, slot
from imaging.training.surroundings import Around, Hole, Rng, find_hole

BESIDE: dict[str, tuple[Callable[..., str], float]] = {"tag": (tag, 5), "leaves": (leaves, 1.5), "clutter": (clutter, 3), "box": (gift_box, 2)}

# kind of product -> what may hold it, with shares; "none" leaves only what lies beside
HOLDERS: dict[str, dict[str, float]] = {
    "watch": {"cushion": 26, "c_ring": 20, "rod": 4, "wrist": 12, "pinch": 6, "palm": 2, "pedestal": 9, "slot": 4, "dish": 2, "cloth": 5, "none": 10},
    "ring": {"finger": 14, "rod": 10, "slot": 17, "pinch": 11, "palm": 3, "pedestal": 14, "dish": 6, "cloth": 7, "none": 18},
    "bangle": {"rod": 20, "wrist": 10, "cushion": 9, "pinch": 8, "pedestal": 14, "dish": 6, "slot": 4, "cloth": 8, "none": 20},
    "bracelet": {"rod": 16, "wrist": 12, "cushion": 14, "pinch": 7, "palm": 4, "pedestal": 10, "dish": 8, "cloth": 10, "none": 18},
    "chain": {"bust": 24, "card": 8, "pinch": 9, "palm": 6, "pedestal": 10, "dish": 8, "cloth": 14, "none": 20},
    "earrings": {"card": 34, "slot": 6, "pinch": 6, "palm": 4, "pedestal": 14, "dish": 8, "cloth": 8, "none": 18},
    "other": {"pedestal": 25, "dish": 12, "cloth": 16, "pinch": 8, "palm": 7, "slot": 5, "card": 5, "none": 22},
}


def place(rng: Rng, made: Maker, palette: Palette, kind: str) -> list[str]:
    """Puts random props round an item that is set down (and may lift it); gives their words. Its vertices must be asked for again afterwards."""

    around = Around(made, made.vertices())
    shares = HOLDERS.get({"pendant": "chain", "loop": "watch"}.get(kind, kind), HOLDERS["other"])
    hole = find_hole(around)
    needs = {"cushion", "c_ring", "rod", "wrist", "finger"}
    if hole is None:
        shares = {k: v for k, v in shares.items() if k not in needs}
    holder = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    return hold(rng, around, palette, holder, hole) + beside(rng, around, palette, always=holder == "none")


def hold(rng: Rng, around: Around, palette: Palette, holder: str, hole: Hole | None) -> list[str]:
    """One holder by its name in `HOLDERS`."""

    if holder == "none":
        return []
    m = Maker(f"prop {holder}")
    if holder in ("cushion", "c_ring", "rod", "wrist", "finger"):
        assert hole is not None
        builders: dict[str, Callable[..., str]] = {"cushion": cushion, "c_ring": c_ring, "rod": rod, "wrist": hands.limb, "finger": hands.limb}
        word = builders[holder](rng, m, palette, around, hole)
    elif holder == "slot":
        word = slot(rng, m, palette, around, hole)
    elif holder in ("card", "bust"):
        word = board(rng, m, palette, around, holder)
    else:
        word = {"pedestal": pedestal, "dish": dish, "cloth": cloth, "pinch": hands.pinch, "palm": hands.palm}[holder](rng, m, palette, around)
    _mark(m)
    return [word]


def beside(rng: Rng, around: Around, palette: Palette, always: bool) -> list[str]:
    """None to three things beside the item; at least one when `always`."""
    words = []
    count = int(rng.choice([0, 1, 2, 3], p=[0.0, 0.7, 0.22, 0.08] if always else [0.68, 0.25, 0.07, 0.0]))
    shares = np.array([share for _, share in BESIDE.values()])
    for _ in range(count):
        build = BESIDE[str(rng.choice(list(BESIDE), p=shares / shares.sum()))][0]
        m = Maker("prop beside")
        words.append(build(rng, m, palette, around))
        _mark(m)
    return words


def _mark(m: Maker) -> None:
    for ob in m.objects:
        ob["prop"] = True
    bpy.context.view_layer.update()
