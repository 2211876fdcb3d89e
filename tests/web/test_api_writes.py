"""REST /api/v1, what is changed by it: writes that happen once, decisions, what is refused and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.models import (
    Event,
    Product,
    Waiver,
)
from tests.web.machine import House


def test_a_product_is_made_and_then_changed(house: House) -> None:
    made = house.post("/api/v1/products", {"sku": "N-1", "title": "Ring", "category": "ring", "price": {"amount": "10.50", "currency": "EUR"}})
    changed = house.post("/api/v1/products", {"sku": "N-1", "quantity": 4})

    assert (made.status_code, changed.status_code) == (201, 200)
    assert changed.json is not None
    assert (changed.json["title"], changed.json["quantity"], changed.json["price"]) == ("Ring", 4, {"amount": "10.50", "currency": "EUR"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sku": "N"}, "title"),
        ({"sku": "N", "title": "x", "category": "ring", "colour": 1}, "colour"),
        ({"quantity": 1}, "sku"),
        ({"sku": "N", "quantity": True}, "quantity"),
    ],
)
def test_a_wrong_product_is_told_which_field(house: House, body: dict[str, Any], field: str) -> None:
    answer = house.post("/api/v1/products", body)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == field


def test_the_same_key_writes_once(house: House) -> None:
    body = {"sku": "N-1", "title": "Ring", "category": "ring"}

    first = house.post("/api/v1/products", body, Idempotency_Key="k")
    again = house.post("/api/v1/products", body, Idempotency_Key="k")
    other = house.post("/api/v1/products", {**body, "title": "Other"}, Idempotency_Key="k")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.json == first.json
    with house.kit.db.reading() as session:
        assert session.scalars(sa.select(Product.title)).all() == ["Ring"]


def test_a_key_that_is_no_key_is_refused(house: House) -> None:
    answer = house.post("/api/v1/products", {"sku": "N-1", "title": "Ring", "category": "ring"}, Idempotency_Key="x" * 300)

    assert answer.status_code == 400


def test_approving_against_a_finding_needs_a_reason(full: House) -> None:
    without = full.post("/api/v1/placements/1/decision", {"decision": "approve"})
    with_reason = full.post("/api/v1/placements/1/decision", {"decision": "approve", "reason": "the border is the product"})

    assert (without.status_code, without.content_type) == (409, "application/problem+json")
    assert with_reason.status_code == 200
    assert with_reason.json is not None
    assert (with_reason.json["state"], with_reason.json["decided_by"]) == ("approved", "key:the operator")


def test_a_rule_is_waived_once_and_revoked(full: House) -> None:
    wish = {"rule": "ebay-longest-side", "account": "ebay-uk:main", "until": "2026-12-24T12:00:00Z", "why": "old stock"}

    made = full.post("/api/v1/waivers", wish, Idempotency_Key="k")
    again = full.post("/api/v1/waivers", wish, Idempotency_Key="k")
    assert (made.status_code, again.status_code) == (201, 201)
    assert again.json == made.json
    assert made.json is not None
    assert (made.json["sku"], made.json["account"], made.json["who"]) == (None, "ebay-uk:main", "key:the operator")
    with full.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Waiver)) == 2

    number = made.json["id"]
    assert full.post(f"/api/v1/waivers/{number}/revoke").status_code == 409, "without a reason"
    revoked = full.post(f"/api/v1/waivers/{number}/revoke", {"why": "new photos came"})
    assert revoked.json is not None
    assert (revoked.status_code, revoked.json["revoked_why"]) == (200, "new photos came")
    left = full.get("/api/v1/waivers?revoked=false").json
    assert left is not None
    assert [row["id"] for row in left["items"]] == [1]


@pytest.mark.parametrize(
    ("wish", "status", "says"),
    [
        ({"sku": "none"}, 422, "there is no product none"),
        ({"account": "none:none"}, 422, "there is no account none:none"),
        ({}, 409, "name a product"),
        ({"sku": "W-1", "until": "2020-01-01T00:00:00Z"}, 409, "in the future"),
        ({"sku": "W-1", "until": "2026-12-01"}, 422, "until"),
        ({"sku": "W-1", "why": ""}, 409, "say why"),
        ({"sku": "W-1", "rule": "ebay-nothing"}, 409, "no rule ebay-nothing"),
    ],
)
def test_a_waiver_that_cannot_hold_is_told_why(full: House, wish: dict[str, Any], status: int, says: str) -> None:
    answer = full.post("/api/v1/waivers", {"rule": "ebay-longest-side", "until": "2026-12-24T12:00:00Z", "why": "old stock", **wish})

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert says in answer.text


def test_a_picture_is_rejected_or_sent_out(full: House) -> None:
    sent = full.post("/api/v1/placements/1/decision", {"decision": "retouch", "to": "studio", "note": "dust", "due_at": "2026-12-01T12:00:00Z"})

    assert sent.status_code == 200
    assert sent.json is not None
    assert sent.json["state"] == "retouch"
    assert full.post("/api/v1/placements/1/decision", {"decision": "reject", "reason": "blurred"}).json is not None


def test_a_program_says_what_a_retouch_cost(full: House) -> None:
    full.post("/api/v1/placements/1/decision", {"decision": "retouch", "to": "studio", "note": "dust"})
    listed = full.get("/api/v1/retouches").json
    assert listed is not None
    number = listed["items"][0]["id"]

    kept = full.post(f"/api/v1/retouches/{number}/cost", {"minutes": 12, "invoice": " R-7 "})
    assert kept.json is not None
    assert (kept.status_code, kept.json["minutes"], kept.json["invoice"]) == (200, 12, "R-7")
    refused = full.post(f"/api/v1/retouches/{number}/cost", {"minutes": -3})
    assert refused.json is not None
    assert (refused.status_code, refused.json["field"]) == (422, "minutes")


def test_an_unknown_decision_is_named(full: House) -> None:
    answer = full.post("/api/v1/placements/1/decision", {"decision": "perhaps"})

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == "decision"


def test_a_flagged_photo_is_accepted_with_a_reason(full: House) -> None:
    answer = full.post("/api/v1/items/1/decision", {"decision": "accept", "reason": "good enough"})

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["state"] == "accepted"


def test_a_lesson_is_declined_with_a_reason_once(full: House) -> None:
    without = full.post("/api/v1/lessons/1/decision", {"decision": "decline"})
    declined = full.post("/api/v1/lessons/1/decision", {"decision": "decline", "reason": "one case"})
    again = full.post("/api/v1/lessons/1/decision", {"decision": "accept"})

    assert (without.status_code, declined.status_code, again.status_code) == (409, 200, 409)


def test_a_file_in_the_tray_is_assigned(full: House) -> None:
    unknown = full.post("/api/v1/arrivals/1/assign", {"sku": "NONE", "shot": "dial"})
    assigned = full.post("/api/v1/arrivals/1/assign", {"sku": "W-1", "shot": "dial"})

    assert (unknown.status_code, assigned.status_code) == (409, 200)
    assert assigned.json is not None
    assert (assigned.json["state"], assigned.json["sku"], assigned.json["shot"]) == ("waiting", "W-1", "dial")


def test_a_file_in_the_tray_is_dropped(full: House) -> None:
    answer = full.post("/api/v1/arrivals/1/drop", {"why": "a test shot"})

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["state"] == "dropped"


def test_a_listing_is_let_through(full: House) -> None:
    answer = full.post("/api/v1/listings/1/confirm")

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["word"] == "to send"


def test_an_account_is_stopped_and_goes_on(full: House) -> None:
    stopped = full.post("/api/v1/accounts/ebay-uk:main/stop", {"why": "holiday"}).json
    resumed = full.post("/api/v1/accounts/ebay-uk:main/resume").json

    assert stopped is not None
    assert resumed is not None
    assert (stopped["stopped"], resumed["stopped"]) == (True, False)


def test_the_emergency_stop_is_thrown_and_ended(house: House) -> None:
    house.post("/api/v1/stop", {"why": "wrong prices"})
    during = house.get("/api/v1/stop").json
    house.post("/api/v1/resume")
    after = house.get("/api/v1/stop").json

    assert during is not None
    assert after is not None
    assert (during["stopped"], during["who"], during["why"], after["stopped"]) == (True, "key:the operator", "wrong prices", False)


def test_every_write_is_history_with_the_name_of_the_key(full: House) -> None:
    full.post("/api/v1/accounts/ebay-uk:main/stop", {"why": "holiday"})

    with full.kit.db.reading() as session:
        line = session.scalars(sa.select(Event).where(Event.what == "stopped")).one()
    assert (line.who, line.why) == ("key:the operator", "holiday")


def test_a_refused_write_leaves_nothing(full: House) -> None:
    with full.kit.db.reading() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(Event))

    full.post("/api/v1/placements/1/decision", {"decision": "reject"})

    with full.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == before
