from __future__ import annotations

import io
import struct
import threading
import zlib
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from imaging import Exhausted, TooBig, Unreadable, big_photo_lane, probe
from imaging.colour import srgb_profile
from imaging.decode import ORDINARY_PIXELS, Original, load, picture, pixels, read_header, shrunk, stored_box, upright
from tests import shots


def difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, dtype=np.int16) - np.asarray(b, dtype=np.int16)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_tag_gives_the_same_upright_picture(orientation: int) -> None:
    straight = picture(shots.watch_photo(size=(400, 300)), 400)[1]

    header, turned = picture(shots.watch_photo(size=(400, 300), orientation=orientation), 400)

    assert header.size == (400, 300)
    assert turned.size == (400, 300)
    assert difference(straight, turned) < 3


@given(st.integers(1, 8), st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.05, 0.1))
@settings(max_examples=40, deadline=None)
def test_a_box_of_the_upright_picture_is_found_in_the_stored_one(orientation: int, left: float, top: float, side: float) -> None:
    box = (left, top, left + side, top + side / 2)
    marked = Image.new("L", (200, 200), 0)
    x0, y0, x1, y1 = stored_box(box, orientation)

    marked.paste(255, (round(x0 * 200), round(y0 * 200), round(x1 * 200), round(y1 * 200)))

    found = upright(marked, orientation).getbbox()
    assert found is not None
    assert all(abs(at / 200 - share) <= 0.011 for at, share in zip(found, box, strict=True))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"GIF89a", "damaged|not a picture"),
        (b"just words, no picture", "not a picture"),
        (shots.watch_photo(size=(400, 300), truncated=True), "cut off"),
        (shots.watch_photo(size=(400, 300), truncated=True, format="PNG"), "cut off"),
        (shots.watch_photo(size=(400, 300), truncated=True, format="AVIF"), "cut off|not a picture"),
        (shots.animated(), "3 frames"),
        (shots.animated("AVIF"), "3 frames"),
        (b"%PDF-1.7 nothing", "not a picture"),
    ],
    ids=["empty", "stub", "words", "cut jpeg", "cut png", "cut avif", "animation", "moving avif", "pdf"],
)
def test_what_is_no_photo_is_unreadable_with_a_plain_reason(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=f"^unreadable: .*({says})"):
        picture(data, 400)


def test_a_forged_header_is_refused_before_anything_is_allocated() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    forged = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")

    with pytest.raises(Unreadable, match="more"):
        read_header(forged)


def test_an_avif_that_claims_more_than_any_camera_is_refused_by_its_header() -> None:
    data = shots.watch_photo(size=(240, 180), format="AVIF")
    at = data.index(b"ispe") + 8
    forged = data[:at] + struct.pack(">II", 20000, 15000) + data[at + 8 :]

    with pytest.raises(Unreadable):
        read_header(forged)


def test_an_avif_says_of_itself_what_a_photo_says() -> None:
    header = read_header(shots.watch_photo(size=(400, 300), format="AVIF", orientation=6, profile=srgb_profile()))

    assert (header.format, header.size, header.frames, header.profile) == ("AVIF", (400, 300), 1, "srgb")
    assert (header.jpeg_quality, header.jpeg_subsampling, header.has_alpha) == (None, None, False)


def test_a_huge_png_is_for_the_big_photo_lane_but_its_header_can_be_judged() -> None:
    data = _flat_png(6000, 5500)

    with pytest.raises(TooBig):
        load(data)

    assert probe(data).facts["megapixels"] == 33.0


def test_a_photo_that_must_be_decoded_whole_has_the_big_photo_lane_to_itself() -> None:
    big, small = _flat_png(6000, 5500), _flat_png(600, 550)
    entered = threading.Event()

    def wait_for_a_turn() -> None:
        with big_photo_lane(big):
            entered.set()

    with big_photo_lane(big) as most:
        assert load(big, most_pixels=most).stored.size == (6000, 5500)
        another = threading.Thread(target=wait_for_a_turn)
        another.start()
        with big_photo_lane(small) as ordinary:
            assert ordinary == ORDINARY_PIXELS
        assert not entered.is_set()
    another.join(10)
    assert entered.is_set()


def test_the_header_of_a_huge_png_is_read_without_its_pixels() -> None:
    data = _flat_png(8000, 8000)

    with patch.object(PngImagePlugin.PngImageFile, "load", side_effect=AssertionError("decoded")):
        assert read_header(data).orientation == 1


def test_the_orientation_of_a_png_is_found_behind_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("L", (60, 40), 128).save(out, "PNG", exif=exif)
    plain = out.getvalue()
    at = plain.index(b"eXIf") - 4
    length = 12 + int.from_bytes(plain[at : at + 4], "big")
    chunk, end = plain[at : at + length], plain.index(b"IEND") - 4
    behind = plain[:at] + plain[at + length : end] + chunk + plain[end:]

    assert read_header(behind).orientation == 6


@pytest.mark.parametrize("exif", [b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_damaged_exif_block_loses_no_photo(format: str, exif: bytes) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "grey").save(out, format, exif=b"Exif\0\0" + exif, dpi=(72, 72))

    assert read_header(out.getvalue()).orientation == 1
    assert picture(out.getvalue(), 60)[1].size == (60, 40)


def test_a_shortage_of_memory_is_not_the_photos_fault() -> None:
    with patch.object(PngImagePlugin.PngImageFile, "load", side_effect=MemoryError), pytest.raises(Exhausted):
        load(_flat_png(600, 550))


def _flat_png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height), 128).save(out, "PNG", compress_level=1)
    return out.getvalue()


def test_a_big_jpeg_is_decoded_near_the_size_that_is_wanted() -> None:
    data = shots.watch_photo(size=(4000, 3000))

    photo = load(data, 0.4)

    assert photo.header.size == (4000, 3000)
    assert photo.image.size == (2000, 1500)


def saved(size: tuple[int, int], seed: int = 0, **how: Any) -> bytes:
    """A JPEG full of detail."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(90, 170, (size[1], size[0], 3), dtype=np.uint8)).save(out, "JPEG", quality=88, **how)
    return out.getvalue()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("shrink", [1, 2, 4, 8])
def test_a_colour_jpeg_has_the_pixels_that_pillow_gives_it(subsampling: int, progressive: bool, shrink: int) -> None:
    width, height = 403, 301
    data = saved((width, height), subsampling=subsampling, progressive=progressive)

    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (width // shrink, height // shrink))
        assert (np.asarray(load(data, 1 / shrink).stored) == np.asarray(image)).all()


@given(st.integers(0, 2**32 - 1), st.integers(30, 130), st.integers(30, 130), st.integers(16, 140), st.integers(1, 8), st.sampled_from([None, 12, 40]))
@settings(max_examples=60, deadline=None)
def test_pixels_are_scaled_as_pillow_images_are(seed: int, width: int, height: int, longest: int, orientation: int, least: int | None) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved((width, height), seed, exif=exif)
    photo = load(data, longest / max(width, height))

    wanted = upright(shrunk(photo.image, longest, least), orientation)

    assert (pixels(data, longest, least=least)[1] == np.asarray(wanted)).all()


def test_a_jpeg_with_a_flaw_that_can_be_read_past_is_read() -> None:
    data = saved((160, 120))
    flawed = data[:9000] + bytes.fromhex("ff0012") * 8 + data[9024:]

    with Image.open(io.BytesIO(flawed)) as image:
        assert (pixels(flawed, 160)[1] == np.asarray(image)).all()


@pytest.mark.parametrize(
    "data",
    [
        shots.watch_photo(size=(600, 450), cmyk=True),
        shots.watch_photo(size=(600, 450), cmyk=True, format="TIFF"),
        shots.watch_photo(size=(600, 450), format="PNG"),
        shots.watch_photo(size=(600, 450), format="WEBP"),
        shots.watch_photo(size=(600, 450), format="HEIF"),
        shots.watch_photo(size=(600, 450), format="AVIF"),
        shots.watch_photo(size=(600, 450), format="AVIF", orientation=6),
        shots.watch_photo(size=(600, 450), format="MPO"),
        shots.lab_tiff(),
    ],
    ids=["cmyk jpeg", "cmyk tiff", "png", "webp", "heif", "avif", "turned avif", "mpo", "lab"],
)
def test_formats_and_colour_models_give_the_same_rgb_picture(data: bytes) -> None:
    wanted = picture(shots.watch_photo(size=(600, 450)), 600)[1]

    got = picture(data, 600)[1]

    assert got.mode == "RGB"
    assert difference(wanted, got) < 8


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    got = picture(shots.sixteen_bit_png(size=(600, 450)), 600)[1]

    wanted = picture(shots.watch_photo(size=(600, 450), grey=True, noise=0), 600)[1]
    assert difference(wanted, got) < 3


def test_transparency_is_laid_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 40), (200, 10, 10, 0)).save(out, "PNG")

    header, image = picture(out.getvalue(), 50)

    assert header.has_alpha
    assert image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("format", ["JPEG", "AVIF"])
@given(st.integers(0, 5000), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_flipped_byte_never_breaks_out_as_another_error(format: str, at: int, value: int) -> None:
    data = bytearray(shots.watch_photo(size=(240, 180), format=format))
    data[at % len(data)] = value

    try:
        header, image = picture(bytes(data), 240)
    except (Unreadable, TooBig):
        return
    assert image.mode == "RGB"
    assert max(image.size) <= 240
    assert min(header.size) > 0


@pytest.mark.parametrize(
    ("side", "becomes"), [(1900, 1900), (2000, 2000), (2400, 2000), (3199, 2000), (3200, 1600), (3464, 1732), (4001, 2000), (4900, 1634), (6000, 2000)]
)
def test_a_whole_number_reduction_is_taken_where_it_leaves_enough(side: int, becomes: int) -> None:
    image = Image.new("L", (side, 30))

    assert max(shrunk(image, 2000, least=1600).size) == becomes
    assert max(shrunk(image, 2000).size) == min(side, 2000)


def test_the_cut_out_decodes_enough_for_the_finish_to_share() -> None:
    data = Original(shots.watch_photo(size=(4000, 3000)))

    _, working = picture(data)
    shared = load(data, 0.7)

    assert working.size == (2000, 1500)
    assert shared is load(data, 0.8)
    assert load(data, 0.4).image.size == (2000, 1500)
    assert read_header(data) is read_header(data)


@pytest.mark.parametrize("size", [(4000, 3000), (700, 500), (2500, 1900)])
def test_what_is_remembered_is_what_is_decoded_anew(size: tuple[int, int]) -> None:
    plain = shots.watch_photo(size=size)
    original = Original(plain)

    for wanted in (0.5, 0.9, 0.3, 1.0):
        assert load(original, wanted).image.tobytes() == load(plain, wanted).image.tobytes()
    assert picture(original)[1].tobytes() == picture(plain)[1].tobytes()
