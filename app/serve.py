"""`packshot serve`: everything on one machine. Prepares the house, starts the roles as processes of their own, and starts again what dies."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import sqlalchemy as sa
import structlog

from app import life, migrate, people, rulebook, worker
from app.config import PREFIX, Settings
from app.kit import Kit
from app.models import User
from app.stages import STAGES

GAPS_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)  # before a role that keeps dying is started once more
SOUND_S = 60.0  # a role that lived so long counts as sound again
GRACE_S = 30.0  # how long the roles may take to stop in order
LOOK_S = 0.2
ADMIN = "admin"
log = structlog.get_logger("packshot.serve")


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


def prepare(kit: Kit) -> str | None:
    """Migrate, put the rules in force, make the first admin. Returns the sign-in in one line, None where the first admin was made by a person.

    Raises rules.RuleError for a broken overlay.
    """
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


class Process(Protocol):
    """The part of Popen that a role needs."""

    pid: int

    @property
    def stdin(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


@dataclass
class Role:
    """One child process: how it is started, and how often it died of late."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: Process | None = None
    started: float = 0.0
    start_at: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        """Start it. Its standard input is a pipe that closes when we die, which is how it knows."""
        self.spawn(supervised=True)

    def spawn(self, *, supervised: bool) -> None:
        """Start the process; one that is not supervised outlives us."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "app.cli", *self.arguments],
            env={**self.environment, life.SUPERVISED: "1"} if supervised else dict(self.environment),
            stdin=subprocess.PIPE if supervised else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C on the terminal reaches us alone, and we stop them in order
        )

    def look(self) -> None:
        """Start it again if it died: at once after an orderly end, after growing gaps otherwise."""
        if self.process is None:
            if time.monotonic() >= self.start_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        lived = time.monotonic() - self.started
        self.deaths = 0 if lived > SOUND_S or code == 0 else self.deaths + 1
        gap = 0.0 if code == 0 else GAPS_S[min(self.deaths - 1, len(GAPS_S) - 1)] if self.deaths else GAPS_S[0]
        if code != 0:
            log.warning("died", role=self.name, code=code, lived_s=round(lived), again_in_s=gap)
        self._forget_process()
        self.start_at = time.monotonic() + gap

    def ask_to_stop(self) -> None:
        """SIGTERM, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self, until: float) -> None:
        """Wait for it until a time (monotonic), then kill it and all it started."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("killed", role=self.name)
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._forget_process()

    def _forget_process(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


@dataclass
class Supervisor:
    """Keeps the roles running until asked to stop."""

    roles: list[Role] = field(default_factory=list)

    def run(self, asked_to_stop: threading.Event) -> None:
        """Start what is not started, and look after it."""
        while not asked_to_stop.is_set():
            for role in self.roles:
                role.look()
            asked_to_stop.wait(LOOK_S)

    def stop(self) -> None:
        """Stop everything in order, those first that were started last; what does not stop is killed."""
        until = time.monotonic() + GRACE_S
        for role in reversed(self.roles):
            role.ask_to_stop()
        for role in reversed(self.roles):
            role.end(until)


def roles(settings: Settings, host: str, port: int) -> list[Role]:
    """The roles of one machine: web, scheduler, a worker for the quick stages, and one process per imaging slot."""
    env = environment(settings)
    quick = ",".join(stage for stage in STAGES if stage not in worker.IMAGING)
    imaging = ",".join(worker.IMAGING)
    made = [
        Role("web", ["web", "--host", host, "--port", str(port)], env),
        Role("scheduler", ["scheduler", "--name", "scheduler-1"], env),
        Role("worker-1", ["worker", "--name", "worker-1", "--stages", quick], env),
    ]
    names = [f"imaging-{number}" for number in range(1, imaging_workers() + 1)]
    return made + [Role(name, ["worker", "--name", name, "--slots", "1", "--stages", imaging], env) for name in names]


def imaging_workers() -> int:
    """One per processor, at most four: memory, not speed, is what a small machine lacks."""
    return max(1, min(4, os.cpu_count() or 1))


def environment(settings: Settings) -> dict[str, str]:
    """What a role is told: our own environment, and what serve itself decided."""
    return {
        **os.environ,
        f"{PREFIX}VAR": str(settings.var.absolute()),
        f"{PREFIX}MEDIA_BASE_URL": settings.media_base_url,
        f"{PREFIX}INTAKE": ",".join(settings.intake),
        f"{PREFIX}PRACTICE": str(settings.practice).lower(),
    }


def serve(settings: Settings, host: str, port: int, asked_to_stop: threading.Event) -> None:
    """Prepare, start everything, say where, and look after it until asked to stop.

    Raises PortTaken, rules.RuleError, OSError.
    """
    check_port(host, port)
    supervisor = Supervisor()
    kit = Kit(settings)
    try:
        who = prepare(kit)
        if settings.practice:
            from app import practice  # it is a role, so it builds on this module

            marketplaces = practice.Marketplaces(settings)
            supervisor.roles.append(marketplaces)
            marketplaces.start()
            marketplaces.wait()
            practice.seed(kit, marketplaces.port)
            practice.copy_shoot(kit)
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
