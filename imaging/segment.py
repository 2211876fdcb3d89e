"""The cut-out net behind one callable; the only module that imports onnxruntime."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.errors import ImagingError
from imaging.filters import area_mean

MODELS = Path(__file__).parent / "models"
_SURE = 1e-6  # the net answers probabilities; nearer to 0 or 1 than this, its float32 says nothing more


class Segmenter(Protocol):
    """RGB pixels -> raw logits of "this is the item" on a grid of the segmenter's own choosing that spans the picture."""

    @property
    def sha256(self) -> str:
        """Names the weights: two segmenters with one name give the same mask."""
        ...

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """HxWx3 -> hxw logits; positive means item."""
        ...


def load_segmenter(model: Path | None = None, *, threads: int = 1) -> Segmenter:
    """The shipped net, checked against its manifest, or the file that the operator names; raises ImagingError.

    A named file that the manifest does not know runs by the shipped net's recipe (input scale and side).
    """
    manifest = _manifest()
    path = model if model is not None else MODELS / str(manifest["file"])
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ImagingError(f"cut-out model {path.name}: {error.strerror or error}") from error
    sha256 = hashlib.sha256(weights).hexdigest()
    if model is None and sha256 != manifest["sha256"]:
        raise ImagingError(f"cut-out model {path.name}: sha256 is {sha256}, the manifest says {manifest['sha256']}; reinstall, or name another file yourself")
    return _Net(weights, sha256, path.name, int(manifest["side"]), float(manifest["mean"]), float(manifest["std"]), threads)


def shipped_model_sha256() -> str:
    """The hash that the shipped net must have, from its manifest; loads nothing."""
    return str(_manifest()["sha256"])


class _Net:
    """An ONNX session with fixed threads: input `x` 1x3xSxS, output 1x1xSxS, probabilities or logits."""

    def __init__(self, weights: bytes, sha256: str, name: str, side: int, mean: float, std: float, threads: int) -> None:
        import onnxruntime  # here, so that a process that never cuts out (web, scheduler) does not pay for it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False  # keeps a long-lived worker from holding its largest picture for ever
        options.use_deterministic_compute = True
        try:
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises pybind types of its own that cannot be named here
            raise ImagingError(f"cut-out model {name}: onnxruntime cannot load it ({str(error)[:200]})") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ImagingError(f"cut-out model {name}: expected one input and one output, found {len(inputs)} and {len(outputs)}")
        self._input = str(inputs[0].name)
        self._gives_logits = "logit" in str(outputs[0].name)
        self._side, self._mean, self._std = side, np.float32(mean), np.float32(std)
        self.sha256 = sha256

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        x = _squeezed(rgb, self._side).transpose(2, 0, 1)[None]
        (y,) = self._session.run(None, {self._input: (x / np.float32(255) - self._mean) / self._std})
        raw = np.asarray(y, dtype=np.float32)[0, 0]
        return raw if self._gives_logits else _log_odds(raw)


def _squeezed(rgb: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The whole picture in a square of levels 0..255: area means where it shrinks, linear where it grows, as the net was trained."""
    if min(rgb.shape[:2]) >= side:
        return np.rint(area_mean(rgb, (side, side)))
    return np.asarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)


def _log_odds(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logit behind a sigmoid; exact but for the last float32 digits near 0 and 1, where it is cut at +-13.8."""
    p = np.clip(probability, _SURE, 1 - _SURE).astype(np.float64)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float32)


def _manifest() -> dict[str, str | float]:
    manifest: dict[str, str | float] = json.loads((MODELS / "manifest.json").read_text("utf-8"))
    return manifest
