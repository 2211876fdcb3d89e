"""An image sent out comes back, by name or by an upload that says what it replaces: the retouch is closed and the picture replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.kit import Kit
from app.models import Arrival, ImageSetItem, Placement, Retouch
from app.stages import STAGES, folders, review
from app.stages.intake import open_batch, receive_file
from app.stages.run import settle_all
from app.states import PhotoState, PlacementState, RetouchState
from tests.app.conftest import Clock
from tests.app.factories import account, product
from tests.shots import watch_photo

INTAKE = {"intake": STAGES["intake"]}


def photo(seed: int, **faults: float) -> bytes:
    return watch_photo(seed=seed, size=(1200, 900), **faults)  # type: ignore[arg-type]


def receive(kit: Kit, name: str, data: bytes, replaces: ImageSetItem | None = None) -> None:
    with kit.db.writing() as session:
        batch = open_batch(session, "upload", name, kit.now())
        receive_file(session, kit, batch=batch, name=name, data=data, sku="W-1", replaces=replaces)
    settle_all(kit, INTAKE)


def sent_out(kit: Kit, clock: Clock, name: str = "W-1/dial.jpg") -> Placement:
    """The only photo of W-1, in review and sent to the studio."""
    account(kit)
    product(kit, "W-1")
    receive(kit, name, photo(1))
    clock.advance(60)
    with kit.db.writing() as session:
        main = session.scalars(sa.select(Placement)).one()
        main.state = PlacementState.REVIEW
        review.send_to_retouch(session, kit, main, "ann", "studio", "dust")
    clock.advance(60)
    return main


def items(kit: Kit) -> list[ImageSetItem]:
    with kit.db.reading() as session:
        return list(session.scalars(sa.select(ImageSetItem).order_by(ImageSetItem.id)))


def retouch(kit: Kit) -> Retouch:
    with kit.db.reading() as session:
        return session.scalars(sa.select(Retouch)).one()


@pytest.mark.parametrize(("first", "back"), [("W-1/dial.jpg", "W-1/dial.jpg"), ("W-1/IMG_0042.jpg", "IMG_0042.tif"), ("W-1_2_dial.jpg", "W-1_dial.jpg")])
def test_a_file_that_comes_back_under_its_name_replaces_the_picture(each_kit: Kit, clock: Clock, first: str, back: str) -> None:
    kit = each_kit
    place = sent_out(kit, clock, first)
    receive(kit, back, photo(2))

    old, new = items(kit)
    assert (old.state, new.state, new.replaces_id, new.shot, new.order) == (PhotoState.REJECTED, PhotoState.ACCEPTED, old.id, old.shot, old.order)
    closed = retouch(kit)
    assert (closed.state, closed.returned_photo, closed.returned_at) == (RetouchState.BACK, new.photo_sha256, kit.now())
    with kit.db.reading() as session:
        main = session.get_one(Placement, place.id)
        assert (main.item_id, main.state) == (new.id, PlacementState.WAITING)


def test_an_upload_that_says_what_it_replaces_needs_no_name(kit: Kit, clock: Clock) -> None:
    sent_out(kit, clock)
    receive(kit, "final_v3.png", photo(2), replaces=items(kit)[0])
    old, new = items(kit)
    assert (old.state, new.replaces_id, new.shot, retouch(kit).state) == (PhotoState.REJECTED, old.id, "dial", RetouchState.BACK)


def test_another_shot_and_the_same_bytes_are_not_what_was_sent_out(kit: Kit, clock: Clock) -> None:
    sent_out(kit, clock)
    receive(kit, "W-1/side.jpg", photo(3))
    receive(kit, "W-1/dial_new.jpg", photo(1))
    assert [item.state for item in items(kit)] == [PhotoState.ACCEPTED] * 2
    assert retouch(kit).state == RetouchState.OUT


def test_a_retouched_photo_that_is_flagged_replaces_only_once_it_is_accepted(kit: Kit, clock: Clock) -> None:
    place = sent_out(kit, clock)
    receive(kit, "W-1/dial.jpg", watch_photo(seed=2, size=(300, 200)))
    old, new = items(kit)
    assert (old.state, new.state, retouch(kit).state) == (PhotoState.ACCEPTED, PhotoState.FLAGGED, RetouchState.OUT)
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Placement.item_id)).all() == [old.id], "it takes no second place beside the one it stands in for"

    with kit.db.writing() as session:
        review.accept_photo(session, kit, session.get_one(ImageSetItem, new.id), "ann", "small but good")
    assert [item.state for item in items(kit)] == [PhotoState.REJECTED, PhotoState.ACCEPTED]
    assert retouch(kit).state == RetouchState.BACK
    with kit.db.reading() as session:
        assert session.get_one(Placement, place.id).item_id == new.id


def test_a_file_that_came_back_unusable_leaves_the_retouch_out_for_a_better_one(kit: Kit, clock: Clock) -> None:
    place = sent_out(kit, clock)
    receive(kit, "W-1/dial.jpg", watch_photo(seed=2, size=(300, 200)))
    with kit.db.writing() as session:
        review.reject_photo(session, kit, session.get_one(ImageSetItem, items(kit)[1].id), "ann", "far too small")
    assert retouch(kit).state == RetouchState.OUT

    receive(kit, "W-1/dial.jpg", photo(3))

    assert [item.state for item in items(kit)] == [PhotoState.REJECTED, PhotoState.REJECTED, PhotoState.ACCEPTED]
    assert retouch(kit).state == RetouchState.BACK
    with kit.db.reading() as session:
        assert session.get_one(Placement, place.id).item_id == items(kit)[2].id


@pytest.mark.parametrize("take_back", [True, False])
def test_a_decision_against_it_ends_the_waiting(kit: Kit, clock: Clock, take_back: bool) -> None:
    place = sent_out(kit, clock)
    with kit.db.writing() as session:
        row = session.get_one(Placement, place.id)
        if take_back:
            review.ask_again(session, kit, row, "ann")
        else:
            review.reject(session, kit, row, "ann", "not worth it")
    assert retouch(kit).state == RetouchState.CANCELLED
    with kit.db.reading() as session:
        assert session.get_one(Placement, place.id).state == (PlacementState.REVIEW if take_back else PlacementState.REJECTED)


def test_a_camera_that_counts_by_the_time_and_long_shots_are_taken(each_kit: Kit) -> None:
    product(each_kit, "W-1")
    with each_kit.db.writing() as session:
        batch = open_batch(session, "upload", "b", each_kit.now())
        receive_file(session, each_kit, batch=batch, name="W-1/IMG_20261123123456789.jpg", data=b"a")
        receive_file(session, each_kit, batch=batch, name=f"W-1/{'long-' * 20}shot.jpg", data=b"b")
    with each_kit.db.reading() as session:
        assert len(session.scalars(sa.select(Arrival)).all()) == 2


def test_a_name_that_is_no_utf8_does_not_stop_the_folder(each_kit: Kit, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    Path(os.fsdecode(bytes(folder) + b"/W-1_d\xefal.jpg")).write_bytes(b"a")
    (folder / "W-1_side.jpg").write_bytes(b"b")
    seen: folders.Seen = {}
    assert [folders.scan_folder(each_kit, folder, seen) for _ in range(3)] == [0, 2, 0]
