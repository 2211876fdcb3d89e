"""A backlog goes in one file where enough waits: each push is settled by its own message, and what nobody accounts for is read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

import integrations
from app import controls, work
from app.kit import Kit
from app.models import Account, Listing, ListingMember, Placement, Product, Push
from app.stages import STAGES, feed
from app.stages.run import settle_all
from app.states import PlacementState, PushState
from integrations.practice import PracticeServer
from integrations.practice.store import Listing as Theirs
from integrations.practice.store import Task
from tests.app.conftest import Clock, MediaServer, add_practice_accounts
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.shots import watch_photo

MANY = 3


@dataclass
class Shop:
    kit: Kit
    clock: Clock
    practice: PracticeServer
    on: Account
    products: list[Product]

    def go(self, seconds: float = 0, *stages: str) -> None:
        """Let time pass; what is wanted is stated first, as a backlog comes about faster than it is sent."""
        self.clock.advance(seconds)
        self.practice.advance(seconds)
        for names in [stages] if stages else [("want",), ("feed", "publish")]:
            settle_all(self.kit, {name: STAGES[name] for name in names})

    def change(self, products: Sequence[Product]) -> None:
        """A new picture for each, approved."""
        for number, one in enumerate(products):
            fresh = item(self.kit, one, "dial")
            made = rendition(self.kit, fresh, data=watch_photo(seed=100 + number, size=(240, 240), white=True))
            with self.kit.db.writing() as session:
                main = session.scalars(sa.select(Placement).where(Placement.product_id == one.id)).one()
                main.item_id, main.rendition_id, main.approved_id = fresh.id, made.id, made.id
                work.wake(session, "want", one.id, at=self.kit.now())

    def last(self) -> Counter[PushState]:
        """The states of each listing's last push."""
        with self.kit.db.reading() as session:
            newest = sa.select(sa.func.max(Push.id)).group_by(Push.listing_id)
            return Counter(session.scalars(sa.select(Push.state).where(Push.id.in_(newest))))

    def as_wanted(self) -> bool:
        with self.kit.db.reading() as session:
            wanted = {name: side for listing in session.scalars(sa.select(Listing)) for name, side in listing.wanted.items()}
        shown = {one["sku"]: {place: said["source_sha256"] for place, said in one["pictures"].items()} for one in self.practice.witness("listings")}
        return wanted == shown

    def calls(self) -> Counter[str]:
        return Counter(write["call"] for write in self.practice.witness("writes"))


@pytest.fixture
def shop(kit: Kit, clock: Clock, practice: PracticeServer, media_server: MediaServer) -> Shop:
    """Four products that are live already; from three changes on a feed is used."""
    on, _ = add_practice_accounts(kit, practice, listing={"feed_from": MANY})
    products = [product(kit, f"F-{number}") for number in range(4)]
    for number, one in enumerate(products):
        asin = practice.witness("listings", marketplace="amazon-uk", seller="SELLER1", sku=one.sku, title="T")["external_id"]
        listing(kit, one, on, external_id=asin)
        dial = item(kit, one)
        placement(kit, dial, on, rendition(kit, dial, data=watch_photo(seed=number, size=(240, 240), white=True)), "main", PlacementState.APPROVED)
        with kit.db.writing() as session:
            work.wake(session, "want", one.id, at=kit.now())
    shop = Shop(kit, clock, practice, on, products)
    shop.go()
    shop.go(5)
    assert shop.calls() == {"patchListingsItem": 4}
    assert shop.as_wanted()
    return shop


def test_a_backlog_goes_by_feed_and_each_push_is_settled_by_its_own_message(shop: Shop) -> None:
    shop.change(shop.products)
    shop.go()
    on_the_way = shop.last()
    shop.go(90)
    shop.go(5)

    assert on_the_way == {PushState.SENDING: 4}
    assert shop.last() == {PushState.ACCEPTED: 4}
    assert shop.calls() == {"patchListingsItem": 4, "JSON_LISTINGS_FEED": 4}
    assert shop.as_wanted()


def test_fewer_changes_than_that_go_one_by_one(shop: Shop) -> None:
    shop.change(shop.products[: MANY - 1])
    shop.go()

    assert shop.last() == {PushState.ACCEPTED: 4}
    assert "JSON_LISTINGS_FEED" not in shop.calls()


def test_a_message_that_is_refused_stops_its_own_listing_alone(shop: Shop) -> None:
    shop.change(shop.products)
    with shop.practice.world.store.write() as session:
        session.execute(sa.update(Theirs).where(Theirs.sku == "F-1").values(state="ended"))
    shop.go()
    shop.go(90)

    assert shop.last() == {PushState.ACCEPTED: 3, PushState.REFUSED: 1}
    with shop.kit.db.reading() as session:
        refused = session.scalars(sa.select(Listing).join(ListingMember).where(ListingMember.merchant_sku == "F-1")).one()
        assert "not in the catalogue" in (refused.problem or "")


def test_a_feed_whose_sender_died_is_read_back_one_by_one_and_nothing_is_lost(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.change(shop.products)
    with monkeypatch.context() as patch:
        patch.setattr(shop.kit.marketplace(shop.on), "send_many", died, raising=False)
        with pytest.raises(KeyboardInterrupt):
            shop.go()
    written = shop.last()
    shop.go(1000)  # its lease has run out
    shop.go(60)

    assert written == {PushState.SENDING: 4}
    assert shop.last() == {PushState.ACCEPTED: 4}
    assert shop.calls() == {"patchListingsItem": 8}
    assert shop.as_wanted()


def died(*_: Any) -> Any:
    raise KeyboardInterrupt  # nothing catches it, as nothing catches kill -9


def test_a_feed_that_ends_without_a_report_leaves_every_push_unknown_and_each_is_read_back(shop: Shop) -> None:
    shop.change(shop.products)
    shop.go()
    with shop.practice.world.store.write() as session:
        session.execute(sa.update(Task).where(Task.kind == "feed").values(state="FATAL"))
    shop.go(30, "feed")
    unknown = shop.last()
    shop.go(60)
    shop.go(5)

    assert unknown == {PushState.UNKNOWN: 4}
    assert shop.last() == {PushState.ACCEPTED: 4}
    assert shop.calls() == {"patchListingsItem": 8}
    assert shop.as_wanted()


@pytest.mark.parametrize("fault", ["throttle_429", "html_502", "drop_connection"])
def test_a_feed_that_cannot_be_submitted_now_is_none_and_the_changes_still_go(shop: Shop, fault: str) -> None:
    shop.change(shop.products)
    shop.practice.witness_orders([{"when": "createFeed", "do": fault, "nth": 1}, {"when": "createFeedDocument", "do": fault, "nth": 1}])
    for _ in range(6):
        shop.go(120)

    assert shop.last() == {PushState.ACCEPTED: 4}
    assert shop.as_wanted()


def test_something_newer_that_is_wanted_while_a_feed_is_on_its_way_is_sent_after_it(shop: Shop) -> None:
    shop.change(shop.products)
    shop.go()
    shop.change(shop.products[::-1][:1])
    shop.go(10)
    meanwhile = shop.last()
    shop.go(90)
    shop.go(5)

    assert meanwhile == {PushState.SENDING: 4}
    assert shop.last() == {PushState.ACCEPTED: 4}
    assert shop.as_wanted()


def test_a_stop_holds_back_a_feed_and_one_that_was_sent_is_still_read(shop: Shop) -> None:
    shop.change(shop.products)
    with shop.kit.db.writing() as session:
        controls.stop(session, shop.kit, "ana", None, "")
    shop.go(10)
    held = shop.last()
    with shop.kit.db.writing() as session:
        controls.resume(session, shop.kit, "ana", None)
    shop.go(10)
    with shop.kit.db.writing() as session:
        controls.stop(session, shop.kit, "ana", None, "")
    shop.go(90)

    assert held == {PushState.ACCEPTED: 4}
    assert shop.calls()["JSON_LISTINGS_FEED"] == 4
    assert shop.last() == {PushState.ACCEPTED: 4}


def test_the_threshold_is_the_marketplaces_unless_the_account_has_its_own(shop: Shop) -> None:
    with shop.kit.db.reading() as session:
        amazon, ebay = (session.scalars(sa.select(Account).where(Account.key == key)).one() for key in ("amazon-uk:main", "ebay-uk:main"))
        amazon.policy = {**amazon.policy, "listing": {}}

        assert feed.threshold(amazon) == 1500
        assert feed.threshold(ebay) is None


def test_one_picture_that_cannot_be_fetched_is_left_out_of_the_feed_and_the_others_go(shop: Shop, media_server: MediaServer) -> None:
    shop.change(shop.products)
    bad = shop.products[1].sku
    with shop.kit.db.reading() as session:
        made = session.scalars(sa.select(Placement).join(Product).where(Product.sku == bad)).one().rendition
        assert made is not None
        assert made.file_sha256 is not None
        name = shop.kit.media.name(made.file_sha256)
    media_server.gone.add(name)
    settle_all(shop.kit, {"want": STAGES["want"]})
    settle_all(shop.kit, {"feed": STAGES["feed"]})

    assert shop.last() == {PushState.SENDING: 3, PushState.MOOT: 1}
    with shop.kit.db.reading() as session:
        begun = session.scalar(sa.select(sa.func.count()).select_from(Push))
    settle_all(shop.kit, {"feed": STAGES["feed"]})
    with shop.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Push)) == begun, "nothing is written down again and again"


def test_a_feed_whose_pushes_were_taken_over_while_it_was_prepared_is_not_submitted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.change(shop.products)
    prepare = feed._prepared

    def slowly(kit: Kit, task: feed.Sending) -> Any:
        ready = prepare(kit, task)
        with kit.db.writing() as session:  # the lease ran out: another worker gave them up, and publish reads them back
            feed._forsake(session, kit, session.get_one(Account, task.account_id))
        return ready

    monkeypatch.setattr(feed, "_prepared", slowly)
    shop.go(0, "want")
    shop.go(0, "feed")

    assert shop.last() == {PushState.UNKNOWN: 4}
    assert "JSON_LISTINGS_FEED" not in shop.calls()
    with shop.practice.world.store.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Task)) == 0


def test_a_feed_that_says_nothing_for_a_day_is_not_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.change(shop.products)
    shop.go()
    assert shop.last() == {PushState.SENDING: 4}
    monkeypatch.setattr("integrations.amazon.marketplace.Amazon.outcomes", lambda *_: None)
    shop.go(3600, "feed")
    assert shop.last() == {PushState.SENDING: 4}

    shop.go(86_400, "feed")

    assert shop.last() == {PushState.UNKNOWN: 4}


def test_a_feed_whose_report_is_refused_is_read_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.change(shop.products)
    shop.go()

    def refuse(*_: object) -> None:
        raise integrations.Refused("there is no such feed")

    monkeypatch.setattr("integrations.amazon.marketplace.Amazon.outcomes", refuse)
    shop.go(90, "feed")

    assert shop.last() == {PushState.UNKNOWN: 4}


def test_marking_looks_only_at_accounts_whose_marketplace_takes_feeds(kit: Kit) -> None:
    """Nothing is asked about an account that never sends by feed."""
    account(kit, "ebay-uk:main")
    with kit.db.writing() as session:
        asked: list[str] = []
        sa.event.listen(session.connection(), "before_cursor_execute", lambda conn, cursor, text, *rest: asked.append(text))
        assert feed.mark(session, kit, kit.now()) == 0

    assert not [text for text in asked if "pushes" in text or "FROM work" in text]
