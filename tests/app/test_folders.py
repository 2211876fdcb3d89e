"""The watched folder: finished files once, half-written ones not, strangers to the tray."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import controls, doctor
from app.kit import Kit
from app.models import Arrival, Batch
from app.stages import folders
from app.stages.folders import scan_folder
from app.states import ArrivalState
from app.store import StoreError
from scheduler import jobs
from scheduler.jobs import House
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


def test_folders_of_the_same_name_are_told_apart(kit: Kit, tmp_path: Path) -> None:
    for house in ("a", "b"):
        (tmp_path / house / "intake").mkdir(parents=True)
        photo = tmp_path / house / "intake" / "W-1_dial.jpg"
        photo.write_bytes(house.encode())
        os.utime(photo, ns=(5, 5))
    assert [look_twice(kit, tmp_path / house / "intake", {}) for house in ("a", "b", "a", "b")] == [1, 1, 0, 0]


def test_what_was_taken_when_folders_were_known_by_their_last_name_is_not_taken_again(kit: Kit, tmp_path: Path) -> None:
    photo = tmp_path / "intake" / "W-1_dial.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"taken")
    look_twice(kit, photo.parent, {})
    with kit.db.writing() as session:
        session.execute(sa.update(Arrival).values(key=f"intake/W-1_dial.jpg:5:{photo.stat().st_mtime_ns}"))
    assert look_twice(kit, photo.parent, {}) == 0


def test_what_cannot_be_taken_is_named_and_keeps_no_other_from_it(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in {"a.jpg": b"far too large", "b.jpg": b"locked", "c.jpg": b"fine"}.items():
        (tmp_path / name).write_bytes(data)
    read = Path.read_bytes
    monkeypatch.setattr(folders, "MOST_BYTES", 10)
    monkeypatch.setattr(Path, "read_bytes", lambda path: _locked() if path.name == "b.jpg" else read(path))

    seen: folders.Seen = {}
    scan_folder(kit, tmp_path, seen)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"a\.jpg: 0 MB is over 0 MB \(and 1 more\)"):
            scan_folder(kit, tmp_path, seen)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(StoreError, match=r"b\.jpg: cannot be read: Permission denied$"):
        scan_folder(kit, tmp_path, seen)
    assert [a.name for a in arrivals(kit)] == ["c.jpg"]


def test_a_folder_that_may_not_be_entered_keeps_no_other_from_being_looked_into(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("locked/a.jpg", "open/b.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"fine")
    look, follow = Path.stat, Path.is_symlink
    monkeypatch.setattr(Path, "stat", lambda path, **how: _no_entry(path) or look(path, **how))
    monkeypatch.setattr(Path, "is_symlink", lambda path: bool(_no_entry(path)) or follow(path))

    seen: folders.Seen = {}
    for _ in range(2):
        with pytest.raises(StoreError, match=r"locked/a\.jpg: cannot be read: Permission denied$"):
            scan_folder(kit, tmp_path, seen)
    assert [a.name for a in arrivals(kit)] == ["open/b.jpg"]


def _no_entry(path: Path) -> None:
    if path.parent.name == "locked":
        raise PermissionError(13, "Permission denied", str(path))


def test_the_database_is_asked_once_about_what_lies_there(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()
    before = folders.taken_before
    monkeypatch.setattr(folders, "taken_before", lambda kit, source, keys: asked.append(len(keys := list(keys))) or before(kit, source, keys))
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    seen: folders.Seen = {}

    assert [scan_folder(kit, tmp_path, seen) for _ in range(4)] == [0, 2, 0, 0]
    (tmp_path / "a.jpg").write_bytes(b"another")
    assert [scan_folder(kit, tmp_path, seen) for _ in range(3)] == [0, 1, 0]

    assert asked == [0, 4, 0, 0, 0, 2, 0]
    assert [scan_folder(kit, tmp_path, fresh) for fresh in [folders.Seen()] for _ in range(3)] == [0, 0, 0], "a restart takes nothing twice"


def _locked() -> bytes:
    raise PermissionError(13, "Permission denied")


def test_a_watched_folder_that_is_not_there_is_told_by_page_and_doctor_until_it_is(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    kit = make_kit(intake=(str(tmp_path / "drop"),))
    for there in (False, True):
        jobs.look_into_folders(House(kit, "one"))
        with kit.db.reading() as session:
            told = [text for text in controls.banners(session) if "folder" in text]
        [(well, words)] = dict(doctor.PARTS)["intake"](kit)
        assert well == there
        if not there:
            assert told == [f"A watched folder needs a look: {tmp_path / 'drop'}: cannot be listed: No such file or directory."]
            assert "PACKSHOT_INTAKE" in words
            (tmp_path / "drop").mkdir()
    assert told == []
