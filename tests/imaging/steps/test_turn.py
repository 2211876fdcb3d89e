from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from imaging.frame import Alpha, Frame, item_box
from imaging.recipe import Recipe, Upright
from imaging.steps.cast import cast
from imaging.steps.colour import colour
from imaging.steps.crop import crop, item_size
from imaging.steps.cutout import cutout
from imaging.steps.place import place
from imaging.steps.shadow import shadow
from imaging.steps.turn import angle_of, lean, turn
from tests import shots
from tests.imaging.steps.frames import RECIPE, block
from tests.imaging.steps.shaded import SIZE, on_canvas, photo

LEAST = 0.8
UPRIGHT = RECIPE.model_copy(update={"upright": Upright(most_degrees=6.0, least_confidence=LEAST)})
BIG = UPRIGHT.model_copy(update={"width_px": 1000, "height_px": 1000})


def leaning(picture: NDArray[Any], degrees: float) -> NDArray[Any]:
    """Turned clockwise around its middle, on a larger picture of the same edge."""
    height, width = picture.shape[:2]
    beside = (max(height, width) // 3,) * 4
    wider = cv2.copyMakeBorder(picture, *beside, cv2.BORDER_REPLICATE)
    middle = (wider.shape[1] - 1) / 2, (wider.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle, -degrees, 1.0)
    return np.asarray(cv2.warpAffine(wider, matrix, wider.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=picture.dtype)


def shape(where: NDArray[np.bool_]) -> Alpha:
    return np.asarray(where * 255, dtype=np.uint8)


Y, X = np.mgrid[:400, :400] - 199.5

UNSURE = {
    "disc": shape(np.hypot(X, Y) < 150),
    "ring": shape((np.hypot(X, Y) < 150) & (np.hypot(X, Y) > 125)),
    "oval bangle": shape((np.hypot(X * 1.5, Y) < 160) & (np.hypot(X * 1.7, Y) > 140)),
    "oval stone": shape(np.hypot(X * 1.6, Y) < 160),
    "square": shape((np.abs(X) < 120) & (np.abs(Y) < 120)),
    "open cuff": shape((np.hypot(X, Y) < 150) & (np.hypot(X, Y) > 120) & (X > -60)),
    "earrings": shape((np.hypot(X - 90, Y * 0.5) < 45) | (np.hypot(X + 90, Y * 0.5) < 45)),
    "bent strap": shape((np.abs(X - Y * Y / 400) < 45) & (np.abs(Y) < 160)),
    "hook": shape(((np.abs(X) < 25) & (np.abs(Y) < 160)) | ((np.abs(Y - 135) < 25) & (X > 0) & (X < 100))),
    "speck": shape((np.abs(X) < 2) & (np.abs(Y) < 2)),
    "nothing": shape(X > 1000),
}


@given(seed=st.integers(0, 20), size=st.sampled_from([(300, 300), (500, 400), (900, 1200)]), fill=st.floats(0.4, 0.9), degrees=st.floats(-15, 15))
@settings(max_examples=25, deadline=None)
def test_the_lean_of_a_watch_is_told_to_half_a_degree(seed: int, size: tuple[int, int], fill: float, degrees: float) -> None:
    told, confidence = angle_of(leaning(shots.watch_alpha(seed, size, fill=fill), degrees))

    assert told == pytest.approx(degrees, abs=0.5)
    assert confidence >= LEAST


@given(
    wide=st.integers(15, 60), high=st.integers(100, 170), taper=st.floats(0, 0.1), crown=st.integers(0, 30), at=st.integers(-60, 60), degrees=st.floats(-15, 15)
)
@settings(max_examples=40, deadline=None)
def test_where_it_is_confident_it_is_right(wide: int, high: int, taper: float, crown: int, at: int, degrees: float) -> None:
    strap = (np.abs(X) < wide - taper * np.abs(Y)) & (np.abs(Y) < high)
    head = np.hypot(X, Y) < 1.5 * wide
    knob = (X > 0) & (1.5 * wide + crown > X) & (np.abs(Y - at) < 10)

    told, confidence = angle_of(leaning(shape(strap | head | knob), degrees))

    assert abs(told - degrees) <= 0.5 or confidence < LEAST


@pytest.mark.parametrize("name", UNSURE)
@given(degrees=st.floats(-15, 15))
@settings(max_examples=8, deadline=None)
def test_what_is_round_or_not_alike_on_both_sides_is_not_confident(name: str, degrees: float) -> None:
    assert angle_of(leaning(UNSURE[name], degrees))[1] < LEAST


@given(st.integers(0, 20), st.floats(-15, 15))
@settings(max_examples=10, deadline=None)
def test_a_drawn_ring_is_not_confident(seed: int, degrees: float) -> None:
    assert angle_of(leaning(shots.watch_alpha(seed, (400, 400), item="ring"), degrees))[1] < LEAST


def finished(frame: Frame, recipe: Recipe) -> Frame:
    frame = lean(frame, recipe)
    for step in (cast, crop, colour, cutout, turn, place, shadow):
        frame = step(frame, recipe)
    return frame


def leaning_watch(degrees: float, size: tuple[int, int] = (700, 700)) -> Frame:
    alpha = np.asarray(leaning(shots.watch_alpha(2, size, fill=0.8), degrees), dtype=np.uint8)
    rgb = leaning(np.asarray(Image.fromarray(np.full((size[1], size[0], 3), (40, 90, 160), np.uint8))), degrees)
    return Frame(image=Image.fromarray(np.where(alpha[..., None] > 0, (150, 60, 30), rgb).astype(np.uint8)), alpha=alpha, photo_size=alpha.shape[::-1])


@given(st.one_of(st.floats(-5.5, -0.5), st.floats(0.5, 5.5)))
@settings(max_examples=8, deadline=None)
def test_a_leaning_watch_is_delivered_upright_whole_and_of_the_recipes_size(degrees: float) -> None:
    frame = leaning_watch(degrees)

    out = finished(frame, BIG)

    assert abs(angle_of(out.alpha)[0]) <= 0.2
    assert max(item_size(out)) == pytest.approx(0.88 * 1000, abs=2)
    assert out.notes[0] == f"turned upright by {abs(angle_of(frame.alpha)[0]):.1f} degrees"
    shown = item_size(out)[0] * item_size(out)[1]
    assert (out.alpha >= 128).sum() / shown == pytest.approx(share_of_box(leaning_watch(0.0).alpha), abs=0.01), "nothing of it is cut off"
    assert out.rgb[out.alpha >= 128][:, 2].max() <= 60, "nothing of the blue backdrop came into its edge"


def share_of_box(alpha: Alpha) -> float:
    left, top, right, bottom = item_box(alpha)
    return float((alpha >= 128).sum() / ((right - left) * (bottom - top)))


@pytest.mark.parametrize("degrees", [0.0, 0.05, 9.0, -30.0, 90.0])
def test_a_watch_that_stands_upright_or_lies_on_purpose_stays_as_it_is(degrees: float) -> None:
    frame = leaning_watch(degrees)

    assert lean(frame, UPRIGHT) is frame


def test_nothing_is_turned_unless_the_recipe_asks() -> None:
    frame = leaning_watch(4.0)

    assert lean(frame, RECIPE) is frame
    assert turn(frame, UPRIGHT) is frame


def test_what_is_turned_at_the_edge_of_its_picture_is_not_clipped() -> None:
    frame = replace(block((300, 200), (0, 0, 300, 200)), turn=5.0)

    out = turn(frame, UPRIGHT)

    assert float(out.alpha.sum()) / 255 == pytest.approx(300 * 200, rel=0.003)
    assert not any(edge.any() for edge in (out.alpha[0], out.alpha[-1], out.alpha[:, 0], out.alpha[:, -1]))


def test_a_kept_shadow_turns_with_its_item() -> None:
    straight, shade = photo()
    pixels, alpha = leaning(np.asarray(straight.image), 4.0), np.asarray(leaning(straight.alpha, 4.0), dtype=np.uint8)
    frame = Frame(image=Image.fromarray(pixels), alpha=alpha, photo_size=alpha.shape[::-1])
    kept = BIG.model_copy(update={"shadow": BIG.shadow.model_copy(update={"kind": "kept", "most": 0.6})})

    out, wanted = finished(frame, kept), finished(straight, kept)

    assert shade.shape == SIZE[::-1]
    assert out.shade is not None
    truth = on_canvas(shade, wanted)
    seen = (out.alpha == 0) & (wanted.alpha == 0)
    seen[:70], seen[-70:], seen[:, :70], seen[:, -70:] = False, False, False, False
    assert float(np.quantile(np.abs(out.shade - truth)[seen], 0.98)) * 255 <= 6
