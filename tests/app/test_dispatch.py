"""Rows are the queue: leases, generations, order by money and waiting time, backpressure, wake-ups in flight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app import life, work
from app.dispatch import dispatch, lease, oldest_due
from app.kit import Kit
from app.models import Work
from app.stages.run import Stage, run
from app.store import StoreError
from app.work import ATTEMPTS_BEFORE_A_PERSON, Lease
from tests.app.conftest import Clock


def nothing(*_: Any) -> None:
    return None


STAGE = Stage("render", gather=nothing, do=nothing, apply=nothing, mark=lambda *_: 0, lease_s=60, in_flight=4)


class Enqueued:
    """Stands in for the engine: remembers what was enqueued."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.more: list[list[tuple[str, int]]] = []

    def enqueue(self, session: Session, stage: str, row: str, generation: int, more: Sequence[tuple[str, int]] = ()) -> None:
        self.jobs.append(f"{stage}:{row}:{generation}")
        self.more.append(list(more))

    def close(self) -> None:
        pass


def house(kit: Kit) -> Enqueued:
    engine = Enqueued()
    kit.__dict__["jobs"] = engine
    return engine


def wake(kit: Kit, row: str, at: datetime | None = None, lead: float = 0.0) -> None:
    with kit.db.writing() as session:
        work.wake(session, "render", row, at=at or kit.now(), lead=lead)


def test_a_full_queue_takes_no_more_than_it_has_room_for(each_kit: Kit) -> None:
    engine = house(each_kit)
    for n in range(10):
        wake(each_kit, f"r{n}")

    assert dispatch(each_kit, STAGE, each_kit.now()) == 4
    assert dispatch(each_kit, STAGE, each_kit.now()) == 0
    assert len(engine.jobs) == 4


def test_a_high_priority_row_overtakes_a_full_queue(each_kit: Kit, clock: Clock) -> None:
    engine = house(each_kit)
    for n in range(12):
        wake(each_kit, f"old{n:02}")
    dispatch(each_kit, STAGE, each_kit.now())
    clock.advance(30)
    wake(each_kit, "urgent", lead=work.head_start(priority=1, worth_minor=0))
    finish(each_kit, engine.jobs[0])

    dispatch(each_kit, STAGE, each_kit.now())

    assert engine.jobs[4] == "render:urgent:1"


def test_money_goes_first_but_waiting_wins_in_the_end() -> None:
    assert work.head_start(0, 100_000) > work.head_start(0, 10_000) > work.head_start(0, 0) == 0
    assert work.head_start(0, 10**9) < 86_400, "no price overtakes a day of waiting"
    assert work.head_start(1, 0) > work.head_start(0, 10**9), "priority overtakes any price"


@given(st.integers(-3, 3), st.integers(0, 10**12))
def test_the_head_start_grows_with_priority_and_money(priority: int, worth: int) -> None:
    assert work.head_start(priority + 1, worth) > work.head_start(priority, worth)
    assert work.head_start(priority, worth + 1) >= work.head_start(priority, worth)


def test_a_wish_that_comes_back_is_a_new_job(each_kit: Kit) -> None:
    """A, then B, then A: three wishes of one row are three jobs with three ids."""
    engine = house(each_kit)
    for _wish in "ABA":
        wake(each_kit, "row")
        dispatch(each_kit, STAGE, each_kit.now())
        finish(each_kit, engine.jobs[-1])

    assert engine.jobs == ["render:row:1", "render:row:2", "render:row:3"]


def test_a_wake_up_while_the_job_is_in_flight_runs_it_once_more(each_kit: Kit) -> None:
    engine = house(each_kit)
    wake(each_kit, "row")
    dispatch(each_kit, STAGE, each_kit.now())
    wake(each_kit, "row")

    assert dispatch(each_kit, STAGE, each_kit.now()) == 0, "one job of a row at a time"
    finish(each_kit, engine.jobs[-1])
    assert dispatch(each_kit, STAGE, each_kit.now()) == 1


def test_a_lease_that_runs_out_makes_the_row_due_and_the_old_job_powerless(each_kit: Kit, clock: Clock) -> None:
    engine = house(each_kit)
    wake(each_kit, "row")
    dispatch(each_kit, STAGE, each_kit.now())
    clock.advance(61)
    dispatch(each_kit, STAGE, each_kit.now())

    assert engine.jobs == ["render:row:1", "render:row:2"]
    assert run(each_kit, STAGE, "row", 1) == "lost"
    with each_kit.db.reading() as session:
        assert session.get_one(Work, ("render", "row")).attempts == 0, "nobody had begun it: the workers were away, or busy"


def test_a_row_under_which_workers_vanish_is_given_up_and_one_that_only_waited_is_not(each_kit: Kit, clock: Clock) -> None:
    house(each_kit)
    given_up = list[str]()

    def dies(_kit: Kit, _task: Any) -> None:
        raise SystemExit  # as a worker that is killed: nothing is settled

    stage = replace(STAGE, gather=lambda *_: "task", do=dies, give_up=lambda _session, _kit, row, _error: given_up.append(row))
    for row in ("deadly", "waits"):
        wake(each_kit, row)
    for _ in range(ATTEMPTS_BEFORE_A_PERSON + 1):
        with each_kit.db.writing() as session:
            leases = dict(lease(session, stage, each_kit.now(), limit=4))
        with suppress(SystemExit):
            run(each_kit, stage, "deadly", leases["deadly"])
        clock.advance(61)

    assert given_up == ["deadly"]
    with each_kit.db.reading() as session:
        assert session.get_one(Work, ("render", "waits")).attempts == 0


def test_a_lease_runs_from_when_a_worker_begins(each_kit: Kit, clock: Clock) -> None:
    house(each_kit)
    meanwhile = list[int]()

    def works(kit: Kit, _task: Any) -> None:
        clock.advance(50)
        meanwhile.append(dispatch(kit, stage, kit.now()))

    stage = replace(STAGE, gather=lambda *_: "task", do=works, give_up=lambda *_: None)
    wake(each_kit, "row")
    dispatch(each_kit, stage, each_kit.now())
    clock.advance(50)

    assert run(each_kit, stage, "row", 1) == "done", "it had waited for 50 of its 60 seconds"
    assert meanwhile == [0]


@pytest.mark.parametrize("away", [StoreError("the bucket does not answer"), sa.exc.OperationalError("", None, Exception("disk full"))])
def test_a_store_or_database_that_is_away_for_long_hands_nothing_to_people(kit: Kit, clock: Clock, away: Exception) -> None:
    house(kit)
    given_up = list[str]()

    def fails(_kit: Kit, _task: Any) -> None:
        raise trouble

    stage = replace(STAGE, gather=lambda *_: "task", do=fails, give_up=lambda _session, _kit, row, _error: given_up.append(row))
    wake(kit, "row")
    for number in range(2 * ATTEMPTS_BEFORE_A_PERSON):
        trouble: Exception = away if number < 2 * ATTEMPTS_BEFORE_A_PERSON - 1 else ValueError("our own mistake")
        assert not given_up
        with kit.db.writing() as session:
            ((row, generation),) = lease(session, stage, kit.now(), limit=1)
        run(kit, stage, row, generation)
        clock.advance(3601)

    assert given_up == ["row"], "what then fails for a reason of its own goes to a person"


def test_more_is_in_flight_where_more_workers_live(kit: Kit, clock: Clock) -> None:
    house(kit)
    stage = replace(STAGE, per_slot=2)
    for number in range(40):
        wake(kit, f"row {number}")
    for name, slots in (("worker:a", 4), ("worker:b", 3), ("scheduler", 9)):
        life.beat(kit.db, name, kit.now(), {"stages": {"render": slots, "want": 9}})
    assert dispatch(kit, stage, kit.now()) == 14

    clock.advance(20)
    life.beat(kit.db, "worker:a", kit.now(), {"stages": {"render": 4}})
    clock.advance(20)

    assert dispatch(kit, replace(stage, in_flight=30), kit.now()) == 16, "never less than the stage's own"
    clock.advance(61)
    assert dispatch(kit, stage, kit.now()) == STAGE.in_flight, "all workers are silent"


@pytest.mark.postgres
def test_two_dispatchers_at_once_lease_different_rows_and_neither_waits(make_kit: Callable[..., Kit], migrated_postgres_url: str) -> None:
    kit = make_kit(migrated_postgres_url, migrated=True)
    for n in range(6):
        wake(kit, f"r{n}")

    with kit.db.writing() as one, kit.db.writing() as other:
        other.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))  # were it to wait for the first, which is still at it, it would fail
        first = lease(one, STAGE, kit.now(), limit=4)
        second = lease(other, STAGE, kit.now(), limit=4)

    assert (first, second) == ([("r0", 1), ("r1", 1), ("r2", 1), ("r3", 1)], [("r4", 1), ("r5", 1)])
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Work.generation).where(Work.stage == "render")).all() == [1] * 6


def test_a_rolled_back_transaction_leaves_neither_lease_nor_job(each_kit: Kit) -> None:
    wake(each_kit, "row")
    try:
        with each_kit.db.writing() as session:
            assert lease(session, STAGE, each_kit.now(), limit=1) == [("row", 1)]
            each_kit.jobs.enqueue(session, "render", "row", 1)
            raise RuntimeError("dies before the commit")
    except RuntimeError:
        pass

    with each_kit.db.reading() as session:
        assert session.get_one(Work, ("render", "row")).generation == 0
    assert each_kit.jobs.counts() == {}


def test_failures_are_tried_again_with_growing_gaps_and_then_handed_to_a_person(kit: Kit, clock: Clock) -> None:
    engine, given_up = house(kit), []

    def fail(kit: Kit, task: object) -> None:
        raise RuntimeError("broken")

    stage = replace(STAGE, gather=lambda *_: "task", do=fail, give_up=lambda session, kit, row, error: given_up.append((row, error)))
    wake(kit, "row")
    gaps = []
    for _ in range(work.ATTEMPTS_BEFORE_A_PERSON):
        dispatch(kit, stage, kit.now())
        run(kit, stage, "row", int(engine.jobs[-1].rsplit(":", 1)[1]))
        with kit.db.reading() as session:
            due = session.get_one(Work, ("render", "row")).due_at
        assert due is not None
        gaps.append((due - kit.now()).total_seconds())
        clock.advance(gaps[-1])

    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[-1]
    assert given_up == [("row", "RuntimeError: broken")]


def test_the_age_of_the_oldest_due_row_is_told_per_stage(kit: Kit, clock: Clock) -> None:
    wake(kit, "row")
    clock.advance(90)
    wake(kit, "later", at=kit.now() + timedelta(hours=1))
    with kit.db.reading() as session:
        assert oldest_due(session, kit.now()) == {"render": 90.0} | {k: v for k, v in oldest_due(session, kit.now()).items() if k != "render"}


def finish(kit: Kit, job: str) -> None:
    stage, row, generation = job.split(":")
    with kit.db.writing() as session:
        assert work.settle(session, Lease(stage, row, int(generation)))


def test_settling_twice_is_powerless_the_second_time(each_kit: Kit) -> None:
    engine = house(each_kit)
    wake(each_kit, "row")
    dispatch(each_kit, STAGE, each_kit.now())
    finish(each_kit, engine.jobs[0])
    with each_kit.db.writing() as session:
        assert not work.settle(session, Lease("render", "row", 1))
        assert session.scalar(sa.select(Work.due_at).where(Work.stage == "render", Work.row == "row")) is None
