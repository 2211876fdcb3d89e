"""Wishes: written once, in one order, at the commit; asking whether something is amiss writes nothing; a lost lease leaves no trace."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import dispatch, work
from app.dispatch import lease
from app.kit import Kit
from app.models import Setting, Work
from app.stages import STAGES
from app.stages.run import Stage, run
from tests.app.conftest import Clock
from tests.app.factories import item, product


def nothing(*_: Any) -> None:
    return None


STAGE = Stage("render", gather=nothing, do=nothing, apply=nothing, mark=lambda *_: 0, lease_s=60)


def writes_of(kit: Kit) -> list[str]:
    """The statements that the writing engine is given from now on, kept as they come."""
    said: list[str] = []
    sa.event.listen(kit.db.engine, "before_cursor_execute", lambda conn, cursor, statement, *_: said.append(statement))
    return said


def test_marking_writes_nothing_when_nothing_is_amiss(kit: Kit) -> None:
    item(kit, product(kit))
    said = writes_of(kit)
    assert dispatch.mark(kit) == 0
    assert said == []


def test_marking_wakes_what_is_amiss_and_counts_it_once(each_kit: Kit) -> None:
    product(each_kit, photos_since=each_kit.now())
    each_kit.clock.advance(61)  # type: ignore[attr-defined]
    assert dispatch.mark(each_kit) == 1
    assert dispatch.mark(each_kit) == 0


def test_a_job_with_nothing_to_do_reads_before_it_takes_the_write_lock(kit: Kit) -> None:
    held: list[bool] = []

    def gather(session: Any, kit: Kit, row: str) -> None:
        with kit.db.writing() as other:  # on SQLite this would wait for ever behind our own lock
            other.add(Setting(name="seen", value={}, at=kit.now(), who="tests"))
        held.append(True)

    generation = leased(kit)
    assert run(kit, replace(STAGE, gather=gather), "row", generation) == "nothing"
    assert held == [True]


def test_what_a_job_applied_under_a_lost_lease_leaves_no_trace(each_kit: Kit, clock: Clock) -> None:
    kit = each_kit
    generation = leased(kit)

    def apply(session: Any, kit: Kit, task: Any, result: Any) -> None:
        session.add(Setting(name="effect", value={}, at=kit.now(), who="tests"))
        session.execute(sa.update(Work).where(Work.row == "row").values(generation=Work.generation + 1))  # somebody else was given the row

    assert run(kit, replace(STAGE, gather=lambda *_: "task", apply=apply), "row", generation) == "lost"
    with kit.db.reading() as session:
        assert session.get(Setting, "effect") is None


def test_two_transactions_that_wake_each_others_rows_do_not_deadlock(each_kit: Kit) -> None:
    kit, gate, failures = each_kit, threading.Barrier(2, timeout=20), []
    for row in ("a", "b"):
        wake(kit, row)

    def one(first: str, second: str) -> None:
        try:
            with kit.db.writing() as session:
                work.wake(session, "render", first, at=kit.now())
                if not kit.db.is_sqlite:
                    gate.wait()
                work.wake(session, "render", second, at=kit.now())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_a_row_whose_jobs_kill_their_worker_is_handed_to_a_person(kit: Kit, clock: Clock) -> None:
    given_up: list[str] = []
    stage = replace(STAGE, gather=lambda *_: "task", give_up=lambda session, kit, row, error: given_up.append(error))
    generation = leased(kit)
    for _ in range(work.ATTEMPTS_BEFORE_A_PERSON):
        with kit.db.writing() as session:
            assert work.begin(session, work.Lease(stage.name, "row", generation), until=kit.now() + timedelta(seconds=60))
        clock.advance(61)  # the worker died; nobody settled the lease
        with kit.db.writing() as session:
            [(_, generation)] = lease(session, stage, kit.now(), limit=1)

    assert run(kit, stage, "row", generation) == "given up"
    assert given_up == [work.VANISHED]


def test_every_row_of_a_select_is_woken_in_one_statement(each_kit: Kit) -> None:
    kit = each_kit
    one, two = product(kit, priority=1), product(kit)
    from app.models import Product

    with kit.db.writing() as session:
        work.wake(session, "want", one.id, at=kit.now())
    with kit.db.writing() as session:
        work.wake_every(session, "want", sa.select(Product.id, sa.literal(5.0)), at=kit.now())
    with kit.db.reading() as session:
        rows = {row.row: row for row in session.scalars(sa.select(Work).where(Work.stage == "want"))}
    assert set(rows) == {str(one.id), str(two.id)}
    assert {row.due_at for row in rows.values()} == {kit.now()}
    assert {row.rank for row in rows.values()} == {kit.now().timestamp() - 5}


def wake(kit: Kit, row: str) -> None:
    with kit.db.writing() as session:
        work.wake(session, "render", row, at=kit.now())


def leased(kit: Kit) -> int:
    wake(kit, "row")
    with kit.db.writing() as session:
        [(_, generation)] = lease(session, STAGE, kit.now(), limit=1)
    return generation


def test_no_stage_but_publish_writes_while_it_gathers() -> None:
    assert [stage.name for stage in STAGES.values() if stage.gather_writes] == ["publish", "feed"]


def test_a_tick_does_not_look_at_rows_that_rest_or_are_due_much_later(kit: Kit) -> None:
    """A year of rows that were settled must not be read every second."""
    plans = []
    with kit.db.reading() as session:
        for due in dispatch._TAKEN:
            query = due.params(of_stage="watch", now=kit.now(), most=5)
            text = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
            plans.append(session.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()[0][-1])
    assert "leased_until=? AND due_at<?" in plans[0]
    assert "leased_until<?" in plans[1]


@pytest.mark.parametrize(("woken_after", "next_after", "due_after"), [(600, 60, 60), (60, 600, 60), (None, 60, 60), (600, None, 600), (None, None, None)])
def test_of_a_wake_up_under_way_and_the_next_turn_the_sooner_counts(
    each_kit: Kit, woken_after: int | None, next_after: int | None, due_after: int | None
) -> None:
    now = each_kit.now()

    def at(seconds: int | None) -> datetime | None:
        return None if seconds is None else now + timedelta(seconds=seconds)

    held = work.Lease("render", "row", leased(each_kit))
    with each_kit.db.writing() as session:
        if (woken := at(woken_after)) is not None:
            work.wake(session, "render", "row", at=woken)
    with each_kit.db.writing() as session:
        assert work.settle(session, held, next_at=at(next_after))

    with each_kit.db.reading() as session:
        row = session.get_one(Work, ("render", "row"))
        assert (row.due_at, row.rank) == (at(due_after), None if due_after is None else at(due_after).timestamp())  # type: ignore[union-attr]


def test_a_row_whose_turn_has_not_come_does_not_wait_for_a_later_wake_up(each_kit: Kit) -> None:
    now, held = each_kit.now(), work.Lease("render", "row", leased(each_kit))
    with each_kit.db.writing() as session:
        work.wake(session, "render", "row", at=now + timedelta(hours=8))
    with each_kit.db.writing() as session:
        assert work.wait_on(session, held, now=now, why="throttled", delay=3)

    with each_kit.db.reading() as session:
        assert session.get_one(Work, ("render", "row")).due_at == now + timedelta(seconds=3)
