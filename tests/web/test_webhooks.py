"""Endpoints of other systems as an administrator sees them, and what a program may read of them."""

from __future__ import annotations

import re

import sqlalchemy as sa

from app import endpoints
from app.hooks import TYPES
from app.models import WebhookEndpoint
from app.secretbox import SecretBox
from app.web.api_document import document
from tests.web.conftest import Windows

URL = "https://shop.example/packshot"


def test_the_secret_is_shown_once_and_never_again(windows: Windows) -> None:
    admin = windows.visitor("admin")
    said = admin.post("/webhooks/", url=URL, event=["listing.live", "account.paused"]).get_data(as_text=True)
    found = re.search(r"whsec_[\w+/=]+", said)
    assert found is not None

    with windows.kit.db.reading() as session:
        one = session.scalars(sa.select(WebhookEndpoint)).one()
    assert (one.url, one.events, one.practice) == (URL, ["listing.live", "account.paused"], False)
    assert windows.kit.box.open(one.secret) == {"secret": found[0]}
    again = admin.get("/webhooks/").get_data(as_text=True)
    assert URL in again
    assert "whsec_" not in again


def test_a_private_address_is_refused_in_words(windows: Windows) -> None:
    answer = windows.visitor("admin").post("/webhooks/", url="https://10.0.0.8/hook", event=["listing.live"])

    assert answer.status_code == 409
    assert "10.0.0.8 is a private address" in answer.get_data(as_text=True)


def test_endpoints_are_for_administrators(windows: Windows) -> None:
    operator = windows.visitor("operator")

    assert operator.get("/webhooks/").status_code == 403
    assert operator.post("/webhooks/", url=URL, event=["listing.live"]).status_code == 403


def test_one_is_tried_taken_up_and_removed(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        one, _ = endpoints.add(session, windows.kit, "https://127.0.0.1:9/hook", (), "ann", practice=True)
        one.active, number = False, one.id
    admin = windows.visitor("admin")

    assert admin.post(f"/webhooks/{number}/test").status_code == 303
    assert "127.0.0.1: no answer" in admin.get("/webhooks/").get_data(as_text=True)
    assert admin.post(f"/webhooks/{number}/resume").status_code == 303
    with windows.kit.db.reading() as session:
        assert session.get_one(WebhookEndpoint, number).active
    assert admin.post(f"/webhooks/{number}/remove").status_code == 303
    assert admin.post(f"/webhooks/{number}/remove").status_code == 404
    assert "Nobody is told yet" in admin.get("/webhooks/").get_data(as_text=True)


def test_one_whose_secret_can_no_longer_be_read_is_said_in_words(windows: Windows) -> None:
    with windows.kit.db.writing() as session:
        one, _ = endpoints.add(session, windows.kit, URL, (), "ann")
        one.secret, number = SecretBox(("a key that nobody has any more",)).seal({"secret": "whsec_AAAA"}), one.id
    admin = windows.visitor("admin")

    assert admin.post(f"/webhooks/{number}/test").status_code == 303
    assert "PACKSHOT_SECRET_KEY" in admin.get("/webhooks/").get_data(as_text=True)


def test_what_is_sent_is_documented_event_by_event() -> None:
    told = document()["webhooks"]

    assert told.keys() == TYPES.keys()
    for kind, said in told.items():
        body = said["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body["properties"]["type"] == {"const": kind}
        assert body["properties"]["data"]["$ref"].rpartition("/")[2] in document()["components"]["schemas"]
