"""Finished pictures, where marketplaces fetch them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import StoreError
from tests.web.machine import House, open_house

PICTURE = b"\xff\xd8\xff a finished picture"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, media_base_url="https://pictures.example") as house:
        yield house


def _publish(house: House) -> str:
    address = house.kit.media.publish(PICTURE)
    assert address is not None
    return address.removeprefix("https://pictures.example")


def test_a_published_picture_is_public_and_kept_for_ever(house: House) -> None:
    answer = house.client.get(_publish(house))

    assert (answer.status_code, answer.data, answer.content_type) == (200, PICTURE, "image/jpeg")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_png_is_published_and_served_as_what_it_is(house: House) -> None:
    png = b"\x89PNG\r\n\x1a\n a finished picture"
    address = house.kit.media.publish(png)
    assert address is not None

    answer = house.client.get(address.removeprefix("https://pictures.example"))

    assert address.endswith(".png")
    assert (answer.status_code, answer.data, answer.content_type) == (200, png, "image/png")


def test_a_head_request_says_the_length_and_sends_nothing(house: House) -> None:
    answer = house.client.head(_publish(house))

    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", len(PICTURE))


def test_a_picture_already_held_is_not_sent_again(house: House) -> None:
    path = _publish(house)
    mark = house.client.get(path).headers["ETag"]

    assert house.client.get(path, headers={"If-None-Match": mark}).status_code == 304


def test_a_part_may_be_asked_for(house: House) -> None:
    answer = house.client.get(_publish(house), headers={"Range": "bytes=0-2"})

    assert (answer.status_code, answer.data) == (206, PICTURE[:3])


@pytest.mark.parametrize(
    "name", ["a" * 40 + ".jpg", "A" * 40 + ".jpg", "a" * 39 + ".jpg", "a" * 40 + ".png", "..%2f..%2fpackshot.db", "%2e%2e/secret_key", "", "a" * 40 + ".jpg%0a"]
)
def test_a_guessed_name_finds_nothing(house: House, name: str) -> None:
    _publish(house)

    answer = house.client.get(f"/media/{name}")

    assert answer.status_code == 404
    assert PICTURE not in answer.data


def test_the_hash_of_the_bytes_is_not_the_name(house: House) -> None:
    digest = house.kit.originals.put(PICTURE)
    path = _publish(house)

    assert digest[:40] not in path
    assert house.client.get(f"/media/{digest[:40]}.jpg").status_code == 404


def test_a_store_that_is_away_is_not_a_missing_picture(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_name: str) -> bytes:
        raise StoreError("s3://bucket: cannot read: connection refused")

    path = _publish(house)
    monkeypatch.setattr(house.kit.media.store, "read", away)

    answer = house.client.get(path)

    assert answer.status_code == 503
    assert "bucket" not in answer.text
