"""The inbound webhook: signature over raw bytes, strict bodies, every wrong field named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.inventory import BadSignature, InvalidEvent, SkuUpdated, parse_event, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CREATED = {
    "type": "sku.created",
    "timestamp": "2026-11-23T10:00:00+01:00",
    "data": {
        "sku": "W-1",
        "title": "Watch",
        "category": "watch",
        "brand": "Example",
        "price": {"amount": "1234.50", "currency": "GBP"},
        "quantity": 1,
        "condition": "used",
        "priority": 5,
        "gtin": "4006381333931",
        "pieces": 1,
        "size_mm": {"diameter": 41.5},
        "attributes": {"dial": "blue", "boxed": True},
        "accounts": {"amazon-uk:main": {"merchant_sku": "W-1-A", "asin": "B000000001"}, "ebay-uk:main": {"item_id": "110000000001"}},
        "photos": [{"shot": "dial", "order": 1, "url": "https://cdn.example.com/1.jpg"}, {"shot": "side", "key": "shoot/2.jpg"}],
    },
}


def changed(**data: Any) -> dict[str, Any]:
    return {**CREATED, "data": {**CREATED["data"], **data}}  # type: ignore[dict-item]


def test_a_whole_event_is_read() -> None:
    event = parse_event("sku.created", json.dumps(CREATED).encode())

    assert (event.type, event.sku, event.timestamp) == ("sku.created", "W-1", datetime(2026, 11, 23, 9, tzinfo=UTC))
    assert isinstance(event.data, SkuUpdated)
    assert event.data.price is not None
    assert event.data.price.minor == 123450
    assert event.data.accounts is not None
    assert event.data.accounts["ebay-uk:main"].external_id == "110000000001"


def test_an_update_tells_what_was_sent() -> None:
    event = parse_event(None, {"type": "sku.updated", "timestamp": "2026-11-23T10:00:00Z", "data": {"sku": "W-1", "brand": None}})

    assert isinstance(event.data, SkuUpdated)
    assert event.data.model_fields_set == {"sku", "brand"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (changed(sku=1), "data.sku"),
        (changed(sku=" "), "data.sku"),
        (changed(title=None), "data.title"),
        (changed(colour="blue"), "data.colour"),
        (changed(price={"amount": 12.5, "currency": "GBP"}), "data.price.amount"),
        (changed(price={"amount": "1.234", "currency": "GBP"}), "data.price"),
        (changed(price={"amount": "1.5", "currency": "JPY"}), "data.price"),
        (changed(price={"amount": "-1", "currency": "GBP"}), "data.price.amount"),
        (changed(price={"amount": "12,00", "currency": "GBP"}), "data.price.amount"),
        (changed(quantity="3"), "data.quantity"),
        (changed(quantity=-1), "data.quantity"),
        (changed(condition="mint"), "data.condition"),
        (changed(gtin="4006381333930"), "data"),
        (changed(pieces=0), "data.pieces"),
        (changed(size_mm={"diameter": 0}), "data.size_mm.diameter"),
        (changed(photos=[{"shot": "dial"}]), "data.photos.0"),
        (changed(photos=[{"shot": "dial", "url": "https://x/1.jpg", "key": "k"}]), "data.photos.0"),
        (changed(photos=[{"shot": "dial", "url": "file:///etc/passwd"}]), "data.photos.0.url"),
        ({**CREATED, "type": "sku.exploded"}, "type"),
        ({**CREATED, "timestamp": "2026-11-23T10:00:00"}, "timestamp"),
        ({**CREATED, "extra": 1}, "extra"),
        ({"type": "stock.changed", "timestamp": "2026-11-23T10:00:00Z", "data": {"sku": "W-1"}}, "data.quantity"),
        ([], "body"),
    ],
)
def test_a_wrong_field_is_named(body: Any, field: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(None, json.dumps(body))

    assert [place for place, _ in caught.value.problems] == [field]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse_event(None, changed(quantity=-1, pieces=0))

    assert [place for place, _ in caught.value.problems] == ["data.quantity", "data.pieces"]


def test_the_type_asked_for_must_be_the_bodys() -> None:
    with pytest.raises(InvalidEvent, match=r"sku\.sold"):
        parse_event("sku.sold", CREATED)


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_invalid(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(None, raw)


def signed(raw: bytes, at: datetime | None = None) -> dict[str, str]:
    return sign(SECRET, "msg_1", at or datetime.now(UTC), raw)


def test_a_right_signature_gives_the_webhooks_id_whatever_the_case_of_the_headers() -> None:
    headers = {name.title(): value for name, value in signed(b"{}").items()}

    assert verify(SECRET, headers, b"{}") == "msg_1"


def test_a_second_signature_may_be_the_right_one() -> None:
    headers = signed(b"{}")

    assert verify(SECRET, {**headers, "webhook-signature": "v1,AAAA " + headers["webhook-signature"]}, b"{}") == "msg_1"


@pytest.mark.parametrize("seconds", [-400, 400])
def test_an_old_or_a_future_delivery_is_refused(seconds: int) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, signed(b"{}", datetime.now(UTC) + timedelta(seconds=seconds)), b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "rubbish"},
        {"webhook-signature": "v1,%%%"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "yesterday"},
    ],
)
def test_a_tampered_header_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, {**signed(b"{}"), **change}, b"{}")


@pytest.mark.parametrize("raw", [b"{ }", b"\xff\xfe"])
def test_a_tampered_body_is_refused(raw: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, signed(b"{}"), raw)
