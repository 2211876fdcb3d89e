"""The practice world's own time: real or standing still, and pushed forward on demand."""

import threading
from datetime import UTC, datetime
from time import time


class Clock:
    """Unix seconds, UTC. `frozen` stands still and moves only by `advance`; otherwise real time plus what was advanced."""

    def __init__(self, frozen: float | None = None) -> None:
        self._frozen = frozen
        self._lock = threading.Lock()
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970 in the practice world."""
        return (time() if self._frozen is None else self._frozen) + self.offset

    def advance(self, seconds: float) -> float:
        """Push the world forward; answers the whole offset so far. Time never runs backwards (ValueError)."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        with self._lock:
            self.offset += seconds
            return self.offset


def iso(seconds: float) -> str:
    """2026-11-23T21:45:07.123Z, as both marketplaces write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(text: str) -> float:
    """Unix seconds of an ISO 8601 time; one without a zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
