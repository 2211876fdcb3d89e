"""The table of periodic jobs: what, seconds between two calls, and the function. Every one may run twice, and on several machines at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

import rules
from app import alarms, connect, controls, dispatch, life, preflight, purge, rollout, rulebook
from app.kit import Kit
from app.stages import bucket_events, buckets, folders
from app.store import StoreError

SILENT_S = 30.0  # a worker not heard of for so long is dead
REMEMBERED = timedelta(days=14)  # how long the engine keeps jobs that ended; no tick computes so old a job's id again
log = structlog.get_logger("packshot.scheduler")


@dataclass
class House:
    """What the jobs of one scheduler process share: the kit, its own name, what it saw at its last look."""

    kit: Kit
    name: str
    seen: dict[str, folders.Seen] = field(default_factory=dict)
    seen_objects: dict[str, set[str]] = field(default_factory=dict)
    queue: bucket_events.Queue | None = None
    troubles: dict[str, str | None] = field(default_factory=dict)  # of watched folders and buckets, as shown last
    overlay: rulebook.Print | None = None  # the rules folder at the last look, and whether that was taken (or refused) already
    overlay_taken: bool = False


def tick(house: House) -> None:
    dispatch.tick(house.kit)


def mark(house: House) -> None:
    dispatch.mark(house.kit)


def look_into_folders(house: House) -> None:
    """Take what is new in each watched folder; those in trouble are told."""
    folder_of = {place: Path(place) for place in house.kit.settings.intake if "://" not in place}
    _look(house, "folder", {place: partial(folders.scan_folder, house.kit, path, house.seen.setdefault(place, {})) for place, path in folder_of.items()})


def look_into_buckets(house: House) -> None:
    """Take what is new in each watched bucket; those in trouble are told."""
    urls = [place for place in house.kit.settings.intake if "://" in place]
    _look(house, "bucket", {url: partial(buckets.scan_bucket, house.kit, url, house.seen_objects.setdefault(url, set())) for url in urls})


def _look(house: House, kind: str, scans: Mapping[str, Callable[[], int]]) -> None:
    """Scan each watched place of a kind. Those in trouble are shown on every page until they are well, or no longer watched."""
    troubles, took, watched = list[str](), f"taken from {kind}", f"watched {kind}s"
    for place, scan in scans.items():
        try:
            if taken := scan():
                log.info(took, **{kind: place, "files": taken})
        except StoreError as error:
            troubles.append(str(error))
    trouble = f"A watched {kind} needs a look: {'; '.join(troubles)}." if troubles else None
    if trouble != house.troubles.get(kind, "not looked yet"):
        with house.kit.db.writing() as session:
            controls.set_banner(session, f"{kind}s", trouble, house.kit.now())
        house.troubles[kind] = trouble
        log.warning(watched, trouble=trouble or "over")


def hear_of_objects(house: House) -> None:
    """Take what the watched buckets' queue names; the listing finds what it does not. A queue in trouble is told."""
    url = house.kit.settings.intake_sqs_url

    def hear() -> int:
        house.queue = house.queue or bucket_events.connect(url)
        return bucket_events.listen(house.kit, house.queue, url)

    _look(house, "bucket queue", {url: hear} if url else {})


def renew_rules(house: House) -> None:
    """Put the overlay in force once two looks saw it the same: a file half written, or one of several, is never taken for the whole.

    A broken one is refused and said once; the old set stays in force.
    """
    folder = house.kit.settings.rules_dir
    if folder is None:
        return
    now = rulebook.print_of(folder)
    if now != house.overlay:
        house.overlay, house.overlay_taken = now, False
        return
    if house.overlay_taken:
        return
    problems: tuple[str, ...] = ()
    try:
        if rulebook.renew(house.kit, "packshot", "the rules files changed", settled=now) is None:
            return
    except rules.RuleError as error:
        problems = tuple(error.problems)
        log.error("rules refused", problems=list(problems))
    house.overlay_taken = True
    alarms.note_rules(house.kit, problems)


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


def roll_on(house: House) -> None:
    """Bring about some more of the rollout that a person asked for."""
    if moved := rollout.go_on(house.kit):
        log.info("rolled out", products=moved)


def tell_alarms(house: House) -> None:
    alarms.tell(house.kit)


def look_at_media(house: House) -> None:
    """See whether marketplaces can fetch our pictures, and let go on what waited for it."""
    preflight.look_again(house.kit)


def warn_of_ends(house: House) -> None:
    """Tell in good time which seller must be asked again."""
    if told := connect.warn(house.kit):
        log.warning("authorisations that end soon", accounts=told)


def clean_up(house: House) -> None:
    """Delete what is kept for a while only."""
    log.info("cleaned up", **purge.purge(house.kit))


@dataclass(frozen=True)
class Job:
    """One line of the table."""

    what: str
    seconds: float
    run: Callable[[House], None]


JOBS: tuple[Job, ...] = (
    Job("dispatch what is due", 1, tick),
    Job("look into watched folders", 2, look_into_folders),
    Job("look into watched buckets", 30, look_into_buckets),
    Job("hear of new objects in watched buckets", 5, hear_of_objects),
    Job("renew the rules when their files change", 2, renew_rules),
    Job("say that the scheduler lives", 5, beat),
    Job("tell alarms", 5, tell_alarms),
    Job("mark rows that are not as they should be", 10, mark),
    Job("move some more products to the release in force", 10, roll_on),
    Job("give back the jobs of dead workers", 15, bury),
    Job("look whether pictures can be fetched from outside", 30, look_at_media),
    Job("tell of authorisations that end soon", 3600, warn_of_ends),
    Job("forget old jobs of the engine", 86_400, forget),
    Job("clean up what was kept for a while", 86_400, clean_up),
)
