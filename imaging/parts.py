"""Connected parts of a mask, in numpy: runs of each row joined to the runs of the row above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The parts of a mask, largest first; part i has number i + 1 in `labels`."""

    labels: NDArray[np.int32]
    areas: NDArray[np.int64]
    boxes: NDArray[np.int64]  # n x 4: left, top, right, bottom

    def __len__(self) -> int:
        return len(self.areas)


def find_parts(mask: Mask, *, diagonal: bool = False) -> Parts:
    """All 4-connected (or, with `diagonal`, 8-connected) parts."""
    row, start, stop = _runs(mask)
    if not len(row):
        return Parts(np.zeros(mask.shape, np.int32), np.zeros(0, np.int64), np.zeros((0, 4), np.int64))
    root = _join(row, start, stop, mask.shape[1], int(diagonal))
    _, part = np.unique(root, return_inverse=True)
    count = int(part.max()) + 1
    areas = np.bincount(part, weights=stop - start, minlength=count).astype(np.int64)
    boxes = np.empty((count, 4), np.int64)
    boxes[:, 0], boxes[:, 1], boxes[:, 2:] = mask.shape[1], mask.shape[0], 0
    np.minimum.at(boxes[:, 0], part, start)
    np.minimum.at(boxes[:, 1], part, row)
    np.maximum.at(boxes[:, 2], part, stop)
    np.maximum.at(boxes[:, 3], part, row + 1)
    order = np.argsort(-areas, kind="stable")
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    labels = np.zeros(mask.shape, np.int32)
    labels[mask] = np.repeat(rank[part] + 1, stop - start)
    return Parts(labels, areas[order], boxes[order])


def fill_enclosed(mask: Mask) -> Mask:
    """The mask with every region that it encloses."""
    height, width = mask.shape
    outside = find_parts(~mask)
    open_ = (outside.boxes[:, 0] == 0) | (outside.boxes[:, 1] == 0) | (outside.boxes[:, 2] == width) | (outside.boxes[:, 3] == height)
    reaches = np.concatenate([[False], open_])
    filled: Mask = ~reaches[outside.labels]
    return filled


def _runs(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first column and column after the last of every horizontal run, in reading order."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, columns = np.nonzero(edges)
    return rows[::2].astype(np.int64), columns[::2].astype(np.int64), columns[1::2].astype(np.int64)


def _join(row: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64], width: int, reach: int) -> NDArray[np.int64]:
    """For each run the number of the first run of its part."""
    stride = width + 4
    first = np.searchsorted(row * stride + stop, (row - 1) * stride + start - reach, side="right")
    last = np.searchsorted(row * stride + start, (row - 1) * stride + stop + reach, side="left")
    counts = np.maximum(last - first, 0)
    below = np.repeat(np.arange(len(row)), counts)
    above = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    root = np.arange(len(row))
    while True:
        low = np.minimum(root[below], root[above])
        new = root.copy()
        np.minimum.at(new, root[below], low)
        np.minimum.at(new, root[above], low)
        new = new[new]
        while not np.array_equal(new, new[new]):
            new = new[new]
        if np.array_equal(new, root):
            return root
        root = new
