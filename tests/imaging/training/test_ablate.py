from __future__ import annotations

import argparse
import io
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.mending import Switches
from imaging.training import ablate
from tests import shots


def write_scene(folder: Path, seed: int) -> None:
    size = (400, 300)
    rgb = np.asarray(Image.open(io.BytesIO(shots.watch_photo(seed, size))))
    alpha = shots.watch_alpha(seed, size=size)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.dstack([rgb, alpha])).save(folder / f"{seed:06d}.png")
    (folder / f"{seed:06d}.json").write_text(json.dumps({"seed": seed, "kind": "watch"}))


def test_perfect_and_empty_alpha() -> None:
    truth = shots.watch_alpha(2, item="ring", size=(400, 300))

    perfect, empty = ablate.score(truth, truth), ablate.score(np.zeros_like(truth), truth)

    assert (perfect.iou, perfect.mae, perfect.edge, perfect.bf, perfect.holes) == (1, 0, 0, 1, 1)
    assert (empty.iou, empty.bf, empty.holes) == (0, 0, 1)


def test_every_switch_is_measured_alone_and_left_out() -> None:
    roads = ablate.variants([])

    for field in fields(Switches):
        assert not getattr(roads[f"all but {field.name}"], field.name)
        assert [f.name for f in fields(Switches) if getattr(roads[f"only {field.name}"], f.name)] == [field.name]


@pytest.mark.parametrize(("seeds", "wanted"), [("all", ["000001", "000002", "000003"]), ("odd", ["000001", "000003"]), ("even", ["000002"])])
def test_seeds_are_split(tmp_path: Path, seeds: str, wanted: list[str]) -> None:
    for seed in (1, 2, 3):
        write_scene(tmp_path / "000", seed)

    assert [path.stem for path in ablate.scenes(tmp_path, seeds, 10)] == wanted


def test_the_command_prints_a_line_a_road(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_scene(tmp_path / "000", 1)
    parser = argparse.ArgumentParser()
    ablate.add_arguments(parser)

    assert ablate.run(parser.parse_args(["--scenes", str(tmp_path), "--only", "keep"])) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line[:16].strip() for line in lines] == ["road", "net alone", "all", "all but keep", "only keep"]


def test_no_scenes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    ablate.add_arguments(parser)

    assert ablate.run(parser.parse_args(["--scenes", str(tmp_path)])) == 1
    assert "render some first" in capsys.readouterr().out
