"""REST /api/v1: who may ask, what is told, paging, one shape of error, and a document that is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_document

from app import accounts
from app.models import (
    Account,
    Photo,
)
from app.states import PlacementState
from app.web.api_document import OPERATIONS, document
from app.web.api_reads import COLLECTIONS, Collection
from integrations.inventory import Moment
from tests.app import factories
from tests.web.full import PHOTO, RENDITION
from tests.web.machine import House

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
    if kind is Moment:
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
