"""How fast changes reach an account that allows so many calls a second: the real connector and the real shared buckets against the practice Amazon.

Simulated seconds: several workers share one clock, of which one runs at a time, and the practice Amazon counts by the same clock. So half an hour of
waiting costs only the work that is done in it, and the answer is the same on a busy machine.
"""

from __future__ import annotations

import heapq
import itertools
import random
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import integrations
from app.db import Database
from app.models import RateBucket
from app.rates import RowBuckets
from app.stages.feed import ASK_S
from integrations.practice import PracticeServer

START = 1_795_000_000.0
SELLER, KEY = "BENCH", "amazon-uk:bench"
WORKERS = 8  # as many pushes as the house has in flight
SETTLE_S = 300.0  # until then a bucket may still be finding out what is allowed
WAY_S = (0.05, 0.25)  # between a call's turn and its arrival
BACKLOGS = (100, 250, 500, 1000, 1500, 3000, 10_000, 25_000)  # changes, for which feeds are measured
DOCUMENTED = 5.0  # patchListingsItem, calls a second: what the shares below are of


class Simulated:
    """A clock that several threads share: one of them runs at a time, and when it sleeps the one that wakes first goes on at its time.

    `moved` is told the seconds that pass.
    """

    def __init__(self, start: float, moved: Callable[[float], object]) -> None:
        self._now, self._moved = start, moved
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._numbers = itertools.count()
        self._failed: list[BaseException] = []

    def now(self) -> float:
        """Unix seconds."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let the others go on for so long."""
        turn = threading.Event()
        heapq.heappush(self._waiting, (self._now + max(0.0, seconds), next(self._numbers), turn))
        self._next()
        turn.wait()

    def run(self, workers: Sequence[Callable[[], None]]) -> None:
        """Run them all to their ends; raises what the first that failed raised."""
        threads = []
        for number, worker in enumerate(workers):
            turn = threading.Event()
            heapq.heappush(self._waiting, (self._now, next(self._numbers), turn))
            threads.append(threading.Thread(target=self._work, args=(worker, turn), name=f"simulated-{number}", daemon=True))
        for thread in threads:
            thread.start()
        self._next()
        for thread in threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _work(self, worker: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            worker()
        except BaseException as failure:
            self._failed.append(failure)
        finally:
            self._next()

    def _next(self) -> None:
        if self._waiting:
            at, _, turn = heapq.heappop(self._waiting)
            if at > self._now:
                self._moved(at - self._now)
                self._now = at
            turn.set()


@dataclass
class Measured:
    """What became of the changes, in simulated seconds; `allowed` is the account's rate in calls a second."""

    changes: int
    allowed: float
    seconds: float = 0.0
    accepted: list[float] = field(default_factory=list)  # when, since the start
    calls: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)  # 429s
    cpu_ms: float = 0.0  # of a push on our side
    floor_ms: float = 0.0  # the same two calls made bare, one after the other

    def used(self, since: float = SETTLE_S) -> float:
        """The share of the allowed rate that was used from then on."""
        since = min(since, self.seconds / 4)
        return sum(at >= since for at in self.accepted) / max(1e-9, (self.seconds - since) * self.allowed)

    def to_dict(self) -> dict[str, float]:
        """In short, JSON-able; `one_by_one_s` is what so many changes take at the allowed rate."""
        plain = {name: getattr(self, name) for name in ("changes", "allowed", "seconds", "cpu_ms", "floor_ms")}
        counted = {"calls": len(self.calls), "refused": len(self.refused), "used": self.used(), "refused_share": self.refusals()}
        return {name: round(value, 4) for name, value in {**plain, **counted, "one_by_one_s": self.changes / self.allowed}.items()}

    def refusals(self, since: float = SETTLE_S) -> float:
        """The share of all calls from then on that were answered 429."""
        since = min(since, self.seconds / 4)
        return sum(at >= since for at in self.refused) / max(1, sum(at >= since for at in self.calls))


class Watched:
    """The limiter of one worker: each call takes its way after its turn has come, and everything is written down."""

    def __init__(self, rates: integrations.Rates, clock: Simulated, seed: int, told: Measured) -> None:
        self._rates, self._clock, self._chance, self._told = rates, clock, random.Random(seed), told  # noqa: S311 - repeatable on purpose

    def take(self, account: str, operation: str, rate: integrations.Rate, share: float = 1.0) -> None:
        self._rates.take(account, operation, rate, share)
        self._told.calls.append(self._clock.now() - START)
        self._clock.sleep(self._chance.uniform(*WAY_S))

    def refused(self, account: str, operation: str, rate: integrations.Rate, wait: float = 0.0) -> None:
        self._told.refused.append(self._clock.now() - START)
        self._rates.refused(account, operation, rate, wait)

    def paused(self, account: str, operation: str, rate: integrations.Rate, wait: float) -> None:
        self._rates.paused(account, operation, rate, wait)

    def told(self, account: str, operation: str, rate: integrations.Rate, per_second: float) -> None:
        self._rates.told(account, operation, rate, per_second)


def patches(changes: int, *, share: float = 1.0, seed: int = 0, workers: int = WORKERS) -> Measured:
    """Push so many changed main pictures one by one to an account that is allowed `share` (0..1] of the documented rate."""
    orders = [{"calls": "*", "allowed": share}] if share < 1 else []
    with tempfile.TemporaryDirectory(prefix="packshot-sync-") as folder, PracticeServer(now=START, seed=seed, limits=True, faults=orders) as practice:
        practice.witness("stock", marketplace="amazon-uk", seller=SELLER, count=changes)
        told = Measured(changes, DOCUMENTED * share)
        clock = Simulated(START, practice.clock.advance)
        db = Database(f"sqlite:///{Path(folder) / 'buckets.db'}")
        RateBucket.metadata.tables[RateBucket.__tablename__].create(db.engine)
        try:
            todo, later = deque(range(1, changes + 1)), list[tuple[float, int]]()
            cpu: list[float] = []
            rates = integrations.Rates(RowBuckets(db), clock.now, clock.sleep)
            crew = [Worker(practice, Watched(rates, clock, seed * 1000 + number, told), clock, told, todo, later, cpu) for number in range(workers)]
            clock.run([worker.work for worker in crew])
        finally:
            db.close()
        told.seconds = clock.now() - START
        told.cpu_ms = 1000 * sum(cpu) / changes
        practice.witness("limits", on=False)
        told.floor_ms = floor(practice, min(changes, 200))
        return told


def feed(changes: int, *, seed: int = 0) -> Measured:
    """The same changes in as few files as the house would send, one after the other, each until its report was read."""
    with tempfile.TemporaryDirectory(prefix="packshot-sync-") as folder, PracticeServer(now=START, seed=seed, limits=True) as practice:
        practice.witness("stock", marketplace="amazon-uk", seller=SELLER, count=changes)
        told = Measured(changes, DOCUMENTED)
        clock = Simulated(START, practice.clock.advance)
        db = Database(f"sqlite:///{Path(folder) / 'buckets.db'}")
        RateBucket.metadata.tables[RateBucket.__tablename__].create(db.engine)
        try:
            limiter = Watched(integrations.Rates(RowBuckets(db), clock.now, clock.sleep), clock, seed, told)
            clock.run([lambda: _feed_all(practice, limiter, clock, told)])
        finally:
            db.close()
        told.seconds = clock.now() - START
        return told


def _feed_all(practice: PracticeServer, limiter: Watched, clock: Simulated, told: Measured) -> None:
    marketplace = integrations.connect(access(practice, limiter))
    assert isinstance(marketplace, integrations.Feeding)
    begun, batch = time.thread_time(), integrations.SITES["amazon-uk"].limits["feed_batch"]
    for first in range(1, told.changes + 1, batch):
        numbers = range(first, min(first + batch, told.changes + 1))
        fed = marketplace.send_many({number: offer(practice, number) for number in numbers})
        assert fed.reference is not None
        while (outcomes := marketplace.outcomes(fed.reference, fed.sent)) is None:
            clock.sleep(ASK_S)
        told.accepted += [clock.now() - START for outcome in outcomes.values() if outcome.accepted]
    told.cpu_ms = 1000 * (time.thread_time() - begun) / told.changes


def access(practice: PracticeServer, limiter: integrations.Limiter | None) -> integrations.Access:
    """The seller's account on the practice Amazon."""
    credentials = {"lwa_app_id": "bench", "lwa_client_secret": "bench", "refresh_token": f"practice-{SELLER}"}
    site, endpoints = integrations.SITES["amazon-uk"], practice.amazon_endpoints()
    return integrations.Access(KEY, site, SELLER, credentials, endpoints, allow_loopback=True, limiter=limiter)


def offer(practice: PracticeServer, number: int) -> integrations.Offer:
    """A main picture that the listing has not shown yet."""
    url = f"{practice.url}/images/I/{number}.jpg"
    picture = integrations.Picture("main", f"{number:064x}", url, lambda: b"")
    facts = integrations.ProductFacts("Article", "watch", "Ours", 1000, "GBP", 1, "new")
    return integrations.Offer(f"STOCK-{number:06d}", None, facts, (picture,), create=False, key=uuid.uuid4().hex, pushed={})


@dataclass
class Worker:
    """One process's worth: its own connector, the buckets shared; what is put off is taken up again when it is due."""

    practice: PracticeServer
    limiter: Watched
    clock: Simulated
    told: Measured
    todo: deque[int]
    later: list[tuple[float, int]]
    cpu: list[float]

    def work(self) -> None:
        """Until nothing is left."""
        marketplace = integrations.connect(access(self.practice, self.limiter))
        begun = time.thread_time()
        while (number := self._take()) is not None:
            try:
                marketplace.publish(offer(self.practice, number))
            except integrations.TryLater as failure:
                heapq.heappush(self.later, (self.clock.now() + failure.delay, number))
            else:
                self.told.accepted.append(self.clock.now() - START)
        self.cpu.append(time.thread_time() - begun)

    def _take(self) -> int | None:
        while self.later and (not self.todo or self.later[0][0] <= self.clock.now()):
            at, number = heapq.heappop(self.later)
            self.clock.sleep(at - self.clock.now())
            return number
        return self.todo.popleft() if self.todo else None


def floor(practice: PracticeServer, changes: int) -> float:
    """Milliseconds of processor time that the two calls of a push cost a bare HTTP client: what nobody could do without."""
    site = integrations.SITES["amazon-uk"].ids["marketplace"]
    form = {"grant_type": "refresh_token", "client_id": "bench", "client_secret": "bench", "refresh_token": f"practice-{SELLER}"}
    with httpx.Client(trust_env=False, timeout=30) as http:
        token = http.post(f"{practice.url}/auth/o2/token", data=form).json()["access_token"]
        begun = time.thread_time()
        for number in range(1, changes + 1):
            url = f"{practice.url}/listings/2021-08-01/items/{SELLER}/STOCK-{number:06d}"
            value = [{"media_location": f"{practice.url}/images/I/floor-{number}.jpg", "marketplace_id": site}]
            body = {"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/attributes/main_product_image_locator", "value": value}]}
            http.get(url, params={"marketplaceIds": site, "includedData": "summaries"}, headers={"x-amz-access-token": token}).raise_for_status()
            http.patch(url, params={"marketplaceIds": site}, json=body, headers={"x-amz-access-token": token}).raise_for_status()
        return 1000 * (time.thread_time() - begun) / changes


__all__ = ["BACKLOGS", "Measured", "Simulated", "feed", "patches"]
