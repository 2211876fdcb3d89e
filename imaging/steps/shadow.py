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
    side = min(_SIDE, recipe.size_px)
    body = shrink(frame.alpha, (side, side)).astype(np.float32) / np.float32(255)
    wide = max(1, round(recipe.shadow.spread * side))
    tight = max(1, wide // 3)
    drop = max(1, round(_FALL * wide))
    contact = soft_blur(_dropped(body, max(1, drop // 2)), tight)
    ambient = soft_blur(_dropped(body, drop), wide)
    shade = 1 - (1 - recipe.shadow.contact * contact) * (1 - recipe.shadow.ambient * ambient)
    shade *= _window(side, recipe.clear)
    size = (recipe.size_px, recipe.size_px)
    return replace(frame, shade=resize(np.clip(shade, 0, 1).astype(np.float32), size, Image.Resampling.BILINEAR))


def _dropped(body: Floats, by: int) -> Floats:
    out = np.zeros_like(body)
    out[by:] = body[:-by]
    return out


def _window(side: int, clear: float) -> Floats:
    """1 in the middle, falling smoothly to 0 at `clear` from the edge."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side
    away = np.minimum(at, 1 - at)
    line = np.clip((away - clear - 2 / side) / 0.03, 0, 1)
    line = line * line * (3 - 2 * line)
    return np.minimum(line[:, None], line[None, :])
