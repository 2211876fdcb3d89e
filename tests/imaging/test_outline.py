"""The edge net's seat: it is asked along the outline and nowhere else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.outline import TILE, refine

Pixels = NDArray[np.uint8]


def disc(side: int, radius: float) -> NDArray[np.float32]:
    ys, xs = np.mgrid[:side, :side]
    return np.clip(0.5 + radius - np.hypot(ys - side / 2 + 0.5, xs - side / 2 + 0.5), 0, 1).astype(np.float32)


class Thresholds:
    """An edge net that cuts the coarse alpha at a half, and remembers what it was shown."""

    def __init__(self) -> None:
        self.tiles = 0

    def __call__(self, tiles: Pixels) -> Pixels:
        assert tiles.shape[1:] == (TILE, TILE, 4)
        self.tiles += len(tiles)
        return np.where(tiles[..., 3] >= 128, 255, 0).astype(np.uint8)


def test_only_tiles_on_the_outline_are_looked_at_and_they_fit_together() -> None:
    net, p = Thresholds(), disc(256, 80)
    rgb = np.zeros((1000, 1000, 3), np.uint8)

    alpha = refine(rgb, p, net)

    truth = disc(1000, 80 / 256 * 1000) >= 0.5
    assert set(np.unique(alpha)) <= {0, 255}
    assert ((alpha >= 128) != truth).mean() < 0.004
    assert 0 < net.tiles < 60 < (1000 // 80 + 1) ** 2


def test_a_photo_no_larger_than_the_net_saw_it_needs_no_second_look() -> None:
    net, p = Thresholds(), disc(256, 80)

    alpha = refine(np.zeros((256, 256, 3), np.uint8), p, net)

    assert net.tiles == 0
    assert np.abs(alpha.astype(int) - p * 255).max() <= 1


def test_a_model_without_an_edge_net_has_its_outline_all_the_same() -> None:
    p = disc(256, 80)
    rgb = np.dstack([(disc(1000, 80 / 256 * 1000) * 200).astype(np.uint8)] * 3)

    alpha = refine(rgb, p, lambda tiles: None)

    assert ((alpha >= 128) != (disc(1000, 80 / 256 * 1000) >= 0.5)).mean() < 0.01
