from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats
from imaging.frame import Frame
from imaging.steps.cast import cast
from imaging.steps.flatten import flatten
from tests import shots
from tests.imaging.steps.frames import RECIPE, block
from tests.imaging.steps.shaded import KEPT, SIZE, fallen, on_canvas, photo, through

YS, XS = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
CHANCE = np.random.default_rng(5).normal(0, 1, (SIZE[1], SIZE[0])).astype(np.float32)


def off(frame: Frame, shade: Floats) -> NDArray[np.float32]:
    """Levels by which the finished shadow is off the photo's, where both can be seen and nothing is faded out yet."""
    out = through(frame)
    assert out.shade is not None
    assert out.notes[-1:] != ("the photo's own shadow could not be told from its backdrop: one was drawn",)
    inside = np.zeros(out.alpha.shape, bool)
    inside[70:-70, 70:-70] = True
    seen = inside & (out.alpha == 0)
    return np.asarray((out.shade - on_canvas(shade, out))[seen] * 255, dtype=np.float32)


@given(
    seed=st.integers(0, 9),
    item=st.sampled_from(["watch", "ring"]),
    level=st.integers(150, 250),
    dark=st.floats(0.1, 0.4),
    wide=st.floats(12, 40),
    drop=st.tuples(st.integers(-20, 20), st.integers(-20, 20)),
)
@settings(max_examples=12, deadline=None)
def test_the_photos_own_shadow_comes_back(seed: int, item: str, level: int, dark: float, wide: float, drop: tuple[int, int]) -> None:
    shade = fallen(shots.watch_alpha(seed, SIZE, item=item, fill=0.6), dark, wide, drop)
    frame, shade = photo((level, level, level), seed=seed, item=item, shade=shade)

    wrong = off(frame, shade)

    assert abs(float(wrong.mean())) <= 1
    assert float(np.quantile(np.abs(wrong), 0.95)) <= 4
    assert float(np.abs(wrong).max()) <= 25, "only beside the item's edge"


@pytest.mark.parametrize("paper", [(232, 214, 190), (190, 205, 228), (150, 120, 110)])
def test_on_a_tinted_backdrop_the_shadow_becomes_grey(paper: tuple[int, int, int]) -> None:
    frame, shade = photo(paper)

    picture = flatten(through(frame), KEPT)

    beside = picture.rgb[picture.alpha == 0].astype(int)
    assert (beside.max(axis=1) == beside.min(axis=1)).all()
    assert beside.min() < 230
    assert float(np.quantile(np.abs(off(frame, shade)), 0.95)) <= 4


@pytest.mark.parametrize(
    "texture",
    [
        1 + 0.08 * np.sin(YS / 3 + 2 * np.sin(XS / 60)),
        1 + 0.12 * np.sin(XS * 1.2) * np.sin(YS * 1.2),
        1 + cv2.GaussianBlur(CHANCE, (0, 0), 8) * 2,
        1 + 0.15 * np.sign(np.sin(XS / 20) * np.sin(YS / 20)),
        1 - 0.2 * np.clip(1 - np.abs(np.sin(XS / 50 + YS / 80 + 60 * cv2.GaussianBlur(CHANCE, (0, 0), 30))) * 6, 0, 1),
    ],
    ids=["wood", "linen", "stone", "tiles", "marble"],
)
def test_on_a_textured_backdrop_a_shadow_is_drawn_and_that_is_told(texture: Floats) -> None:
    frame, _ = photo(texture=texture.astype(np.float32))
    drawn = KEPT.model_copy(update={"shadow": RECIPE.shadow})

    kept, wanted = through(frame), through(frame, drawn)

    assert kept.cast is None
    assert kept.notes[-1] == "the photo's own shadow could not be told from its backdrop: one was drawn"
    assert kept.shade is not None
    assert wanted.shade is not None
    assert np.array_equal(kept.shade, wanted.shade)


@pytest.mark.parametrize("prop", [(20, 20, 160, 120), (580, 500, 780, 630), (640, 200, 700, 300)])
def test_a_thing_beside_the_item_is_no_shadow(prop: tuple[int, int, int, int]) -> None:
    bare, _ = photo()
    frame, _ = photo(prop=prop)

    without, beside = through(bare).shade, through(frame).shade

    assert without is not None
    assert beside is not None
    assert np.abs(without - beside).max() < 0.02


def test_a_strap_that_the_cut_out_missed_is_not_kept_as_a_shadow() -> None:
    alpha = shots.watch_alpha(3, SIZE, fill=0.6)
    frame, _ = photo(shade=alpha * np.float32(0))
    short = alpha.copy()
    short[:200] = 0
    pixels = np.asarray(frame.image).copy()
    pixels[alpha[:, :, None].repeat(3, axis=2) > 0] = 130  # grey, and as even as a shadow
    missed = replace(frame, image=Image.fromarray(pixels), alpha=short)

    assert cast(missed, KEPT).cast is None


def test_a_photo_without_shadow_is_given_none() -> None:
    frame, _ = photo(shade=np.zeros(SIZE[::-1], np.float32))

    out = through(frame)

    assert out.shade is not None
    assert not out.shade.any()


@given(st.integers(0, 9), st.floats(0.3, 0.8), st.floats(0.05, 0.5))
@settings(max_examples=8, deadline=None)
def test_no_kept_shadow_is_darker_than_the_recipe_allows_or_reaches_the_edge(seed: int, dark: float, most: float) -> None:
    alpha = shots.watch_alpha(seed, SIZE, fill=0.6)
    frame, _ = photo(seed=seed, shade=fallen(alpha, dark, 60.0, (60, 60)))
    recipe = KEPT.model_copy(update={"shadow": KEPT.shadow.model_copy(update={"most": most})})

    out = flatten(through(frame, recipe), recipe)

    assert out.shade is not None
    assert out.shade.max() <= most + 1e-6
    ring = [out.rgb[:20], out.rgb[-20:], out.rgb[:, :20], out.rgb[:, -20:]]
    assert all((side == 255).all() for side in ring)


def test_the_same_photo_gives_the_same_shadow() -> None:
    first, second = (through(photo()[0]).shade for _ in range(2))

    assert first is not None
    assert second is not None
    assert np.array_equal(first, second)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_casts_the_same_shadow(orientation: int) -> None:
    frame, _ = photo()
    turn = shots._UNDO[orientation]
    assert turn is not None
    stored = replace(frame, image=frame.image.transpose(turn), orientation=orientation)

    straight, turned = cast(frame, KEPT).cast, cast(stored, KEPT).cast

    assert straight is not None
    assert turned is not None
    assert np.abs(straight - turned).max() < 0.01


def test_a_recipe_that_draws_its_shadow_looks_at_no_photo() -> None:
    frame = block()

    assert cast(frame, RECIPE) is frame


def test_an_item_that_fills_the_photo_has_its_shadow_drawn() -> None:
    frame = block((400, 400), (4, 4, 396, 396))

    assert cast(frame, KEPT).cast is None


def test_a_photo_of_a_few_pixels_without_shadow_is_given_none() -> None:
    frame = replace(block(), image=Image.new("RGB", (15, 15), (200, 200, 200)), alpha=np.pad(np.full((7, 7), 255, np.uint8), 4))

    assert cast(frame, KEPT).cast is not None
    assert not np.any(cast(frame, KEPT).cast)
