"""Ways to spoil a good picture: in the light that reaches the sensor, or in the file. Names are those of `catalogue.EXPECTED`."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

Array = Any

STOPS = {"dark": -8.2}  # exposure against the metered one
DISC = {"blurred": 0.0095, "soft": 0.00185}  # radius of the circle of confusion over the width of the frame


def in_light(fault: str, light: Array) -> Array:
    """Linear light (h, w, 3) through a lens out of focus, where the fault says so."""
    radius = DISC.get(fault, 0.0) * light.shape[1]
    if not radius:
        return light
    pad = int(radius) + 2
    padded = np.pad(light, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    h, w = padded.shape[:2]
    y, x = np.ogrid[:h, :w]
    away = np.hypot(np.minimum(y, h - y), np.minimum(x, w - x))
    disc = np.clip(radius + 0.5 - away, 0, 1)
    kernel = np.fft.rfft2(disc / disc.sum())
    blurred = np.stack([np.fft.irfft2(np.fft.rfft2(padded[..., k]) * kernel, s=(h, w)) for k in range(3)], axis=-1)
    return np.maximum(blurred[pad:-pad, pad:-pad], 0)


def in_file(fault: str, pixels: Array, encode: Callable[[Array], bytes]) -> bytes:
    """The file: 320 px small, printer's CMYK, cut off at 60 % of its bytes, or as `encode` makes it."""
    image = Image.fromarray(pixels)
    if fault == "tiny":
        return encode(np.asarray(image.resize((320, 320 * image.height // image.width), Image.Resampling.LANCZOS)))
    if fault == "cmyk":
        out = io.BytesIO()
        image.convert("CMYK").save(out, "JPEG", quality=88, optimize=True)
        return out.getvalue()
    data = encode(pixels)
    return data[: len(data) * 6 // 10] if fault == "truncated" else data
