"""Odd input and bad moments: told in words and with the right status, whoever sends it."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from app import connect, people
from app.models import ApiKey, Arrival, Listing, Product
from app.secretbox import LOST, SecretsLost
from tests.web.conftest import Windows
from tests.web.machine import House


@pytest.mark.parametrize("path", ["/products?q=%00", "/products/a%00", "/listings?word=%00", "/?x=%00", "/sign-in?next=%00"])
def test_a_nul_in_an_address_is_refused_before_any_database_sees_it(windows: Windows, path: str) -> None:
    assert windows.visitor("viewer").get(path).status_code == 400


def test_a_nul_in_a_form_is_refused(windows: Windows) -> None:
    assert windows.visitor().post("/stop", why="a\0b").status_code == 400
    assert windows.visitor(None).post("/sign-in", name="a\0b", password="x").status_code == 400


@pytest.mark.parametrize("wish", ["//[", "/x//[", "http://[::1"])
def test_an_address_that_cannot_be_read_leads_home(windows: Windows, wish: str) -> None:
    answer = windows.visitor("viewer").get(f"/sign-in?next={wish}")
    assert answer.status_code == 302
    assert answer.location.startswith("/")
    assert not answer.location.startswith("//")


def test_history_before_less_than_nothing_is_empty_or_whole(windows: Windows) -> None:
    assert windows.visitor().get(f"/products/W-1042?before=-{10**20}").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/events?since=0001-01-01T00:00:00%2B14:00", "/api/v1/products?updated_after=9999-12-31T23:59:59-14:00"])
def test_a_time_that_utc_does_not_have_is_a_wrong_field(full: House, path: str) -> None:
    answer = full.get(path)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")


def test_a_webhook_from_before_all_time_is_a_wrong_field(house: House) -> None:
    answer = house.hook({"type": "sku.created", "timestamp": "0001-01-01T00:00:00+14:00", "data": {"sku": "W-1", "title": "x"}})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == "timestamp"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/stop", "/people/"])
def test_nobody_fills_the_disk_through_a_form(windows: Windows, path: str) -> None:
    for visitor in (windows.visitor(None), windows.visitor("viewer")):
        sent = {"csrf_token": "x", "file": (io.BytesIO(b"x" * 400_000), "big.bin")}
        assert visitor.client.post(path, data=sent, content_type="multipart/form-data").status_code in (401, 413)
    assert windows.visitor(None).client.post("/sign-in", data={"file": (io.BytesIO(b"x" * 400_000), "big.bin")}).status_code == 413


def test_a_disk_that_is_full_at_the_commit_is_said_as_what_it_is(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_session: Any) -> None:
        raise OperationalError("COMMIT", None, Exception("database or disk is full"))

    visitor = windows.visitor()
    assert visitor.token
    monkeypatch.setattr("sqlalchemy.orm.Session.commit", full)
    answer = visitor.post("/stop", why="test")
    assert (answer.status_code, "can be repeated in a moment" in answer.get_data(as_text=True)) == (503, True)


def test_connecting_again_under_another_secret_key_says_what_to_do(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise SecretsLost(LOST)

    monkeypatch.setattr(connect, "again", lost)
    answer = windows.visitor("admin").post("/accounts/ebay-uk:main/connect")
    assert (answer.status_code, "enter the credentials again" in answer.get_data(as_text=True)) == (409, True)


@pytest.mark.parametrize("name", ["ci/cd", "..", "a?b#c"])
def test_every_key_can_be_revoked_whatever_its_name(windows: Windows, name: str) -> None:
    with windows.kit.db.writing() as session:
        people.create_api_key(session, name, "admin", windows.kit.now())
        number = session.scalars(sa.select(ApiKey.id).where(ApiKey.name == name)).one()
    visitor = windows.visitor("admin")
    assert f"/people/keys/{number}/revoke" in visitor.get("/people/").get_data(as_text=True)
    assert visitor.post(f"/people/keys/{number}/revoke").status_code == 303
    with windows.kit.db.reading() as session:
        assert not session.get_one(ApiKey, number).active


def test_a_search_that_waits_for_its_product_shows_it_where_it_is(windows: Windows) -> None:
    visitor = windows.visitor("viewer")
    assert visitor.get("/products?q=W-1042").location == "/products/W-1042"
    part = visitor.get("/products?q=W-1042", **{"HX-Request": "true"})
    assert (part.status_code, 'id="products"' in part.get_data(as_text=True)) == (200, True)


def test_nobody_lets_through_what_they_did_not_see(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        listing = session.scalars(sa.select(Listing).where(Listing.state == "to_send")).first()
        assert listing is not None
        listing.account.policy = {**listing.account.policy, "publish": "ask"}
        number, seen = listing.id, listing.wanted_print
    visitor = windows.visitor()
    assert f'name="shown" value="{seen}"' in visitor.get("/listings").get_data(as_text=True)
    with windows.kit.db.writing() as session:
        session.get_one(Listing, number).wanted_print = "another"
    assert visitor.post(f"/listings/{number}/confirm", shown=str(seen)).status_code == 409
    assert visitor.post(f"/listings/{number}/confirm", shown="another").status_code == 303


def test_a_batch_that_is_named_by_digits_is_a_batch_of_its_own(house: House) -> None:
    house.add_product("W-1")
    first = house.client.post("/api/v1/photos", data={"file": (io.BytesIO(b"a"), "W-1_dial.jpg"), "batch_name": "Monday"}, headers=house.headers()).json
    assert first is not None
    named = {"file": (io.BytesIO(b"b"), "W-1_side.jpg"), "batch_name": str(first["batch"])}
    second = house.client.post("/api/v1/photos", data=named, headers=house.headers()).json
    assert second is not None
    assert second["batch"] != first["batch"]


@pytest.mark.parametrize("shot", ["Dial", "a" * 33, "dial side", "../x", "\u202e"])
def test_a_shot_that_no_template_knows_is_refused_in_words(windows: Windows, shot: str) -> None:
    with windows.kit.db.reading() as session:
        number = session.scalars(sa.select(Arrival.id).where(Arrival.state == "unmatched")).first()
        sku = session.scalars(sa.select(Product.sku)).first()
    answer = windows.visitor().post(f"/tray/{number}/assign", sku=str(sku), shot=shot)
    assert (answer.status_code, "is no shot" in answer.get_data(as_text=True)) == (409, True)
