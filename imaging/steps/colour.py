"""Brings the photo to RGB in sRGB, in neutral light and with the exposure that was asked for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image

from imaging.colour import to_srgb
from imaging.decode import as_array, as_image
from imaging.frame import Frame
from imaging.recipe import AnyRecipe
from imaging.steps.balance import to_levels, to_linear

_KNEE = 0.75  # of linear light (level 225): from here on a gain lets go, so that nothing clips and white stays white
_GAMMA = 2.2  # close enough to sRGB's curve for a change of exposure


def colour(frame: Frame, recipe: AnyRecipe) -> Frame:
    """sRGB pixels, the light's tint taken out by `gains`, its amount brought to the white point by `lift`, then by adjustments["exposure"] stops."""
    image = to_srgb(as_image(frame.image), frame.icc)
    if frame.gains is not None or frame.lift is not None:
        image = image.point([level for gain in frame.gains or (1.0, 1.0, 1.0) for level in _table(gain, frame.lift)])
    stops = frame.adjustments.get("exposure", 0.0)
    if stops:
        image = _exposed(image, stops)
    return replace(frame, image=image, rgb=as_array(image), icc=None)


@lru_cache(maxsize=64)
def _table(gain: float, lift: tuple[float, float] | None = None) -> tuple[int, ...]:
    """Levels 0..255 -> levels, linear light lifted, multiplied by `gain` up to _KNEE, and less and less beyond it."""
    light = to_linear(np.arange(256, dtype=np.float32) / np.float32(255))
    if lift is not None:  # what is brighter than the paper is drawn together or apart and white stays white: glints keep their shape, nothing clips
        by, paper = lift
        light = np.where(light <= paper, light * by, 1 - (1 - light) * (1 - paper * by) / (1 - paper)).astype(np.float32)
    knee = gain * _KNEE
    lit = np.where(light <= _KNEE, light * gain, knee + (1 - knee) * (light - _KNEE) / (1 - _KNEE))
    return tuple(int(level) for level in np.rint(to_levels(lit.astype(np.float32)) * 255))


def _exposed(image: Image.Image, stops: float) -> Image.Image:
    gain = 2.0 ** (stops / _GAMMA)
    table = [min(255, round(value * gain)) for value in range(256)]
    return image.point(table * 3)
