"""A model file -> the net that it was exported from, so that training can go on from nothing but the file that ships. Needs `torch` and `onnx`.

The file holds the net with its batch norms folded away and its large weights in half precision; the net that is read here has the same shape
(see `net.folded`) and those very numbers in float32, so it answers as the file does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from torch import Tensor, nn

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


@torch.no_grad()
def unfolded(net: Net, pictures: Iterable[Tensor]) -> Net:
    """A folded net with batch norms again, in training mode; `pictures` are a few batches of levels (n, 3, h, w) that the norms are measured on.

    In evaluation it answers as the folded net does; in training it bears ten times the rate (without norms a run diverged at 4e-4).
    """
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def noting(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen.setdefault(name, []).append((output.mean((0, 2, 3)), output.var((0, 2, 3), unbiased=False)))

        return note

    fine, wide = net.lateral[0].out_channels, net.lateral[1].out_channels
    out = Net(wide, fine)
    norms = {name: module for name, module in out.named_modules() if isinstance(module, nn.BatchNorm2d)}
    before = {name: f"{name.rpartition('.')[0]}.{int(name.rpartition('.')[2]) - 1}" for name in norms}  # the convolution that a norm follows
    modules = dict(net.named_modules())
    hooks = [modules[conv].register_forward_hook(noting(conv)) for conv in before.values()]
    for levels in pictures:
        net(levels)
    for hook in hooks:
        hook.remove()
    out.load_state_dict({name: value for name, value in net.state_dict().items() if name in out.state_dict()}, strict=False)
    for name, norm in norms.items():
        mean = torch.stack([m for m, _ in seen[before[name]]]).mean(0)
        spread = torch.stack([v + m * m for m, v in seen[before[name]]]).mean(0) - mean * mean
        bias = modules[before[name]].bias
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean.copy_(mean - bias)
        norm.running_var.copy_(spread)
        norm.weight.copy_(torch.sqrt(spread + norm.eps))
        norm.bias.copy_(mean)
    return out.train()


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
