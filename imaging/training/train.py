"""Trains the cut-out net; resumable, logged, CPU is enough.

    python -m imaging.training train --data DIR --photos DIR --run DIR --steps 8000 [--decay 1500] [--size 384] [--batch 8]

The learning rate warms up, stays, and falls to nothing over the last `--decay` steps. A run directory holds `last.pt` (resumed by the same
command), `stable.pt` (the last state before the rate began to fall: go on from it with more --steps) and `final.pt` (averaged weights, to be
exported), `log.jsonl` and `args.json`. `--start` goes on from a run's weights or from a model file, the shipped one included.

Computed in channels_last, and in bfloat16 where the processor has instructions for it: together a step takes 40 % of the time. Where it has none,
bfloat16 is emulated, and a step takes twenty times as long (measured on AVX2: 24 s instead of 1.2 s for 8 pictures of 320 px).
"""

from __future__ import annotations

import argparse
import copy
import functools
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from imaging.training.feed import Batch, Source, batches
from imaging.training.loss import loss_of
from imaging.training.net import Net, imagenet_weights, load_imagenet
from imaging.training.weights import read, unfolded

WARM_UP = 150  # steps
AVERAGE = 0.998  # of the weights' running mean, a step
SAVED = 100  # steps between two checkpoints
LOGGED = 20  # steps between two lines of the log, which are means over them: one batch alone tells nothing
MEASURED = 8  # batches that the norms of a model file are measured on
ENCODER_RATE = 0.3  # of the pyramid's: the encoder comes trained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and foregrounds/")
    parser.add_argument("--photos", type=Path, help="folder with watch/ and background/ photographs (Caltech-101)")
    parser.add_argument("--run", type=Path, required=True, help="where checkpoints and the log go")
    parser.add_argument("--start", type=Path, help="weights (.pt) or a model file (.onnx) to begin with instead of ImageNet's")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--decay", type=int, default=1500, help="the last steps, over which the rate falls")
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--frozen", type=int, default=0, help="first blocks of the encoder that stay as they are; 3 save a quarter of a step")
    parser.add_argument("--size", type=int, default=384, help="px; pictures have this area, in several shapes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--feeders", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="stop after so long, resumable")


def run(args: argparse.Namespace) -> int:
    """Trains until --steps or --minutes; 0."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    (args.run / "args.json").write_text(json.dumps({k: str(v) for k, v in vars(args).items()}, indent=1))
    source = functools.partial(open_source, args.data, args.photos)
    fresh = args.start is not None and not (args.run / "last.pt").is_file()
    trainer = Trainer(args.rate, args.steps, args.decay, args.run, net=begun(args.start, source, args) if fresh else None)
    trainer.resume()
    trainer.freeze(args.frozen)
    began = time.monotonic()
    feed = batches(source, seed=args.seed, first=trainer.step, count=args.batch, sizes=shapes(args.size), feeders=args.feeders)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    lately: list[dict[str, float]] = []
    with Progress(*columns) as bar, (args.run / "log.jsonl").open("a") as log:
        task = bar.add_task("training", total=args.steps, completed=trainer.step)
        for batch in feed:
            if trainer.step >= args.steps or (args.minutes and time.monotonic() - began > args.minutes * 60):
                break
            lately.append(trainer.learn(batch))
            bar.update(task, completed=trainer.step, description=f"loss {lately[-1]['total']:.3f}")
            if trainer.step % LOGGED == 0:
                means = {name: round(sum(said[name] for said in lately) / len(lately), 5) for name in lately[0]}
                log.write(json.dumps({"step": trainer.step, "seconds": round(time.monotonic() - began), **means}) + "\n")
                log.flush()
                lately.clear()
            if trainer.step % SAVED == 0:
                trainer.save()
    trainer.save()
    return 0


def begun(start: Path, source: Callable[[], Source], args: argparse.Namespace) -> Net:
    """The net of a run's weights, or of a model file with its batch norms measured anew on the run's own pictures."""
    if start.suffix != ".onnx":
        net = Net()
        net.load_state_dict(torch.load(start, map_location="cpu", weights_only=True))
        return net
    feed = batches(source, seed=args.seed, first=0, count=args.batch, sizes=shapes(args.size))
    return unfolded(read(start)[0], (_levels(batch) for batch in itertools.islice(feed, MEASURED)))


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; PyTorch has the answer, but no public name for it yet."""
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return probe is not None and bool(probe())


def open_source(data: Path, photos: Path | None) -> Source:
    """The composer, made in the feeder's own process."""
    from imaging.training.compose import Composer

    return Composer(data, photos)


def shapes(side: int) -> tuple[tuple[int, int], ...]:
    """(width, height) in multiples of 32: a square of `side`, and twice each 4:3 and 3:4 of about its area."""
    long, short = round(side * 1.155 / 32) * 32, round(side / 1.155 / 32) * 32
    return ((side, side), (long, short), (short, long), (long, short))


class Trainer:
    """The net, its optimiser, its averaged weights, and where it is. `net`: one that has its weights already, instead of ImageNet's."""

    def __init__(self, rate: float, steps: int, decay: int, folder: Path, *, net: Net | None = None, warm_up: int = WARM_UP) -> None:
        self.given, self.warm_up = net is not None, warm_up
        self.net = (net or Net()).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.net)
        encoder = [*self.net.stem.parameters(), *self.net.blocks.parameters()]
        own = {id(p) for p in encoder}
        rest = [p for p in self.net.parameters() if id(p) not in own]
        self.groups = ((encoder, ENCODER_RATE), (rest, 1.0))
        self.optimiser = torch.optim.AdamW([{"params": p, "lr": 0.0} for p, _ in self.groups], weight_decay=1e-2)
        self.rate, self.steps, self.decay, self.folder, self.step = rate, steps, decay, folder, 0
        self.short = has_bfloat16()

    def resume(self) -> None:
        """From `last.pt`; from `stable.pt` where the rate had begun to fall but more steps are wanted; else from the given net or ImageNet."""
        last, stable = self.folder / "last.pt", self.folder / "stable.pt"
        if last.is_file():
            state = torch.load(last, map_location="cpu", weights_only=True)
            if state["falling"] and state["steps"] < self.steps and stable.is_file():
                state = torch.load(stable, map_location="cpu", weights_only=True)
            self._load(state)
        elif not self.given:
            load_imagenet(self.net, imagenet_weights())
            load_imagenet(self.mean, imagenet_weights())

    def freeze(self, blocks: int) -> None:
        """Keeps the stem and the first `blocks` of the encoder as they are; 0 keeps nothing."""
        for module in (self.net.stem, *self.net.blocks[:blocks]) if blocks else ():
            module.requires_grad_(False)

    def learn(self, batch: Batch) -> dict[str, float]:
        """One step; the parts of its loss."""
        rate = self.rate * self._course(self.step)
        for group, (_, share) in zip(self.optimiser.param_groups, self.groups, strict=True):
            group["lr"] = rate * share
        if self.step == self.steps - self.decay:
            torch.save(self._state(), self.folder / "stable.pt")
        self.net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.short):
            answers = self.net(_levels(batch))
        loss = loss_of(answers, _plane(batch.alpha) / 255, _plane(batch.weight), torch.from_numpy(batch.scene))
        self.optimiser.zero_grad(set_to_none=True)
        loss.total.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        return {
            "total": float(loss.total.detach()),
            "alpha": loss.alpha,
            "overlap": loss.overlap,
            "sure": loss.sure,
            "scene": loss.scene,
            "rate": rate,
        }

    def save(self) -> None:
        """`last.pt`, whole or not at all; `final.pt` beside it."""
        for name, state in (("last.pt", self._state()), ("final.pt", self.mean.state_dict())):
            beside = self.folder / f".{name}"
            torch.save(state, beside)
            beside.replace(self.folder / name)

    def _course(self, step: int) -> float:
        left = (self.steps - step) / max(self.decay, 1)
        return min(1.0, (step + 1) / self.warm_up, max(left, 0.01))

    def _average(self) -> None:
        keep = min(AVERAGE, self.step / (self.step + 10))
        with torch.no_grad():
            for mean, now in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(now, 1 - keep)
                else:
                    mean.copy_(now)

    def _state(self) -> dict[str, Any]:
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "steps": self.steps,
            "falling": self.step > self.steps - self.decay,
        }

    def _load(self, state: dict[str, Any]) -> None:
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def _levels(batch: Batch) -> Tensor:
    return torch.from_numpy(batch.rgb).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


def _plane(values: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(values)[:, None].float()
