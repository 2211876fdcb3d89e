"""What the backdrop looks like where the item hides it: a smooth surface in log colour, fitted to what is seen of it.

A studio backdrop is paper under soft light, so its log colour is a cubic surface; what such a surface misses slowly (the bend of a sweep,
a spill of light) is kept as a coarse grid of rests. The sums behind the fit are kept too, so that the backdrops of one shoot's photos, each of
which hides another part, add up to one that knows the whole frame.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.filters import Floats
from imaging.parts import Mask

_DEGREE = 3
_ROUNDS = 4  # of reweighting
_SAMPLES = 6000  # pixels a fit looks at: beyond that only time grows
_LEAST_SEEN = 0.04  # of the frame
_GRID = (12, 16)  # rows, columns of rests
_BLOCKS = 8  # a side: the held-out check leaves out whole blocks, for neighbours of a used pixel prove nothing
_SHAPES = {"gram": (10, 10), "moment": (10, 3), "rest": (*_GRID, 3), "seen": _GRID}
_SAME = 1.6  # a shared backdrop may miss this times as much as the photo's own

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Backdrop:
    """A fitted backdrop. All figures in nepers of (level + 8): .01 is about 1 % of brightness."""

    gram: Doubles  # 10 x 10, sums of products of the surface's terms over the pixels seen
    moment: Doubles  # 10 x 3, the same with the log colours
    rest: Doubles  # rows x columns x 3, sum of what the surface misses
    seen: Doubles  # rows x columns, weight behind `rest`
    miss: float  # median miss over blocks that the surface was not fitted to
    odd: float  # 0..1, share of the pixels far from the item that the surface does not explain at all
    aspect: float  # width over height
    photos: int = 1

    @property
    def id(self) -> str:
        """Names it: equal backdrops have one id."""
        return hashlib.sha256(b"".join(part.tobytes() for part in (self.gram, self.moment, self.rest, self.seen))).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`; the sums as base64 of their bytes, since a database may keep a number of JSON otherwise (-0.0, infinity)."""
        sums = {name: base64.b64encode(getattr(self, name).astype("<f8").tobytes()).decode() for name in _SHAPES}
        miss = self.miss if np.isfinite(self.miss) else None
        return {**sums, "miss": miss, "odd": self.odd, "aspect": self.aspect, "photos": self.photos}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Backdrop:
        """The backdrop of `to_dict`, bit by bit."""
        sums = {name: np.frombuffer(base64.b64decode(values[name]), "<f8").astype(np.float64).reshape(shape) for name, shape in _SHAPES.items()}
        miss = float("inf") if values["miss"] is None else float(values["miss"])
        return cls(**sums, miss=miss, odd=float(values["odd"]), aspect=float(values["aspect"]), photos=int(values["photos"]))

    def surface(self, size: tuple[int, int]) -> Floats:
        """Log colour for every pixel of a (width, height) frame, HxWx3."""
        width, height = size
        smooth = (_terms(width, height) @ _solved(self.gram, self.moment).astype(np.float32)).astype(np.float32)
        rest = self.rest / (self.seen + _trusted(self.seen))[..., None]
        return smooth + _enlarged(rest.astype(np.float32), size)

    def joined(self, other: Backdrop) -> Backdrop:
        """What both know: the sums of both, each photo weighing the same."""
        photos = self.photos + other.photos
        share = self.photos / photos
        return replace(
            self,
            gram=self.gram + other.gram,
            moment=self.moment + other.moment,
            rest=self.rest + other.rest,
            seen=self.seen + other.seen,
            miss=share * self.miss + (1 - share) * other.miss,
            odd=share * self.odd + (1 - share) * other.odd,
            photos=photos,
        )

    def lit_like(self, colour: Floats, known: Mask) -> Backdrop | None:
        """This backdrop at the exposure of a photo, or None where the photo stands before another one.

        `colour` is the photo's log colour, `known` where it surely shows backdrop. The exposure (one offset a channel) is taken from there;
        what then remains off must be little more than the backdrop's own miss, and is the miss of what comes back: a check on pixels it never saw.
        """
        index, size = _sampled(known), (colour.shape[1], colour.shape[0])
        if len(index) < 200 or abs(size[0] / size[1] / self.aspect - 1) > 0.02:
            return None
        off = colour.reshape(-1, 3)[index] - self.surface(size).reshape(-1, 3)[index]
        offset = np.median(off, axis=0).astype(np.float64)
        remains = float(np.median(np.abs(off - offset).max(axis=1)))
        if remains > _SAME * self.miss + 0.004 or np.abs(offset).max() > 0.35:
            return None
        moment = self.moment + self.gram[:, :1] * offset  # the first term is 1, so this adds the offset to the surface
        return replace(self, moment=moment, miss=remains)


def fit_backdrop(colour: Floats, known: Mask, *, certain: bool = False) -> Backdrop | None:
    """The backdrop of one photo from its log colour HxWx3 and the pixels far from the item; None where too little of it is seen.

    Pixels that do not fit lose their weight (iteratively reweighted least squares), so a forgotten strap or a speck does not bend the surface;
    unless it is `certain` that the known pixels show backdrop.
    """
    if known.mean() < _LEAST_SEEN:
        return None
    height, width = known.shape
    index = _sampled(known)
    terms = _terms(width, height).reshape(height * width, -1)[index].astype(np.float64)
    values = colour.reshape(-1, 3)[index].astype(np.float64)
    weight, off = np.ones(len(index)), np.zeros((len(index), 3))
    for _ in range(_ROUNDS):
        weighted = terms * weight[:, None]
        off = values - terms @ _solved(weighted.T @ terms, weighted.T @ values)
        far_off = np.abs(off).max(axis=1)
        scale = 1.4826 * float(np.median(far_off)) + 1e-4
        if not certain:
            weight = np.clip(1 - (far_off / (4 * scale)) ** 2, 0, 1) ** 2
    weighted = terms * weight[:, None]
    rows, columns = index // width, index % width
    cell = rows * _GRID[0] // height * _GRID[1] + columns * _GRID[1] // width
    cells = _GRID[0] * _GRID[1]
    rest = np.stack([np.bincount(cell, weight * off[:, k], cells) for k in range(3)], axis=-1)
    each = 1 / len(index)  # a photo weighs 1 however much of it is seen, so photos can be added
    seen = np.bincount(cell, weight, cells).astype(np.float64)
    return Backdrop(
        gram=weighted.T @ terms * each,
        moment=weighted.T @ values * each,
        rest=np.asarray(rest.reshape(*_GRID, 3) * each, dtype=np.float64),
        seen=np.asarray(seen.reshape(_GRID) * each, dtype=np.float64),
        miss=_held_out(terms, values, weight, rows * _BLOCKS // height + columns * _BLOCKS // width),
        odd=float((weight == 0).mean()),
        aspect=width / height,
    )


def _held_out(terms: Doubles, values: Doubles, weight: Doubles, block: NDArray[np.int64]) -> float:
    """Median miss over blocks in a checkerboard that the surface was fitted without; never below the fit's own."""
    misses = []
    for colour in (0, 1):
        left = block % 2 == colour
        if left.sum() < 50 or (~left).sum() < 50:
            continue
        weighted = terms[~left] * weight[~left, None]
        solved = _solved(weighted.T @ terms[~left] / len(terms), weighted.T @ values[~left] / len(terms))
        misses.append(np.abs(values[left] - terms[left] @ solved).max(axis=1))
    return float(np.median(np.concatenate(misses))) if misses else float("inf")


def _solved(gram: Doubles, moment: Doubles) -> Doubles:
    """Least squares with a whiff of ridge on all but the constant, so that an unseen corner cannot run away."""
    ridge = 1e-5 * np.trace(gram) * np.diag([0.0] + [1.0] * (len(gram) - 1))
    return np.asarray(np.linalg.solve(gram + ridge + 1e-12 * np.eye(len(gram)), moment))


def _sampled(known: Mask) -> NDArray[np.int64]:
    index = np.flatnonzero(known)
    return np.asarray(index[:: max(1, len(index) // _SAMPLES)])


def _trusted(seen: Doubles) -> float:
    """The weight at which a cell's rest counts by half: a quarter of a cell that is seen whole."""
    return 0.25 / seen.size


@lru_cache(maxsize=8)
def _terms(width: int, height: int) -> Floats:
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    x, y = xs / width * 2 - 1, ys / height * 2 - 1
    return np.stack([x**i * y**j for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)], axis=-1)


def _enlarged(grid: Floats, size: tuple[int, int]) -> Floats:
    """The grid over the whole frame, linear between the cells' middles."""
    width, height = size
    rows, columns = grid.shape[:2]
    down, across = _hats(height, rows), _hats(width, columns)
    return np.asarray(np.einsum("yr,rcd,xc->yxd", down, grid, across, optimize=True), dtype=np.float32)


@lru_cache(maxsize=16)
def _hats(length: int, cells: int) -> Floats:
    at = np.clip((np.arange(length) + 0.5) / length * cells - 0.5, 0, cells - 1)
    return np.asarray(np.clip(1 - np.abs(at[:, None] - np.arange(cells)[None]), 0, 1), dtype=np.float32)
