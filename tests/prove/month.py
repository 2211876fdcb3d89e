"""A simulated month: one seller's listings on both marketplaces, every fault on, people who change their minds, judged every hour by the twin's own truth."""

from __future__ import annotations

import random
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import integrations
from app import rulebook
from app.accounts import DEFAULT_PACE
from app.config import Settings
from app.dispatch import batches, lease, mark
from app.kit import Kit
from app.migrate import migrate
from app.stages import STAGES
from app.stages.run import run_many
from app.store import StoreError
from integrations.practice.clock import Clock
from integrations.practice.orders import load_orders
from integrations.practice.server import create_app
from integrations.practice.world import World
from integrations.tokens import TOKENS
from tests.app.conftest import START
from tests.prove import album
from tests.prove.leaks import listening
from tests.prove.month_shop import DAY, HOUR, SITES, Shop, plan
from tests.prove.month_truth import Truth
from tests.prove.wire import Wire, wired

BASE, MEDIA = "http://127.0.0.1:1", "http://127.0.0.1:2"  # nobody listens there: no socket is opened
WEATHER = ("empty_503", "html_502", "throttle_429", "timeout_before", "timeout_after", "drop_connection")
MARK = 2.5 * HOUR  # between two nets under the wake-ups; less than the slack of the promises
TICK = 120.0  # s; the house looks for what is due at most so often


@dataclass(frozen=True)
class Size:
    """How big a month is. `live_look_s` and `calls_per_day` are the seller's own policy: how often Amazon's live listings are looked at, eBay's calls."""

    products: int
    days: int
    per_day: dict[str, float]
    live_look_s: float
    calls_per_day: int
    poll_s: float
    calm_days: float = 2.0  # at the end: people and weather are quiet, longer than a picture may take to appear


FULL = Size(1000, 30, {"wishes": 10, "created": 2, "minds": 2, "meddled": 2}, 3 * DAY, 300, 2 * HOUR)
SHORT = Size(16, 4, {"wishes": 4, "created": 1, "minds": 1, "meddled": 1}, 1.5 * DAY, 300, 6 * HOUR)


def faults() -> list[dict[str, Any]]:
    """What goes wrong, and how often."""
    orders: list[dict[str, Any]] = [{"when": "*", "rate": 0.005, "do": fault, "hold": 0} for fault in WEATHER]
    orders.append({"when": "*", "rate": 0.002, "do": "expire_token"})
    for call in ("putListingsItem", "patchListingsItem"):
        orders += [{"when": call, "rate": rate, "do": fault} for fault, rate in (("late", 0.05), ("drop_write", 0.02), ("swap", 0.02), ("exempt", 0.3))]
    orders += [{"when": "ReviseFixedPriceItem", "rate": rate, "do": fault} for fault, rate in (("late", 0.05), ("drop_write", 0.02))]
    orders += [{"when": call, "rate": 0.02, "do": "sibling_image"} for call in ("getListingsItem", "searchListingsItems")]
    return orders


class Month:
    """Both worlds, and the passing of their one time."""

    def __init__(self, folder: Path, seed: int, size: Size) -> None:
        self.size, self.chance = size, random.Random(f"month {seed}")
        self.clock = Clock(frozen=START.timestamp())
        app = create_app(folder / "practice.db", seed, faults(), self.clock, BASE)
        self.world: World = app.extensions["practice"]
        settings = Settings(var=folder, secret_key="a secret key for proofs", media_base_url=MEDIA, practice=True)  # type: ignore[arg-type]
        self.wire = Wire(app, BASE, MEDIA, self._public)
        self.kit = Kit(settings, clock=self.house_now, connect=self.wire.connect(self.house_now))
        self.kit.__dict__["limiter"] = integrations.Rates(integrations.MemoryBuckets(), self.clock.now, self.pass_time)
        shutil.copyfile(_migrated(), folder / "packshot.db")
        rulebook.renew(self.kit, "proof", "start")
        self.house = sqlite3.connect(f"file:{folder / 'packshot.db'}?mode=ro", uri=True, isolation_level=None)
        self.twin = sqlite3.connect(f"file:{folder / 'practice.db'}?mode=ro", uri=True, isolation_level=None)
        self.marked, self.idle = 0.0, {"learn"}  # when the net was last drawn in; stages that do not run: learning has proofs of its own
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.struck: Counter[str] = Counter()
        seller, client = f"S{secrets.token_hex(8)}", [secrets.token_urlsafe(24) for _ in range(2)]
        credentials = {
            "amazon-uk": {"lwa_app_id": "amzn-app", "lwa_client_secret": client[0], "refresh_token": f"practice-{seller}"},
            "ebay-uk": {"client_id": "ebay-app", "client_secret": client[1], "refresh_token": f"practice-{seller}"},
        }
        pace = {**DEFAULT_PACE, "live_look_s": size.live_look_s, "poll_s": size.poll_s}
        policy: dict[str, Any] = {"publish": "auto", "create": True, "wait_s": 20, "repair": "auto", "pace": pace}
        policies = {"amazon-uk": {**policy, "listing": {}}, "ebay-uk": {**policy, "listing": {"calls_per_day": size.calls_per_day}}}
        self.secrets = {*client, f"practice-{seller}"}
        self.shop = Shop(self.kit, self.world, self.wire, self.chance, size.products, seller, credentials, policies)

    def house_now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def _public(self, path: str) -> bytes | None:
        try:
            return self.kit.media.store.read(path.removeprefix("/media/"))
        except StoreError:
            return None

    def pass_time(self, seconds: float) -> None:
        """Time goes on in both worlds; what is due at the twin happens at its own moment."""
        until = self.clock.now() + seconds
        while (due := self._due_there()) is not None and due <= until:
            self.clock.advance(max(0.0, due - self.clock.now()) + 1e-6)
            self.world.tick()
        self.clock.advance(max(0.0, until - self.clock.now()))

    def _due_there(self) -> float | None:
        return self.twin.execute("SELECT min(due) FROM effect WHERE done IS NULL").fetchone()[0]  # type: ignore[no-any-return]

    def _due_here(self) -> float | None:
        query = "SELECT min(due_at) FROM work WHERE stage = ? AND leased_until IS NULL"  # a search in the index for each, where one for all is a walk
        dues = (self.house.execute(query, (name,)).fetchone()[0] for name in STAGES if name not in self.idle)
        found = min(filter(None, dues), default=None)
        return None if found is None else datetime.fromisoformat(found).replace(tzinfo=UTC).timestamp()

    def until(self, end: float) -> None:
        """The house works off what is due, as it becomes due, until a moment."""
        while True:
            due = self._due_here()
            at = min(end, max(due if due is not None else end, self.clock.now() + TICK))
            self.pass_time(at - self.clock.now())
            if self.clock.now() >= end:
                return
            if self.clock.now() - self.marked >= MARK:
                self.marked = self.clock.now()
                mark(self.kit)
            self.work()

    def work(self) -> None:
        """One turn of the dispatcher and its workers."""
        now = self.kit.now()
        rows = self.house.execute("SELECT DISTINCT stage FROM work WHERE leased_until IS NULL AND due_at <= ?", (now.strftime("%Y-%m-%d %H:%M:%S.%f"),))
        for name in [name for (name,) in rows.fetchall() if name not in self.idle]:
            with self.kit.db.writing() as session:
                jobs = batches(session, STAGES[name], lease(session, STAGES[name], now, limit=STAGES[name].in_flight))
            for rows in jobs:
                self.outcomes.update((name, outcome) for outcome in run_many(self.kit, STAGES[name], rows))

    def longest_look_s(self) -> float:
        """How long a change by others may go unnoticed: what they do in the last days could not be mended by the end."""
        return max(self.size.live_look_s, 1.2 * self.shop.turn_s("ebay-uk")) + 0.2 * DAY

    def weather(self, orders: list[dict[str, Any]]) -> None:
        """Other faults from now on; what has struck is remembered."""
        self.struck.update(one["do"] for one in self.wire.coat.struck)
        self.wire.coat.set(load_orders(orders).faults)

    def calm(self) -> None:
        """The weather clears and people let everything go on."""
        self.weather([])
        for site in tuple(self.shop.revoked):
            self.shop.restore(site)
        for one in (None, *SITES):
            self.shop.resume(one)

    def told(self, right: int, waiting: int, truth: Truth) -> str:
        """The month in figures."""
        bugs = {stage: n for (stage, outcome), n in self.outcomes.items() if outcome == "bug"}
        assert not bugs, f"stages that failed in a way that nobody expected: {bugs}"
        done = {stage: sum(n for (name, _), n in self.outcomes.items() if name == stage) for stage in STAGES}
        [[drifts]] = self.house.execute("SELECT count(*) FROM events WHERE kind = 'listing' AND \"to\" = 'drifted'")
        [[repairs]] = self.house.execute("SELECT count(*) FROM events WHERE kind = 'listing' AND what = 'repaired'")
        notices = self.house.execute("SELECT kind, count(*) FROM notices GROUP BY kind ORDER BY kind").fetchall()
        words = [
            f"{right} listings as wanted, {waiting} wait for a person",
            f"{sum(self.wire.calls.values())} calls, {self.struck.total()} faults ({', '.join(f'{n} {do}' for do, n in sorted(self.struck.items()))})",
            f"{done['publish']} pushes, {done['watch']} looks, {done['notices']} polls, {drifts} drifts, {repairs} repairs",
            f"notices: {', '.join(f'{n} {kind}' for kind, n in notices)}",
            f"people: {', '.join(f'{n} {what}' for what, n in sorted(self.shop.did.items()))}",
            f"{truth.compared} comparisons; longest lags: {', '.join(f'{what} {late / HOUR:.1f} h' for what, late in truth.worst.most_common(4))}",
        ]
        return "; ".join(words)

    def close(self) -> None:
        self.house.close()
        self.twin.close()
        self.kit.close()
        self.world.store.close()


@contextmanager
def month(seed: int, size: Size) -> Iterator[Month]:
    """Both worlds before the first day, in memory where there is such a folder; the tokens' clock is theirs too."""
    memory = Path("/dev/shm")
    random.seed(seed)  # jitter
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="month-", dir=memory if memory.is_dir() else None)))
        stack.enter_context(album.remembered())
        made = Month(folder, seed, size)
        stack.callback(made.close)
        stack.enter_context(wired(made.wire))
        usual, TOKENS._clock = TOKENS._clock, made.clock.now
        stack.callback(lambda: setattr(TOKENS, "_clock", usual))
        made.shop.open()
        yield made


def prove(seed: int, size: Size = FULL, *, listen: bool | None = None) -> str:
    """One month; raises AssertionError for whatever is wrong. Every fourth seed listens to all that is logged, which at DEBUG takes a third more time."""
    begun = time.process_time()
    with month(seed, size) as made:
        hearing = seed % 4 == 1 if listen is None else listen
        with listening(made.wire.tokens, made.secrets) if hearing else nullcontext() as ears:
            said = _live(made)
        if ears is not None:
            assert not ears.heard, f"{len(ears.heard)} secrets in the log: {ears.heard[:3]}"
            assert ears.lines > 1000, "the log was not listened to"
            said += f"; {ears.lines} log lines without any of {len(made.wire.tokens)} tokens"
    return f"{said}; {time.process_time() - begun:.0f} s CPU"


def _live(made: Month) -> str:
    size, begin, truth = made.size, made.clock.now(), Truth(made.shop, made.house, made.twin)
    busy = size.days - size.calm_days
    meddling = max(1, int(busy - made.longest_look_s() / DAY))
    acts = plan(made.shop, size.days, size.per_day, busy=busy, meddling=meddling)
    truth.hour(all_of_them=True)
    assert not truth.lagging, "the two worlds were not alike at the beginning"
    for hour in range(1, 24 * size.days + 1):
        until = begin + hour * HOUR
        while acts and begin + acts[0][0] <= until:
            at, do = acts.pop(0)
            made.until(begin + at)
            do()
        made.until(until)
        truth.hour(all_of_them=hour % 24 == 0)
        if hour == 24 * meddling:
            made.weather([order for order in faults() if order["do"] != "swap"])
        if hour == 24 * busy:
            made.calm()
    return made.told(*truth.end(), truth)


def _migrated() -> Path:
    return Path(_template().name) / "packshot.db"


_kept: list[Any] = []


def _template() -> Any:
    if not _kept:
        _kept.append(tempfile.TemporaryDirectory(prefix="migrated-"))
        migrate(f"sqlite:///{_kept[0].name}/packshot.db")
    return _kept[0]
