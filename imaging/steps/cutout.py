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
_COARSER = 4  # colours are gathered at a quarter of the size; they are blurred anyway


def cutout(frame: Frame, recipe: Recipe) -> Frame:
    """Edge pixels in the colour of the nearest sure part of the item, the more so the more backdrop they hold."""
    soft = (frame.alpha > 0) & (frame.alpha < _SURE)
    if not soft.any():
        return frame
    radius = max(1, round(_REACH * recipe.size_px / _COARSER))
    sure = Image.fromarray(np.where(frame.alpha >= _SURE, 255, 0).astype(np.uint8))
    kept = Image.composite(frame.image, Image.new("RGB", frame.image.size), sure)
    share = np.asarray(sure.reduce(_COARSER), dtype=np.float32) / np.float32(255)
    weight = box_mean(box_mean(share, radius), radius)
    colours = box_mean(box_mean(np.asarray(kept.reduce(_COARSER), dtype=np.float32), radius), radius) / np.maximum(weight, 1e-3)[..., None]
    inside = Image.fromarray(np.clip(np.rint(colours), 0, 255).astype(np.uint8)).resize(frame.image.size, Image.Resampling.BILINEAR)
    known = np.asarray(Image.fromarray(weight > 2e-3).resize(frame.image.size, Image.Resampling.NEAREST))
    backdrop = Image.fromarray(np.where(soft & known, 255 - frame.alpha, 0).astype(np.uint8))
    return replace(frame, image=Image.composite(inside, frame.image, backdrop))
