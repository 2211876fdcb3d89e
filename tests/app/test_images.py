"""Previews: small, cached, and never decoded in the process that answers."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

import imaging
from app import images
from app.errors import Refusal
from app.kit import Kit
from tests.shots import watch_photo


def test_a_preview_is_small_upright_and_cached(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    key = kit.originals.put(watch_photo(size=(1200, 900)))

    first = images.preview(kit, "photo", key, 300)
    monkeypatch.setattr(images, "_in_a_child", pytest.fail)
    again = images.preview(kit, "photo", key, 320)

    with Image.open(io.BytesIO(first)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (320, 240))
    assert again == first


def test_a_file_that_is_no_picture_is_refused_in_words(kit: Kit) -> None:
    key = kit.originals.put(b"no picture at all")

    with pytest.raises(Refusal, match="unreadable"):
        images.preview(kit, "photo", key, 320)


@pytest.mark.parametrize(("kind", "key"), [("photo", "a" * 64), ("photo", "../../secret_key"), ("secret", "a" * 64), ("photo", "A" * 64)])
def test_what_is_not_there_is_refused(kit: Kit, kind: str, key: str) -> None:
    with pytest.raises(Refusal, match="no such picture"):
        images.preview(kit, kind, key, 320)


def test_a_file_that_kills_its_decoder_costs_only_that_preview(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    deadly, good = kit.originals.put(b"deadly"), kit.originals.put(watch_photo(seed=2, size=(400, 300)))
    monkeypatch.setattr(images, "_shrink", _die)

    with pytest.raises(Refusal, match="did not survive"):
        images.preview(kit, "photo", deadly, 320)
    monkeypatch.undo()

    assert images.preview(kit, "photo", good, 320)


def test_a_decoder_that_hangs_is_given_up(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    key = kit.originals.put(b"endless")
    monkeypatch.setattr(images, "_shrink", _hang)
    monkeypatch.setattr(images, "SECONDS", 0.05)

    with pytest.raises(Refusal, match="did not survive"):
        images.preview(kit, "photo", key, 320)


def test_a_slow_picture_costs_those_that_wait_behind_it_nothing(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, good = kit.originals.put(b"endless"), [kit.originals.put(watch_photo(seed=n, size=(400, 300))) for n in range(3)]
    images.preview(kit, "photo", good[0], 160)  # the child is there
    monkeypatch.setattr(images, "_shrink", _hang_on_the_slow)
    monkeypatch.setattr(images, "SECONDS", 5)

    with ThreadPoolExecutor(4) as pool:
        refused = pool.submit(images.preview, kit, "photo", slow, 320)
        shown = [pool.submit(images.preview, kit, "photo", key, 320) for key in good]

        assert all(one.result() for one in shown)
        with pytest.raises(Refusal, match="did not survive"):
            refused.result()


def _hang_on_the_slow(data: bytes, size: int) -> bytes:
    return _hang(data, size) if data == b"endless" else imaging.to_review_jpeg(data, size)


def _die(_data: bytes, _size: int) -> bytes:
    os._exit(9)


def _hang(_data: bytes, _size: int) -> bytes:
    while True:
        pass
