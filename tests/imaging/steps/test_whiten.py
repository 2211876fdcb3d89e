"""The white point: one exposure for all photos before white paper, told by the paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imaging.frame import Frame
from imaging.recipe import Recipe, WhitePoint
from imaging.steps.balance import balance, to_levels, to_linear
from imaging.steps.colour import _table, colour
from imaging.steps.whiten import whiten
from tests.imaging.steps.frames import RECIPE

GOLD, STEEL, WHITE = (196, 158, 92), (150, 153, 158), (236, 236, 234)
PAPER = 245


def recipe(level: int = PAPER, most_ev: float = 0.8) -> Recipe:
    return RECIPE.model_copy(update={"white_point": WhitePoint(level=level, most_ev=most_ev)})


def photo(stops: float, item: tuple[int, int, int] = STEEL, paper: tuple[int, int, int] = (PAPER, PAPER, PAPER)) -> Frame:
    """An item on paper, photographed so many stops too bright or, below 0, too dark."""
    rgb = np.empty((200, 300, 3), np.float32)
    rgb[:], rgb[30:110, 20:140] = paper, item
    lit = to_levels(np.clip(to_linear(rgb / np.float32(255)) * np.float32(2**stops), 0, 1)) * 255
    alpha = np.zeros((200, 300), np.uint8)
    alpha[30:110, 20:140] = 255
    return Frame(image=Image.fromarray(np.rint(lit).astype(np.uint8)), alpha=alpha, photo_size=(300, 200))


def shown(frame: Frame, by: Recipe) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Paper and item as they come out."""
    rgb = colour(whiten(balance(frame, by), by), by).rgb.astype(np.int64)
    return rgb[190, 290], rgb[70, 80]


@given(stops=st.floats(-0.75, 0), item=st.sampled_from([GOLD, STEEL]))
@settings(max_examples=20, deadline=None)
def test_pictures_taken_darker_and_lighter_come_out_alike(stops: float, item: tuple[int, int, int]) -> None:
    paper, shows = shown(photo(stops, item), recipe())

    assert np.abs(paper - PAPER).max() <= 2
    assert np.abs(shows - item).max() <= 4


def test_lighter_photos_are_brought_down() -> None:
    of = photo(0.0, STEEL, paper=(250, 250, 250))

    assert np.abs(shown(of, recipe(level=220))[0] - 220).max() <= 1
    assert whiten(of, recipe(level=220)).notes[0].startswith("darkened by 0.4")


@given(paper=st.floats(0.35, 0.97), to=st.floats(0.58, 0.956))
def test_nothing_clips_and_brighter_stays_brighter(paper: float, to: float) -> None:
    table = np.array(_table(1.0, (min(2.0, to / paper), paper)))

    assert (np.diff(table) >= 0).all()
    assert (table[:245] < 255).all()
    assert table[255] == 255


def test_the_limit_holds_and_is_told() -> None:
    made = whiten(photo(-0.9), recipe(most_ev=0.3))

    assert made.lift is not None
    assert made.lift[0] == pytest.approx(2**0.3, abs=1e-3)
    assert made.notes[0].endswith("and more than the recipe allows would be needed")


@pytest.mark.parametrize("paper", [(120, 60, 40), (40, 40, 40), (255, 255, 255)])
def test_a_backdrop_that_tells_no_white_leaves_the_exposure_and_is_told(paper: tuple[int, int, int]) -> None:
    made = whiten(photo(0.0, paper=paper), recipe())

    assert made.lift is None
    assert made.notes == ("the white point could not be told by the backdrop: the photo keeps its exposure",)


def test_the_product_tells_nothing() -> None:
    lifts = {whiten(photo(-0.4, item), recipe()).lift for item in (GOLD, STEEL, WHITE, (12, 12, 12))}

    assert len(lifts) == 1


def test_a_person_s_exposure_goes_before_and_without_the_key_nothing_is_done() -> None:
    of = photo(-0.5)

    assert whiten(of, RECIPE) is of
    by_hand = replace(of, adjustments={"exposure": 0.2})
    assert whiten(by_hand, recipe()) is by_hand


def test_without_a_lift_the_table_is_the_one_of_before() -> None:
    assert _table(1.0) == tuple(range(256))
