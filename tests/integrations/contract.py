"""What every connector promises, run over each of them against a marketplace that answers for real.

A new connector subclasses `Contract` and says how its marketplace is opened: `world` gives a `World`, which is all that the suite asks of a
marketplace. `PracticeContract` opens the practice marketplaces; `example/` has a marketplace of its own in one file.
"""

import dataclasses
import io
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import pytest
from PIL import Image, ImageDraw

from integrations import Marketplace, NotAuthorised, Offer, OutcomeUnknown, Ref, Refused, Status, TryLater, connect
from integrations.practice import PracticeServer
from tests.integrations.accounts import offer, product
from tests.integrations.between import HOSTILE, MB, WRONG_TYPES, Between
from tests.integrations.worlds import SMALL, Listed, Media, PracticeWorld, World, difference, watch_like

__all__ = ["Contract", "Listed", "Media", "PracticeContract", "World", "watch_like"]

MUCH = 64 * MB  # of an endless answer is never read


class Contract:
    """The promises of `integrations.marketplace.Marketplace`.

    `first_read` and `create_call` are the marketplace's own words for the first call of a push and for the one that creates a listing: faults are
    ordered by them, as `integrations.practice.faults.Fault` has it.
    """

    first_read: str
    create_call: str

    def world(self, faults: Sequence[dict[str, Any]] = (), seed: int = 0) -> AbstractContextManager[World]:
        """The marketplace, opened with faults on given calls; its time stands still."""
        raise NotImplementedError  # each marketplace's own test class says which world it is held to

    def faulty(self) -> bytes:
        """A picture that the marketplace takes and then objects to: framed, and not on white."""
        image = Image.new("RGB", (800, 800), (120, 130, 90))
        ImageDraw.Draw(image).rectangle((0, 0, 799, 799), outline=(20, 20, 20), width=20)
        ImageDraw.Draw(image).rectangle((150, 250, 650, 550), fill=(200, 40, 40))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=93)
        return out.getvalue()

    @pytest.fixture
    def opened(self) -> Iterator[World]:
        with self.world() as opened:
            yield opened

    @pytest.fixture
    def connector(self, opened: World) -> Marketplace:
        return connect(opened.account())

    def new_offer(self, media: Media, *seeds: int, sku: str = "W-1", side: int = 1600, **changes: Any) -> Offer:
        positions = ["main", *(f"alt{number}" for number in range(1, len(seeds)))]
        pictures = tuple(media.picture(position, watch_like(seed, side)) for position, seed in zip(positions, seeds, strict=True))
        return offer(merchant_sku=sku, pictures=pictures, **{"key": uuid.uuid4().hex, "create": True, **changes})

    def test_it_is_a_marketplace(self, connector: Marketplace) -> None:
        assert isinstance(connector, Marketplace)

    def test_a_new_product_is_listed_and_its_pictures_come_back(self, opened: World, connector: Marketplace, media: Media) -> None:
        sent = self.new_offer(media, 1, 2)

        receipt = connector.publish(sent)
        opened.advance(5)
        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert receipt.status == "accepted"
        assert (status.exists, status.ended, status.buyable) == (True, False, True)
        assert set(status.pictures) == {"main", "alt1"}
        assert {"main", "alt1"} <= status.provable
        for picture in sent.pictures:
            assert difference(connector.picture(status.pictures[picture.position]), picture.data()) < 3

    def test_accepted_is_not_yet_shown(self, opened: World, connector: Marketplace, media: Media) -> None:
        receipt = connector.publish(self.new_offer(media, 1))

        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert status.exists
        assert status.pictures == {}

    def test_the_same_push_twice_lists_once(self, opened: World, connector: Marketplace, media: Media) -> None:
        sent = self.new_offer(media, 1)

        first, second = connector.publish(sent), connector.publish(sent)

        assert len(opened.listings()) == 1
        assert second.status == "accepted"
        if first.external_id:
            assert second.external_id == first.external_id

    def test_a_new_push_without_the_id_finds_the_listing_by_its_sku(self, opened: World, connector: Marketplace, media: Media) -> None:
        connector.publish(self.new_offer(media, 1))
        connector.publish(self.new_offer(media, 2))
        opened.advance(5)

        [status] = connector.status([Ref("W-1")])

        assert len(opened.listings()) == 1
        assert difference(connector.picture(status.pictures["main"]), watch_like(2)) < 3

    def test_nothing_is_created_without_leave(self, opened: World, connector: Marketplace, media: Media) -> None:
        with pytest.raises(Refused, match="W-1"):
            connector.publish(self.new_offer(media, 1, create=False))

        assert opened.listings() == []

    def test_a_listing_that_was_there_before_gets_pictures_and_keeps_its_title(self, opened: World, connector: Marketplace, media: Media) -> None:
        known = opened.there_before("W-1", "Old title")

        connector.publish(self.new_offer(media, 3, create=False, external_id=known))
        opened.advance(5)

        [listing] = opened.listings()
        assert (listing.title, listing.positions) == ("Old title", {"main"})

    def test_a_replaced_and_a_removed_picture_are_seen(self, opened: World, connector: Marketplace, media: Media) -> None:
        first = connector.publish(self.new_offer(media, 1, 2))
        opened.advance(5)

        connector.publish(self.new_offer(media, 4, remove=("alt1",), external_id=first.external_id))
        opened.advance(5)

        [status] = connector.status([Ref("W-1", first.external_id)])
        assert set(status.pictures) == {"main"}
        assert "alt1" in status.provable
        assert difference(connector.picture(status.pictures["main"]), watch_like(4)) < 3

    def test_the_main_picture_is_never_removed(self, opened: World, connector: Marketplace, media: Media) -> None:
        connector.publish(self.new_offer(media, 1))

        with pytest.raises(Refused):
            connector.publish(self.new_offer(media, 1, remove=("main",)))

    def test_an_unknown_position_is_refused_by_name(self, connector: Marketplace, media: Media) -> None:
        sent = self.new_offer(media, 1)

        with pytest.raises(Refused, match="alt99"):
            connector.publish(dataclasses.replace(sent, pictures=(*sent.pictures, dataclasses.replace(sent.pictures[0], position="alt99"))))

    def test_a_listing_that_is_not_there(self, connector: Marketplace) -> None:
        [status] = connector.status([Ref("NOBODY")])

        assert (status.exists, status.pictures, status.notices) == (False, {}, ())

    def test_statuses_come_in_the_order_asked(self, connector: Marketplace, media: Media) -> None:
        connector.publish(self.new_offer(media, 1, sku="W-2"))

        assert [(status.ref.merchant_sku, status.exists) for status in connector.status([Ref("W-1"), Ref("W-2"), Ref("W-3")])] == [
            ("W-1", False),
            ("W-2", True),
            ("W-3", False),
        ]

    def test_a_bad_picture_is_reported_and_the_report_ends_with_a_good_one(self, opened: World, connector: Marketplace, media: Media) -> None:
        bad = media.picture("main", self.faulty())
        _, before = connector.notices(None)
        receipt = connector.publish(offer(merchant_sku="W-1", pictures=(bad,), create=True, key=uuid.uuid4().hex))
        opened.advance(30)

        hints, after = connector.notices(before)
        [suppressed] = connector.status([Ref("W-1", receipt.external_id)])
        connector.publish(self.new_offer(media, 1, external_id=receipt.external_id))
        opened.advance(30)
        [mended] = connector.status([Ref("W-1", receipt.external_id)])

        assert "W-1" in [hint.ref.merchant_sku for hint in hints]
        assert after >= before
        assert suppressed.notices
        assert {notice.kind for notice in suppressed.notices} <= {"suppressed", "held", "at_risk", "warning"}
        assert {notice.kind for notice in suppressed.notices} & {"suppressed", "held"}
        assert all(notice.message for notice in suppressed.notices)
        assert mended.notices == ()

    def test_wrong_credentials_pause_the_account(self, opened: World) -> None:
        with pytest.raises(NotAuthorised):
            connect(opened.stranger()).status([Ref("W-1")])

    def test_pictures_come_from_the_marketplaces_own_hosts_only(self, connector: Marketplace, media: Media) -> None:
        ours = media.picture("main", b"x").url or ""

        for address in (ours, "http://127.0.0.1:9/images/I/a.jpg", "https://example.com/a.jpg", "file:///etc/passwd", "http://169.254.169.254/"):
            with pytest.raises(Refused):
                connector.picture(address)

    @pytest.mark.parametrize("fault", ["empty_503", "html_502", "throttle_429"])
    def test_weather_is_tried_later_and_then_it_works(self, fault: str, media: Media) -> None:
        with self.world([{"when": self.first_read, "do": fault, "nth": 1}]) as opened:
            connector = connect(opened.account())

            with pytest.raises(TryLater):
                connector.publish(self.new_offer(media, 1))
            connector.publish(self.new_offer(media, 1))

            assert len(opened.listings()) == 1

    def test_a_write_cut_off_after_it_took_effect_is_unknown_and_repeating_it_lists_once(self, media: Media) -> None:
        with self.world([{"when": self.create_call, "do": "timeout_after", "nth": 1, "hold": 0.1}]) as opened:
            connector = connect(opened.account())
            sent = self.new_offer(media, 1)

            with pytest.raises(OutcomeUnknown):
                connector.publish(sent)
            receipt = connector.publish(sent)

            assert receipt.status == "accepted"
            assert len(opened.listings()) == 1

    def test_an_expired_token_is_renewed_without_a_word(self, media: Media) -> None:
        with self.world([{"when": self.first_read, "do": "expire_token", "nth": 2}]) as opened:
            connector = connect(opened.account())

            connector.publish(self.new_offer(media, 1))
            connector.publish(self.new_offer(media, 2))

            assert len(opened.listings()) == 1

    def test_used_goods_are_listed_and_read_back(self, opened: World, connector: Marketplace, media: Media) -> None:
        sent = dataclasses.replace(self.new_offer(media, 1, 2), product=product(condition="used", gtin=None))

        receipt = connector.publish(sent)
        opened.advance(5)
        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert set(status.pictures) == {"main", "alt1"} <= status.provable

    def test_whatever_goes_wrong_on_the_way_each_product_is_listed_once_and_only_our_errors_are_seen(self, media: Media) -> None:
        kinds = ("empty_503", "html_502", "throttle_429", "timeout_before", "timeout_after", "drop_connection", "expire_token")
        faults = [{"when": "*", "do": kind, "rate": 0.06, "hold": 0.02} for kind in kinds]
        with self.world(faults, seed=1) as opened:
            connector = connect(opened.account())
            skus = [f"W-{number}" for number in range(3)]

            for number, sku in enumerate(skus):
                sent = self.new_offer(media, number, sku=sku)
                stubbornly(lambda sent=sent: connector.publish(sent))  # type: ignore[misc]
            opened.advance(5)

            for sku in skus:
                [status] = stubbornly(lambda sku=sku: connector.status([Ref(sku)]))  # type: ignore[misc]
                assert set(status.pictures) == {"main"}
            assert sorted(listing.sku for listing in opened.listings()) == skus

    def test_a_push_cut_off_at_any_of_its_calls_is_done_once_by_being_repeated(self, opened: World, media: Media) -> None:
        calls = self.calls_of(opened, lambda connector: connector.publish(self.new_offer(media, 1, 2, sku="W-0", side=SMALL)))
        for nth in range(1, calls + 1):
            sent = self.new_offer(media, 1, 2, sku=f"W-{nth}", side=SMALL)
            with Between(opened.url, nth, None) as line:
                with suppress(TryLater, OutcomeUnknown):  # some calls only help, and are done without
                    connect(line.account(opened.account())).publish(sent)
                stubbornly(lambda sent=sent, line=line: connect(line.account(opened.account())).publish(sent))  # type: ignore[misc]
        opened.advance(5)

        skus = [f"W-{number}" for number in range(calls + 1)]
        assert sorted(listing.sku for listing in opened.listings()) == sorted(skus)
        for status in connect(opened.account()).status([Ref(sku) for sku in skus]):
            assert set(status.pictures) == {"main", "alt1"}

    many = 21  # more than one page or one call of this marketplace

    def test_many_listings_are_read_at_once_in_the_order_asked(self, opened: World, connector: Marketplace) -> None:
        for number in range(0, self.many, 2):
            opened.there_before(f"W-{number}", "Old title")

        found = connector.status([Ref(f"W-{number}") for number in range(self.many)])

        assert [(status.ref.merchant_sku, status.exists) for status in found] == [(f"W-{number}", number % 2 == 0) for number in range(self.many)]

    def test_what_changed_is_told_page_by_page_to_the_end(self, opened: World, connector: Marketplace, media: Media) -> None:
        bad = media.picture("main", self.faulty())
        skus = {f"W-{number}" for number in range(self.many)}
        for sku in sorted(skus):
            connector.publish(offer(merchant_sku=sku, pictures=(bad,), create=True, key=uuid.uuid4().hex))
        opened.advance(30)

        hints, cursor = connector.notices(None)
        _, later = connector.notices(cursor)

        assert skus <= {hint.ref.merchant_sku for hint in hints}
        assert later >= cursor

    def test_a_hostile_answer_to_a_push_raises_one_of_our_errors_and_the_product_is_listed_once(self, opened: World, media: Media) -> None:
        calls = self.calls_of(opened, lambda connector: connector.publish(self.new_offer(media, 1, sku="W-0", side=SMALL)))
        skus, written = ["W-0"], {"W-0"}
        for kind, nth in spoilt(calls):
            skus.append(f"W-{len(skus)}")
            sent = self.new_offer(media, 1, sku=skus[-1], side=SMALL)
            with Between(opened.url, nth, HOSTILE[kind]) as line:
                try:
                    receipt = connect(line.account(opened.account())).publish(sent)
                    assert isinstance(receipt.external_id, str | None), (kind, nth)
                except (TryLater, OutcomeUnknown, NotAuthorised, Refused):
                    assert line.sent < MUCH, (kind, nth)
            if nth == calls:  # the write itself: whether it took effect is not known
                stubbornly(lambda sent=sent: connect(opened.account()).publish(sent))  # type: ignore[misc]
                written.add(skus[-1])

        listed = [listing.sku for listing in opened.listings()]
        assert written <= set(listed) <= set(skus)
        assert len(listed) == len(set(listed))

    def test_a_hostile_answer_to_a_look_raises_one_of_our_errors_and_is_never_a_false_one(self, opened: World, media: Media) -> None:
        connect(opened.account()).publish(self.new_offer(media, 1, side=SMALL))
        opened.there_before("W-2", "Old title")
        opened.advance(5)
        for look in (self.looks_at_one, self.looks_at_two, self.hears):
            true = look(connect(opened.account()))
            for kind, nth in spoilt(self.calls_of(opened, look)):
                with Between(opened.url, nth, HOSTILE[kind]) as line:
                    try:
                        found = look(connect(line.account(opened.account())))
                    except (TryLater, NotAuthorised, Refused):
                        assert line.sent < MUCH, (kind, nth)
                        continue
                assert kind in WRONG_TYPES or found == true, (kind, nth)

    def calls_of(self, opened: World, attempt: Callable[[Marketplace], object]) -> int:
        """How many calls it makes, the one for a token among them."""
        with Between(opened.url) as line:
            attempt(connect(line.account(opened.account())))
            return line.calls

    def looks_at_one(self, connector: Marketplace) -> object:
        return [told(status) for status in connector.status([Ref("W-1")])]

    def looks_at_two(self, connector: Marketplace) -> object:
        return [told(status) for status in connector.status([Ref("W-1"), Ref("W-2")])]

    def hears(self, connector: Marketplace) -> object:
        hints, cursor = connector.notices(None)
        assert isinstance(cursor, str)
        assert all(isinstance(hint.ref.merchant_sku, str) and isinstance(hint.ref.external_id, str | None) for hint in hints)
        return sorted({hint.ref.merchant_sku for hint in hints})

    def test_a_picture_that_has_no_end_is_given_up(self, opened: World, connector: Marketplace, media: Media) -> None:
        connector.publish(self.new_offer(media, 1))
        opened.advance(5)
        [status] = connector.status([Ref("W-1")])
        with Between(opened.url, 1, HOSTILE["an endless answer"]) as line:
            with pytest.raises(Refused, match="more than"):
                connect(line.account(opened.account())).picture(status.pictures["main"].replace(opened.url, line.url))
            assert line.sent < MUCH


def told(status: Status) -> tuple[str, bool, bool, tuple[str, ...], frozenset[str]]:
    """What a status says, after its types were looked at."""
    assert isinstance(status.exists, bool)
    assert isinstance(status.ended, bool)
    assert status.buyable in (True, False, None)
    assert isinstance(status.external_id, str | None)
    assert all(isinstance(word, str) for pair in status.pictures.items() for word in pair)
    assert all(isinstance(word, str) for notice in status.notices for word in (notice.code, notice.message, notice.kind))
    return status.ref.merchant_sku, status.exists, status.ended, tuple(sorted(status.pictures)), status.provable


def spoilt(calls: int) -> Iterator[tuple[str, int]]:
    """(kind, number of the call): two of the four wrong types at each call, every kind at the last call, every other kind at one more."""
    for number, kind in enumerate(HOSTILE):
        chosen = {nth for nth in range(1, calls) if (nth + number) % 2} if kind in WRONG_TYPES else {number % calls + 1}
        yield from ((kind, nth) for nth in sorted({*chosen, calls}))


def stubbornly(attempt: Callable[[], Any]) -> Any:
    """The outcome of trying again at once, as often as it takes; anything but the errors that allow it comes through."""
    for _ in range(60):
        try:
            return attempt()
        except (TryLater, OutcomeUnknown, NotAuthorised):
            continue
    raise AssertionError("sixty tries were not enough")


class PracticeContract(Contract):
    """The suite against the practice marketplaces: `endpoints` is the method of `PracticeServer` that names the connector's."""

    site: str
    endpoints: str
    credentials: dict[str, str]

    @contextmanager
    def world(self, faults: Sequence[dict[str, Any]] = (), seed: int = 0) -> Iterator[World]:
        with PracticeServer(faults=faults, seed=seed) as practice:
            yield PracticeWorld(practice, self.site, self.endpoints, self.credentials)
