"""Publishing and reading over scripted answers: what the practice eBay does not do by itself."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import responses

from integrations import SITES, Hosted, OutcomeUnknown, Ref, Refused, TryLater
from integrations.ebay.marketplace import Ebay
from tests.integrations.accounts import access, offer, picture
from tests.integrations.ebay.test_client import MEDIA, NAMESPACE, TOKEN, TRADING, failure, xml

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STORED = {"imageUrl": "https://i.ebayimg.com/images/g/a/s-l500.jpg", "maxDimensionImageUrl": "https://i.ebayimg.com/images/g/a/s-l1600.jpg"}
EXPIRES = {"expirationDate": "2026-12-23T12:00:00.000Z"}
NOTHING = xml("GetSellerList", "<HasMoreItems>false</HasMoreItems>")


class Script:
    """Answers by Trading call, the last one staying; what was asked is kept by name."""

    def __init__(self, wire: responses.RequestsMock) -> None:
        self.answers: dict[str, list[Any]] = {
            "GetSellerList": [NOTHING],
            "GetMyeBaySelling": [xml("GetMyeBaySelling", "<UnsoldList/>")],
            "GetItem": [failure("GetItem", "17")],
            "VerifyAddFixedPriceItem": [xml("VerifyAddFixedPriceItem")],
        }
        self.asked: list[tuple[str, str]] = []
        wire.add_callback(responses.POST, TRADING, callback=self)

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        verb = str(request.headers["X-EBAY-API-CALL-NAME"])
        body = request.body or b""
        self.asked.append((verb, body.decode() if isinstance(body, bytes) else body))
        queue = self.answers[verb]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        return 200, {}, answer

    def count(self, verb: str) -> int:
        return len([name for name, _ in self.asked if name == verb])


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200})
        mock.post(f"{MEDIA}/image/create_image_from_file", status=201, json={**STORED, **EXPIRES}, headers={"Location": f"{MEDIA}/image/77"})
        yield mock


@pytest.fixture
def script(wire: responses.RequestsMock) -> Script:
    return Script(wire)


@pytest.fixture
def ebay() -> Ebay:
    return Ebay(access("ebay-uk"), now=lambda: NOW)


def uploads(wire: responses.RequestsMock) -> int:
    return len([call for call in wire.calls if str(call.request.url).endswith("create_image_from_file")])


@pytest.mark.parametrize(("data", "says"), [(b"\xff\xd8\xff", (b'.jpg"', b"image/jpeg")), (b"\x89PNG\r\n\x1a\n", (b'.png"', b"image/png"))])
def test_a_picture_is_sent_as_the_format_that_it_is(data: bytes, says: tuple[bytes, bytes], ebay: Ebay, script: Script, wire: responses.RequestsMock) -> None:
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem", "<ItemID>110000000001</ItemID>")]

    ebay.publish(offer(external_id="110000000001", pictures=(picture(data=data),)))

    sent = next(call.request.body for call in wire.calls if str(call.request.url).endswith("create_image_from_file"))
    assert all(word in sent for word in says)


def test_a_stored_picture_is_told_in_the_receipt(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem", "<ItemID>110000000001</ItemID>")]

    receipt = ebay.publish(offer(external_id="110000000001"))

    [stored] = receipt.hosted
    assert (stored.url, stored.image_id, stored.expires) == (STORED["maxDimensionImageUrl"], "77", datetime(2026, 12, 23, 12, tzinfo=UTC))
    assert stored.sha256 == picture().sha256


@pytest.mark.parametrize(("days", "sent"), [(2.9, 1), (3.1, 0), (None, 0)])
def test_a_picture_that_ebay_still_has_is_not_sent_again_unless_it_is_about_to_go(
    wire: responses.RequestsMock, script: Script, ebay: Ebay, days: float | None, sent: int
) -> None:
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem")]
    kept = Hosted(picture().sha256, STORED["imageUrl"], "1", NOW + timedelta(days=days) if days else None)

    ebay.publish(offer(external_id="1", pictures=(picture(hosted=kept),)))

    assert uploads(wire) == sent


def test_a_hosted_picture_with_other_bytes_is_not_used(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem")]

    ebay.publish(offer(external_id="1", pictures=(picture(hosted=Hosted("another", STORED["imageUrl"])),)))

    assert uploads(wire) == 1


def test_bytes_that_are_not_the_checked_ones_are_never_sent(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    with pytest.raises(Refused, match="not the one"):
        ebay.publish(offer(external_id="1", pictures=(dataclasses.replace(picture(), data=lambda: b"other"),)))

    assert uploads(wire) == 0


def test_an_upload_without_an_answer_is_only_tried_later(script: Script, ebay: Ebay) -> None:
    with responses.RequestsMock() as wire:
        wire.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200})
        wire.post(f"{MEDIA}/image/create_image_from_file", body=requests.ReadTimeout("slow"))
        with pytest.raises(TryLater):
            ebay.publish(offer(external_id="1", pushed={}))


def test_a_failed_listing_keeps_what_was_stored(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["ReviseFixedPriceItem"] = [failure("ReviseFixedPriceItem", "21919184", "added text")]

    with pytest.raises(Refused, match="added text") as caught:
        ebay.publish(offer(external_id="1"))

    assert len(caught.value.hosted) == 1
    assert caught.value.issues[0].reason == "text-or-watermark"


def test_a_repeated_revision_is_success(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    details = "<DuplicateInvocationDetails><Status>Success</Status></DuplicateInvocationDetails>"
    script.answers["ReviseFixedPriceItem"] = [failure("ReviseFixedPriceItem", "488", extra=details)]

    assert ebay.publish(offer(external_id="110000000001")).external_id == "110000000001"


def test_a_repeated_addition_takes_the_listing_of_the_first(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    details = "<DuplicateInvocationDetails><Status>Success</Status></DuplicateInvocationDetails><ItemID>110000000009</ItemID>"
    script.answers["AddFixedPriceItem"] = [failure("AddFixedPriceItem", "488", extra=details)]

    assert ebay.publish(offer(create=True)).external_id == "110000000009"


def test_a_repeated_addition_that_names_no_listing_is_looked_up_and_else_unknown(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["AddFixedPriceItem"] = [failure("AddFixedPriceItem", "488")]
    found = sellers("110000000007", "S/1 ü")

    with pytest.raises(OutcomeUnknown):
        ebay.publish(offer(create=True))
    script.answers["GetSellerList"] = [NOTHING, found]
    receipt = ebay.publish(offer(create=True))

    assert receipt.external_id == "110000000007"


def test_a_first_call_still_at_work_is_waited_for(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    details = "<DuplicateInvocationDetails><Status>InProgress</Status></DuplicateInvocationDetails>"
    script.answers["AddFixedPriceItem"] = [failure("AddFixedPriceItem", "488", extra=details)]

    with pytest.raises(TryLater):
        ebay.publish(offer(create=True))


def test_an_ended_listing_is_refused_in_ebays_words(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["ReviseFixedPriceItem"] = [failure("ReviseFixedPriceItem", "291", "not allowed to revise ended listings")]

    with pytest.raises(Refused, match="ended listings"):
        ebay.publish(offer(external_id="1", create=True))


def test_the_listing_is_looked_for_on_every_page(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["GetSellerList"] = [sellers("1", "OTHER", more=True), sellers("110000000002", "S/1 ü")]
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem")]

    assert ebay.publish(offer(create=True)).external_id == "110000000002"
    assert script.count("AddFixedPriceItem") == 0


def test_a_known_listing_that_is_gone_has_the_unsold_lists_words(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    unsold = (
        "<UnsoldList><ItemArray><Item><ItemID>1</ItemID><SKU>S</SKU><eBayNotes>Removed: watermark in the photo.</eBayNotes></Item></ItemArray></UnsoldList>"
    )
    script.answers["GetMyeBaySelling"] = [xml("GetMyeBaySelling", unsold)]

    known, other = ebay.status([Ref("S", "1"), Ref("T", "2")])

    assert (known.exists, known.ended) == (False, True)
    assert [(notice.code, notice.kind, notice.reason) for notice in known.notices] == [("Unsold", "removed", "text-or-watermark")]
    assert [(notice.code, notice.kind) for notice in other.notices] == [("Gone", "removed")]
    assert script.count("GetMyeBaySelling") == 1


def test_the_unsold_list_is_read_once_a_while_however_many_listings_are_gone(wire: responses.RequestsMock, script: Script) -> None:
    script.answers["GetMyeBaySelling"] = [unsold("2026-11-20T11:00:00.000Z")]
    now = [NOW]
    ebay = Ebay(access("ebay-uk"), now=lambda: now[0])

    for item_id in ("9", "2", "9"):
        ebay.status([Ref("S", item_id)])
    kept = script.count("GetMyeBaySelling")
    now[0] += timedelta(minutes=15)
    [known] = ebay.status([Ref("S", "9")])

    assert (kept, script.count("GetMyeBaySelling")) == (1, 2)
    assert [notice.code for notice in known.notices] == ["Unsold"]


def test_what_a_poll_read_of_a_removed_listing_is_said_when_it_is_looked_at(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers |= {"GetSellerEvents": [events()], "GetMyeBaySelling": [xml("GetMyeBaySelling"), unsold("2026-11-23T11:55:00.000Z")]}

    [before] = ebay.status([Ref("S9", "9")])
    ebay.notices("2026-11-23T11:30:00Z")
    [after] = ebay.status([Ref("S9", "9")])

    assert [status.notices[0].code for status in (before, after)] == ["Gone", "Unsold"]
    assert script.count("GetMyeBaySelling") == 2


@pytest.mark.parametrize(("cursor", "days"), [(None, 60), ("2026-11-23T11:45:00Z", 2), ("2026-11-22T11:30:00Z", 3), ("2026-01-01T00:00:00Z", 4)])
def test_a_poll_asks_the_unsold_list_for_no_more_days_than_it_needs(
    wire: responses.RequestsMock, script: Script, ebay: Ebay, cursor: str | None, days: int
) -> None:
    script.answers["GetSellerEvents"] = [events()]

    ebay.notices(cursor)

    assert f"<DurationInDays>{days}</DurationInDays>" in dict(script.asked)["GetMyeBaySelling"]


def sellers(number: str, sku: str, *, more: bool = False, status: str = "Active") -> str:
    item = f"<Item><ItemID>{number}</ItemID><SKU>{sku}</SKU><SellingStatus><ListingStatus>{status}</ListingStatus></SellingStatus></Item>"
    return xml("GetSellerList", f"<HasMoreItems>{str(more).lower()}</HasMoreItems><ItemArray>{item}</ItemArray>")


def test_a_look_up_by_sku_is_one_call_however_many_listings_there_are(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["GetSellerList"] = [sellers("110000000002", "S/1 ü")]
    script.answers["ReviseFixedPriceItem"] = [xml("ReviseFixedPriceItem")]

    ebay.publish(offer())

    assert [verb for verb, _ in script.asked] == ["GetSellerList", "ReviseFixedPriceItem"]
    asked = script.asked[0][1]
    assert "<SKUArray><SKU>S/1 ü</SKU></SKUArray>" in asked
    assert "<EndTimeFrom>2026-11-23T12:00:00.000Z</EndTimeFrom><EndTimeTo>2027-03-22T12:00:00.000Z</EndTimeTo>" in asked


def test_an_ended_listing_of_the_same_sku_is_not_found(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["GetSellerList"] = [sellers("110000000002", "S/1 ü", status="Completed")]

    with pytest.raises(Refused, match="may not create"):
        ebay.publish(offer())


def events(*ids: int) -> str:
    items = "".join(f"<Item><ItemID>{number}</ItemID><SKU>S{number}</SKU></Item>" for number in ids)
    return xml("GetSellerEvents", f"<Timestamp>2026-11-23T12:00:00.000Z</Timestamp><ItemArray>{items}</ItemArray>")


def unsold(ended: str) -> str:
    item = f"<Item><ItemID>9</ItemID><SKU>S9</SKU><eBayNotes>Removed.</eBayNotes><ListingDetails><EndTime>{ended}</EndTime></ListingDetails></Item>"
    return xml("GetMyeBaySelling", f"<UnsoldList><ItemArray>{item}</ItemArray></UnsoldList>")


def test_notices_name_what_changed_and_what_was_removed_by_two_calls(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers |= {"GetSellerEvents": [events(*range(1, 6))], "GetMyeBaySelling": [unsold("2026-11-23T11:00:00.000Z")]}

    found, cursor = ebay.notices("2026-11-23T11:30:00Z")

    assert [entry.ref.merchant_sku for entry in found] == ["S1", "S2", "S3", "S4", "S5", "S9"]
    assert [notice.kind for notice in found[-1].notices] == ["removed"]
    assert cursor == "2026-11-23T11:58:00Z"
    assert "<ModTimeFrom>2026-11-23T11:30:00.000Z</ModTimeFrom>" in dict(script.asked)["GetSellerEvents"]
    assert [verb for verb, _ in script.asked] == ["GetSellerEvents", "GetMyeBaySelling"]


def test_a_removal_that_was_told_is_not_told_for_sixty_days(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers |= {"GetSellerEvents": [events()], "GetMyeBaySelling": [unsold("2026-11-22T11:00:00.000Z")]}

    assert ebay.notices("2026-11-23T11:30:00Z")[0] == []
    assert [entry.ref.merchant_sku for entry in ebay.notices(None)[0]] == ["S9"]


def test_a_cursor_older_than_the_window_is_cut_to_it(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["GetSellerEvents"] = [events()]

    ebay.notices("2026-01-01T00:00:00Z")

    assert "<ModTimeFrom>2026-11-21T13:00:00.000Z</ModTimeFrom>" in dict(script.asked)["GetSellerEvents"]


def test_a_full_answer_is_a_cut_one_and_the_window_is_halved(wire: responses.RequestsMock, script: Script, ebay: Ebay) -> None:
    script.answers["GetSellerEvents"] = [events(*range(2000)), events(1), events(2)]

    found, cursor = ebay.notices("2026-11-23T11:00:00Z")

    windows = [body.partition("<ModTimeFrom>")[2][:24] for verb, body in script.asked if verb == "GetSellerEvents"]
    assert windows == ["2026-11-23T11:00:00.000Z", "2026-11-23T11:00:00.000Z", "2026-11-23T11:30:00.000Z"]
    assert [entry.ref.merchant_sku for entry in found] == ["S1", "S2"]
    assert cursor == "2026-11-23T11:58:00Z"


class Flood:
    """An eBay where listings change at these times, with a hundredth of the real limit in an answer; each answer takes time, and its clock may be ahead."""

    def __init__(
        self, wire: responses.RequestsMock, times: list[datetime], *, answer: timedelta = timedelta(), ahead: timedelta = timedelta(), **limits: int
    ) -> None:
        self.now, self.calls, self._times, self._answer, self._ahead = NOW, 0, times, answer, ahead
        site = SITES["ebay-uk"]
        account = dataclasses.replace(access("ebay-uk"), site=dataclasses.replace(site, limits={**site.limits, "seller_events_items": 20} | limits))
        self.shop = Ebay(account, now=lambda: self.now)
        wire.add_callback(responses.POST, TRADING, callback=self)

    def __call__(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if request.headers["X-EBAY-API-CALL-NAME"] == "GetMyeBaySelling":
            return 200, {}, xml("GetMyeBaySelling", "<UnsoldList/>")
        self.calls, self.now = self.calls + 1, self.now + self._answer
        asked = ElementTree.fromstring(request.body or b"")
        start, stop = (asked.findtext(f"{{{NAMESPACE}}}ModTime{end}") for end in ("From", "To"))
        theirs = self.now + self._ahead
        first, last = datetime.fromisoformat(str(start)), datetime.fromisoformat(stop) if stop else theirs
        numbers = [number for number, moment in enumerate(self._times) if first <= moment <= last][:20]
        return 200, {}, events(*numbers).replace("2026-11-23T12:00:00.000Z", theirs.isoformat())

    def poll(self, times: int, cursor: str) -> tuple[set[str], list[str]]:
        named, cursors = set(), [cursor]
        for _ in range(times):
            found, cursor = self.shop.notices(cursors[-1])
            named |= {entry.ref.merchant_sku for entry in found}
            cursors.append(cursor)
            self.now += timedelta(minutes=15)
        return named, cursors


HALF_AN_HOUR = [NOW - timedelta(hours=1) + timedelta(seconds=5 * number) for number in range(360)]  # as 20 a second where an answer holds 2,000


@pytest.mark.parametrize(("answer", "polls", "most_calls"), [(0, 1, 50), (10, 5, 60)])
def test_a_bulk_change_is_read_to_its_end_over_as_many_polls_as_it_takes(wire: responses.RequestsMock, answer: int, polls: int, most_calls: int) -> None:
    flood = Flood(wire, HALF_AN_HOUR, answer=timedelta(seconds=answer))

    named, cursors = flood.poll(polls, "2026-11-23T10:58:00Z")

    assert named == {f"S{number}" for number in range(360)}
    assert cursors == sorted(set(cursors))  # each later than the one before
    assert flood.now - timedelta(minutes=18) <= datetime.fromisoformat(cursors[-1])
    assert flood.calls <= most_calls


def test_a_steady_stream_of_changes_is_kept_up_with(wire: responses.RequestsMock) -> None:
    stream = [NOW - timedelta(hours=1) + timedelta(seconds=5 * number) for number in range(4 * 720)]
    flood = Flood(wire, stream, answer=timedelta(seconds=1))

    named, cursors = flood.poll(12, "2026-11-23T11:00:00Z")

    assert named >= {f"S{number}" for number, moment in enumerate(stream) if moment <= datetime.fromisoformat(cursors[-1])}
    assert flood.now - timedelta(minutes=18) <= datetime.fromisoformat(cursors[-1])


def test_more_changes_at_one_moment_than_an_answer_holds_are_stepped_past(wire: responses.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    flood = Flood(wire, [NOW - timedelta(minutes=10)] * 50 + [NOW - timedelta(minutes=5)])

    named, cursors = flood.poll(1, "2026-11-23T11:40:00Z")

    assert "S50" in named
    assert cursors[-1] == "2026-11-23T11:58:00Z"
    assert "more changed" in caplog.text


def test_a_flood_of_the_last_minute_moves_the_cursor_on_too(wire: responses.RequestsMock) -> None:
    flood = Flood(wire, [NOW - timedelta(seconds=100) + timedelta(seconds=number / 2) for number in range(200)])

    named, cursors = flood.poll(2, "2026-11-23T11:58:00Z")

    assert named == {f"S{number}" for number in range(200)}
    assert cursors == ["2026-11-23T11:58:00Z", "2026-11-23T11:58:00Z", "2026-11-23T12:13:00Z"]  # what eBay tells late is asked for again


def test_a_clock_that_is_behind_ebays_halves_as_well(wire: responses.RequestsMock) -> None:
    flood = Flood(wire, [NOW + timedelta(minutes=4) + timedelta(seconds=number) for number in range(60)], ahead=timedelta(minutes=6))

    named, _ = flood.poll(1, "2026-11-23T12:03:00Z")

    assert named == {f"S{number}" for number in range(60)}


def test_an_answer_too_long_to_be_read_is_asked_for_in_halves(wire: responses.RequestsMock) -> None:
    flood = Flood(wire, HALF_AN_HOUR[::30], answer_bytes=500)  # six changes or so

    named, cursors = flood.poll(1, "2026-11-23T10:58:00Z")

    assert named == {f"S{number}" for number in range(12)}
    assert flood.calls > 3
    assert cursors[-1] == "2026-11-23T11:58:00Z"


@pytest.mark.parametrize("answer", [requests.ReadTimeout("slow"), "<html>"])
def test_an_ebay_that_is_unwell_is_not_asked_for_less(wire: responses.RequestsMock, script: Script, ebay: Ebay, answer: Any) -> None:
    script.answers["GetSellerEvents"] = [answer]

    with pytest.raises(TryLater):
        ebay.notices("2026-11-23T11:00:00Z")

    assert script.count("GetSellerEvents") == 1
