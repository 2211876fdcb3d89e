"""Known sRGB colours through every kind of file that comes in, told apart by CIE 1976 delta E."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging import Unreadable
from imaging.decode import picture, read_header
from imaging.profiles import SRGB_CURVE, colour_numbers, matrix_profile

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]
Colours = list[tuple[int, int, int]]

_PATCH, _ACROSS, _DOWN = 32, 4, 3
P3, ADOBE = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060), (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
ADOBE_CURVE = (563 / 256,)

colours = st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=_ACROSS * _DOWN, max_size=_ACROSS * _DOWN)
greys = st.lists(st.integers(0, 255), min_size=_ACROSS * _DOWN, max_size=_ACROSS * _DOWN)


def chart(known: Colours | Pixels) -> Image.Image:
    """A patch of each colour."""
    values = np.asarray(known, np.uint8).reshape(_DOWN, _ACROSS, 3)
    return Image.fromarray(values.repeat(_PATCH, axis=0).repeat(_PATCH, axis=1))


def off(data: bytes, known: Colours | Pixels) -> float:
    """The largest delta E between what is read of the patches' middles and the known colours."""
    image = picture(data, _PATCH * _ACROSS)[1]
    assert image.size == (_PATCH * _ACROSS, _PATCH * _DOWN)
    patches = np.asarray(image, dtype=np.float32).reshape(_DOWN, _PATCH, _ACROSS, _PATCH, 3)
    read = patches[:, 8:-8, :, 8:-8].mean(axis=(1, 3)).reshape(-1, 3)
    return float(np.linalg.norm(lab(read) - lab(np.asarray(known)), axis=1).max())


def lab(levels: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(levels.astype(np.float32)[None] / np.float32(255), cv2.COLOR_RGB2LAB), dtype=np.float32)[0]


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def sixteen(kind: str, values: NDArray[np.uint16]) -> bytes:
    """A 16-bit file, RGB or grey, of an array."""
    ok, data = cv2.imencode(kind, values[..., ::-1] if values.ndim == 3 else values)
    assert ok
    return data.tobytes()


def to_lab(image: Image.Image) -> Image.Image:
    lab_image = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab_image is not None
    return lab_image


# how a chart is stored, and within what delta E it must come back: what eight bits of that kind can hold, measured and rounded up
MODES: dict[str, tuple[float, Callable[[Image.Image], bytes]]] = {
    "png": (0.01, lambda image: saved(image, "PNG")),
    "bmp": (0.01, lambda image: saved(image, "BMP")),
    "gif": (0.01, lambda image: saved(image.quantize(32), "GIF")),
    "tiff": (0.01, lambda image: saved(image, "TIFF")),
    "palette png": (0.01, lambda image: saved(image.quantize(32), "PNG")),
    "16-bit png": (0.01, lambda image: sixteen(".png", np.asarray(image, dtype=np.uint16) * 257)),
    "16-bit tiff": (0.01, lambda image: sixteen(".tiff", np.asarray(image, dtype=np.uint16) * 257)),
    "rgba png": (0.01, lambda image: saved(image.convert("RGBA"), "PNG")),
    "lossless webp": (0.01, lambda image: saved(image, "WEBP", lossless=True)),
    "cmyk tiff": (0.01, lambda image: saved(image.convert("CMYK"), "TIFF")),
    "jpeg 4:4:4": (1.5, lambda image: saved(image, "JPEG", quality=95, subsampling="4:4:4")),
    "jpeg 4:2:0": (1.5, lambda image: saved(image, "JPEG", quality=95, subsampling="4:2:0")),
    "cmyk jpeg": (1.5, lambda image: saved(image.convert("CMYK"), "JPEG", quality=95)),
    "lab tiff": (4.0, lambda image: saved(to_lab(image), "TIFF")),
    "webp": (2.5, lambda image: saved(image, "WEBP", quality=95)),
    "heic": (2.5, lambda image: saved(image, "HEIF", quality=95)),
    "avif": (4.0, lambda image: saved(image, "AVIF", quality=95)),
}


@pytest.mark.parametrize("mode", MODES)
@given(known=colours)
@settings(max_examples=10, deadline=None)
def test_known_colours_come_back_from_every_kind_of_file(mode: str, known: Colours) -> None:
    within, stored = MODES[mode]

    assert off(stored(chart(known)), known) <= within


@given(levels=greys)
@settings(max_examples=10, deadline=None)
def test_greys_come_back_from_grey_files(levels: list[int]) -> None:
    known = [(level, level, level) for level in levels]
    grey = chart(known).convert("L")
    deep = np.asarray(grey, dtype=np.uint16) * 257

    assert off(saved(grey, "PNG"), known) <= 0.01
    assert off(saved(grey, "JPEG", quality=95), known) <= 0.5
    assert off(saved(grey.convert("LA"), "PNG"), known) <= 0.01
    assert off(sixteen(".png", deep), known) <= 0.01
    assert off(sixteen(".tiff", deep), known) <= 0.01
    assert off(saved(grey, "AVIF", quality=95), known) <= 1


@given(known=colours, finer=st.integers(-128, 128))
@settings(max_examples=10, deadline=None)
def test_what_sixteen_bits_say_more_than_eight_is_rounded_by_a_level_at_most(known: Colours, finer: int) -> None:
    deep = np.clip(np.asarray(chart(known), dtype=np.int64) * 257 + finer, 0, 65535).astype(np.uint16)

    read = np.asarray(picture(sixteen(".png", deep), _PATCH * _ACROSS)[1], dtype=np.float64)

    assert np.abs(read - deep / 257).max() <= 1


@given(known=colours, opaque=st.integers(0, 255))
@settings(max_examples=10, deadline=None)
def test_what_is_half_transparent_is_laid_on_white(known: Colours, opaque: int) -> None:
    image = chart(known).convert("RGBA")
    image.putalpha(opaque)
    share = opaque / 255
    wanted = np.asarray(known) * share + 255 * (1 - share)

    read = np.asarray(picture(saved(image, "PNG"), _PATCH * _ACROSS)[1], dtype=np.float64)[::_PATCH, ::_PATCH].reshape(-1, 3)

    assert np.abs(read - wanted).max() <= 1


WIDE = {"display p3": (P3, SRGB_CURVE), "adobe rgb": (ADOBE, ADOBE_CURVE)}
CARRIED: dict[str, tuple[float, dict[str, object]]] = {
    "PNG": (2.0, {}),
    "TIFF": (2.0, {}),
    "JPEG": (2.5, {"quality": 97, "subsampling": "4:4:4"}),
    "WEBP": (2.0, {"lossless": True}),
    "HEIF": (3.0, {"quality": 97}),
    "AVIF": (5.0, {"quality": 97}),
}


@pytest.mark.parametrize("kind", CARRIED)
@pytest.mark.parametrize("space", WIDE)
@given(known=colours)
@settings(max_examples=8, deadline=None)
def test_colours_of_a_wide_space_are_brought_to_srgb(space: str, kind: str, known: Colours) -> None:
    xy, curve = WIDE[space]
    within, how = CARRIED[kind]
    wide = chart(in_space(known, xy, curve))

    data = saved(wide, kind, icc_profile=matrix_profile(space, xy, curve), **how)

    assert off(data, known) <= within


@given(known=colours)
@settings(max_examples=8, deadline=None)
def test_a_palette_and_an_opaque_layer_are_of_their_profile_too(known: Colours) -> None:
    wide, profile = chart(in_space(known, P3, SRGB_CURVE)), matrix_profile("Display P3", P3, SRGB_CURVE)

    assert off(saved(wide.quantize(32), "PNG", icc_profile=profile), known) <= 2.0
    assert off(saved(wide.convert("RGBA"), "PNG", icc_profile=profile), known) <= 2.0


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@given(known=colours)
@settings(max_examples=8, deadline=None)
def test_a_space_that_is_only_named_by_number_is_brought_to_srgb_too(kind: str, known: Colours) -> None:
    data = renumbered(saved(chart(in_space(known, P3, SRGB_CURVE)), kind, quality=97), primaries=12, transfer=13)

    assert off(data, known) <= CARRIED[kind][0]
    assert read_header(data).profile == "Display P3"


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_picture_in_high_dynamic_range_is_refused_in_plain_words(kind: str, transfer: int, name: str) -> None:
    data = renumbered(saved(chart([(90, 120, 40)] * 12), kind), primaries=9, transfer=transfer)

    with pytest.raises(Unreadable, match=f"high dynamic range picture .{name}"):
        read_header(data)


@given(st.binary(max_size=60))
@settings(max_examples=60)
def test_damaged_boxes_name_no_colours(data: bytes) -> None:
    assert colour_numbers(b"\0\0\0\x10meta\0\0\0\0" + data) is None or b"nclx" in data


def in_space(known: Colours, xy: tuple[float, ...], curve: tuple[float, ...]) -> Pixels:
    """The numbers that stand for sRGB colours in a wider space with the same white."""
    srgb = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
    levels = np.asarray(known) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    wide = np.clip(light @ (np.linalg.inv(to_xyz(xy)) @ to_xyz(srgb)).T, 0, 1)
    shown = wide ** (1 / curve[0]) if len(curve) == 1 else np.where(wide <= 0.0031308, wide * 12.92, 1.055 * wide ** (1 / 2.4) - 0.055)
    return np.rint(shown * 255).astype(np.uint8)


def to_xyz(xy: tuple[float, ...]) -> Doubles:
    corners = np.array([[x / y, 1, (1 - x - y) / y] for x, y in zip(xy[::2], xy[1::2], strict=True)]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return np.asarray(corners * np.linalg.solve(corners, white))


def renumbered(data: bytes, *, primaries: int, transfer: int) -> bytes:
    """A HEIC or AVIF file whose colour space is named by other numbers."""
    at = data.index(b"nclx") + 4
    return data[:at] + primaries.to_bytes(2, "big") + transfer.to_bytes(2, "big") + data[at + 4 :]
