from __future__ import annotations

from dataclasses import replace

from PIL import Image

from imaging.steps.orient import orient
from tests.imaging.steps.frames import RECIPE, block


def test_a_stored_picture_is_turned_upright() -> None:
    straight = block()
    stored = replace(straight, image=straight.image.transpose(Image.Transpose.ROTATE_90), orientation=6)

    frame = orient(stored, RECIPE)

    assert frame.image.tobytes() == straight.image.tobytes()
    assert frame.orientation == 1


def test_an_upright_picture_is_left_alone() -> None:
    frame = block()

    assert orient(frame, RECIPE) is frame
