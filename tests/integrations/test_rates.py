"""How fast an account may call: never faster than allowed, hardly slower, in every process alike, and learnt where it is not what is documented."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import SITES, Access, MemoryBuckets, Rates, Throttled
from integrations.rates import MOST_WAIT, Bucket, Rate, Turn, rates_of, refused, reserve, told

FIVE = Rate(5, 5)


@dataclass
class World:
    """A clock that sleeping moves, and a marketplace that allows `rate` calls a second with a burst of `burst`."""

    rate: float
    burst: float = 5
    now: float = 1_000_000.0
    tokens: float = 5
    seen: float = 1_000_000.0
    calls: list[tuple[float, bool]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def call(self) -> bool:
        self.tokens = min(self.burst, self.tokens + (self.now - self.seen) * self.rate)
        self.seen = self.now
        fine = self.tokens >= 1
        self.tokens -= 1 if fine else 0
        self.calls.append((self.now, fine))
        return fine

    def work(self, rates: Rates, documented: Rate, seconds: float) -> None:
        """Call as fast as may be for a while; what is kept back waits."""
        until = self.now + seconds
        while self.now < until:
            try:
                rates.take("a", "patch", documented)
            except Throttled as later:
                self.sleep(later.delay)
                continue
            if not self.call():
                rates.refused("a", "patch", documented)

    def shares(self, seconds: float) -> tuple[float, float]:
        """Of the last seconds: how much of the allowed rate was used, and the share of calls that were refused."""
        last = [fine for at, fine in self.calls if at >= self.now - seconds]
        return sum(last) / (seconds * self.rate), last.count(False) / max(1, len(last))


def limiter(world: World) -> Rates:
    return Rates(MemoryBuckets(), lambda: world.now, world.sleep)


def test_a_documented_rate_that_holds_is_used_up_and_never_passed() -> None:
    world = World(rate=5)

    world.work(limiter(world), FIVE, 2000)

    used, refusals = world.shares(1900)
    assert used >= 0.95
    assert refusals == 0


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0, 3.3, 4.9])
def test_a_marketplace_that_allows_less_than_it_documents_is_found_out(rate: float) -> None:
    world = World(rate=rate)
    rates = limiter(world)

    world.work(rates, FIVE, 4 * 3600)

    used, refusals = world.shares(3 * 3600)
    assert used >= 0.95
    assert refusals < 0.001


@pytest.mark.parametrize("rate", [3.0, 4.3, 4.9])
def test_what_is_allowed_is_found_out_within_minutes(rate: float) -> None:
    world = World(rate=rate)
    rates = limiter(world)

    world.work(rates, FIVE, 300)
    world.work(rates, FIVE, 1700)

    used, refusals = world.shares(1700)
    assert used >= 0.95
    assert refusals < 0.001


def test_a_rate_that_rises_again_is_used_again() -> None:
    world = World(rate=2)
    rates = limiter(world)
    world.work(rates, FIVE, 3600)

    world.rate = 5
    world.work(rates, FIVE, 12 * 3600)

    assert world.shares(1800)[0] >= 0.95


@pytest.mark.parametrize("before_s", [0, 6 * 3600])
def test_a_storm_of_refusals_is_forgotten_within_hours(before_s: float) -> None:
    world = World(rate=5)
    rates = limiter(world)
    world.work(rates, FIVE, before_s)

    world.rate, world.burst, calm = 0, 0, len(world.calls)
    world.work(rates, FIVE, 1800)
    assert not any(fine for _, fine in world.calls[calm:])
    world.rate, world.burst = 5, 5
    world.work(rates, FIVE, 2 * 3600)

    assert world.shares(1800)[0] >= 0.5


def test_an_account_that_was_held_to_a_few_calls_a_minute_is_tried_every_hour() -> None:
    world = World(rate=0.05)
    rates = limiter(world)
    world.work(rates, FIVE, 24 * 3600)

    world.rate = 5
    world.work(rates, FIVE, 6 * 3600)

    assert world.shares(1800)[0] >= 0.95


@settings(max_examples=60)
@given(gaps=st.lists(st.floats(0, 3), min_size=10, max_size=80), per_second=st.floats(0.1, 20), burst=st.integers(1, 30))
def test_no_window_holds_more_calls_than_the_bucket_allows(gaps: list[float], per_second: float, burst: int) -> None:
    rate, now, bucket, at = Rate(per_second, burst), 1000.0, None, []
    for gap in gaps:
        now += gap
        bucket, wait, taken = reserve(bucket, rate, now)
        if taken:
            at.append(now + wait)

    at.sort()
    for first in range(len(at)):
        for last in range(first, len(at)):
            assert last - first + 1 <= max(1.0, burst) + (at[last] - at[first]) * per_second + 1e-4  # waits are rounded to microseconds


def test_a_call_whose_turn_is_far_makes_room_for_others() -> None:
    slow, bucket = Rate(0.1, 1), None
    bucket, wait, taken = reserve(bucket, slow, 1000.0)
    assert (wait, taken) == (0.0, True)

    same, wait, taken = reserve(bucket, slow, 1000.0)

    assert (same, taken) == (bucket, False)
    assert MOST_WAIT < wait == pytest.approx(10)


def test_a_retry_after_is_kept_to() -> None:
    bucket = refused(None, FIVE, 1000.0, wait=60)

    assert reserve(bucket, FIVE, 1001.0)[1] == pytest.approx(59)
    assert reserve(bucket, FIVE, 1060.5)[2]


def test_refusals_of_calls_under_way_at_once_count_as_one() -> None:
    once = refused(Bucket(5), FIVE, 1000.0)

    assert refused(once, FIVE, 1000.5).rate == once.rate
    assert refused(once, FIVE, 1010.0).rate < once.rate


def test_a_rate_that_an_answer_names_holds_at_once_if_it_is_slower() -> None:
    assert told(Bucket(5), FIVE, 2).rate == 2
    assert told(Bucket(2), FIVE, 5).rate == 2
    assert told(None, FIVE, 50).rate == 5


@pytest.mark.parametrize("operation", ["createFeed", "createReport", "getFeedDocument"])
def test_no_refusal_makes_a_slow_operation_faster(operation: str) -> None:
    documented = rates_of("amazon")[operation]

    assert refused(None, documented, 1000.0).rate <= documented.per_second
    assert refused(refused(None, documented, 1000.0), documented, 2000.0).rate <= documented.per_second
    assert told(Bucket(0.02), documented, documented.per_second / 2).rate <= documented.per_second


def test_a_days_calls_end_and_begin_again_at_the_marketplaces_midnight() -> None:
    rate = Rate(1000, 1000, per_day=3, day_zone="America/Los_Angeles")
    now = 1_795_852_800.0  # 2026-11-28 08:00 UTC = midnight in Los Angeles
    bucket = None
    for _ in range(3):
        bucket, _, taken = reserve(bucket, rate, now)
        assert taken

    bucket, wait, taken = reserve(bucket, rate, now + 3600)
    assert not taken
    assert wait == pytest.approx(23 * 3600)
    assert reserve(bucket, rate, now + 24 * 3600)[2]


def test_what_can_wait_leaves_a_share_of_the_day_to_what_cannot() -> None:
    rate, now, bucket = Rate(1000, 1000, per_day=10), 1000.0, None
    for _ in range(7):
        bucket, _, taken = reserve(bucket, rate, now, share=0.7)
        assert taken

    assert not reserve(bucket, rate, now, share=0.7)[2]
    assert reserve(bucket, rate, now)[2]


def test_threads_share_one_bucket() -> None:
    store, now = MemoryBuckets(), 1000.0
    taken, rates = [], Rates(store, lambda: now, lambda seconds: taken.append(seconds))
    threads = [threading.Thread(target=lambda: [rates.take("a", "patch", FIVE) for _ in range(4)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.update("a patch", lambda bucket: bucket or Bucket(0)).used == 16
    assert sorted(round(seconds, 3) for seconds in taken) == [round(0.2 * n, 3) for n in range(1, 14)]


@pytest.mark.parametrize("connector", ["amazon", "ebay"])
def test_every_connector_says_how_fast_it_may_call(connector: str) -> None:
    assert "*" in rates_of(connector)


def test_a_days_calls_are_shared_by_the_accounts_of_one_application() -> None:
    store, waits = MemoryBuckets(), list[float]()
    limiter = Rates(store, lambda: 1000.0, waits.append)
    rates = {"*": Rate(100, 100), "trading": Rate(100, 100, per_day=3)}
    keys = [("ebay-uk:main", "a"), ("ebay-us:main", "a"), ("ebay-uk:other", "b")]
    turns = [Turn(Access(account, SITES[account.partition(":")[0]], "s", {"client_id": client}, limiter=limiter), rates) for account, client in keys]

    turns[0].take("trading")
    turns[1].take("trading")
    turns[1].take("trading")

    with pytest.raises(Throttled):
        turns[0].take("trading")
    turns[2].take("trading")
    turns[0].take("GetItem")
