from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="drawing is part of training and needs OpenCV")

from imaging.parts import fill_enclosed, find_parts  # noqa: E402
from imaging.training import draw as command  # noqa: E402
from imaging.training import drawn_watches  # noqa: E402
from imaging.training.drawn import KINDS, draw  # noqa: E402
from imaging.training.drawn_canvas import Canvas, block, ellipse, rgb  # noqa: E402


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreground_of_each_kind_is_whole_tight_and_the_same_again(kind):
    for seed in (1, 2):
        item = draw(seed, kind)
        assert item.dtype == np.uint8
        assert item.ndim == 3
        assert item.shape[2] == 4
        assert max(item.shape) <= 540
        alpha = item[..., 3]
        assert alpha.max() == 255
        rim = np.concatenate([alpha[:2].ravel(), alpha[-2:].ravel(), alpha[:, :2].ravel(), alpha[:, -2:].ravel()])
        assert rim.max() == 0
        assert np.array_equal(item, draw(seed, kind))


def test_seeds_and_kinds_differ():
    assert len({draw(seed).tobytes() for seed in range(6)}) == 6


def test_one_sees_through_between_case_and_straight_ended_strap(monkeypatch):
    def open_watches(share: float) -> int:
        monkeypatch.setattr(drawn_watches, "DAYLIGHT", share)
        masks = [drawn_watches.watch(np.random.default_rng(seed)).px[..., 3] >= 128 for seed in range(20)]
        holes = [find_parts(fill_enclosed(mask) & ~mask).areas for mask in masks]
        return sum(bool(len(areas) and areas[0] > 0.001 * masks[0].size) for areas in holes)

    assert open_watches(1.0) >= open_watches(0.0) + 8


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", ["watch", "digital"])
def test_a_face_is_product_all_over_whatever_it_shows(kind, seed):
    alpha = draw(seed, kind)[..., 3]
    h, w = alpha.shape
    middle = alpha[h // 2 - 12 : h // 2 + 12, w // 2 - 12 : w // 2 + 12]
    assert middle.min() == 255


def test_holes_are_holes():
    for seed in range(8):
        alpha = draw(seed, "loop")[..., 3]
        outlines, kinship = cv2.findContours((alpha > 20).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        holes = [cv2.contourArea(outline) for outline, kin in zip(outlines, kinship[0], strict=True) if kin[3] >= 0]
        assert max(holes) > 0.2 * alpha.size


def test_colour_at_the_rim_is_the_item_s_own():
    canvas = Canvas(200, 160)
    canvas.fill(ellipse((90.3, 77.7), 50.2, 40.1, 0.4), rgb(250, 200, 90))
    item = canvas.finished()
    seen = item[..., 3] > 0
    assert np.abs(item[..., :3][seen].astype(int) - [250, 200, 90]).max() <= 8


def test_cutting_takes_away_what_both_shapes_share():
    canvas = Canvas(100, 100)
    canvas.fill(block((50.0, 50.0), 80, 80), rgb(200, 200, 200))
    canvas.cut(ellipse((40.0, 50.0), 20), ellipse((60.0, 50.0), 20))
    assert canvas.px[50, 50, 3] == 0
    assert canvas.px[50, 30, 3] == 255
    assert canvas.px[50, 75, 3] == 255


def test_text_changes_no_alpha():
    canvas = Canvas(100, 100)
    canvas.fill(block((50.0, 50.0), 60, 60), rgb(200, 200, 200))
    before = canvas.px[..., 3].copy()
    canvas.text("WORDS", (50.0, 50.0), 30, rgb(0, 0, 0))
    assert np.array_equal(before, canvas.px[..., 3])
    assert canvas.px[..., 0].min() == 0
    assert (canvas.px[40:60, 25:75, 0] < 100).any()


def test_an_empty_canvas_says_so():
    with pytest.raises(ValueError, match="empty"):
        Canvas(20, 20).finished()


def test_blocks_are_written_once_and_go_on(tmp_path, monkeypatch):
    import argparse

    monkeypatch.setattr(command, "BLOCK", 2)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["--data", str(tmp_path), "--count", "3", "--seed", "4"])) == 0
    files = sorted((tmp_path / "foregrounds").iterdir())
    assert [file.name for file in files] == ["0002.npz", "0003.npz"]
    with np.load(files[0]) as held:
        assert np.array_equal(held["a1"], draw(5))
    times = [file.stat().st_mtime_ns for file in files]
    command.run(parser.parse_args(["--data", str(tmp_path), "--count", "4", "--seed", "4"]))
    assert [file.stat().st_mtime_ns for file in files] == times
    with pytest.raises(ValueError, match="multiple of 2"):
        command.run(parser.parse_args(["--data", str(tmp_path), "--seed", "3"]))
