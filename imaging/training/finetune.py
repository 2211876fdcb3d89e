"""A candidate model from a seller's own pairs, tried beside the model now in use. Needs `torch` and `onnx`.

    python -m imaging.training finetune --pairs DIR --out candidate.onnx [--data DIR --photos DIR] [--model net.onnx] [--golden DIR]

`--pairs` is a folder of photographs and masks or retouched files (see `pairs` for the shapes; `packshot pairs --out DIR` makes one from what came
back from retouching). One photo in five is kept aside and never trained on. With `--data` half of each batch is our own pictures, so that nothing is
forgotten; without, only drawn ones are mixed in, the steps are few, the rate is low, and half of the current weights stay.

The candidate keeps the current model's side. Its confidence is calibrated anew where `--data` holds the scenes that calibration needs;
else it has none. The same command goes on where it was stopped. At the end stands a report: numbers, pictures, and whether to switch.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import imaging
from imaging.errors import ImagingError
from imaging.training import report
from imaging.training.evaluate import photographed
from imaging.training.export import add_metadata, export
from imaging.training.feed import batches
from imaging.training.net import Net
from imaging.training.pairs import Found, Mixed, Pair, find_pairs, split
from imaging.training.train import Trainer, shapes
from imaging.training.weights import read

MODELS = Path(imaging.__file__).parent / "models"
LEAST_PAIRS = 5  # usable ones, below which nothing can be told
FEW_PAIRS = 40  # below which the report says that there are few
GOLDEN_SEED = 900_000  # scenes from here on are never trained on
TRUTH_SIDE = 2000  # px of the longest side at which kept-aside truths are compared
SAVE_EACH = 50  # steps


@dataclass(frozen=True)
class Course:
    """How far the candidate may go: with our own pictures beside, and with pairs alone."""

    steps: int
    rate: float
    ours: float  # share of samples that are our own
    keep: float  # share of the current weights in the candidate: what pairs alone would make it forget


WITH_DATA = Course(steps=800, rate=3e-4, ours=0.5, keep=0.25)
ALONE = Course(steps=200, rate=1e-4, ours=0.25, keep=0.5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--pairs", type=Path, required=True, help="folder of photos with masks, cut-outs or retouched packshots")
    parser.add_argument("--out", type=Path, required=True, help="the candidate, an ONNX file")
    parser.add_argument("--model", type=Path, help="what to begin with and to compare with; the shipped model where not given")
    parser.add_argument("--data", type=Path, help="folder with scenes/ and foregrounds/: our own pictures, mixed in")
    parser.add_argument("--photos", type=Path, help="folder with watch/ and background/ photographs (Caltech-101)")
    parser.add_argument("--golden", type=Path, help="folder with images/ and masks/ that must not get worse; scenes from 900000 on of --data where not given")
    parser.add_argument("--golden-count", type=int, default=120, help="how many seeds of those scenes")
    parser.add_argument("--report", type=Path, help="folder of the report; OUT-report where not given")
    parser.add_argument("--run", type=Path, help="folder of checkpoints; OUT-run where not given")
    parser.add_argument("--steps", type=int, help=f"{WITH_DATA.steps} with --data, {ALONE.steps} without")
    parser.add_argument("--rate", type=float, help=f"{WITH_DATA.rate} with --data, {ALONE.rate} without")
    parser.add_argument("--keep", type=float, help=f"0..1 of the current weights that stay: {WITH_DATA.keep} with --data, {ALONE.keep} without")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, help="px; the model's own side where not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--feeders", type=int, default=1)


def run(args: argparse.Namespace) -> int:
    """Trains, exports, compares, reports; 0 whatever the verdict, 2 where it cannot be done."""
    try:
        return _run(args)
    except ImagingError as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 2


def _run(args: argparse.Namespace) -> int:
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    if args.out.suffix.lower() != ".onnx":
        raise ImagingError(f"--out {args.out}: the candidate is an ONNX file; name it so")
    current = args.model or shipped()
    net, about = read(current)
    try:
        side = int(about["side"])
    except (KeyError, ValueError):
        raise ImagingError(f"cut-out model {current.name}: its metadata has no side; name a file made by `export` or `finetune`") from None
    run_folder: Path = args.run or args.out.with_name(f"{args.out.stem}-run")
    found = find_pairs(args.pairs, run_folder / "pairs")
    print(told(found))
    if len(found.pairs) < LEAST_PAIRS:
        raise ImagingError(f"{args.pairs}: {len(found.pairs)} usable pairs are too few, at least {LEAST_PAIRS} are needed")
    train, aside = split(found.pairs)
    if not aside:
        raise ImagingError(f"{args.pairs}: no pair whose truth is clear all over, to tell by; add some with a mask or with transparency")
    course = _course(args)
    warnings = _warnings(args, found)
    for words in warnings:
        print(f"warning: {words}")
    _same_run(run_folder, current, train, course)
    trained = _train(args, net, side, course, train, run_folder)
    before, _ = read(current)
    mixed = interpolated(before, trained, course.keep)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    export(mixed, args.out)
    add_metadata(args.out, _metadata(about, current, len(train), course))
    warnings.append(_calibrate(args.out, args.data))
    print(warnings[-1])
    sets = {"yours": _aside_set(aside, run_folder / "aside")}
    golden = args.golden or (golden_set(args.data, run_folder / "golden", args.golden_count) if args.data else None)
    if golden is not None:
        sets["golden"] = golden
    out: Path = args.report or args.out.with_name(f"{args.out.stem}-report")
    said = report.write(out, current, args.out, sets, facts=_facts(args, found, train, aside, course), warnings=warnings, unusable=found.unusable)
    print(said)
    print(f"report: {out / 'report.html'}")
    return 0


def shipped(folder: Path = MODELS) -> Path:
    """The shipped model's file."""
    return folder / str(json.loads((folder / "manifest.json").read_text("utf-8"))["file"])


def told(found: Found) -> str:
    """How many pairs are usable and why others are not."""
    kinds = {how: sum(pair.how == how for pair in found.pairs) for how in ("mask", "alpha", "white")}
    words = ", ".join(f"{count} {name}" for name, count in zip(("with a mask", "with transparency", "on white"), kinds.values(), strict=True) if count)
    lines = [f"{len(found.pairs)} usable pairs{f' ({words})' if words else ''}, {len(found.unusable)} not usable"]
    return "\n".join([*lines, *(f"  {name}: {why}" for name, why in sorted(found.unusable.items()))])


def interpolated(before: Net, after: Net, keep: float) -> Net:
    """`keep` of the weights of `before` and the rest of `after`: what lies between two near optima mostly does both their tasks."""
    old = before.state_dict()
    after.load_state_dict({name: torch.lerp(now, old[name], keep) for name, now in after.state_dict().items()})
    return after


def golden_set(data: Path, out: Path, count: int, first: int = GOLDEN_SEED) -> Path | None:
    """Scenes that no net was trained on as photographs (JPEG, quality 92) with their exact masks; None where none is there."""
    if out.exists():
        shutil.rmtree(out)
    return out if photographed(data, range(first, first + count), out) else None


def _course(args: argparse.Namespace) -> Course:
    usual = WITH_DATA if args.data else ALONE
    return Course(
        steps=usual.steps if args.steps is None else args.steps,
        rate=usual.rate if args.rate is None else args.rate,
        ours=usual.ours,
        keep=usual.keep if args.keep is None else args.keep,
    )


def _warnings(args: argparse.Namespace, found: Found) -> list[str]:
    warnings = []
    if args.data is None:
        warnings.append(
            "no --data: without our own scenes the candidate may forget what your pairs do not show; it takes few steps at a low rate, "
            "and keeps half of the current weights"
        )
    if args.data is None and args.golden is None:
        warnings.append("no golden set (--golden or --data): what the candidate forgot cannot be seen")
    if len(found.pairs) < FEW_PAIRS:
        warnings.append(f"{len(found.pairs)} pairs are few: expect a small gain, and a comparison that chance moves; from {FEW_PAIRS} on it is worth more")
    return warnings


def _same_run(folder: Path, current: Path, train: Sequence[Pair], course: Course) -> None:
    """Notes what this run is about, or raises where the folder belongs to another."""
    note = folder / "run.json"
    names = "".join(sorted(pair.sha256 for pair in train))
    mine = {"model": _sha256(current), "pairs": hashlib.sha256(names.encode()).hexdigest(), "rate": course.rate, "ours": course.ours}
    if note.is_file() and (folder / "last.pt").is_file() and json.loads(note.read_text("utf-8")) != mine:
        raise ImagingError(f"{folder}: it holds a run with another model, other pairs or another rate; remove it, or name another --run")
    note.write_text(json.dumps(mine, indent=1), encoding="utf-8")


def _train(args: argparse.Namespace, net: Net, side: int, course: Course, train: Sequence[Pair], folder: Path) -> Net:
    """The averaged net after the course's steps; goes on from the folder's last state."""
    trainer = Trainer(course.rate, course.steps, max(course.steps // 2, 1), folder, net=net, warm_up=max(course.steps // 10, 1))
    trainer.resume()
    digests = [pair.sha256 for pair in train]
    source = functools.partial(Mixed, folder / "pairs", digests, course.ours, args.data, args.photos)
    sizes = shapes(args.size or max(64, round(side / 1.1 / 32) * 32))  # the longer side of the 4:3 shapes is then about the model's own
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    if trainer.step < course.steps:
        feed = batches(source, seed=args.seed, first=trainer.step, count=args.batch, sizes=sizes, feeders=args.feeders)
        with Progress(*columns) as bar, (folder / "log.jsonl").open("a") as log:
            task = bar.add_task("fine-tuning", total=course.steps, completed=trainer.step)
            for batch in feed:
                said = trainer.learn(batch)
                bar.update(task, completed=trainer.step, description=f"loss {said['total']:.3f}")
                log.write(json.dumps({"step": trainer.step, "seconds": round(time.monotonic() - began), **said}) + "\n")
                if trainer.step % SAVE_EACH == 0:
                    trainer.save()
                if trainer.step >= course.steps:
                    break
            feed.close()
    trainer.save()
    return trainer.mean


def _metadata(about: Mapping[str, str], current: Path, pairs: int, course: Course) -> dict[str, str]:
    """What goes with the candidate: all but the calibration, which was measured for other weights."""
    kept = {name: value for name, value in about.items() if name != "confidence"}
    return kept | {"finetuned": json.dumps({"from": _sha256(current), "pairs": pairs, "steps": course.steps, "rate": course.rate, "keep": course.keep})}


def _calibrate(candidate: Path, data: Path | None) -> str:
    """Calibrates the candidate's confidence on scenes that no net is trained on (the command's own choice of them); says what was done."""
    why = "no --data to measure it on"
    if data is not None:
        from imaging.training import calibrate

        parser = argparse.ArgumentParser()
        calibrate.add_arguments(parser)
        if calibrate.run(parser.parse_args(["--model", str(candidate), "--scenes", str(data), "--out", str(candidate)])) == 0:
            return "confidence: calibrated anew for the candidate's weights"
        why = "--data holds too few of the scenes that calibration needs"
    return (
        f"confidence: the current model's calibration was dropped and not measured anew ({why}); the candidate says the overlap that it expects itself, "
        f"so more or fewer photos may come to review. `python -m imaging.training calibrate` measures it"
    )


def _aside_set(aside: Sequence[Pair], folder: Path) -> Path:
    """The kept-aside pairs as images/ and masks/, the photos as they are."""
    if folder.exists():
        shutil.rmtree(folder)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number, pair in enumerate(aside):
        name = f"yours_{number:04d}-{Path(pair.name).stem}"
        shutil.copyfile(pair.photo, folder / "images" / f"{name}{pair.photo.suffix}")
        Image.fromarray(np.ascontiguousarray(pair.truth(TRUTH_SIDE).alpha)).save(folder / "masks" / f"{name}.png")
    return folder


def _facts(args: argparse.Namespace, found: Found, train: Sequence[Pair], aside: Sequence[Pair], course: Course) -> dict[str, Any]:
    return {
        "pairs usable": len(found.pairs),
        "trained on": len(train),
        "kept aside": len(aside),
        "steps": course.steps,
        "rate": course.rate,
        "our own pictures in a batch": f"{course.ours:.0%}" + ("" if args.data else " (drawn ones)"),
        "of the current weights kept": f"{course.keep:.0%}",
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
