from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="composing is part of training and needs OpenCV")

from imaging.training import compose_place as place  # noqa: E402
from imaging.training.backdrops import SHARES as BACKDROPS  # noqa: E402
from imaging.training.backdrops import backdrop  # noqa: E402
from imaging.training.camera import camera  # noqa: E402
from imaging.training.compose import SHARES, Composer, write  # noqa: E402
from imaging.training.compose_light import shadows  # noqa: E402
from imaging.training.compose_props import holder_over, tag_over  # noqa: E402
from imaging.training.compose_sources import fine, lifted  # noqa: E402
from imaging.training.drawn import draw  # noqa: E402
from imaging.training.evaluate import scene_photos  # noqa: E402


def ring(size: int = 160, far: float = 60, hole: float = 38) -> np.ndarray:
    """Alpha of a ring, anti-aliased."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    d = np.hypot(x, y)
    return (np.clip(far - d + 0.5, 0, 1) * np.clip(d - hole + 0.5, 0, 1) * 255).round().astype(np.uint8)


@pytest.fixture
def data(tmp_path):
    """Three scenes whose red says the alpha, one of two products, a half-written one; two photographs with masks; clutter; a block."""
    alpha = ring()
    for seed, products, props in ((3, 1, []), (4, 1, ["stand"]), (5, 2, ["hand"]), (900_001, 1, [])):
        folder = tmp_path / "data" / "scenes" / f"{seed // 1000:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{seed:06d}.png"), np.dstack([255 - alpha, alpha // 2, alpha, alpha]))
        told = {
            "seed": seed,
            "kind": "ring",
            "products": products,
            "pieces": 1,
            "touching": 0,
            "props": props,
            "backdrop": "x",
            "size": [160, 160],
            "version": 1,
        }
        (folder / f"{seed:06d}.json").write_text(json.dumps(told))
    (tmp_path / "data" / "scenes" / "000" / "000009.json").write_text('{"seed": 9,')
    for folder in ("watch", "background", "masks"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / "watch" / f"{name}.jpg"), rng.integers(0, 255, (80, 120, 3), dtype=np.uint8))
        cv2.imwrite(str(tmp_path / "background" / f"{name}.jpg"), rng.integers(0, 255, (90, 110, 3), dtype=np.uint8))
        mask = np.zeros((80, 120), np.uint8)
        mask[20:60, 30:90] = 255
        mask[20:60, 60:64] = 128 if name == "b" else 255
        cv2.imwrite(str(tmp_path / "masks" / f"{name}.png"), mask)
    (tmp_path / "data" / "foregrounds").mkdir()
    item = np.dstack([np.full((160, 160, 3), 200, np.uint8), alpha])
    for number in range(50):
        np.savez(tmp_path / "data" / "foregrounds" / f"{number:04d}.npz", a0=item, a1=item[:, :100])
    return tmp_path


def composer(data, **options):
    return Composer(data / "data", data, masks=data / "masks", **{"enough_scenes": 1} | options)


@pytest.mark.parametrize("kind", SHARES)
def test_the_same_seed_gives_the_same_sample_of_the_promised_shape(data, kind):
    first, again = (composer(data, shares={kind: 1}).sample(np.random.default_rng(5), (96, 64)) for _ in range(2))
    assert first.rgb.shape == (64, 96, 3)
    assert first.rgb.dtype == np.uint8
    assert first.rgb.flags.c_contiguous
    assert first.alpha.flags.c_contiguous
    assert first.alpha.shape == (64, 96)
    assert first.alpha.dtype == np.uint8
    assert first.scene.shape == (4,)
    assert first.scene.dtype == np.float32
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.alpha, again.alpha)
    assert np.array_equal(first.scene, again.scene, equal_nan=True)


def test_truth_moves_exactly_as_the_picture_does(data):
    source = composer(data, shares={"scene": 1}, plain_camera=True)
    rng = np.random.default_rng(1)
    for _ in range(40):
        sample = source.sample(rng, (72, 96))
        assert np.abs(sample.rgb[..., 0].astype(int) - sample.alpha).max() <= 2


def test_shares_hold_and_missing_sources_fall_away(data, tmp_path):
    source = composer(data)
    rng = np.random.default_rng(2)
    seen = Counter(source.sample(rng, (48, 48)).kind for _ in range(400))
    for kind, share in SHARES.items():
        assert abs(seen[kind] / 400 - share) < 0.07, kind
    bare = Composer(tmp_path / "nowhere", None, masks=tmp_path / "nowhere")
    assert bare.kinds()["scene"] == bare.kinds()["photo"] == 0
    assert sum(bare.kinds().values()) == pytest.approx(1)
    with pytest.raises(ValueError, match="lacks its source"):
        Composer(tmp_path / "nowhere", None, masks=tmp_path / "nowhere", shares={"scene": 1}).kinds()
    with pytest.raises(ValueError, match="paintings"):
        composer(data, shares={"paintings": 1})


def test_few_scenes_are_not_learnt_by_heart(data):
    few, enough = composer(data, enough_scenes=300).kinds(), composer(data, enough_scenes=3).kinds()
    assert few["scene"] < 0.02 < enough["scene"]
    assert few["drawn"] > enough["drawn"]
    assert composer(data, enough_scenes=300, shares={"scene": 1}).kinds()["scene"] == 1


def test_validation_scenes_are_never_read_and_unfinished_ones_left(data):
    assert sorted(scene.path.stem for scene in composer(data).scenes.scenes) == ["000003", "000004", "000005"]


def test_scenes_that_appear_later_are_found(data):
    source = composer(data)
    folder = data / "data" / "scenes" / "000"
    for suffix in (".png", ".json"):
        (folder / f"000007{suffix}").write_bytes((folder / f"000003{suffix}").read_bytes())
    source.scenes.scan()
    assert len(source.scenes) == 4


def test_the_verdict_tells_two_products_hands_and_props(data):
    told = {"scene": set(), "none": set(), "two": set()}
    for kind, seen in told.items():
        source, rng = composer(data, shares={kind: 1}), np.random.default_rng(3)
        seen.update(tuple(np.nan_to_num(source.sample(rng, (64, 64)).scene).astype(int).tolist()) for _ in range(40))
    assert {(1, 0, 0, 0), (1, 0, 0, 1), (1, 1, 1, 0)} <= told["scene"]
    assert told["none"] == {(0, 0, 0, 0)}
    assert {two[:2] for two in told["two"]} == {(1, 1)}


def test_what_a_mask_leaves_open_has_no_weight(data):
    source, rng = composer(data, shares={"photo": 1}), np.random.default_rng(4)
    weights = [source.sample(rng, (64, 64)).weight for _ in range(30)]
    open_ones = [weight for weight in weights if weight is not None]
    assert 0 < len(open_ones) < 30
    assert all(set(np.unique(weight)) == {0.0, 1.0} for weight in open_ones)


def test_a_mask_without_its_photo_is_named(data):
    cv2.imwrite(str(data / "masks" / "c.png"), np.zeros((5, 5), np.uint8))
    with pytest.raises(ValueError, match=r"c\.png: no photo"):
        composer(data)


def test_placing_keeps_area_and_hole():
    alpha = ring()
    item = place.premultiplied(np.dstack([np.full((160, 160, 3), 200, np.uint8), alpha]))
    for scale in (0.2, 0.4, 0.7, 1.3):
        where = np.array([[scale, 0, 120 - 79.5 * scale], [0, scale, 120 - 79.5 * scale]])
        seen = place.placed(item, where, (241, 241))
        assert seen[..., 3].sum() == pytest.approx(alpha.astype(float).sum() * scale**2, rel=0.02)
        assert seen[120, 120, 3] == 0
        y, x = np.mgrid[:241, :241]
        weight = seen[..., 3] / seen[..., 3].sum()
        assert (weight * x).sum() == pytest.approx(120, abs=0.1)
        assert (weight * y).sum() == pytest.approx(120, abs=0.1)


def test_an_item_drawn_larger_lies_where_the_small_one_lay():
    small = draw(3)
    large = fine(small, 3)
    assert large is not None
    assert fine(small, 4) is None
    where = np.array([[1.3, 0.4, -40.0], [-0.4, 1.3, 100.0]])
    one = place.placed(place.premultiplied(small), where, (500, 500))[..., 3].astype(float)
    two = place.placed(place.premultiplied(large), place.halved(where), (500, 500))[..., 3].astype(float)
    y, x = np.mgrid[:500, :500]
    for axis in (x, y):
        assert (one * axis).sum() / one.sum() == pytest.approx((two * axis).sum() / two.sum(), abs=0.1)
    assert np.abs(one - two).mean() < 2


def test_a_window_never_looks_beyond_the_picture():
    rng = np.random.default_rng(6)
    whole = np.full((150, 210, 4), 255, np.uint8)
    for _ in range(60):
        where = place.window(rng, whole[..., 3], (96, 128), 0.0)
        assert where is not None
        assert place.placed(whole, where, (96, 128))[1:-1, 1:-1].min() >= 250


def test_a_lifted_product_carries_no_backdrop():
    alpha = ring()
    share = alpha[..., None] / 255
    picture = (np.float64([240, 220, 180]) * share + np.float64([0, 0, 60]) * (1 - share)).round().astype(np.uint8)
    item = lifted(np.dstack([picture, alpha]))
    seen = item[..., 3] > 0
    assert np.abs(item[..., :3][seen].astype(int) - [240, 220, 180]).max() <= 12
    with pytest.raises(ValueError, match="no product"):
        lifted(np.zeros((9, 9, 4), np.uint8))


def test_shadows_fall_into_holes_and_darken_only():
    alpha = (ring() / 255).astype(np.float32)
    kept = [shadows(np.random.default_rng(seed), alpha) for seed in range(30)]
    assert all(k.dtype == np.float32 and k.min() >= 0 and k.max() <= 1 for k in kept)
    assert min(float(k[80, 80]) for k in kept) < 0.85


@pytest.mark.parametrize("over", [tag_over, holder_over])
def test_what_lies_over_the_item_is_background(over):
    truth = ring().astype(np.float32)
    rgb = np.repeat(truth[..., None], 3, 2)
    for seed in range(10):
        shown, left = over(np.random.default_rng(seed), rgb, truth)
        assert (left <= truth).all()
        untouched = left == truth
        assert left.sum() < truth.sum()
        assert shown.dtype == left.dtype == np.float32
        assert untouched.mean() > 0.3


def test_backdrops_of_all_kinds_stay_in_range_and_in_single_precision():
    rng = np.random.default_rng(7)
    clutter = [rng.integers(0, 255, (90, 110, 3), dtype=np.uint8)]
    seen = Counter()
    for _ in range(300):
        rgb, kind = backdrop(rng, (40, 30), clutter)
        seen[kind] += 1
        assert rgb.dtype == np.float32
        assert rgb.shape == (30, 40, 3)
        assert rgb.min() >= 0
        assert rgb.max() <= 255
    assert set(seen) == set(BACKDROPS)
    assert abs(seen["white"] / 300 - 0.25) < 0.08


def test_a_camera_of_no_strength_changes_nothing_and_white_stays_white():
    rgb = np.random.default_rng(8).uniform(0, 255, (20, 30, 3)).astype(np.float32)
    assert np.abs(camera(np.random.default_rng(0), rgb, 0.0).astype(float) - rgb).max() <= 1
    assert camera(np.random.default_rng(0), np.full((8, 8, 3), 255, np.float32), 0.0).min() == 255


def test_written_scenes_read_as_rendered_ones_do_and_are_the_same_each_time(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        write(None, folder, 850_000, 4, 96)

    scenes = list(scene_photos(tmp_path / "a", range(850_000, 850_010)))

    assert len(scenes) == 4
    assert all((scene.truth.max() > 127) == (scene.products > 0) for scene in scenes)
    for path in (tmp_path / "a").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()
