from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imaging import ImagingError, Segmenter, load_segmenter, segment
from imaging.segment import SCENE


def test_answers_are_raw_and_on_the_nets_own_grid(segmenter: Segmenter) -> None:
    seen = segmenter.look(np.full((300, 500, 3), 200, np.uint8))

    assert seen.alpha.dtype == seen.sure.dtype == np.float32
    height, width = seen.alpha.shape
    assert height % 32 == width % 32 == 0
    assert 1.5 < width / height < 1.8, "the photo's shape is kept, to the next multiple of 32"
    assert seen.sure.shape == (height // 4, width // 4)
    assert seen.alpha.max() < 0, "there is nothing on plain paper"


def test_the_scene_is_told_in_probabilities(segmenter: Segmenter) -> None:
    scene = segmenter.look(np.full((300, 500, 3), 200, np.uint8)).scene

    assert tuple(scene) == SCENE
    assert all(0 <= probability <= 1 for probability in scene.values())
    assert scene["product"] < 0.5


def test_a_strip_is_stretched_rather_than_starved(segmenter: Segmenter) -> None:
    height, width = segmenter.look(np.zeros((1000, 30, 3), np.uint8)).alpha.shape

    assert height > width >= height / 4


def test_a_shipped_model_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("manifest.json", "net.onnx"):
        (tmp_path / name).write_bytes((segment.MODELS / name).read_bytes())
    with (tmp_path / "net.onnx").open("ab") as file:
        file.write(b"\0")
    monkeypatch.setattr(segment, "MODELS", tmp_path)

    with pytest.raises(ImagingError, match="sha256"):
        load_segmenter()


def test_a_model_that_the_operator_names_is_taken(tmp_path: Path, segmenter: Segmenter) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes((segment.MODELS / "net.onnx").read_bytes())

    assert load_segmenter(own).sha256 == segmenter.sha256


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.onnx"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ImagingError, match=r"mine\.onnx"):
        load_segmenter(path)
