"""Looking: live is proven by pixels, differences are confirmed, notices are intervals that are never overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import integrations
from app import work
from app.kit import Kit
from app.models import Account, Event, Listing, Notice, Product
from app.stages import STAGES, showings, watch
from app.stages.listed import listing_for
from app.stages.looks import Crowd
from app.stages.notices import note
from app.stages.run import settle_all
from app.states import ListingState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, product, rendition
from tests.app.fakes import FakeMarketplace
from tests.shots import watch_photo


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Every test of this stage runs on both databases."""
    return each_kit


WATCH = {"watch": STAGES["watch"]}
PACE = {"look_gaps_s": [10, 20], "settle_s": 60, "live_look_s": 100, "poll_s": 5}


@cache
def picture(seed: int) -> bytes:
    return watch_photo(seed=seed, size=(600, 450))


class Watched:
    """One listing whose main picture was sent, on a marketplace that shows what it is told to."""

    def __init__(self, kit: Kit, clock: Clock, **policy: object) -> None:
        self.kit, self.clock, self.market = kit, clock, FakeMarketplace()
        kit.connect = self.market.connect  # type: ignore[method-assign,assignment]
        self.of: Product = product(kit, "W-1")
        self.on = account(kit, policy={"pace": PACE, **policy})
        file = rendition(kit, item(kit, self.of), data=picture(1)).file_sha256
        side = {"W-1": {"main": file}}
        self.row = listing(
            kit, self.of, self.on, ListingState.SENT, wanted=side, pushed=side, wanted_print="p", pushed_print="p", external_id="X1", sent_at=kit.now()
        )
        self.show(picture(1))

    def show(self, data: bytes | None, url: str = "https://shop.example/a") -> None:
        self.market.pictures[url] = data or b""
        self.market.listings["W-1"] = {"external_id": "X1", "key": "k", "pictures": {"main": url} if data else {}}

    def look(self, times: int = 1, every: float = 200.0) -> ListingState:
        for _ in range(times):
            with self.kit.db.writing() as session:
                work.wake(session, "watch", self.row.id, at=self.kit.now())
            settle_all(self.kit, WATCH)
            self.clock.advance(every)
        with self.kit.db.reading() as session:
            return session.get_one(Listing, self.row.id).state

    def notices(self) -> list[Notice]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Notice).order_by(Notice.id)))


@pytest.fixture
def watched(kit: Kit, clock: Clock) -> Watched:
    return Watched(kit, clock)


def test_accepted_becomes_live_only_when_our_picture_is_seen(watched: Watched) -> None:
    watched.show(None)
    assert watched.look(every=5) == ListingState.SENT
    watched.show(picture(1))
    assert watched.look() == ListingState.LIVE


def test_a_siblings_picture_seen_once_changes_nothing(watched: Watched) -> None:
    watched.look()
    watched.show(picture(9), "https://shop.example/sibling")
    assert watched.look() == ListingState.LIVE
    watched.show(picture(1), "https://shop.example/b")
    assert watched.look(2) == ListingState.LIVE


def test_a_swapped_picture_seen_three_times_is_drift(watched: Watched) -> None:
    watched.look()
    watched.show(picture(9), "https://shop.example/swapped")
    assert watched.look(2) == ListingState.LIVE
    assert watched.look(1) == ListingState.DRIFTED


def test_drift_is_repaired_by_policy_and_never_more_than_twice_a_week(kit: Kit, clock: Clock) -> None:
    watched = Watched(kit, clock, repair="auto")
    for _ in range(3):
        with kit.db.writing() as session:
            row = session.get_one(Listing, watched.row.id)
            row.state, row.pushed_print, row.doubts = ListingState.LIVE, "p", 0
        watched.show(picture(9), "https://shop.example/swapped")
        watched.look(3)
    with kit.db.reading() as session:
        said = list(session.scalars(sa.select(Event.what).where(Event.what.in_(("repaired", "not repaired"))).order_by(Event.id)))
    assert said == ["repaired", "repaired", "not repaired"]


def test_what_cannot_be_read_back_is_never_called_live(watched: Watched) -> None:
    watched.market.blind = frozenset({"main"})
    assert watched.look() == ListingState.UNPROVABLE


def test_a_listing_that_is_gone_for_good_has_ended(watched: Watched) -> None:
    watched.look()
    watched.market.listings.clear()
    assert watched.look(2) == ListingState.LIVE
    assert watched.look(1) == ListingState.ENDED


def test_looks_come_with_growing_gaps_until_it_is_live(watched: Watched) -> None:
    from app.models import Work

    watched.show(None)
    gaps = []
    for _ in range(3):
        watched.look(every=0)
        with watched.kit.db.reading() as session:
            due = session.get_one(Work, ("watch", str(watched.row.id))).due_at
        assert due is not None
        gaps.append((due - watched.kit.now()).total_seconds())
        watched.clock.advance(gaps[-1])
    assert gaps == [10, 20, 20]


SUPPRESSED = integrations.Notice("18027", "text on the image", "suppressed", "text-or-watermark", ("main",))
BLURRED = integrations.Notice("990001", "blurred", "suppressed", "blur", ("main",))


def test_two_notices_are_two_rows_and_silence_ends_one(watched: Watched) -> None:
    watched.market.said = {"W-1": (SUPPRESSED, BLURRED)}
    watched.look()
    watched.market.said = {"W-1": (BLURRED,)}
    watched.look()
    assert [(n.code, n.end is None) for n in watched.notices()] == [("18027", False), ("990001", True)]


def test_a_notice_that_comes_back_is_a_new_row_and_the_old_one_keeps_its_end(watched: Watched) -> None:
    for said in ((SUPPRESSED,), (), (SUPPRESSED,)):
        watched.market.said = {"W-1": said}
        watched.look()
    first, second = watched.notices()
    assert first.end is not None
    assert second.end is None
    assert second.begin > first.end


def test_a_notice_carries_the_file_and_facts_of_what_was_live(watched: Watched) -> None:
    watched.market.said = {"W-1": (SUPPRESSED,)}
    watched.look()
    box = watched.notices()[0].black_box["main"]
    assert box["file"] == watched.row.pushed["W-1"]["main"]
    assert box["facts"]["fill"] == 0.88


def test_a_notice_that_spreads_to_further_pictures_begins_there_and_ends_as_one(watched: Watched) -> None:
    for positions in (("main",), ("main", "alt1"), ("main", "alt1"), ("alt1",)):
        watched.market.said = {"W-1": (integrations.Notice("18027", "text on the image", "suppressed", "text-or-watermark", positions),)}
        watched.look()
    first, second = watched.notices()
    assert (first.positions, second.positions) == (["main"], ["alt1"])
    assert second.begin > first.begin
    assert [n.end for n in (first, second)] == [None, None]

    watched.market.said = {}
    watched.look()

    assert all(n.end is not None for n in watched.notices())


def test_what_was_removed_is_shown_no_more(watched: Watched) -> None:
    alt = "https://shop.example/alt"
    watched.market.pictures[alt] = picture(2)
    watched.market.listings["W-1"]["pictures"] = {**watched.market.listings["W-1"]["pictures"], "alt1": alt}
    watched.look()
    with watched.kit.db.reading() as session:
        assert set(showings.open_now(session, watched.row.id)) == {("W-1", "main"), ("W-1", "alt1")}

    watched.market.listings["W-1"]["pictures"].pop("alt1")
    watched.look()

    with watched.kit.db.reading() as session:
        assert set(showings.open_now(session, watched.row.id)) == {("W-1", "main")}


def test_what_is_known_of_a_listing_goes_by_its_new_name(kit: Kit) -> None:
    of, on = product(kit, "W-1", offered_on={"ebay-uk:main": {"item_id": "X1"}}), account(kit)
    row = listing(kit, of, on, external_id="X1")
    with kit.db.writing() as session:
        note(session, kit, session.get_one(Listing, row.id), "W-1", [SUPPRESSED], kit.now())
    with kit.db.writing() as session:
        renamed = session.get_one(Product, of.id)
        renamed.offered_on = {"ebay-uk:main": {"item_id": "X1", "merchant_sku": "SHOP-1"}}
        listing_for(session, kit, renamed, session.get_one(Account, on.id))
    with kit.db.writing() as session:
        assert session.scalars(sa.select(Notice.merchant_sku)).one() == "SHOP-1"
        note(session, kit, session.get_one(Listing, row.id), "SHOP-1", [], kit.now())
        assert session.scalars(sa.select(Notice.end)).one() is not None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.lists(st.sets(st.sampled_from(["a", "b", "c"])), min_size=1, max_size=8))
def test_intervals_are_exact_for_any_sequence_of_what_is_said(kit: Kit, clock: Clock, looks: list[set[str]]) -> None:
    with kit.db.writing() as session:
        session.execute(sa.delete(Notice))
    of = product(kit)
    row = listing(kit, of, account(kit, f"ebay-uk:n{of.id}"))
    expected: dict[str, list[list[object]]] = {}
    for said in looks:
        now = kit.now()
        with kit.db.writing() as session:
            note(session, kit, session.get_one(Listing, row.id), of.sku, [integrations.Notice(code, code, "warning", None) for code in sorted(said)], now)
        for code in "abc":
            history = expected.setdefault(code, [])
            is_open = bool(history) and history[-1][1] is None
            if code in said and not is_open:
                history.append([now, None])
            elif code not in said and is_open:
                history[-1][1] = now
        clock.now += timedelta(seconds=60)
    with kit.db.reading() as session:
        for code, history in expected.items():
            rows = session.execute(sa.select(Notice.begin, Notice.end).where(Notice.listing_id == row.id, Notice.code == code).order_by(Notice.begin))
            assert [list(r) for r in rows] == history


def test_the_live_listings_that_share_the_days_calls_are_counted_by_kind(kit: Kit, watched: Watched, clock: Clock) -> None:
    quiet = kit.now() - timedelta(days=30)
    for number in range(3):
        listing(kit, product(kit, f"Q-{number}"), watched.on, ListingState.LIVE, sent_at=quiet)
    watched.market.said["W-1"] = (integrations.Notice("a", "A", "warning", None),)
    watched.look(every=5)

    with kit.db.reading() as session:
        assert watch.crowd(session, watched.on, kit.now()) == Crowd(recent=2, quiet=3, calls=3000)  # it changed lately, and it has a notice: counted twice


def test_what_became_of_a_write_goes_before_a_look_at_a_live_listing(kit: Kit, watched: Watched) -> None:
    asked: list[str] = []
    read = watched.market.status

    def status(refs: Sequence[integrations.Ref]) -> list[integrations.Status]:
        asked.extend(ref.need for ref in refs)
        return read(refs)

    watched.market.status = status  # type: ignore[method-assign]
    watched.look(2)

    assert asked == ["proof", "sweep"]
