from __future__ import annotations

import numpy as np

from imaging.steps.place import place
from imaging.steps.shadow import shadow
from tests.imaging.steps.frames import RECIPE, block


def test_the_shadow_lies_under_the_item_and_fades_out_before_the_edge() -> None:
    frame = shadow(place(block((400, 400), (60, 60, 340, 340)), RECIPE), RECIPE)

    assert frame.shade is not None
    assert frame.shade[345, 200] > frame.shade[54, 200] > 0
    assert frame.shade[345, 200] > frame.shade[360, 200]
    assert not frame.shade[-8:].any()
    assert not frame.shade[:, :8].any()


def test_a_wide_item_casts_no_shadow_on_the_edge() -> None:
    frame = shadow(place(block((400, 400), (4, 4, 396, 396)), RECIPE), RECIPE)

    assert frame.shade is not None
    ring = np.concatenate([frame.shade[0], frame.shade[-1], frame.shade[:, 0], frame.shade[:, -1]])
    assert not ring.any()


def test_a_recipe_without_shadow_gets_none() -> None:
    bare = RECIPE.model_copy(update={"shadow": RECIPE.shadow.model_copy(update={"contact": 0.0, "ambient": 0.0})})

    assert shadow(block(), bare).shade is None
