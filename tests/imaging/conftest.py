"""The shipped net, loaded once, and a stand-in that knows the truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import Recipe, RenderRequest, Segmenter, load_recipes, load_segmenter


class KnowsTheTruth:
    """A segmenter that answers a given mask, as sure as it is told to be."""

    sha256 = "0" * 64

    def __init__(self, alpha: NDArray[np.uint8], sure: float = 9.0) -> None:
        self._logits = ((alpha.astype(np.float32) / 255) * 2 - 1) * np.float32(sure)

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._logits


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    return load_segmenter()


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return load_recipes()["amazon-main"]


@pytest.fixture(scope="session")
def request_(recipe: Recipe) -> RenderRequest:
    return RenderRequest(photo="p" * 64, cutout="c" * 64, recipe=recipe)
