"""Pictures stored with eBay: the same bytes are sent once, again before they expire, and eBay's objections name the picture."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import responses

from integrations import Hosted, Offer, Refused, TryLater
from integrations.ebay.marketplace import Ebay
from integrations.practice import PracticeServer
from tests.integrations.accounts import EBAY, access, offer, picture
from tests.integrations.contract import watch_like
from tests.integrations.ebay.test_client import MEDIA, TOKEN

DAY = 86_400.0


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as running:
        yield running


@pytest.fixture
def ebay(practice: PracticeServer) -> Ebay:
    credentials = {**EBAY, "refresh_token": "practice-SELLER"}
    made = access("ebay-uk", credentials=credentials, endpoints=practice.ebay_endpoints(), allow_loopback=True)
    return Ebay(made, now=lambda: datetime.fromtimestamp(practice.clock.now(), UTC))


def push(sku: str, kept: Hosted | None = None) -> Offer:
    shown = dataclasses.replace(picture(data=watch_like(1)), hosted=kept)
    return offer(merchant_sku=sku, create=True, pictures=(shown,), key=sku.encode().hex().ljust(32, "0"))


def uploads(practice: PracticeServer) -> int:
    return sum(write["call"] == "createImageFromFile" for write in practice.witness("writes"))


@pytest.mark.parametrize(("days", "sent"), [(1, 1), (26, 1), (28, 2), (40, 2)])
def test_a_stored_picture_is_used_again_until_days_before_it_expires(practice: PracticeServer, ebay: Ebay, days: float, sent: int) -> None:
    [stored] = ebay.publish(push("A")).hosted
    practice.advance(days * DAY)

    again = ebay.publish(push("B", stored))

    assert uploads(practice) == sent
    assert stored.expires is not None
    assert again.hosted[0].expires is not None
    assert again.hosted[0].expires - datetime.fromtimestamp(practice.clock.now(), UTC) > timedelta(days=3)
    assert (again.hosted[0] == stored) == (sent == 1)


def test_a_stored_picture_that_ebay_threw_away_unused_is_sent_anew(practice: PracticeServer, ebay: Ebay) -> None:
    unused = Hosted(picture(data=watch_like(1)).sha256, f"{practice.url}/images/g/gone/s-l1600.jpg", "gone", datetime.fromtimestamp(practice.clock.now(), UTC))

    receipt = ebay.publish(push("A", unused))

    assert receipt.hosted[0].image_id != "gone"


@pytest.mark.parametrize(("code", "reason"), [(190201, "too-large"), (190202, "too-large"), (190203, "format"), (190204, "unreachable")])
def test_what_the_media_api_objects_to_has_our_reason_and_names_the_picture(code: int, reason: str) -> None:
    with responses.RequestsMock() as wire:
        wire.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200})
        wire.post(f"{MEDIA}/image/create_image_from_file", status=400, json={"errors": [{"errorId": code, "message": "their words"}]})

        with pytest.raises(Refused, match=r"main: .*their words") as caught:
            Ebay(access("ebay-uk")).publish(offer(external_id="1", pushed={}))

    [problem] = caught.value.issues
    assert (problem.code, problem.reason, problem.positions) == (str(code), reason, ("main",))


@pytest.mark.parametrize(("status", "code"), [(500, 190000), (429, 2001)])
def test_a_media_api_that_is_unwell_is_tried_later(status: int, code: int) -> None:
    with responses.RequestsMock() as wire:
        wire.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200})
        wire.post(f"{MEDIA}/image/create_image_from_file", status=status, json={"errors": [{"errorId": code, "message": "unwell"}]})

        with pytest.raises(TryLater):
            Ebay(access("ebay-uk")).publish(offer(external_id="1", pushed={}))
