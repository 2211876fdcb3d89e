"""`packshot worker`: runs the jobs of some or all stages in this process, says that it lives, and makes room for a fresh one before it grows too big."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping

import structlog

from app import jobs, life, migrate
from app.kit import Kit
from app.stages import STAGES
from app.stages.run import run_many

IMAGING = ("backdrop", "render")  # slow, on the processor, hungry for memory
WAITING = 4  # jobs of a quick stage at once: they mostly wait for a database or a marketplace
log = structlog.get_logger("packshot.worker")


class Ceiling:
    """When a worker has done enough: after so many imaging tasks, or above so much memory (MB). 0 is no ceiling.

    Native decoders and allocators keep what they once had; a fresh process is the only cure.
    """

    def __init__(self, tasks: int, memory_mb: int) -> None:
        self.tasks, self.memory_mb, self.done = tasks, memory_mb, 0

    def reached(self) -> str | None:
        """Why it is time to go, or None."""
        if self.tasks and self.done >= self.tasks:
            return f"{self.done} tasks done"
        used = life.memory_mb()
        return f"{used:.0f} MB used" if self.memory_mb and used > self.memory_mb else None


def concurrency(slots: int, stages: Iterable[str] = ()) -> dict[str, int]:
    """How many jobs of each stage run here at once. Raises ValueError naming an unknown stage."""
    chosen = list(stages) or list(STAGES)
    if unknown := sorted(set(chosen) - set(STAGES)):
        raise ValueError(f"--stages: there is no {', '.join(unknown)}; there are {', '.join(STAGES)}")
    return {stage: slots if stage in IMAGING else max(slots, WAITING) for stage in chosen}


def work(kit: Kit, name: str, stages: Mapping[str, int], ceiling: Ceiling, asked_to_stop: threading.Event) -> None:
    """Run jobs until asked to stop or the ceiling is reached; the tasks under way are finished first.

    `name` stays the same over restarts: the engine then hands back what was cut off. Raises NotMigrated, imaging.RecipeError.
    """
    migrate.check_current(kit.settings.database)
    _ = kit.release  # a broken recipes file refuses to start
    enough = threading.Event()

    def handle(stage: str, rows: jobs.Rows) -> None:
        run_many(kit, STAGES[stage], rows)
        ceiling.done += 1
        if (why := ceiling.reached()) is not None and not enough.is_set():
            log.info("making room for a fresh worker", why=why)
            enough.set()

    began = time.time()
    if not set(stages).isdisjoint(IMAGING):
        os.nice(5)  # pages and webhooks come before pictures
    stop = jobs.work(kit.settings.database, name, stages, handle, STAGES)
    log.info("working", stages=dict(stages))
    try:
        while not (asked_to_stop.is_set() or enough.is_set()):
            life.beat(kit.db, f"worker:{name}", kit.now(), facts(ceiling, stages, began))
            _wait(life.BEAT_S, asked_to_stop, enough)
    finally:
        stop()
        log.info("stopped", tasks=ceiling.done)


def facts(ceiling: Ceiling, stages: Mapping[str, int], began: float) -> dict[str, object]:
    """What a heartbeat tells of a worker."""
    return {"pid": os.getpid(), "stages": dict(stages), "tasks": ceiling.done, "memory_mb": round(life.memory_mb()), "up_s": round(time.time() - began)}


def _wait(seconds: float, *events: threading.Event) -> None:
    """Until one of the events is set, at most so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not any(event.wait(0.1) for event in events):
        pass
