"""Trains the edge net, which looks at the outline again at delivery size. Needs `torch`.

    python -m imaging.training edge --data DIR --photos DIR --run DIR --steps 4000 [--out edge.onnx]

The cut-out net sees a photo 512 px long; a delivered picture has four times as many pixels, and its outline must be good to one of them. The edge
net is small and only ever sees tiles along the outline: colours and the cut-out net's probability, enlarged. It learns on pictures that are made
coarse on purpose: the true alpha is shrunk to what a net could answer, bent, fattened or thinned, its small gaps and thin parts half lost, and
enlarged again. So it needs no cut-out net to be trained, and fits the next one too.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from rich.progress import Progress
from torch import Tensor, nn

TILE = 96  # px
_PER_PICTURE = 8


class EdgeNet(nn.Module):
    """(n, 4, t, t): levels 0..255 of red, green, blue and of the coarse alpha -> (n, 1, t, t) logits of the fine alpha. `t` a multiple of 4.

    Works on patches of 4 x 4 px: at the same cost it sees twice as far as on 2 x 2, and memory, not arithmetic, is what its time goes into.
    """

    def __init__(self, wide: int = 48) -> None:
        super().__init__()

        def step(dilation: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(wide, wide, 3, padding=dilation, dilation=dilation, groups=wide, bias=False),
                nn.BatchNorm2d(wide),
                nn.Conv2d(wide, wide, 1, bias=False),
                nn.BatchNorm2d(wide),
                nn.ReLU(inplace=True),
            )

        self.stem = nn.Sequential(nn.Conv2d(4, wide, 8, stride=4, padding=2, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True))
        self.steps = nn.ModuleList([step(d) for d in (1, 2, 4, 2, 1)])
        self.head = nn.Sequential(nn.Conv2d(2 * wide, 16, 3, padding=1), nn.PixelShuffle(4))

    def forward(self, tiles: Tensor) -> Tensor:
        """See the class."""
        coarse = (tiles[:, 3:] * (1 / 255)).clamp(0.01, 0.99)
        colours = tiles[:, :3]
        # colours relative to the tile's own middle: what counts is the difference between product and backdrop
        x = torch.cat([(colours - colours.mean((2, 3), keepdim=True)) * (1 / 64), coarse * 4 - 2], 1)
        first = self.stem(x)
        t = first
        for layer in self.steps:
            t = t + layer(t)
        return torch.log(coarse / (1 - coarse)) + self.head(torch.cat([t, first], 1))


@dataclass(frozen=True)
class Tiles:
    """n tiles: uint8 (n, t, t, 4) seen, uint8 (n, t, t) true."""

    seen: NDArray[np.uint8]
    true: NDArray[np.uint8]


def coarsened(rng: np.random.Generator, alpha: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """What a net that sees the picture `factor` times smaller might answer, at full size again: uint8 h x w."""
    import cv2

    height, width = alpha.shape
    small = max(16, round(width / factor)), max(16, round(height / factor))
    a = cv2.resize(alpha, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    # bent: a smooth field of shifts of up to about a net's pixel
    ys, xs = np.mgrid[: small[1], : small[0]].astype(np.float32)
    cells = max(2, small[0] // int(rng.integers(6, 24))), max(2, small[1] // int(rng.integers(6, 24)))
    size = np.float32(rng.uniform(0.1, 1.1))
    bend = [cv2.resize(rng.standard_normal((cells[1], cells[0]), dtype=np.float32) * size, small, interpolation=cv2.INTER_CUBIC) for _ in range(2)]
    a = cv2.remap(a, xs + bend[0], ys + bend[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(a, (0, 0), float(rng.uniform(0.35, 1.3)))
    # fat or thin, differently from place to place; gaps and thin parts near the blur's size are lost by it
    level = np.float32(rng.uniform(0.35, 0.65)) + cv2.resize(
        rng.standard_normal((4, 4), dtype=np.float32) * np.float32(0.1), small, interpolation=cv2.INTER_CUBIC
    )
    steep = np.float32(rng.uniform(4, 14))

    def answer(at: Any) -> Any:
        return 1 / (1 + np.exp(-steep * (at - level)))

    p = (answer(blurred) - answer(0)) / (answer(1) - answer(0))  # sure of flat product and flat backdrop
    p = cv2.resize(p.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(np.rint(p * 255), 0, 255), dtype=np.uint8)


def tiles_of(rng: np.random.Generator, rgb: NDArray[np.uint8], alpha: NDArray[np.uint8], count: int = _PER_PICTURE, tile: int = TILE) -> Tiles | None:
    """Random tiles along the outline of one picture; None where it has none."""
    coarse = coarsened(rng, alpha, float(rng.uniform(1.5, 4.5)))
    soft = (coarse > 12) & (coarse < 243)
    ys, xs = np.nonzero(soft)
    if len(ys) < 50 or min(alpha.shape) < tile:
        return None
    seen = np.dstack([rgb, coarse])
    cut, true = [], []
    for k in rng.integers(0, len(ys), count):
        y = int(np.clip(ys[k] - rng.integers(tile // 4, 3 * tile // 4), 0, alpha.shape[0] - tile))
        x = int(np.clip(xs[k] - rng.integers(tile // 4, 3 * tile // 4), 0, alpha.shape[1] - tile))
        cut.append(seen[y : y + tile, x : x + tile])
        true.append(alpha[y : y + tile, x : x + tile])
    return Tiles(np.stack(cut), np.stack(true))


def edge_loss(logits: Tensor, true: Tensor, coarse: Tensor) -> Tensor:
    """Cross-entropy and absolute error where the coarse alpha was unsure or wrong, and the error of slopes; true, coarse 0..1."""
    band = ((coarse > 0.02) & (coarse < 0.98)) | ((coarse - true).abs() > 0.1)
    weight = 0.05 + F.max_pool2d(band.float(), 3, 1, 1)
    p = torch.sigmoid(logits)
    cross = F.binary_cross_entropy_with_logits(logits, true, reduction="none")
    off = (p - true).abs()
    across = ((p[..., 1:] - p[..., :-1]) - (true[..., 1:] - true[..., :-1])).abs()
    down = ((p[..., 1:, :] - p[..., :-1, :]) - (true[..., 1:, :] - true[..., :-1, :])).abs()
    flat = ((cross + 2 * off) * weight).sum() / weight.sum()
    return flat + (across * weight[..., 1:]).sum() / weight.sum() + (down * weight[..., 1:, :]).sum() / weight.sum()


def _serve(data: Path, photos: Path | None, seed: int, pictures: int, out: Any) -> None:
    from imaging.training.train import open_source

    source = open_source(data, photos)
    rng = np.random.default_rng(seed)
    while True:
        found: list[Tiles] = []
        while len(found) < pictures:
            side = int(rng.choice([480, 640, 800]))
            sample = source.sample(rng, (side, side * 3 // 4))
            if sample.weight is None or float(sample.weight.min()) > 0:
                made = tiles_of(rng, sample.rgb, sample.alpha)
                if made is not None:
                    found.append(made)
        out.put((np.concatenate([f.seen for f in found]), np.concatenate([f.true for f in found])))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--pictures", type=int, default=6, help="pictures a step, 8 tiles each")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the ONNX file here when done")


def run(args: argparse.Namespace) -> int:
    """Trains from the start or from RUN/edge.pt; 0."""
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    args.run.mkdir(parents=True, exist_ok=True)
    net = EdgeNet().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=1e-3)
    at = args.run / "edge.pt"
    step = 0
    if at.is_file():
        state = torch.load(at, map_location="cpu", weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        step = int(state["step"])
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(maxsize=4)
    feeder = context.Process(target=functools.partial(_serve, args.data, args.photos, args.seed * 7919 + step, args.pictures, queue), daemon=True)
    feeder.start()
    began = time.monotonic()
    with Progress() as bar, (args.run / "edge.jsonl").open("a") as log:
        task = bar.add_task("edge net", total=args.steps, completed=step)
        while step < args.steps:
            for group in optimiser.param_groups:
                group["lr"] = args.rate * min(1.0, (step + 1) / 100, max(0.02, (args.steps - step) / (0.4 * args.steps)))
            seen, true = queue.get(timeout=600)
            x = torch.from_numpy(seen).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
            y = torch.from_numpy(true)[:, None].float() / 255
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = net(x)
            loss = edge_loss(logits.float(), y, x[:, 3:] / 255)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            step += 1
            bar.update(task, completed=step)
            if step % 20 == 0:
                band = (x[:, 3:] > 5) & (x[:, 3:] < 250)
                before = float(((x[:, 3:] / 255 - y).abs() * band).sum() / band.sum())
                after = float(((torch.sigmoid(logits.float().detach()) - y).abs() * band).sum() / band.sum())
                said = {"step": step, "seconds": round(time.monotonic() - began), "loss": float(loss.detach()), "before": before, "after": after}
                log.write(json.dumps(said) + "\n")
                log.flush()
            if step % 200 == 0 or step == args.steps:
                torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, at)
    feeder.terminate()
    if args.out:
        export_edge(net, args.out)
    return 0


class _Shipped(nn.Module):
    def __init__(self, net: EdgeNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, tiles: Tensor) -> Tensor:
        """(n, t, t, 4) uint8 -> (n, t, t) uint8."""
        p = torch.sigmoid(self.net(tiles.permute(0, 3, 1, 2).float()))
        return (p[:, 0] * 255).round().to(torch.uint8)


def export_edge(net: EdgeNet, out: Path) -> None:
    """Input `tiles` uint8 (n, t, t, 4), output `alpha` uint8 (n, t, t)."""
    axes = {"tiles": {0: "n", 1: "t", 2: "u"}, "alpha": {0: "n", 1: "t", 2: "u"}}
    beside = out.with_name(f".{out.name}")
    torch.onnx.export(
        _Shipped(net.eval()).eval(),
        (torch.zeros(2, TILE, TILE, 4, dtype=torch.uint8),),
        str(beside),
        input_names=["tiles"],
        output_names=["alpha"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )
    beside.replace(out)
