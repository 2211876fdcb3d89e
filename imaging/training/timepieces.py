"""Random wristwatches: `sample_watch(rng)` draws a description for `watches.build`. Pure Python and numpy; nothing is built here."""

from __future__ import annotations

from typing import TypeVar

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


def sample_watch(rng: np.random.Generator) -> Watch:
    """A watch as shops sell them: mostly steel on bracelets and leather, light and dark dials about equally often."""
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
