"""The soft shadow that makes an item lie on the white rather than float: the same for all sisters, made from the alpha alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from imaging.filters import Floats, resize, shrink, soft_blur
from imaging.frame import Frame
from imaging.recipe import Recipe

_SIDE = 500  # a shadow holds no detail finer than this
_FALL = 0.5  # the shadow lies this share of its spread below the item


def shadow(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `shade` 0..1: a tight contact shadow and a wide faint one, zero from `clear` outward."""
    if not recipe.shadow.contact and not recipe.shadow.ambient:
        return frame
    factor = min(1.0, _SIDE / recipe.longest_px)
    size = round(recipe.width_px * factor), round(recipe.height_px * factor)
    body = shrink(frame.alpha, size).astype(np.float32) / np.float32(255)
    wide = max(1, round(recipe.shadow.spread * max(size)))
    tight = max(1, wide // 3)
    drop = max(1, round(_FALL * wide))
    contact = soft_blur(_dropped(body, max(1, drop // 2)), tight)
    ambient = soft_blur(_dropped(body, drop), wide)
    shade = 1 - (1 - recipe.shadow.contact * contact) * (1 - recipe.shadow.ambient * ambient)
    shade *= np.minimum(_window(size[1], max(size), recipe.clear)[:, None], _window(size[0], max(size), recipe.clear)[None, :])
    canvas = (recipe.width_px, recipe.height_px)
    return replace(frame, shade=resize(np.clip(shade, 0, 1).astype(np.float32), canvas, Image.Resampling.BILINEAR))


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
