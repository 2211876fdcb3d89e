"""Mends the net's commonest fault by asking the backdrop: holes in the mask that show no backdrop are part of the item.

A studio backdrop is smooth, so a surface can be fitted to it from the pixels far from the item, and a hole asked whether
it looks like that, perhaps in shadow. A dial, a gem or a busy bezel does not, and is filled; the inside of a ring does,
lit or shaded, and stays open. Where the backdrop is not smooth nothing is touched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats, box_mean, resize
from imaging.parts import Mask, fill_enclosed, find_parts

SIDE = 384
_FAR = 0.02  # of the longest side: this near the mask nothing is trusted to be backdrop
_LEAST_BACKDROP = 0.04  # of the frame
_ROUGH = 0.10  # nepers: a backdrop that the surface misses by more than this cannot be judged by
_SHADE = 0.45  # nepers that a shadow inside a ring may darken
_FOREIGN = 0.8  # share of a hole's core that must look foreign
_RIM = 2  # px beside an edge that say nothing: the edge itself colours them
_LEAST_CORE = 0.00025  # of the frame: of a smaller hole too little is seen to overrule the net


def fill_foreign_holes(rgb: NDArray[np.uint8], p: Floats) -> tuple[Floats, int]:
    """`p` with the holes that show no backdrop filled, and how many those were; `p` itself where there is none."""
    height, width = rgb.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    size = max(8, round(width * factor)), max(8, round(height * factor))
    small = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX), dtype=np.float32)
    rough = np.clip(resize(p, size, Image.Resampling.BILINEAR), 0, 1)
    mask = rough >= 0.5
    holes = find_parts(fill_enclosed(mask) & ~mask)
    if not len(holes):
        return p, 0
    foreign = _foreign(small, rough)
    if foreign is None:
        return p, 0
    core = holes.labels * (box_mean((holes.labels > 0).astype(np.float32), _RIM) > 0.999)
    seen = np.bincount(core.ravel(), minlength=len(holes) + 1)
    odd = np.bincount(core[foreign], minlength=len(holes) + 1)
    fill = (seen >= _LEAST_CORE * mask.size) & (odd >= _FOREIGN * seen)
    fill[0] = False
    filled = fill[holes.labels]
    if not filled.any():
        return p, 0
    soft = box_mean(filled.astype(np.float32), 1)
    grown = np.clip(np.maximum(filled, soft * 1.5), 0, 1).astype(np.float32)
    return np.maximum(p, resize(grown, (p.shape[1], p.shape[0]), Image.Resampling.BILINEAR)), int(fill.sum())


def _foreign(rgb: Floats, p: Floats) -> Mask | None:
    """Where the picture looks like neither the backdrop nor its shadow; None where the backdrop cannot be judged."""
    far = box_mean((p > 0.15).astype(np.float32), max(2, round(_FAR * max(p.shape)))) < 1e-4
    if far.mean() < _LEAST_BACKDROP:
        return None
    colour = np.log((rgb + 8) / 263).astype(np.float32)
    backdrop, miss = _fit(box_mean(colour, 1), far)
    if miss > _ROUGH:
        return None
    rest = colour - backdrop
    light = rest.mean(axis=2)
    tint = np.abs(rest - light[..., None]).max(axis=2)
    light_noise = 1.4826 * float(np.median(np.abs(light[far]))) + 0.01
    tint_noise = 1.4826 * float(np.median(tint[far])) + 0.006
    grey = colour.mean(axis=2)
    slope = np.zeros_like(grey)
    slope[1:-1, 1:-1] = np.hypot(grey[1:-1, 2:] - grey[1:-1, :-2], grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    steep = 3 * float(np.median(slope[far])) + 0.03
    foreign: Mask = (tint > 6 * tint_noise) | (light > 6 * light_noise) | (light < -_SHADE) | (box_mean(slope, 1) > steep)
    return foreign


def _fit(colour: Floats, far: Mask, degree: int = 3, rounds: int = 4) -> tuple[Floats, float]:
    """A cubic surface per channel through the far pixels, what does not fit losing its weight; and its median miss."""
    height, width = far.shape
    ys, xs = np.mgrid[:height, :width]
    x, y = xs / width * 2 - 1, ys / height * 2 - 1
    terms = np.stack([x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)], axis=-1)
    index = np.flatnonzero(far)
    index = index[:: max(1, len(index) // 8000)]
    known, values = terms.reshape(-1, terms.shape[-1])[index], colour.reshape(-1, 3)[index].astype(np.float64)
    weight = np.ones(len(index))
    ridge = 1e-5 * len(index) * np.diag([0.0] + [1.0] * (known.shape[1] - 1))
    off = np.zeros(len(index))
    solved = np.zeros((known.shape[1], 3))
    for _ in range(rounds):
        weighted = known * weight[:, None]
        solved = np.linalg.solve(weighted.T @ known + ridge + 1e-9 * np.eye(len(ridge)), weighted.T @ values)
        off = np.abs(values - known @ solved).max(axis=1)
        scale = 1.4826 * float(np.median(off)) + 1e-4
        weight = np.clip(1 - (off / (4 * scale)) ** 2, 0, 1) ** 2
    return (terms @ solved).astype(np.float32), float(np.median(off))
