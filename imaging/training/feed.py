"""Training batches from feeder processes, in a fixed order, so that the same data and seed give the same run. Needs `torch` only through `train`.

Composing a sample takes as long as a seventh of a training step; done in the training process it would fight for the cores at every step.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, Full
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_LOOK = 2.0  # seconds after which a silent feeder is looked after


class Drawn(Protocol):
    """One training picture; see `compose.Sample`."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    weight: NDArray[np.float32] | None
    scene: NDArray[np.float32]


class Source(Protocol):
    """Draws samples of (width, height)."""

    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
        """The same generator state and size, the same sample."""
        ...


@dataclass(frozen=True)
class Batch:
    """n pictures of one size."""

    rgb: NDArray[np.uint8]  # n x h x w x 3
    alpha: NDArray[np.uint8]  # n x h x w
    weight: NDArray[np.float32]  # n x h x w, 0 = do not care
    scene: NDArray[np.float32]  # n x 4, 0 or 1, NaN = not known


def make_batch(source: Source, seed: int, number: int, count: int, sizes: tuple[tuple[int, int], ...]) -> Batch:
    """Batch `number` of a run: its size and all its samples follow from (seed, number)."""
    rng = np.random.default_rng((seed, number))
    size = sizes[int(rng.integers(len(sizes)))]
    drawn = [source.sample(rng, size) for _ in range(count)]
    blank = np.ones((size[1], size[0]), np.float32)
    return Batch(
        np.stack([d.rgb for d in drawn]),
        np.stack([d.alpha for d in drawn]),
        np.stack([blank if d.weight is None else d.weight for d in drawn]),
        np.stack([np.asarray(d.scene, np.float32) for d in drawn]),
    )


def _serve(make: Callable[[], Source], out: Any, seed: int, first: int, step: int, count: int, sizes: tuple[tuple[int, int], ...], nice: int) -> None:
    os.nice(nice)
    source, number = make(), first
    parent = multiprocessing.parent_process()
    made: tuple[int, Batch] | None = None
    while parent is None or parent.is_alive():  # a training that was killed must not leave feeders behind
        if made is None:
            made = number, make_batch(source, seed, number, count, sizes)
            number += step
        try:
            out.put(made, timeout=_LOOK)
            made = None
        except Full:
            continue
    out.cancel_join_thread()


def batches(
    make: Callable[[], Source], *, seed: int, first: int, count: int, sizes: tuple[tuple[int, int], ...], feeders: int = 1, ahead: int = 4, nice: int = 0
) -> Iterator[Batch]:
    """Batches number `first`, `first` + 1, ... for ever; `make` is called once in each feeder process. Raises RuntimeError when a feeder dies."""
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue(maxsize=ahead) for _ in range(feeders)]
    workers = [
        context.Process(target=_serve, args=(make, queue, seed, first + k, feeders, count, sizes, nice), daemon=True, name=f"feeder-{k}")
        for k, queue in enumerate(queues)
    ]
    for worker in workers:
        worker.start()
    number = first
    try:
        while True:
            k = (number - first) % feeders
            try:
                got, batch = queues[k].get(timeout=_LOOK)
            except Empty:
                if workers[k].exitcode is not None:
                    raise RuntimeError(f"feeder {k} died (exit code {workers[k].exitcode}): see its own error above") from None
                continue
            assert got == number
            yield batch
            number += 1
    finally:
        for worker in workers:
            worker.terminate()
