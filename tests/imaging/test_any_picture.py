"""`measure` takes any picture: whatever it shows, every fact is in its range and every region lies in the picture."""

from __future__ import annotations

import io
import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imaging import FACTS, measure, probe
from imaging.facts import Measured

Pixels = NDArray[np.uint8]

SHARES = ("background_white_share", "fill", "fill_area", "centre_offset", "stain_share", "halo", "backdrop_left", "clipped_share")


def noise(width: int, height: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def slope(width: int, height: int, seed: int) -> Pixels:
    first, last = np.random.default_rng(seed).integers(0, 256, (2, 3))
    along = np.linspace(0, 1, width)[None, :, None] * np.ones((height, 1, 1))
    return np.rint(first * (1 - along) + last * along).astype(np.uint8)


def flat(width: int, height: int, seed: int) -> Pixels:
    return np.broadcast_to(np.random.default_rng(seed).integers(0, 256, 3, dtype=np.uint8), (height, width, 3)).copy()


def blobs(width: int, height: int, seed: int) -> Pixels:
    """Rectangles of any colour, on any colour, over the border as well."""
    chance, picture = np.random.default_rng(seed), flat(width, height, seed)
    for _ in range(int(chance.integers(1, 6))):
        xs, ys = sorted(chance.integers(0, width + 1, 2)), sorted(chance.integers(0, height + 1, 2))
        picture[ys[0] : ys[1], xs[0] : xs[1]] = chance.integers(0, 256, 3)
    return picture


def file(pixels: Pixels, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def lies(measured: Measured, width: int, height: int) -> list[str]:
    """What a fact or a region says that cannot be so."""
    facts = measured.facts
    found = [f"{name} is no fact" for name in facts if name not in FACTS]
    found += [f"{name} is {value}" for name, value in facts.items() if isinstance(value, float) and not math.isfinite(value)]
    found += [f"{name} is {facts[name]}" for name in SHARES if facts.get(name) is not None and not 0 <= float(facts[name] or 0) <= 1]
    found += [f"{name} is at {box}" for name, box in measured.regions.items() if not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height)]
    if not facts["subject_found"]:
        found += [f"{name} of no subject" for name in ("fill", "pieces", "halo", "marks") if facts.get(name) is not None]
    return found


sides = st.one_of(st.just(1), st.integers(1, 8), st.integers(1, 400))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from((noise, slope, flat, blobs)), sides, sides, st.integers(0, 1 << 20), st.sampled_from(("PNG", "JPEG")), st.booleans())
def test_no_fact_of_any_picture_lies(make: object, width: int, height: int, seed: int, kind: str, everywhere: bool) -> None:
    data = file(make(width, height, seed), kind)  # type: ignore[operator]

    assert lies(measure(data, search_words=everywhere), width, height) == []
    assert lies(probe(data), width, height) == []


@settings(max_examples=8, deadline=None)
@example(blobs, 6, 2000, False, 298)  # it ran out at the bottom, by a stretch deeper than the picture is high
@given(st.sampled_from((noise, slope, flat, blobs)), st.integers(1, 40), st.integers(2000, 6000), st.booleans(), st.integers(0, 1 << 20))
def test_nor_of_very_long_ones(make: object, thin: int, long: int, upright: bool, seed: int) -> None:
    width, height = (thin, long) if upright else (long, thin)

    assert lies(measure(file(make(width, height, seed), "PNG"), search_words=True), width, height) == []  # type: ignore[operator]


def test_a_flat_picture_holds_nothing() -> None:
    facts = measure(file(np.full((300, 400, 3), 255, np.uint8), "PNG"), search_words=True).facts

    assert facts["subject_found"] is False
    assert facts["background_white_share"] == 1
    assert not facts["text_outside"]
