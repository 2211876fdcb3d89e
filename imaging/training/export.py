"""Weights of a run -> the ONNX file that ships, with its manifest. Needs `torch` and `onnx`.

    python -m imaging.training export --weights RUN/final.pt --out net.onnx [--store fp16|fp32] [--manifest manifest.json --data-note "..."]

Input `rgb` uint8 (1, h, w, 3), sides multiples of 32; the input scale lives in the file, so it cannot be got wrong. Outputs `alpha`, `sure` and
`scene`, raw logits (see `net`). Stored in half precision by default: the file is half as large, onnxruntime widens the weights to float32 when it
loads them, and the answers differ by less than a level of alpha.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from imaging.training.net import Net, folded

OPSET = 17
_LEAST = 64  # values: smaller tensors stay as they are


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--store", choices=("fp16", "fp32"), default="fp16")


def run(args: argparse.Namespace) -> int:
    """Writes the file; 0."""
    net = Net()
    net.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True))
    export(net, args.out, half=args.store == "fp16")
    data = args.out.read_bytes()
    print(json.dumps({"file": args.out.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}))
    return 0


class _Shipped(nn.Module):
    """uint8 pictures in, the three answers out."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = folded(net)

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(1, h, w, 3) uint8 -> alpha, sure, scene."""
        answers = self.net(rgb.permute(0, 3, 1, 2).float())
        return answers.alpha, answers.sure, answers.scene


def export(net: Net, out: Path, *, half: bool = True) -> None:
    """Writes `net` as ONNX with free height and width."""
    example = torch.zeros(1, 384, 512, 3, dtype=torch.uint8)
    axes = {"rgb": {1: "height", 2: "width"}, "alpha": {2: "height", 3: "width"}, "sure": {2: "quarter_height", 3: "quarter_width"}}
    beside = out.with_name(f".{out.name}")
    torch.onnx.export(
        _Shipped(net).eval(),
        (example,),
        str(beside),
        input_names=["rgb"],
        output_names=["alpha", "sure", "scene"],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(str(beside))
    if half:
        halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(beside))
    beside.replace(out)


def halve(model: onnx.ModelProto) -> None:
    """Stores the large weights as float16, each widened by a Cast that onnxruntime folds away when it loads the file."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < _LEAST:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
