"""ICC profiles of the RGB spaces that a HEIC or AVIF file may name by number instead of carrying a profile."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Curve = Sequence[float]  # g, or g a b c d of ICC.1 parametric curve type 3: (a x + b)^g from d on, c x below it

SRGB_CURVE: Curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)

# ITU-T H.273: primaries by number -> name and xy of red, green, blue; all with the white D65
_PRIMARIES: dict[int, tuple[str, tuple[float, ...]]] = {
    9: ("BT.2020", (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
    12: ("Display P3", (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)),
}
# ... transfer characteristics by number -> curve; others are shown as sRGB is, as browsers do
_CURVES: dict[int, Curve] = {4: (2.2,), 5: (2.8,), 8: (1.0,)}
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}

_D65_XY = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])  # of the profile connection space
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_BOXES = {b"meta": 4, b"iprp": 0, b"ipco": 0}  # on the way to the colour box, and how much each holds before its own boxes


@lru_cache(maxsize=8)
def named_profile(primaries: int, transfer: int) -> bytes | None:
    """The profile of an H.273 pair; None for sRGB, and for primaries that we know no better."""
    if primaries not in _PRIMARIES:
        return None
    name, xy = _PRIMARIES[primaries]
    return matrix_profile(name, xy, _CURVES.get(transfer, SRGB_CURVE))


def colour_numbers(data: bytes) -> tuple[int, int] | None:
    """H.273 primaries and transfer of the first colour box of a HEIC or AVIF file that names them so; None without one, or where boxes are damaged."""
    return _within(data, 0, len(data))


def matrix_profile(name: str, xy: Sequence[float], curve: Curve, white: tuple[float, float] = _D65_XY) -> bytes:
    """An ICC version 4 display profile of an RGB space: xy of red, green and blue, one curve for all; the same bytes every time."""
    columns = _to_d50(white) @ _to_xyz(xy, white)
    tone = b"para" + struct.pack(">IHH", 0, 3 if len(curve) > 1 else 0, 0) + b"".join(_fixed(value) for value in curve)
    tags = {
        b"desc": _words(name),
        b"cprt": _words("no copyright"),
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(columns[:, 0]),
        b"gXYZ": _xyz(columns[:, 1]),
        b"bXYZ": _xyz(columns[:, 2]),
        b"rTRC": tone,
        b"gTRC": tone,
        b"bTRC": tone,
    }
    at, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    made = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    head = b"\0\0\0\0" + struct.pack(">I", 0x04300000) + b"mntrRGB XYZ " + made + b"acsp" + bytes(28) + b"".join(_fixed(value) for value in _D50)
    profile = head + bytes(128 - 4 - len(head)) + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(profile) + 4) + profile


def _within(data: bytes, start: int, end: int) -> tuple[int, int] | None:
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        size = size or end - at
        if size < head or at + size > end:
            return None
        inside = at + head
        if kind == b"colr" and data[inside : inside + 4] == b"nclx" and size >= head + 8:
            primaries, transfer = struct.unpack_from(">HH", data, inside + 4)
            return primaries, transfer
        if kind in _BOXES and (found := _within(data, inside + _BOXES[kind], at + size)) is not None:
            return found
        at += size
    return None


def _to_xyz(xy: Sequence[float], white: tuple[float, float]) -> NDArray[np.float64]:
    """Linear RGB -> CIE XYZ under its own white (SMPTE RP 177)."""
    corners = np.array([_from_xy(x, y) for x, y in zip(xy[::2], xy[1::2], strict=True)]).T
    return np.asarray(corners * np.linalg.solve(corners, _from_xy(*white)))


def _to_d50(white: tuple[float, float]) -> NDArray[np.float64]:
    cones = (_BRADFORD @ _D50) / (_BRADFORD @ _from_xy(*white))
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD)


def _from_xy(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(_fixed(float(value)) for value in values)


def _words(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(encoded), 28) + encoded
