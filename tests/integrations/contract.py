"""What every connector promises, run over each of them against the practice marketplaces.

A new connector subclasses `Contract` with its `site` and `credentials`; three lines are enough.
"""

import dataclasses
import hashlib
import io
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from PIL import Image, ImageDraw

from integrations import Access, Hosted, Marketplace, NotAuthorised, Offer, OutcomeUnknown, Picture, Ref, Refused, TryLater, connect
from integrations.practice import PracticeServer
from tests.integrations.accounts import access, offer, product


@cache
def watch_like(seed: int, side: int = 1600) -> bytes:
    """A finished picture of our own drawing: a round dial on pure white, different for each seed."""
    image = Image.new("RGB", (side, side), "white")
    draw, edge = ImageDraw.Draw(image), side // 16
    draw.ellipse((edge, edge, side - edge, side - edge), fill=(40 + seed * 37 % 150, 60, 90), outline=(20, 20, 20), width=side // 40)
    draw.ellipse((side // 4, side // 4, side * 3 // 4, side * 3 // 4), fill=(230, 230 - seed * 23 % 120, 225))
    for number in range(12):
        at = side // 6 + number * side // 18
        draw.rectangle((at, side // 2, at + side // 90, side // 2 + 40 + seed * 13 % 90), fill=(10, 10, 10))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=93)
    return out.getvalue()


def difference(first: bytes, second: bytes) -> float:
    """Mean difference of two pictures' levels at a small size: 0 for the same picture, re-encoded or not."""
    small = [Image.open(io.BytesIO(data)).convert("L").resize((32, 32)).tobytes() for data in (first, second)]
    return sum(abs(a - b) for a, b in zip(*small, strict=True)) / 1024


class Media:
    """Our own public media address for the tests: the practice Amazon fetches pictures from here."""

    def __init__(self, server: Any) -> None:
        self.server, self.files = server, {}

    def picture(self, position: str, data: bytes, hosted: Hosted | None = None) -> Picture:
        """A picture with an address that changes with its content."""
        digest = hashlib.sha256(data).hexdigest()
        self.server.expect_file(f"/media/{digest[:20]}.jpg", data)
        return Picture(position, digest, f"{self.server.url}/media/{digest[:20]}.jpg", lambda: data, hosted)


class Contract:
    """The promises of `integrations.marketplace.Marketplace`."""

    site: str
    endpoints: str
    credentials: dict[str, str]

    @pytest.fixture
    def practice(self) -> Iterator[PracticeServer]:
        with PracticeServer() as running:
            yield running

    @pytest.fixture
    def account(self, practice: PracticeServer) -> Access:
        return self.account_on(practice)

    @pytest.fixture
    def connector(self, account: Access) -> Marketplace:
        return connect(account)

    def account_on(self, practice: PracticeServer, **changes: Any) -> Access:
        credentials = {**self.credentials, "refresh_token": "practice-SELLER"}
        return access(self.site, credentials=credentials, endpoints=getattr(practice, self.endpoints)(), allow_loopback=True, **changes)

    def new_offer(self, media: Media, *seeds: int, sku: str = "W-1", **changes: Any) -> Offer:
        positions = ["main", *(f"alt{number}" for number in range(1, len(seeds)))]
        pictures = tuple(media.picture(position, watch_like(seed)) for position, seed in zip(positions, seeds, strict=True))
        return offer(merchant_sku=sku, pictures=pictures, **{"key": uuid.uuid4().hex, "create": True, **changes})

    def listings(self, practice: PracticeServer) -> list[dict[str, Any]]:
        return list(practice.witness("listings"))

    def test_it_is_a_marketplace(self, connector: Marketplace) -> None:
        assert isinstance(connector, Marketplace)

    def test_a_new_product_is_listed_and_its_pictures_come_back(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        sent = self.new_offer(media, 1, 2)

        receipt = connector.publish(sent)
        practice.advance(5)
        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert receipt.status == "accepted"
        assert (status.exists, status.ended, status.buyable) == (True, False, True)
        assert set(status.pictures) == {"main", "alt1"}
        assert {"main", "alt1"} <= status.provable
        for picture in sent.pictures:
            assert difference(connector.picture(status.pictures[picture.position]), picture.data()) < 3

    def test_accepted_is_not_yet_shown(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        receipt = connector.publish(self.new_offer(media, 1))

        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert status.exists
        assert status.pictures == {}

    def test_the_same_push_twice_lists_once(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        sent = self.new_offer(media, 1)

        first, second = connector.publish(sent), connector.publish(sent)

        assert len(self.listings(practice)) == 1
        assert second.status == "accepted"
        if first.external_id:
            assert second.external_id == first.external_id

    def test_a_new_push_without_the_id_finds_the_listing_by_its_sku(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        connector.publish(self.new_offer(media, 1))
        connector.publish(self.new_offer(media, 2))
        practice.advance(5)

        [status] = connector.status([Ref("W-1")])

        assert len(self.listings(practice)) == 1
        assert difference(connector.picture(status.pictures["main"]), watch_like(2)) < 3

    def test_nothing_is_created_without_leave(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        with pytest.raises(Refused, match="W-1"):
            connector.publish(self.new_offer(media, 1, create=False))

        assert self.listings(practice) == []

    def test_a_listing_that_was_there_before_gets_pictures_and_keeps_its_title(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        known = practice.witness("listings", marketplace=self.site, seller="SELLER", sku="W-1", title="Old title")["external_id"]

        connector.publish(self.new_offer(media, 3, create=False, external_id=known))
        practice.advance(5)

        [listing] = self.listings(practice)
        assert listing["title"] == "Old title"
        assert set(listing["pictures"]) == {"main"}

    def test_a_replaced_and_a_removed_picture_are_seen(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        first = connector.publish(self.new_offer(media, 1, 2))
        practice.advance(5)

        connector.publish(self.new_offer(media, 4, remove=("alt1",), external_id=first.external_id))
        practice.advance(5)

        [status] = connector.status([Ref("W-1", first.external_id)])
        assert set(status.pictures) == {"main"}
        assert "alt1" in status.provable
        assert difference(connector.picture(status.pictures["main"]), watch_like(4)) < 3

    def test_the_main_picture_is_never_removed(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
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

    def test_a_bad_picture_is_reported_and_the_report_ends_with_a_good_one(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        bad = media.picture("main", self.faulty())
        _, before = connector.notices(None)
        receipt = connector.publish(offer(merchant_sku="W-1", pictures=(bad,), create=True, key=uuid.uuid4().hex))
        practice.advance(30)

        hints, after = connector.notices(before)
        [suppressed] = connector.status([Ref("W-1", receipt.external_id)])
        connector.publish(self.new_offer(media, 1, external_id=receipt.external_id))
        practice.advance(30)
        [mended] = connector.status([Ref("W-1", receipt.external_id)])

        assert "W-1" in [hint.ref.merchant_sku for hint in hints]
        assert after >= before
        assert suppressed.notices
        assert {notice.kind for notice in suppressed.notices} <= {"suppressed", "held", "at_risk", "warning"}
        assert {notice.kind for notice in suppressed.notices} & {"suppressed", "held"}
        assert all(notice.message for notice in suppressed.notices)
        assert mended.notices == ()

    def faulty(self) -> bytes:
        """A picture that every marketplace objects to: framed, and not on white."""
        image = Image.new("RGB", (1600, 1600), (120, 130, 90))
        ImageDraw.Draw(image).rectangle((0, 0, 1599, 1599), outline=(20, 20, 20), width=40)
        ImageDraw.Draw(image).rectangle((300, 500, 1300, 1100), fill=(200, 40, 40))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=93)
        return out.getvalue()

    def test_wrong_credentials_pause_the_account(self, practice: PracticeServer) -> None:
        wrong = dataclasses.replace(self.account_on(practice), credentials={**self.credentials, "refresh_token": "stolen"})

        with pytest.raises(NotAuthorised):
            connect(wrong).status([Ref("W-1")])

    def test_pictures_come_from_the_marketplaces_own_hosts_only(self, connector: Marketplace, media: Media) -> None:
        ours = media.picture("main", b"x").url or ""

        for address in (ours, "http://127.0.0.1:9/images/I/a.jpg", "https://example.com/a.jpg", "file:///etc/passwd", "http://169.254.169.254/"):
            with pytest.raises(Refused):
                connector.picture(address)

    @pytest.mark.parametrize("fault", ["empty_503", "html_502", "throttle_429"])
    def test_weather_is_tried_later_and_then_it_works(self, fault: str, media: Media) -> None:
        with PracticeServer(faults=[{"when": self.first_read, "do": fault, "nth": 1}]) as practice:
            connector = connect(self.account_on(practice))

            with pytest.raises(TryLater):
                connector.publish(self.new_offer(media, 1))
            connector.publish(self.new_offer(media, 1))

            assert len(self.listings(practice)) == 1

    def test_a_write_cut_off_after_it_took_effect_is_unknown_and_repeating_it_lists_once(self, media: Media) -> None:
        with PracticeServer(faults=[{"when": self.create_call, "do": "timeout_after", "nth": 1, "hold": 0.1}]) as practice:
            connector = connect(self.account_on(practice))
            sent = self.new_offer(media, 1)

            with pytest.raises(OutcomeUnknown):
                connector.publish(sent)
            receipt = connector.publish(sent)

            assert receipt.status == "accepted"
            assert len(self.listings(practice)) == 1

    def test_an_expired_token_is_renewed_without_a_word(self, media: Media) -> None:
        with PracticeServer(faults=[{"when": self.first_read, "do": "expire_token", "nth": 2}]) as practice:
            connector = connect(self.account_on(practice))

            connector.publish(self.new_offer(media, 1))
            connector.publish(self.new_offer(media, 2))

            assert len(self.listings(practice)) == 1

    first_read: str
    create_call: str

    def test_used_goods_are_listed_and_read_back(self, practice: PracticeServer, connector: Marketplace, media: Media) -> None:
        sent = dataclasses.replace(self.new_offer(media, 1, 2), product=product(condition="used", gtin=None))

        receipt = connector.publish(sent)
        practice.advance(5)
        [status] = connector.status([Ref("W-1", receipt.external_id)])

        assert set(status.pictures) == {"main", "alt1"} <= status.provable

    def test_whatever_goes_wrong_on_the_way_each_product_is_listed_once_and_only_our_errors_are_seen(self, media: Media) -> None:
        kinds = ("empty_503", "html_502", "throttle_429", "timeout_before", "timeout_after", "drop_connection", "expire_token")
        faults = [{"when": "*", "do": kind, "rate": 0.06, "hold": 0.02} for kind in kinds]
        with PracticeServer(faults=faults, seed=1) as practice:
            connector = connect(self.account_on(practice))
            skus = [f"W-{number}" for number in range(3)]

            for number, sku in enumerate(skus):
                sent = self.new_offer(media, number, sku=sku)
                stubbornly(lambda sent=sent: connector.publish(sent))  # type: ignore[misc]
            practice.advance(5)

            for sku in skus:
                [status] = stubbornly(lambda sku=sku: connector.status([Ref(sku)]))  # type: ignore[misc]
                assert set(status.pictures) == {"main"}
            assert sorted(listing["sku"] for listing in self.listings(practice)) == skus


def stubbornly(attempt: Callable[[], Any]) -> Any:
    """The outcome of trying again at once, as often as it takes; anything but the errors that allow it comes through."""
    for _ in range(60):
        try:
            return attempt()
        except (TryLater, OutcomeUnknown, NotAuthorised):
            continue
    raise AssertionError("sixty tries were not enough")
