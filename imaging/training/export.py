"""Weights of a run -> the ONNX file that ships, with its manifest. Needs `torch` and `onnx`.

    python -m imaging.training export --weights RUN/final.pt --out net.onnx [--side 512] [--store fp16|fp32]
    python -m imaging.training export --ship net.onnx          # copy into imaging/models and renew its manifest

Input `rgb` uint8 (1, h, w, 3), sides multiples of 32; the input scale lives in the file, so it cannot be got wrong. Outputs `alpha`, `sure` and
`scene`, raw logits (see `net`). Stored in half precision by default: the file is half as large, onnxruntime widens the weights to float32 when it
loads them, and the answers differ by less than a level of alpha. What belongs to the weights travels in the file's metadata: the side it is to be run
at and, once `calibrate` has measured it, the confidence.
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
TRAINING_VERSION = 3  # raise it when the same data and options would give other weights
MODELS = Path(__file__).parents[1] / "models"
LICENCE = "Apache-2.0; encoder from EfficientNet-Lite0 ImageNet weights (Apache-2.0); training photographs CC BY 4.0, attribution in MODEL_CARD.md"
_LEAST = 64  # values: smaller tensors stay as they are


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--weights", type=Path, help="final.pt of a run")
    parser.add_argument("--side", type=int, default=512, help="px of the longest side at which the net is to be run")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--store", choices=("fp16", "fp32"), default="fp16")
    parser.add_argument("--ship", type=Path, help="make this file the shipped one")
    parser.add_argument("--data", default="", help="what it was trained on, for the manifest")


def run(args: argparse.Namespace) -> int:
    """Writes the file; 0, or 2 where nothing was named."""
    if args.ship is not None:
        print(json.dumps(ship(args.ship.read_bytes(), args.data)))
        return 0
    if args.weights is None or args.out is None:
        print("export: name --weights and --out, or --ship")
        return 2
    net = Net()
    net.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True))
    export(net, args.out, half=args.store == "fp16")
    add_metadata(args.out, {"side": str(args.side), "training": str(TRAINING_VERSION)})
    data = args.out.read_bytes()
    print(json.dumps({"file": args.out.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}))
    return 0


def ship(model: bytes, data: str, folder: Path = MODELS) -> dict[str, str]:
    """Writes folder/net.onnx and its manifest; the manifest."""
    manifest = {
        "file": "net.onnx",
        "sha256": hashlib.sha256(model).hexdigest(),
        "training": str(TRAINING_VERSION),
        "data": data,
        "licence": LICENCE,
        "card": "MODEL_CARD.md",
    }
    (folder / "net.onnx").write_bytes(model)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def add_metadata(path: Path, about: dict[str, str]) -> None:
    """Adds or replaces entries of the file's metadata."""
    model = onnx.load(str(path))
    kept = {entry.key: entry.value for entry in model.metadata_props} | about
    helper.set_model_props(model, kept)
    onnx.save(model, str(path))


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
