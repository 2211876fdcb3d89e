"""How often the net looks at a photo: once, closer where the item is small, and once more mirrored where it is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats, resize
from imaging.parts import Mask
from imaging.segment import Seen, Segmenter

_SMALL = 0.62  # of the frame: an item whose longer relative side is shorter is looked at closer
_ROOM = 0.10  # of the item's longer side, left around it when it is looked at closer
_MOST = 2.5  # times: closer than that the photo has no more to tell
_STRETCHED = 1.25  # times the one side more than the other: what a net makes of a strip beyond that is no detail, and would fill the memory
_HALF = np.float32(0.5)
_DOUBT = 0.94  # expected overlap below which the net is asked again, mirrored


@dataclass(frozen=True)
class Looked:
    """What all looks together say; probabilities 0..1 on grids that span the photo."""

    p: Floats  # how much of a pixel is product
    sure: Floats  # is this product, on the net's quarter grid
    mirrored: Floats | None  # `sure` of the mirrored look alone, turned back; None where it was not needed
    scene: Mapping[str, float]
    passes: int


def look_at(rgb: NDArray[np.uint8], segmenter: Segmenter, *, closer: bool = True, mirror: bool = True) -> Looked:
    """One to three passes of the net over `rgb` HxWx3; `closer` and `mirror` allow the second and the third."""
    first = segmenter.look(rgb)
    p, sure, passes = probability(first.alpha), probability(first.sure), 1
    grid = (sure.shape[1], sure.shape[0])
    window = _window(p >= 0.5, (rgb.shape[1], rgb.shape[0])) if closer else None
    seen, part = first, rgb
    if window is not None:
        left, top, right, bottom = window
        part = np.ascontiguousarray(rgb[top:bottom, left:right])
        seen, passes = segmenter.look(part), passes + 1
        p, sure = _placed(p, probability(seen.alpha), window, rgb), _placed(sure, probability(seen.sure), window, rgb)
    mirrored = None
    if mirror and expected_overlap(sure, sure >= 0.5) < _DOUBT:
        other, passes = segmenter.look(np.ascontiguousarray(part[:, ::-1])), passes + 1
        back = Seen(other.alpha[:, ::-1], other.sure[:, ::-1], other.scene)
        both = Seen((seen.alpha + back.alpha) * _HALF, (seen.sure + back.sure) * _HALF, seen.scene)
        alone, together, alpha = probability(back.sure), probability(both.sure), probability(both.alpha)
        if window is None:
            p, sure, mirrored = alpha, together, alone
        else:
            p, sure, mirrored = (_placed(before, now, window, rgb) for before, now in ((p, alpha), (sure, together), (sure, alone)))
    return Looked(p, _on(sure, grid), None if mirrored is None else _on(mirrored, grid), first.scene, passes)


def probability(logits: NDArray[np.float32]) -> Floats:
    """0..1."""
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), dtype=np.float32)


def expected_overlap(p: Floats, mask: Mask) -> float:
    """Expected intersection over expected union of `mask` with the truth, if the probabilities are to be believed; 0..1."""
    overlap = float(p[mask].sum())
    union = float(mask.sum()) + float(p[~mask].sum())
    return overlap / union if union else 0.0


def _window(mask: Mask, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The part of a (width, height) photo to look at closer: left, top, right, bottom in px; None where the first look was close enough."""
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(ys):
        return None
    width, height = size
    box = np.array([xs[0] / mask.shape[1] * width, ys[0] / mask.shape[0] * height, (xs[-1] + 1) / mask.shape[1] * width, (ys[-1] + 1) / mask.shape[0] * height])
    across, down = box[2] - box[0], box[3] - box[1]
    if max(across / width, down / height) >= _SMALL:
        return None
    room = _ROOM * max(across, down)
    wide, high = min(width, max(across + 2 * room, width / _MOST)), min(height, max(down + 2 * room, height / _MOST))
    left = float(np.clip((box[0] + box[2] - wide) / 2, 0, width - wide))
    top = float(np.clip((box[1] + box[3] - high) / 2, 0, height - high))
    return int(left), int(top), min(width, int(np.ceil(left + wide))), min(height, int(np.ceil(top + high)))


def _placed(whole: Floats, part: Floats, window: tuple[int, int, int, int], rgb: NDArray[np.uint8]) -> Floats:
    """`whole` on a grid as fine as `part`'s, with `part` in its window."""
    height, width = rgb.shape[:2]
    left, top, right, bottom = window
    across, down = part.shape[1] / (right - left), part.shape[0] / (bottom - top)
    factor = min(max(across, down), _STRETCHED * min(across, down))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    out = np.clip(resize(whole, size, Image.Resampling.BICUBIC), 0, 1).copy()
    x0, y0 = min(size[0] - 1, round(left * factor)), min(size[1] - 1, round(top * factor))
    x1, y1 = min(size[0], max(x0 + 1, round(right * factor))), min(size[1], max(y0 + 1, round(bottom * factor)))
    out[y0:y1, x0:x1] = np.clip(resize(part, (x1 - x0, y1 - y0), Image.Resampling.BICUBIC), 0, 1)
    return out


def _on(values: Floats, grid: tuple[int, int]) -> Floats:
    return resize(values, grid, Image.Resampling.BOX)
