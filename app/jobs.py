"""The one seam to the job engine: DBOS Transact, on the SQLite file when embedded, on PostgreSQL when distributed.

A job is `stage:row:generation`, by the first of its rows where it has several. The engine runs an id once ever, also after an error
(measured), and the generation only grows, so the same wish coming back is a new job. What crosses the seam is JSON: row ids, each with a
number. Nothing else in the house knows the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy.orm import Session

APP = {"name": "packshot", "application_version": "1"}  # fixed: a change of version would strand jobs in flight
Rows = Sequence[tuple[str, int]]  # (row, generation)
Handler = Callable[[str, Rows], None]
POLL_S = 0.2


def migrate(url: str) -> None:
    """Make or renew the engine's own tables. Must run before the first enqueue."""
    DBOS.migrate(url)


class Jobs:
    """The enqueuing side, for any process."""

    def __init__(self, url: str) -> None:
        self._client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer(), lazy=True)

    def enqueue(self, session: Session, stage: str, row: str, generation: int, more: Rows = ()) -> None:
        """Enqueue in the session's own transaction: a rolled-back row leaves no job, a committed one always has it. `more` rows go by the same job."""
        options: Any = {
            "queue_name": stage,
            "workflow_name": stage,
            "workflow_id": f"{stage}:{row}:{generation}",
            "app_version": APP["application_version"],
        }
        self._client.enqueue_in_transaction(session, options, row, generation, [list(each) for each in more])

    def take_over(self, executor: str) -> int:
        """Give the jobs that a dead worker had begun back to their queues; returns how many."""
        stuck = self._client.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)
        for job in stuck:
            self._client.resume_workflow(job.workflow_id, queue_name=job.queue_name)
        return len(stuck)

    def forget(self, before: datetime, *, limit: int = 5000) -> int:
        """Delete the engine's record of jobs that ended before a time (rows keep the history that matters)."""
        done = self._client.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"], end_time=(before - timedelta(seconds=1)).isoformat(), limit=limit, load_input=False, load_output=False
        )
        if done:
            self._client.delete_workflows([job.workflow_id for job in done])
        return len(done)

    def counts(self) -> dict[str, int]:
        """How many jobs are queued or running, by stage."""
        found: dict[str, int] = {}
        for job in self._client.list_workflows(status=["ENQUEUED", "PENDING"], load_input=False, load_output=False):
            found[job.name] = found.get(job.name, 0) + 1
        return found

    def close(self) -> None:
        self._client.destroy()


def work(url: str, name: str, stages: Mapping[str, int], handler: Handler, all_stages: Iterable[str]) -> Callable[[], None]:
    """Start running jobs in this process; returns the function that stops it.

    `name` is fixed per worker slot: a restart under the same name resumes what was cut off. `stages` says which stages run here and
    how many at once. The handler must not raise and must be safe to repeat.
    """
    config: Any = {
        **APP,
        "system_database_url": url,
        "executor_id": name,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "ERROR",
    }
    DBOS(config=config)
    for stage in all_stages:  # every worker knows every name, so that a job taken over is never unknown
        DBOS.workflow(name=stage)(_runner(stage, handler))
    DBOS.listen_queues(list(stages))
    DBOS.launch()
    for stage, slots in stages.items():
        DBOS.register_queue(stage, worker_concurrency=slots, polling_interval_sec=POLL_S, on_conflict="always_update")
    return lambda: DBOS.destroy(workflow_completion_timeout_sec=20)


def _runner(stage: str, handler: Handler) -> Callable[..., None]:
    def run(row: str, generation: int, more: Sequence[Sequence[Any]] = ()) -> None:
        handler(stage, [(row, generation), *((str(each), int(number)) for each, number in more)])

    run.__qualname__ = run.__name__ = f"run_{stage}"
    return run
