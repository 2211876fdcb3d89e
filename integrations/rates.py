"""How fast an account may call: one token bucket per account and operation, shared by every process, that learns from what it is told.

It starts at the documented rate (`rates.yaml` of each connector). A 429 makes it slower at once and makes it wait; from then on it tries more again:
first half the way to what was refused, where a mistake is felt soon, at last a little after some hundred quiet calls. A little try that fails doubles the
calls to the next one, a try that goes well halves them, so that a marketplace which allows less than it documents is found out and then hardly ever asked
too fast. Each try that goes well doubles the step of the next, and so does each refusal of what had gone well: after a storm of refusals, which says
nothing of what is allowed, the way up is short. Rates are calls a second, times are Unix seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import yaml

from integrations.errors import Throttled
from integrations.tokens import identity

if TYPE_CHECKING:
    from integrations.marketplace import Access

__all__ = [
    "PROOFS",
    "SWEEPS",
    "Bucket",
    "BucketStore",
    "Limiter",
    "MemoryBuckets",
    "Rate",
    "Rates",
    "Turn",
    "calls_a_day",
    "paused",
    "rates_of",
    "refused",
    "reserve",
    "told",
]

MOST_WAIT = 3.0  # seconds that a call waits for its turn; beyond them the job makes room for another
_FIRST, _NEXT = 0.7, 0.9  # by which a refusal cuts the rate: while it is still being looked for, and once it is about known
_TOGETHER = 2.0  # seconds in which several refusals are one: calls that were under way at once
_STEP, _MOST_STEP = 0.03, 1.0  # of the rate: how much more is tried, once it is known that well, and at most
_GAP, _MOST_GAP = 1_000.0, 36_000.0  # calls between two tries: 3 % too fast is felt only when the burst is used up, after some hundred calls
_MOST_QUIET = 3600.0  # seconds between two tries, however slow: one refusal an hour harms nobody, and thousands of slow calls would take weeks
_BURST = 0.6  # of the documented burst is used: the rest is for calls that arrive closer together than they were sent
_LEAST = 0.02  # calls a second: no refusal makes it slower, unless even less is documented
PROOFS = 0.85  # of the calls of a day: up to here it is looked whether a write shows; the rest is for writes, which always fit
SWEEPS = 0.6  # up to here the calls that can wait until tomorrow are made


@dataclass(frozen=True)
class Rate:
    """What a marketplace documents of one operation. `per_day` calls end at midnight of `day_zone`; None: no such limit."""

    per_second: float
    burst: float
    per_day: int | None = None
    day_zone: str = "UTC"


@dataclass(frozen=True)
class Bucket:
    """What is known of one account's operation. `next_at` is when the next call would be on time without any burst."""

    rate: float
    next_at: float = 0.0
    good: float = 0.0  # the fastest that went well; 0: nothing was refused yet
    bad: float = 0.0  # the slowest that was refused, if that is faster than `good`; else 0
    refused_at: float = 0.0
    probe_at: float = 0.0
    gap: float = _GAP  # calls
    step: float = _STEP  # of the rate: how much more is tried next, at the least
    day: str = ""
    used: int = 0  # of the day's calls

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Bucket:
        """The bucket of `to_dict`; keys of a later version are passed over."""
        return cls(**{each.name: values[each.name] for each in fields(cls) if each.name in values})


def reserve(bucket: Bucket | None, rate: Rate, now: float, share: float = 1.0) -> tuple[Bucket, float, bool]:
    """The bucket with one call taken, the seconds to wait for it, and whether it was taken at all; pure.

    Not taken: the wait is too long for a worker (MOST_WAIT), or the day's calls are used up to `share` (0..1) of them; then the seconds say when to
    ask again.
    """
    found = bucket or Bucket(rate.per_second)
    if rate.per_day is not None:
        today, ends = _day(rate.day_zone, now)
        found = found if found.day == today else replace(found, day=today, used=0)
        if found.used >= rate.per_day * share:
            return found, ends - now, False
    if found.good and found.rate < rate.per_second and now >= found.probe_at:  # what it has become went well
        if found.rate > found.good:
            found = replace(found, gap=max(_GAP, found.gap / 2), step=_doubled(found.step))
        found = replace(found, good=found.rate, bad=found.bad if found.bad > found.rate else 0.0)
        more = _more(found, rate)
        found = replace(found, rate=more, probe_at=now + _quiet(found, more, more))
    step = 1 / found.rate
    wait = round(max(0.0, found.next_at - _ahead(rate) * step - now), 6)
    if wait > MOST_WAIT:
        return found, wait, False
    return replace(found, next_at=max(now, found.next_at) + step, used=found.used + 1), wait, True


def refused(bucket: Bucket | None, rate: Rate, now: float, wait: float = 0.0) -> Bucket:
    """After a 429: slower, and empty for `wait` seconds (their Retry-After) or at least the time of one call; pure."""
    found = bucket or Bucket(rate.per_second)
    if now - found.refused_at > _TOGETHER:
        if found.good and found.rate > found.good:  # it was the try that failed
            gap = min(_MOST_GAP, found.gap * 2) if found.rate <= found.good * (1 + _STEP) else found.gap
            found = replace(found, rate=found.good, bad=found.rate, gap=gap, step=_STEP)
        else:
            slower = max(_least(rate), found.rate * (_NEXT if found.good else _FIRST))
            found = replace(found, rate=slower, bad=found.rate, gap=_GAP, step=_doubled(found.step))
        found = replace(found, good=found.rate, refused_at=now)
    found = paused(found, rate, now, max(wait, 1 / found.rate))
    return replace(found, probe_at=found.next_at + _quiet(found, _more(found, rate), found.rate))


def paused(bucket: Bucket | None, rate: Rate, now: float, wait: float) -> Bucket:
    """Empty for so many seconds, and no slower after them: what is used up says nothing of how fast it was used; pure."""
    found = bucket or Bucket(rate.per_second)
    return replace(found, next_at=max(found.next_at, now + wait + _ahead(rate) / found.rate))


def _more(found: Bucket, rate: Rate) -> float:
    """What is tried next above what went well: half the way to what was refused, or the next step."""
    return min(rate.per_second, max(found.good * (1 + found.step), (found.good + found.bad) / 2))


def _quiet(found: Bucket, more: float, pace: float) -> float:
    """The seconds at `pace` after which it counts as gone well: the bigger the try's step, the sooner it would have been refused."""
    calls = found.gap * min(1.0, _STEP / max(1e-9, more / found.good - 1))
    return min(_MOST_QUIET, calls / pace)


def _doubled(step: float) -> float:
    return min(_MOST_STEP, 2 * step)


def _least(rate: Rate) -> float:
    """The slowest that anything makes it."""
    return min(_LEAST, rate.per_second)


def told(bucket: Bucket | None, rate: Rate, per_second: float) -> Bucket:
    """A rate that the marketplace names in an answer: never faster than that, nor than documented; pure."""
    found = bucket or Bucket(rate.per_second)
    most = max(_least(rate), min(rate.per_second, per_second))
    return replace(found, rate=most, good=found.good or most) if found.rate > most else found


def _ahead(rate: Rate) -> float:
    """Calls that may be made before they are on time."""
    return max(1.0, rate.burst * _BURST) - 1


class BucketStore(Protocol):
    """Where buckets are kept; for all processes alike."""

    def update(self, key: str, change: Callable[[Bucket | None], Bucket]) -> Bucket:
        """Replace the bucket by what `change` makes of it, nobody else doing so meanwhile; the new one."""
        ...


class MemoryBuckets:
    """Buckets of this process alone, for one that has no database."""

    def __init__(self) -> None:
        self._lock, self._buckets = threading.Lock(), dict[str, Bucket]()

    def update(self, key: str, change: Callable[[Bucket | None], Bucket]) -> Bucket:
        with self._lock:
            self._buckets[key] = change(self._buckets.get(key))
            return self._buckets[key]


class Limiter(Protocol):
    """What a connector asks before each call, and tells what came of it. `operation` is the marketplace's own word."""

    def take(self, account: str, operation: str, rate: Rate, share: float = 1.0) -> None:
        """Wait for this call's turn. Raises Throttled where that is not soon, or not today."""
        ...

    def refused(self, account: str, operation: str, rate: Rate, wait: float = 0.0) -> None:
        """The marketplace said 429."""
        ...

    def paused(self, account: str, operation: str, rate: Rate, wait: float) -> None:
        """The marketplace said that its calls are used up for longer: none for so many seconds."""
        ...

    def told(self, account: str, operation: str, rate: Rate, per_second: float) -> None:
        """The marketplace named a rate."""
        ...


class Rates:
    """The limiter over a store of buckets; `clock` gives Unix seconds."""

    def __init__(self, store: BucketStore, clock: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store, self._clock, self._sleep = store, clock, sleep

    def take(self, account: str, operation: str, rate: Rate, share: float = 1.0) -> None:
        said: list[tuple[float, bool]] = []

        def change(bucket: Bucket | None) -> Bucket:
            made, wait, taken = reserve(bucket, rate, self._clock(), share)
            said.append((wait, taken))
            return made

        self._store.update(f"{account} {operation}", change)
        wait, taken = said[-1]
        if not taken:
            raise Throttled(wait, f"{account} {operation}: as many calls as are allowed were made; the next in {wait:.0f} s")
        if wait > 0:
            self._sleep(wait)

    def refused(self, account: str, operation: str, rate: Rate, wait: float = 0.0) -> None:
        self._store.update(f"{account} {operation}", lambda bucket: refused(bucket, rate, self._clock(), wait))

    def paused(self, account: str, operation: str, rate: Rate, wait: float) -> None:
        self._store.update(f"{account} {operation}", lambda bucket: paused(bucket, rate, self._clock(), wait))

    def told(self, account: str, operation: str, rate: Rate, per_second: float) -> None:
        self._store.update(f"{account} {operation}", lambda bucket: told(bucket, rate, per_second))


@cache
def rates_of(connector: str) -> Mapping[str, Rate]:
    """The documented rates of a connector's operations, from its rates.yaml; "*" is what holds for those not named."""
    read: dict[str, dict[str, Any]] = yaml.safe_load(files(f"integrations.{connector}").joinpath("rates.yaml").read_text("utf-8"))
    return {name: Rate(**{key: value for key, value in entry.items() if key != "source"}) for name, entry in read.items()}


def calls_a_day(connector: str, settings: Mapping[str, Any]) -> int | None:
    """How many calls an account may make in a day, by its settings (`calls_per_day`) or as documented; None where nobody counts days."""
    try:
        documented = [rate.per_day for rate in rates_of(connector).values() if rate.per_day is not None]
    except (ModuleNotFoundError, FileNotFoundError):  # a connector of another package that documents no rates
        return None
    return int(settings.get("calls_per_day") or min(documented)) if documented else None


class Turn:
    """One account's calls before its limiter. `rates` is what is documented, "*" for the rest; `settings["calls_per_day"]` a raised number a day."""

    def __init__(self, access: Access, rates: Mapping[str, Rate]) -> None:
        self._access, self._rates = access, rates

    def take(self, operation: str, share: float = 1.0) -> None:
        """Wait for this call's turn. Raises Throttled."""
        if self._access.limiter is not None:
            self._access.limiter.take(self._who(operation), operation, self._rate(operation), share)

    def refused(self, operation: str, wait: float = 0.0) -> None:
        """The marketplace said 429; `wait` is its Retry-After."""
        if self._access.limiter is not None:
            self._access.limiter.refused(self._who(operation), operation, self._rate(operation), wait)

    def paused(self, operation: str, wait: float) -> None:
        """The marketplace said that its calls are used up: none for `wait` seconds."""
        if self._access.limiter is not None:
            self._access.limiter.paused(self._who(operation), operation, self._rate(operation), wait)

    def told(self, operation: str, header: str | None) -> None:
        """A rate that an answer named, in calls a second. Only a slower one is news."""
        try:
            per_second = float(header or "inf")
        except ValueError:
            return
        if self._access.limiter is not None and 0 < per_second < (rate := self._rate(operation)).per_second:
            self._access.limiter.told(self._who(operation), operation, rate, per_second)

    def _who(self, operation: str) -> str:
        """Whose bucket it is: a day's calls are those of the application, whatever accounts it serves; all else is the account's own."""
        given = self._access.credentials
        application = given.get("client_id") or given.get("lwa_app_id")
        if not application or self._rate(operation).per_day is None:
            return self._access.account
        return f"{self._access.site.connector} application {identity(application)[:16]}"

    def _rate(self, operation: str) -> Rate:
        rate = self._rates.get(operation) or self._rates["*"]
        raised = self._access.settings.get("calls_per_day")
        return replace(rate, per_day=int(raised)) if raised and rate.per_day is not None else rate


def _day(zone: str, now: float) -> tuple[str, float]:
    """The day of a moment in a time zone, and when it ends."""
    here = datetime.fromtimestamp(now, ZoneInfo(zone))
    midnight = datetime(here.year, here.month, here.day, tzinfo=here.tzinfo) + timedelta(days=1)
    return here.date().isoformat(), midnight.timestamp()
