"""The watched folder: finished files once, half-written ones not, strangers to the tray."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from app.kit import Kit
from app.models import Arrival, Batch
from app.stages.folders import scan_folder
from app.states import ArrivalState
from tests.app.factories import product


def look_twice(kit: Kit, folder: Path, seen: dict[Path, tuple[int, int]]) -> int:
    return scan_folder(kit, folder, seen) + scan_folder(kit, folder, seen)


def arrivals(kit: Kit) -> list[Arrival]:
    with kit.db.reading() as session:
        return list(session.scalars(sa.select(Arrival).order_by(Arrival.name)))


def test_a_file_is_taken_once_its_size_and_time_are_steady(kit: Kit, tmp_path: Path) -> None:
    product(kit, "W-1")
    folder, seen = tmp_path / "shoot", {}
    (folder / "W-1").mkdir(parents=True)
    photo = folder / "W-1" / "dial.jpg"
    photo.write_bytes(b"half")
    assert scan_folder(kit, folder, seen) == 0
    photo.write_bytes(b"half and the rest")
    assert scan_folder(kit, folder, seen) == 0, "it grew since the last look"
    assert scan_folder(kit, folder, seen) == 1
    assert scan_folder(kit, folder, seen) == 0

    [arrival] = arrivals(kit)
    assert (arrival.shot, arrival.state) == ("dial", ArrivalState.WAITING)
    assert kit.originals.get(arrival.sha256 or "") == b"half and the rest"
    assert photo.exists(), "originals are never moved or deleted"


def test_both_ways_of_naming_find_the_product_and_its_shot(kit: Kit, tmp_path: Path) -> None:
    product(kit, "W-1")
    product(kit, "AB_12")
    folder, seen = tmp_path / "shoot", {}
    (folder / "W-1").mkdir(parents=True)
    for name in ("W-1/side.jpg", "W-1_caseback.jpg", "AB_12_dial.jpg"):
        (folder / name).write_bytes(name.encode())

    assert look_twice(kit, folder, seen) == 3
    assert [(a.product_id, a.shot) for a in arrivals(kit)] == [(2, "dial"), (1, "side"), (1, "caseback")]


def test_a_name_that_fits_no_sku_goes_to_the_tray_with_the_reason(kit: Kit, tmp_path: Path) -> None:
    folder, seen = tmp_path / "shoot", {}
    folder.mkdir()
    (folder / "NOBODY_dial.jpg").write_bytes(b"x")

    look_twice(kit, folder, seen)
    [arrival] = arrivals(kit)
    assert arrival.state == ArrivalState.UNMATCHED
    assert "NOBODY" in (arrival.problem or "")


def test_hidden_files_links_and_other_files_are_left_alone(kit: Kit, tmp_path: Path) -> None:
    folder, seen = tmp_path / "shoot", {}
    folder.mkdir()
    (folder / ".W-1_dial.jpg").write_bytes(b"x")
    (folder / ".trash" / "W-1").mkdir(parents=True)
    (folder / ".trash" / "W-1" / "dial.jpg").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    os.symlink("/etc/hostname", folder / "W-1_side.jpg")

    assert look_twice(kit, folder, seen) == 0
    assert arrivals(kit) == []


def test_a_changed_file_is_a_new_arrival_and_a_restart_takes_nothing_twice(kit: Kit, tmp_path: Path) -> None:
    product(kit, "W-1")
    folder = tmp_path / "shoot"
    folder.mkdir()
    photo = folder / "W-1_dial.jpg"
    photo.write_bytes(b"first")
    look_twice(kit, folder, {})
    look_twice(kit, folder, {})  # a restart has forgotten what it saw
    photo.write_bytes(b"retaken photograph")
    look_twice(kit, folder, {})

    assert [a.state for a in arrivals(kit)] == [ArrivalState.WAITING, ArrivalState.WAITING]
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Batch)) == 1
