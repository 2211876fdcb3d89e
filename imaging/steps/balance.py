"""Finds the tint of the light by the backdrop: white or light grey paper shows it, the product does not, for gold must stay gold."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from imaging.colour import to_srgb
from imaging.decode import Stored, as_array, as_stored, shrunk_size, size_of
from imaging.filters import Floats
from imaging.frame import Frame
from imaging.mending.shapes import grow
from imaging.recipe import Recipe

_SIDE = 256  # px: a tint holds no detail
_FAR = 0.03  # of the longest side: nearer to the item the backdrop mirrors it
_LEAST = 0.08  # of the frame that must show backdrop
_PAPER = 7.0  # CIELAB chroma up to which a backdrop is taken for white paper in tinted light: beige is beyond it, and steel on beige would turn blue
_DARKEST, _BURNT = 65.0, 0.98  # L* below which (grey paper is often bluish by itself), and linear light above which, a backdrop tells no tint
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def balance(frame: Frame, recipe: Recipe) -> Frame:
    """Adds `gains`, one per channel of linear light, that make a neutral backdrop grey without changing its luminance; none beyond the recipe's limit.

    A photo whose backdrop is coloured, dark, burnt out or hardly seen keeps its colours.
    """
    limit = recipe.white_balance
    if not limit or (light := paper_light(frame)) is None:
        return frame
    gains = float(light @ LUMINANCE) / light
    most = float(np.abs(gains - 1).max())
    if most > limit:
        gains = 1 + (gains - 1) * (limit / most)
    red, green, blue = (round(float(gain), 4) for gain in gains)
    return replace(frame, gains=(red, green, blue))


def paper_light(frame: Frame) -> Floats | None:
    """The linear light, one figure a channel, of the white or light grey paper behind the item; None where there is none, or it tells nothing."""
    few = _few(frame.image)  # their median is as good as that of all, in a tenth of the time
    pixels = as_array(to_srgb(few, frame.icc)).astype(np.float32) / np.float32(255)
    alpha = cv2.resize(as_stored(frame.alpha, frame.orientation), (pixels.shape[1], pixels.shape[0]), interpolation=cv2.INTER_AREA)
    backdrop = ~grow(alpha > 0, round(_FAR * _SIDE))
    if backdrop.mean() < _LEAST:
        return None
    light = np.median(to_linear(pixels[backdrop]), axis=0).astype(np.float32)
    lightness, a, b = cv2.cvtColor(to_levels(light)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
    if float(np.hypot(a, b)) > _PAPER or lightness < _DARKEST or light.max() > _BURNT:
        return None
    return light


def _few(stored: Stored) -> Image.Image:
    size = shrunk_size(size_of(stored), _SIDE)
    if isinstance(stored, Image.Image):
        return stored.resize(size, Image.Resampling.NEAREST)
    return Image.fromarray(np.asarray(cv2.resize(stored, size, interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8))  # the same pixels


def to_linear(levels: Floats) -> Floats:
    """sRGB 0..1 -> linear light 0..1 (IEC 61966-2-1)."""
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_levels(light: Floats) -> Floats:
    """Linear light 0..1 -> sRGB 0..1."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055).astype(np.float32)
