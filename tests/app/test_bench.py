"""`packshot bench`: what it prints, and on what it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import imaging
from app.cli import main
from app.commands.bench import _sample
from app.web import pace
from tests import shots


def packshot(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "shoot" / "watch.jpg"
    path.parent.mkdir()
    path.write_bytes(shots.watch_photo(size=(300, 240)))
    return path


def test_times_are_told_as_a_table_and_as_json(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, words, _ = packshot(capsys, "bench", "imaging", photo, "--rounds", "1")
    told = json.loads(packshot(capsys, "bench", "imaging", "--photos", photo.parent, "--rounds", "1", "--json")[1])

    assert code == 0
    assert [line.split()[0] for line in words.splitlines()] == ["1", "p50", "floor", "ours", "floor:", "ours:"]
    assert (told["photos"], told["rounds"], told["floor"]["ratio_p50"]) == (1, 1, 1.0)
    assert "cut_out" in told["ours"]["steps"]


def test_memory_is_told_every_so_often_and_judged(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, words, _ = packshot(capsys, "bench", "imaging", photo, "--memory", "2")

    assert code == 0
    assert words.splitlines()[0].split()[:2] == ["2", "photos"]
    assert words.splitlines()[-1].endswith("in one worker, flat")


def test_quality_is_a_table_by_kind(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    photo.rename(tmp_path / "images" / "watch_1.jpg")
    (tmp_path / "masks" / "watch_1.png").write_bytes(shots.alpha_png(shots.watch_alpha(size=(300, 240))))

    code, words, _ = packshot(capsys, "bench", "imaging", "--quality", tmp_path)
    told = json.loads(packshot(capsys, "bench", "imaging", "--quality", tmp_path, "--json")[1])

    assert code == 0
    assert words.splitlines()[0].split() == ["kind", "n", "IoU", "p10", ">=.98", "MAE", "BF", "edge", "holes"]
    assert list(told["summary"]) == ["all", "watch"]


def test_a_folder_without_photos_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaint = packshot(capsys, "bench", "imaging", tmp_path)

    assert code == 2
    assert "no photos there" in complaint


def test_without_photos_it_takes_the_sample_shoots() -> None:
    from app.commands.bench import _sample

    assert len(_sample()) > 10


def test_without_photos_it_times_the_sample_s_good_ones() -> None:
    sample = _sample()

    assert len(sample) > 30
    for path in sample:
        imaging.probe(path.read_bytes())


def test_pushes_are_timed_in_simulated_seconds_beside_two_bare_calls(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = packshot(capsys, "bench", "sync", "--changes", "60", "--json")
    told = json.loads(out)["patches"]

    assert code == 0
    assert (told["changes"], told["calls"], told["refused"]) == (60, 120, 0)
    assert 10 < told["seconds"] < 13  # at five a second, with a burst of three
    assert told["cpu_ms"] > told["floor_ms"] > 0


def test_every_page_of_a_full_house_is_asked_and_nothing_outside_it_is_touched(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKSHOT_DATABASE_URL", "postgresql://nobody.invalid/none")

    code, words, _ = packshot(capsys, "bench", "web", "--products", "100", "--rounds", "5")
    assert code == 0
    assert "100 products, 5 rounds" in words

    told = json.loads(packshot(capsys, "bench", "web", "--products", "100", "--rounds", "5", "--json")[1])
    assert [one["path"] for one in told["pages"]] == list(pace.PAGES)
    assert all(one["ratio"] > 0 and one["statements"] > 0 and one["kilobytes"] > 0 for one in told["pages"])


def test_a_bigger_house_takes_no_more_statements_a_page() -> None:
    few, many = ({one.path: one.statements for one in pace.pages(products, 5)[1]} for products in (100, 1000))

    grown = {path: (few[path], many[path]) for path in few if many[path] > few[path] + 2}

    assert grown == {}
