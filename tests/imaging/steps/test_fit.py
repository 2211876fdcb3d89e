from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from imaging.recipe import OwnRecipe, load_recipes
from imaging.steps.fit import fit, fitted
from tests.imaging.steps.frames import block

RECIPE = load_recipes()["amazon-alt-own"].model_copy(update={"width_px": 300, "height_px": 400})
assert isinstance(RECIPE, OwnRecipe)


@pytest.mark.parametrize(
    ("photo", "shown"),
    [
        ((4000, 3000), (400, 300)),
        ((3000, 4000), (300, 400)),
        ((400, 100), (400, 100)),
        ((320, 80), (400, 100)),
        ((200, 100), (300, 150)),
        ((9000, 3), (400, 1)),
    ],
)
def test_a_photo_keeps_its_shape_and_is_enlarged_only_so_far(photo: tuple[int, int], shown: tuple[int, int]) -> None:
    assert fitted(photo, RECIPE) == shown


def test_all_of_the_photo_is_shown_and_nothing_beside_it() -> None:
    frame = fit(block((800, 400), (0, 0, 800, 400)), RECIPE)

    assert frame.image.size == (400, 200)
    assert frame.image.getextrema() == ((200, 200), (30, 30), (30, 30))
    assert frame.alpha.shape == (200, 400)
    assert frame.alpha.min() == 255
    assert frame.notes == ()


def test_a_photo_that_is_stored_sideways_is_fitted_as_it_is_stored() -> None:
    upright = block((800, 400))
    stored = replace(upright, image=upright.image.transpose(Image.Transpose.ROTATE_90), orientation=6)

    frame = fit(stored, RECIPE)

    assert frame.image.size == (200, 400)
    assert frame.alpha.shape == (200, 400)


def test_an_enlargement_is_told_and_so_is_one_that_was_not_made() -> None:
    assert fit(block((320, 100), (0, 0, 9, 9)), RECIPE).notes == ("enlarged 1.2 x: the photo is only 320 px long",)
    assert fit(block((200, 100), (0, 0, 9, 9)), RECIPE).notes == ("300 px long instead of 400: the photo is only 200 px long",)
