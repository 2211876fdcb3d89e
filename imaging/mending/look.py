"""The photo at mending size, asked at every pixel: does it look like the backdrop, like the backdrop in shadow, or like neither?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from imaging.filters import Floats, box_mean, resize
from imaging.mending.backdrop import Backdrop, fit_backdrop
from imaging.mending.shapes import grow
from imaging.parts import Mask

SIDE = 384  # px of the longest side at which everything here is decided
_FAR = 0.02  # of the longest side: this near the mask nothing is trusted to be backdrop
_BETTER = 0.7  # of its own miss: a shared backdrop that fits hardly better is not worth a result that depends on other photos
_DEEPEST = 0.6  # nepers that a shadow may darken: beyond that it is dark material
_TINTED = 0.3  # a shadow beside gold or red leather takes up to this share of its depth as tint
_LOG = np.log((np.arange(256, dtype=np.float32) + 8) / 263)


@dataclass(frozen=True)
class Look:
    """Evidence at mending size, all HxW. Nepers are of (level + 8)."""

    colour: Floats  # HxWx3, log colour
    light: Floats  # nepers brighter (or darker, below 0) than the backdrop
    tint: Floats  # how far any channel departs from `light`, in units of the backdrop's own noise
    grain: float  # nepers, the noise of `light` over the backdrop
    unlike: Floats  # how unlike the backdrop or its shadow: 1 is the limit of what noise and shadow explain
    plain: Mask  # as bright, as coloured and as smooth as the backdrop
    shaded: Mask  # as the backdrop in a soft shadow
    far: Mask  # so far from the mask that it was taken for backdrop
    steep: float  # nepers per px that the backdrop's own texture does not reach
    backdrop: Backdrop

    @property
    def fits(self) -> float:
        """0..1, how far the backdrop can be judged by: 1 smooth paper, 0 a cluttered table."""
        return float(np.clip((0.12 - self.backdrop.miss) / 0.08, 0, 1) * np.clip((0.35 - self.backdrop.odd) / 0.15, 0, 1))


def log_colour(small: Image.Image) -> Floats:
    """The picture's log colour, its grain smoothed."""
    return _LOG[np.asarray(small.filter(ImageFilter.BoxBlur(1)), dtype=np.uint8)]


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """Mending size of a (width, height)."""
    factor = min(1.0, SIDE / max(size))
    return max(8, round(size[0] * factor)), max(8, round(size[1] * factor))


def shrunk_pixels(rgb: NDArray[np.uint8]) -> Image.Image:
    """The photo at mending size."""
    return Image.fromarray(rgb).resize(small_size((rgb.shape[1], rgb.shape[0])), Image.Resampling.BOX, reducing_gap=1.0)


def far_from(p: Floats) -> Mask:
    """Where nothing of the item is near, by the net's own word."""
    far: Mask = ~grow(p > 0.15, max(2, round(_FAR * max(p.shape))))
    return far


def look_at(small: Image.Image, p: Floats, shared: Backdrop | None = None) -> Look | None:
    """The evidence; `p` 0..1 has the size of `small`. None where no backdrop is seen well enough.

    A `shared` backdrop of the same shoot is taken where the photo agrees with it and shows too little of its own, or not smoothly enough.
    """
    colour, far = log_colour(small), far_from(p)
    own = fit_backdrop(colour, far)
    common = shared.lit_like(colour, far) if shared is not None else None
    backdrop = common if common is not None and (own is None or common.miss < _BETTER * own.miss) else own
    if backdrop is None:
        return None
    return _judged(colour, np.asarray(small, dtype=np.uint8), far, backdrop)


def _judged(colour: Floats, pixels: NDArray[np.uint8], far: Mask, backdrop: Backdrop) -> Look:
    rest = colour - backdrop.surface((colour.shape[1], colour.shape[0]))
    light = (rest[..., 0] + rest[..., 1] + rest[..., 2]) / 3
    tint = np.maximum(np.maximum(np.abs(rest[..., 0] - light), np.abs(rest[..., 1] - light)), np.abs(rest[..., 2] - light))
    slope = _slope(_LOG[pixels[..., 1]])
    index = np.flatnonzero(far)[::7]
    light_noise = 1.4826 * float(np.median(np.abs(light.ravel()[index]))) + 0.01
    tint_noise = 1.4826 * float(np.median(tint.ravel()[index])) + 0.006
    steep = 3 * float(np.median(slope.ravel()[index])) + 0.03
    dark = np.clip(-light, 0, _DEEPEST)
    unlike = np.maximum(tint / (6 * tint_noise + _TINTED * dark), slope / steep)
    unlike = np.maximum(unlike, np.maximum(light / (6 * light_noise), -light / _DEEPEST))
    calm = slope < 0.6 * steep
    plain: Mask = (np.abs(light) < 4 * light_noise) & (tint < 4 * tint_noise) & calm
    shaded: Mask = (light < 2 * light_noise) & (light > -_DEEPEST) & (tint < 4 * tint_noise + _TINTED * dark) & calm
    return Look(colour, light, tint / tint_noise, light_noise, unlike.astype(np.float32), plain, shaded, far, steep, backdrop)


def _slope(grey: Floats) -> Floats:
    """Nepers per px, averaged over 3 x 3."""
    slope = np.zeros_like(grey)
    slope[1:-1, 1:-1] = np.hypot(grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    return box_mean(slope, 1)


def shrunk_map(p: Floats, size: tuple[int, int]) -> Floats:
    """The net's probabilities at mending size."""
    return np.clip(resize(p, size, Image.Resampling.BILINEAR), 0, 1)
