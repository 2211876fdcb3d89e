"""What eBay allows is counted before anything is sent, and what can wait leaves the day's calls to the writes."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import responses

from integrations import Bucket, MemoryBuckets, Rates, Ref, Refused, Throttled, TryLater, calls_a_day
from integrations.ebay.client import EbayClient
from integrations.ebay.marketplace import Ebay
from integrations.rates import PROOFS, SWEEPS, rates_of
from integrations.tokens import identity
from tests.integrations.accounts import EBAY, access, offer, picture
from tests.integrations.ebay.test_client import MEDIA, TOKEN, failure, xml
from tests.integrations.ebay.test_marketplace import NOW, Script

NOON = datetime(2026, 11, 23, 20, tzinfo=UTC).timestamp()  # in California


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN, json={"access_token": "access-1", "expires_in": 7200})
        stored = {"imageUrl": "https://i.ebayimg.com/a.jpg"}
        mock.post(f"{MEDIA}/image/create_image_from_file", status=201, json=stored, headers={"Location": f"{MEDIA}/image/77"})
        yield mock


@pytest.fixture
def script(wire: responses.RequestsMock) -> Script:
    made = Script(wire)
    made.answers |= {
        "GetItem": [xml("GetItem", "<Item><ItemID>1</ItemID></Item>")],
        "GetSellerEvents": [xml("GetSellerEvents")],
        "ReviseFixedPriceItem": [xml("ReviseFixedPriceItem", "<ItemID>1</ItemID>")],
    }
    return made


def shop(used: float, **settings: object) -> Ebay:
    """An account that has made this share of its day's calls."""
    buckets, most = MemoryBuckets(), calls_a_day("ebay", settings) or 0
    buckets.update(f"ebay application {identity(EBAY['client_id'])[:16]} trading", lambda _: Bucket(20.0, day="2026-11-23", used=round(most * used)))
    return Ebay(access("ebay-uk", limiter=Rates(buckets, lambda: NOON, lambda _: None), settings=settings), now=lambda: NOW)


@pytest.mark.parametrize(("sent_today", "sends"), [(0, True), (249, True), (250, False), (400, False)])
def test_the_251st_revision_of_a_listing_in_a_day_waits_and_nothing_is_sent(script: Script, wire: responses.RequestsMock, sent_today: int, sends: bool) -> None:
    if sends:
        assert shop(0).publish(offer(external_id="1", sent_today=sent_today)).external_id == "1"
    else:
        with pytest.raises(Throttled, match="250 revisions of a listing a day"):
            shop(0).publish(offer(external_id="1", sent_today=sent_today))
        assert script.asked == []
        assert len(wire.calls) == 0


def test_addresses_longer_than_ebay_takes_together_are_refused_before_the_listing_is_touched(script: Script, wire: responses.RequestsMock) -> None:
    wire.replace(responses.POST, f"{MEDIA}/image/create_image_from_file", status=201, json={"imageUrl": "https://i.ebayimg.com/" + "a" * 700})
    pictures = tuple(picture(position, position.encode()) for position in ("main", *(f"alt{number}" for number in range(1, 6))))

    with pytest.raises(Refused, match="eBay takes 3975"):
        shop(0).publish(offer(external_id="1", pushed={}, pictures=pictures))

    assert script.asked == []


def test_a_twenty_fifth_picture_is_refused_before_anything_is_sent(script: Script, wire: responses.RequestsMock) -> None:
    pictures = (*(picture(position) for position in access("ebay-uk").site.positions), picture("alt24"))

    with pytest.raises(Refused):
        shop(0).publish(offer(external_id="1", pictures=pictures))

    assert len(wire.calls) == 0


def test_what_can_wait_stops_while_writes_and_their_proofs_still_fit(script: Script) -> None:
    ebay = shop(SWEEPS)

    with pytest.raises(Throttled):
        ebay.status([Ref("S", "1")])
    with pytest.raises(Throttled):
        ebay.notices(None)
    [proof] = ebay.status([Ref("S", "1", need="proof")])
    written = ebay.publish(offer(external_id="1"))

    assert proof.exists
    assert written.external_id == "1"


def test_writes_fit_until_the_last_call_of_the_day(script: Script) -> None:
    ebay = shop(PROOFS)

    with pytest.raises(Throttled):
        ebay.status([Ref("S", "1", need="proof")])
    assert ebay.status([Ref("S", "1", need="write")])[0].exists  # what became of a write, before it is repeated
    assert ebay.publish(offer(external_id="1")).external_id == "1"
    with pytest.raises(Throttled) as caught:
        shop(1).publish(offer(external_id="1"))

    assert caught.value.delay == 12 * 3600  # midnight in California


class Answers:
    """An eBay account at noon in California that gets this code to everything, one answer every minute; `waits` are what its calls waited for."""

    def __init__(self, script: Script, code: str) -> None:
        script.answers["GetItem"] = [failure("GetItem", code)]
        self.now, self.buckets, self.waits = NOON, MemoryBuckets(), list[float]()
        self.client = EbayClient(access("ebay-uk", limiter=Rates(self.buckets, lambda: self.now, self.waits.append)))

    def ask(self) -> TryLater:
        self.now += 60
        with pytest.raises(TryLater) as caught:
            self.client.trading("GetItem", {})
        return caught.value

    def rate(self) -> float:
        return self.buckets.update("ebay-uk:main GetItem", lambda bucket: bucket or Bucket(0)).rate


@pytest.mark.parametrize("code", ["10007", "190000"])
def test_an_ebay_that_is_unwell_teaches_no_slower_pace(script: Script, code: str) -> None:
    ebay = Answers(script, code)

    for _ in range(30):
        ebay.ask()

    assert ebay.rate() == rates_of("ebay")["*"].per_second
    assert ebay.waits == []


def test_calls_that_came_too_fast_for_ebay_teach_a_slower_pace(script: Script) -> None:
    ebay = Answers(script, "21919144")

    ebay.ask()

    assert 0 < ebay.rate() < rates_of("ebay")["*"].per_second


def test_a_day_that_ebay_calls_used_up_stops_that_call_for_an_hour_and_teaches_no_slower_pace(script: Script) -> None:
    ebay = Answers(script, "518")

    assert not isinstance(ebay.ask(), Throttled)
    later = ebay.ask()

    assert isinstance(later, Throttled)
    assert later.delay == pytest.approx(3540)
    assert len(script.asked) == 1
    assert ebay.rate() == rates_of("ebay")["*"].per_second
    ebay.now += 3600
    ebay.ask()
    assert len(script.asked) == 2


def test_a_raised_number_of_calls_is_the_accounts_own() -> None:
    assert calls_a_day("ebay", {}) == 5000
    assert calls_a_day("ebay", {"calls_per_day": 100_000}) == 100_000
    assert calls_a_day("amazon", {}) is None
    assert calls_a_day("another", {}) is None
