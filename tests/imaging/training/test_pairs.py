"""Pairs of photo and truth: every shape they come in, and every reason to refuse one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging.errors import ImagingError
from imaging.pairs import NotAPair, truth_of
from imaging.training.pairs import Mixed, Pair, PairPhotos, find_pairs, split

SIZE = (240, 180)


def drawing(seed: int, backdrop: int = 90) -> tuple[Image.Image, Image.Image]:
    """A patterned disc with a hole on a plain backdrop, and its mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    d = np.hypot(x - 120, y - 90)
    mask = ((np.clip(60.5 - d, 0, 1) * np.clip(d - 14.5, 0, 1)) * 255).astype(np.uint8)
    side = 8 + seed % 5
    cells = rng.integers(20, 190, (30, 30, 3), dtype=np.uint8).repeat(side, 0).repeat(side, 1)[: SIZE[1], : SIZE[0]]
    share = mask[..., None] / 255
    rgb = cells * share + backdrop * (1 - share)
    return Image.fromarray(rgb.astype(np.uint8)), Image.fromarray(mask)


def on_white(photo: Image.Image, mask: Image.Image) -> Image.Image:
    """As a retoucher returns it: a little brighter, on pure white."""
    return Image.composite(photo.point(lambda level: min(255, int(level * 1.08 + 2))), Image.new("RGB", photo.size, "white"), mask)


def data(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def overlap(alpha: NDArray[np.uint8], mask: Image.Image) -> float:
    p, t = alpha >= 128, np.asarray(mask) >= 128
    return float((p & t).sum() / (p | t).sum())


def test_a_mask_a_cutout_and_a_packshot_on_white_all_tell_the_same() -> None:
    photo, mask = drawing(1)
    cutout = photo.copy()
    cutout.putalpha(mask)
    jpeg = data(photo, "JPEG", quality=95)

    grey = truth_of(jpeg, data(mask), mask=True)
    clear = truth_of(jpeg, data(cutout))
    white = truth_of(jpeg, data(on_white(photo, mask), "JPEG", quality=95))

    assert [truth.how for truth in (grey, clear, white)] == ["mask", "alpha", "white"]
    assert overlap(grey.alpha, mask) == overlap(clear.alpha, mask) == 1
    assert overlap(white.alpha, mask) > 0.98
    assert not white.alpha[85:95, 115:125].any(), "the hole shows the photo's backdrop, so it is a hole"
    assert grey.known.all()
    assert clear.known.all()


def test_a_white_place_inside_that_nobody_can_tell_is_not_learnt_from() -> None:
    photo, mask = drawing(1, backdrop=250)
    truth = truth_of(data(photo), data(on_white(photo, mask)))
    assert not truth.known[88:92, 118:122].any()


def test_a_white_dial_is_kept() -> None:
    photo, mask = drawing(1)
    dialled = np.asarray(photo).copy()
    dialled[np.asarray(mask) == 0] = 90
    dialled[78:102, 108:132] = 250
    full = np.asarray(mask).copy()
    full[76:104, 106:134] = 255
    shot, whole = Image.fromarray(dialled), Image.fromarray(full)
    truth = truth_of(data(shot), data(on_white(shot, whole)))
    assert truth.alpha[85:95, 115:125].all()


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_photo_that_exif_turns_is_turned_with_its_mask(orientation: int) -> None:
    photo, mask = drawing(2)
    turn = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = data(photo, "JPEG", quality=95, exif=exif.tobytes())
    upright = truth_of(stored, data(mask.transpose(turn)), mask=True)
    assert upright.rgb.shape[:2] == upright.alpha.shape == mask.transpose(turn).size[::-1]
    assert overlap(upright.alpha, mask.transpose(turn)) == 1
    if orientation != 3:  # a mask made of the stored pixels has the other shape, and is turned too
        assert overlap(truth_of(stored, data(mask), mask=True).alpha, mask.transpose(turn)) == 1


def test_a_deep_or_indexed_mask_keeps_its_levels() -> None:
    photo, mask = drawing(3)
    deep = Image.fromarray(np.asarray(mask).astype(np.uint16) * 257)
    for other in (deep, mask.convert("P"), mask.point(lambda level: 255 * (level >= 128)).convert("1")):
        assert overlap(truth_of(data(photo), data(other), mask=True).alpha, mask) > 0.995


def moved(photo: Image.Image, mask: Image.Image) -> Image.Image:
    away = Image.new("RGB", photo.size, "white")
    away.paste(on_white(photo, mask), (12, 4))
    return away


def shadowed(photo: Image.Image, mask: Image.Image) -> Image.Image:
    far = np.asarray(mask.resize((24, 18)).resize(SIZE), np.float32)
    soft = np.clip(255 - far * 0.12, 0, 255).astype(np.uint8)
    return Image.composite(on_white(photo, mask), Image.fromarray(soft).convert("RGB").transform(SIZE, Image.Transform.AFFINE, (0.8, 0, 24, 0, 0.8, 0)), mask)


@pytest.mark.parametrize(
    ("back", "mask_by_name", "why"),
    [
        (lambda photo, mask: mask.point(lambda level: 0), True, "empty"),
        (lambda photo, mask: mask.point(lambda level: 255), True, "full"),
        (lambda photo, mask: on_white(photo, mask).resize((480, 360)), False, "480 x 360: it must have the photo.s size"),
        (lambda photo, mask: photo.point(lambda level: level + 5), False, "not on pure white"),
        (moved, False, "same place"),
        (lambda photo, mask: on_white(drawing(77)[0], mask), False, "same place"),
        (lambda photo, mask: Image.new("RGB", SIZE, "white"), False, "white all over"),
        (shadowed, False, "shadow"),
    ],
)
def test_what_tells_nothing_is_refused_in_words(back: object, mask_by_name: bool, why: str) -> None:
    photo, mask = drawing(4)
    with pytest.raises(NotAPair, match=why):
        truth_of(data(photo), data(back(photo, mask)), mask=mask_by_name)  # type: ignore[operator]


def test_a_folder_of_every_shape_is_read_and_what_has_no_use_is_named(tmp_path: Path) -> None:
    for name in ("images", "masks", "flat"):
        (tmp_path / name).mkdir()
    shots = {seed: drawing(seed) for seed in range(6)}
    for seed, (photo, mask) in shots.items():
        beside = tmp_path / "flat" / f"N-{seed}.jpg"
        cutout = photo.copy()
        cutout.putalpha(mask)
        if seed == 0:
            beside = tmp_path / "images" / "N-0.jpg"
            mask.save(tmp_path / "masks" / "N-0.png")
        elif seed == 1:
            mask.save(tmp_path / "flat" / "N-1.mask.png")
        elif seed == 2:
            mask.save(tmp_path / "flat" / "N-2.alpha.png")
        elif seed == 3:
            cutout.save(tmp_path / "flat" / "N-3.png")
        elif seed == 4:
            on_white(photo, mask).save(tmp_path / "flat" / "N-4.retouched.jpg", quality=95)
        photo.save(beside, quality=95)
    (tmp_path / "flat" / "again.jpg").write_bytes((tmp_path / "flat" / "N-1.jpg").read_bytes())
    shots[1][1].save(tmp_path / "flat" / "again.mask.png")
    (tmp_path / "flat" / "torn.jpg").write_bytes(b"no picture")
    shots[1][1].save(tmp_path / "flat" / "torn.mask.png")
    shots[1][1].save(tmp_path / "masks" / "ghost.png")
    (tmp_path / "notes.txt").write_text("not a picture")

    found = find_pairs(tmp_path, tmp_path / "kept")

    assert {pair.name: pair.how for pair in found.pairs} == {
        "images/N-0.jpg": "mask",
        "flat/N-1.jpg": "mask",
        "flat/N-2.jpg": "mask",
        "flat/N-3.jpg": "alpha",
        "flat/N-4.jpg": "white",
    }
    assert set(found.unusable) == {"flat/again.jpg", "flat/N-5.jpg", "flat/torn.jpg", "masks/ghost.png"}
    assert found.unusable["flat/again.jpg"] == "the same photo as flat/N-1.jpg"
    assert "N-5.mask.png" in found.unusable["flat/N-5.jpg"]
    assert "unreadable" in found.unusable["flat/torn.jpg"]
    held = PairPhotos(tmp_path / "kept", [pair.sha256 for pair in found.pairs])
    rgb, alpha, weight, told = held.pick(np.random.default_rng(0))
    assert (rgb.shape[2], alpha.shape, weight.shape) == (3, rgb.shape[:2], rgb.shape[:2])
    assert np.isnan(told).all(), "nobody said what else it shows"


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match=r"NAME\.mask\.png"):
        find_pairs(tmp_path)
    with pytest.raises(ImagingError, match="no such folder"):
        find_pairs(tmp_path / "gone")


def pair(number: int, clear: bool = True) -> Pair:
    import hashlib

    return Pair(f"{number}", Path("p"), Path("b"), True, hashlib.sha256(str(number).encode()).hexdigest(), "mask", clear)


def test_a_photo_stays_on_its_side_when_others_join() -> None:
    few, many = [pair(n) for n in range(40)], [pair(n) for n in range(400)]
    kept_few, kept_many = ({one.name for one in split(pairs)[1]} for pairs in (few, many))
    assert kept_few <= kept_many
    assert 50 < len(kept_many) < 110
    assert not {one.name for one in split(many)[0]} & kept_many
    assert len(split([pair(1), pair(2)])[1]) == 1, "something to tell by, however few"
    assert split([pair(n, clear=False) for n in range(40)])[1] == [], "a truth that is half known tells nothing"


def test_samples_of_pairs_say_nothing_of_stands_and_are_the_same_again(tmp_path: Path) -> None:
    photo, mask = drawing(5)
    photo.save(tmp_path / "N.jpg", quality=95)
    mask.save(tmp_path / "N.mask.png")
    [one] = find_pairs(tmp_path, tmp_path / "kept").pairs
    source = Mixed(tmp_path / "kept", [one.sha256], 0.0)

    first, again = (source.sample(np.random.default_rng(9), (96, 64)) for _ in range(2))

    assert (first.rgb.shape, first.alpha.shape) == ((64, 96, 3), (64, 96))
    assert np.array_equal(first.rgb, again.rgb)
    assert first.scene[0] == 1
    assert np.isnan(first.scene[1:]).all()
    kinds = {source.sample(np.random.default_rng(seed), (64, 64)).kind for seed in range(12)}
    assert kinds == {"photo", "photo lifted"}
    ours = Mixed(tmp_path / "kept", [one.sha256], 1.0)
    assert not np.isnan(ours.sample(np.random.default_rng(1), (64, 64)).scene).any()
