"""The mean of several models' weights: states of one run, or a run and the file that it began from, lie in one valley and their middle is often better.

    python -m imaging.training mean --model half-way.onnx --model final.onnx --out net.onnx [--share .3 --share .7]

(Izmailov and others 2018, "Averaging weights leads to wider optima and better generalization".) Models of unrelated runs have no useful mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from imaging.errors import ImagingError
from imaging.training.export import add_metadata, export
from imaging.training.net import Net
from imaging.training.weights import read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, action="append", required=True, help="a model file; may be repeated")
    parser.add_argument("--share", type=float, action="append", help="of the model of the same place; equal shares where not given")
    parser.add_argument("--out", type=Path, required=True)


def run(args: argparse.Namespace) -> int:
    """Writes the mean, with the metadata of the last model but its calibration, which was measured for other weights; 0. Raises ImagingError."""
    shares = args.share or [1.0] * len(args.model)
    if len(shares) != len(args.model):
        raise ImagingError(f"mean: {len(shares)} shares for {len(args.model)} models; give one each or none")
    nets, about = zip(*(read(model) for model in args.model), strict=True)
    export(mean_of(nets, shares), args.out)
    add_metadata(args.out, {key: value for key, value in about[-1].items() if key != "confidence"})
    return 0


@torch.no_grad()
def mean_of(nets: Sequence[Net], shares: Sequence[float]) -> Net:
    """The first net with the mean of all nets' weights, each counting by its share (above 0, any sum). Raises ImagingError where they differ in shape."""
    total = sum(shares)
    if min(shares) <= 0:
        raise ImagingError("mean: every share must be above 0")
    states = [net.state_dict() for net in nets]
    for name, value in states[0].items():
        if any(state[name].shape != value.shape for state in states):
            raise ImagingError(f"mean: the models are not of one shape ({name})")
        if value.is_floating_point():
            value.copy_(sum((state[name] * (share / total) for state, share in zip(states, shares, strict=True)), torch.zeros_like(value)))
    return nets[0]
