"""The life of a long-running process: asked to stop, seen to be alive, not outliving its supervisor, not growing for ever."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import Database, insert
from app.models import Heartbeat

BEAT_S = 5.0
LATELY_S = 30.0  # a worker that has been silent for longer is given no more work
SUPERVISED = "PACKSHOT_SUPERVISED"  # set by `packshot serve`: standard input is a pipe that closes when the supervisor dies
LAST_SECONDS = 25.0  # a process that cannot stop in order within these is ended


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set. Called in the main thread, once."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked


def follow_supervisor() -> None:
    """Under `packshot serve`: when the supervisor dies, even by kill -9, stop in order, and if that takes too long, at once."""
    if os.environ.get(SUPERVISED) != "1":
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(LAST_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="follow-supervisor", daemon=True).start()


def beat(db: Database, name: str, now: datetime, facts: Mapping[str, Any]) -> None:
    """Say that this process lives."""
    with db.writing() as session:
        statement = insert(session, Heartbeat).values(name=name, at=now, facts=dict(facts))
        session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": statement.excluded.at, "facts": statement.excluded.facts}))


def silent(db: Database, before: datetime) -> list[str]:
    """The names of processes not heard of since."""
    with db.reading() as session:
        return list(session.scalars(sa.select(Heartbeat.name).where(Heartbeat.at < before).order_by(Heartbeat.name)))


def slots(session: Session, stage: str, now: datetime) -> int:
    """How many jobs of a stage the workers that were heard of lately run at once, all together."""
    lately = sa.select(Heartbeat.facts).where(Heartbeat.name.startswith("worker:"), Heartbeat.at > now - timedelta(seconds=LATELY_S))
    return sum(int((facts.get("stages") or {}).get(stage, 0)) for facts in session.scalars(lately))


def bury(db: Database, name: str, before: datetime) -> None:
    """Forget a process, unless it was heard of after all."""
    with db.writing() as session:
        session.execute(sa.delete(Heartbeat).where(Heartbeat.name == name, Heartbeat.at < before))


def default_name(role: str) -> str:
    """A name that stays the same when this process is restarted on this machine."""
    return f"{socket.gethostname()}-{role}"


def memory_mb() -> float:
    """Resident memory of this process in MB: now on Linux, the highest so far elsewhere."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest / 1e6 if sys.platform == "darwin" else highest / 1e3


def limit_memory(megabytes: int) -> None:
    """A hard ceiling: a task that asks for more fails with MemoryError instead of taking the machine down. Linux; elsewhere without effect."""
    if sys.platform == "linux" and megabytes > 0:
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 1_000_000, megabytes * 1_000_000))


def when(event: threading.Event, then: Callable[[], None]) -> None:
    """Call a function, in a thread of its own, once an event is set."""

    def wait() -> None:
        event.wait()
        then()

    threading.Thread(target=wait, name="when", daemon=True).start()


def exit_on_signals() -> None:
    """SIGTERM ends this process as Ctrl-C does: `finally` blocks run."""

    def leave(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
