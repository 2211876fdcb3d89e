"""Photographs of a watch on paper whose shadow is known."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats
from imaging.frame import Frame
from imaging.recipe import Recipe
from imaging.steps.cast import cast
from imaging.steps.colour import colour
from imaging.steps.crop import crop
from imaging.steps.orient import orient
from imaging.steps.place import place
from imaging.steps.shadow import shadow
from tests import shots
from tests.imaging.steps.frames import RECIPE

SIZE = (800, 640)
KEPT = RECIPE.model_copy(update={"width_px": 1000, "height_px": 1000, "shadow": RECIPE.shadow.model_copy(update={"kind": "kept", "most": 0.6})})


def fallen(alpha: NDArray[np.uint8], dark: float = 0.3, wide: float = 14.0, drop: tuple[int, int] = (10, 14)) -> Floats:
    """The shadow 0..`dark` of an item: its outline, blurred by `wide` px and moved by `drop`."""
    blurred = cv2.GaussianBlur(alpha.astype(np.float32) / 255, (0, 0), wide)
    return np.asarray(np.roll(blurred, (drop[1], drop[0]), axis=(0, 1)) * dark, dtype=np.float32)


def photo(
    paper: tuple[float, float, float] = (196, 196, 196),
    *,
    seed: int = 3,
    item: str = "watch",
    texture: Floats | None = None,
    prop: tuple[int, int, int, int] | None = None,
    shade: Floats | None = None,
) -> tuple[Frame, Floats]:
    """The frame of a photo before any step, and the shadow on its paper; a `texture` multiplies the paper, a `prop` is a grey box on it."""
    alpha = shots.watch_alpha(seed, SIZE, item=item, fill=0.6)
    shade = fallen(alpha) if shade is None else shade
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    ground = np.array(paper, np.float32) * (1 + 0.06 * (ys / SIZE[1] - 0.5) - 0.04 * (xs / SIZE[0] - 0.5))[..., None]
    if texture is not None:
        ground = ground * texture[..., None]
    if prop is not None:
        left, top, right, bottom = prop
        ground[top:bottom, left:right] = 120
    drawn = Image.open(io.BytesIO(shots.watch_photo(seed, SIZE, item=item, fill=0.6, noise=0, format="PNG")))
    item_pixels = np.asarray(drawn, dtype=np.float32)
    share = alpha[..., None].astype(np.float32) / 255
    pixels = share * item_pixels + (1 - share) * ground * (1 - shade[..., None])
    pixels += np.random.default_rng(seed).normal(0, 1.5, pixels.shape)
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    return Frame(image=image, alpha=alpha, photo_size=SIZE), shade


def through(frame: Frame, recipe: Recipe = KEPT) -> Frame:
    """All steps up to the shadow."""
    for step in (cast, crop, orient, colour, place, shadow):
        frame = step(frame, recipe)
    return frame


def on_canvas(shade: Floats, frame: Frame) -> Floats:
    """A shadow of the photo where the frame's canvas shows it."""
    assert frame.placing is not None
    height, width = frame.alpha.shape
    px = frame.placing / np.array([[SIZE[0], SIZE[1], 1]])
    px[:, 2] += 0.5 * px[:, :2].sum(axis=1) - 0.5
    return np.asarray(cv2.warpAffine(shade, px, (width, height)), dtype=np.float32)
