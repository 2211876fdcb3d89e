from __future__ import annotations

import pytest

from imaging.frame import item_box
from imaging.steps.colour import colour
from imaging.steps.crop import crop
from imaging.steps.place import place
from tests.imaging.steps.frames import RECIPE, block


@pytest.mark.parametrize("box", [(0, 0, 30, 90), (80, 20, 120, 80), (150, 70, 200, 100)])
def test_the_item_is_in_the_middle_of_the_canvas(box: tuple[int, int, int, int]) -> None:
    frame = place(colour(crop(block(box=box), RECIPE), RECIPE), RECIPE)

    left, top, right, bottom = item_box(frame.alpha)
    assert frame.rgb.shape == (400, 400, 3)
    assert abs(left + right - 400) <= 1
    assert abs(top + bottom - 400) <= 1


def test_faint_rests_of_a_mask_never_reach_the_edge() -> None:
    frame = block((400, 400), (150, 150, 250, 250))
    frame.alpha[:, :100] = 40

    placed = place(frame, RECIPE)

    assert not placed.alpha[:, :8].any()
