from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.steps.flatten import flatten
from tests.imaging.steps.frames import RECIPE, block


def test_item_shadow_and_white_lie_on_each_other() -> None:
    shade = np.zeros((100, 200), np.float32)
    shade[:, 120:130] = 0.2

    rgb = flatten(replace(block(), shade=shade), RECIPE).rgb

    assert rgb[50, 100].tolist() == [200, 30, 30]
    assert rgb[50, 125].tolist() == [204, 204, 204]
    assert rgb[10, 10].tolist() == [255, 255, 255]


def test_another_backdrop_is_darkened_by_the_same_share() -> None:
    shade = np.full((100, 200), 0.5, np.float32)

    rgb = flatten(replace(block(), shade=shade, backdrop=(200, 100, 50)), RECIPE).rgb

    assert np.abs(rgb[5, 5].astype(int) - (100, 50, 25)).max() <= 1
