"""The table of periodic jobs: what, seconds between two calls, and the function. Every one may run twice, and on several machines at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

import rules
from app import dispatch, life, rulebook
from app.kit import Kit
from app.stages import folders

SILENT_S = 30.0  # a worker not heard of for so long is dead
REMEMBERED = timedelta(days=14)  # how long the engine keeps jobs that ended; no tick computes so old a job's id again
log = structlog.get_logger("packshot.scheduler")


@dataclass
class House:
    """What the jobs of one scheduler process share: the kit, its own name, what it saw at its last look."""

    kit: Kit
    name: str
    seen: dict[str, folders.Seen] = field(default_factory=dict)
    overlay: object = None


def tick(house: House) -> None:
    dispatch.tick(house.kit)


def mark(house: House) -> None:
    dispatch.mark(house.kit)


def look_into_folders(house: House) -> None:
    for place in house.kit.settings.intake:
        if "://" not in place:
            taken = folders.scan_folder(house.kit, Path(place), house.seen.setdefault(place, {}))
            if taken:
                log.info("taken from folder", folder=place, files=taken)


def renew_rules(house: House) -> None:
    """Load the overlay again if a file of it changed. A broken one is refused and said once; the old set stays in force."""
    folder = house.kit.settings.rules_dir
    if folder is None or (now := _print_of(folder)) == house.overlay:
        return
    house.overlay = now
    try:
        rulebook.renew(house.kit, "packshot", "the rules files changed")
    except rules.RuleError as error:
        log.error("rules refused", problems=list(error.problems))


def _print_of(folder: Path) -> list[tuple[str, int, int]]:
    return sorted((path.name, stat.st_size, stat.st_mtime_ns) for path in folder.glob("*.yaml") if (stat := path.stat()))


def beat(house: House) -> None:
    settings = house.kit.settings
    facts = {"pid": os.getpid(), "memory_mb": round(life.memory_mb()), "media_base_url": settings.media_base_url, "practice": settings.practice}
    life.beat(house.kit.db, f"scheduler:{house.name}", house.kit.now(), facts)


def bury(house: House) -> None:
    """Give the jobs of workers that are silent back to their queues. A worker that was only slow says so again, and its rows decide who won."""
    kit = house.kit
    before = kit.now() - timedelta(seconds=SILENT_S)
    for name in life.silent(kit.db, before):
        role, _, executor = name.partition(":")
        taken = kit.jobs.take_over(executor) if role == "worker" else 0
        life.bury(kit.db, name, before)
        log.warning("silent", who=name, jobs_given_back=taken)


def forget(house: House) -> None:
    """Delete the engine's own record of jobs long ended; our rows keep the history that matters."""
    while forgotten := house.kit.jobs.forget(house.kit.now() - REMEMBERED):
        log.info("forgotten", jobs=forgotten)


@dataclass(frozen=True)
class Job:
    """One line of the table."""

    what: str
    seconds: float
    run: Callable[[House], None]


JOBS: tuple[Job, ...] = (
    Job("dispatch what is due", 1, tick),
    Job("look into watched folders", 2, look_into_folders),
    Job("renew the rules when their files change", 5, renew_rules),
    Job("say that the scheduler lives", 5, beat),
    Job("mark rows that are not as they should be", 10, mark),
    Job("give back the jobs of dead workers", 15, bury),
    Job("forget old jobs of the engine", 86_400, forget),
)
