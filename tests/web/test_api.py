"""REST /api/v1: who may ask, what is told, paging, writes that happen once, one shape of error, and a document that is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_document
from pydantic import AwareDatetime

from app import accounts, endpoints
from app.models import (
    Account,
    Arrival,
    Batch,
    Event,
    ImageSetItem,
    Lesson,
    Listing,
    ListingMember,
    Notice,
    Photo,
    Placement,
    Product,
    Push,
    Rendition,
    Retouch,
    Verdict,
    Waiver,
)
from app.rulebook import active_hash
from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, PushState, RenditionState
from app.web.api_document import OPERATIONS, document
from app.web.api_reads import COLLECTIONS, Collection
from tests.app import factories
from tests.web.machine import House, open_house

FINDING = {
    "rule": "amazon-main-white-border",
    "level": "stop",
    "fact": "border_min_level",
    "value": 250,
    "limit": 255,
    "message": "white",
    "source": {},
    "fix": None,
    "region": None,
}
PHOTO, FILE, CUTOUT = "a" * 64, "b" * 64, "c" * 64
RENDITION = "d" * 64


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


@pytest.fixture
def full(house: House) -> House:
    """A house with one row of every noun: number 1 of each."""
    product_id, now, kit = house.add_product("W-1", price_minor=123400, currency="GBP"), house.kit.now(), house.kit
    with house.writing() as session:
        account = accounts.add_account(
            session, kit, "ebay-uk:main", seller_id="S1", credentials={"refresh_token": "very secret token"}, practice=True, who="tests"
        )
        endpoints.add(session, kit, "https://shop.example/packshot?token=very-secret", (), "tests")
        batch = Batch(source="upload", name="Monday", created_at=now)
        lesson = Lesson(
            subject="amazon-main-white-border", authority="amazon", proposal={"summary": "stricter"}, evidence=[], state=LessonState.PROPOSED, proposed_at=now
        )
        session.add_all([Photo(sha256=PHOTO, bytes=9, facts={"width": 10}, regions={}, received_at=now), batch, lesson])
        session.flush()
        session.add(Arrival(source="upload", key="1", name="x.jpg", batch_id=batch.id, state=ArrivalState.UNMATCHED, created_at=now))
        item = ImageSetItem(
            product_id=product_id, photo_sha256=PHOTO, batch_id=batch.id, shot="dial", state=PhotoState.FLAGGED, findings=[FINDING], created_at=now
        )
        rendition = Rendition(
            id=RENDITION, photo_sha256=PHOTO, cutout_id=CUTOUT, recipe="ebay-main", request={}, state=RenditionState.RENDERED, file_sha256=FILE, created_at=now
        )
        listing = Listing(
            account_id=account.id, external_id="123456", state=ListingState.TO_SEND, wanted={"W-1": {"main": FILE}}, wanted_print="w", created_at=now
        )
        session.add_all([item, rendition, listing])
        session.flush()
        placement = Placement(
            product_id=product_id,
            account_id=account.id,
            position="main",
            item_id=item.id,
            rendition_id=RENDITION,
            state=PlacementState.REVIEW,
            findings=[FINDING],
            changed_at=now,
        )
        session.add(placement)
        session.flush()
        session.add_all(
            [
                ListingMember(listing_id=listing.id, account_id=account.id, product_id=product_id, merchant_sku="W-1"),
                Push(listing_id=listing.id, number=1, key="e" * 32, fingerprint="w", content={}, state=PushState.ACCEPTED, at=now),
                Notice(listing_id=listing.id, merchant_sku="W-1", code="21916", kind="warning", message="small", begin=now),
                Waiver(rule="ebay-longest-side", product_id=product_id, who="ann", why="old stock", at=now, until=now + timedelta(days=3)),
                Retouch(item_id=item.id, placement_id=placement.id, to="studio", sent_at=now),
                Verdict(placement_id=placement.id, rule_set=active_hash(session), rendition_id=RENDITION, file_sha256=FILE, findings=[FINDING], at=now),
            ]
        )
    return house


KEYS = {"products": "W-1", "image-sets": "W-1", "photos": PHOTO, "renditions": RENDITION, "accounts": "ebay-uk:main"}


# --- who may ask


@pytest.mark.parametrize("path", [*(collection.path for collection in COLLECTIONS), "rules", "stop"])
def test_without_a_key_nothing_is_told(house: House, path: str) -> None:
    answer = house.client.get(f"/api/v1/{path}")

    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


@pytest.mark.parametrize("header", ["Bearer pk_" + "a" * 32, "Bearer", "Bearer  ", "Basic cGs6cGs=", "pk_x", "Bearer pk_\u00fc"])
def test_a_wrong_key_is_told_nothing(house: House, header: str) -> None:
    assert house.client.get("/api/v1/products", headers={"Authorization": header}).status_code == 401


def test_the_mapping_of_new_listings_is_read_and_changed_by_programs_whose_role_reaches(full: House) -> None:
    path = "/api/v1/accounts/ebay-uk:main/mapping"
    with full.writing() as session:
        account = accounts.find_account(session, "ebay-uk:main")
        accounts.set_credentials(session, full.kit, account, "tests", {"client_id": "a", "client_secret": "b", "refresh_token": "c"})
        account.endpoints = accounts.practice_endpoints("ebay", "http://127.0.0.1:9")
    before = full.get(path).get_json()
    assert [(one["category"], one["kind"], one["chosen"], one["state"], one["rows"]["Brand"]) for one in before["categories"]] == [
        ("watch", "31387", False, "unasked", {"from": "brand"})
    ]

    wish = {"category": "watch", "kind": "31387", "rows": {"Brand": "brand", "policy:return": {"value": "77"}}}
    assert full.client.put(path, json=wish, headers=full.headers("operator")).status_code == 403
    answer = full.client.put(path, json=wish, headers=full.headers("admin"))

    assert answer.status_code == 200
    [watch] = answer.get_json()["categories"]
    assert (watch["chosen"], watch["rows"]) == (True, {"Brand": {"from": "brand"}, "policy:return": {"value": "77"}})
    assert answer.get_json() == full.get(path).get_json()
    for wrong, words in ({"rows": {"Brand": {"form": "brand"}}}, "mapping of Brand"), ({"category": "boat"}, "category 'boat'"):
        refused = full.client.put(path, json={**wish, **wrong}, headers=full.headers("admin"))
        assert refused.status_code == 409
        assert words in refused.get_json()["detail"]
    assert full.get("/api/v1/accounts/none:none/mapping").status_code == 404


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "POST"], ids=lambda operation: operation.name)
def test_a_viewer_changes_nothing(house: House, operation: Any) -> None:
    path = operation.path.replace("{id}", "1").replace("{key}", "ebay-uk:main")

    answer = house.post(f"/api/v1{path}", role="viewer")

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")


FAILING = """
import sys
from pathlib import Path
from app import log
from app.web import api_reads
from tests.web.machine import open_house

log.set_up(sys.argv[1])
api_reads.page = None
with open_house(Path(sys.argv[2])) as house:
    house.get("/api/v1/products")
    print("KEY " + house.keys["viewer"], file=sys.stderr)
"""


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_key_never_reaches_a_log(tmp_path: Path, style: str) -> None:
    done = subprocess.run([sys.executable, "-c", FAILING, style, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60)

    key = done.stderr.rpartition("KEY ")[2].strip()
    assert key.startswith("pk_")
    assert "TypeError" in done.stdout
    assert key[3:20] not in done.stdout


# --- what is told


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda collection: collection.path)
def test_what_is_told_is_what_the_document_says(full: House, collection: Collection) -> None:
    some, one = (full.get(f"/api/v1/{collection.path}{key}", role=collection.role) for key in ("", f"/{KEYS.get(collection.path, 1)}"))

    assert (some.status_code, one.status_code) == (200, 200)
    assert some.json is not None
    assert len(some.json["items"]) >= 1
    for answer, path in ((some, f"/{collection.path}"), (one, f"/{collection.path}/{{{collection.key_name}}}")):
        schema = document()["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": document()["components"]}).validate(answer.json)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_addresses_of_endpoints_may_be_secrets_and_are_for_administrators(full: House, role: str) -> None:
    for path in ("/api/v1/webhooks", "/api/v1/webhooks/1"):
        answer = full.get(path, role=role)
        assert (answer.status_code, "shop.example" in answer.text) == (403, False)
    for path in ("/api/v1/webhooks", "/api/v1/webhooks/{id}"):
        assert document()["paths"][path]["get"]["description"] == "Needs the role admin."


def test_an_endpoint_is_told_without_what_may_be_secret(full: House) -> None:
    answer = full.get("/api/v1/webhooks/1", role="admin")

    assert answer.json is not None
    assert answer.json["url"] == "https://shop.example/packshot"
    assert "secret" not in answer.get_data(as_text=True)


def test_a_price_is_told_as_people_write_it(full: House) -> None:
    answer = full.get("/api/v1/products/W-1").json

    assert answer is not None
    assert answer["price"] == {"amount": "1234.00", "currency": "GBP"}


def test_a_sku_may_hold_a_slash(house: House) -> None:
    house.add_product("A/B 1")

    assert house.get("/api/v1/products/A/B%201").status_code == 200


def test_a_listing_is_told_with_the_word_of_the_dashboard(full: House) -> None:
    answer = full.get("/api/v1/listings/1").json

    assert answer is not None
    assert (answer["state"], answer["word"], answer["members"][0]["sku"]) == ("to_send", "waiting for approval", "W-1")


def test_a_settled_batch_tells_which_picture_looks_unlike_the_others(house: House) -> None:
    kit, batch = house.kit, factories.new_batch(house.kit)
    on = factories.account(kit, "ebay-uk:batch")
    items = [factories.item(kit, factories.product(kit), batch_id=batch.id) for _ in range(6)]
    for number, item in enumerate(items):
        made = factories.rendition(kit, item, facts={"shadow_depth": 9.0 if number == 2 else 3.0})
        factories.placement(kit, item, on, made, state=PlacementState.APPROVED)

    told = house.get(f"/api/v1/batches/{batch.id}").get_json()

    assert told["spread"] == 0
    assert [(odd["item"], odd["trait"], odd["words"]) for odd in told["odd"]] == [(items[2].id, "shadow_depth", "its shadow is darker")]


def test_an_account_is_told_without_its_credentials(full: House) -> None:
    answer = full.get("/api/v1/accounts", role="admin")

    with full.kit.db.reading() as session:
        sealed = session.scalars(sa.select(Account.credentials)).one()
    assert "credentials" not in answer.text
    assert sealed not in answer.text
    assert "very secret" not in answer.text


def test_the_active_rules_are_told_whole(house: House) -> None:
    answer = house.get("/api/v1/rules").json

    assert answer is not None
    assert len(answer["hash"]) == 64
    assert {"id", "fact", "operator", "level", "message", "source", "authority"} <= set(answer["rules"][0])


def _sample(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return next(iter(kind)).value
    if kind is AwareDatetime:
        return "2026-01-01T00:00:00Z"
    inner = get_args(kind)[0] if get_args(kind) else kind
    return {bool: "true", int: "1", str: "word"}[inner]


@pytest.mark.parametrize(("of", "name", "kind"), [(c, name, narrowing.kind) for c in COLLECTIONS for name, narrowing in c.filters.items()])
def test_every_filter_narrows(full: House, of: Collection, name: str, kind: Any) -> None:
    answer = full.client.get(f"/api/v1/{of.path}", query_string={name: _sample(kind)}, headers=full.headers(of.role))

    assert answer.status_code == 200, answer.text


def test_a_filter_leaves_out_what_does_not_fit(full: House) -> None:
    full.add_product("W-2", category="ring")

    answer = full.get("/api/v1/products?category=ring").json

    assert answer is not None
    assert [product["sku"] for product in answer["items"]] == ["W-2"]


# --- paging


def test_pages_show_every_line_once_in_order(house: House) -> None:
    for number in range(7):
        house.add_product(f"P-{number}")

    seen, path = [], "/api/v1/products?limit=3"
    sizes = []
    cursor: str | None = ""
    while cursor is not None:
        page = house.get(path + (f"&cursor={cursor}" if cursor else "")).json
        assert page is not None
        seen += [product["sku"] for product in page["items"]]
        sizes.append(len(page["items"]))
        cursor = page["next"]

    assert seen == [f"P-{number}" for number in range(7)]
    assert sizes == [3, 3, 1]


def test_what_is_added_between_pages_neither_repeats_nor_hides_a_line(house: House) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    with house.writing() as session:
        session.add_all(Photo(sha256=f"{n:064x}", bytes=1, received_at=start + timedelta(minutes=n // 2)) for n in range(6))

    first = house.get("/api/v1/photos?limit=3").json
    with house.writing() as session:
        session.add(Photo(sha256="f" * 64, bytes=1, received_at=start + timedelta(days=1)))
    assert first is not None
    second = house.get(f"/api/v1/photos?limit=10&cursor={first['next']}").json

    assert second is not None
    assert [int(photo["sha256"], 16) for photo in first["items"] + second["items"]] == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=many",
        "cursor=abc",
        "cursor=WyJ4Il0",
        "cursor=WzFd.",
        "cursor=",
        "colour=red",
        "cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0",
        "archived=perhaps",
    ],
)
def test_a_wrong_query_is_named(house: House, query: str) -> None:
    answer = house.get(f"/api/v1/products?{query}")

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json is not None
    assert answer.json["field"] == query.partition("=")[0]


# --- one shape of error


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/products/none", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/listings/99999999999999999999", 404),
        ("DELETE", "/api/v1/products", 405),
        ("POST", "/api/v1/products", 422),
        ("POST", "/api/v1/placements/77/decision", 422),
        ("POST", "/api/v1/accounts/none:none/stop", 404),
    ],
)
def test_every_error_is_problem_details(house: House, method: str, path: str, status: int) -> None:
    answer = house.client.open(path, method=method, headers=house.headers("admin"), json={})

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json is not None
    assert {"type", "title", "status", "detail"} <= set(answer.json)
    assert answer.json["status"] == status
    assert answer.json["detail"]


@pytest.mark.parametrize(
    ("raw", "status"), [(b"{", 422), (b"[]", 422), (b'{"sku": "a\\u0000"}', 422), (b'{"sku": "' + b"x" * 300_000 + b'"}', 413), (b"\xff", 422)]
)
def test_a_body_that_is_no_object_of_ours_is_refused(house: House, raw: bytes, status: int) -> None:
    answer = house.client.post("/api/v1/products", data=raw, content_type="application/json", headers=house.headers())

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


# --- writes


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


# --- the document


def test_the_document_is_openapi_and_open_to_everybody(house: House) -> None:
    answer = house.client.get("/api/openapi.json")

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["openapi"] == "3.1.0"
    validate_document(answer.json)


def test_every_route_of_the_api_is_in_the_document(house: House) -> None:
    served = {
        (method.lower(), "/".join(part.partition(":")[2].rstrip(">").join("{}") if part.startswith("<") else part for part in rule.rule.split("/")))
        for rule in house.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1") and rule.methods
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert served == {(method, path) for path, methods in document()["paths"].items() for method in methods}


def test_the_pages_of_the_api_come_from_this_address_alone(house: House) -> None:
    answer = house.client.get("/api/docs")

    assert answer.status_code == 200
    assert "decide_placement" in answer.text
    assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', answer.text) == []


def test_the_document_names_no_secret(house: House) -> None:
    assert "credentials" not in json.dumps(document()["components"]["schemas"]["AccountOut"]["properties"])
