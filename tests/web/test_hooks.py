"""The inventory's window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.accounts import hook_secret
from app.models import Arrival, Delivery, Notice, Product, Work
from tests.app.factories import account, listing, product
from tests.web.machine import House, event, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


def _product(house: House, sku: str = "W-1") -> Product | None:
    with house.kit.db.reading() as session:
        return session.scalar(sa.select(Product).where(Product.sku == sku))


def test_a_signed_event_is_accepted_when_it_is_committed(house: House) -> None:
    answer = house.hook(event(price={"amount": "1234.00", "currency": "GBP"}, quantity=3))

    assert (answer.status_code, answer.json) == (202, {"status": "accepted"})
    product = _product(house)
    assert product is not None
    assert (product.title, product.price_minor, product.currency, product.quantity) == ("Dive watch 40 mm", 123400, "GBP", 3)


def test_a_webhook_delivered_twice_has_one_effect(house: House) -> None:
    photo = {"shot": "dial", "url": "https://pictures.example/dial.jpg"}

    first, second = house.hook(event(photos=[photo])), house.hook(event(photos=[photo]))

    assert (first.status_code, second.status_code, second.json) == (202, 200, {"status": "duplicate"})
    with house.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1


def test_a_tampered_body_is_turned_away(house: House) -> None:
    answer = house.hook(event(), tamper=True)

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert _product(house) is None


@pytest.mark.parametrize("age_s", [6 * 60, -6 * 60])
def test_a_delivery_more_than_five_minutes_old_or_early_is_turned_away(house: House, age_s: float) -> None:
    answer = house.hook(event(), age_s=age_s)

    assert answer.status_code == 401


def test_a_delivery_four_minutes_old_is_taken(house: House) -> None:
    assert house.hook(event(), age_s=4 * 60).status_code == 202


def test_a_delivery_without_headers_is_turned_away(house: House) -> None:
    assert house.client.post("/hooks/inventory", json=event()).status_code == 401


def test_the_newer_happening_wins_whatever_the_order_of_arrival(house: House) -> None:
    house.hook(event(), "evt_1")
    house.hook(event("stock.changed", "2026-11-23T12:00:00+00:00", quantity=7), "evt_3")

    late = house.hook(event("stock.changed", "2026-11-23T11:00:00+00:00", quantity=2), "evt_2")

    product = _product(house)
    assert late.status_code == 202
    assert product is not None
    assert product.quantity == 7


def test_a_megabyte_is_refused_before_it_is_looked_at(house: House) -> None:
    answer = house.hook(event(attributes={"a": "x" * 1_000_000}))

    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (event(colour="blue"), "data.colour"),
        (event(quantity="3"), "data.quantity"),
        (event(price={"amount": 12.5, "currency": "GBP"}), "data.price.amount"),
        (event("sku.exploded"), "type"),
        ({**event(), "extra": 1}, "extra"),
        (event(at="yesterday"), "timestamp"),
        (event(title="a\x00b"), "body"),
        (b"[1]", "body"),
        (b"{", "body"),
    ],
)
def test_a_wrong_body_is_told_which_field(house: House, body: object, field: str) -> None:
    answer = house.hook(body)

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["field"] == field
    assert {"type", "title", "status", "detail", "errors"} <= set(answer.json)


@pytest.mark.parametrize(("kind", "data"), [("stock.changed", {"quantity": 1}), ("sku.sold", {}), ("sku.archived", {}), ("sku.updated", {"brand": "A"})])
def test_an_unknown_sku_is_not_found_and_may_be_sent_again(house: House, kind: str, data: dict[str, Any]) -> None:
    first = house.hook(event(kind, **data), "evt_early")
    house.hook(event(), "evt_created")
    again = house.hook(event(kind, **data), "evt_early")

    assert (first.status_code, again.status_code) == (404, 202)


def test_an_update_that_says_enough_makes_the_product(house: House) -> None:
    answer = house.hook(event("sku.updated", title="Ring", category="ring"))

    assert answer.status_code == 202
    assert _product(house) is not None


def test_the_same_event_id_may_not_be_overlong(house: House) -> None:
    answer = house.hook(event(), "e" * 300)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == "webhook-id"


def test_only_post_is_answered(house: House) -> None:
    assert house.client.get("/hooks/inventory").status_code == 405


# Amazon's notifications


def hint(**payload: Any) -> dict[str, Any]:
    told = {"SellerId": "S", "MarketplaceId": "A1F83G8C2ARO7P", "Asin": "B01", "Sku": "W-1", "Severities": ["ERROR"], **payload}
    return {"NotificationType": "LISTINGS_ITEM_ISSUES_CHANGE", "Payload": told, "NotificationMetadata": {"NotificationId": "n-1"}}


def hinted(house: House, body: Any, secret: str | None = None) -> Any:
    headers = {"X-Packshot-Secret": hook_secret(house.kit) if secret is None else secret}
    return house.client.post("/hooks/amazon", json=body, headers=headers)


def listing_on(house: House, key: str, sku: str = "W-1") -> int:
    on = account(house.kit, key)
    return listing(house.kit, product(house.kit, sku), on).id


def watched(house: House) -> set[str]:
    with house.kit.db.reading() as session:
        return set(session.scalars(sa.select(Work.row).where(Work.stage == "watch", Work.due_at <= house.kit.now())))


def test_a_notification_of_amazons_has_the_listing_looked_at_and_changes_nothing_else(house: House) -> None:
    number = listing_on(house, "amazon-uk:main")

    answer = hinted(house, hint())
    again = hinted(house, {"version": "0", "detail": hint()})

    assert (answer.status_code, answer.json) == (202, {"status": "accepted", "listings": 1})
    assert again.json == answer.json
    assert watched(house) == {str(number)}
    with house.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Notice)) == 0


@pytest.mark.parametrize("secret", ["", "guess", "whsec_x"])
def test_a_notification_without_the_secret_is_turned_away(house: House, secret: str) -> None:
    listing_on(house, "amazon-uk:main")

    assert hinted(house, hint(), secret).status_code == 401
    assert watched(house) == set()


@pytest.mark.parametrize("payload", [{"SellerId": "ANOTHER"}, {"MarketplaceId": "ATVPDKIKX0DER"}, {"Sku": "NOBODY", "Asin": "B09"}])
def test_a_notification_that_names_no_listing_of_ours_wakes_nobody(house: House, payload: dict[str, str]) -> None:
    listing_on(house, "amazon-uk:main")

    assert hinted(house, hint(**payload)).json == {"status": "accepted", "listings": 0}
    assert watched(house) == set()


@pytest.mark.parametrize("body", [[], "text", None, 5])
def test_a_notification_that_is_no_object_is_named_as_such(house: House, body: Any) -> None:
    assert hinted(house, body).status_code == 422
