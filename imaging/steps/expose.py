"""Lifts a product that was photographed too dark, by its highlights: light times one number, so that gold stays as gold as it was."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from imaging.filters import darkest, lightest
from imaging.frame import Frame, Rgb
from imaging.recipe import Recipe
from imaging.steps.balance import to_levels, to_linear

CLIPPED = 255  # a channel of that level has lost what was beyond it
MORE_CLIPPED = 0.002  # of the product's pixels: no more may be newly clipped
_HIGH = 0.98  # of the product's pixels are darker than its highlights
_SURE = 250  # of 255: alpha of pixels that show nothing but the product
_LEAST_PX, _FEW = 100, 50_000  # pixels: with fewer there is nothing to tell; the highlights of more are those of so many of them
_NEUTRAL = 200  # the darkest channel of a clipped pixel that is a glint and not a strong colour
_LEAST_STOPS = 0.03  # a smaller lift is not seen
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def expose(frame: Frame, recipe: Recipe) -> Frame:
    """Brightens `rgb` where the recipe asks and no exposure was asked for by hand; notes by how much.

    By no more than the recipe's `most_ev`, no further than the highlights' `target`, and so little that no more than MORE_CLIPPED of the product's
    pixels are clipped that were not before.
    """
    if recipe.exposure is None or frame.adjustments.get("exposure"):
        return frame
    product = frame.rgb[frame.alpha >= _SURE]
    if len(product) < _LEAST_PX:
        return frame
    stops = lift(product, recipe.exposure.most_ev, recipe.exposure.target)
    if stops < _LEAST_STOPS:
        return frame
    light = to_linear(np.arange(256, dtype=np.float32) / np.float32(255)) * np.float32(2**stops)
    table = np.rint(to_levels(np.minimum(light, 1)) * 255).astype(np.uint8)
    return replace(frame, rgb=np.asarray(cv2.LUT(frame.rgb, table), dtype=np.uint8)).noted(f"brightened by {stops:.2f} stops: the photo shows the item dark")


def lift(product: Rgb, most: float, target: float) -> float:
    """Stops 0..`most` by which the pixels n x 3 are to be brightened, so that the L* of their highlights comes up to `target` (0..100) and nothing clips."""
    if float(((lightest(product) == 255) & (darkest(product) < _NEUTRAL)).mean()) > MORE_CLIPPED:
        return 0.0  # a channel has nowhere to go: the others alone would turn the hue
    few = product[:: max(1, len(product) // _FEW)]
    highlight = float(np.quantile(to_linear(few.astype(np.float32) / np.float32(255)) @ _LUMINANCE, _HIGH))
    levels = np.bincount(lightest(product), minlength=256)[:CLIPPED]  # how many of each level that is not clipped yet
    beyond = np.cumsum(levels[::-1])[::-1] - levels  # ... are brighter than it
    first = int(np.flatnonzero(beyond <= MORE_CLIPPED * len(product))[0])  # the brightest level that must not clip
    room = _last_level() / max(_light(first), 1e-6)
    wished = _light_of(target) / max(highlight, 1e-6)
    return float(np.clip(np.log2(max(min(wished, room), 1.0)), 0, most))


def _last_level() -> float:
    """The light that still becomes level 254."""
    return _light(254.4)


def _light(level: float) -> float:
    """sRGB 0..255 -> linear light 0..1."""
    return float(to_linear(np.array([level / 255], np.float32))[0])


def _light_of(lightness: float) -> float:
    """CIE L* -> luminance 0..1."""
    return float(((lightness + 16) / 116) ** 3) if lightness > 8 else lightness / 903.3
