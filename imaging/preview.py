"""Small pictures for pages."""

from __future__ import annotations

from imaging.decode import MOST_PIXELS, picture
from imaging.jpeg import encode


def to_review_jpeg(data: bytes, longest: int) -> bytes:
    """An upright sRGB JPEG, no side longer than `longest` px, of any readable photo; raises Unreadable."""
    _, image = picture(data, longest, most_pixels=MOST_PIXELS)
    return encode(image, quality=85, subsampling="4:2:0")
