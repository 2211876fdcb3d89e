"""Calling the table's jobs: with APScheduler until asked to stop, or each once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app import migrate
from app.kit import Kit
from app.stages import STAGES
from app.stages.run import settle_all
from scheduler.jobs import JOBS, House, beat, look_into_buckets, look_into_folders, mark


def run(kit: Kit, name: str, asked_to_stop: threading.Event) -> None:
    """Call every job at its time until asked to stop. Raises NotMigrated, imaging.RecipeError.

    The job store is memory: a missed call is no loss, the next finds the same rows. A call that is still running is not begun again.
    """
    migrate.check_current(kit.settings.database)
    _ = kit.release  # a broken recipes file refuses to start
    house = House(kit, name)
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(len(JOBS))})
    now = datetime.now(UTC)
    for number, job in enumerate(JOBS):
        scheduler.add_job(
            job.run,
            "interval",
            seconds=job.seconds,
            args=[house],
            name=job.what,
            next_run_time=now + timedelta(milliseconds=50 * number),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=max(1, int(job.seconds)),
        )
    beat(house)
    scheduler.start()
    try:
        asked_to_stop.wait()
    finally:
        scheduler.shutdown(wait=True)


def once(kit: Kit) -> int:
    """Run every stage to rest in this process, without the job engine; returns how many tasks were done."""
    house = House(kit, "once")
    look_into_folders(house)
    look_into_folders(house)  # a file is taken when two looks saw it the same
    look_into_buckets(house)
    mark(house)
    return settle_all(kit, STAGES)
