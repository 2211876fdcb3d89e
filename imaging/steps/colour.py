"""Brings the photo to RGB in sRGB, with the exposure that was asked for."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from imaging.colour import to_srgb
from imaging.decode import as_array
from imaging.frame import Frame
from imaging.recipe import Recipe

_GAMMA = 2.2  # close enough to sRGB's curve for a change of exposure


def colour(frame: Frame, recipe: Recipe) -> Frame:
    """sRGB pixels, brightened or darkened by adjustments["exposure"] stops."""
    image = to_srgb(frame.image, frame.icc)
    stops = frame.adjustments.get("exposure", 0.0)
    if stops:
        image = _exposed(image, stops)
    return replace(frame, image=image, rgb=as_array(image), icc=None)


def _exposed(image: Image.Image, stops: float) -> Image.Image:
    gain = 2.0 ** (stops / _GAMMA)
    table = [min(255, round(value * gain)) for value in range(256)]
    return image.point(table * 3)
