"""Pushes: committed before sending, never twice, unknown outcomes read back, a No goes to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

import integrations
from app import accounts, controls, work
from app.kit import Kit
from app.models import Account, HostedPicture, Listing, Placement, Product, Push, Work
from app.stages import STAGES, publish
from app.stages.plan import plan
from app.stages.run import settle_all
from app.states import ListingState, PlacementState, PushState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Every test of this stage runs on both databases."""
    return each_kit


PUBLISH = {"want": STAGES["want"], "publish": STAGES["publish"]}


@dataclass
class Shop:
    kit: Kit
    clock: Clock
    market: FakeMarketplace
    on: Account
    of: Product

    def go(self, seconds: float = 0) -> None:
        self.clock.advance(seconds)
        settle_all(self.kit, PUBLISH)

    def wish(self) -> None:
        with self.kit.db.writing() as session:
            work.wake(session, "want", self.of.id, at=self.kit.now())

    def replace_picture(self) -> None:
        """A new photo passed: something newer is wanted."""
        fresh = item(self.kit, self.of, "dial")
        made = rendition(self.kit, fresh)
        with self.kit.db.writing() as session:
            main = session.scalars(sa.select(Placement).where(Placement.position == "main")).one()
            main.item_id, main.rendition_id, main.approved_id = fresh.id, made.id, made.id
        self.wish()

    def the_listing(self) -> Listing:
        with self.kit.db.reading() as session:
            return session.scalars(sa.select(Listing)).one()

    def pushes(self) -> list[PushState]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Push.state).order_by(Push.number)))


@pytest.fixture
def shop(kit: Kit, clock: Clock) -> Shop:
    market = FakeMarketplace()
    kit.connect = market.connect  # type: ignore[method-assign,assignment]
    on, of = account(kit), product(kit, "W-1")
    listing(kit, of, on)
    dial = item(kit, of)
    placement(kit, dial, on, rendition(kit, dial), "main", PlacementState.APPROVED)
    shop = Shop(kit, clock, market, on, of)
    shop.wish()
    return shop


def test_an_approved_set_is_sent_once(shop: Shop) -> None:
    shop.go()
    shop.wish()
    shop.go(60)

    assert len(shop.market.writes) == 1
    one = shop.the_listing()
    assert (one.state, one.external_id, one.pushed == one.wanted) == (ListingState.SENT, "X1", True)
    assert shop.pushes() == [PushState.ACCEPTED]


def test_how_a_listing_was_made_is_kept_with_it_and_said_again_with_every_call(shop: Shop) -> None:
    send, read, said = shop.market.publish, shop.market.status, list[str | None]()

    def publish_as_made(offer: integrations.Offer) -> integrations.Receipt:
        said.append(offer.model)
        return replace(send(offer), model="inventory")

    def status(refs: Sequence[integrations.Ref]) -> list[integrations.Status]:
        said.extend(ref.model for ref in refs)
        return read(refs)

    shop.market.publish, shop.market.status = publish_as_made, status  # type: ignore[method-assign]
    shop.go()
    shop.replace_picture()
    shop.go(60)
    settle_all(shop.kit, {"watch": STAGES["watch"]})

    assert shop.the_listing().model == "inventory"
    assert said == [None, "inventory", "inventory"]


def test_the_push_row_is_there_before_anything_is_sent(shop: Shop) -> None:
    seen: list[list[PushState]] = []
    send = shop.market.publish

    def look_first(offer: integrations.Offer) -> integrations.Receipt:
        seen.append(shop.pushes())
        return send(offer)

    shop.market.publish = look_first  # type: ignore[method-assign]
    shop.go()
    assert seen == [[PushState.SENDING]]


def test_a_timeout_after_the_effect_is_read_back_and_repeated_under_the_same_key(shop: Shop) -> None:
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("no answer"), True
    shop.go()
    assert shop.pushes() == [PushState.UNKNOWN]
    shop.market.calls.clear()
    shop.go(10)

    assert shop.market.calls[0] == "status", "looked before writing again"
    assert len(shop.market.writes) == 1, "one effect, whatever the number of tries"
    assert shop.pushes() == [PushState.ACCEPTED]


def test_a_worker_that_died_after_sending_lists_nothing_twice(shop: Shop) -> None:
    settle_all(shop.kit, {"want": STAGES["want"]})
    with shop.kit.db.writing() as session:
        task = publish.gather(session, shop.kit, str(session.scalars(sa.select(Listing.id)).one()))
    assert task is not None
    publish.do(shop.kit, task)  # sent; and then the process is killed: no apply
    shop.go(10)

    assert len(shop.market.writes) == 1
    assert shop.pushes() == [PushState.ACCEPTED]
    assert shop.the_listing().external_id == "X1"


def test_something_newer_wanted_after_an_unknown_outcome_makes_the_old_push_moot(shop: Shop) -> None:
    shop.go()
    shop.replace_picture()
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("no answer"), True
    shop.go(5)
    shop.replace_picture()
    shop.go(10)

    assert shop.pushes() == [PushState.ACCEPTED, PushState.MOOT, PushState.ACCEPTED]
    assert shop.the_listing().pushed == shop.the_listing().wanted


def test_an_unknown_creation_is_repeated_under_its_own_key_whatever_is_wanted_since(shop: Shop) -> None:
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("no answer"), True
    shop.go()
    shop.market.status = lambda refs: [replace(one, exists=False, external_id=None) for one in FakeMarketplace.status(shop.market, refs)]  # type: ignore[method-assign]
    shop.replace_picture()
    shop.go(10)

    creations = {offer.key for offer in shop.market.writes if offer.external_id is None}
    assert len(creations) == 1, "the marketplace's list lags: only the same key can tell it that this is the same listing"
    assert shop.pushes() == [PushState.ACCEPTED, PushState.ACCEPTED]
    assert len(shop.market.listings) == 1
    assert shop.the_listing().pushed == shop.the_listing().wanted


def test_pictures_that_were_stored_before_a_write_was_put_off_are_not_stored_again(shop: Shop) -> None:
    later = integrations.Throttled(60, "the day's calls are used up")
    later.hosted = (integrations.Hosted("a" * 64, "https://i.example/1.jpg", "1"),)
    shop.market.fail = later
    shop.go()

    with shop.kit.db.reading() as session:
        assert session.scalars(sa.select(HostedPicture.url)).all() == ["https://i.example/1.jpg"]


def test_a_position_that_an_unknown_push_may_have_filled_is_emptied_when_it_is_not_wanted_any_more(shop: Shop) -> None:
    shop.go()
    side = item(shop.kit, shop.of, "side")
    extra = placement(shop.kit, side, shop.on, rendition(shop.kit, side), "alt1", PlacementState.APPROVED)
    shop.wish()
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("no answer"), True
    shop.go(5)
    with shop.kit.db.writing() as session:
        session.get_one(Placement, extra.id).state = PlacementState.REJECTED
    shop.wish()
    shop.go(10)

    assert shop.pushes() == [PushState.ACCEPTED, PushState.MOOT, PushState.ACCEPTED]
    assert shop.market.writes[-1].remove == ("alt1",)


def test_a_refusal_keeps_their_words_and_is_not_sent_again_until_something_changes(shop: Shop) -> None:
    shop.market.fail = integrations.Refused("no", (integrations.Problem("21919137", "The picture is too small.", "low-resolution", ("main",)),))
    shop.go()
    shop.go(3600)
    one = shop.the_listing()
    assert one.problem == "The picture is too small."
    assert shop.market.calls.count("publish") == 1

    shop.replace_picture()
    shop.go(10)
    assert shop.pushes() == [PushState.REFUSED, PushState.ACCEPTED]
    assert shop.the_listing().problem is None


def test_pictures_that_could_not_be_fetched_are_offered_again_before_a_person_is_asked(shop: Shop) -> None:
    unreachable = integrations.Refused("400", (integrations.Problem("InvalidInput", "Unable to Retrieve Media Content", "unreachable"),))
    shop.market.fail = unreachable
    shop.go()
    assert shop.the_listing().problem is None
    shop.go(10)
    assert shop.pushes() == [PushState.ACCEPTED], "our web role was only away for a moment"

    shop.replace_picture()
    for _ in range(8):
        shop.market.fail = unreachable
        shop.go(400)
    assert shop.pushes() == [PushState.ACCEPTED, PushState.REFUSED]
    assert shop.the_listing().problem == "Unable to Retrieve Media Content"


def test_the_emergency_stop_stops_and_resuming_goes_on(shop: Shop) -> None:
    with shop.kit.db.writing() as session:
        controls.stop(session, shop.kit, "ann")
    shop.go(60)
    assert shop.market.writes == []
    with shop.kit.db.writing() as session:
        controls.resume(session, shop.kit, "ann")
    shop.go(1)
    assert len(shop.market.writes) == 1


def test_credentials_refused_three_times_in_a_row_pause_the_account_and_nothing_more_is_sent(shop: Shop) -> None:
    for tries, paused in ((1, None), (2, None), (3, "invalid_grant")):
        shop.market.fail = integrations.NotAuthorised("invalid_grant")
        shop.go(6)
        with shop.kit.db.reading() as session:
            assert session.scalars(sa.select(Account.paused)).one() == paused
        assert shop.market.calls.count("publish") == tries
    shop.go(3600)
    assert shop.market.writes == []


def test_refusals_with_other_failures_between_them_do_not_pause_the_account(shop: Shop) -> None:
    for failure in (integrations.NotAuthorised("a"), integrations.NotAuthorised("b"), integrations.TryLater(5, "busy"), integrations.NotAuthorised("c")):
        shop.market.fail = failure
        shop.go(6)
    with shop.kit.db.reading() as session:
        assert session.scalars(sa.select(Account.paused)).one() is None
    shop.go(6)
    assert shop.pushes() == [PushState.ACCEPTED]


def test_try_later_waits_as_long_as_it_was_told(shop: Shop) -> None:
    shop.market.fail = integrations.TryLater(120, "slow down")
    shop.go()
    with shop.kit.db.reading() as session:
        due = session.scalars(sa.select(Work.due_at).where(Work.stage == "publish")).one()
    assert due is not None
    assert (due - shop.kit.now()).total_seconds() == 120
    shop.go(121)
    assert shop.pushes() == [PushState.ACCEPTED]


def test_under_the_policy_ask_a_person_lets_each_change_through(shop: Shop) -> None:
    with shop.kit.db.writing() as session:
        accounts.set_policy(session, shop.kit, session.get_one(Account, shop.on.id), "ann", publish="ask")
    shop.go(10)
    assert shop.market.writes == []
    with shop.kit.db.reading() as session:
        [line] = plan(session, shop.kit)
        assert (line.sku, line.add, line.creates) == ("W-1", ("main",), True)
        assert "person" in (line.barred or "")
    with shop.kit.db.writing() as session:
        publish.confirm(session, shop.kit, session.scalars(sa.select(Listing)).one(), "ann")
    shop.go(1)
    assert len(shop.market.writes) == 1


def test_a_marketplace_that_fetches_pictures_needs_a_public_address(kit: Kit, clock: Clock, shop: Shop) -> None:
    object.__setattr__(kit.settings, "media_base_url", "")
    amazon, of = account(kit, "amazon-uk:main"), product(kit, "W-2")
    one = listing(kit, of, amazon, ListingState.TO_SEND, wanted={"W-2": {"main": "0" * 64}}, wanted_print="p")
    with kit.db.reading() as session:
        assert "PACKSHOT_MEDIA_BASE_URL" in (publish.barred(session, kit, session.get_one(Listing, one.id), amazon) or "")


# what stands is not sent again


def sent(shop: Shop) -> dict[str, str] | None:
    """What the last push said was accepted before it."""
    pushed = shop.market.writes[-1].pushed
    return None if pushed is None else dict(pushed)


def pushed(shop: Shop) -> dict[str, str]:
    return dict(shop.the_listing().pushed["W-1"])


def see(shop: Shop, **same: bool) -> None:
    """A look at the listing: positions that show ours, or not."""
    with shop.kit.db.writing() as session:
        listing = session.scalars(sa.select(Listing)).one()
        listing.seen = {"W-1": {p: {"url": "https://x", "file": listing.pushed["W-1"][p], "score": 1.0, "same": ours} for p, ours in same.items()}}


def test_a_first_push_knows_nothing_and_the_next_one_says_what_was_accepted(shop: Shop) -> None:
    shop.go()
    assert sent(shop) is None
    before = pushed(shop)

    shop.replace_picture()
    shop.go()

    assert sent(shop) == before
    assert [picture.position for picture in shop.market.writes[-1].changed] == ["main"]


def test_after_an_unknown_outcome_nothing_is_taken_as_accepted(shop: Shop) -> None:
    shop.go()
    shop.replace_picture()
    shop.market.fail, shop.market.after = integrations.OutcomeUnknown("cut off"), True
    shop.go()
    shop.replace_picture()
    shop.go(5)
    shop.go(5)

    assert PushState.MOOT in shop.pushes()
    assert sent(shop) is None


def test_a_push_that_is_tried_again_says_nothing_was_accepted(shop: Shop) -> None:
    shop.go()
    shop.replace_picture()
    shop.market.fail = integrations.TryLater(5, "busy")
    shop.go()
    shop.go(10)

    assert sent(shop) is None


def test_after_a_refusal_everything_is_sent_again(shop: Shop) -> None:
    shop.go()
    shop.replace_picture()
    shop.market.fail = integrations.Refused("no")
    shop.go()
    shop.replace_picture()
    shop.go(5)

    assert sent(shop) is None


def test_a_position_that_was_seen_to_show_something_else_is_sent_again(shop: Shop) -> None:
    shop.go()
    before = pushed(shop)
    see(shop, main=True)
    shop.replace_picture()
    shop.go()
    assert sent(shop) == before

    see(shop, main=False)
    shop.replace_picture()
    shop.go()

    assert sent(shop) == {}


def test_what_a_repair_sends_is_everything(shop: Shop) -> None:
    shop.go()
    with shop.kit.db.writing() as session:
        session.execute(sa.update(Listing).values(pushed_print=None))
        work.wake(session, "publish", shop.the_listing().id, at=shop.kit.now())
    shop.go(5)

    assert len(shop.market.writes) == 2
    assert sent(shop) is None


def test_a_push_knows_how_many_others_left_within_a_day(shop: Shop) -> None:
    shop.go()
    shop.replace_picture()
    shop.go(60)
    shop.replace_picture()
    shop.go(3600 * 23)
    shop.replace_picture()
    shop.go(3600 * 2)

    assert [offer.sent_today for offer in shop.market.writes] == [0, 1, 2, 1]


def test_a_refused_creation_is_asked_again_once_the_accounts_listing_settings_change(shop: Shop) -> None:
    shop.market.fail = integrations.Refused("'Movement' is required", (integrations.Problem("aspect", "'Movement' is required"),))
    shop.go()
    shop.go(3600)
    assert (shop.pushes(), shop.the_listing().problem) == ([PushState.REFUSED], "'Movement' is required")

    with shop.kit.db.writing() as session:
        accounts.set_policy(session, shop.kit, session.get_one(Account, shop.on.id), "ann", listing={"aspects": {"watch": {"Movement": "calibre"}}})
    shop.go(3600)

    assert shop.pushes() == [PushState.REFUSED, PushState.ACCEPTED]
    assert shop.the_listing().problem is None


def test_the_revisions_of_a_day_are_counted_up_to_now_and_not_up_to_when_the_push_was_begun(shop: Shop) -> None:
    """A marketplace that takes so many revisions a day: a push that was put off for it goes once the day has rolled on."""
    shop.go()
    shop.replace_picture()
    shop.market.fail = integrations.TryLater(23 * 3600, "the revisions of a day are used up")
    shop.go(60)
    with shop.kit.db.writing() as session:
        [first, _second] = session.scalars(sa.select(Push).order_by(Push.number))
        session.add(
            Push(listing_id=first.listing_id, number=9, key="m", fingerprint="m", content={}, state=PushState.MOOT, at=shop.kit.now() + timedelta(hours=10))
        )

    shop.go(25 * 3600)

    assert [offer.sent_today for offer in shop.market.writes] == [0, 0]
