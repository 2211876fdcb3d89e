from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_crown_does_not_push_a_watch_off_the_middle() -> None:
    frame = block((400, 400), (100, 60, 260, 340))
    frame.alpha[190:210, 260:285] = 255  # the crown
    centred = RECIPE.model_copy(update={"align": "box"})

    body, box = (place(colour(crop(frame, recipe), recipe), recipe) for recipe in (RECIPE, centred))

    assert middle_of_the_widest_rows(body.alpha) == pytest.approx(200, abs=1)
    assert middle_of_the_widest_rows(box.alpha) < 190
    assert item_box(body.alpha)[2] - item_box(body.alpha)[0] == item_box(box.alpha)[2] - item_box(box.alpha)[0]


@pytest.mark.parametrize(
    "boxes",
    [
        [(40, 20, 120, 380), (300, 130, 380, 250)],  # two pieces of different height
        [(150, 40, 250, 120), (185, 120, 215, 380)],  # a head on a narrow strap
    ],
)
def test_what_is_no_short_appendage_counts_for_the_middle(boxes: list[tuple[int, int, int, int]]) -> None:
    frame = block((400, 400), boxes[0])
    for left, top, right, bottom in boxes[1:]:
        frame.alpha[top:bottom, left:right] = 255

    left, top, right, bottom = item_box(place(colour(crop(frame, RECIPE), RECIPE), RECIPE).alpha)

    assert left + right == pytest.approx(400, abs=2)
    assert top + bottom == pytest.approx(400, abs=2)


def middle_of_the_widest_rows(alpha: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    columns = np.flatnonzero((alpha >= 128).sum(axis=0) > 100)
    return float(columns[0] + columns[-1] + 1) / 2


@given(left=st.integers(0, 200), top=st.integers(0, 200), wide=st.integers(20, 190), high=st.integers(20, 190), horn=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_wherever_its_body_lies_all_of_the_item_stays_on_the_canvas(left: int, top: int, wide: int, high: int, horn: int) -> None:
    frame = block((400, 400), (left, top, left + wide, top + high))
    frame.alpha[top : top + 4, left : min(400, left + wide + horn)] = 255
    cut = crop(frame, RECIPE)

    placed = place(colour(cut, RECIPE), RECIPE)

    assert (placed.alpha >= 128).sum() == (cut.alpha >= 128).sum()
    assert item_box(placed.alpha)[0] >= 8 - 1
    assert item_box(placed.alpha)[2] <= 392 + 1


def test_faint_rests_of_a_mask_never_reach_the_edge() -> None:
    frame = block((400, 400), (150, 150, 250, 250))
    frame.alpha[:, :100] = 40

    placed = place(frame, RECIPE)

    assert not placed.alpha[:, :8].any()
