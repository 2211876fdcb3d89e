"""Takes the backdrop's colour out of the item's soft edge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from imaging.filters import box_mean
from imaging.frame import Frame
from imaging.recipe import Recipe

_SURE = 250  # of 255: pixels that show nothing but the item
_REACH = 0.004  # of the canvas: how far inside the edge we look for the item's own colour


def cutout(frame: Frame, recipe: Recipe) -> Frame:
    """Edge pixels in the colour of the nearest sure part of the item, the more so the more backdrop they hold."""
    soft = (frame.alpha > 0) & (frame.alpha < _SURE)
    if not soft.any():
        return frame
    radius = max(2, round(_REACH * recipe.size_px))
    pixels = np.asarray(frame.image, dtype=np.float32)
    sure = (frame.alpha >= _SURE).astype(np.float32)
    weight = box_mean(box_mean(sure, radius), radius)
    inside = box_mean(box_mean(pixels * sure[..., None], radius), radius) / np.maximum(weight, 1e-4)[..., None]
    share = (1 - frame.alpha.astype(np.float32) / 255) * soft * (weight > 1e-3)
    mended = pixels + (inside - pixels) * share[..., None]
    return replace(frame, image=Image.fromarray(np.clip(np.rint(mended), 0, 255).astype(np.uint8)))
