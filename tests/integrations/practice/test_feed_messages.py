"""What a feed's message may say, operation by operation, as listings-feed-message-schema-v2.json has it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.amazon.client import AmazonClient
from integrations.practice import PracticeServer
from tests.integrations.accounts import AMAZON, access
from tests.integrations.practice.clients import UK, new_watch
from tests.integrations.practice.drawn import Media, finished

HERE = {"marketplace_id": UK}
WATCH = {key: value for key, value in new_watch(None).items() if key != "requirements"}
TITLE = [{"value": "Another title", "language_tag": "en_GB", **HERE}]
PATCH = {"op": "replace", "path": "/attributes/item_name", "value": TITLE}


@pytest.fixture
def shop() -> Iterator[PracticeServer]:
    with PracticeServer() as practice:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="OLD", title="T")
        yield practice


def fed(practice: PracticeServer, *messages: dict[str, Any]) -> dict[str, Any]:
    """The processing report of a feed of these messages."""
    of = AmazonClient(access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True))
    numbered = [{"messageId": number, **message} for number, message in enumerate(messages, 1)]
    feed = of.send_feed(json.dumps({"header": {"sellerId": "SELLER", "version": "2.0"}, "messages": numbered}).encode())
    practice.advance(61)
    told = of.feed(feed)
    assert told["processingStatus"] == "DONE"
    return of.feed_report(told["resultFeedDocumentId"])


def titles(practice: PracticeServer) -> dict[str, tuple[str, str]]:
    return {listing["sku"]: (listing["title"], listing["status"]) for listing in practice.witness("listings")}


def test_every_operation_does_what_its_call_would_do(shop: PracticeServer, media: Media) -> None:
    for sku in ("GOING", "PATCHED"):
        shop.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="T")
    picture = [{"media_location": media.url("a.jpg", finished()), **HERE}]

    report = fed(
        shop,
        {"sku": "NEW", "operationType": "UPDATE", **WATCH},
        {"sku": "OLD", "operationType": "PARTIAL_UPDATE", "productType": "WATCH", "attributes": {"item_name": TITLE, "main_product_image_locator": picture}},
        {"sku": "PATCHED", "operationType": "PATCH", "productType": "WATCH", "patches": [PATCH]},
        {"sku": "GOING", "operationType": "DELETE"},
    )
    shop.advance(3)

    assert report["issues"] == []
    assert report["summary"]["messagesAccepted"] == 4
    assert titles(shop) == {
        "OLD": ("Another title", "active"),
        "GOING": ("T", "ended"),
        "PATCHED": ("Another title", "active"),
        "NEW": ("A watch", "active"),
    }
    assert list(next(listing["pictures"] for listing in shop.witness("listings") if listing["sku"] == "OLD")) == ["main"]


@pytest.mark.parametrize(
    "message",
    [
        {"operationType": "UPDATE", **WATCH, "patches": [PATCH]},
        {"operationType": "UPDATE", "productType": "WATCH"},
        {"operationType": "UPDATE", **WATCH, "requirements": "SOME"},
        {"operationType": "PARTIAL_UPDATE", "productType": "WATCH", "attributes": {"item_name": TITLE}, "requirements": "LISTING"},
        {"operationType": "PARTIAL_UPDATE", "productType": "WATCH", "attributes": {}},
        {"operationType": "PATCH", "productType": "WATCH", "patches": [PATCH], "attributes": {"item_name": TITLE}},
        {"operationType": "PATCH", "patches": [PATCH]},
        {"operationType": "PATCH", "productType": "WATCH", "patches": []},
        {"operationType": "DELETE", "productType": "WATCH"},
        {"operationType": "REPLACE", "productType": "WATCH"},
        {"operationType": "DELETE", "sku": ""},
    ],
)
def test_a_message_of_the_wrong_form_is_refused_and_changes_nothing(shop: PracticeServer, message: dict[str, Any]) -> None:
    report = fed(shop, {"sku": "OLD", **message})

    assert [issue["severity"] for issue in report["issues"]] == ["ERROR"]
    assert report["summary"]["messagesInvalid"] == 1
    assert titles(shop) == {"OLD": ("T", "active")}


def test_what_a_put_would_refuse_a_whole_update_is_refused_for_too(shop: PracticeServer) -> None:
    lacking = {name: value for name, value in WATCH["attributes"].items() if name != "brand"}

    report = fed(
        shop,
        {"sku": "NEW", "operationType": "UPDATE", "productType": "WATCH", "attributes": lacking},
        {"sku": "NEW", "operationType": "UPDATE", **WATCH, "productType": "TEAPOT"},
        {"sku": "NOBODY", "operationType": "DELETE"},
    )

    assert [(issue["messageId"], issue["code"]) for issue in report["issues"]] == [(1, "90220"), (2, "90000901"), (3, "13013")]
    assert set(titles(shop)) == {"OLD"}


def test_a_long_feed_takes_its_time() -> None:
    with PracticeServer() as practice:
        practice.witness("stock", marketplace="amazon-uk", seller="SELLER", count=200)
        of = AmazonClient(access(credentials={**AMAZON, "refresh_token": "practice-SELLER"}, endpoints=practice.amazon_endpoints(), allow_loopback=True))
        messages = [{"messageId": n, "sku": f"STOCK-{n:06d}", "operationType": "PATCH", "productType": "PRODUCT", "patches": [PATCH]} for n in range(1, 201)]
        feed = of.send_feed(json.dumps({"header": {"sellerId": "SELLER", "version": "2.0"}, "messages": messages}).encode())
        seen = []
        for seconds in (59, 2, 1, 1):
            practice.advance(seconds)
            seen.append(of.feed(feed)["processingStatus"])

    assert seen == ["IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "DONE"]
