"""Damaged, truncated and stitched files: imaging answers with facts or with `ImagingError`, never with anything else, and stays small."""

from __future__ import annotations

import io
import random
import resource

from PIL import Image

import imaging
from tests.shots import animated, lab_tiff, sixteen_bit_png, watch_photo

ROUNDS = 60
CEILING_MB = 1200  # the whole proof process, all formats; a worker's own ceiling is measured apart


def prove(seed: int) -> str:
    chance, refused, read = random.Random(seed), 0, 0
    for _ in range(ROUNDS):
        data = _damaged(chance, _original(chance))
        try:
            imaging.probe(data)
            imaging.measure(data)
            imaging.to_review_jpeg(data, 200)
            read += 1
        except imaging.ImagingError:
            refused += 1
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert used < CEILING_MB, f"{used:.0f} MB"
    return f"{ROUNDS} files: {read} read, {refused} refused, {used:.0f} MB"


def _original(chance: random.Random) -> bytes:
    size = (chance.randint(200, 900), chance.randint(200, 900))
    kind = chance.choice(("jpeg", "cmyk", "png16", "gif", "tiff", "webp", "png", "text"))
    if kind == "jpeg":
        return watch_photo(seed=chance.randint(0, 20), size=size, orientation=chance.randint(1, 8))
    if kind == "cmyk":
        return watch_photo(seed=1, size=size, cmyk=True)
    if kind == "png16":
        return sixteen_bit_png(1, size)
    if kind == "gif":
        return animated()
    if kind == "tiff":
        return lab_tiff(1, size)
    if kind == "text":
        return chance.randbytes(chance.randint(0, 4000))
    out = io.BytesIO()
    Image.open(io.BytesIO(watch_photo(seed=2, size=size))).save(out, kind.upper())
    return out.getvalue()


def _damaged(chance: random.Random, data: bytes) -> bytes:
    made = bytearray(data)
    for _ in range(chance.choice((0, 1, 3, 40))):
        if made:
            made[chance.randrange(len(made))] = chance.randrange(256)
    if chance.random() < 0.4:
        made = made[: chance.randint(0, len(made))]
    if chance.random() < 0.1:
        made += chance.randbytes(500)
    return bytes(made)
