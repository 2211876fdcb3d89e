from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.decode import upright
from imaging.frame import Frame
from imaging.steps.balance import balance, to_levels, to_linear
from imaging.steps.colour import _table, colour
from tests.imaging.steps.frames import RECIPE

GOLD = (196, 158, 92)


def photo(paper: tuple[int, int, int], light: tuple[float, float, float] = (1.0, 1.0, 1.0), item: tuple[int, int, int] = GOLD, orientation: int = 1) -> Frame:
    """An item on paper, both in a light."""
    rgb = np.empty((200, 300, 3), np.float32)
    rgb[:], rgb[30:110, 20:140] = paper, item
    lit = to_levels(np.clip(to_linear(rgb / np.float32(255)) * np.float32(light), 0, 1)) * 255
    stored = np.zeros((200, 300), np.uint8)
    stored[30:110, 20:140] = 255
    image = Image.fromarray(np.rint(lit).astype(np.uint8))
    alpha = np.asarray(upright(Image.fromarray(stored), orientation)).copy()
    return Frame(image=image, alpha=alpha, photo_size=alpha.shape[::-1], orientation=orientation)


def seen(frame: Frame) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """Paper and item as they come out."""
    rgb = colour(balance(frame, RECIPE), RECIPE).rgb
    return rgb[190, 290], rgb[70, 80]


def test_gold_on_grey_paper_in_neutral_light_stays_as_it_is() -> None:
    paper, item = seen(photo((190, 190, 190)))

    assert np.abs(paper.astype(int) - 190).max() <= 1
    assert np.abs(item.astype(int) - GOLD).max() <= 1


@given(st.tuples(st.floats(0.96, 1.04), st.floats(0.97, 1.03), st.floats(0.94, 1.06)), st.integers(180, 225))
@settings(max_examples=30, deadline=None)
def test_a_tinted_light_is_taken_out_of_paper_and_item(light: tuple[float, float, float], level: int) -> None:
    paper, item = seen(photo((level, level, level), light))
    truth = np.array(GOLD) / 255
    lit = to_levels((to_linear(truth.astype(np.float32)) * np.float32(light @ np.float32([0.2126, 0.7152, 0.0722]))).astype(np.float32)) * 255

    assert int(paper.max()) - int(paper.min()) <= 4
    assert np.abs(item - lit).max() <= 7


def test_no_channel_is_changed_beyond_the_limit() -> None:
    strict = RECIPE.model_copy(update={"white_balance": 0.03})
    frame = balance(photo((200, 200, 200), (1.04, 1.0, 0.93)), strict)

    assert frame.gains is not None
    assert max(abs(gain - 1) for gain in frame.gains) == pytest.approx(0.03, abs=1e-3)


@pytest.mark.parametrize("paper", [(120, 150, 210), (216, 200, 178), (60, 90, 70), (84, 88, 98), (255, 255, 250)])
def test_a_coloured_a_dark_and_a_burnt_out_backdrop_tell_no_tint(paper: tuple[int, int, int]) -> None:
    assert balance(photo(paper), RECIPE).gains is None


def test_an_item_that_fills_the_frame_leaves_nothing_to_balance_by() -> None:
    frame = photo((190, 200, 180))
    frame.alpha[2:-2, 2:-2] = 255

    assert balance(frame, RECIPE).gains is None


def test_a_recipe_may_leave_it_out() -> None:
    assert balance(photo((180, 190, 200)), RECIPE.model_copy(update={"white_balance": 0.0})).gains is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_mask_is_turned_as_the_photo_is_stored(orientation: int) -> None:
    told = balance(photo((190, 184, 180), item=(20, 40, 250), orientation=orientation), RECIPE).gains

    assert told is not None
    assert told == balance(photo((190, 184, 180), item=(20, 40, 250)), RECIPE).gains


@given(st.floats(0.7, 1.3))
def test_nothing_clips_and_no_tones_change_places(gain: float) -> None:
    table = np.array(_table(gain))

    assert (table[0], table[255]) == (0, 255)
    assert (np.diff(table) >= 0).all()
    assert (table[:250] < 255).all()
