"""Sessions and the one door: no update is lost, no state is changed twice, reading cannot write."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from app.db import move, record
from app.kit import Kit
from app.models import Event, Product, Setting
from app.states import PhotoState
from tests.app.factories import item, product


def count_up(kit: Kit, times: int) -> None:
    for _ in range(times):
        with kit.db.writing() as session:
            row = session.get(Setting, "counter", with_for_update=True)
            assert row is not None
            row.value = {"n": row.value["n"] + 1}


def test_four_threads_that_read_then_write_lose_no_update(each_kit: Kit) -> None:
    with each_kit.db.writing() as session:
        session.add(Setting(name="counter", value={"n": 0}, at=each_kit.now(), who="tests"))

    threads = [threading.Thread(target=count_up, args=(each_kit, 25)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with each_kit.db.reading() as session:
        assert session.get_one(Setting, "counter").value == {"n": 100}


def test_of_two_movers_one_wins_and_one_event_is_written(each_kit: Kit) -> None:
    kit = each_kit
    row = item(kit, product(kit), state=PhotoState.RECEIVED)
    won: list[bool] = []
    barrier = threading.Barrier(2)

    def try_it() -> None:
        barrier.wait()
        with kit.db.writing() as session:
            mine = session.merge(row, load=False)  # both saw it received
            won.append(move(session, mine, PhotoState.ACCEPTED, now=kit.now()))

    threads = [threading.Thread(target=try_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(won) == [False, True]
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.kind == "imagesetitem", Event.what == "moved")) == 1


def test_a_reading_session_cannot_write(each_kit: Kit) -> None:
    with pytest.raises(sa.exc.DBAPIError), each_kit.db.reading() as session:
        session.execute(sa.insert(Setting).values(name="x", value={}, at=each_kit.now(), who="tests"))


def test_a_naive_time_is_refused(kit: Kit) -> None:
    naive = kit.now().replace(tzinfo=None)
    with kit.db.writing() as session, pytest.raises(sa.exc.StatementError, match="no time zone"):
        session.execute(sa.insert(Setting).values(name="x", value={}, at=naive, who="tests"))


def test_times_come_back_aware_and_equal(each_kit: Kit) -> None:
    row = product(each_kit)
    with each_kit.db.reading() as session:
        assert session.get_one(Product, row.id).created_at == each_kit.now()


def test_history_keeps_what_it_was_told(kit: Kit, make_kit: Callable[..., Kit]) -> None:
    with kit.db.writing() as session:
        record(session, "rules-1", "activated", kind="rules", now=kit.now(), why="because", who="ann")
    with kit.db.reading() as session:
        [event] = session.scalars(sa.select(Event).where(Event.kind == "rules", Event.who == "ann"))
        assert (event.row, event.what, event.why) == ("rules-1", "activated", "because")
