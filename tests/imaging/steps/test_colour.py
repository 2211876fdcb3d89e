from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from imaging.colour import profile_name, srgb_profile
from imaging.steps.colour import colour
from tests.imaging.steps.frames import RECIPE, block


@pytest.mark.parametrize("mode", ["L", "CMYK", "P", "RGBA", "1", "LA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    frame = colour(replace(block(), image=block().image.convert(mode)), RECIPE)

    assert frame.image.mode == "RGB"
    assert frame.rgb.shape == (100, 200, 3)


def test_an_srgb_profile_changes_nothing() -> None:
    frame = colour(replace(block(), icc=srgb_profile()), RECIPE)

    assert frame.image.tobytes() == block().image.tobytes()
    assert profile_name(srgb_profile()) == "srgb"


def test_a_damaged_profile_is_no_reason_to_lose_the_photo() -> None:
    frame = colour(replace(block(), icc=b"no profile at all"), RECIPE)

    assert frame.image.tobytes() == block().image.tobytes()


def test_one_stop_brightens_and_keeps_black() -> None:
    dark = replace(block(), image=Image.new("RGB", (2, 1), (100, 0, 50)), adjustments={"exposure": 1.0})

    assert colour(dark, RECIPE).image.getpixel((0, 0)) == (137, 0, 69)
