from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from imaging.decode import stored_box, upright
from imaging.frame import Frame
from imaging.recipe import Recipe
from imaging.steps.crop import crop, item_size
from imaging.steps.orient import orient
from tests.imaging.steps.frames import RECIPE, block


def test_the_items_longer_side_gets_the_recipes_length() -> None:
    assert max(item_size(crop(block(), RECIPE))) == pytest.approx(0.88 * 400, abs=1)


def test_image_and_alpha_stay_on_each_other() -> None:
    frame = crop(block(), RECIPE)

    red = np.asarray(frame.image)[..., 0] > 164
    assert frame.image.size == (frame.alpha.shape[1], frame.alpha.shape[0])
    assert (red == (frame.alpha > 127)).mean() > 0.97


def test_a_turned_photo_is_cropped_in_its_own_coordinates() -> None:
    upright = block((200, 100), (10, 20, 50, 80))
    stored = replace(upright, image=upright.image.transpose(Image.Transpose.ROTATE_90), orientation=6)

    frame = crop(stored, RECIPE)

    assert frame.image.size == (frame.alpha.shape[0], frame.alpha.shape[1])
    assert (np.asarray(frame.image)[..., 0] > 164).mean() > 0.95


def test_what_is_enlarged_is_noted_with_the_length_the_photo_had() -> None:
    (note,) = crop(block(), RECIPE).notes

    assert note == "enlarged 5.9 x: the photo shows the item only 60 px long"


def test_a_big_enough_item_is_not_noted() -> None:
    assert crop(block((900, 600), (200, 50, 600, 550)), RECIPE).notes == ()


def test_a_wanted_length_is_kept_within_the_recipes_bounds() -> None:
    wide = RECIPE.model_copy(update={"fill": RECIPE.fill.model_copy(update={"least": 0.3})})

    assert longest(wide, 150.0) == pytest.approx(150, abs=1)
    assert longest(RECIPE, 150.0) == pytest.approx(0.86 * 400, abs=1)
    assert longest(RECIPE, 900.0) == pytest.approx(0.90 * 400, abs=1)


def longest(recipe: Recipe, wanted_px: float) -> int:
    return max(item_size(crop(replace(block(), longest_px=wanted_px), recipe)))


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_tiles_without_item_are_left_out_and_the_others_are_as_in_one_go(orientation: int) -> None:
    chance = np.random.default_rng(orientation)
    alpha = np.zeros((700, 900), np.uint8)
    alpha[100:140, 50:850], alpha[100:650, 50:90] = 255, 255
    size = (900, 700) if orientation < 5 else (700, 900)
    photo = Image.fromarray(chance.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))

    recipe = RECIPE.model_copy(update={"width_px": 600, "height_px": 600})
    frame = orient(crop(Frame(image=photo, alpha=alpha, photo_size=(900, 700), orientation=orientation), recipe), RECIPE)

    left, top, right, bottom = stored_box((50 / 900, 100 / 700, 850 / 900, 650 / 700), orientation)
    box = left * size[0], top * size[1], right * size[0], bottom * size[1]
    stored = frame.image.size if orientation < 5 else frame.image.size[::-1]
    whole = upright(photo.resize(stored, Image.Resampling.BICUBIC, box=box), orientation)
    seen = frame.alpha > 0
    assert np.abs(np.asarray(frame.image, dtype=int) - np.asarray(whole))[seen].max() <= 1
    assert (np.asarray(frame.image)[-128:, -128:] == 0).all()


def test_the_backdrop_beside_the_item_is_there_though_its_tile_holds_no_item() -> None:
    alpha = np.zeros((1800, 1800), np.uint8)
    y, x = np.mgrid[:1800, :1800] - 900
    away = np.hypot(x, y)
    alpha[(away > 500) & (away < 880)] = 255  # a ring: the tiles inside it hold nothing of it
    photo = Image.fromarray(np.full((1800, 1800, 3), 200, np.uint8))

    frame = crop(Frame(image=photo, alpha=alpha, photo_size=(1800, 1800)), RECIPE.model_copy(update={"width_px": 2000, "height_px": 2000}))

    near = np.asarray(cv2.dilate(frame.alpha, np.ones((41, 41), np.uint8))) > 0
    assert (np.asarray(frame.image)[near] == 200).all()
    assert (np.asarray(frame.image)[~near] == 0).any()
