"""Counting gives what sorting gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.detail import noise, sharpness


def by_sorting(grey: np.ndarray, where: np.ndarray) -> tuple[float, float]:
    """Sharpness and noise as their facts describe them."""
    g, chosen = grey.astype(int), where[1:-1, 1:-1]
    edges = np.abs(4 * g[1:-1, 1:-1] - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:])[chosen]
    low, high = np.percentile(g[1:-1, 1:-1][chosen], (2, 98))
    strongest = np.sort(edges)[-max(1, int(0.03 * edges.size)) :]
    across = g[:, :-2] - 2 * g[:, 1:-1] + g[:, 2:]
    rough = np.abs(across[:-2] - 2 * across[1:-1] + across[2:])[chosen]
    return min(100.0, strongest.mean() / (high - low) * 25), float(np.median(rough)) / (0.6745 * 6)


@given(st.integers(0, 1000), st.integers(12, 60), st.integers(12, 60), st.integers(2, 60))
@settings(max_examples=40, deadline=None)
def test_sharpness_and_noise_are_what_sorting_finds(seed: int, height: int, width: int, spread: int) -> None:
    chance = np.random.default_rng(seed)
    grey = np.clip(128 + np.cumsum(chance.normal(0, spread, (height, width)), axis=1), 0, 255).astype(np.uint8)
    where = chance.random((height, width)) < 0.9
    if where[1:-1, 1:-1].sum() < 100 or np.ptp(np.percentile(grey[1:-1, 1:-1][where[1:-1, 1:-1]], (2, 98))) < 13:
        return

    sharp, grain = by_sorting(grey, where)

    assert sharpness(grey, where) == pytest.approx(sharp)
    assert noise(grey, where) == pytest.approx(grain)


@pytest.mark.parametrize("shape", [(2, 500), (9, 9)])
def test_too_little_to_judge_by_is_told(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    assert sharpness(grey) is None
    assert noise(grey) is None
