"""Lays the item and its shadow on the backdrop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from imaging.frame import Frame
from imaging.recipe import Recipe


def flatten(frame: Frame, recipe: Recipe) -> Frame:
    """One opaque picture; where there is neither item nor shadow it is exactly the backdrop."""
    backdrop = Image.new("RGB", frame.image.size, frame.backdrop)
    if frame.shade is not None:
        light = Image.fromarray(np.rint((1 - frame.shade) * 255).astype(np.uint8))
        backdrop = Image.composite(backdrop, Image.new("RGB", frame.image.size, (0, 0, 0)), light)
    return replace(frame, image=Image.composite(frame.image, backdrop, Image.fromarray(frame.alpha)))
