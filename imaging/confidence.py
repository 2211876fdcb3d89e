"""How sure we may be of a cut-out, where it is doubtful, and why, in words.

Evidence is gathered on the net's quarter grid and is a handful of shares and probabilities; a calibration that was measured for the model's own
weights (logistic regression on scenes the net never saw) turns it into the probability that a person would accept the cut-out. Nothing is
stretched: a model without calibration answers the overlap that the net itself expects, less a tenth for every side that the product runs out of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.facts import Box
from imaging.filters import Floats, box_mean, resize
from imaging.looks import Looked, expected_overlap
from imaging.mending import Mended
from imaging.parts import Mask, fill_enclosed, find_parts

_UNSURE = 0.12  # a probability between this and one minus this is unsure
_OUTLINE = 1  # cells beside the outline, where the net is always unsure
_BLURRED = 3  # cells beside the outline, where the smoothed evidence of the backdrop shows the product too
_LEAST_PART = 0.004  # of the item's area: smaller doubts are not worth a person's look
_PER_SIDE = 0.9  # what a side that the product runs out of is worth, where nothing was calibrated
_FITS = 0.3  # the backdrop's word counts from this fit on
_LIMITS = {"several": 0.5, "hand": 0.5, "prop": 0.6}  # what the net says of the whole picture is told from this probability on
PROP = "a stand, a cushion, a tag or another prop seems to be in the picture"  # told, but no reason for a person to look
_FEW = 0.5  # the net's word that there is a product at all, below which it is told


@dataclass(frozen=True)
class Doubt:
    """One thing that may be wrong, for an operator."""

    words: str
    box: Box | None  # px of the upright photo; None where it is about the whole picture
    share: float  # of the item's area


@dataclass(frozen=True)
class Confidence:
    """`probability` 0..1 that a person would accept the cut-out; `evidence` is what it follows from."""

    probability: float
    evidence: Mapping[str, float]
    doubts: tuple[Doubt, ...]


def judge(looked: Looked, mended: Mended, alpha: NDArray[np.uint8], size: tuple[int, int], calibration: Mapping[str, Any] | None) -> Confidence:
    """The confidence in `alpha` (0..255, the final mask of any size); `size` is the photo's (width, height), for boxes."""
    grid = (looked.sure.shape[1], looked.sure.shape[0])
    mask: Mask = resize(alpha.astype(np.float32), grid, Image.Resampling.BOX) >= 128
    maps = _doubtful(looked.sure, mask, mended, looked.mirrored)
    evidence = gather(looked, mask, mended, maps)
    told = evidence["expected"] * _PER_SIDE ** evidence["touching"] if calibration is None else calibrated(evidence, calibration)
    return Confidence(told, evidence, (*_of_the_scene(looked.scene), *_places(maps, mask, size)))


def calibrated(evidence: Mapping[str, float], calibration: Mapping[str, Any]) -> float:
    """Logistic regression by the calibration's `weights` on the evidence it names, each centred and scaled as it was measured."""
    total = float(calibration["bias"])
    for name, term in calibration["weights"].items():
        value = (evidence.get(name, term["mean"]) - term["mean"]) / term["scale"]
        total += term["weight"] * min(max(value, -6.0), 6.0)
    return 1 / (1 + math.exp(-min(max(total, -30.0), 30.0)))


def gather(looked: Looked, mask: Mask, mended: Mended, maps: Mapping[str, Mask]) -> dict[str, float]:
    """Names and values, all finite; areas are shares of the item's."""
    p = looked.sure
    area = max(int(mask.sum()), 1)
    net: Mask = p >= 0.5
    either = max(int((net | mask).sum()), 1)
    filled = fill_enclosed(mask)
    outline = mask & (box_mean(mask.astype(np.float32), 1) < 0.999)
    return {
        "expected": expected_overlap(p, mask),
        "area": math.log(area / mask.size),
        "thin": float(outline.sum()) / area,
        "mended": 1 - float((net & mask).sum()) / either,
        "holes": float((filled & ~mask).sum()) / area,
        "pieces": math.log1p(len(find_parts(mask, diagonal=True))),
        "touching": float(sum(bool(side.any()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))),
        "fits": mended.look.fits if mended.look is not None else 0.0,
        **{name: math.sqrt(min(1.0, float(where.sum()) / area)) for name, where in maps.items()},
        **{word: _clipped_logit(value) for word, value in looked.scene.items()},
    }


def _clipped_logit(value: float) -> float:
    value = min(max(value, 1e-3), 1 - 1e-3)
    return math.log(value / (1 - value))


def _doubtful(p: Floats, mask: Mask, mended: Mended, mirrored: Floats | None) -> dict[str, Mask]:
    """Where the doubt is, by kind, on the net's quarter grid."""
    near = box_mean(mask.astype(np.float32), _OUTLINE)
    off_outline = (near < 0.001) | (near > 0.999)
    maps: dict[str, Mask] = {"unsure": (p > _UNSURE) & (p < 1 - _UNSURE) & off_outline}
    look = mended.look
    nothing = np.zeros(mask.shape, dtype=np.bool_)
    maps["left"], maps["backdrop"] = nothing, nothing
    if look is not None and look.fits > _FITS:
        grid = (p.shape[1], p.shape[0])
        foreign = resize((look.unlike > 1.5).astype(np.float32), grid, Image.Resampling.BOX) > 0.7
        plain = resize(look.plain.astype(np.float32), grid, Image.Resampling.BOX) > 0.9
        around = box_mean(mask.astype(np.float32), _BLURRED)
        maps["left"] = foreign & (around < 0.001)
        maps["backdrop"] = plain & (around > 0.999) & (p < 0.98)
    maps["mirror"] = nothing if mirrored is None else (np.abs(mirrored - p) > 0.4) & off_outline
    return maps


_WORDS = {
    "unsure": "unsure whether this belongs to the product",
    "left": "this was left out and does not look like the backdrop",
    "backdrop": "this was kept and looks like the backdrop",
    "mirror": "seen mirrored, this was judged differently",
}


def _places(maps: Mapping[str, Mask], mask: Mask, size: tuple[int, int]) -> tuple[Doubt, ...]:
    """The largest doubt of each kind, and every border that the product runs out of; the largest first."""
    area = max(int(mask.sum()), 1)
    found = []
    for kind, words in _WORDS.items():
        parts = find_parts(maps[kind], diagonal=True)
        if not len(parts):
            continue
        largest = int(np.argmax(parts.areas))
        share = float(parts.areas[largest]) / area
        if share >= _LEAST_PART:
            where = parts.labels == largest + 1
            found.append(Doubt(f"{words} ({_where(where)})", _box(where, size), round(share, 4)))
    for name, side, box in _sides(mask, size):
        if side.any():
            found.append(Doubt(f"the product may be cut at the {name} edge", box, round(float(side.sum()) / area, 4)))
    return tuple(sorted(found, key=lambda doubt: -doubt.share))


def _sides(mask: Mask, size: tuple[int, int]) -> list[tuple[str, Mask, Box]]:
    width, height = size
    strip = max(1, round(0.02 * max(size)))
    thick, high = min(strip, width), min(strip, height)
    across, down = np.flatnonzero(mask[0]), np.flatnonzero(mask[:, 0])
    last_across, last_down = np.flatnonzero(mask[-1]), np.flatnonzero(mask[:, -1])

    def span(found: NDArray[np.intp], cells: int, length: int) -> tuple[int, int]:
        return (round(found[0] / cells * length), round((found[-1] + 1) / cells * length)) if len(found) else (0, 0)

    rows, columns = mask.shape
    top, bottom = span(across, columns, width), span(last_across, columns, width)
    left, right = span(down, rows, height), span(last_down, rows, height)
    return [
        ("top", mask[0], (top[0], 0, top[1], high)),
        ("bottom", mask[-1], (bottom[0], height - high, bottom[1], height)),
        ("left", mask[:, 0], (0, left[0], thick, left[1])),
        ("right", mask[:, -1], (width - thick, right[0], width, right[1])),
    ]


def _of_the_scene(scene: Mapping[str, float]) -> tuple[Doubt, ...]:
    if not scene:
        return ()
    told = []
    if scene["product"] < _FEW:
        told.append("there may be no product in the picture")
    if scene["several"] > _LIMITS["several"]:
        told.append("more than one product seems to be in the picture")
    if scene["hand"] > _LIMITS["hand"]:
        told.append("a hand or a person seems to be in the picture")
    if scene["prop"] > _LIMITS["prop"]:
        told.append(PROP)
    return tuple(Doubt(words, None, 1.0) for words in told)


def _where(where: Mask) -> str:
    ys, xs = np.nonzero(where)
    y, x = float(ys.mean()) / where.shape[0], float(xs.mean()) / where.shape[1]
    down = "top" if y < 0.36 else "bottom" if y > 0.64 else ""
    across = "left" if x < 0.36 else "right" if x > 0.64 else ""
    return " ".join(word for word in (down, across) if word) or "middle"


def _box(where: Mask, size: tuple[int, int]) -> Box:
    ys, xs = np.nonzero(where)
    rows, columns = where.shape
    width, height = size
    return (
        round(int(xs.min()) / columns * width),
        round(int(ys.min()) / rows * height),
        round((int(xs.max()) + 1) / columns * width),
        round((int(ys.max()) + 1) / rows * height),
    )
