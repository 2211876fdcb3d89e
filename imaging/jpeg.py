"""Writing the finished JPEG, reading the quality of a stranger's."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache

from PIL import Image, JpegImagePlugin

from imaging.colour import srgb_profile

# ITU-T T.81 table K.1, the luminance table that libjpeg scales by quality
_LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip


_LEAST_QUALITY = 60  # what is still too large then is no picture of a product on white
_STEP = 4


def encode_within(image: Image.Image, *, quality: int, subsampling: str, most_bytes: int, xmp: bytes = b"", profile: bool = True) -> tuple[bytes, int]:
    """`encode` at `quality`, or at the next lower one whose file has no more than `most_bytes` (at 60 whatever it has); the file and its quality."""
    while True:
        data = encode(image, quality=quality, subsampling=subsampling, xmp=xmp, profile=profile)
        if len(data) <= most_bytes or quality <= _LEAST_QUALITY:
            return data, quality
        quality = max(_LEAST_QUALITY, quality - _STEP)


def encode(image: Image.Image, *, quality: int, subsampling: str, xmp: bytes = b"", profile: bool = True) -> bytes:
    """An sRGB JPEG with its profile, if wanted, and an XMP packet if one is given; the same picture always gives the same bytes.

    What is 255 before is exactly 255 in every coding block (8 px, 16 at 4:2:0) that is white all over, at 4:2:0 but for the pixel beside another
    block, which decoders smooth; so the outermost ring is, where the margin holds a whole block. In a block with the end of a shadow it is at least
    253 (4:2:0: 249). Beside the item itself an edge's rounding is spread over its block: measured, at the worst 214 at quality 90,
    247 at 98, 252 at 100 (4:2:0: 205, 221, 221), and 41 %, 10 % and .1 % of such blocks' white (4:2:0: 24 %, 9 %, 8 %) are below 253.
    """
    try:
        return _encoded(image, quality, subsampling, xmp, profile, optimize=True)
    except OSError:  # Pillow gives libjpeg one byte a pixel to optimise in; a photo full of grain needs more
        return _encoded(image, quality, subsampling, xmp, profile, optimize=False)


def _encoded(image: Image.Image, quality: int, subsampling: str, xmp: bytes, profile: bool, *, optimize: bool) -> bytes:
    out, icc = io.BytesIO(), srgb_profile() if profile else None
    image.save(out, "JPEG", quality=quality, subsampling=subsampling, optimize=optimize, icc_profile=icc, xmp=xmp)
    return out.getvalue()


def estimate_quality(tables: Mapping[int, Sequence[int]] | None) -> int | None:
    """The libjpeg quality 1..100 whose luminance table is nearest; None without tables."""
    if not tables or 0 not in tables:
        return None
    total = sum(tables[0])
    return min(range(1, 101), key=lambda quality: abs(_table_sum(quality) - total))


def subsampling_of(image: Image.Image) -> str | None:
    """How coarsely an opened JPEG keeps its colours: "4:4:4", "4:2:2", "4:2:0" or "other"; None where it has none."""
    if len(image.getbands()) < 3:
        return None
    return {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}.get(JpegImagePlugin.get_sampling(image), "other")


@cache
def _table_sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return sum(min(255, max(1, (value * scale + 50) // 100)) for value in _LUMINANCE)
