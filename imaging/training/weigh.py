"""What the weights' precision costs and saves: the same net in float32, float16 and int8, timed in turn and scored on the same scenes.

    python -m imaging.training weigh --model net.onnx --scenes DATA [--first 900000] [--count 100000] [--most 150]

`stored fp16` is what ships: weights kept in half precision, computed in float32. `fp16` computes in half precision, `int8` in 8-bit integers (static
quantisation by onnxruntime, a scale per channel, measured on scenes from 800000 on). The net alone is timed and scored, on one core, at its own side.
Needs `onnx`.
"""

from __future__ import annotations

import argparse
import io
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.transformers.float16 import convert_float_to_float16
from PIL import Image

from imaging import load_segmenter
from imaging.edges import plain_ramp
from imaging.looks import probability
from imaging.quality import score, summarise
from imaging.segment import Segmenter
from imaging.training.evaluate import ScenePhoto, scene_photos

_MEASURED = 60  # scenes that int8's scales are measured on
_ROUNDS = 3  # of timing; the fastest counts

Rgb = NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, required=True, help="folder with scenes/, as `render` writes it")
    parser.add_argument("--first", type=int, default=900_000)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--most", type=int, default=150, help="scenes to score by")


def run(args: argparse.Namespace) -> int:
    """Prints a line a precision; 0, or 2 where there are no scenes."""
    seen = [scene for scene in scene_photos(args.scenes, range(args.first, args.first + args.count)) if scene.products == 1][: args.most]
    if not seen:
        print(f"weigh: {args.scenes} holds no scene with one product from {args.first} on; render some first")
        return 2
    learnt = itertools.islice(scene_photos(args.scenes, range(800_000, 900_000)), _MEASURED)
    with tempfile.TemporaryDirectory() as folder:
        files = variants(args.model, Path(folder), [_rgb(scene) for scene in learnt])
        print(f"{'':<12}{'bytes':>10}{'ms':>8}{'IoU':>8}{'p10':>7}{'MAE':>8}{'BF':>7}{'holes':>7}")
        for name, path in files.items():
            print(told(name, path, weighed(load_segmenter(path), seen)))
    return 0


def variants(model: Path, folder: Path, pictures: Sequence[Rgb]) -> dict[str, Path]:
    """The model in each precision."""
    plain, half, eighth = folder / "fp32.onnx", folder / "fp16.onnx", folder / "int8.onnx"
    onnx.save(widened(onnx.load(str(model))), str(plain))
    onnx.save(convert_float_to_float16(onnx.load(str(plain)), keep_io_types=True), str(half))
    files = {"stored fp16": model, "fp32": plain, "fp16": half}
    if pictures:
        side = int({entry.key: entry.value for entry in onnx.load(str(model)).metadata_props}["side"])
        quantize_static(
            str(plain),
            str(eighth),
            _Reader(pictures, side),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        files["int8"] = eighth
    return files


@dataclass(frozen=True)
class Weighed:
    """A precision's scores and milliseconds a picture."""

    values: dict[str, float | None]
    ms: float


def weighed(segmenter: Segmenter, scenes: Sequence[ScenePhoto]) -> Weighed:
    """The net's own ramp against the truth."""
    scores, best = {}, []
    for scene in scenes:
        rgb = _rgb(scene)
        times = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            seen = segmenter.look(rgb)
            times.append(time.perf_counter() - began)
        best.append(min(times) * 1000)
        scores[scene.name] = score(plain_ramp((rgb.shape[1], rgb.shape[0]), probability(seen.alpha)), scene.truth)
    return Weighed(dict(summarise(scores)["all"].values), float(np.median(best)))


def told(name: str, path: Path, found: Weighed) -> str:
    """One line of the table."""
    v = {key: float("nan") if value is None else value for key, value in found.values.items()}
    figures = f"{v['iou']:>8.4f}{v['iou_p10']:>7.3f}{v['mae']:>8.4f}{v['bf']:>7.3f}{v['hole_recall']:>7.3f}"
    return f"{name:<12}{path.stat().st_size:>10}{found.ms:>8.1f}{figures}"


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """What onnxruntime measures int8's scales on."""

    def __init__(self, pictures: Sequence[Rgb], side: int) -> None:
        self._left: Iterator[dict[str, Any]] = iter([{"rgb": _fitted(rgb, side)[None]} for rgb in pictures])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)


def widened(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its half-precision weights as float32, and no cast left (see `export.halve`)."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in stored]:
        tensor = stored[node.input[0]]
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), node.output[0]))
        model.graph.node.remove(node)
    return model


def _rgb(scene: ScenePhoto) -> Rgb:
    with Image.open(io.BytesIO(scene.photo)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _fitted(rgb: Rgb, side: int) -> Rgb:
    factor = side / max(rgb.shape[:2])
    width, height = (max(32, round(length * factor / 32) * 32) for length in (rgb.shape[1], rgb.shape[0]))
    return np.asarray(Image.fromarray(rgb).resize((width, height)), dtype=np.uint8)
