"""Turns the photo as its EXIF orientation says."""

from __future__ import annotations

from dataclasses import replace

from imaging.decode import as_image, upright
from imaging.frame import Frame
from imaging.recipe import AnyRecipe


def orient(frame: Frame, recipe: AnyRecipe) -> Frame:
    """Upright pixels; the alpha is upright already."""
    if frame.orientation == 1:
        return frame
    return replace(frame, image=upright(as_image(frame.image), frame.orientation), orientation=1)
