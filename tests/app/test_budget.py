"""An account is sent so many new pictures a day and no more; what waits goes by itself, the higher priority first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

import integrations
from app import accounts, budget, views, work
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Listing, ListingMember, Product, Push
from app.stages import STAGES, publish
from app.stages.run import settle_all
from app.states import PlacementState, PushState
from tests.app.conftest import Clock, Run
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace

HOUR = 3600


class Shop:
    """One account with a budget; `sent` are the SKUs in the order in which their pictures were sent."""

    def __init__(self, kit: Kit, clock: Clock, images: int | None) -> None:
        self.kit, self.clock, self.market = kit, clock, FakeMarketplace()
        kit.connect = self.market.connect  # type: ignore[method-assign,assignment]
        self.on = account(kit, policy={"images_per_day": images})

    def offer(self, sku: str, pictures: int = 1, priority: int = 0) -> None:
        of = product(self.kit, sku, priority=priority)
        listing(self.kit, of, self.on)
        self.picture(of.id, sku, pictures)

    def picture(self, product_id: int, sku: str, pictures: int) -> None:
        from app.models import Product

        with self.kit.db.reading() as session:
            of = session.get_one(Product, product_id)
        for place in range(pictures):
            shot = item(self.kit, of, "dial" if place == 0 else f"side{place}")
            placement(self.kit, shot, self.on, rendition(self.kit, shot), "main" if place == 0 else f"alt{place}", PlacementState.APPROVED)
        with self.kit.db.writing() as session:
            work.wake(session, "want", of.id, at=self.kit.now(), lead=work.head_start_of(of))

    def go(self, seconds: float = 0) -> None:
        self.clock.advance(seconds)
        settle_all(self.kit, {"want": STAGES["want"]})
        settle_all(self.kit, {"publish": STAGES["publish"]})

    @property
    def sent(self) -> list[str]:
        return [offer.merchant_sku for offer in self.market.writes]

    def why(self, sku: str) -> str:
        with self.kit.db.reading() as session:
            return views.why(session, self.kit, sku)[0].sentence


@pytest.fixture
def shop(each_kit: Kit, clock: Clock) -> Shop:
    return Shop(each_kit, clock, 3)


def test_what_no_longer_fits_waits_says_why_and_goes_the_next_day(shop: Shop) -> None:
    for sku in ("A", "B", "C", "D", "E"):
        shop.offer(sku)
    shop.go()
    assert len(shop.sent) == 3
    waiting = sorted({"A", "B", "C", "D", "E"} - set(shop.sent))
    assert shop.why(waiting[0]) == "ebay-uk:main takes 3 new pictures in 24 hours, 3 were sent, and this needs 1: it goes by itself when there is room"

    shop.go(23 * HOUR)
    assert len(shop.sent) == 3
    shop.go(HOUR + 1)
    assert sorted(shop.sent) == ["A", "B", "C", "D", "E"]


def test_the_window_rolls(shop: Shop) -> None:
    shop.offer("A", 2)
    shop.go()
    shop.clock.advance(12 * HOUR)
    shop.offer("B")
    shop.go()
    shop.offer("C", 2)
    shop.go(HOUR)
    assert shop.sent == ["A", "B"]

    shop.go(11 * HOUR + 1)
    assert shop.sent == ["A", "B", "C"]


def test_the_higher_priority_goes_first_when_there_is_room_again(shop: Shop) -> None:
    shop.offer("first", 3)
    shop.go()
    for sku, pictures, priority in (("plain", 1, 0), ("urgent", 2, 5), ("soon", 1, 3)):
        shop.offer(sku, pictures, priority)
    shop.go()
    assert shop.sent == ["first"]

    shop.go(24 * HOUR + 1)
    assert shop.sent == ["first", "urgent", "soon"]


def test_a_set_larger_than_the_budget_goes_when_nothing_else_went(shop: Shop) -> None:
    shop.offer("big", 5)
    shop.go()
    assert shop.sent == ["big"]

    shop.offer("small")
    shop.go()
    assert shop.sent == ["big"]


def test_pictures_that_are_there_already_cost_nothing(shop: Shop) -> None:
    shop.offer("A", 3)
    shop.go()
    with shop.kit.db.writing() as session:
        one = session.scalars(sa.select(Listing)).one()
        one.wanted = {"A": {p: d for p, d in one.wanted["A"].items() if p != "alt2"}}
        one.wanted_print = "another"
        work.wake(session, "publish", one.id, at=shop.kit.now())
    shop.go()

    with shop.kit.db.reading() as session:
        assert session.scalars(sa.select(Push.images).order_by(Push.number)).all() == [3, 0]
        assert session.scalars(sa.select(Push.state)).all() == [PushState.ACCEPTED] * 2


def test_what_waits_is_not_looked_at_again_and_again(shop: Shop) -> None:
    for number in range(6):
        shop.offer(f"W-{number}")
    shop.go()

    with shop.kit.db.writing() as session:
        assert publish.mark(session, shop.kit, shop.kit.now()) == 0


def test_other_accounts_go_on(shop: Shop) -> None:
    other = account(shop.kit, "ebay-us:main")
    shop.offer("A", 3)
    shop.go()
    shop.on = other
    shop.offer("B", 4)
    shop.go()
    assert shop.sent == ["A", "B"]


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many", 2_000_000, []])
def test_a_budget_of_the_wrong_shape_is_refused_by_name(kit: Kit, value: object) -> None:
    on = account(kit)
    with kit.db.writing() as session, pytest.raises(Refusal, match="images_per_day is a whole number"):
        accounts.set_policy(session, kit, session.get_one(Account, on.id), "ann", images_per_day=value)


def test_the_command_sets_and_lifts_it(make_kit: Callable[..., Kit], command: Run) -> None:
    account(make_kit())

    assert "images_per_day=40" in command("accounts", "policy", "ebay-uk:main", "images_per_day=40")[1]
    assert "images_per_day=null" in command("accounts", "policy", "ebay-uk:main", "images_per_day=null")[1]
    code, _, err = command("accounts", "policy", "ebay-uk:main", "images_per_day=none")
    assert (code, "images_per_day" in err) == (1, True)


def test_same_files_elsewhere_in_the_listing_are_not_new() -> None:
    assert budget.new_pictures({"A": {"main": "x", "alt1": "y"}}, {"A": {"main": "y", "alt1": "x"}}) == 0
    assert budget.new_pictures({"A": {"main": "x", "alt1": "z"}}, {"A": {"main": "x"}}) == 1


def fitting(shop: Shop) -> list[int]:
    with shop.kit.db.reading() as session:
        on = session.get_one(Account, shop.on.id)
        return budget.fitting(session, [on], sa.select(Listing.id).where(Listing.pushed_print.is_distinct_from(Listing.wanted_print)), shop.kit.now())


def number_of(shop: Shop, sku: str) -> int:
    with shop.kit.db.reading() as session:
        return session.scalars(sa.select(ListingMember.listing_id).where(ListingMember.merchant_sku == sku)).one()


def test_a_push_whose_outcome_is_still_to_come_takes_no_room_from_the_others(shop: Shop) -> None:
    """Its pictures are counted already: counted again as what waits, it would stand in front of everything else."""
    shop.offer("begun", 2, priority=9)
    shop.market.fail = integrations.TryLater(3600, "not now")
    shop.go()
    shop.offer("next")
    settle_all(shop.kit, {"want": STAGES["want"]})

    assert fitting(shop) == [number_of(shop, "next")]


@pytest.mark.parametrize("spent", [3, 2])
def test_what_needs_no_new_picture_goes_however_little_room_is_left(shop: Shop, spent: int) -> None:
    shop.offer("A", spent)
    shop.go()
    shop.offer("large", 2, priority=9)  # waits for its room before everything else
    settle_all(shop.kit, {"want": STAGES["want"]})
    with shop.kit.db.writing() as session:
        session.execute(sa.update(Listing).where(Listing.id == number_of(shop, "A")).values(wanted_print="another"))

    assert fitting(shop) == [number_of(shop, "A")]


def test_a_product_without_a_price_is_behind_those_with_one(shop: Shop) -> None:
    """NULL is first on one database and last on the other, unless it is said."""
    shop.offer("B", 3)
    shop.offer("A", 3)
    with shop.kit.db.writing() as session:
        session.execute(sa.update(Product).where(Product.sku == "B").values(price_minor=None))
    settle_all(shop.kit, {"want": STAGES["want"]})

    assert fitting(shop) == [number_of(shop, "A")]
