"""The periodic jobs, each called by hand; and that the table is complete and harmless twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import scheduler
from app import life
from app.kit import Kit
from app.migrate import NotMigrated
from app.models import Arrival, Heartbeat, Product, Work
from app.states import ArrivalState
from app.work import wake
from scheduler import House, jobs
from tests.app.conftest import Clock
from tests.shots import watch_photo


def add_product(kit: Kit, sku: str = "PS-1") -> None:
    with kit.db.writing() as session:
        session.add(Product(sku=sku, title="Watch", category="watch", created_at=kit.now(), updated_at=kit.now()))


def test_what_is_due_is_leased_once_by_two_schedulers(kit: Kit) -> None:
    with kit.db.writing() as session:
        wake(session, "want", 1, at=kit.now())

    for name in ("one", "two"):
        jobs.tick(House(kit, name))

    with kit.db.reading() as session:
        assert [work.generation for work in session.scalars(sa.select(Work))] == [1]
    assert kit.jobs.counts() == {"want": 1}


def test_a_file_in_a_watched_folder_is_taken_when_two_looks_saw_it_the_same(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    kit = make_kit(intake=(str(tmp_path / "drop"), "s3://bucket/prefix"))
    add_product(kit)
    house = House(kit, "one")
    (tmp_path / "drop" / "PS-1").mkdir(parents=True)
    (tmp_path / "drop" / "PS-1" / "dial.jpg").write_bytes(watch_photo(size=(1200, 900)))

    seen = []
    for _ in range(3):
        jobs.look_into_folders(house)
        with kit.db.reading() as session:
            seen.append(session.scalar(sa.select(sa.func.count()).select_from(Arrival)))

    assert seen == [0, 1, 1]


def test_the_jobs_of_a_silent_worker_are_given_back_once(kit: Kit, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    monkeypatch.setattr(kit.jobs, "take_over", lambda name: given.append(name) or 1)
    for name in ("worker:imaging-1", "worker:imaging-2", "scheduler:old"):
        life.beat(kit.db, name, kit.now(), {})
    clock.advance(jobs.SILENT_S + 1)
    life.beat(kit.db, "worker:imaging-2", kit.now(), {})

    jobs.bury(House(kit, "one"))
    jobs.bury(House(kit, "two"))

    assert given == ["imaging-1"]
    with kit.db.reading() as session:
        assert list(session.scalars(sa.select(Heartbeat.name))) == ["worker:imaging-2"]


def test_a_process_heard_of_after_all_is_not_forgotten(kit: Kit, clock: Clock) -> None:
    life.beat(kit.db, "worker:slow", kit.now(), {})
    limit = kit.now() + timedelta(seconds=1)
    clock.advance(2)
    life.beat(kit.db, "worker:slow", kit.now(), {})

    life.bury(kit.db, "worker:slow", limit)

    assert life.silent(kit.db, kit.now() + timedelta(seconds=1)) == ["worker:slow"]


def test_old_jobs_of_the_engine_are_forgotten_and_none_that_wait(kit: Kit) -> None:
    with kit.db.writing() as session:
        wake(session, "want", 1, at=kit.now())
    jobs.tick(House(kit, "one"))

    jobs.forget(House(kit, "one"))

    assert kit.jobs.counts() == {"want": 1}


def test_every_job_runs_on_an_empty_house_and_again(kit: Kit) -> None:
    house = House(kit, "one")

    for job in (*scheduler.JOBS, *scheduler.JOBS):
        job.run(house)

    with kit.db.reading() as session:
        assert [beat.name for beat in session.scalars(sa.select(Heartbeat))] == ["scheduler:one"]
    assert len({job.what for job in scheduler.JOBS}) == len(scheduler.JOBS)


def test_the_loop_calls_until_asked_to_stop(kit: Kit) -> None:
    with kit.db.writing() as session:
        wake(session, "want", 1, at=kit.now())
    stop = threading.Event()
    thread = threading.Thread(target=scheduler.run, args=(kit, "one", stop))

    thread.start()
    patience = threading.Event()
    for _ in range(200):
        if kit.jobs.counts():
            break
        patience.wait(0.05)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()
    assert kit.jobs.counts() == {"want": 1}


def test_a_house_that_was_never_migrated_is_not_run(kit: Kit, tmp_path: Path) -> None:
    bare = Kit(kit.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'bare.db'}"}))

    with pytest.raises(NotMigrated):
        scheduler.run(bare, "one", threading.Event())


def test_once_takes_the_road_to_its_end_without_the_engine(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    kit = make_kit(intake=(str(tmp_path / "drop"),))
    add_product(kit)
    (tmp_path / "drop" / "PS-1").mkdir(parents=True)
    (tmp_path / "drop" / "PS-1" / "dial.jpg").write_bytes(watch_photo(size=(1200, 900)))

    done = scheduler.once(kit)

    assert done >= 1
    with kit.db.reading() as session:
        assert [arrival.state for arrival in session.scalars(sa.select(Arrival))] == [ArrivalState.FILED]
