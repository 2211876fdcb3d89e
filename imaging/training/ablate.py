"""What each step after the net is worth: the whole road, then the road without each step, on scenes with exact alpha.

    python -m imaging.training ablate --scenes DATA/scenes [--limit 300] [--model net.onnx] [--seeds odd|even|all]

DIR holds RGBA pictures NAME.png (RGB the photo, A the truth), in any depth, each with NAME.json that may say "kind" and "seed". Thresholds are
chosen on odd seeds and checked on even ones. A step that does not help in the mean and the 10th percentile has no business being on.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.edges import plain_ramp, refine
from imaging.looks import look_at
from imaging.mending import Switches, mend
from imaging.parts import fill_enclosed, find_parts
from imaging.segment import Segmenter, load_segmenter

_LEAST_HOLE = 0.0005  # of the frame
_BAND = 0.008  # of the longest side
_NEAR = 0.003  # of the diagonal: an outline this near is right


@dataclass(frozen=True)
class Score:
    """How one alpha compares with the truth."""

    iou: float
    mae: float
    edge: float  # mean alpha error in the band at the true outline
    bf: float  # boundary F
    holes: float | None  # recall of see-through holes; None where there are none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--scenes", type=Path, required=True, help="folder with RGBA scenes")
    parser.add_argument("--limit", type=int, default=300, help="scenes at most, spread evenly")
    parser.add_argument("--model", type=Path, help="another net than the shipped one")
    parser.add_argument("--seeds", choices=("all", "odd", "even"), default="all")
    parser.add_argument("--only", action="append", default=[], choices=[f.name for f in fields(Switches)], help="measure just these switches")


def run(args: argparse.Namespace) -> int:
    """Prints the tables; 1 where there is nothing to measure."""
    files = scenes(args.scenes, args.seeds, args.limit)
    if not files:
        print(f"no scenes in {args.scenes}: render some first (python -m imaging.training render)")
        return 1
    segmenter = load_segmenter(args.model)
    roads = variants(args.only)
    scored: dict[str, list[Score]] = {name: [] for name in roads}
    seconds = dict.fromkeys(roads, 0.0)
    for path in files:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGBA"), dtype=np.uint8)
        rgb, truth = np.ascontiguousarray(pixels[..., :3]), pixels[..., 3]
        if not (truth >= 128).any():
            continue
        for name, switches in roads.items():
            began = time.process_time()
            alpha = road(rgb, segmenter, switches)
            seconds[name] += time.process_time() - began
            scored[name].append(score(alpha, truth))
    print(table(scored, seconds))
    return 0


def variants(only: list[str]) -> dict[str, Switches]:
    """The net alone, all steps, all but one, and one alone."""
    names = only or [f.name for f in fields(Switches)]
    none = Switches(**{f.name: False for f in fields(Switches)})
    return (
        {"net alone": none, "all": Switches()}
        | {f"all but {name}": replace(Switches(), **{name: False}) for name in names}
        | {f"only {name}": replace(none, **{name: True}) for name in names}
    )


def road(rgb: NDArray[np.uint8], segmenter: Segmenter, switches: Switches) -> NDArray[np.uint8]:
    """The alpha that a product would get."""
    p = look_at(rgb, segmenter, closer=switches.closer, mirror=switches.mirror).p
    mended = mend(rgb, p, switches).p
    return refine(rgb, mended) if switches.edges else plain_ramp((rgb.shape[1], rgb.shape[0]), mended)


def scenes(folder: Path, seeds: str, limit: int) -> list[Path]:
    """Scene files of the wanted seeds, spread evenly over the folder."""
    files = sorted(folder.rglob("*.png"))
    if seeds != "all":
        files = [path for path in files if _seed(path) % 2 == (seeds == "odd")]
    step = max(1, len(files) / limit)
    return [files[int(k * step)] for k in range(min(limit, len(files)))]


def score(alpha: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Score:
    """Every measure of one picture."""
    a, t = alpha >= 128, truth >= 128
    error = np.abs(alpha.astype(np.float32) - truth) / 255
    reach = 2 * max(3, int(_BAND * max(t.shape))) + 1
    window = np.ones((reach, reach), np.uint8)
    band = (cv2.dilate(t.view(np.uint8), window) > 0) & (cv2.erode(t.view(np.uint8), window) == 0)
    enclosed = find_parts(fill_enclosed(t) & ~t)
    hole = np.isin(enclosed.labels, np.flatnonzero(enclosed.areas >= _LEAST_HOLE * t.size) + 1)
    return Score(
        iou=float((a & t).sum() / max(1, (a | t).sum())),
        mae=float(error.mean()),
        edge=float(error[band].mean()) if band.any() else 0.0,
        bf=_boundary_f(a, t, max(1.5, _NEAR * float(np.hypot(*t.shape)))),
        holes=float((~a)[hole].mean()) if hole.any() else None,
    )


def table(scored: dict[str, list[Score]], seconds: dict[str, float]) -> str:
    """One line a road; the differences of each scene against "all" as mean and one standard error."""
    whole = np.array([s.iou for s in scored["all"]])
    lines = [
        f"{'road':<16}{'n':>5}{'IoU':>8}{'p10':>7}{'>=.98':>7}{'MAE':>8}{'edge':>7}{'BF':>7}{'holes':>8}{'ms':>6}   IoU less all +- s.e., better/worse by .005"
    ]
    for name, each in scored.items():
        iou = np.array([s.iou for s in each])
        holes = [s.holes for s in each if s.holes is not None]
        off = iou - whole
        lines.append(
            f"{name:<16}{len(each):>5}{iou.mean():>8.4f}{np.quantile(iou, 0.1):>7.3f}{(iou >= 0.98).mean():>7.0%}{np.mean([s.mae for s in each]):>8.4f}"
            f"{np.mean([s.edge for s in each]):>7.3f}{np.mean([s.bf for s in each]):>7.3f}{np.mean(holes) if holes else float('nan'):>8.3f}"
            f"{seconds[name] / len(each) * 1000:>6.0f}   {off.mean():+.4f} +- {off.std() / len(off) ** 0.5:.4f}  {(off > 0.005).sum()}/{(off < -0.005).sum()}"
        )
    return "\n".join(lines)


def _boundary_f(a: NDArray[np.bool_], t: NDArray[np.bool_], reach: float) -> float:
    edges = [m & ~cv2.erode(m.view(np.uint8), np.ones((3, 3), np.uint8), borderValue=1).view(np.bool_) for m in (a, t)]
    if not edges[0].any() or not edges[1].any():
        return float(edges[0].any() == edges[1].any())
    shares = []
    for here, there in (edges, edges[::-1]):
        away = cv2.distanceTransform((~there).view(np.uint8), cv2.DIST_L2, 5)
        shares.append(float((away[here] <= reach).mean()))
    return 2 * shares[0] * shares[1] / max(sum(shares), 1e-9)


def _seed(path: Path) -> int:
    beside = path.with_suffix(".json")
    if beside.exists():
        return int(json.loads(beside.read_text("utf-8")).get("seed", 0))
    digits = re.sub(r"\D", "", path.stem)
    return int(digits or 0)
