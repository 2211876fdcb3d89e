"""Gives back the crispness that scaling took, on the item alone."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image, ImageFilter

from imaging.frame import FAINT, Frame, item_box
from imaging.recipe import Recipe


def sharpen(frame: Frame, recipe: Recipe) -> Frame:
    """Unsharp mask, weighted by the alpha so that backdrop and shadow stay as they are."""
    if not recipe.sharpen.amount or not recipe.sharpen.radius_px:
        return frame
    box = item_box(frame.alpha, FAINT)
    part = frame.image.crop(box)
    crisp = part.filter(ImageFilter.UnsharpMask(recipe.sharpen.radius_px, recipe.sharpen.amount, threshold=2))
    image = frame.image.copy()
    image.paste(crisp, box[:2], Image.fromarray(frame.alpha).crop(box))
    return replace(frame, image=image)
