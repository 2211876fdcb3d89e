"""How good the cut-out is on photos whose true masks are known: one score a photo, means by kind of photo, and how far chance reaches."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.cutout import cut_out
from imaging.errors import ImagingError
from imaging.parts import Mask, find_parts
from imaging.segment import Segmenter

Alpha = NDArray[np.uint8]

MEASURES = ("iou", "iou_p10", "share98", "mae", "bf", "edge_mae", "hole_recall")

_LEAST_HOLE = 0.0005  # of the picture: smaller holes are not counted
_EDGE_BAND = 0.008  # of the longest side, on both sides of the true edge
_REACH = 0.003  # of the diagonal: an edge this near is the same edge; at least 1.5 px
_GOOD = 0.98
_DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Score:
    """One photo's cut-out against its true mask, both cut at alpha .5 where a yes or no is needed.

    iou          intersection over union, 0..1
    mae          mean absolute alpha error over the whole picture, 0..1
    bf           boundary F: harmonic mean of the share of edge pixels that have one of the other edge near, both ways
    edge_mae     mean absolute alpha error within .8 % of the longest side of the true edge
    hole_recall  share of the backdrop enclosed by the item that the cut-out calls backdrop; None without such a hole
    confidence   what the cut-out says of itself; None where it found no item
    """

    iou: float
    mae: float
    bf: float
    edge_mae: float
    hole_recall: float | None
    confidence: float | None = None


@dataclass(frozen=True)
class Summary:
    """A kind of photo: its measures (see MEASURES; iou_p10 the 10th percentile, share98 the share of photos >= .98) and 95 % intervals."""

    pictures: int
    holes: int  # pictures that have one
    values: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float] | None]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        intervals = {name: None if ends is None else list(ends) for name, ends in self.intervals.items()}
        return {"pictures": self.pictures, "pictures_with_holes": self.holes, **self.values, "interval": intervals}


@dataclass(frozen=True)
class Quality:
    """Scores by photo name, and summaries: "all", then by the part of the name before the first underscore."""

    pictures: Mapping[str, Score]
    summary: Mapping[str, Summary]
    failed: Mapping[str, str]  # photos without a cut-out, and why; they count as missed

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "summary": {kind: of.to_dict() for kind, of in self.summary.items()},
            "pictures": {name: asdict(score) for name, score in self.pictures.items()},
            "failed": dict(self.failed),
        }


def quality(folder: Path, segmenter: Segmenter, tell: Callable[[str], None] = lambda name: None) -> Quality:
    """Cut out every folder/images/NAME.* that has a folder/masks/NAME.png and score it; `tell` hears each name when it is done.

    Raises ImagingError where there is nothing to score or a photo is missing.
    """
    masks = sorted((folder / "masks").glob("*.png"))
    if not masks:
        raise ImagingError(f"{folder}: no masks/*.png; expected images/NAME.jpg and masks/NAME.png")
    photos = {path.stem: path for path in sorted((folder / "images").glob("*")) if path.is_file()}
    if missing := [path.stem for path in masks if path.stem not in photos]:
        raise ImagingError(f"{folder}: no images/{missing[0]}.* for masks/{missing[0]}.png")
    scores: dict[str, Score] = {}
    failed: dict[str, str] = {}
    for path in masks:
        truth = _alpha(path.read_bytes())
        try:
            cutout = cut_out(photos[path.stem].read_bytes(), segmenter)
            scores[path.stem] = score(_sized(cutout.mask, truth.shape), truth, cutout.probability)
        except ImagingError as error:
            failed[path.stem] = str(error)
            scores[path.stem] = _missed(truth)
        tell(path.stem)
    return Quality(scores, summarise(scores), failed)


def score(predicted: Alpha, truth: Alpha, confidence: float | None = None) -> Score:
    """Every measure of one photo; both masks HxW, 0..255."""
    p, t = predicted >= 128, truth >= 128
    error = np.abs(predicted.astype(np.float32) - truth) / 255
    band = _edge_band(t, max(3, int(_EDGE_BAND * max(t.shape))))
    hole = _holes(t)
    return Score(
        iou=float((p & t).sum() / max(int((p | t).sum()), 1)),
        mae=float(error.mean()),
        bf=_boundary_f(p, t, max(1.5, _REACH * float(np.hypot(*t.shape)))),
        edge_mae=float(error[band].mean()) if band.any() else 0.0,
        hole_recall=float((~p)[hole].mean()) if hole.any() else None,
        confidence=confidence,
    )


def summarise(scores: Mapping[str, Score], draws: int = _DRAWS) -> dict[str, Summary]:
    """Means and shares of all photos and by kind, with bootstrap 95 % intervals; the same for the same scores."""
    kinds: dict[str, list[Score]] = {"all": list(scores.values())}
    for name, one in scores.items():
        kinds.setdefault(name.split("_")[0], []).append(one)
    return {kind: _summary(of, draws) for kind, of in kinds.items()}


def table(summary: Mapping[str, Summary]) -> Iterator[str]:
    """The summaries as lines of text, two a kind: the measures, and below them where 95 % of the draws lie."""
    yield f"{'kind':<10}{'n':>5}" + "".join(f"{head:>13}" for head in ("IoU", "p10", ">=.98", "MAE", "BF", "edge", "holes"))
    for kind, of in summary.items():
        cells = ["-" if of.values[name] is None else f"{of.values[name]:.4f}" for name in MEASURES]
        cells[-1] += f" ({of.holes})" if of.holes else ""
        yield f"{kind:<10}{of.pictures:>5}" + "".join(f"{cell:>13}" for cell in cells)
        ends = ["" if (interval := of.intervals[name]) is None else f"{interval[0]:.3f}-{interval[1]:.3f}" for name in MEASURES]
        yield f"{'':<15}" + "".join(f"{cell:>13}" for cell in ends)


def _missed(truth: Alpha) -> Score:
    return Score(iou=0.0, mae=1.0, bf=0.0, edge_mae=1.0, hole_recall=0.0 if _holes(truth >= 128).any() else None)


def _summary(scores: Sequence[Score], draws: int) -> Summary:
    columns = {
        "iou": _column(s.iou for s in scores),
        "mae": _column(s.mae for s in scores),
        "bf": _column(s.bf for s in scores),
        "edge_mae": _column(s.edge_mae for s in scores),
        "hole_recall": _column(np.nan if s.hole_recall is None else s.hole_recall for s in scores),
    }
    everyone = np.arange(len(scores))[None]
    drawn = np.random.default_rng(1).integers(0, len(scores), (draws, len(scores)))
    values: dict[str, float | None] = {}
    intervals: dict[str, tuple[float, float] | None] = {}
    for name in MEASURES:
        (value,) = _drawn(name, columns, everyone)
        spread = _drawn(name, columns, drawn)
        spread = spread[~np.isnan(spread)]
        values[name] = None if np.isnan(value) else float(value)
        intervals[name] = None if np.isnan(value) else (float(np.quantile(spread, 0.025)), float(np.quantile(spread, 0.975)))
    return Summary(len(scores), int((~np.isnan(columns["hole_recall"])).sum()), values, intervals)


def _drawn(name: str, columns: Mapping[str, NDArray[np.float64]], drawn: NDArray[np.intp]) -> NDArray[np.float64]:
    """One measure of every row of photo numbers; nan where no photo of a row has it."""
    if name == "iou_p10":
        return np.asarray(np.quantile(columns["iou"][drawn], 0.1, axis=1))
    if name == "share98":
        return np.asarray((columns["iou"][drawn] >= _GOOD).mean(axis=1))
    of = columns[name][drawn]
    known = ~np.isnan(of)
    counts = known.sum(axis=1)
    return np.where(counts > 0, np.where(known, of, 0).sum(axis=1) / np.maximum(counts, 1), np.nan)


def _column(values: Iterable[float]) -> NDArray[np.float64]:
    return np.array(list(values), dtype=np.float64)


def _alpha(png: bytes) -> Alpha:
    """An 8-bit mask: the alpha channel where there is one, else the grey picture."""
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if "A" in image.getbands():
                return np.asarray(image.getchannel("A"))
            if image.mode.startswith("I"):  # 16-bit grey
                return np.asarray(np.asarray(image) // 257, dtype=np.uint8)
            return np.asarray(image.convert("L"))
    except (OSError, ValueError, SyntaxError) as error:
        raise ImagingError(f"a mask cannot be read ({error})") from error


def _sized(alpha: Alpha, shape: tuple[int, ...]) -> Alpha:
    """The cut-out at the truth's size, as `packshot render --alpha` writes it."""
    if alpha.shape == shape:
        return alpha
    return np.asarray(Image.fromarray(alpha).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _boundary_f(p: Mask, t: Mask, reach: float) -> float:
    edge_p, edge_t = _inner_edge(p), _inner_edge(t)
    precision, recall = _share_near(edge_p, edge_t, reach), _share_near(edge_t, edge_p, reach)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _inner_edge(mask: Mask) -> Mask:
    """Pixels of the mask with a 4-neighbour outside it; beyond the frame counts as inside."""
    inner = cv2.erode(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    edge: Mask = mask & (np.asarray(inner) == 0)
    return edge


def _share_near(a: Mask, b: Mask, reach: float) -> float:
    """The share of a's pixels that have a pixel of b within reach (Euclidean)."""
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    away = np.asarray(cv2.distanceTransform((~b).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
    return float((away[a] <= reach + 1e-4).mean())


def _edge_band(mask: Mask, k: int) -> Mask:
    """Pixels whose (2k+1)-square window, cut at the frame, holds both mask and non-mask."""
    window = np.ones((2 * k + 1, 2 * k + 1), np.uint8)
    grey = mask.astype(np.uint8)
    band: Mask = np.asarray(cv2.dilate(grey, window)) != np.asarray(cv2.erode(grey, window))
    return band


def _holes(truth: Mask) -> Mask:
    """The backdrop's 4-connected parts that do not reach the frame and are not too small to count."""
    outside = find_parts(~truth)
    left, top, right, bottom = outside.boxes.T
    height, width = truth.shape
    inner = (left > 0) & (top > 0) & (right < width) & (bottom < height) & (outside.areas >= _LEAST_HOLE * truth.size)
    holes: Mask = np.concatenate([[False], inner])[outside.labels]
    return holes
