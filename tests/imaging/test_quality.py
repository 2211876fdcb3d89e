from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging import ImagingError, quality, quality_table
from imaging.quality import Score, score, summarise
from tests import shots
from tests.imaging.conftest import KnowsTheTruth


def disc(side: int = 200, radius: int = 60, hole: int = 0, at: tuple[int, int] = (100, 100)) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    ys, xs = np.mgrid[:side, :side]
    away = np.hypot(ys - at[0], xs - at[1])
    return np.where((away <= radius) & (away >= hole), 255, 0).astype(np.uint8)


def near_by_looking(a: np.ndarray, b: np.ndarray, reach: float) -> float:
    """The share of a's points with one of b within reach, by asking each of each."""
    ps, qs = np.argwhere(a), np.argwhere(b)
    return float((np.hypot(*(ps[:, None] - qs[None]).transpose(2, 0, 1)).min(axis=1) <= reach).mean())


def rim(mask: np.ndarray) -> np.ndarray:
    m = np.pad(mask, 1, constant_values=True)
    return mask & ~(m[:-2, 1:-1] & m[2:, 1:-1] & m[1:-1, :-2] & m[1:-1, 2:])


def test_the_truth_itself_scores_full() -> None:
    assert score(disc(hole=20), disc(hole=20)) == Score(1.0, 0.0, 1.0, 0.0, 1.0)


def test_a_shifted_disc_scores_what_counting_says() -> None:
    predicted, truth = disc(at=(103, 100)), disc()
    p, t = predicted >= 128, truth >= 128

    found = score(predicted, truth)

    reach = max(1.5, 0.003 * np.hypot(200, 200))
    precision, recall = near_by_looking(rim(p), rim(t), reach), near_by_looking(rim(t), rim(p), reach)
    assert found.iou == pytest.approx((p & t).sum() / (p | t).sum())
    assert found.mae == pytest.approx((p ^ t).mean(), abs=1e-6)
    assert found.bf == pytest.approx(2 * precision * recall / (precision + recall))
    assert 0 < found.edge_mae < 1
    assert found.hole_recall is None


def test_the_edge_is_judged_within_its_band_alone() -> None:
    truth = np.zeros((100, 100), np.uint8)
    truth[:, 50:] = 255
    wrong_far_away, wrong_beside = truth.copy(), truth.copy()
    wrong_far_away[:, :5] = 255
    wrong_beside[:, 47:50] = 255

    assert score(wrong_far_away, truth).edge_mae == 0
    assert score(wrong_beside, truth).edge_mae == pytest.approx(0.5)


def test_a_filled_hole_is_told_and_a_bay_or_a_speck_is_no_hole() -> None:
    speck = disc()
    speck[100, 100] = 0
    bay = disc(hole=20)
    bay[100, :100] = 0

    assert score(disc(), disc(hole=20)).hole_recall == 0
    assert score(disc(), speck).hole_recall is None
    assert score(disc(), bay).hole_recall is None


def test_kinds_are_apart_and_intervals_hold_the_values() -> None:
    chance = np.random.default_rng(0)
    scores = {f"{kind}_{n}": Score(chance.uniform(0.8, 1), 0.1, 0.5, 0.2, 0.9 if kind == "ring" else None) for kind in ("ring", "watch") for n in range(9)}

    found = summarise(scores)

    assert list(found) == ["all", "ring", "watch"]
    assert (found["all"].pictures, found["all"].holes) == (18, 9)
    assert found["watch"].values["hole_recall"] is None
    assert found["watch"].intervals["hole_recall"] is None
    for name in ("iou", "iou_p10"):
        low, high = found["ring"].intervals[name] or (1, 0)
        assert low <= (found["ring"].values[name] or 0) <= high
    assert found == summarise(scores)


def test_a_folder_is_scored_and_a_photo_without_an_item_counts_as_missed(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    truth = shots.watch_alpha(0, (300, 240))
    (tmp_path / "images" / "watch_0.jpg").write_bytes(shots.watch_photo(0, (300, 240)))
    (tmp_path / "masks" / "watch_0.png").write_bytes(shots.alpha_png(truth))
    told: list[str] = []

    found = quality(tmp_path, KnowsTheTruth(truth), told.append)
    blind = quality(tmp_path, KnowsTheTruth(np.zeros_like(truth)))

    assert told == ["watch_0"]
    assert found.pictures["watch_0"].iou > 0.95
    assert found.pictures["watch_0"].confidence is not None
    assert (blind.pictures["watch_0"].iou, blind.pictures["watch_0"].mae) == (0, 1)
    assert list(blind.failed) == ["watch_0"]
    assert [line.split()[0] for line in quality_table(found.summary)][:2] == ["kind", "all"]
    assert set(found.to_dict()) == {"summary", "pictures", "failed"}


def test_a_folder_without_masks_or_photos_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match=r"no masks/\*\.png"):
        quality(tmp_path, KnowsTheTruth(disc()))
    (tmp_path / "masks").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "masks" / "ring_1.png")
    with pytest.raises(ImagingError, match=r"images/ring_1"):
        quality(tmp_path, KnowsTheTruth(disc()))


def test_a_photo_that_is_too_big_counts_as_missed_and_the_others_are_scored(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    for name in ("big", "good"):
        (tmp_path / "masks" / f"{name}.png").write_bytes(shots.alpha_png(shots.watch_alpha()))
    (tmp_path / "images" / "good.jpg").write_bytes(shots.watch_photo())
    Image.new("L", (6000, 5100), 255).save(tmp_path / "images" / "big.png", compress_level=1)

    found = quality(tmp_path, KnowsTheTruth(shots.watch_alpha()))

    assert "too big" in found.failed["big"]
    assert found.pictures["big"].iou == 0
    assert found.pictures["good"].iou > 0.9
