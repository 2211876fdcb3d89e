from __future__ import annotations

import json
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


def with_metadata(model: bytes, key: str, value: str) -> bytes:
    """An ONNX file with one more entry, which counts for one of the same name before it."""

    def field(tag: int, content: bytes) -> bytes:
        length, digits = len(content), b""
        while length > 127:
            length, digits = length >> 7, digits + bytes([length & 127 | 128])
        return bytes([tag]) + digits + bytes([length]) + content

    return model + field(0x72, field(0x0A, key.encode()) + field(0x12, value.encode()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("side", "0"),
        ("side", "-512"),
        ("side", "99999"),
        ("side", "big"),
        ("confidence", "[]"),
        ("confidence", "{}"),
        ("confidence", "[" * 100_000),
        ("confidence", '{"bias": NaN, "weights": {}}'),
        ("confidence", '{"bias": "1", "weights": {}}'),
        ("confidence", '{"bias": 1, "weights": {"expected": {"mean": 0.9, "scale": 0, "weight": 2}}}'),
        ("confidence", '{"bias": 1, "weights": {"expected": {"mean": 0.9, "scale": 1}}}'),
        ("confidence", '{"bias": 1, "weights": {"expected": 3}}'),
    ],
)
def test_a_model_with_damaged_metadata_is_refused_before_any_photo(tmp_path: Path, key: str, value: str) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(with_metadata((segment.MODELS / "net.onnx").read_bytes(), key, value))

    with pytest.raises(ImagingError, match=r"mine\.onnx.*`python -m imaging.training export`"):
        load_segmenter(path)


def test_a_calibration_that_came_with_the_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    words = '{"bias": 1, "weights": {"expected": {"mean": 0.9, "scale": 0.1, "weight": 2}}}'
    path.write_bytes(with_metadata((segment.MODELS / "net.onnx").read_bytes(), "confidence", words))

    assert load_segmenter(path).confidence == json.loads(words)
