"""Brings a photo to the recipe's white point: exposed so that white paper has one level in every picture, told by the paper and never by the product."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np

from imaging.frame import Frame
from imaging.recipe import Recipe
from imaging.steps.balance import LUMINANCE, paper_light, to_levels, to_linear

_LEAST_STOPS = 0.03  # a smaller change is not seen


def whiten(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `lift` where the recipe has a white point and no exposure was asked for by hand; notes by how much.

    The paper behind the item comes to `level`, as far as `most_ev` allows; what is brighter keeps between it and white. Where no paper tells how
    light white is (coloured, dark, burnt out or hardly seen), the photo keeps its exposure and a note says so.
    """
    if recipe.white_point is None or frame.adjustments.get("exposure"):
        return frame
    light = paper_light(frame)
    if light is None:
        return frame.noted("the white point could not be told by the backdrop: the photo keeps its exposure")
    paper = light @ LUMINANCE
    wished = log2(float(to_linear(np.array([recipe.white_point.level / 255], np.float32))[0]) / float(paper))
    stops = min(max(wished, -recipe.white_point.most_ev), recipe.white_point.most_ev)
    if abs(stops) < _LEAST_STOPS:
        return frame
    level = round(float(to_levels(np.array([paper], np.float32))[0]) * 255)
    done = f"{'brightened' if stops > 0 else 'darkened'} by {abs(stops):.2f} stops: white paper had level {level} in the photo"
    return replace(frame, lift=(round(2**stops, 4), round(float(paper), 4))).noted(
        done if stops == wished else f"{done}, and more than the recipe allows would be needed"
    )
