from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imaging.frame import item_box
from imaging.steps.crop import crop, item_size
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


def test_a_wanted_length_is_kept_but_never_beyond_the_recipes() -> None:
    assert max(item_size(crop(replace(block(), longest_px=150.0), RECIPE))) == pytest.approx(150, abs=1)
    assert max(item_size(crop(replace(block(), longest_px=9999.0), RECIPE))) == pytest.approx(352, abs=1)
    assert item_box(block().alpha) == (80, 20, 120, 80)
