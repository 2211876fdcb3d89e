"""One picture among forty that was made otherwise - another shadow, size, place, light, tint or backdrop - is ranked first by stored facts alone."""

from __future__ import annotations

import io
import random
from collections import Counter

import numpy as np
from PIL import Image

import imaging
from tests import shots

TRIALS, BATCH = 200, 40
POOL, ODD_POOL = 60, 6  # pictures that are alike, and of each kind of oddness
LEAST = 0.95
RECIPE = imaging.load_recipes()["amazon-main"].model_copy(update={"width_px": 1000, "height_px": 1000})
SIZE = (900, 900)


def prove(seed: int) -> str:
    chance = random.Random(seed)
    alike = [_facts(_made(chance)) for _ in range(POOL)]
    odd = [(kind, _facts(make(chance))) for kind, make in ODD.items() for _ in range(ODD_POOL)]
    missed: Counter[str] = Counter()
    for _ in range(TRIALS):
        kind, picture = chance.choice(odd)
        batch = {str(number): facts for number, facts in enumerate(chance.sample(alike, BATCH - 1))}
        ranked = imaging.consistency(batch | {"odd": picture})
        assert ranked is not None
        missed[kind] += ranked.pictures[0].name != "odd"
    first = 1 - missed.total() / TRIALS
    assert first >= LEAST, f"ranked first in {first:.1%} of {TRIALS} trials; missed: {+missed}"
    return f"ranked first in {first:.1%} of {TRIALS} trials" + (f", missed {dict(+missed)}" if +missed else "")


def _made(chance: random.Random, recipe: imaging.Recipe = RECIPE, **request: object) -> bytes:
    """A watch of random colours, finished."""
    seed, fill = chance.randint(0, 100_000), chance.uniform(0.6, 0.9)
    photo, mask = shots.watch_photo(seed, SIZE, fill=fill), shots.watch_alpha(seed, SIZE, fill=fill)
    return imaging.render(photo, shots.alpha_png(mask), imaging.RenderRequest(photo="p", cutout="c", recipe=recipe, **request)).data  # type: ignore[arg-type]


def _with(**changes: object) -> imaging.Recipe:
    return RECIPE.model_copy(update=changes)


def _changed(data: bytes, gain: tuple[float, float, float], shift: int = 0) -> bytes:
    """The finished picture tinted within its subject, or moved aside on its white."""
    rgb = np.asarray(Image.open(io.BytesIO(data)), dtype=np.float32)
    subject = (rgb.min(axis=2, keepdims=True) < 225).astype(np.float32)
    rgb = rgb * (1 - subject + subject * np.float32(gain))
    moved = np.full_like(rgb, 255)
    moved[:, shift:] = rgb[:, : rgb.shape[1] - shift]
    out = io.BytesIO()
    Image.fromarray(np.clip(moved, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue()


def _facts(data: bytes) -> imaging.Facts:
    return imaging.measure(data).facts


ODD = {
    "shadow": lambda chance: _made(chance, _with(shadow=RECIPE.shadow.model_copy(update={"contact": 0.7, "ambient": 0.3}))),
    "smaller": lambda chance: _made(chance, _with(fill=RECIPE.fill.model_copy(update={"share": 0.72, "least": 0.7}))),
    "aside": lambda chance: _changed(_made(chance), (1, 1, 1), shift=60),
    "grey backdrop": lambda chance: _made(chance, backdrop="#eef0f0"),
    "warm": lambda chance: _changed(_made(chance), (1.1, 0.95, 0.6)),
    "dark": lambda chance: _made(chance, adjustments={"exposure": -2.0}),
}
