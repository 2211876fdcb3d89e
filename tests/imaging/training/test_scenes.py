"""The descriptions of the training scenes: what Blender builds from them is looked at, not tested, for Blender is not in the product's environment."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from imaging.training import render, scenes, timepieces
from imaging.training.catalogue import Watch
from imaging.training.scenes import SURFACES, VALIDATION, WATCH_POSES, Scene, describe

SEEDS = range(20_000, 20_600)


@pytest.fixture(scope="module")
def many() -> list[Scene]:
    return [describe(seed) for seed in SEEDS]


def share(flags: list[bool]) -> float:
    return sum(flags) / len(flags)


def test_the_same_seed_describes_the_same_scene(many: list[Scene]) -> None:
    assert [describe(seed) for seed in SEEDS[:40]] == many[:40]
    watches = [scene.items[0].item for scene in many if scene.label == "watch"]
    assert len({repr(watch) for watch in watches}) == len(watches)


@pytest.mark.parametrize("seed", [-1, 1_000_000])
def test_a_seed_out_of_range_is_refused_with_the_ranges(seed: int) -> None:
    with pytest.raises(ValueError, match="900,000"):
        describe(seed)


def test_training_pictures_are_small_mostly_and_validation_pictures_900_px(many: list[Scene]) -> None:
    longest = Counter(max(scene.size) for scene in many)
    assert set(longest) == {448, 640, 1024}
    assert longest[448] == pytest.approx(0.70 * len(many), rel=0.1)
    assert {max(describe(seed).size) for seed in range(VALIDATION, VALIDATION + 30)} == {900}
    assert all(side % 4 == 0 for scene in many for side in scene.size)


def test_about_six_in_ten_are_watches_in_every_pose(many: list[Scene]) -> None:
    watches = [scene.items[0] for scene in many if isinstance(scene.items[0].item, Watch)]
    assert 0.55 < len(watches) / len(many) < 0.70
    assert {placed.pose for placed in watches} == set(WATCH_POSES)


def test_some_pictures_show_two_products_and_some_none(many: list[Scene]) -> None:
    assert 0.015 < share([scene.products == 2 for scene in many]) < 0.07
    empty = [scene for scene in many if scene.products == 0]
    assert 0.01 < len(empty) / len(many) < 0.06
    assert all(scene.label == "none" and scene.hidden for scene in empty)
    assert all(len(scene.items) == max(1, scene.products) for scene in many)


def test_items_run_out_of_the_frame_often_enough(many: list[Scene]) -> None:
    out = [scene.view.framed == "head" or scene.view.fill > 1 or abs(scene.view.aim[0] - 0.5) > 0.15 for scene in many]
    assert 0.2 < share(out) < 0.5
    assert all(0.3 < scene.view.fill < 1.8 for scene in many)


def test_white_backdrops_are_frequent_and_every_surface_comes_up(many: list[Scene]) -> None:
    assert {scene.backdrop.surface for scene in many} == set(SURFACES)
    assert share([scene.backdrop.level >= 236 for scene in many]) > 0.22
    assert share([scene.backdrop.level < 30 for scene in many]) > 0.03


def test_floating_items_have_a_wall_behind_and_nothing_below(many: list[Scene]) -> None:
    for scene in many:
        if scene.items[0].pose in scenes.FLOATING:
            assert scene.backdrop.shape == "wall"
            assert not scene.props


def test_two_items_share_the_floor_or_the_air(many: list[Scene]) -> None:
    for scene in many:
        assert len({placed.pose in scenes.FLOATING for placed in scene.items}) == 1


def test_colours_and_lights_are_physical(many: list[Scene]) -> None:
    for scene in many:
        for colour in (scene.backdrop.colour, scene.backdrop.second):
            assert all(0 < value <= 0.96 for value in colour)
        assert scene.lamps
        assert all(lamp.power > 0 and lamp.place[2] > -1 for lamp in scene.lamps)
        assert scene.view.blur > 0
        assert min(scene.ambient) > 0


def test_watches_are_of_sizes_people_wear() -> None:
    rng = np.random.default_rng(4)
    watches = [timepieces.sample_watch(rng) for _ in range(500)]
    for watch in watches:
        assert 14 <= watch.case_mm <= 57
        assert 0.3 * watch.case_mm < watch.lug_mm < 0.8 * watch.case_mm
        assert watch.thick_mm < 21
        assert len(watch.stripes) >= 1
    assert {watch.shape for watch in watches} >= {"round", "square", "rectangle", "tonneau", "octagon", "cushion"}
    assert share([watch.display == "digital" for watch in watches]) > 0.03
    assert share([watch.strap in ("bars", "rings", "rally", "tropic") for watch in watches]) > 0.05


def test_a_warm_lamp_is_red_and_a_cold_one_blue() -> None:
    warm, cold = scenes.kelvin(-1), scenes.kelvin(1)
    assert warm[0] > warm[2]
    assert cold[2] > cold[0]


def asked(data: Path, **options: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    render.add_arguments(parser)
    words = [f"--{name}={value}" for name, value in options.items()]
    return parser.parse_args([f"--data={data}", *words])


def test_rendering_skips_what_is_there_and_what_failed(tmp_path: Path) -> None:
    there = render.path_of(tmp_path, 1002)
    there.parent.mkdir(parents=True)
    there.touch()
    (tmp_path / "scenes" / "failed.txt").write_text(f"1004 v{scenes.VERSION} crashed\n1000 v{scenes.VERSION - 1} crashed\n")
    assert render.wanted(asked(tmp_path, start=1000, count=4, stride=2)) == [1000, 1006]


def test_a_child_that_runs_away_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "LONGEST_FRAME_S", -1)
    monkeypatch.setattr(threading.Event, "wait", lambda _self, _seconds=None: False)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], text=True)
    render.Watchdog(child)
    assert child.wait() == -signal.SIGKILL


def test_pictures_lie_in_folders_of_a_thousand(tmp_path: Path) -> None:
    assert render.path_of(tmp_path, 900_017) == tmp_path / "scenes" / "900" / "900017.png"
