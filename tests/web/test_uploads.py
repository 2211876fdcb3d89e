"""Photographs come in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app import people
from app.models import Arrival, IdempotentAnswer
from app.web import uploads
from tests.web.machine import PASSWORD, House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        house.add_product("W-1")
        yield house


def _upload(house: House, *files: tuple[bytes, str], role: str = "operator", headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
    data = {**fields, "file": [(io.BytesIO(content), name) for content, name in files]}
    return house.client.post("/api/v1/photos", data=data, headers={**house.headers(role), **(headers or {})})


def _arrivals(house: House) -> list[Arrival]:
    with house.kit.db.reading() as session:
        return list(session.scalars(sa.select(Arrival).order_by(Arrival.id)))


def test_a_photo_is_kept_and_tied_to_its_product(house: House) -> None:
    answer = _upload(house, (b"the bytes", "W-1_dial.jpg"))

    assert answer.status_code == 202
    assert answer.json is not None
    assert {name: answer.json[name] for name in ("sku", "shot", "state")} == {"sku": "W-1", "shot": "dial", "state": "waiting"}
    assert house.kit.originals.get(answer.json["sha256"]) == b"the bytes"


def test_what_is_said_goes_before_the_name(house: House) -> None:
    house.add_product("R-2")

    answer = _upload(house, (b"x", "W-1_dial.jpg"), sku="R-2", shot="side", order="3")

    assert answer.json is not None
    assert (answer.json["sku"], answer.json["shot"]) == ("R-2", "side")
    assert _arrivals(house)[0].order == 3


def test_a_name_that_says_no_sku_goes_to_the_tray(house: House) -> None:
    answer = _upload(house, (b"x", "IMG_0042.jpg"))

    assert answer.json is not None
    assert (answer.status_code, answer.json["sku"], answer.json["state"]) == (202, None, "unmatched")


def test_several_files_are_one_batch(house: House) -> None:
    answer = _upload(house, (b"a", "W-1_dial.jpg"), (b"b", "W-1_side.jpg"), batch="Monday")

    assert answer.status_code == 202
    assert answer.json is not None
    assert [one["shot"] for one in answer.json["arrivals"]] == ["dial", "side"]
    assert {one["batch"] for one in answer.json["arrivals"]} == {answer.json["batch"]}


def test_a_batch_is_found_again_by_name_and_by_number(house: House) -> None:
    first = _upload(house, (b"a", "W-1_dial.jpg"), batch="Monday").json
    assert first is not None

    by_name = _upload(house, (b"b", "W-1_side.jpg"), batch="Monday").json
    by_number = _upload(house, (b"c", "W-1_back.jpg"), batch=str(first["batch"])).json

    assert by_name is not None
    assert by_number is not None
    assert first["batch"] == by_name["batch"] == by_number["batch"]


def test_the_same_key_and_files_get_the_same_answer_and_one_arrival(house: House) -> None:
    first = _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})
    again = _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(_arrivals(house)) == 1


def test_the_same_key_with_another_file_is_a_conflict(house: House) -> None:
    _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})
    other = _upload(house, (b"b", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})

    assert other.status_code == 409
    assert other.content_type == "application/problem+json"
    assert len(_arrivals(house)) == 1


def test_two_callers_may_use_the_same_key(house: House) -> None:
    _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})
    other = _upload(house, (b"b", "W-1_side.jpg"), role="admin", headers={"Idempotency-Key": "k1"})

    assert other.status_code == 202


def test_a_refused_upload_keeps_no_answer(house: House) -> None:
    _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"}, order="many")
    answer = _upload(house, (b"a", "W-1_dial.jpg"), headers={"Idempotency-Key": "k1"})

    assert answer.status_code == 202
    with house.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(IdempotentAnswer)) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("/etc/W-1/dial.jpg", "dial.jpg"),
        ("C:\\photos\\W-1_dial.jpg", "W-1_dial.jpg"),
        ("..\\..\\W-1_dial.jpg", "W-1_dial.jpg"),
        ("W-1/dial.jpg", "W-1/dial.jpg"),
        ("shoot/W-1/dial.jpg", "W-1/dial.jpg"),
        ("W-1\x00\r\n_dial\u202e.jpg", "W-1_dial.jpg"),
        ("", "photo"),
        ("..", "photo"),
        (None, "photo"),
        ("x" * 400 + ".jpg", "x" * 251 + ".jpg"),
    ],
)
def test_a_name_is_words_and_never_a_path(given: str | None, kept: str) -> None:
    assert uploads.clean_name(given) == kept


def test_a_hostile_name_leaves_nothing_outside_the_stores(house: House, tmp_path: Path) -> None:
    answer = _upload(house, (b"x", "../../../../outside.jpg"))

    assert answer.status_code == 202
    assert not list(tmp_path.rglob("outside*"))


def test_nothing_is_decoded_in_the_web_process(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaging.probe", pytest.fail)

    assert _upload(house, (b"no picture at all", "W-1_dial.jpg")).status_code == 202


def test_a_file_over_the_limit_is_too_large(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FILE_BYTES", 10)

    answer = _upload(house, (b"x" * 11, "W-1_dial.jpg"))

    assert answer.status_code == 413
    assert not _arrivals(house)


def test_a_request_over_the_limit_is_too_large(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "REQUEST_BYTES", 1000)

    assert _upload(house, (b"x" * 2000, "W-1_dial.jpg")).status_code == 413


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"order": "many"}, "order"), ({"shot": "../x"}, "shot"), ({"sku": "a\nb"}, "sku"), ({"colour": "red"}, "colour"), ({"order": "-1"}, "order")],
)
def test_a_wrong_field_is_named(house: House, fields: dict[str, Any], field: str) -> None:
    answer = _upload(house, (b"x", "W-1_dial.jpg"), **fields)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == field


def test_no_file_is_a_wrong_request(house: House) -> None:
    answer = _upload(house)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["field"] == "file"


def test_without_a_key_nothing_is_taken(house: House) -> None:
    answer = house.client.post("/api/v1/photos", data={"file": (io.BytesIO(b"x"), "W-1_dial.jpg")})

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert not _arrivals(house)


def test_a_viewer_may_not_bring_photos(house: House) -> None:
    assert _upload(house, (b"x", "W-1_dial.jpg"), role="viewer").status_code == 403


def test_a_signed_in_person_brings_photos_with_the_csrf_token_only(house: House) -> None:
    client = house.client
    with house.writing() as session:
        people.create_user(session, "ann", PASSWORD, "operator", house.kit.now())
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"name": "ann", "password": PASSWORD, "csrf_token": token[1]})

    without = client.post("/api/v1/photos", data={"file": (io.BytesIO(b"x"), "W-1_dial.jpg")})
    with_token = client.post("/api/v1/photos", data={"file": (io.BytesIO(b"x"), "W-1_dial.jpg")}, headers={"X-CSRFToken": token[1]})

    assert (without.status_code, with_token.status_code) == (400, 202)
