"""How long to wait after a marketplace said "slower": doubling with jitter, per account and operation."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

__all__ = ["PACE", "Pace", "retry_after"]


class Pace:
    """Counts refusals in a row. The delay doubles from `first` seconds to `most`; half of it is chance, so that workers do not return in step."""

    def __init__(self, first: float = 2.0, most: float = 300.0, chance: Callable[[], float] = random.random) -> None:
        self._first, self._most, self._chance = first, most, chance
        self._lock = threading.Lock()
        self._streaks: dict[str, int] = {}

    def slower(self, key: str, at_least: float = 0.0) -> float:
        """Seconds to wait after one more refusal, never less than `at_least` (their Retry-After)."""
        with self._lock:
            streak = min(self._streaks.get(key, 0) + 1, 20)
            self._streaks[key] = streak
        full = min(self._most, self._first * 2.0**streak)
        return max(at_least, full / 2 + full / 2 * self._chance())

    def fine(self, key: str) -> None:
        """It went through; the next refusal starts from the beginning."""
        with self._lock:
            self._streaks.pop(key, None)


PACE = Pace()


def retry_after(header: str | None, most: float = 3600.0) -> float:
    """Seconds of a Retry-After header in its plain number form, else 0."""
    try:
        return min(most, max(0.0, float(header or 0)))
    except ValueError:
        return 0.0
