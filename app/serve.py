"""`packshot serve`: everything on one machine. Prepares the house, starts the roles as processes of their own, and starts again what dies."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from app import life, migrate, people, practice, rulebook, worker
from app.config import Settings
from app.kit import Kit
from app.models import User
from app.stages import STAGES
from app.supervisor import Role, Supervisor, environment

ADMIN = "admin"


class PortTaken(Exception):
    """Another program listens there. The message says what to do."""


def check_port(host: str, port: int) -> None:
    """Raise PortTaken unless we can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"cannot listen on {host} port {port} ({error.strerror}): end the program that does, or choose another with --port") from None


class AlreadyServed(Exception):
    """Another `packshot serve` runs on the same folder. The message names its process."""


@contextmanager
def only_one(var: Path) -> Iterator[bool]:
    """Hold this folder against a second supervisor; True if the one before was killed, and its roles may still be ending. Raises AlreadyServed."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "serve.lock").open("a+") as file:
        file.seek(0)
        before = file.read().strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however it ends
        except BlockingIOError:
            raise AlreadyServed(f"{var}: another `packshot serve` (process {before}) runs on this folder: end it, or set PACKSHOT_VAR to another") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield bool(before)
        file.truncate(0)


def wait_for_port(host: str, port: int, seconds: float) -> None:
    """Until we can listen there. Raises PortTaken when we cannot in time."""
    until = time.monotonic() + seconds
    while True:
        try:
            return check_port(host, port)
        except PortTaken:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def prepare(kit: Kit) -> str | None:
    """Migrate, put the rules in force, make the first admin. Returns the sign-in in one line, None where the first admin was made by a person.

    Raises rules.RuleError for a broken overlay, imaging.RecipeError for a broken recipes file.
    """
    _ = kit.release
    migrate.migrate(kit.settings.database)
    rulebook.renew(kit, "packshot", "start")
    return sign_in(kit)


def sign_in(kit: Kit) -> str | None:
    """Make the first admin, with a random password kept in var/sign-in.txt (mode 600); later starts find it there."""
    path = kit.settings.var / "sign-in.txt"
    with kit.db.writing() as session:
        if session.scalar(sa.select(User.id).limit(1)) is None:
            password = secrets.token_urlsafe(12)
            people.create_user(session, ADMIN, password, "admin", kit.now())
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)
            path.write_text(f"{ADMIN} {password}\n")
    return _still_right(kit, path)


def _still_right(kit: Kit, path: Path) -> str | None:
    """The kept sign-in, as long as its password was not changed."""
    if not path.exists():
        return None
    name, _, password = path.read_text().strip().partition(" ")
    with kit.db.reading() as session:
        return f"{name} / {password}" if people.check_password(session, name, password) else None


def roles(settings: Settings, host: str, port: int) -> list[Role]:
    """The roles of one machine: web, scheduler, a worker for the quick stages, and one process per imaging slot."""
    env = environment(settings)
    quick = ",".join(stage for stage in STAGES if stage not in worker.IMAGING)
    imaging = ",".join(worker.IMAGING)
    made = [
        Role("web", ["web", "--host", host, "--port", str(port)], env),
        Role("scheduler", ["scheduler", "--name", "scheduler-1"], env),
        Role("worker-1", ["worker", "--name", "worker-1", "--stages", quick, "--tasks", "50000"], env),
    ]
    names = [f"imaging-{number}" for number in range(1, imaging_workers() + 1)]
    return made + [Role(name, ["worker", "--name", name, "--slots", "1", "--stages", imaging], env) for name in names]


def imaging_workers() -> int:
    """One per processor, at most four: memory, not speed, is what a small machine lacks."""
    return max(1, min(4, os.cpu_count() or 1))


def serve(
    settings: Settings,
    host: str,
    port: int,
    asked_to_stop: threading.Event,
    shoot: Path | None = None,
    faults: Path | None = None,
    practice_port: int = 0,
) -> None:
    """Prepare, start everything, say where, and look after it until asked to stop.

    Raises AlreadyServed, PortTaken, rules.RuleError, imaging.RecipeError, OSError.
    """
    with only_one(settings.var) as was_killed:
        wait_for_port(host, port, life.LAST_SECONDS if was_killed else 0.0)
        marketplaces = practice.Marketplaces(settings, practice_port, faults) if settings.practice else None
        _serve(settings, host, port, asked_to_stop, shoot or practice.sample_shoot(), marketplaces)


def _serve(settings: Settings, host: str, port: int, asked_to_stop: threading.Event, shoot: Path, marketplaces: practice.Marketplaces | None) -> None:
    supervisor = Supervisor()
    kit = Kit(settings)
    try:
        who = prepare(kit)
        if marketplaces is not None:
            supervisor.roles.append(marketplaces)
            marketplaces.start()
            marketplaces.wait()
            practice.seed(kit, marketplaces.port, shoot)
            practice.copy_shoot(kit, shoot)
        supervisor.roles += roles(settings, host, port)
        announce(settings, host, port, who)
        supervisor.run(asked_to_stop)
    finally:
        supervisor.stop()
        kit.close()


def announce(settings: Settings, host: str, port: int, who: str | None) -> None:
    """Print where to go and how to sign in."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  # compared, not bound
    print(f"Packshot is at http://{shown}:{port}   sign in: {who or 'as before'}", flush=True)
    if settings.practice:
        print(f"Practice mode: nothing leaves this machine. Photographs go in at {', '.join(settings.intake)}", flush=True)
    print("Ctrl-C ends it; everything in flight is taken up at the next start.", flush=True)
