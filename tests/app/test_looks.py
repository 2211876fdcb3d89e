"""Looks by risk within the calls of a day: 100,000 listings fit in eBay's 5,000, and one that was just sent does not wait for them."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

import integrations
from app.accounts import DEFAULT_PACE
from app.stages.looks import RECENT_S, Crowd, gathered, next_look_s, spread_s

DAY = 86_400.0
CALLS = (integrations.calls_a_day("ebay", {}) or 0) * integrations.SWEEPS


def gap(crowd: Crowd, *, live: bool = True, doubts: int = 0, since: float = RECENT_S, notices: int = 0) -> float:
    return next_look_s(DEFAULT_PACE, crowd, live=live, doubts=doubts, since_change_s=since, notices=notices)


def test_where_nobody_counts_a_live_listing_has_its_plain_gap() -> None:
    for recent, quiet in ((0, 1), (100_000, 100_000)):
        assert gap(Crowd(recent, quiet)) == gap(Crowd(recent, quiet), since=0) == DEFAULT_PACE["live_look_s"]
    assert spread_s(5000, Crowd()) == 0


def test_a_small_shop_is_looked_at_as_often_as_without_a_budget() -> None:
    assert gap(Crowd(20, 200, CALLS)) == DEFAULT_PACE["live_look_s"]


def test_what_changed_or_has_a_notice_comes_round_before_what_is_quiet() -> None:
    crowd = Crowd(500, 99_500, CALLS)

    assert gap(crowd, since=0) == gap(crowd, notices=1) < DAY
    assert gap(crowd) > 30 * DAY


@given(st.integers(0, 200_000), st.integers(0, 200_000), st.integers(1, len(DEFAULT_PACE["look_gaps_s"])))
def test_one_just_sent_or_in_doubt_keeps_its_gaps_in_any_crowd(recent: int, quiet: int, doubts: int) -> None:
    crowd, gaps = Crowd(recent, quiet, CALLS), DEFAULT_PACE["look_gaps_s"]

    assert gap(crowd, live=False, since=0) == gaps[0]
    assert gap(crowd, live=False, doubts=doubts, since=0) == gap(crowd, live=True, doubts=doubts) == gaps[doubts - 1]


@given(st.integers(0, 300_000), st.integers(0, 300_000), st.integers(1, 200_000))
def test_any_crowd_of_live_listings_fits_in_three_quarters_of_the_calls(recent: int, quiet: int, calls: int) -> None:
    crowd = Crowd(recent, quiet, float(calls))

    a_day = recent * DAY / gap(crowd, since=0) + quiet * DAY / gap(crowd)

    assert a_day <= max(0.75 * calls, 2) + 1e-6


@given(st.floats(0, 4e9), st.floats(1, 1e8))
def test_a_look_that_waits_for_others_is_never_late_and_hardly_early(now: float, gap_s: float) -> None:
    begun = datetime.fromtimestamp(now, UTC)

    waits = (gathered(begun, gap_s) - begun).total_seconds()

    assert gap_s * 49 / 50 - 1e-3 <= waits <= gap_s + 1e-3


def test_a_thousand_quiet_listings_come_due_by_twenties() -> None:
    gap_s = float(DEFAULT_PACE["live_look_s"])
    seen = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=gap_s * number / 1000) for number in range(1000)]

    together = Counter(gathered(at, gap_s) for at in seen)

    assert len(together) <= 51
    assert max(together.values()) == 20


def test_a_flood_of_changes_is_spread_out() -> None:
    crowd = Crowd(0, 100_000, CALLS)

    assert spread_s(0, crowd) == 0
    assert sum(spread_s(number, crowd) < DAY for number in range(2000)) <= CALLS * 0.1 + 1


def test_100_000_listings_and_200_changes_a_day_stay_within_the_calls_of_each_day() -> None:
    """Two months: every live listing has its turn, what is sent is proven at its second look; calls counted by the day."""
    listings, changes, days = 100_000, 200, 60
    crowd = Crowd(0, listings, CALLS)
    due = [(gap(crowd) * number / listings, number) for number in range(listings)]  # looked at evenly until now
    heapq.heapify(due)
    changed = [(day * DAY + DAY * n / changes, listings + day * changes + n) for day in range(days) for n in range(changes)]
    sent_at: dict[int, float] = {}
    looks: dict[int, int] = {}
    calls, waits = Counter[int](), list[float]()
    for at, number in changed:
        heapq.heappush(due, (at + 2, number))  # a new listing: its first look
        sent_at[number] = at
        calls[int(at // DAY)] += 1  # the write itself
    recent: list[float] = []
    while due[0][0] < days * DAY:
        now, number = heapq.heappop(due)
        calls[int(now // DAY)] += 1
        looks[number] = looks.get(number, 0) + 1
        since = now - sent_at.get(number, -RECENT_S)
        if number in sent_at and looks[number] == 1:  # not shown yet
            again = gap(crowd, live=False, doubts=1, since=since)
            waits.append(again)
        else:
            if number in sent_at and looks[number] == 2:
                recent.append(now)
                fresh = sum(at > now - RECENT_S for at in recent[-2 * changes * 7 :])
                crowd = Crowd(fresh, listings + len(recent) - fresh, CALLS)
            again = gap(crowd, since=since)
        heapq.heappush(due, (now + again, number))

    assert max(calls[day] for day in range(days)) <= CALLS  # of 5,000: all looks and writes, and 2,000 to spare
    assert set(waits) == {DEFAULT_PACE["look_gaps_s"][0]}
    assert sum(number < listings for number in looks) > 0.8 * listings  # and the quiet ones were not forgotten
