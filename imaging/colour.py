"""Any decoded mode and profile -> RGB in sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_DATE = slice(24, 36)  # of an ICC header: when it was made


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """A small sRGB profile, the same bytes every time (LittleCMS stamps the current time into it; we do not keep that)."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_DATE] = (2000).to_bytes(2, "big") + (1).to_bytes(2, "big") + (1).to_bytes(2, "big") + bytes(6)
    return bytes(made)


def profile_name(icc: Any) -> str:
    """ "srgb", "none", or the profile's own description ("unreadable" where it has none)."""
    if not isinstance(icc, bytes) or not icc:
        return "none"
    try:
        words = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(icc))).strip()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "unreadable"
    if words.lower().startswith("srgb"):
        return "srgb"
    return words[:80] or "unnamed"


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Mode RGB in sRGB; transparency is laid on white; without a usable profile the numbers are taken as sRGB."""
    image = _eight_bit(image)
    if image.mode in ("P", "PA", "LA", "RGBA", "La", "RGBa") and (image.mode != "P" or "transparency" in image.info):
        image = _on_white(image.convert("RGBA"))
    elif image.mode in ("P", "1", "HSV", "YCbCr", "RGBX"):
        image = image.convert("RGB")
    if icc is not None and profile_name(icc) not in ("srgb", "unreadable"):
        converted = _by_profile(image, icc)
        if converted is not None:
            return converted
    if image.mode == "LAB":
        image = _from_lab(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _by_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Through the embedded profile; None where it does not fit the pixels (a grey profile on RGB data, say)."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _from_lab(image: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB")
    return converted if converted is not None else image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """16- and 32-bit greys as 8-bit grey; other modes as they are."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return image
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    top = 65535.0 if image.mode != "F" else max(1.0, float(values.max(initial=0)))
    return Image.fromarray(np.clip(np.rint(values * (255 / top)), 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")
