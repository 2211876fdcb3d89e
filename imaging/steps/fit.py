"""Brings a whole photo to its final size, where it keeps its own background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imaging.decode import as_image
from imaging.frame import Frame
from imaging.recipe import OwnRecipe
from imaging.steps.crop import FILTER, REDUCED, scalable


def fitted(size: tuple[int, int], recipe: OwnRecipe) -> tuple[int, int]:
    """The size at which a photo of `size` is shown: its longer side as the canvas' longer side, enlarged no further than the recipe allows."""
    factor = min(recipe.longest_px / max(size), recipe.enlarge)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def fit(frame: Frame, recipe: OwnRecipe) -> Frame:
    """All of the photo at the size that is delivered, its shape kept and nothing added; notes an enlargement."""
    size, had = fitted(frame.photo_size, recipe), max(frame.photo_size)
    stored = size[::-1] if frame.orientation >= 5 else size
    image = scalable(as_image(frame.image))
    if image.size != stored:
        image = image.resize(stored, FILTER, reducing_gap=REDUCED)
    made = replace(frame, image=image, alpha=np.full((size[1], size[0]), 255, np.uint8))
    if max(size) < recipe.longest_px:
        return made.noted(f"{max(size)} px long instead of {recipe.longest_px}: the photo is only {had} px long")
    return made.noted(f"enlarged {max(size) / had:.1f} x: the photo is only {had} px long") if max(size) > 1.02 * had else made
