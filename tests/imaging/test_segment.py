from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from imaging import ImagingError, Segmenter, load_segmenter, segment


def test_logits_are_raw_and_on_the_nets_own_grid(segmenter: Segmenter) -> None:
    logits = segmenter(np.full((300, 500, 3), 200, np.uint8))

    assert logits.shape == (384, 384)
    assert logits.dtype == np.float32
    assert logits.max() < 0


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
