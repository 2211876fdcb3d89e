"""Writing the finished PNG: nothing is lost, so there is no quality that could be lowered to make it smaller."""

from __future__ import annotations

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imaging.colour import srgb_profile

_USUAL, _HARDEST = 6, 9  # of zlib: the hardest takes several times as long for a few per cent, so only where the file would be too large


def encode_png_within(image: Image.Image, *, most_bytes: int, xmp: bytes = b"", profile: bool = True) -> bytes:
    """An 8-bit sRGB PNG without alpha, packed harder where it would have more than `most_bytes` (then whatever it has); the same for the same picture."""
    data = _encoded(image, _USUAL, xmp, profile)
    return data if len(data) <= most_bytes else min(data, _encoded(image, _HARDEST, xmp, profile), key=len)


def _encoded(image: Image.Image, level: int, xmp: bytes, profile: bool) -> bytes:
    chunks = PngInfo()
    if xmp:
        chunks.add_itxt("XML:com.adobe.xmp", xmp.decode())  # the keyword that ISO 16684-1 gives XMP in a PNG
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG", compress_level=level, icc_profile=srgb_profile() if profile else None, pnginfo=chunks)
    return out.getvalue()
