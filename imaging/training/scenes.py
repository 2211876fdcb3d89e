"""Random training scenes as plain descriptions: `describe(seed)` says what stands where, on what, in which light, seen how.

Pure Python and numpy: `stage.py` builds what is described here with Blender. The same seed and `VERSION` give the same description.
Angles are degrees, lengths are multiples of the item's size unless a name says otherwise, colours are linear RGB.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace

import numpy as np

from imaging.training.catalogue import Colour, Jewel, Watch
from imaging.training.timepieces import any_colour, luminance, pick, sample_watch, tone

VERSION = 3
VALIDATION = 900_000  # seeds from here on are never trained on

WATCH_POSES = {"front": 20, "standing": 20, "up": 7, "laid": 22, "face down": 6, "side": 9, "behind": 5, "hung": 11}
OPEN_POSES = ("laid", "face down", "hung", "behind")
FLOATING = ("front", "hung", "behind")
SURFACES = {"paper": 40, "void": 18, "gloss": 8, "fabric": 5, "wood": 6, "stone": 5, "leather": 3, "pattern": 3, "clutter": 10, "photo": 4}


@dataclass(frozen=True)
class Placed:
    """One item of the picture. `kind` is the word of the label.

    `where` is the direction of a second item from the first, as a multiple of the distance at which their boxes touch.
    """

    kind: str
    item: Watch | Jewel
    pose: str
    turn: float = 0.0
    lean: float = 0.0
    where: tuple[float, float] = (0.0, 0.0)
    pieces: int = 1


@dataclass(frozen=True)
class Lamp:
    """An area light at `place`, facing the item; `size` is its two sides, `power` relative to a full softbox overhead."""

    place: tuple[float, float, float]
    size: tuple[float, float]
    power: float
    colour: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Backdrop:
    """What the item stands on or before. `surface` is a word of `SURFACES`; `shape` is "sweep", "table" (an edge with a wall behind) or "wall" (floating).

    `level` is the grey (0..255, more is burnt out) at which the backdrop prints; `photo` a number that picks a picture of the clutter folder.
    """

    surface: str
    shape: str
    colour: Colour
    second: Colour
    level: float
    rough: float = 0.85
    scale: float = 1.0
    turn: float = 0.0
    gap: float = 1.0
    photo: int = 0
    gradient: float = 0.0


@dataclass(frozen=True)
class View:
    """The camera. `fill` is the longer relative side of what is framed ("item" or "head") in the frame; more than 1 runs out of it.

    `blur` is the disc of confusion, as a share of the item, half an item away from the plane of focus.
    """

    height: float
    lens_mm: float
    roll: float
    fill: float
    framed: str = "item"
    aim: tuple[float, float] = (0.5, 0.5)
    blur: float = 0.001
    focus: str = "centre"


@dataclass(frozen=True)
class Scene:
    """A whole picture: `label` is the word for the index, `products` how many articles of trade are seen (0, 1, 2).

    `hidden` items are built for the sake of the framing and their props, and taken away before the picture: nothing for sale is seen.
    `balance` is how far the camera has taken the colour of the light back, 0..1. `blinds` are slats before the lamps, whose shadows fall across the picture.
    """

    seed: int
    version: int
    size: tuple[int, int]
    label: str
    products: int
    items: tuple[Placed, ...]
    props: bool
    backdrop: Backdrop
    lamps: tuple[Lamp, ...]
    cards: bool
    ambient: Colour
    sky: str
    view: View
    stops: float
    cast: Colour
    contrast: float
    shoulder: float
    crystal: float = 0.5
    balance: float = 0.7
    blinds: bool = False
    hidden: bool = False


def kelvin(warmth: float) -> Colour:
    """The tint of a lamp: 0 is neutral, -1 about a candle, +1 a clear blue sky."""
    return (float(np.exp(-0.32 * warmth)), float(np.exp(-0.02 * abs(warmth))), float(np.exp(0.42 * warmth)))


def size_of(rng: np.random.Generator, seed: int) -> tuple[int, int]:
    """Pixels (width, height): long side 448 (70 %), 640 (22 %) or 1024 (8 %), validation 900; four aspects, multiples of 32 / of 4."""
    long = 900 if seed >= VALIDATION else pick(rng, {448: 70.0, 640: 22.0, 1024: 8.0})
    aspect = pick(rng, {(4, 3): 34.0, (3, 4): 26.0, (1, 1): 22.0, (3, 2): 10.0, (2, 3): 8.0})
    return round(long * min(1, aspect[0] / aspect[1]) / 4) * 4, round(long * min(1, aspect[1] / aspect[0]) / 4) * 4


def sample_item(rng: np.random.Generator) -> Placed:
    """A watch (62 %) or a piece of jewellery, and its pose. Jewellery comes from `jewels.sample_jewel` where that is there."""
    if rng.random() < 0.62:
        watch = sample_watch(rng)
        pose = pick(rng, WATCH_POSES)
        turn, lean = float(rng.normal(0, 12)), float(abs(rng.normal(0, 8)))
        if pose == "standing":
            turn = float(rng.uniform(-180, 180)) if rng.random() < 0.45 else float(rng.normal(0, 30))
        elif pose in ("laid", "face down", "side", "up"):
            turn = float(rng.normal(0, 5)) if rng.random() < 0.45 else float(rng.uniform(-180, 180))
        elif rng.random() < 0.5:  # dead straight, as in a shop's list
            turn, lean = 0.0, 0.0
        return Placed("watch", watch, pose, turn, lean)
    try:
        jewels = importlib.import_module("imaging.training.jewels")
    except ModuleNotFoundError:
        return _plain_jewel(rng)
    kind, jewel, pose = jewels.sample_jewel(rng)
    turn = float(rng.uniform(-180, 180)) if rng.random() < 0.5 else float(rng.normal(0, 20))
    return Placed(kind, jewel, str(pose), turn, pieces=2 if kind in ("earrings", "cufflinks") else 1)


def _plain_jewel(rng: np.random.Generator) -> Placed:
    """A piece of the sample shoot's forms in a random metal."""
    form = pick(rng, {"solitaire": 3, "band": 2, "halo": 3, "pendant": 3, "medal": 2, "hoops": 3, "drops": 3, "bangle": 3, "curb": 3})
    kinds = {"pendant": "pendant", "medal": "pendant", "hoops": "earrings", "drops": "earrings", "bangle": "bangle", "curb": "bracelet"}
    poses = {
        "solitaire": ("standing", "lying"),
        "band": ("standing", "lying"),
        "halo": ("standing", "lying"),
        "pendant": ("gathered", "laid"),
        "medal": ("gathered", "laid"),
        "hoops": ("standing", "lying"),
    }
    metal = pick(rng, {"gold": 4, "silver": 3, "white gold": 2, "rose gold": 2, "steel": 1})
    pose = str(rng.choice(poses.get(form, ("lying",))))
    return Placed(kinds.get(form, "ring"), Jewel(form, metal), pose, float(rng.uniform(-180, 180)), pieces=2 if form in ("hoops", "drops") else 1)


def main_colour(item: Watch | Jewel) -> Colour:
    """About the colour one would name an item by, linear RGB."""
    metals: dict[str, Colour] = {"gold": (0.8, 0.5, 0.2), "rose gold": (0.8, 0.45, 0.3), "black": (0.02, 0.02, 0.02), "titanium": (0.35, 0.34, 0.33)}
    metal = item.metal.split("/")[0]
    if isinstance(item, Watch) and item.strap in ("leather", "rubber", "ribbed", "rally", "tropic"):
        return item.strap_colour
    if isinstance(item, Watch) and item.strap == "nato":
        return item.stripes[0]
    for word, colour in (("white", (0.75, 0.75, 0.75)), ("black", (0.02, 0.02, 0.02))):
        if word in metal and metal not in metals:
            return colour
    return metals.get(metal, (0.7, 0.7, 0.7))


def sample_backdrop(rng: np.random.Generator, floating: bool, item: Watch | Jewel) -> Backdrop:
    """White or nearly white for about 40 % of the pictures, the rest any tone from pale to black, plain or with a texture.

    One plain backdrop in four takes the tone of the item: steel on white, black on black, brown on brown.
    """
    surface = pick(rng, SURFACES)
    plain = surface in ("paper", "void", "gloss")
    tint = pick(rng, {"white": 42, "pale": 18, "any": 24, "dark": 9, "black": 7}) if plain else "any"
    level: float | None = None
    alike = main_colour(item)
    if plain and rng.random() < 0.25:
        tint = "white" if luminance(alike) > 0.45 else "black" if luminance(alike) < 0.03 else "alike"
    if tint == "white":
        colour: Colour = tone(rng, (0.85, 0.85, 0.85), 0.06)
        level = float(rng.choice([rng.uniform(256, 275), rng.uniform(236, 256)], p=[0.55, 0.45]))
    elif tint == "pale":
        colour = tone(rng, (0.66, 0.65, 0.63), 0.25)
    elif tint == "alike":
        colour = tone(rng, alike, 0.35)
    elif tint == "any":
        colour = any_colour(rng)
    elif tint == "dark":
        colour = tone(rng, (0.06, 0.06, 0.065), 0.6)
    else:
        colour, level = tone(rng, (0.012, 0.012, 0.013), 0.5), float(rng.uniform(0, 26))
    if surface == "wood":
        colour = tone(rng, pick(rng, {(0.35, 0.18, 0.08): 3, (0.12, 0.05, 0.02): 2, (0.62, 0.45, 0.28): 2, (0.55, 0.53, 0.50): 1}), 0.3)
    elif surface == "stone":
        colour = tone(rng, pick(rng, {(0.75, 0.74, 0.72): 3, (0.35, 0.35, 0.36): 2, (0.05, 0.05, 0.055): 2, (0.55, 0.48, 0.38): 1}), 0.2)
    elif surface == "leather":
        colour = tone(rng, (0.08, 0.04, 0.02) if rng.random() < 0.5 else (0.02, 0.02, 0.02), 0.6)
    if surface in ("photo", "clutter"):
        level = float(rng.uniform(60, 190))
    if level is None:
        level = float(np.clip(255 * luminance(colour) ** (1 / 2.2) * rng.uniform(0.85, 1.25), 4, 262))
    second = tone(rng, colour, 0.7) if rng.random() < 0.7 else any_colour(rng)
    shape = "wall" if floating or surface == "void" else pick(rng, {"sweep": 8, "table": 2})
    return Backdrop(
        surface,
        shape,
        colour,
        second,
        level,
        rough=float(rng.uniform(0.01, 0.22)) if surface == "gloss" else float(rng.uniform(0.4, 0.9)),
        scale=float(np.exp(rng.uniform(-0.9, 0.9))),
        turn=float(rng.uniform(0, 360)),
        gap=float(np.exp(rng.uniform(np.log(0.4), np.log(6)))),
        photo=int(rng.integers(1 << 30)),
        gradient=float(rng.uniform(0, 0.6)) if rng.random() < 0.4 else 0.0,
    )


def sample_lamps(rng: np.random.Generator) -> tuple[tuple[Lamp, ...], Colour]:
    """The lights and the strength of the room's own: a softbox set, a light tent, a window, a hard lamp, several lamps anywhere."""
    style = pick(rng, {"studio": 42, "tent": 20, "window": 14, "hard": 12, "scattered": 12})
    warm = float(rng.normal(0, 0.35)) if rng.random() < 0.5 else 0.0

    def lamp(x: float, y: float, z: float, w: float, h: float, power: float) -> Lamp:
        place = tuple(v * rng.uniform(0.8, 1.25) for v in (x, y, z))
        strength = float(power * np.exp(rng.normal(0, 0.35)))
        other = float(rng.normal(0, 0.9)) if rng.random() < 0.12 else float(rng.normal(0, 0.08))
        return Lamp(place, (w * rng.uniform(0.6, 1.5), h * rng.uniform(0.6, 1.5)), strength, kelvin(warm + other))  # type: ignore[arg-type]

    side = 1.0 if rng.random() < 0.5 else -1.0
    if style == "studio":
        lamps = [
            lamp(-0.7 * side, 1.3, 5.6, 5.6, 4.4, 1.0),
            lamp(-5 * side, -1.3, 2.7, 1.7, 5.6, 0.55),
            lamp(5.3 * side, -0.7, 2.2, 3.6, 4.4, 0.24),
            lamp(1.7, -7.3, 5, 5, 2.7, 0.28),
        ]
        lamps = [one for k, one in enumerate(lamps) if k == 0 or rng.random() < 0.85]
        ambient = rng.uniform(0.03, 0.3)
    elif style == "tent":
        lamps = [lamp(0, 0.5, 5.5, 7, 7, 0.8), lamp(-5, 0, 3, 6, 6, 0.6), lamp(5, 0, 3, 6, 6, 0.6), lamp(0, -7, 4.5, 7, 5, 0.4)]
        ambient = rng.uniform(0.25, 0.8)
    elif style == "window":
        lamps = [lamp(-6 * side, rng.uniform(-3, 4), 3.5, 5, 6, 1.4)]
        ambient = rng.uniform(0.04, 0.3)
    elif style == "hard":
        lamps = [lamp(rng.uniform(-5, 5), rng.uniform(-6, 4), 6, 0.5, 0.5, 1.2), lamp(-4 * side, -2, 4, 4, 4, rng.uniform(0.05, 0.5))]
        ambient = rng.uniform(0.05, 0.4)
    else:
        lamps = []
        for _ in range(int(rng.integers(2, 6))):
            a, up = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.4)
            far = rng.uniform(4, 9)
            s = float(np.exp(rng.uniform(np.log(0.4), np.log(5))))
            lamps.append(lamp(far * np.cos(a) * np.cos(up), far * np.sin(a) * np.cos(up), far * np.sin(up), s, s * rng.uniform(0.4, 2), rng.uniform(0.15, 0.8)))
        ambient = rng.uniform(0.03, 0.5)
    room = kelvin(float(rng.normal(0.1, 0.3)))
    return tuple(lamps), tuple(float(ambient * c) for c in room)  # type: ignore[return-value]


def sample_view(rng: np.random.Generator, placed: Placed) -> View:
    """Height by pose, most items well inside the frame, about one in five out of it; mostly little blur."""
    watch = placed.kind == "watch"
    if placed.pose in FLOATING:
        height = float(rng.normal(0, 6)) if rng.random() < 0.8 else float(rng.uniform(-20, 30))
    elif watch and placed.pose in ("laid", "face down", "up", "side"):
        height = float(90 - abs(rng.normal(0, 4))) if rng.random() < 0.5 else float(rng.uniform(28, 88))
    elif watch:
        height = float(np.clip(rng.normal(14, 10), 3, 60))
    elif placed.pose in ("gathered", "lying", "laid", "flat"):
        height = float(90 - abs(rng.normal(0, 6))) if rng.random() < 0.4 else float(rng.uniform(15, 85))
    else:
        height = float(np.clip(rng.normal(18, 14), 3, 88))
    roll = 0.0 if rng.random() < 0.45 else float(rng.normal(0, 6)) if rng.random() < 0.6 else float(rng.uniform(-180, 180))
    fill, framed = float(rng.uniform(0.35, 1.0)) if rng.random() < 0.45 else float(rng.uniform(0.6, 0.98)), "item"
    aim = (0.5, 0.5)
    if fill < 0.85:
        room = (1 - fill) * 0.4
        aim = (0.5 + float(rng.uniform(-room, room)), 0.5 + float(rng.uniform(-room, room)))
    out = rng.random()
    if watch and out < 0.24:
        framed, fill = "head", float(rng.uniform(0.4, 0.98))
    elif out < 0.28:
        fill = float(rng.uniform(1.02, 1.7))
    elif out < 0.34:
        aim = (0.5 + float(rng.choice([-1, 1]) * rng.uniform(0.15, 0.4)), 0.5 + float(rng.uniform(-0.3, 0.3)))
    blur = float(np.exp(rng.uniform(np.log(0.0003), np.log(0.006)))) if rng.random() < 0.88 else float(rng.uniform(0.006, 0.02))
    return View(height, float(np.exp(rng.uniform(np.log(45), np.log(160)))), roll, fill, framed, aim, blur, "item" if rng.random() < 0.5 else "centre")


def glare(rng: np.random.Generator, view: View) -> Lamp:
    """A lamp near the camera, so that glass and polished metal throw it back."""
    up, a = np.radians(np.clip(view.height + rng.normal(0, 16), 4, 88)), np.radians(rng.normal(0, 18))
    far, size = rng.uniform(5, 8), float(np.exp(rng.uniform(np.log(0.5), np.log(3.5))))
    place = (float(far * np.sin(a) * np.cos(up)), float(-far * np.cos(a) * np.cos(up)), float(far * np.sin(up)))
    return Lamp(place, (size, size * float(rng.uniform(0.5, 2))), float(rng.uniform(0.15, 0.7)), kelvin(float(rng.normal(0, 0.2))))


def beside(rng: np.random.Generator, first: Placed) -> Placed:
    """A second article next to the first, on the floor or floating like it."""
    for _ in range(20):
        second = sample_item(rng)
        if (second.pose in FLOATING) == (first.pose in FLOATING):
            break
    a = 0.0 if first.pose in FLOATING else float(rng.uniform(-0.9, 0.9))
    side = float(rng.choice([-1, 1]))
    near = float(rng.uniform(0.8, 1.3))
    return replace(second, where=(side * near * float(np.cos(a)), near * float(np.sin(a))))


def describe(seed: int) -> Scene:
    """The picture of `seed` (0..999,999). Raises ValueError for any other number."""
    if not 0 <= seed < 1_000_000:
        raise ValueError(f"Scene seed {seed} is out of range. Use 0..799,999 for training and 900,000..999,999 for validation.")
    rng = np.random.default_rng([seed, VERSION])
    size = size_of(rng, seed)
    cast = rng.random()
    many, empty = cast < 0.04, 0.04 <= cast < 0.07
    placed = sample_item(rng)
    view = sample_view(rng, placed)
    floating = placed.pose in FLOATING
    backdrop = sample_backdrop(rng, floating, placed.item)
    if backdrop.shape == "wall" and not floating and placed.pose in ("laid", "lying", "gathered", "flat", "face down"):
        view = replace(view, height=max(view.height, 50.0))
    items = (placed,)
    if many:
        items = (placed, beside(rng, placed))
        view = replace(view, framed="item", fill=min(view.fill, 0.98), aim=(0.5, 0.5))
    lamps, ambient = sample_lamps(rng)
    if rng.random() < 0.14:
        lamps = (*lamps, glare(rng, view))
    return Scene(
        seed=seed,
        version=VERSION,
        size=size,
        label="none" if empty else placed.kind,
        products=0 if empty else len(items),
        items=items,
        props=backdrop.shape != "wall" and bool(rng.random() < (0.6 if empty else 0.28)),
        backdrop=backdrop,
        lamps=lamps,
        cards=bool(rng.random() < 0.7),
        ambient=ambient,
        sky=pick(rng, {"even": 4, "gradient": 3, "room": 4}),
        view=view,
        stops=float(rng.normal(0, 0.25)) if rng.random() < 0.8 else float(rng.normal(0, 0.8)),
        cast=tuple(float(np.exp(v)) for v in rng.normal(0, 0.015 if rng.random() < 0.8 else 0.08, 3)),  # type: ignore[arg-type]
        contrast=float(rng.normal(0.03, 0.04)),
        shoulder=float(rng.choice([0.6, 0.75, 0.97])),
        crystal=float(rng.choice([rng.uniform(0.1, 0.6), rng.uniform(0.6, 2.5)], p=[0.7, 0.3])),
        balance=float(rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0, 0.75)], p=[0.75, 0.25])),
        blinds=bool(rng.random() < 0.05),
        hidden=empty,
    )
