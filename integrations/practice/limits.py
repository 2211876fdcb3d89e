"""How fast a seller may call: the documented rates of both marketplaces (limits.yaml), in the practice world's own time.

An account may be allowed less than is documented, as happens with the real ones; then the answers still tell the documented rate.
Counted in memory: a practice server that is started again begins with full buckets.
"""

import random
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from integrations.practice.clock import Clock
from integrations.practice.config import Strict
from integrations.practice.orders import Allowed

LIMITS = Path(__file__).with_name("limits.yaml")


class Bucket(Strict):
    """Amazon's way: calls a second, and how many may be saved up."""

    rate: float
    burst: float
    source: str


class Window(Strict):
    """eBay's way: so many calls within so many seconds."""

    calls: int
    seconds: float
    source: str


class Day(Strict):
    """A keyset's calls of a day; `raised` names the keysets that have more."""

    per_day: int
    zone: str
    raised: dict[str, int]
    source: str


class Documented(Strict):
    """limits.yaml."""

    amazon: dict[str, Bucket]
    ebay: dict[str, Window]
    ebay_day: Day


@lru_cache
def load_limits(path: Path = LIMITS) -> Documented:
    """What is documented; raises pydantic.ValidationError on anything unknown or missing."""
    return Documented.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@dataclass
class Level:
    """A bucket's tokens when it was last looked at."""

    tokens: float
    at: float


def mark(application: str) -> str:
    """A client id as tokens carry it."""
    return sha256(application.encode()).hexdigest()[:12]


class Limits:
    """Counts calls and says which are too many. Safe from several threads. Off, everything is allowed."""

    def __init__(self, clock: Clock, seed: int, on: bool, documented: Documented | None = None) -> None:
        self.documented = documented or load_limits()
        self._clock, self._seed, self._lock, self.on = clock, seed, threading.Lock(), on
        self._raised = {mark(name): calls for name, calls in self.documented.ebay_day.raised.items()}
        self._levels: dict[tuple[str, str, str], Level] = {}
        self._windows: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._days: Counter[tuple[str, str]] = Counter()
        self._allowed: tuple[Allowed, ...] = ()
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def set(self, allowed: Sequence[Allowed]) -> None:
        """Replace the orders that allow less than is documented; any such order turns counting on."""
        with self._lock:
            self._allowed = tuple(allowed)
            self.on = self.on or bool(allowed)

    def share(self, seller: str, operation: str) -> float:
        """The share of the documented rate that this seller is allowed: the last order that fits, 1 without any."""
        for order in reversed(self._allowed):
            if order.calls in {operation, "*"}:
                low, high = order.allowed if isinstance(order.allowed, tuple) else (order.allowed, order.allowed)
                return random.Random(f"{self._seed}/{seller}/{operation}").uniform(low, high)  # noqa: S311 - repeatable on purpose
        return 1.0

    def amazon(self, seller: str, application: str, operation: str) -> bool:
        """Count a call; whether there was a token for it."""
        known = self.documented.amazon.get(operation)
        with self._lock:
            if known is None or not self.on:
                return True
            now, share = self._clock.now(), self.share(seller, operation)
            level = self._levels.setdefault((seller, application, operation), Level(known.burst, now))
            level.tokens, level.at = min(known.burst, level.tokens + max(0.0, now - level.at) * known.rate * share), now
            fine = level.tokens >= 1 - 1e-6  # sums of floating point seconds must not miss the very moment
            level.tokens -= fine
            return self._counted(operation, fine)

    def ebay(self, seller: str, application: str, operation: str, trading: bool) -> Literal["window", "day"] | None:
        """Count a call; which limit it is beyond: the operation's short one or, a Trading call, the keyset's of the day."""
        with self._lock:
            if not self.on:
                return None
            now, window, day = self._clock.now(), self.documented.ebay.get(operation), self.documented.ebay_day
            if window is not None:
                made = self._windows[seller, operation]
                while made and made[0] <= now - window.seconds:
                    made.popleft()
                if len(made) >= window.calls * self.share(seller, operation):
                    self._counted(operation, False)
                    return "window"
                made.append(now)
            if not trading:
                self._counted(operation, True)
                return None
            today = (application, datetime.fromtimestamp(now, ZoneInfo(day.zone)).date().isoformat())
            fine = self._days[today] < self._raised.get(application, day.per_day) * self.share(seller, "trading")
            self._days[today] += fine
            return None if self._counted(operation, fine) else "day"

    def _counted(self, operation: str, fine: bool) -> bool:
        self.calls[operation] += 1
        self.refused[operation] += not fine
        return fine

    def told(self) -> dict[str, Any]:
        """For the witness: whether they are counted, calls and refusals of each operation, and what is allowed."""
        with self._lock:
            allowed = [order.model_dump() for order in self._allowed]
            counted = {name: {"calls": self.calls[name], "refused": self.refused[name]} for name in sorted(self.calls)}
            return {"on": self.on, "allowed": allowed, "calls": counted, "documented": self.documented.model_dump()}
