"""The house comes to rest: nothing is woken again and again where nothing can be done, and nothing waits for ever unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import integrations
from app import accounts, controls, dispatch, views, work
from app.kit import Kit
from app.models import Account, Listing, ListingMember, Notice, Product, Push, Work
from app.stages import STAGES, publish
from app.stages.notices import note
from app.stages.run import settle_all
from app.states import ListingState, PlacementState, PushState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace

SIDE = {"W-1": {"main": "0" * 64}}


def no_media(kit: Kit, row: Listing) -> None:
    object.__setattr__(kit.settings, "media_base_url", "")


def archived(kit: Kit, row: Listing) -> None:
    with kit.db.writing() as session:
        session.execute(sa.update(Product).values(archived=True))


def no_price(kit: Kit, row: Listing) -> None:
    with kit.db.writing() as session:
        session.execute(sa.update(Product).values(price_minor=None))


def variations(kit: Kit, row: Listing) -> None:
    sister = product(kit, "W-2")
    with kit.db.writing() as session:
        session.add(ListingMember(listing_id=row.id, account_id=row.account_id, product_id=sister.id, merchant_sku="W-2", variation={}))


def asks(kit: Kit, row: Listing) -> None:
    set_policy(kit, publish="ask")


def off(kit: Kit, row: Listing) -> None:
    set_policy(kit, publish="off")


def set_policy(kit: Kit, **changes: Any) -> None:
    with kit.db.writing() as session:
        accounts.set_policy(session, kit, session.scalars(sa.select(Account)).one(), "ann", **changes)


@pytest.mark.parametrize("bar", [no_media, archived, no_price, variations, asks, off])
def test_what_may_not_be_sent_is_not_woken_by_every_mark(each_kit: Kit, bar: Any) -> None:
    kit = each_kit
    on, of = account(kit, "amazon-uk:main"), product(kit, "W-1")
    row = listing(kit, of, on, ListingState.TO_SEND, wanted=SIDE, wanted_print="p")
    with kit.db.reading() as session:
        publish.mark(session, kit, kit.now())
        assert [wish.row for wish in work.wishes(session)] == [str(row.id)], "it may be sent"
    bar(kit, row)
    with kit.db.reading() as session:
        assert publish.barred(session, kit, session.get_one(Listing, row.id), session.get_one(Account, on.id))
        publish.mark(session, kit, kit.now())
        assert work.wishes(session) == []


def test_a_paused_account_is_left_alone_and_looked_at_again_when_it_goes_on(kit: Kit) -> None:
    on, of = account(kit), product(kit, "W-1")
    listing(kit, of, on, ListingState.SENT, wanted=SIDE, pushed=SIDE, wanted_print="p", pushed_print="p", sent_at=kit.now())
    with kit.db.writing() as session:
        controls.pause_account(session, kit, on.id, "credentials")
    assert dispatch.mark(kit) == 0
    with kit.db.writing() as session:
        controls.resume(session, kit, "ann", session.get_one(Account, on.id))
    assert dispatch.mark(kit) == 2, "its listing and its notices"


class Shop:
    """A listing on a marketplace in memory, sent once."""

    def __init__(self, kit: Kit, clock: Clock) -> None:
        self.kit, self.clock, self.market = kit, clock, FakeMarketplace()
        kit.connect = self.market.connect
        self.on, self.of = account(kit), product(kit, "W-1")
        self.row = listing(kit, self.of, self.on)
        dial = item(kit, self.of)
        self.first = rendition(kit, dial)
        self.place = placement(kit, dial, self.on, self.first, "main", PlacementState.APPROVED)
        self.go()

    def want(self, made: Any) -> None:
        from app.models import Placement

        with self.kit.db.writing() as session:
            session.get_one(Placement, self.place.id).rendition_id = made.id

    def go(self, seconds: float = 0, *stages: str) -> None:
        self.clock.advance(seconds)
        with self.kit.db.writing() as session:
            work.wake(session, "want", self.of.id, at=self.kit.now())
        settle_all(self.kit, {name: STAGES[name] for name in stages or ("want", "publish")})

    def listing(self) -> Listing:
        with self.kit.db.reading() as session:
            return session.get_one(Listing, self.row.id)


@pytest.fixture
def shop(kit: Kit, clock: Clock) -> Shop:
    return Shop(kit, clock)


def test_a_wish_taken_back_after_an_unknown_outcome_is_sent_all_the_same(shop: Shop) -> None:
    """B was sent and may be there; A, which was there before, is wanted again: it must not be believed to be there still."""
    other = rendition(shop.kit, item(shop.kit, shop.of))
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("no answer"), True
    shop.want(other)
    shop.go(1)
    shop.want(shop.first)
    shop.go(10)
    shop.go(10)

    with shop.kit.db.reading() as session:
        states = list(session.scalars(sa.select(Push.state).order_by(Push.number)))
    assert states == [PushState.ACCEPTED, PushState.MOOT, PushState.ACCEPTED]
    assert shop.market.listings["W-1"]["pictures"] == {"main": f"https://shop.example/{shop.first.file_sha256}"}
    assert shop.listing().state == ListingState.SENT


def test_nothing_is_repeated_once_the_account_is_off(shop: Shop) -> None:
    shop.market.fail = integrations.TryLater(5, "busy")
    shop.want(rendition(shop.kit, item(shop.kit, shop.of)))
    shop.go(1)
    calls = shop.market.calls.count("publish")
    set_policy(shop.kit, publish="off")
    shop.go(60)
    assert shop.market.calls.count("publish") == calls
    set_policy(shop.kit, publish="auto")
    shop.go(1)
    assert shop.listing().pushed == shop.listing().wanted


def test_a_stop_that_comes_while_a_push_is_prepared_holds(kit: Kit, shop: Shop) -> None:
    shop.want(rendition(kit, item(kit, shop.of)))
    settle_all(kit, {})
    with kit.db.writing() as session:
        work.wake(session, "want", shop.of.id, at=kit.now())
    settle_all(kit, {"want": STAGES["want"]})
    with kit.db.writing() as session:
        task = publish.gather(session, kit, str(shop.row.id))
        controls.stop(session, kit, "ann")
    assert task is not None
    with pytest.raises(integrations.TryLater, match="stopped"):
        publish.do(kit, task)


def test_why_it_is_not_sent_can_be_read_after_many_failures(kit: Kit, shop: Shop) -> None:
    shop.want(rendition(kit, item(kit, shop.of)))
    shop.market.publish = lambda offer: (_ for _ in ()).throw(integrations.IntegrationError("the moon is full"))  # type: ignore[method-assign]
    for _ in range(work.ATTEMPTS_BEFORE_A_PERSON):
        shop.go(3601)
    with kit.db.reading() as session:
        assert "the moon is full" in views.shown(shop.listing(), [], session.get_one(Account, shop.on.id)).sentence


def test_a_dead_address_at_the_marketplace_does_not_deafen_us(kit: Kit, clock: Clock, shop: Shop) -> None:
    shop.market.said = {"W-1": (integrations.Notice("18027", "text", "suppressed", "text-or-watermark", ("main",)),)}

    def gone(url: str) -> bytes:
        raise integrations.Refused("404")

    shop.market.picture = gone  # type: ignore[method-assign]
    shop.go(10, "watch")
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Notice.code)).all() == ["18027"]
    assert shop.listing().doubts == 1


def test_what_cannot_be_proven_is_looked_at_as_rarely_as_what_is_live(kit: Kit, clock: Clock, shop: Shop) -> None:
    shop.market.blind = frozenset({"main"})
    shop.go(10, "watch")
    assert shop.listing().state == ListingState.UNPROVABLE
    with kit.db.reading() as session:
        assert session.get_one(Work, ("watch", str(shop.row.id))).due_at == kit.now() + timedelta(seconds=shop.on.policy["pace"]["live_look_s"])


def test_one_code_about_two_pictures_or_of_two_kinds_is_kept_apart_and_stays_as_many_rows(each_kit: Kit, clock: Clock) -> None:
    kit = each_kit
    of = product(kit, "W-1")
    row = listing(kit, of, account(kit), ListingState.LIVE, pushed=SIDE)
    said = [
        integrations.Notice("18027", "text", "suppressed", "text-or-watermark", ("main",)),
        integrations.Notice("18027", "text", "suppressed", "text-or-watermark", ("alt1",)),
        integrations.Notice("18027", "text", "warning", None, ("alt2",)),
        integrations.Notice("x" * 100, "new", "at_risk", None, ()),
    ]
    for notices in (said, said, said, []):
        with kit.db.writing() as session:
            note(session, kit, session.get_one(Listing, row.id), "W-1", notices, kit.now())
        clock.advance(60)
    with kit.db.reading() as session:
        rows = session.scalars(sa.select(Notice).order_by(Notice.id)).all()
    found = [(n.code[:5], n.kind, n.positions) for n in rows]
    assert found == [
        ("18027", "suppressed", ["main", "alt1"]),
        ("18027", "warning", ["alt2"]),
        ("xxxxx", "at_risk", []),
    ]
    assert all(n.end is not None for n in rows)


def test_a_picture_host_that_is_down_does_not_deafen_us(kit: Kit, clock: Clock, shop: Shop) -> None:
    shop.market.said = {"W-1": (integrations.Notice("18027", "text", "suppressed", "text-or-watermark", ("main",)),)}
    before = shop.listing()

    def down(url: str) -> bytes:
        raise integrations.TryLater(60, "503")

    usual, shop.market.picture = shop.market.picture, down  # type: ignore[method-assign]
    shop.go(10, "watch")
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Notice.code)).all() == ["18027"]
    heard = shop.listing()
    assert (heard.state, heard.doubts, heard.seen) == (before.state, before.doubts, before.seen), "what was not seen says nothing"

    shop.market.picture = usual  # type: ignore[method-assign]
    shop.go(600, "watch")
    assert (before.seen_at, heard.seen_at) == (None, None)
    assert shop.listing().seen_at is not None, "it is looked at again by itself"


def test_a_publisher_that_froze_sends_nothing_that_another_has_brought_to_its_end(kit: Kit, shop: Shop) -> None:
    shop.want(rendition(kit, item(kit, shop.of)))
    shop.go(1, "want")
    with kit.db.writing() as session:
        frozen = publish.gather(session, kit, str(shop.row.id))
    assert frozen is not None
    shop.go(1)
    shop.want(rendition(kit, item(kit, shop.of)))
    shop.go(1)
    newest = shop.market.listings["W-1"]["pictures"]

    with pytest.raises(integrations.TryLater, match="brought this push to its end"):
        publish.do(kit, frozen)

    assert shop.market.listings["W-1"]["pictures"] == newest
