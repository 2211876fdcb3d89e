"""Draws foregrounds into blocks: python -m imaging.training draw --data DATA --count 10000 --seed 0

Foreground k has seed `seed + k`; a block holds 100 of them as arrays a0, a1, ... of `<data>/foregrounds/<block>.npz` (compressed, about
9 MB). Blocks that are there already are kept, so a run that was stopped goes on where it was. About 35 ms each, drawing and packing.
"""

from __future__ import annotations

import argparse
import sys
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np

from .drawn import draw

BLOCK = 100  # foregrounds in a file


def block(first: int, count: int, path: Path) -> None:
    """Draws `count` foregrounds from seed `first` and writes them; the file appears whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    # what np.savez_compressed writes, at the quickest level: a tenth larger, and three times as fast
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as held:
        for k in range(count):
            with held.open(f"a{k}.npy", "w") as file:
                np.lib.format.write_array(file, draw(first + k), allow_pickle=False)
    unfinished.replace(path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="blocks go to DATA/foregrounds")
    parser.add_argument("--count", type=int, default=10_000, help="how many, rounded up to whole blocks of 100")
    parser.add_argument("--seed", type=int, default=0, help="the first one's seed; a multiple of 100")


def run(args: argparse.Namespace) -> int:
    """Draws what is missing; 0."""
    if args.seed % BLOCK or args.seed < 0 or args.count < 1:
        raise ValueError(f"--seed {args.seed} --count {args.count}: the seed must be a multiple of {BLOCK} from 0 up, the count at least 1")
    cv2.setNumThreads(1)
    folder = args.data / "foregrounds"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = range(args.seed // BLOCK, args.seed // BLOCK + -(-args.count // BLOCK))
    start, made = time.monotonic(), 0
    for number in numbers:
        path = folder / f"{number:04d}.npz"
        if path.exists():
            continue
        block(number * BLOCK, BLOCK, path)
        made += BLOCK
        each = (time.monotonic() - start) / made
        left = each * BLOCK * (numbers.stop - number - 1)
        print(f"\r{path.name}  {made} drawn, {each * 1000:.0f} ms each, {left / 60:.0f} min left ", end="", flush=True, file=sys.stderr)
    print(f"\n{len(numbers) * BLOCK} foregrounds in {folder}", file=sys.stderr)
    return 0
