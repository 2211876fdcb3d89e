from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from imaging.errors import Unreadable
from imaging.mending import Backdrop
from imaging.shoots import LEAST, backdrop_of_shoot, find_backdrops
from tests import shots
from tests.imaging.conftest import KnowsTheTruth

SMALL = (400, 300)
NET = KnowsTheTruth(shots.watch_alpha(1, size=SMALL))


def shoot(folder: Path, count: int, *, papers: int = 1) -> list[Path]:
    folder.mkdir()
    files = [folder / f"{number}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        paper = np.zeros(3) if papers == 1 else np.array([0, 0.3, 0.6]) * (number % papers)
        file.write_bytes(_tinted(shots.watch_photo(1, size=SMALL), paper))
    return files


def _tinted(photo: bytes, tint: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    pixels = np.asarray(Image.open(io.BytesIO(photo)), dtype=np.float64)
    slope = 1 - tint * np.linspace(0, 1, pixels.shape[1])[None, :, None]
    out = io.BytesIO()
    Image.fromarray((pixels * slope).astype(np.uint8)).save(out, "JPEG")
    return out.getvalue()


def test_a_folder_that_shares_its_paper_shares_a_backdrop(tmp_path: Path) -> None:
    files = shoot(tmp_path / "a", LEAST)

    found = find_backdrops(files, NET)

    assert set(found) == {tmp_path / "a"}
    assert found[tmp_path / "a"].photos == 6


def test_few_photos_and_unreadable_ones_share_nothing(tmp_path: Path) -> None:
    files = shoot(tmp_path / "a", LEAST - 1)
    broken = [tmp_path / f"{number}.jpg" for number in range(LEAST)]
    broken[0].write_bytes(b"no picture")

    assert find_backdrops([*files, *broken], NET) == {}


def test_papers_that_differ_are_not_mixed(tmp_path: Path) -> None:
    assert find_backdrops(shoot(tmp_path / "a", 9, papers=5), NET) == {}


def test_the_order_in_which_the_files_are_given_does_not_matter(tmp_path: Path) -> None:
    files = shoot(tmp_path / "a", LEAST + 4)
    for number, file in enumerate(files):  # each another frame of the same paper
        file.write_bytes(shots.watch_photo(1 + number, size=SMALL))

    one, other = (find_backdrops(order, NET)[tmp_path / "a"] for order in (files, files[::-1]))

    assert one.id == other.id


def test_a_stored_backdrop_is_the_same_bit_by_bit(tmp_path: Path) -> None:
    found = find_backdrops(shoot(tmp_path / "a", LEAST), NET)[tmp_path / "a"]

    back = Backdrop.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))

    assert back.id == found.id
    assert (back.miss, back.odd, back.aspect, back.photos) == (found.miss, found.odd, found.aspect, found.photos)
    assert back.surface((64, 48)).tobytes() == found.surface((64, 48)).tobytes()


def test_a_backdrop_of_which_too_little_was_seen_is_stored_too(tmp_path: Path) -> None:
    found = replace(find_backdrops(shoot(tmp_path / "a", LEAST), NET)[tmp_path / "a"], miss=float("inf"))

    assert Backdrop.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))).miss == float("inf")


def test_a_shoot_is_known_by_its_bytes_as_by_its_files(tmp_path: Path) -> None:
    files = shoot(tmp_path / "a", LEAST)

    def lost() -> bytes:
        raise Unreadable("gone")

    found = backdrop_of_shoot([lost, *(file.read_bytes for file in files)], NET)

    assert found is not None
    assert found.photos == 5, "one of the six that were looked at is lost"
    assert backdrop_of_shoot([file.read_bytes for file in files], NET).id == find_backdrops(files, NET)[tmp_path / "a"].id  # type: ignore[union-attr]
