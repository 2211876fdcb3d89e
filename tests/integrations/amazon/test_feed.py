"""JSON_LISTINGS_FEED: built from changed positions alone, sent to the practice Amazon, its report read back message by message."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integrations import Outcome, Refused
from integrations.amazon.client import AmazonClient
from integrations.amazon.feed import build, outcomes_of
from integrations.practice import PracticeServer
from tests.integrations.accounts import AMAZON, access, offer, picture, product
from tests.integrations.practice.drawn import Media, finished


@pytest.fixture
def media() -> Iterator[Media]:
    server = Media()
    yield server
    server.close()


def on(practice: PracticeServer) -> Any:
    return access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True)


def test_a_feed_holds_changed_positions_only_and_no_message_for_what_stands() -> None:
    main, alt = picture("main", b"main"), picture("alt1", b"alt")
    changed = offer(merchant_sku="Größe-1", pictures=(main, alt), pushed={"main": main.sha256})
    stands = offer(merchant_sku="B", pictures=(main,), pushed={"main": main.sha256})
    removed = offer(merchant_sku="C", pictures=(main,), pushed={"main": main.sha256, "alt1": "0"}, remove=("alt1",))

    built = build({1: changed, 2: stands, 3: removed}, access())

    read = json.loads(built.document.decode("utf-8"))
    assert read["header"] == {"sellerId": "SELLER", "version": "2.0", "issueLocale": "en_GB"}
    assert [(message["messageId"], message["sku"], message["operationType"]) for message in read["messages"]] == [(1, "Größe-1", "PATCH"), (3, "C", "PATCH")]
    assert [patch["path"] for patch in read["messages"][0]["patches"]] == ["/attributes/other_product_image_locator_1"]
    assert built.offers == {1: changed, 3: removed}
    assert "Größe-1".encode() in built.document


def test_an_offer_that_amazon_could_never_show_is_left_out_and_named() -> None:
    bad = offer(merchant_sku="BAD", pictures=(picture(url="http://10.0.0.1/a.jpg"),))

    built = build({7: bad, 8: offer(merchant_sku="GOOD")}, access())

    assert [message["sku"] for message in json.loads(built.document)["messages"]] == ["GOOD"]
    [(number, why)] = built.refused.items()
    assert number == 7
    assert isinstance(why, Refused)


def test_a_feed_of_more_than_25000_messages_is_not_built() -> None:
    one = offer()

    with pytest.raises(ValueError, match="25000"):
        build(dict.fromkeys(range(1, 25_002), one), access())
    assert len(build(dict.fromkeys(range(1, 25_001), one), access()).offers) == 25_000


def test_a_feed_is_uploaded_processed_and_its_report_read_back_per_message(media: Media) -> None:
    with PracticeServer() as practice:
        for sku in ("A", "Ü — 2"):
            practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="T")
        url = media.url("a.jpg", finished())
        offers = [offer(merchant_sku=sku, pictures=(picture(url=url),)) for sku in ("A", "Ü — 2", "NOBODY")]
        offers.append(offer(merchant_sku="A", pictures=(picture("alt1", url="http://127.0.0.1:9/x.jpg"),)))
        of = AmazonClient(on(practice))

        built = build(dict(enumerate(offers, 1)), on(practice))
        feed_id = of.send_feed(built.document)
        before = of.feed(feed_id)
        practice.advance(61)
        after = of.feed(feed_id)
        outcomes = outcomes_of(of.feed_report(after["resultFeedDocumentId"]), built.offers)
        practice.advance(5)

        assert (before["processingStatus"], after["processingStatus"]) == ("IN_QUEUE", "DONE")
        assert [outcomes[number].accepted for number in (1, 2, 3, 4)] == [True, True, False, False]
        assert outcomes[3].problems[0].code == "13013"
        assert outcomes[4].problems[0].message.startswith("Unable to Retrieve Media Content")
        assert {listing["sku"]: list(listing["pictures"]) for listing in practice.witness("listings")} == {"A": ["main"], "Ü — 2": ["main"]}


@pytest.mark.parametrize("document", [b"{}", b"not json", b'{"header": {"sellerId": "SELLER", "version": "2.0"}, "messages": []}'])
def test_a_document_that_is_no_feed_is_fatal(document: bytes) -> None:
    with PracticeServer() as practice:
        of = AmazonClient(on(practice))

        feed_id = of.send_feed(document)
        practice.advance(61)

        assert of.feed(feed_id)["processingStatus"] == "FATAL"


def report(*issues: dict[str, Any], accepted: int, processed: int = 2) -> dict[str, Any]:
    return {
        "header": {},
        "issues": list(issues),
        "summary": {"messagesProcessed": processed, "messagesAccepted": accepted, "messagesInvalid": processed - accepted},
    }


ERROR = {"messageId": 2, "sku": "B", "code": "90220", "severity": "ERROR", "message": "no", "attributeName": "other_product_image_locator_3.media_location"}
SENT = {1: offer(merchant_sku="A"), 2: offer(merchant_sku="B")}


def test_a_reports_single_attribute_name_tells_the_position() -> None:
    outcomes = outcomes_of(report(ERROR, accepted=1), SENT)

    assert outcomes[1] == Outcome(True)
    assert outcomes[2].accepted is False
    assert outcomes[2].problems[0].positions == ("alt3",)


def test_a_warning_is_told_and_refuses_nothing() -> None:
    outcomes = outcomes_of(report({**ERROR, "severity": "WARNING"}, accepted=2), SENT)

    assert [outcomes[2].accepted, len(outcomes[2].problems)] == [True, 1]


def test_a_report_that_does_not_account_for_every_message_proves_no_success() -> None:
    assert set(outcomes_of(report(ERROR, accepted=0), SENT)) == {2}
    assert outcomes_of(report(accepted=1, processed=1), SENT) == {}
    assert outcomes_of({}, SENT) == {}
    assert outcomes_of(report({"severity": "ERROR", "message": "header"}, accepted=2), SENT) == {}


def test_used_goods_go_to_offer_images_in_a_feed_too() -> None:
    [message] = json.loads(build({1: offer(product=product(condition="used"))}, access()).document)["messages"]

    assert [patch["path"] for patch in message["patches"]] == ["/attributes/main_offer_image_locator"]
