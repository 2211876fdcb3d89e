"""The cut-out model behind one object; the only module that imports onnxruntime.

A model is one ONNX file. Its graph is the net: `rgb` uint8 (1, h, w, 3) -> raw logits `alpha`, `sure`, `scene`. What belongs to it travels in the
file's metadata, so that weights and calibration can never be mixed up: `side` (px of the longest side that it wants) and `confidence` (JSON, see
`confidence`).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.errors import ImagingError

MODELS = Path(__file__).parent / "models"
SCENE = ("product", "several", "hand", "prop")  # what the net says of the whole picture
_SIDES = (32, 2048)  # px: beyond that a model's metadata is damaged, and would fill the memory
_STEP = 32  # sides of the net's input are multiples of it
_MOST_STRETCH = 3  # a strip thinner than this share of its length is stretched, not starved

Logits = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """What the net sees in one picture; raw, nothing is stretched or cut."""

    alpha: Logits  # hxw on the net's grid, which spans the picture: how much of a pixel is product
    sure: Logits  # h/4 x w/4: is this product; its probabilities are meant to be believed
    scene: Mapping[str, float] = field(default_factory=dict)  # probability 0..1 of each word of SCENE; empty where a model says nothing


class Segmenter(Protocol):
    """Pixels -> what is product. Two segmenters of one `sha256` give the same answers."""

    @property
    def sha256(self) -> str:
        """Of the model file."""
        ...

    @property
    def confidence(self) -> Mapping[str, Any] | None:
        """The calibration that was measured for these weights; None where nobody did."""
        ...

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        """HxWx3 sRGB -> Seen."""
        ...


def load_segmenter(model: Path | None = None, *, threads: int = 1) -> Segmenter:
    """The shipped model, checked against its manifest, or the file that the operator names; raises ImagingError."""
    manifest = _manifest()
    path = model if model is not None else MODELS / str(manifest["file"])
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ImagingError(f"cut-out model {path.name}: {error.strerror or error}") from error
    sha256 = hashlib.sha256(weights).hexdigest()
    if model is None and sha256 != manifest["sha256"]:
        raise ImagingError(f"cut-out model {path.name}: sha256 is {sha256}, the manifest says {manifest['sha256']}; reinstall, or name another file yourself")
    return _Model(weights, sha256, path.name, threads)


def shipped_model_sha256() -> str:
    """The hash that the shipped model must have, from its manifest; loads nothing."""
    return str(_manifest()["sha256"])


class _Model:
    """An ONNX session with fixed threads."""

    def __init__(self, weights: bytes, sha256: str, name: str, threads: int) -> None:
        self._session = _session(weights, name, threads)
        inputs = [(i.name, i.type) for i in self._session.get_inputs()]
        outputs = [o.name for o in self._session.get_outputs()]
        if inputs != [("rgb", "tensor(uint8)")] or outputs != ["alpha", "sure", "scene"]:
            raise ImagingError(
                f"cut-out model {name}: it takes {inputs} and gives {outputs}, not rgb (uint8) -> alpha, sure, scene; "
                "make it with `python -m imaging.training export`"
            )
        about: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        try:
            self._side = _side(about["side"])
            self.confidence = _calibration(about["confidence"]) if "confidence" in about else None
        except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise ImagingError(
                f"cut-out model {name}: its metadata is missing or damaged ({error!r}); make it with `python -m imaging.training export`"
            ) from error
        self.sha256 = sha256

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        size = _net_size(rgb.shape[1], rgb.shape[0], self._side)
        pixels = np.asarray(Image.fromarray(rgb).resize(size, _filter(rgb, size), reducing_gap=2.0), dtype=np.uint8)
        alpha, sure, scene = self._session.run(None, {"rgb": pixels[None]})
        said = 1 / (1 + np.exp(-np.asarray(scene, dtype=np.float64)[0]))
        return Seen(
            np.asarray(alpha, dtype=np.float32)[0, 0],
            np.asarray(sure, dtype=np.float32)[0, 0],
            {word: float(p) for word, p in zip(SCENE, said, strict=True)},
        )


def _session(weights: bytes, name: str, threads: int) -> Any:
    import onnxruntime  # here, so that a process that never cuts out (web, scheduler) does not pay for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False  # keeps a long-lived worker from holding its largest picture for ever
    options.use_deterministic_compute = True
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises pybind types of its own that cannot be named here
        raise ImagingError(f"cut-out model {name}: onnxruntime cannot load it ({str(error)[:200]})") from error


def _side(words: str) -> int:
    side = int(words)
    if not _SIDES[0] <= side <= _SIDES[1]:
        raise ValueError(f"side is {side}, not {_SIDES[0]}..{_SIDES[1]}")
    return side


def _calibration(words: str) -> Mapping[str, Any] | None:
    """As `confidence.calibrated` wants it: every number finite, no scale 0, so that no photo can fail by it. ValueError, TypeError, KeyError."""
    found = json.loads(words)
    if found is None:
        return None
    terms = [(term["mean"], term["scale"], term["weight"]) for term in dict(found["weights"]).values()]
    if not all(math.isfinite(number) for number in (found["bias"], *(number for term in terms for number in term))) or any(scale <= 0 for _, scale, _ in terms):
        raise ValueError("confidence holds a number that is none, or a scale that is not above 0")
    calibration: Mapping[str, Any] = found
    return calibration


def _net_size(width: int, height: int, side: int) -> tuple[int, int]:
    """(width, height) of the net's input: the longest side is `side`, the other keeps the picture's shape to the next multiple of 32."""
    longest = max(width, height)
    least = side // _MOST_STRETCH

    def fit(length: int) -> int:
        return max(_STEP, round(max(length * side / longest, least) / _STEP) * _STEP)

    return fit(width), fit(height)


def _filter(rgb: NDArray[np.uint8], size: tuple[int, int]) -> Image.Resampling:
    return Image.Resampling.BOX if size[0] < rgb.shape[1] else Image.Resampling.BILINEAR


def _manifest() -> dict[str, str | float]:
    manifest: dict[str, str | float] = json.loads((MODELS / "manifest.json").read_text("utf-8"))
    return manifest
