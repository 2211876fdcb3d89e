"""Measures how often a person would reject a cut-out, and writes that into the model file.

    python -m imaging.training calibrate --model net.onnx --scenes DATA [--photos DIR] [--out net.onnx] [--curve curve.png]

A cut-out that overlaps the truth by less than --accept (.95) would be rejected, and so would any of a picture without a product or with two. The
evidence of `imaging.confidence` is weighed by logistic regression with a little ridge, on scenes that no net was trained on (seeds from 800000), turned
into photos. Five fits, each without a fifth of the photos, tell of that fifth: so the printed reliability and the shares of passed and wrongly passed
photos are of photos that no fit saw. What ships is fitted on all.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging import cut_out, load_segmenter
from imaging.confidence import PROP, calibrated
from imaging.errors import Unreadable
from imaging.quality import score
from imaging.training.evaluate import scene_photos

ACCEPT = 0.95  # overlap from which a person lets a cut-out pass
UNUSED = frozenset({"area", "fits", "hand", "prop"})  # how large, before what and beside what scenes show their product, which photos of a shop do not follow
LEAST = 60  # photos to calibrate by
_RIDGE = 0.005  # per photo; .02 and .001 tell the held-out photos less well (log loss .365 and .365 against .358, 395 scenes)
_ROUNDS = 60
_BINS = 10

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One photo: what was gathered, and how good the cut-out really was."""

    name: str
    evidence: Mapping[str, float]
    iou: float  # 0 where the picture does not show one product
    one: bool = True  # it shows one product
    told: bool = False  # the cut-out says of the whole picture that something is wrong with it, so it goes to a person whatever the probability


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, required=True, action="append", help="folder with scenes/, as `render` writes it; may be repeated")
    parser.add_argument("--first", type=int, default=800_000)
    parser.add_argument("--count", type=int, default=100_000, help="seeds; those of them that are there are used")
    parser.add_argument("--accept", type=float, default=ACCEPT)
    parser.add_argument("--wrong", type=float, default=0.01, help="share of the passed that may be worse than --accept")
    parser.add_argument("--out", type=Path, help="the model with its calibration; the same file is replaced")
    parser.add_argument("--curve", type=Path, help="PNG of the reliability curve")


def run(args: argparse.Namespace) -> int:
    """Prints the reliability; 0, or 2 where there are too few scenes."""
    cases = gathered(args.model, args.scenes, range(args.first, args.first + args.count))
    if len(cases) < LEAST:
        print(f"calibrate: {len(cases)} scenes are too few to calibrate by; render at least {LEAST}")
        return 2
    told, good = held_out(cases, args.accept)
    limit = limit_for(told, good, args.wrong)
    print("\n".join([*reliability(told, good), *passing(cases, told, good, limit)]))
    if args.curve:
        curve(told, good).save(args.curve)
    if args.out:
        calibration = fitted(cases, args.accept) | {"limit": round(limit, 3), "accept": args.accept, "photos": len(cases)}
        write(args.model, args.out, calibration)
    return 0


def gathered(model: Path, folders: Sequence[Path], seeds: range) -> Sequence[Case]:
    """A case for every scene in which the cut-out finds something. Where it finds nothing a person is told already, and nobody sees a cut-out."""
    segmenter = load_segmenter(model)
    cases = []
    for scene in itertools.chain.from_iterable(scene_photos(folder, seeds) for folder in folders):
        try:
            made = cut_out(scene.photo, segmenter)
        except Unreadable:
            continue
        one = scene.products == 1
        told = any(doubt.box is None and doubt.words != PROP for doubt in made.doubts)
        with Image.open(io.BytesIO(made.alpha)) as image:
            alpha = np.asarray(image.convert("L").resize((scene.truth.shape[1], scene.truth.shape[0])))
        cases.append(Case(scene.name, made.evidence, score(alpha, scene.truth).iou if one else 0.0, one, told))
    return cases


def passing(cases: Sequence[Case], told: Doubles, good: NDArray[np.bool_], limit: float) -> list[str]:
    """In words: how many pass without a person, and how many of them should not have."""
    one = np.array([case.one for case in cases])
    passed = (told >= limit) & ~np.array([case.told for case in cases])
    wrong = int((passed & ~good).sum())
    slipped = f"{int((passed & ~one).sum())} of them of none or two"
    return [
        f"{int(one.sum())} pictures of one product, {good[one].mean():.1%} well cut out; {int((~one).sum())} of none or two in which something was cut out",
        f"limit {limit:.3f}: {passed[one].mean():.1%} of those of one product pass; {wrong} of all {int(passed.sum())} that pass should not have, {slipped}",
    ]


def fitted(cases: Sequence[Case], accept: float) -> dict[str, Any]:
    """The calibration: bias, and for every name of evidence its mean, scale and weight."""
    names = sorted(set(cases[0].evidence) - UNUSED)
    x = np.array([[case.evidence[name] for name in names] for case in cases])
    y = np.array([case.iou >= accept for case in cases], dtype=np.float64)
    mean, scale = x.mean(0), np.maximum(x.std(0), 1e-3)
    weights, bias = logistic(np.clip((x - mean) / scale, -6, 6), y)
    terms = zip(names, mean, scale, weights, strict=True)
    return {"bias": float(bias), "weights": {name: {"mean": float(m), "scale": float(s), "weight": float(w)} for name, m, s, w in terms}}


def logistic(x: Doubles, y: Doubles, ridge: float = _RIDGE) -> tuple[Doubles, float]:
    """Weights and bias by Newton steps; `y` 0 or 1. One class alone is pulled a little towards the other, so the answer stays finite."""
    n = len(y)
    known = np.hstack([x, np.ones((n, 1))])
    target = y * (1 - 1 / (n + 2)) + (1 - y) / (n + 2)
    penalty = np.diag([ridge * n] * x.shape[1] + [1e-6])
    w = np.zeros(known.shape[1])
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(known @ w, -30, 30)))
        slope = known.T @ (p - target) + penalty @ w
        bend = (known * (p * (1 - p))[:, None]).T @ known + penalty
        step = np.linalg.solve(bend, slope)
        w = w - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    return w[:-1], float(w[-1])


def held_out(cases: Sequence[Case], accept: float, folds: int = 5) -> tuple[Doubles, NDArray[np.bool_]]:
    """For every case the probability by a fit that did not see it, and whether it was good."""
    told = np.zeros(len(cases))
    for fold in range(folds):
        fit = fitted([case for k, case in enumerate(cases) if k % folds != fold], accept)
        for k in range(fold, len(cases), folds):
            told[k] = calibrated(cases[k].evidence, fit)
    return told, np.array([case.iou >= accept for case in cases])


def limit_for(told: Doubles, good: NDArray[np.bool_], wrong: float) -> float:
    """The lowest probability from which at most `wrong` of those that pass are bad; 1 where there is none."""
    order = np.argsort(-told)
    bad = np.cumsum(~good[order]) / np.arange(1, len(order) + 1)
    within = np.flatnonzero(bad <= wrong)
    return float(told[order[within[-1]]]) if len(within) else 1.0


def reliability(told: Doubles, good: NDArray[np.bool_]) -> list[str]:
    """Told against true, bin by bin."""
    lines = [f"{'told':>12} {'photos':>7} {'accepted':>9}"]
    for low, high, inside in _bins(told):
        if inside.any():
            lines.append(f"{low:.2f} - {high:.2f} {inside.sum():>7} {good[inside].mean():>9.1%}")
    return lines


def curve(told: Doubles, good: NDArray[np.bool_], side: int = 480) -> Image.Image:
    """The reliability curve: what was told across, how many were really good upward; a dot's size is its number of photos."""
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image)
    low, span = 50, side - 80

    def at(x: float, y: float) -> tuple[float, float]:
        return low + x * span, side - low - y * span

    draw.line([at(0, 0), at(1, 0)], fill="black")
    draw.line([at(0, 0), at(0, 1)], fill="black")
    draw.line([at(0, 0), at(1, 1)], fill="#bbbbbb")
    points = [(float(told[inside].mean()), float(good[inside].mean()), int(inside.sum())) for _, _, inside in _bins(told) if inside.any()]
    draw.line([at(x, y) for x, y, _ in points], fill="#1f6feb", width=2)
    for x, y, count in points:
        r = 2 + 12 * (count / len(told)) ** 0.5
        cx, cy = at(x, y)
        draw.ellipse([cx - r, cy - r, cx + r, cy + r], fill="#1f6feb")
    draw.text((low, side - 34), "probability told", fill="black")
    draw.text((4, 8), "share really accepted", fill="black")
    return image


def _bins(told: Doubles) -> list[tuple[float, float, NDArray[np.bool_]]]:
    edges = np.linspace(0, 1, _BINS + 1)
    return [(float(a), float(b), (told >= a) & ((told < b) | (b == 1))) for a, b in itertools.pairwise(edges)]


def write(model: Path, out: Path, calibration: Mapping[str, Any]) -> None:
    """`model` with this calibration in its metadata."""
    from imaging.training.export import add_metadata

    if out != model:
        shutil.copyfile(model, out)
    add_metadata(out, {"confidence": json.dumps(calibration, separators=(",", ":"))})
