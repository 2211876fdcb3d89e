"""That the benchmark runs what it says; how long anything takes is nobody's assertion."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from imaging import BenchReport, ImagingError, Recipe, blown_up, is_flat, peak_memory, time_render
from imaging.bench import Timing
from tests import shots


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{n}.jpg" for n in range(2)]
    for n, path in enumerate(made):
        path.write_bytes(shots.watch_photo(n, (300, 240)))
    return made


@pytest.fixture
def small(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"width_px": 300, "height_px": 300})


def test_floor_and_ours_are_timed_on_every_photo(photos: list[Path], small: Recipe) -> None:
    report = time_render(photos, small, rounds=1)

    assert list(report.timings) == ["floor", "ours"]
    assert [len(timing.ms) for timing in report.timings.values()] == [2, 2]
    assert set(report.timings["floor"].steps) == {"decode", "scale", "net", "encode"}
    assert {"cut_out", "render", "measure"} <= set(report.timings["ours"].steps)


def test_ratios_are_photo_by_photo() -> None:
    told = BenchReport({"floor": Timing((100.0, 200.0), {}), "ours": Timing((150.0, 200.0), {"cut_out": 70.0})}).to_dict()

    assert told["floor"]["ratio_p50"] == 1
    assert told["ours"] == {"ms_p50": 175.0, "ms_p95": 197.5, "ratio_p50": 1.25, "ratio_p95": 1.475, "steps": {"cut_out": 70.0}}


def test_rembg_is_timed_with_the_model_it_is_given(photos: list[Path], small: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def new_session(name: str, **options: str) -> str:
        asked.append((name, options))
        return "session"

    def remove(image: Image.Image, session: str) -> Image.Image:
        asked.append(session)
        return image.convert("RGBA")

    monkeypatch.setitem(sys.modules, "rembg", SimpleNamespace(new_session=new_session, remove=remove))

    report = time_render(photos[:1], small, rounds=1, rembg="dis_custom:/models/isnet.onnx")

    assert list(report.timings) == ["floor", "ours", "rembg"]
    assert asked == [("dis_custom", {"model_path": "/models/isnet.onnx"}), "session", "session"]


def test_a_missing_rembg_is_told_with_what_to_do(photos: list[Path], small: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rembg", None)

    with pytest.raises(ImagingError, match="not installed"):
        time_render(photos, small, rounds=1, rembg="isnet-general-use")


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path, small: Recipe) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")

    with pytest.raises(ImagingError, match=r"bad\.jpg: .*not a picture"):
        time_render([tmp_path / "bad.jpg"], small, rounds=1)


def test_memory_is_told_by_a_fresh_process(photos: list[Path], small: Recipe) -> None:
    looks = list(peak_memory(photos, small, 21))

    assert [done for done, _, _ in looks] == [20, 21]
    assert all(50 < now <= most for _, now, most in looks)


def test_a_photo_that_cannot_be_read_ends_the_memory_run(tmp_path: Path, small: Recipe) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")

    with pytest.raises(ImagingError, match=r"bad\.jpg: .*not a picture"):
        list(peak_memory([tmp_path / "bad.jpg"], small, 3))


def test_memory_that_rises_to_the_end_is_not_flat() -> None:
    assert is_flat([300.0, 310.0, 311.0, 311.0])
    assert is_flat([300.0])
    assert not is_flat([300.0, 330.0, 360.0, 390.0])


def test_photos_are_blown_up_upright_and_never_made_smaller(photos: list[Path], tmp_path: Path) -> None:
    photos[1].write_bytes(shots.watch_photo(1, (300, 240), orientation=6))
    out = tmp_path / "big"
    out.mkdir()

    first, second = blown_up(photos, out, 200_000)
    (kept,) = blown_up(photos[:1], tmp_path, 1000)

    with Image.open(first) as wide, Image.open(second) as tall, Image.open(kept) as same:
        assert wide.width * wide.height == pytest.approx(200_000, rel=0.01)
        assert wide.size == (500, 400)
        assert tall.width * tall.height == pytest.approx(200_000, rel=0.01)
        assert same.size == (300, 240)
