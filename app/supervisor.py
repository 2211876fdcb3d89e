"""Processes that look after other processes: a role is started, started again when it dies, and stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

import structlog

from app import life
from app.config import PREFIX, Settings

GAPS_S = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)  # before a role that keeps dying is started once more
SOUND_S = 60.0  # a role that lived so long counts as sound again
GRACE_S = 30.0  # how long the roles may take to stop in order
LOOK_S = 0.2
log = structlog.get_logger("packshot.serve")


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


def environment(settings: Settings) -> dict[str, str]:
    """What a role is told: our own environment, and what serve itself decided."""
    return {
        **os.environ,
        f"{PREFIX}VAR": str(settings.var.absolute()),
        f"{PREFIX}MEDIA_BASE_URL": settings.media_base_url,
        f"{PREFIX}INTAKE": ",".join(settings.intake),
        f"{PREFIX}PRACTICE": str(settings.practice).lower(),
    }
