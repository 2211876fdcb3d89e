"""The words in which the sample shoot is described: items, shots, products, backdrops, faults. The products themselves are in products.py.

Pure Python. Brands and models are invented. Colours are linear RGB, lengths mm unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Colour = tuple[float, float, float]

WHITE: Colour = (0.80, 0.79, 0.76)
BLACK: Colour = (0.012, 0.012, 0.014)
NAVY: Colour = (0.012, 0.035, 0.13)
GREEN: Colour = (0.01, 0.07, 0.04)


@dataclass(frozen=True)
class Watch:
    """A wristwatch; see `watches.build` and `straps.build` for what each word draws."""

    brand: str
    line: str
    number: str
    case_mm: float = 40
    thick_mm: float = 10.5
    lug_mm: float = 20
    metal: str = "steel"
    finish: str = "satin"
    inner: str | None = None
    bezel: str = "smooth"
    insert: Colour = BLACK
    dial: Colour = WHITE
    dial_finish: str = "sunray"
    ink: Colour = (0.02, 0.02, 0.025)
    trim: str = "steel"
    indices: str = "baton"
    hands: str = "baton"
    lume: bool = False
    seconds: Colour = (0.02, 0.02, 0.03)
    subdials: bool = False
    subdial: Colour = BLACK
    subdial_ink: Colour = (0.8, 0.8, 0.78)
    date: bool = False
    automatic: bool = True
    water_m: int = 50
    strap: str = "links3"
    strap_colour: Colour = (0.19, 0.075, 0.025)
    thread: Colour = (0.6, 0.5, 0.36)
    stripes: tuple[Colour, ...] = ()
    shape: str = "round"
    window: str = "round"
    lugs: str = "classic"
    crown: str = "plain"
    pushers: bool | None = None
    back: str = "steel"
    display: str = "hands"
    extra: str = ""
    wrist: float = 1.0
    taper: float = 0.82
    link_gap: float = 0.028
    clasp: str = "usual"


@dataclass(frozen=True)
class Jewel:
    """A piece of jewellery: `form` names a builder in `jewellery.FORMS`, `options` are its keyword arguments."""

    form: str
    metal: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """One picture. Angles in degrees; `fill` is the item's longer relative side in the frame, 0..1."""

    name: str
    pose: str = "standing"
    turn: float = 0.0
    lean: float = 0.0
    height: float = 12.0
    fill: float = 0.68
    fstop: float = 0.30
    focus: str = "centre"


@dataclass(frozen=True)
class Product:
    """One SKU, its item, its pictures and what the spoilt ones should lead to (`faults`: shot -> name of a fault)."""

    sku: str
    title: str
    category: str
    brand: str
    price: str
    item: Watch | Jewel
    shots: tuple[Shot, ...]
    backdrop: str
    size_mm: dict[str, float]
    attributes: dict[str, str]
    pieces: int = 1
    quantity: int = 1
    condition: str = "new"
    existing: bool = False
    faults: dict[str, str] = field(default_factory=dict)


# what a fault is expected to be called; "live": it should be mended on the way and go through
EXPECTED = {
    "dark": "low-quality",
    "blurred": "blur",
    "soft": "blur",
    "tiny": "low-resolution",
    "cropped": "cropped",
    "two": "additional-items",
    "cmyk": "live",
    "truncated": "format",
}

# linear paper colour and the level (0..255) the paper is printed at
BACKDROPS: dict[str, tuple[Colour, float]] = {
    "grey": ((0.42, 0.43, 0.44), 168),
    "pale grey": ((0.62, 0.63, 0.64), 206),
    "warm grey": ((0.47, 0.44, 0.40), 176),
    "beige": ((0.66, 0.57, 0.46), 204),
    "blue": ((0.46, 0.55, 0.63), 190),
    "slate": ((0.20, 0.22, 0.25), 122),
}
