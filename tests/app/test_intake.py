"""What intake makes of a photo that could not be read, and of one that came in a bad moment."""

from __future__ import annotations

from unittest.mock import patch

import sqlalchemy as sa

import imaging
from app.kit import Kit
from app.models import Arrival, ImageSetItem, Photo, Work
from app.stages import STAGES, intake
from app.stages.intake import open_batch, receive_file
from app.stages.run import settle_all
from app.states import ArrivalState, PhotoState
from tests.app.factories import account, product
from tests.shots import watch_photo

INTAKE = {"intake": STAGES["intake"]}


def _receive(kit: Kit, name: str, data: bytes, sku: str = "W-1") -> None:
    with kit.db.writing() as session:
        receive_file(session, kit, batch=open_batch(session, "upload", name, kit.now()), name=name, data=data, sku=sku)
    settle_all(kit, INTAKE)


def _item(kit: Kit) -> tuple[PhotoState, str | None, int]:
    with kit.db.reading() as session:
        item = session.scalars(sa.select(ImageSetItem)).one()
        return item.state, session.get_one(Photo, item.photo_sha256).problem, len(item.findings)


def test_a_photo_that_could_not_be_read_once_is_read_when_it_comes_again(each_kit: Kit) -> None:
    kit, data = each_kit, watch_photo(seed=1, size=(1200, 900))
    account(kit)
    product(kit, "W-1")
    with patch.object(imaging, "probe", side_effect=imaging.Unreadable("a decoder of yesterday")):
        _receive(kit, "W-1/dial.jpg", data)
    assert _item(kit)[:2] == (PhotoState.FLAGGED, "unreadable: a decoder of yesterday")

    _receive(kit, "W-1/again.jpg", data)

    assert _item(kit) == (PhotoState.ACCEPTED, None, 0)


def test_a_photo_that_is_still_unreadable_stays_with_a_person(each_kit: Kit) -> None:
    account(each_kit)
    product(each_kit, "W-1")
    for name in ("W-1/dial.jpg", "W-1/again.jpg"):
        _receive(each_kit, name, b"no picture at all")

    assert _item(each_kit)[0] == PhotoState.FLAGGED


def test_a_shortage_of_memory_is_tried_again_and_not_kept_against_the_photo(kit: Kit) -> None:
    product(kit, "W-1")
    with patch.object(imaging, "probe", side_effect=imaging.Exhausted("decoding ran out of memory")):
        _receive(kit, "W-1/dial.jpg", watch_photo(seed=1, size=(1200, 900)))

    with kit.db.reading() as session:
        assert session.scalars(sa.select(Arrival)).one().state == ArrivalState.WAITING
        assert session.scalars(sa.select(Photo)).all() == []
        assert session.scalars(sa.select(Work.attempts).where(Work.stage == "intake")).one() == 1
        assert intake.gather(session, kit, "1") is not None
