from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.frame import Frame
from imaging.recipe import Exposure
from imaging.steps.balance import to_levels, to_linear
from imaging.steps.expose import CLIPPED, MORE_CLIPPED, expose
from tests.imaging.steps.frames import RECIPE, block

LIT = RECIPE.model_copy(update={"exposure": Exposure(most_ev=1.0, target=90.0)})
GOLD, STEEL = (214, 172, 96), (190, 193, 198)


def metal(colour: tuple[int, int, int], stops: float, glints: float = 0.0, seed: int = 0) -> Frame:
    """A piece of metal from shade to shine, photographed `stops` too bright (or, below 0, too dark); some of its pixels burnt out."""
    frame = block((300, 200), (40, 20, 260, 180))
    random = np.random.default_rng(seed)
    shine = random.beta(2, 1.2, (200, 300)).astype(np.float32)
    light = to_linear(np.float32(np.array(colour) / 255)) * shine[..., None] * np.float32(2**stops)
    rgb = np.rint(to_levels(np.minimum(light, 1)) * 255).astype(np.uint8)
    rgb[random.random((200, 300)) < glints] = 255
    return replace(frame, rgb=rgb)


def highlight(frame: Frame) -> float:
    """L* of the 98th of a hundred pixels."""
    lab = cv2.cvtColor(frame.rgb[frame.alpha == 255][None].astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[0]
    return float(np.quantile(lab[:, 0], 0.98))


def clipped(frame: Frame) -> float:
    return float((frame.rgb[frame.alpha == 255] == CLIPPED).any(axis=1).mean())


def hue(frame: Frame, where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Degrees in CIELAB."""
    lab = cv2.cvtColor(frame.rgb[where][None].astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[0]
    return np.asarray(np.degrees(np.arctan2(lab[:, 2], lab[:, 1])), dtype=np.float32)


@given(st.floats(-0.9, -0.2), st.integers(0, 20))
@settings(max_examples=15, deadline=None)
def test_a_dark_product_comes_up_to_the_target(stops: float, seed: int) -> None:
    frame = metal(STEEL, stops, seed=seed)
    target = highlight(metal(STEEL, 0.0, seed=seed))
    recipe = RECIPE.model_copy(update={"exposure": Exposure(most_ev=1.0, target=target)})

    lit = expose(frame, recipe)

    assert highlight(lit) == pytest.approx(target, abs=0.7)
    assert lit.notes[-1].startswith("brightened by 0.")


@given(st.floats(-4, 0), st.floats(0.1, 1.5))
@settings(max_examples=15, deadline=None)
def test_no_product_is_lifted_beyond_the_bound(stops: float, most: float) -> None:
    frame = metal(STEEL, stops)

    lit = expose(frame, RECIPE.model_copy(update={"exposure": Exposure(most_ev=most, target=95.0)}))

    limit = to_levels(np.minimum(to_linear(frame.rgb.astype(np.float32) / np.float32(255)) * np.float32(2**most), 1)) * 255
    assert (lit.rgb <= np.rint(limit)).all()
    assert (lit.rgb >= frame.rgb).all()


@given(st.tuples(*[st.integers(60, 255)] * 3), st.floats(-2, 1), st.floats(0, 0.05), st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_nothing_is_clipped_that_was_not(colour: tuple[int, int, int], stops: float, glints: float, seed: int) -> None:
    frame = metal(colour, stops, glints, seed)

    assert clipped(expose(frame, LIT)) <= clipped(frame) + MORE_CLIPPED + 1e-6


@pytest.mark.parametrize(("colour", "within"), [(GOLD, 2.0), (STEEL, 12.0)])
@pytest.mark.parametrize("stops", [-1.0, -0.5])
def test_gold_and_steel_keep_their_hue(colour: tuple[int, int, int], within: float, stops: float) -> None:
    frame = metal(colour, stops)

    lit = expose(frame, LIT)

    shown = (frame.alpha == 255) & (lit.rgb.max(axis=2) < CLIPPED) & (frame.rgb.min(axis=2) > 60)  # where a level of rounding is no hue
    turned = np.abs(hue(frame, shown) - hue(lit, shown))
    turned = np.minimum(turned, 360 - turned)
    assert highlight(lit) > highlight(frame) + 5
    assert float(np.median(turned)) <= within / 3
    assert float(np.quantile(turned, 0.95)) <= within


@pytest.mark.parametrize("stops", [0.0, 0.5])
def test_a_bright_product_is_left_as_it_is(stops: float) -> None:
    frame = metal((250, 250, 250), stops)

    assert expose(frame, LIT) is frame


def test_a_few_pixels_a_hand_set_exposure_and_a_recipe_without_are_left_alone() -> None:
    frame = metal(STEEL, -1.0)
    few = replace(frame, alpha=np.where(np.arange(300) < 41, frame.alpha, 0)[:100].astype(np.uint8), rgb=frame.rgb[:100])
    by_hand = replace(frame, adjustments={"exposure": 0.2})

    assert expose(few, LIT) is few
    assert expose(by_hand, LIT) is by_hand
    assert expose(frame, RECIPE) is frame


@pytest.mark.parametrize("colour", [(255, 170, 60), (255, 40, 30)])
def test_a_strong_colour_with_a_clipped_channel_keeps_its_hue(colour: tuple[int, int, int]) -> None:
    frame = block((300, 200), (40, 20, 260, 180))
    frame = replace(frame, rgb=np.full((200, 300, 3), colour, np.uint8))

    assert expose(frame, LIT) is frame
