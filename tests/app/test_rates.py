"""Buckets as rows: several processes that share a database share an account's rate, and a call kept back is no failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

import integrations
from app import work
from app.config import Settings
from app.kit import Kit, utc_now
from app.models import RateBucket, Work
from app.rates import RowBuckets
from app.stages.run import Stage, run
from integrations.rates import Rate
from tests.app.conftest import Clock

FIVE = Rate(5, 5)


def test_two_connections_never_take_the_same_turn(each_kit: Kit) -> None:
    waits: list[float] = []
    limiters = [integrations.Rates(RowBuckets(each_kit.db), lambda: 1000.0, waits.append) for _ in range(4)]

    def take(limiter: integrations.Rates) -> None:
        for _ in range(4):
            limiter.take("amazon-uk:main", "patchListingsItem", FIVE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, limiters))

    assert sorted(round(wait, 3) for wait in waits) == [round(0.2 * n, 3) for n in range(1, 14)]
    with each_kit.db.reading() as session:
        assert session.scalars(sa.select(RateBucket.key)).all() == ["amazon-uk:main patchListingsItem"]


def test_a_call_kept_back_is_no_failure_and_keeps_its_place(kit: Kit, clock: Clock) -> None:
    def not_its_turn(kit: Kit, task: str) -> None:
        raise integrations.Throttled(7, "not now")

    stage = Stage("want", lambda session, kit, row: row, not_its_turn, lambda *_: None, lambda *_: 0)
    with kit.db.writing() as session:
        work.wake(session, "want", "1", at=kit.now(), lead=500)
    from app.dispatch import lease

    with kit.db.writing() as session:
        [(row, generation)] = lease(session, stage, kit.now(), limit=1)
        rank = session.scalars(sa.select(Work.rank)).one()

    assert run(kit, stage, row, generation) == "throttled"

    with kit.db.reading() as session:
        line = session.scalars(sa.select(Work)).one()
        assert (line.attempts, line.rank, line.due_at) == (0, rank, kit.now() + timedelta(seconds=7))


@pytest.mark.parametrize(("clock", "counts"), [(utc_now, True), (Clock(), False)])
def test_calls_are_counted_under_the_real_clock_alone(tmp_path: Path, clock: Clock, counts: bool) -> None:
    kit = Kit(Settings(var=tmp_path, secret_key=SecretStr("a secret key for tests only")), clock=clock)
    assert (kit.limiter is not None) is counts
    kit.close()
