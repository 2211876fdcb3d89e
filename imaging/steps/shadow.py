"""The shadow that makes an item lie on the white rather than float: drawn from the alpha alone, the same for all sisters, or the photo's own."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats, resize, shrink, soft_blur
from imaging.frame import Frame
from imaging.recipe import Recipe
from imaging.steps.cast import SIDE

_FALL = 0.5  # the drawn shadow lies this share of its spread below the item
_KNEE = 0.8  # of the most that a kept shadow may darken: from here on it gives in


def shadow(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `shade` 0..1, zero from `clear` outward: of the photo's own shadow where the recipe keeps it and `cast` found it, else a drawn one."""
    factor = min(1.0, SIDE / recipe.longest_px)
    size = round(recipe.width_px * factor), round(recipe.height_px * factor)
    if recipe.shadow.kind == "kept":
        if frame.cast is not None and frame.placing is not None:
            shade = _limited(_brought(frame.cast, frame.placing, factor, size), recipe.shadow.most)
            return _shaded(frame, recipe, shade)
        frame = frame.noted("the photo's own shadow could not be told from its backdrop: one was drawn")
    if not recipe.shadow.contact and not recipe.shadow.ambient:
        return frame
    body = shrink(frame.alpha, size).astype(np.float32) / np.float32(255)
    wide = max(1, round(recipe.shadow.spread * max(size)))
    tight = max(1, wide // 3)
    drop = max(1, round(_FALL * wide))
    contact = soft_blur(_dropped(body, max(1, drop // 2)), tight)
    ambient = soft_blur(_dropped(body, drop), wide)
    return _shaded(frame, recipe, 1 - (1 - recipe.shadow.contact * contact) * (1 - recipe.shadow.ambient * ambient))


def _shaded(frame: Frame, recipe: Recipe, shade: Floats) -> Frame:
    """With a shade given at any size, faded out before the canvas' edge."""
    height, width = shade.shape
    longest = max(width, height)
    shade = shade * np.minimum(_window(height, longest, recipe.clear)[:, None], _window(width, longest, recipe.clear)[None, :])
    canvas = (recipe.width_px, recipe.height_px)
    return replace(frame, shade=resize(np.clip(shade, 0, 1).astype(np.float32), canvas, Image.Resampling.BILINEAR))


def _brought(cast: Floats, placing: NDArray[np.float64], factor: float, size: tuple[int, int]) -> Floats:
    """The photo's shadow where the canvas shows the photo, at `factor` times the canvas' size; 0 beyond the photo."""
    height, width = cast.shape
    edges = factor * placing * np.array([[1 / width, 1 / height, 1]])  # px to px, both counted from the corner
    centres = edges.copy()
    centres[:, 2] += 0.5 * edges[:, :2].sum(axis=1) - 0.5
    return np.asarray(cv2.warpAffine(cast, centres, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), dtype=np.float32)


def _limited(shade: Floats, most: float) -> Floats:
    """As it is up to _KNEE of `most`, then less and less, never beyond `most`."""
    knee, room = _KNEE * most, max((1 - _KNEE) * most, 1e-6)
    over = np.maximum(shade - knee, 0) / room
    return np.asarray(np.minimum(shade, knee) + room * (1 - np.exp(-over)), dtype=np.float32)


def _dropped(body: Floats, by: int) -> Floats:
    out = np.zeros_like(body)
    out[by:] = body[:-by]
    return out


def _window(side: int, longest: int, clear: float) -> Floats:
    """1 in the middle of a side, falling smoothly to 0 at `clear` from its ends, all in shares of the longest side."""
    at = np.arange(side, dtype=np.float32) + np.float32(0.5)
    away = np.minimum(at, side - at) / np.float32(longest)
    line = np.clip((away - clear - 2 / longest) / 0.03, 0, 1)
    return np.asarray(line * line * (3 - 2 * line), dtype=np.float32)
