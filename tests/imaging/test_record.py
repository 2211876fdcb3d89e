"""A finished file names the request that it was made by."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging import Recipe, RenderRequest, Unreadable, load_recipes, record_of, render
from imaging.record import xmp_of
from tests import shots


def test_a_finished_picture_tells_its_request(recipe: Recipe) -> None:
    request = RenderRequest(photo="a" * 64, cutout="b" * 64, recipe=recipe)

    rendered = render(shots.watch_photo(size=(300, 300)), shots.watch_alpha(size=(300, 300)), request)

    assert record_of(rendered.data) == {"request": request.id, "photo": "a" * 64, "cutout": "b" * 64, "recipe": recipe.name, "finish": str(request.finish)}


def test_a_strangers_picture_tells_nothing() -> None:
    assert record_of(shots.watch_photo(size=(100, 100))) is None


@pytest.mark.parametrize(
    "packet", [b"<x/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>https://packshot.invalid/ns/1.0/", b"<?xpacket?>https://packshot.invalid/ns/1.0/<?xpacket"]
)
def test_a_forged_packet_tells_nothing(packet: bytes) -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", xmp=packet)

    assert record_of(out.getvalue()) is None


@given(st.binary(max_size=300), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_the_packet_nothing_but_none_or_words_comes_out(junk: bytes, at: int) -> None:
    good = xmp_of(RenderRequest(photo="p", cutout="c", recipe=load_recipes()["ebay-main"]))
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", xmp=good[:at] + junk + good[at:])

    found = record_of(out.getvalue())

    assert found is None or all(isinstance(value, str) for value in found.values())


def test_what_is_no_jpeg_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        record_of(b"no picture")
