"""Batches: the same seed and number, the same pictures, whoever draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.training.feed import batches, make_batch

SIZES = ((64, 64), (96, 64))


@dataclass(frozen=True)
class Drawn:
    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    weight: NDArray[np.float32] | None
    scene: NDArray[np.float32]


class Noise:
    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> Drawn:
        width, height = size
        return Drawn(
            rng.integers(0, 256, (height, width, 3), dtype=np.uint8), rng.integers(0, 256, (height, width), dtype=np.uint8), None, np.zeros(4, np.float32)
        )


class Broken:
    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> Any:
        raise SystemExit(3)


def test_a_batch_follows_from_seed_and_number_alone() -> None:
    first, again = (make_batch(Noise(), 7, 12, 3, SIZES) for _ in range(2))

    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.alpha, again.alpha)
    assert not np.array_equal(first.rgb, make_batch(Noise(), 8, 12, 3, SIZES).rgb)


def test_pictures_without_a_weight_count_everywhere() -> None:
    assert make_batch(Noise(), 0, 0, 2, SIZES).weight.min() == 1


@pytest.mark.slow
@pytest.mark.parametrize("feeders", [1, 2])
def test_feeders_give_the_batches_of_one_process_in_order(feeders: int) -> None:
    feed = batches(Noise, seed=3, first=5, count=2, sizes=SIZES, feeders=feeders, ahead=1)
    got = [next(feed) for _ in range(4)]
    feed.close()

    for number, batch in enumerate(got, 5):
        assert np.array_equal(batch.rgb, make_batch(Noise(), 3, number, 2, SIZES).rgb)


@pytest.mark.slow
def test_a_feeder_that_dies_ends_the_training() -> None:
    with pytest.raises(RuntimeError, match="feeder 0 died"):
        next(batches(Broken, seed=0, first=0, count=1, sizes=SIZES))
