"""A model file -> the net that it was exported from, so that training can go on from nothing but the file that ships. Needs `torch` and `onnx`.

The file holds the net with its batch norms folded away and its large weights in half precision; the net that is read here has the same shape
(see `net.folded`) and those very numbers in float32, so it answers as the file does.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from imaging.errors import ImagingError
from imaging.training.net import Net, folded

_OUR = "net."  # what `export` calls the net inside the graph


def read(model: Path) -> tuple[Net, dict[str, str]]:
    """The folded net of a model file, in training mode, and the file's metadata. Raises ImagingError where it is not one of ours."""
    try:
        graph = onnx.load(str(model))
    except OSError as error:
        raise ImagingError(f"cut-out model {model}: {error.strerror or error}") from error
    except Exception as error:  # protobuf's own type, whose name differs between its implementations
        raise ImagingError(f"cut-out model {model}: it is no ONNX file ({str(error)[:100]})") from error
    values = {name.removeprefix(_OUR): array for name, array in tensors(graph).items() if name.startswith(_OUR)}
    try:
        fine, wide = (int(values[f"lateral.{k}.weight"].shape[0]) for k in (0, 1))
        net = folded(Net(wide, fine))
        net.load_state_dict({name: torch.from_numpy(values[name].astype(np.float32)) for name in net.state_dict()})
    except (KeyError, RuntimeError) as error:
        raise ImagingError(
            f"cut-out model {model.name}: its weights are not those of our net ({str(error).splitlines()[0][:200]}); name a file made by `export` or `finetune`"
        ) from error
    return net.train(), {entry.key: entry.value for entry in graph.metadata_props}


def tensors(graph: onnx.ModelProto) -> dict[str, NDArray[np.generic]]:
    """The graph's constants by name: as stored, widened from half precision, or another's under a second name (equal ones are stored once)."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type not in ("Cast", "Identity") or node.input[0] not in found:
            continue
        value = found[node.input[0]]
        if node.op_type == "Cast":
            to = next(attribute.i for attribute in node.attribute if attribute.name == "to")
            value = value.astype(np.float32) if to == TensorProto.FLOAT else value
        found[node.output[0]] = value
    return found
