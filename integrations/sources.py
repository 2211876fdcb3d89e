"""Where photographs come from: an address in a webhook, or a file whose name says what it is."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from integrations.fetch import fetch

__all__ = ["PHOTO_LIMIT_BYTES", "PHOTO_SUFFIXES", "fetch_photo", "name_candidates"]

PHOTO_LIMIT_BYTES = 64 * 1024 * 1024
PHOTO_SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif", ".bmp", ".gif"])

_CAMERA = re.compile(r"^(?:_?(?:img|dsc|dscf|dscn|mg|pxl|dji|p)[_-]?)(\d+)$", re.IGNORECASE)
_SHOT = re.compile(r"^[a-z][a-z0-9-]*$")


def fetch_photo(url: str, *, limit_bytes: int = PHOTO_LIMIT_BYTES, allow_loopback: bool = False, deadline: float = 120.0) -> bytes:
    """The photograph at a public http(s) address. Refused: private address, too big, too slow, not found; TryLater: their server is unwell."""
    return fetch(url, limit_bytes=limit_bytes, deadline=deadline, allow_loopback=allow_loopback)


def name_candidates(path: str) -> list[tuple[str, str, int]]:
    """Every reading of a name, likeliest first, for a caller who knows which SKUs exist. A shot "" or an order 0 was not said.

    `SKU/dial.jpg`, `SKU/2_dial.jpg`, `SKU/dial_2.jpg` and `SKU/IMG_0042.jpg` by folder; `SKU_dial.jpg`, `SKU_2_dial.jpg`, `SKU_2.jpg` by name.
    A SKU may hold underscores: `AB_12_dial` is AB with order 12, or else SKU AB_12.
    """
    name = PurePosixPath(path.replace("\\", "/"))
    if name.suffix.lower() not in PHOTO_SUFFIXES or name.name.startswith((".", "~")):
        return []
    readings = []
    if name.parent.name not in ("", ".", ".."):
        shot, order = _shot_and_order(re.split(r"[_ ]+", name.stem))
        readings.append((name.parent.name, shot, order))
    parts = [] if _CAMERA.match(name.stem) else name.stem.split("_")
    for cut in range(1, len(parts)):
        sku, rest = "_".join(parts[:cut]), parts[cut:]
        if sku and len(rest) <= 2 and all(rest):
            shot, order = _shot_and_order(rest)
            if shot or order:
                readings.append((sku, shot, order))
    return list(dict.fromkeys(readings))


def _shot_and_order(parts: list[str]) -> tuple[str, int]:
    """`["2", "dial"]` -> ("dial", 2); a camera's own counter is an order, not a shot."""
    camera = _CAMERA.match("_".join(parts))
    if camera:
        return "", int(camera[1])
    words, order = [], 0
    for part in parts:
        if part.isdigit():
            order = order or int(part)
        elif part:
            words.append(part.lower())
    shot = "-".join(words)
    return (shot if _SHOT.match(shot) else ""), order
