"""A worker does its share, and makes room for a fresh one before it grows too big."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import life, worker
from app.dispatch import tick
from app.kit import Kit
from app.models import Work
from app.work import wake


def test_imaging_has_its_slots_and_quick_stages_more() -> None:
    made = worker.concurrency(2)

    assert made["render"] == 2
    assert made["publish"] == worker.WAITING
    assert list(worker.concurrency(3, ["render"]).values()) == [3]


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(ValueError, match="knitting"):
        worker.concurrency(1, ["render", "knitting"])


def test_the_ceiling_is_tasks_or_memory_or_none() -> None:
    tasks, memory, none = worker.Ceiling(2, 0), worker.Ceiling(0, 1), worker.Ceiling(0, 0)
    tasks.done = none.done = 2

    assert tasks.reached() == "2 tasks done"
    assert "MB used" in (memory.reached() or "")
    assert none.reached() is None


def test_the_hard_ceiling_turns_a_greedy_task_into_an_error() -> None:
    code = "from app import life; life.limit_memory(400)\ntry:\n    bytearray(800_000_000)\nexcept MemoryError:\n    print('refused')"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "refused"


@pytest.mark.slow
def test_a_worker_that_did_its_share_ends_in_order_with_its_tasks_settled(kit: Kit) -> None:
    with kit.db.writing() as session:
        for row in (901, 902, 903):
            wake(session, "want", row, at=kit.now())
    tick(kit)
    environment = {**os.environ, "PACKSHOT_VAR": str(kit.settings.var), "PACKSHOT_SECRET_KEY": kit.settings.keys[0]}
    command = [sys.executable, "-m", "app.cli", "worker", "--name", "w-1", "--stages", "want", "--tasks", "3"]

    ended = subprocess.run(command, env=environment, timeout=60, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    with kit.db.reading() as session:
        assert [work.leased_until for work in session.scalars(sa.select(Work).where(Work.stage == "want"))] == [None] * 3
    assert kit.jobs.counts() == {}


def test_a_process_that_is_not_supervised_follows_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(life.SUPERVISED, raising=False)

    life.follow_supervisor()

    assert life.default_name("worker").endswith("-worker")
