"""Several rows by one job: read together, but each under its own lease, in its own transactions, with its own outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import integrations
from app import work
from app.dispatch import batches, dispatch, lease
from app.kit import Kit
from app.models import Account, Listing, Work
from app.stages import STAGES, watch
from app.stages.run import run, run_many
from app.states import ListingState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, product, rendition
from tests.app.fakes import FakeMarketplace
from tests.app.test_dispatch import house
from tests.app.test_watch import PACE, picture

WATCH = STAGES["watch"]


class Market(FakeMarketplace):
    """Fails to read chosen SKUs, each in its own way, and all of them when read together with one."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, Exception] = {}
        self.read: list[int] = []

    def status(self, refs: Sequence[integrations.Ref]) -> list[integrations.Status]:
        self.read.append(len(refs))
        for ref in refs:
            if ref.merchant_sku in self.failing:
                raise self.failing[ref.merchant_sku]
        return super().status(refs)


class Watched:
    """Listings of one Amazon account, sent and shown."""

    def __init__(self, kit: Kit, count: int, key: str = "amazon-uk:main", first: int = 0) -> None:
        self.kit, self.market, self.on = kit, Market(), account(kit, key, policy={"pace": PACE})
        kit.connect = self.market.connect  # type: ignore[method-assign,assignment]
        self.market.pictures["https://shop.example/a"] = picture(1)
        self.rows = [self.add(f"W-{number}") for number in range(first, first + count)]

    def add(self, sku: str) -> str:
        of = product(self.kit, sku)
        file = rendition(self.kit, item(self.kit, of), data=picture(1)).file_sha256
        side = {sku: {"main": file}}
        sent = {"wanted": side, "pushed": side, "wanted_print": "p", "pushed_print": "p", "external_id": f"X{sku}", "sent_at": self.kit.now()}
        row = listing(self.kit, of, self.on, ListingState.SENT, **sent)
        self.market.listings[sku] = {"external_id": f"X{sku}", "key": "k", "pictures": {"main": "https://shop.example/a"}}
        with self.kit.db.writing() as session:
            work.wake(session, "watch", row.id, at=self.kit.now())
        return str(row.id)

    def leased(self) -> list[tuple[str, int]]:
        with self.kit.db.writing() as session:
            return lease(session, WATCH, self.kit.now(), limit=100)

    def states(self) -> list[ListingState]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Listing.state).order_by(Listing.id)))

    def work(self, row: str) -> Work:
        with self.kit.db.reading() as session:
            return session.get_one(Work, ("watch", row))


def test_due_listings_of_an_account_go_by_one_job_of_no_more_than_the_marketplace_reads_at_once(each_kit: Kit) -> None:
    engine, most = house(each_kit), integrations.SITES["amazon-uk"].status_batch
    Watched(each_kit, most + 3)
    others = Watched(each_kit, 2, "ebay-uk:main", first=100)

    assert dispatch(each_kit, WATCH, each_kit.now()) == most + 5

    sizes = sorted(1 + len(more) for more in engine.more)
    assert sizes == [1, 1, 3, most], "eBay reads one listing a call: a job each"
    assert all(engine.jobs[index].startswith("watch:") for index in range(4))
    assert {row for job, more in zip(engine.jobs, engine.more, strict=True) for row in [job.split(":")[1], *(row for row, _ in more)]} >= set(others.rows)


def test_a_batch_is_read_by_one_call_and_each_listing_has_its_own_outcome(each_kit: Kit) -> None:
    watched = Watched(each_kit, 3)

    assert run_many(each_kit, WATCH, watched.leased()) == ["done"] * 3

    assert watched.market.read == [3]
    assert watched.states() == [ListingState.LIVE] * 3
    assert all(watched.work(row).leased_until is None and watched.work(row).due_at is not None for row in watched.rows)


def test_one_listing_that_cannot_be_read_does_not_hold_up_the_others(each_kit: Kit) -> None:
    watched = Watched(each_kit, 3)
    watched.market.failing["W-1"] = integrations.Refused("no such SKU may be asked for")

    outcomes = run_many(each_kit, WATCH, watched.leased())

    assert outcomes == ["done", "later", "done"]
    assert watched.market.read == [3, 1, 1, 1], "together in vain, then one by one"
    assert watched.states() == [ListingState.LIVE, ListingState.SENT, ListingState.LIVE]
    assert "no such SKU" in (watched.work(watched.rows[1]).error or "")


def test_a_bug_over_one_listing_does_not_hold_up_the_others(each_kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(each_kit, 3)
    apply = WATCH.apply

    def stumbles(session: Any, kit: Kit, task: watch.Task, look: watch.Look) -> Any:
        if str(task.listing_id) == watched.rows[1]:
            raise ZeroDivisionError
        return apply(session, kit, task, look)

    assert run_many(each_kit, replace(WATCH, apply=stumbles), watched.leased()) == ["done", "bug", "done"]
    assert watched.states() == [ListingState.LIVE, ListingState.SENT, ListingState.LIVE]


def test_a_listing_that_cannot_be_gathered_does_not_spoil_what_was_gathered_before_it(each_kit: Kit) -> None:
    watched = Watched(each_kit, 3)

    def stumbles(session: Any, kit: Kit, row: str) -> Any:
        if row == watched.rows[-1]:
            raise ZeroDivisionError
        return WATCH.gather(session, kit, row)

    assert run_many(each_kit, replace(WATCH, gather=stumbles), watched.leased()) == ["done", "done", "bug"]
    assert watched.states() == [ListingState.LIVE, ListingState.LIVE, ListingState.SENT]


@pytest.mark.parametrize(
    ("failure", "outcome", "failures"),
    [
        (integrations.TryLater(40, "not now"), "later", 1),
        (integrations.Throttled(40, "not yet"), "throttled", 0),
        (integrations.NotAuthorised("no"), "later", 1),
    ],
)
def test_what_speaks_of_the_whole_call_settles_every_row_as_it_would_one(failure: Exception, outcome: str, failures: int, each_kit: Kit) -> None:
    watched = Watched(each_kit, 3)
    watched.market.failing["W-2"] = failure

    assert run_many(each_kit, WATCH, watched.leased()) == [outcome] * 3

    assert watched.market.read == [3], "nobody is asked again now"
    for row in watched.rows:
        found = watched.work(row)
        assert (found.leased_until, found.attempts) == (None, failures)
        assert found.due_at is not None
        assert found.due_at > each_kit.now()


def test_credentials_refused_pause_the_account_once_for_all_of_a_batch(kit: Kit, clock: Clock) -> None:
    watched = Watched(kit, 3)
    watched.market.failing["W-0"] = integrations.NotAuthorised("revoked")
    for _ in range(3):
        run_many(kit, WATCH, watched.leased())
        clock.advance(60)

    with kit.db.reading() as session:
        assert session.get_one(Account, watched.on.id).paused is not None
        told = session.execute(sa.text("select count(*) from events where what = 'paused'")).scalar()
    assert told == 1


def test_a_row_leased_anew_meanwhile_is_lost_and_the_others_are_not(each_kit: Kit, clock: Clock) -> None:
    """As after kill -9: the engine runs the old job again, while one of its rows has gone to another."""
    watched = Watched(each_kit, 3)
    old = watched.leased()
    clock.advance(WATCH.lease_s + 1)
    with each_kit.db.writing() as session:
        [(row, generation)] = lease(session, WATCH, each_kit.now(), limit=1)

    assert sorted(run_many(each_kit, WATCH, old)) == ["done", "done", "lost"]
    assert run(each_kit, WATCH, row, generation) == "done"
    assert run_many(each_kit, WATCH, old) == ["lost"] * 3 or watched.work(row).generation == generation


def test_a_wake_up_while_a_batch_is_in_flight_is_kept(kit: Kit, clock: Clock) -> None:
    watched = Watched(kit, 2)
    leases = watched.leased()
    with kit.db.writing() as session:
        work.wake(session, "watch", watched.rows[0], at=kit.now() + timedelta(seconds=1))

    run_many(kit, WATCH, leases)

    assert watched.work(watched.rows[0]).due_at == kit.now() + timedelta(seconds=1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=30))
def test_every_row_is_in_one_batch_of_its_own_group_and_the_best_come_first(drawn: list[tuple[str, int]]) -> None:
    sizes = dict(drawn)
    rows = [(str(number), number) for number in range(len(drawn))]
    of = {str(number): (name, sizes[name]) for number, (name, _) in enumerate(drawn)}

    made = batches(None, replace(WATCH, group=lambda _session, _rows: of), rows)  # type: ignore[arg-type]

    assert sorted(row for batch in made for row in batch) == sorted(rows)
    for batch in made:
        [(_name, most)] = {of[row] for row, _ in batch}
        assert len(batch) <= most
        assert batch == sorted(batch, key=lambda each: each[1])
    assert [batch[0][1] for batch in made] == sorted(batch[0][1] for batch in made)
