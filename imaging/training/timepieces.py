"""Random wristwatches: `sample_watch(rng)` draws a description for `watches.build`. Pure Python and numpy; nothing is built here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from imaging.training.catalogue import Colour, Watch

T = TypeVar("T")

NAMES = ("Halvorn", "Merrowby", "Castellane", "Orrin & Pike", "Tavast", "Ludlow", "Ardea", "Norrsken", "Vell", "Quillfeather", "Bask", "Elmsworth")
LINES = ("Fjellmark", "Chancel", "Dypvann 300", "Regatta", "Aerodrome", "Classic", "Field", "Type 20", "Moonlit", "Racer", "Sport", "Heritage")

# linear RGB, drawn with the weight that follows
DIALS: tuple[tuple[Colour, float], ...] = (
    ((0.80, 0.79, 0.76), 5),
    ((0.90, 0.90, 0.90), 3),
    ((0.012, 0.012, 0.014), 6),
    ((0.03, 0.03, 0.034), 2),
    ((0.012, 0.035, 0.13), 3),
    ((0.03, 0.10, 0.30), 1),
    ((0.01, 0.07, 0.04), 1),
    ((0.45, 0.45, 0.46), 2),
    ((0.55, 0.42, 0.22), 1),
    ((0.70, 0.62, 0.45), 1),
    ((0.16, 0.05, 0.02), 1),
    ((0.60, 0.25, 0.25), 0.5),
    ((0.50, 0.06, 0.05), 0.5),
    ((0.35, 0.60, 0.65), 0.7),
)
STRAPS: tuple[Colour, ...] = (
    (0.012, 0.011, 0.010),
    (0.02, 0.018, 0.016),
    (0.05, 0.02, 0.01),
    (0.19, 0.075, 0.025),
    (0.32, 0.15, 0.06),
    (0.55, 0.40, 0.24),
    (0.02, 0.03, 0.09),
    (0.05, 0.08, 0.03),
    (0.35, 0.03, 0.03),
    (0.75, 0.74, 0.72),
    (0.40, 0.40, 0.41),
)
METALS = {"steel": 10, "titanium": 1.5, "silver": 0.5, "gold": 3, "rose gold": 2, "black": 2, "white gold": 0.5}


def pick(rng: np.random.Generator, choices: dict[T, float]) -> T:
    """One of the keys, drawn by its weight."""
    weights = np.array(list(choices.values()), float)
    return list(choices)[int(rng.choice(len(weights), p=weights / weights.sum()))]


def tone(rng: np.random.Generator, colour: Colour, spread: float = 0.25) -> Colour:
    """A colour near the given one: each channel scaled by up to `spread` either way, kept within 0.004..0.95."""
    shade = rng.uniform(1 - spread, 1 + spread)
    return tuple(float(np.clip(c * shade * rng.uniform(1 - spread / 3, 1 + spread / 3), 0.004, 0.95)) for c in colour)  # type: ignore[return-value]


def any_colour(rng: np.random.Generator) -> Colour:
    """Any colour, from nearly grey to strong, dark to light."""
    level = float(rng.uniform(0.02, 0.85)) ** 1.5
    tint = rng.normal(0, 1, 3)
    strength = rng.uniform(0, 0.9) ** 2
    return tuple(float(np.clip(level * np.exp(strength * t), 0.004, 0.92)) for t in tint)  # type: ignore[return-value]


def luminance(colour: Colour) -> float:
    """Relative luminance of a linear colour, 0..1."""
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


STYLES = {"classic": 42, "shaped": 13, "resin": 10, "sport": 8, "ladies": 12, "large": 10, "skeleton": 5}
PATTERNS = {"waffle": 2, "ripples": 2, "pearl": 2.5, "meteorite": 1, "carbon": 1.5, "stripes": 1, "glitter": 1.5, "flowers": 1}


def sample_watch(rng: np.random.Generator) -> Watch:
    """A watch as shops sell them: the classic ones most, each rarer style often enough to be learned."""
    style = pick(rng, STYLES)
    watch = _classic(rng)
    changes: dict[str, Any] = {
        "wrist": float(np.clip(rng.normal(1.05, 0.12), 0.85, 1.4)),
        "taper": float(rng.choice([1.0, rng.uniform(0.65, 0.95)])),
        "link_gap": float(rng.choice([0.028, rng.uniform(0.03, 0.11)], p=[0.6, 0.4])),
        "clasp": pick(rng, {"usual": 5, "blades": 2.5, "straight": 2.5}),
        "lugs": pick(rng, {"classic": 6, "broad": 1.5, "slim": 2}),
        "crown": pick(rng, {"plain": 7, "small": 2, "big": 1.5, "onion": 1}),
        "back": "glass" if rng.random() < 0.35 else "steel",
        "extra": "" if watch.subdials else pick(rng, {"": 8, "day": 1, "moon": 1, "heart": 0.8, "busy": 1}),
    }
    if rng.random() < 0.22:
        changes["dial_finish"] = pick(rng, PATTERNS)
    if rng.random() < 0.12:
        changes["metal"] = pick(rng, {"white ceramic": 2, "black ceramic": 2, "black resin": 1, "white resin": 1})
    changes |= {"classic": _plain, "shaped": _shaped, "resin": _resin, "sport": _sport, "ladies": _ladies, "large": _large, "skeleton": _skeleton}[style](
        rng, watch
    )
    return replace(watch, **changes)


def _plain(rng: np.random.Generator, _watch: Watch) -> dict[str, Any]:
    if rng.random() < 0.25:
        return {"strap": pick(rng, {"single": 2, "hlinks": 2, "rally": 2.5, "tropic": 1.5, "ribbed": 1.5, "spring": 1.5})}
    return {}


def _shaped(rng: np.random.Generator, _watch: Watch) -> dict[str, Any]:
    shape = pick(rng, {"cushion": 3, "square": 3, "rectangle": 3, "tank": 2, "tonneau": 3, "oval": 1, "octagon": 1.5})
    window = "round" if shape in ("cushion", "octagon") and rng.random() < 0.6 else "shape"
    case = float(rng.uniform(20, 40)) / (1.25 if shape in ("rectangle", "tank", "tonneau", "oval") else 1.0)
    changes: dict[str, Any] = {"shape": shape, "window": window, "case_mm": case, "lug_mm": case * rng.uniform(0.5, 0.75), "subdials": False}
    changes["thick_mm"] = float(max(6.0, case * rng.uniform(0.2, 0.3)))
    changes["bezel"] = pick(rng, {"smooth": 4, "thin": 4, "gem": 1})
    return changes


def _resin(rng: np.random.Generator, watch: Watch) -> dict[str, Any]:
    """Big plastic sports watches, digital more often than not."""
    case = float(rng.uniform(38, 56))
    shape = pick(rng, {"octagon": 3, "cushion": 3, "square": 3, "round": 2, "rectangle": 1})
    digital = bool(rng.random() < 0.65)
    metal = pick(
        rng,
        {"black resin": 6, "white resin": 2, "grey resin": 1.5, "red resin": 1, "blue resin": 1, "green resin": 1.5, "pink resin": 0.8, "yellow resin": 0.8},
    )
    if rng.random() < 0.2:
        metal = pick(rng, {"steel": 3, "black": 1, "gold": 1})
    window = "shape" if shape in ("square", "rectangle") or (shape != "round" and rng.random() < 0.5) else "round"
    return {
        "case_mm": case,
        "thick_mm": case * float(rng.uniform(0.24, 0.36)),
        "lug_mm": case * float(rng.uniform(0.42, 0.62)),
        "metal": metal,
        "finish": "satin",
        "shape": shape,
        "window": window,
        "lugs": pick(rng, {"integrated": 4, "broad": 3}),
        "bezel": pick(rng, {"resin": 5, "screws": 2, "smooth": 2, "dive": 1.5 if window == "round" else 0.0}),
        "display": "digital" if digital else "hands",
        "pushers": bool(rng.random() < 0.8),
        "crown": "none" if digital else "plain",
        "dial": watch.dial if rng.random() < 0.4 else (0.015, 0.015, 0.017),
        "ink": (0.7, 0.7, 0.68),
        "dial_finish": "matte",
        "indices": pick(rng, {"blocks": 3, "arabic": 1, "baton": 1, "dots": 1}),
        "strap": pick(rng, {"rubber": 4, "ribbed": 5, "tropic": 3, "nato": 1, "links3": 1.5}),
        "strap_colour": {
            "white resin": (0.74, 0.74, 0.73),
            "red resin": (0.5, 0.03, 0.03),
            "blue resin": (0.02, 0.09, 0.4),
            "pink resin": (0.75, 0.3, 0.4),
        }.get(metal, (0.016, 0.016, 0.018)),
        "extra": "",
    }


def _sport(rng: np.random.Generator, _watch: Watch) -> dict[str, Any]:
    shape = pick(rng, {"octagon": 4, "cushion": 3, "round": 1})
    return {
        "shape": shape,
        "window": "shape" if shape == "octagon" and rng.random() < 0.7 else "round",
        "lugs": "integrated",
        "bezel": pick(rng, {"screws": 4, "smooth": 3, "thin": 1}),
        "dial_finish": pick(rng, {"waffle": 4, "sunray": 3, "ripples": 1}),
        "strap": pick(rng, {"links3": 4, "single": 3, "hlinks": 3, "rubber": 2}),
        "taper": float(rng.uniform(0.6, 0.85)),
    }


def _ladies(rng: np.random.Generator, watch: Watch) -> dict[str, Any]:
    case = float(rng.uniform(15, 30))
    shape = pick(rng, {"round": 5, "oval": 2, "square": 1.5, "rectangle": 1.5, "tonneau": 1, "cushion": 0.7})
    strap = pick(rng, {"rings": 3, "bars": 3, "cuff": 2, "spring": 2, "mesh": 2.5, "links5": 2, "leather": 4, "single": 1})
    window = "shape" if shape != "round" else "round"
    return {
        "case_mm": case,
        "thick_mm": float(rng.uniform(5.5, 8)),
        "lug_mm": case * float(rng.uniform(0.32, 0.55)),
        "shape": shape,
        "window": window,
        "metal": pick(rng, {"gold": 4, "rose gold": 3, "steel": 4, "silver": 1, "white ceramic": 0.7}),
        "bezel": pick(rng, {"smooth": 3, "thin": 3, "gem": 3.5, "fluted": 1.5 if window == "round" else 0.0}),
        "dial_finish": pick(rng, {"pearl": 4, "sunray": 3, "enamel": 2, "glitter": 1.5, "flowers": 0.8}),
        "indices": pick(rng, {"gem": 3, "bare": 2, "roman": 2, "baton": 2, "arabic": 1}),
        "subdials": False,
        "lugs": pick(rng, {"classic": 4, "wire": 2, "slim": 3, "integrated": 2}),
        "crown": "small",
        "strap": strap,
        "strap_colour": tone(rng, (0.5, 0.1, 0.15), 0.6) if rng.random() < 0.3 else watch.strap_colour,
        "wrist": float(rng.uniform(0.9, 1.15)),
        "extra": "",
        "clasp": "usual",
    }


def _large(rng: np.random.Generator, watch: Watch) -> dict[str, Any]:
    """Pilots' and divers' watches, and crowded chronographs."""
    case = float(rng.uniform(43, 54))
    crowded = bool(rng.random() < 0.6)
    return {
        "case_mm": case,
        "thick_mm": case * float(rng.uniform(0.26, 0.36)),
        "lug_mm": float(rng.uniform(22, 26)),
        "crown": pick(rng, {"onion": 3, "big": 4, "plain": 2}),
        "bezel": pick(rng, {"tachymeter": 4, "dive": 4, "thin": 2, "fluted": 1, "screws": 1}),
        "subdials": crowded,
        "extra": "busy" if crowded else "",
        "indices": pick(rng, {"blocks": 4, "arabic": 3, "dots": 2, "baton": 2}),
        "strap": pick(rng, {"leather": 4, "rubber": 2, "ribbed": 2, "links3": 5, "rally": 2, "nato": 2, "mesh": 1}),
        "seconds": (0.75, 0.1, 0.03) if rng.random() < 0.4 else watch.seconds,
    }


def _skeleton(rng: np.random.Generator, _watch: Watch) -> dict[str, Any]:
    return {
        "dial_finish": "skeleton",
        "subdials": False,
        "extra": "",
        "date": False,
        "indices": pick(rng, {"roman": 3, "baton": 2, "bare": 1}),
        "back": "glass",
    }


def _classic(rng: np.random.Generator) -> Watch:
    """A round watch of the middle of the road."""
    metal = pick(rng, METALS)
    dial = tone(rng, pick(rng, dict(DIALS)))
    light = luminance(dial) > 0.2
    ink: Colour = (0.02, 0.02, 0.025) if light else (0.8, 0.8, 0.78)
    if rng.random() < 0.07:  # white on white, black on black
        ink = (0.62, 0.62, 0.62) if light else (0.06, 0.06, 0.06)
    subdials = bool(rng.random() < 0.3)
    strap = pick(rng, {"links3": 30, "links5": 12, "leather": 24, "rubber": 8, "nato": 7, "mesh": 9})
    case = float(np.clip(rng.normal(40, 4.5), 26, 52))
    base = tone(rng, STRAPS[int(rng.integers(len(STRAPS)))])
    stripe = tone(rng, STRAPS[int(rng.integers(len(STRAPS)))])
    stripes = ((base,), (base, stripe, base), (base, stripe, stripe, base), (base, stripe, base, stripe, base))[int(rng.integers(4))]
    trim = metal if metal in ("gold", "rose gold", "black") and rng.random() < 0.8 else "steel"
    return Watch(
        brand=NAMES[int(rng.integers(len(NAMES)))],
        line=LINES[int(rng.integers(len(LINES)))],
        number=str(int(rng.integers(10000, 99999))),
        case_mm=case,
        thick_mm=float(rng.uniform(0.18, 0.34) * case),
        lug_mm=float(case * rng.uniform(0.44, 0.56)),
        metal=metal,
        finish=pick(rng, {"satin": 5, "polished": 5, "brushed": 4}),
        inner=pick(rng, {None: 6, "gold": 1.5, "steel": 1, "rose gold": 0.7}) if strap.startswith("links") else None,
        bezel=pick(rng, {"smooth": 6, "fluted": 2, "dive": 4, "tachymeter": 2.5}),
        insert=tone(rng, pick(rng, {(0.012, 0.012, 0.014): 6, (0.012, 0.035, 0.13): 2, (0.01, 0.07, 0.04): 1, (0.5, 0.05, 0.05): 0.5, (0.75, 0.75, 0.73): 1})),
        dial=dial,
        dial_finish=pick(rng, {"sunray": 4, "enamel": 3, "matte": 4}),
        ink=ink,
        trim=trim,
        indices=pick(rng, {"baton": 5, "arabic": 3, "roman": 2.5, "dots": 2.5}),
        hands=pick(rng, {"baton": 4, "dauphine": 3, "sword": 3}),
        lume=bool(rng.random() < 0.4),
        seconds=pick(rng, {ink: 3, (0.75, 0.1, 0.03): 1, (0.75, 0.75, 0.75): 1, (0.7, 0.4, 0.02): 0.5}),
        subdials=subdials,
        subdial=dial if rng.random() < 0.5 else ((0.012, 0.012, 0.014) if light else (0.75, 0.75, 0.73)),
        subdial_ink=ink if rng.random() < 0.5 else (0.5, 0.5, 0.5),
        date=bool(rng.random() < 0.5) and not subdials,
        automatic=bool(rng.random() < 0.5),
        water_m=int(rng.choice([30, 50, 100, 200, 300])),
        strap=strap,
        strap_colour=base,
        thread=base if rng.random() < 0.4 else tone(rng, (0.6, 0.5, 0.36)),
        stripes=stripes,
    )
