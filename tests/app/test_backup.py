"""A backup brings back every row and every file, from either database to either, and never half."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import backup, people
from app.kit import Kit
from app.models import Base, Event, ImageSetItem, Product, User, Work
from app.store import StoreError
from app.work import wake
from tests.app.factories import item, product


def furnish(kit: Kit) -> str:
    """Some rows of several kinds, an original and a media file; returns the original's hash."""
    photo = kit.originals.put(b"an original")
    kit.media.publish(b"a finished file")
    with kit.db.writing() as session:
        people.create_user(session, "ada", "correct horse battery", "admin", kit.now())
        session.add(
            Product(sku="PS-1", title="Wätch", size_mm={"case": 40.5}, attributes={"$time": "a seller's own word"}, created_at=kit.now(), updated_at=kit.now())
        )
        wake(session, "want", 1, at=kit.now())
    with kit.db.writing() as session:
        session.execute(sa.update(Work).values(leased_until=kit.now(), due_at=None, generation=7))
    return photo


def everything(kit: Kit) -> dict[str, list[tuple[Any, ...]]]:
    with kit.db.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(sa.select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name != "work"  # what was in flight comes back due
        }


@pytest.fixture
def other(make_kit: Callable[..., Kit], tmp_path: Path) -> Kit:
    """A second installation, empty."""
    kit = make_kit(var=tmp_path / "other")
    empty(kit)
    return kit


def empty(kit: Kit) -> None:
    with kit.db.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(sa.delete(table))


def test_what_was_backed_up_comes_back_whole(kit: Kit, other: Kit, tmp_path: Path) -> None:
    photo = furnish(kit)
    before = everything(kit)

    kept = backup.backup(kit, tmp_path / "kept.tar.gz")
    brought = backup.restore(other, tmp_path / "kept.tar.gz")

    assert everything(other) == before
    assert other.originals.get(photo) == b"an original"
    assert (brought.rows, brought.files) == (kept.rows, kept.files)
    assert kept.files == 2


def test_a_damaged_file_is_whole_again_after_a_restore(kit: Kit, tmp_path: Path) -> None:
    photo = furnish(kit)
    backup.backup(kit, tmp_path / "kept.tar.gz")
    for damaged in (b"an", b"AN ORIGINAL"):
        kit.originals.replace(kit.originals.names()[0], damaged)
        with pytest.raises(StoreError, match="restore it from the backup"):
            kit.originals.get(photo)

        backup.restore(kit, tmp_path / "kept.tar.gz", force=True)

        assert kit.originals.get(photo) == b"an original"


@pytest.mark.postgres
def test_rows_that_name_later_rows_of_their_table_come_back(make_kit: Callable[..., Kit], postgres_url: str, tmp_path: Path) -> None:
    big = make_kit(postgres_url, var=tmp_path / "big")
    empty(big)
    of = product(big, "PS-2")
    first, second = item(big, of, "dial"), item(big, of, "side")
    with big.db.writing() as session:
        session.get_one(ImageSetItem, first.id).replaces_id = second.id
    before = everything(big)
    backup.backup(big, tmp_path / "big.tar.gz")

    backup.restore(big, tmp_path / "big.tar.gz", force=True)

    assert everything(big) == before


def test_what_was_in_flight_is_due_again_under_a_new_generation(kit: Kit, other: Kit, tmp_path: Path) -> None:
    furnish(kit)
    with other.db.writing() as session:
        session.add(Work(stage="want", row="9", generation=40))
    backup.backup(kit, tmp_path / "kept.tar.gz")

    backup.restore(other, tmp_path / "kept.tar.gz", force=True)

    with other.db.reading() as session:
        [work] = session.scalars(sa.select(Work)).all()
    assert (work.leased_until, work.due_at is not None, work.generation > 40) == (None, True, True)


@pytest.mark.postgres
def test_postgresql_to_sqlite_and_back(make_kit: Callable[..., Kit], other: Kit, postgres_url: str, tmp_path: Path) -> None:
    big = make_kit(postgres_url, var=tmp_path / "big")
    furnish(big)
    before = everything(big)

    backup.backup(big, tmp_path / "big.tar.gz")
    backup.restore(other, tmp_path / "big.tar.gz")
    backup.backup(other, tmp_path / "small.tar.gz")
    backup.restore(big, tmp_path / "small.tar.gz", force=True)

    assert everything(other) == before
    assert everything(big) == before
    with big.db.writing() as session:  # ids go on after the highest one that came back
        people.create_user(session, "bob", "correct horse battery", "viewer", big.now())
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 2


def test_a_full_installation_is_not_overwritten_by_accident(kit: Kit, tmp_path: Path) -> None:
    furnish(kit)
    backup.backup(kit, tmp_path / "kept.tar.gz")
    with kit.db.writing() as session:
        session.execute(sa.update(Product).values(title="later"))
    later = everything(kit)

    with pytest.raises(backup.BackupError, match=r"not empty .* --force"):
        backup.restore(kit, tmp_path / "kept.tar.gz")

    assert everything(kit) == later


def test_a_damaged_archive_changes_nothing(kit: Kit, other: Kit, tmp_path: Path) -> None:
    furnish(kit)
    whole = tmp_path / "kept.tar.gz"
    backup.backup(kit, whole)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[:-200])
    forged = tmp_path / "forged.tar.gz"
    with tarfile.open(whole) as source, tarfile.open(forged, "w:gz") as target:
        for member in source.getmembers():
            if member.name.startswith("originals/"):
                member.size = 1
            target.addfile(member, source.extractfile(member))

    leads_out = tmp_path / "leads_out.tar.gz"
    with tarfile.open(leads_out, "w:gz") as target:
        target.addfile(tarfile.TarInfo("../outside"), io.BytesIO(b""))

    for bad in (cut, forged, leads_out):
        with pytest.raises(backup.BackupError, match=bad.name):
            backup.restore(other, bad)

    assert not any(everything(other).values())


def test_a_backup_tells_what_it_holds_and_keeps_no_secret(kit: Kit, tmp_path: Path) -> None:
    furnish(kit)

    backup.backup(kit, tmp_path / "kept.tar.gz")

    with tarfile.open(tmp_path / "kept.tar.gz") as archive:
        inside = archive.extractfile(backup.MANIFEST)
        assert inside is not None
        manifest = json.load(inside)
        names = archive.getnames()
    assert manifest["rows"]["users"] == 1
    assert set(manifest["files"]) == set(names) - {backup.MANIFEST}
    assert not any("secret" in name for name in names)


def test_an_existing_file_is_not_overwritten_and_a_failure_leaves_none(kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there.tar.gz").write_text("precious")
    with pytest.raises(backup.BackupError, match="exists"):
        backup.backup(kit, tmp_path / "there.tar.gz")

    monkeypatch.setattr(kit.originals, "names", lambda: ["no/such/file"])
    with pytest.raises(Exception, match="is not there"):
        backup.backup(kit, tmp_path / "new.tar.gz")

    assert (tmp_path / "there.tar.gz").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.glob("*.gz*")) == ["there.tar.gz"]


def test_a_backup_taken_while_rows_are_written_is_one_moment(kit: Kit, other: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row written after the snapshot is not in it, and every file that its rows name is."""
    furnish(kit)
    names = kit.originals.names

    def and_meanwhile() -> list[str]:
        with kit.db.writing() as session:
            session.add(Event(at=kit.now(), kind="house", row="x", what="meanwhile", why="", who="tests"))
        return names()

    monkeypatch.setattr(kit.originals, "names", and_meanwhile)
    before = everything(kit)
    backup.backup(kit, tmp_path / "kept.tar.gz")
    backup.restore(other, tmp_path / "kept.tar.gz")

    assert everything(other) == before
