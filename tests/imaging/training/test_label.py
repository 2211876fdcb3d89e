"""Labelling of real photos: the pure steps on drawn pictures, the hints, and the masks that are committed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging.segment import Seen
from imaging.training.label import ATTRIBUTION, HERE, KEPT, NOTHING, PRODUCT, UNDECIDED, entry, how, label, sheet
from imaging.training.label_hints import Hint, Hints, drawn, read_hints
from imaging.training.label_masks import candidate, fit_backdrop, flood, grabcut, grown, shrunk, smoothed, spot_flood, to_lab, without_specks

LABELS = yaml.safe_load((HERE / "labels.yaml").read_text("utf-8"))
MASKS = sorted(HERE.glob("*.png"))


def picture(ground: tuple[int, int, int] = (226, 224, 220), item: tuple[int, int, int] = (60, 50, 48)) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A ring on a backdrop that darkens to the right, with a little noise; and its truth."""
    image, truth = Image.new("RGB", (160, 120), ground), Image.new("L", (160, 120), 0)
    for pen, colour, hole in ((ImageDraw.Draw(image), item, ground), (ImageDraw.Draw(truth), 255, 0)):
        pen.ellipse((40, 20, 120, 100), fill=colour)
        pen.ellipse((60, 40, 100, 80), fill=hole)
    rgb = np.asarray(image, dtype=np.float32) - np.linspace(0, 25, 160, dtype=np.float32)[None, :, None]
    rgb += np.random.default_rng(1).normal(0, 1.5, rgb.shape).astype(np.float32)
    return rgb.clip(0, 255).astype(np.uint8), np.asarray(truth) > 0


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


class Guess:
    """A segmenter that answers one drawn guess."""

    sha256 = "0" * 64
    confidence = None

    def __init__(self, guess: NDArray[np.bool_]) -> None:
        self.guess = guess

    def look(self, rgb: NDArray[np.uint8]) -> Seen:
        logits = np.where(self.guess, np.float32(6), np.float32(-6))
        return Seen(logits, logits[2::4, 2::4])

    def outline(self, tiles: NDArray[np.uint8]) -> None:
        return None


def test_the_backdrop_is_fitted_through_a_gradient_and_flooded_up_to_the_item() -> None:
    rgb, truth = picture()
    backdrop = fit_backdrop(to_lab(rgb), truth.astype(np.float32))
    assert backdrop.roughness < 3
    assert iou(~backdrop.flooded, np.asarray(Image.fromarray(truth)) | inside()) > 0.97


def inside() -> NDArray[np.bool_]:
    y, x = np.mgrid[0:120, 0:160]
    return (x - 80) ** 2 + (y - 60) ** 2 <= 21**2


def test_a_candidate_finds_the_item_and_keeps_a_hole_that_shows_the_backdrop() -> None:
    rgb, truth = picture()
    mask, _ = candidate(rgb, grown(truth, 2).astype(np.float32) * 0.9)
    assert iou(mask, truth) > 0.93
    assert not mask[60, 80]


def test_a_hole_that_the_net_calls_product_is_filled() -> None:
    rgb, truth = picture()
    mask, _ = candidate(rgb, (truth | inside()).astype(np.float32))
    assert mask[60, 80]


def test_a_net_led_candidate_survives_a_rough_backdrop() -> None:
    rgb, truth = picture(ground=(120, 140, 90), item=(30, 25, 30))
    noisy = (rgb.astype(np.int16) + np.random.default_rng(2).integers(-25, 25, rgb.shape)).clip(0, 255).astype(np.uint8)
    whole = truth | inside()
    mask, backdrop = candidate(noisy, whole.astype(np.float32), method="net")
    assert backdrop.roughness > 3
    assert iou(mask | inside(), whole) > 0.93


def test_grabcut_without_doubt_returns_what_is_sure() -> None:
    rgb, truth = picture()
    assert np.array_equal(grabcut(rgb, truth, truth, ~truth), truth)


def test_morphology_leaves_a_strap_whole_at_the_picture_edge() -> None:
    mask = np.zeros((20, 30), bool)
    mask[5:15, :] = True
    assert shrunk(mask, 2)[10, 0]
    assert smoothed(mask)[10, 0]
    assert not shrunk(mask, 2)[5, 0]


def test_flood_needs_a_seed_and_specks_go() -> None:
    passable = np.zeros((10, 20), bool)
    passable[:, :5], passable[:, 10:] = True, True
    seeds = np.zeros_like(passable)
    seeds[0, 0] = True
    assert flood(passable, seeds).sum() == 50
    passable[:, :5] = False
    passable[0, 0] = True
    assert without_specks(passable).sum() == 100


def test_a_spot_flood_stays_inside_its_colour() -> None:
    rgb, truth = picture()
    region = spot_flood(to_lab(rgb), (80, 60), 8)
    assert region[60, 80]
    assert not region[5, 5]
    assert region[truth].mean() < 0.1


def test_shapes_are_drawn_in_photo_pixels_at_any_scale() -> None:
    square = drawn([[2, 3, 6, 3, 6, 8, 2, 8]], (10, 10), 4)
    assert square.shape == (40, 40)
    assert abs(int(square.sum()) - 20 * 16) < 45
    disc = drawn([{"ellipse": [5, 5, 3, 2]}], (10, 10), 8)
    assert abs(disc.sum() / 64 - np.pi * 6) < 1
    assert drawn([{"line": [0, 5, 10, 5], "width": 2}], (10, 10), 4)[20].all()
    curve = drawn([{"curve": [5, 2, 8, 5, 5, 8, 2, 5]}], (10, 10), 8)
    assert curve.sum() / 64 > 18 + 4, "a smooth curve bulges beyond the polygon of its points"


@pytest.mark.parametrize("bad", [[1, 2, 3], "circle", {"square": [1, 2]}])
def test_a_shape_that_cannot_be_drawn_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="shape"):
        drawn([bad], (10, 10), 1)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("photos: {a: {methd: net}}", "methd"),
        ("photos: {a: {method: magic}}", "magic"),
        ("scene: {a: [cat]}", "cat"),
        ("accepted: [a]\nleft_out: {a: ugly}", "both"),
    ],
)
def test_a_wrong_word_in_the_hints_is_named(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "hints.yaml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=word):
        read_hints(tmp_path / "hints.yaml")


def test_a_label_follows_the_hints() -> None:
    rgb, truth = picture()
    plain = label(rgb, Guess(truth), Hint())
    assert iou(plain == PRODUCT, truth) > 0.93
    hint = Hint(
        method="drawn", outline=[{"ellipse": [80.5, 60.5, 40.5, 40.5]}], holes=[{"ellipse": [80.5, 60.5, 20.5, 20.5]}], ignore=[[0, 0, 10, 0, 10, 10, 0, 10]]
    )
    by_hand = label(rgb, Guess(np.zeros_like(truth)), hint)
    assert iou(by_hand == PRODUCT, truth) > 0.97
    assert (by_hand == UNDECIDED).sum() in range(90, 122)
    banded = label(rgb, Guess(np.zeros_like(truth)), Hint(outline=[{"ellipse": [80.5, 60.5, 42, 42]}], slack=4))
    assert iou(banded == PRODUCT, truth | inside()) > 0.95, "the band is pulled to the true edge"
    mended = label(rgb, Guess(truth), Hint(product=[{"ellipse": [80, 60, 24, 24]}], backdrop=[[0, 0, 60, 0, 60, 120, 0, 120]], floods=[[150, 60, 6]]))
    assert not (mended[:, :59] == PRODUCT).any()
    assert mended[60, 80] == PRODUCT


def test_an_entry_says_what_became_of_a_photo() -> None:
    hints = Hints(frozenset({"a"}), {"b": "two watches"}, {"a": ("prop",)}, {"a": Hint(slack=2, outline=[[0, 0, 1, 0, 1, 1]])})
    assert entry("a", b"x", hints)["status"] == "used"
    assert entry("a", b"x", hints)["scene"] == ["prop"]
    assert entry("b", b"x", hints)["status"] == "left out: two watches"
    assert entry("c", b"x", hints)["status"] == "left out: not labelled"
    assert how(Hint(method="drawn")) == "outline drawn by hand"
    assert "2 px" in how(hints.of("a"))
    assert "mended" in how(Hint(product=[[0, 0, 1, 0, 1, 1]]))


def test_a_sheet_shows_every_photo() -> None:
    rgb, truth = picture()
    mask = np.where(truth, PRODUCT, NOTHING).astype(np.uint8)
    assert sheet([("a", rgb, mask)] * 4).size == (3 * 466, 2 * 416)


def test_the_committed_labels_carry_the_attribution_word_for_word() -> None:
    text = (HERE / "labels.yaml").read_text("utf-8")
    assert text.startswith(ATTRIBUTION)
    for words in (
        "Caltech 101 (version 1.0), Fei-Fei Li, Marco Andreeto, Marc'Aurelio Ranzato, Pietro Perona, CaltechDATA, 2022,",
        "DOI 10.22002/D1.20086, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Selection; masks added by us.",
    ):
        assert words in text


def test_every_photo_is_used_or_left_out_for_a_reason() -> None:
    assert len(LABELS) == 222
    used = {name for name, said in LABELS.items() if said["status"] == "used"}
    assert used == {path.stem for path in MASKS}
    assert len(used) >= 150
    assert all(said["status"] == "used" or len(said["status"]) > len("left out: ") for said in LABELS.values())
    assert all(len(said["sha256"]) == 64 for said in LABELS.values())
    assert len({said["sha256"] for said in LABELS.values()}) == 222


def test_photos_kept_for_evaluation_have_no_mask() -> None:
    kept = {name for name, said in LABELS.items() if said["status"] == f"left out: {KEPT}"}
    assert len(kept) == 17
    assert not kept & {path.stem for path in MASKS}
    assert not kept & set(read_hints(HERE / "hints.yaml").photos)


def test_the_hints_and_the_labels_agree() -> None:
    hints = read_hints(HERE / "hints.yaml")
    assert {path.stem for path in MASKS} == hints.accepted
    assert set(hints.photos) <= hints.accepted, "a hint for a photo that is not used is dead"
    assert all(LABELS[name]["made"] == how(hints.of(name)) for name in hints.accepted)


@pytest.mark.parametrize("path", MASKS, ids=lambda path: path.stem)
def test_a_committed_mask_is_plausible(path: Path) -> None:
    with Image.open(path) as image:
        assert image.mode == "L"
        assert max(image.size) == 300
        mask = np.asarray(image)
    assert set(np.unique(mask)) <= {NOTHING, UNDECIDED, PRODUCT}
    assert 0.03 < (mask == PRODUCT).mean() < 0.9
    assert (mask == UNDECIDED).mean() < 0.12
