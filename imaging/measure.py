"""Bytes -> facts: of a finished file, or of an original as it came in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from imaging import detail
from imaging.colour import to_srgb
from imaging.decode import Header, load, picture, read_header, shrunk, upright
from imaging.errors import TooBig
from imaging.facts import Box, Facts, Measured
from imaging.parts import Mask, find_parts
from imaging.subject import SIDE, Subject, find_subject

_WHITE = 253  # Amazon's "pure white", less what JPEG rounds away
_CLIPPED = 254

_Full = Callable[[Box], Box]  # a box of the small picture -> of the file


def measure(data: bytes) -> Measured:
    """Every fact of a finished file or of any stranger's picture, from its bytes; raises Unreadable, TooBig."""
    header = read_header(data)
    photo = load(data, 1.0)
    image = to_srgb(upright(photo.image, header.orientation), header.icc)
    facts, regions = _file_facts(header), {}
    level, where = _border(image)
    facts["border_min_level"] = level
    if where is not None:
        regions["border_min_level"] = where
    _picture_facts(image, facts, regions)
    return Measured(facts, regions)


def probe(data: bytes) -> Measured:
    """The facts that intake judges an original by, from a small decode; of a photo too big for that, the header's alone.

    Raises Unreadable.
    """
    header = read_header(data)
    facts: Facts = _file_facts(header)
    regions: dict[str, Box] = {}
    try:
        _, image = picture(data, detail.SIDE)
    except TooBig:
        return Measured(facts, regions)
    _picture_facts(image, facts, regions)
    grey = np.asarray(image.convert("L"))
    sharp = detail.sharpest_tiles(grey)
    facts["sharpness"] = None if sharp is None else round(sharp, 2)
    scale = header.size[0] / image.width
    return Measured(facts, {name: _scaled(box, scale, scale, header.size) for name, box in regions.items()})


def _file_facts(header: Header) -> Facts:
    width, height = header.size
    return {
        "format": header.format,
        "width": width,
        "height": height,
        "longest_side": max(width, height),
        "shortest_side": min(width, height),
        "aspect": round(width / height, 4),
        "megapixels": round(width * height / 1e6, 3),
        "mode": header.mode,
        "has_alpha": header.has_alpha,
        "frames": header.frames,
        "bytes": header.length,
        "profile": header.profile,
        "jpeg_quality": header.jpeg_quality,
    }


def _border(image: Image.Image) -> tuple[int, Box | None]:
    """The darkest level of the outermost ring, and where it is not white, the stretch of the worst side."""
    width, height = image.size
    sides = {
        (0, 0, width, 1): np.asarray(image.crop((0, 0, width, 1))),
        (0, height - 1, width, height): np.asarray(image.crop((0, height - 1, width, height))),
        (0, 0, 1, height): np.asarray(image.crop((0, 0, 1, height))),
        (width - 1, 0, width, height): np.asarray(image.crop((width - 1, 0, width, height))),
    }
    levels = {box: pixels.min(axis=2).ravel() for box, pixels in sides.items()}
    (left, top, right, bottom), worst = min(levels.items(), key=lambda side: int(side[1].min()))
    level = int(worst.min())
    if level == 255:
        return level, None
    off = np.flatnonzero(worst < 255)
    first, last = int(off[0]), int(off[-1]) + 1
    return level, (first, top, last, bottom) if bottom - top == 1 else (left, first, right, last)


def _picture_facts(image: Image.Image, facts: Facts, regions: dict[str, Box]) -> None:
    small = shrunk(image, SIDE)
    rgb = np.asarray(small)
    subject = find_subject(rgb)
    across, down = image.width / small.width, image.height / small.height

    def full(box: Box) -> Box:
        return _scaled(box, across, down, image.size)

    _background_facts(image, rgb, subject, facts, regions, full)
    facts["subject_found"] = subject.box is not None
    if subject.box is not None:
        _subject_facts(small, subject, facts, regions, full)
    _detail_facts(image, small, rgb, subject, facts)


def _background_facts(image: Image.Image, rgb: NDArray[np.uint8], subject: Subject, facts: Facts, regions: dict[str, Box], full: _Full) -> None:
    if not subject.background.any():
        return
    red, green, blue = image.split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    where = Image.fromarray(subject.background).resize(image.size, Image.Resampling.NEAREST)
    counts = np.array(darkest.histogram(where))
    facts["background_white_share"] = round(float(counts[_WHITE:].sum() / max(counts.sum(), 1)), 4)
    facts["background_level"] = round(float(_luma(rgb)[subject.background].mean()), 2)
    worst = find_parts(subject.background & (rgb.min(axis=2) < _WHITE))
    if len(worst):
        left, top, right, bottom = (int(v) for v in worst.boxes[0])
        regions["background_white_share"] = full((left, top, right, bottom))


def _subject_facts(small: Image.Image, subject: Subject, facts: Facts, regions: dict[str, Box], full: _Full) -> None:
    width, height = small.size
    left, top, right, bottom = subject.box or (0, 0, width, height)
    facts["fill"] = round(max((right - left) / width, (bottom - top) / height), 4)
    facts["fill_area"] = round(float(subject.mask.mean()), 4)
    offset = np.hypot((left + right - width) / 2, (top + bottom - height) / 2) / np.hypot(width, height)
    facts["centre_offset"] = round(float(offset), 4)
    facts["pieces"] = len(subject.pieces)
    facts["touching_sides"] = len(subject.touching)
    box = full((left, top, right, bottom))
    regions |= dict.fromkeys(("fill", "fill_area", "centre_offset", "sharpness", "luminance", "clipped_share"), box)
    if len(subject.pieces) > 1:
        regions["pieces"] = full(subject.pieces[1])
    if subject.touching:
        strip = {"left": (0, top, 2, bottom), "top": (left, 0, right, 2), "right": (width - 2, top, width, bottom), "bottom": (left, height - 2, right, height)}
        regions["touching_sides"] = full(strip[subject.touching[0]])


def _detail_facts(image: Image.Image, small: Image.Image, rgb: NDArray[np.uint8], subject: Subject, facts: Facts) -> None:
    looked = subject.mask if subject.box is not None else _middle(subject.mask.shape)
    facts["luminance"] = int(np.median(_luma(rgb)[looked]))
    facts["clipped_share"] = round(float((rgb[looked].min(axis=1) >= _CLIPPED).mean()), 4)
    fine = shrunk(image.convert("L"), detail.SIDE)
    mask = np.asarray(Image.fromarray(looked).resize(fine.size, Image.Resampling.NEAREST))
    grey = np.asarray(fine)
    sharp, grain = detail.sharpness(grey, mask), detail.noise(grey, mask)
    facts["sharpness"] = None if sharp is None else round(sharp, 2)
    facts["noise"] = None if grain is None else round(grain, 2)


def _middle(shape: tuple[int, ...]) -> Mask:
    height, width = shape[:2]
    middle = np.zeros((height, width), bool)
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return middle


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def _scaled(box: Box, across: float, down: float, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return round(left * across), round(top * down), min(size[0], round(right * across)), min(size[1], round(bottom * down))
