"""The job engine behind its seam, as real processes on both databases: once ever, in the row's own transaction, kill -9 survived."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.kit import Kit

pytestmark = pytest.mark.slow


@dataclass
class Bench:
    """A house's engine, its workers, and what they wrote."""

    kit: Kit
    log: Path
    processes: list[subprocess.Popen[bytes]]

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "tests.app.engine_worker", self.kit.settings.database, name, str(self.log)])
        self.processes.append(process)
        self.wait(lambda: f"ready {name}" in self.lines()[-50:] and self.lines().count(f"ready {name}") >= sum(p.args[-2] == name for p in self.processes))  # type: ignore[index]
        return process

    def enqueue(self, *rows: str, generation: int = 1) -> None:
        with self.kit.db.writing() as session:
            for row in rows:
                self.kit.jobs.enqueue(session, "render", row, generation)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait(self, true: Callable[[], bool], seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, self.lines()
            time.sleep(0.05)


@pytest.fixture
def bench(each_kit: Kit, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(each_kit, tmp_path / "log", [])
    yield bench
    for process in bench.processes:
        process.kill()
        process.wait()


def test_a_job_runs_once_however_often_it_is_enqueued(bench: Bench) -> None:
    bench.enqueue("a", "b")
    bench.enqueue("a")
    bench.worker("w1")
    bench.wait(lambda: {"end a:1 w1", "end b:1 w1"} <= set(bench.lines()))
    bench.enqueue("a")
    bench.enqueue("a", generation=2)
    bench.wait(lambda: "end a:2 w1" in bench.lines())

    assert bench.lines().count("begin a:1 w1") == 1
    bench.wait(lambda: bench.kit.jobs.counts() == {})  # a job's end is written down a moment after its last line


def test_several_rows_go_by_one_job_and_each_keeps_its_generation(bench: Bench) -> None:
    with bench.kit.db.writing() as session:
        bench.kit.jobs.enqueue(session, "render", "a", 3, [("b", 7), ("c", 1)])
    bench.worker("w1")
    bench.wait(lambda: "end a:3 b:7 c:1 w1" in bench.lines())

    assert [line for line in bench.lines() if line.startswith("end")] == ["end a:3 b:7 c:1 w1"], "one job, and each row under its own generation"
    bench.wait(lambda: bench.kit.jobs.counts() == {})


def test_a_job_cut_off_by_sigkill_is_done_by_the_same_worker_after_its_restart(bench: Bench) -> None:
    bench.enqueue("slow", "after")
    victim = bench.worker("w1")
    bench.wait(lambda: "begin slow:1 w1" in bench.lines())
    victim.kill()
    victim.wait()
    (bench.log.parent / "go").touch()
    bench.worker("w1")

    bench.wait(lambda: {"end slow:1 w1", "end after:1 w1"} <= set(bench.lines()))
    assert bench.lines().count("begin slow:1 w1") == 2, "begun again from the start, ended once"


def test_the_jobs_of_a_dead_worker_are_taken_over_by_another(bench: Bench) -> None:
    bench.enqueue("slow")
    victim = bench.worker("w1")
    bench.wait(lambda: "begin slow:1 w1" in bench.lines())
    victim.kill()
    victim.wait()
    (bench.log.parent / "go").touch()
    bench.worker("w2")
    assert bench.kit.jobs.take_over("w1") == 1

    bench.wait(lambda: "end slow:1 w2" in bench.lines())
    assert bench.kit.jobs.take_over("w1") == 0


def test_jobs_that_ended_long_ago_are_forgotten_and_later_ones_are_not(bench: Bench) -> None:
    from datetime import UTC, datetime, timedelta

    bench.enqueue("a")
    bench.worker("w1")
    bench.wait(lambda: "end a:1 w1" in bench.lines())
    bench.wait(lambda: bench.kit.jobs.counts() == {})

    assert bench.kit.jobs.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert bench.kit.jobs.forget(datetime.now(UTC) + timedelta(hours=1)) == 1
