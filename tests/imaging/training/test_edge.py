"""The edge net's training pairs: coarse where a net would be coarse, true where the truth is."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")
torch = pytest.importorskip("torch", reason="torch is an optional extra for training ([train])")

from imaging.training.edge import TILE, EdgeNet, coarsened, tiles_of  # noqa: E402


def _disc(side: int = 320) -> np.ndarray:
    ys, xs = np.mgrid[:side, :side]
    away = np.hypot(ys - side / 2, xs - side / 2) - side / 3
    return (np.clip(0.5 - away, 0, 1) * 255).astype(np.uint8)


def test_a_coarse_alpha_is_off_at_the_outline_and_right_elsewhere() -> None:
    alpha = _disc()
    coarse = coarsened(np.random.default_rng(1), alpha, 4.0)
    off = np.abs(coarse.astype(int) - alpha)
    ys, xs = np.mgrid[:320, :320]
    away = np.abs(np.hypot(ys - 160, xs - 160) - 320 / 3)

    assert off[away < 4].mean() > 15
    assert off[away > 30].mean() < 8


def test_tiles_lie_on_the_outline() -> None:
    alpha = _disc()
    tiles = tiles_of(np.random.default_rng(2), np.dstack([alpha] * 3), alpha)

    assert tiles is not None
    assert tiles.seen.shape == (8, TILE, TILE, 4)
    assert all(0 < tile.mean() < 255 for tile in tiles.seen[..., 3])


def test_a_picture_without_an_outline_gives_no_tiles() -> None:
    assert tiles_of(np.random.default_rng(0), np.zeros((200, 200, 3), np.uint8), np.zeros((200, 200), np.uint8)) is None


def test_the_net_answers_every_pixel_of_a_tile() -> None:
    with torch.no_grad():
        assert EdgeNet(wide=8).eval()(torch.zeros(2, 4, TILE, TILE)).shape == (2, 1, TILE, TILE)
