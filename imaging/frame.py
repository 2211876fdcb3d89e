"""What travels through the finishing steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.decode import Stored

Alpha = NDArray[np.uint8]
Rgb = NDArray[np.uint8]
FAINT = 8  # of 255: alpha below this is not worth a pixel


@dataclass(frozen=True)
class Frame:
    """A picture under way; a step returns a new one and changes nothing in place."""

    image: Stored  # the photo as stored, in whatever mode; upright after `orient`, of no more use after `colour`
    alpha: Alpha  # upright; of the whole photo before `crop`, of the picture after it; after `fit`, which shows all of a photo, 255 everywhere
    photo_size: tuple[int, int]  # upright size of the original in px, whatever was really decoded
    rgb: Rgb = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))  # sRGB HxWx3, from `colour` on; after `place` the canvas
    orientation: int = 1  # EXIF, of `image`
    icc: bytes | None = None
    backdrop: tuple[int, int, int] = (255, 255, 255)
    longest_px: float | None = None  # wanted length of the item's longest side on the canvas, where a scale was asked for, within the recipe's bounds
    adjustments: Mapping[str, float] = field(default_factory=dict)
    gains: tuple[float, float, float] | None = None  # by which linear light is to be multiplied, from `balance` to `colour`
    lift: tuple[float, float] | None = None  # by which linear light is to be multiplied up to which light (paper's), from `whiten` to `colour`
    cast: NDArray[np.float32] | None = None  # 0..1, darkness of the photo's own shadow over the whole upright photo, where it is kept
    placing: NDArray[np.float64] | None = None  # 2x3, from shares of the whole upright photo's sides to px of the picture, from `crop` on
    turn: float = 0.0  # degrees by which the item is still to be turned counter-clockwise
    shade: NDArray[np.float32] | None = None  # 0..1, how much the backdrop is darkened
    notes: tuple[str, ...] = ()

    def noted(self, note: str) -> Frame:
        """With one more note."""
        return replace(self, notes=(*self.notes, note))


def item_box(alpha: Alpha, least: int = 128) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of all alpha of at least `least`; the whole frame where there is none."""
    left, top, width, height = cv2.boundingRect((alpha >= least).view(np.uint8))
    if not width:
        return 0, 0, alpha.shape[1], alpha.shape[0]
    return left, top, left + width, top + height
