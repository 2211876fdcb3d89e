"""Bytes -> facts: of a finished file, or of an original as it came in."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import detail, outskirts, surround, words
from imaging.compare import dhash_of
from imaging.decode import Header, pixels, read_header, shrunk_size
from imaging.errors import TooBig
from imaging.facts import FACTS_VERSION, Box, Facts, Measured
from imaging.filters import Pixels, darkest, shrink
from imaging.invented import upscaling
from imaging.parts import Mask, find_parts
from imaging.subject import SIDE, Subject, find_subject
from imaging.tone import tone

MEASURE_VERSION = 10 * FACTS_VERSION + words.INSTALLED  # with the extra `ocr` the same bytes give more facts: files are measured again once it is there

_WHITE = 253  # Amazon's "pure white", less what JPEG rounds away
_CLIPPED = 254
_CUT = 0.02  # of the longest side: so deep a strip is shown where the subject runs out of the frame

_Full = Callable[[Box], Box]  # a box of the small picture -> of the file


def measure(data: bytes, *, search_words: bool = False) -> Measured:
    """Every fact of a finished file or of any stranger's picture, from its bytes; raises Unreadable, TooBig.

    Words are read, where the extra `ocr` is installed, beside the product where something stands there; with `search_words` in the whole picture,
    which takes about half a second and also finds what runs from the product into the background, or is very pale.
    """
    header = read_header(data)
    _, rgb = pixels(data, max(header.size))
    facts, regions = _file_facts(header), {}
    level, where = _border(rgb)
    facts["border_min_level"] = level
    if where is not None:
        regions["border_min_level"] = where
    small, subject = _picture_facts(rgb, facts, regions)
    _finish_facts(rgb, small, subject, facts, regions, search_words)
    scale = header.size[0] / rgb.shape[1]  # of a JPEG too big for the memory, a half or less was decoded
    if scale > 1:
        facts["upscaling"] = None
    return Measured(facts, {name: _scaled(box, scale, scale, header.size) for name, box in regions.items()})


def probe(data: bytes) -> Measured:
    """The facts that intake judges an original by, from a small decode; of a photo too big for that, the header's alone.

    Raises Unreadable.
    """
    header = read_header(data)
    facts: Facts = _file_facts(header)
    regions: dict[str, Box] = {}
    try:
        _, rgb = pixels(data, detail.SIDE)
    except TooBig:
        return Measured(facts, regions)
    _picture_facts(rgb, facts, regions)
    sharp = detail.sharpest_tiles(_grey(rgb))
    facts["sharpness"] = None if sharp is None else round(sharp, 2)
    scale = header.size[0] / rgb.shape[1]
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
        "jpeg_subsampling": header.jpeg_subsampling,
    }


def _border(rgb: Pixels) -> tuple[int, Box | None]:
    """The darkest level of the outermost ring, and where it is not white, the stretch of the worst side."""
    height, width = rgb.shape[:2]
    sides = {
        (0, 0, width, 1): rgb[0],
        (0, height - 1, width, height): rgb[-1],
        (0, 0, 1, height): rgb[:, 0],
        (width - 1, 0, width, height): rgb[:, -1],
    }
    levels = {box: pixels.min(axis=1) for box, pixels in sides.items()}
    level = min(int(side.min()) for side in levels.values())
    (left, top, _, bottom), worst = min(levels.items(), key=lambda side: float(side[1].mean()))  # a corner's darkest pixel is on two sides
    if level == 255:
        return level, None
    off = np.flatnonzero(worst < 255)
    first, last = int(off[0]), int(off[-1]) + 1
    if bottom - top == 1:
        deep = _deep(rgb[:, first:last] if top == 0 else rgb[::-1, first:last])
        return level, (first, 0, last, deep) if top == 0 else (first, height - deep, last, height)
    deep = _deep(rgb[first:last].swapaxes(0, 1) if left == 0 else rgb[first:last, ::-1].swapaxes(0, 1))
    return level, (0, first, deep, last) if left == 0 else (width - deep, first, width, last)


def _deep(rows: Pixels) -> int:
    """How many rows from the first on are as far from white as a line along the border is, the first at least."""
    means = darkest(rows).mean(axis=1)
    return max(1, int(np.argmax(np.append(means > (means[0] + 255) / 2, True))))


def _picture_facts(rgb: Pixels, facts: Facts, regions: dict[str, Box]) -> tuple[Pixels, Subject]:
    """What intake and finished pictures are both judged by; and the small picture with its subject, for more."""
    size = rgb.shape[1], rgb.shape[0]
    small_size = shrunk_size(size, SIDE)
    small = shrink(rgb, small_size)
    subject = find_subject(small)

    def full(box: Box) -> Box:
        return _scaled(box, size[0] / small_size[0], size[1] / small_size[1], size)

    _background_facts(rgb, small, subject, facts, regions, full)
    facts["subject_found"] = subject.box is not None
    if subject.box is not None:
        _subject_facts(subject, facts, regions, full)
        _take(surround.shadow(_luma(small), subject), facts, regions, full)
        _take(surround.holes(subject), facts, regions, full)
        facts |= tone(small, subject.mask)
    _detail_facts(rgb, small, subject, facts)
    return small, subject


def _finish_facts(rgb: Pixels, small: Pixels, subject: Subject, facts: Facts, regions: dict[str, Box], search_words: bool) -> None:
    """What only finished pictures are judged by, at full size."""
    size = rgb.shape[1], rgb.shape[0]
    facts["dhash"] = dhash_of(small)
    grey = _grey(rgb)
    facts["upscaling"] = upscaling(grey, _as_large(_looked(subject), grey) > 0)
    fine = outskirts.at_side(rgb)
    wider, taller = size[0] / fine.shape[1], size[1] / fine.shape[0]

    def full(box: Box) -> Box:
        return _scaled(box, wider, taller, size)

    beside: list[Box] = []
    if subject.box is not None:
        regions["upscaling"] = regions["fill"]
        across, down = size[0] / small.shape[1], size[1] / small.shape[0]
        _take(surround.left_over(small, _luma(small), subject), facts, regions, lambda box: _scaled(box, across, down, size))
        around = outskirts.outskirts(fine, small, subject)
        _take(around, facts, regions, full)
        beside = outskirts.perhaps_words(fine, subject, around[1].get("marks"))
    if subject.plain:  # otherwise nobody can tell a dial's words from others
        _take(words.words_outside(fine, outskirts.filled(fine, subject), beside, everywhere=search_words), facts, regions, full)


def _take(found: tuple[Facts, dict[str, Box]], facts: Facts, regions: dict[str, Box], full: _Full) -> None:
    facts |= found[0]
    regions |= {name: full(box) for name, box in found[1].items()}


def _background_facts(rgb: Pixels, small: Pixels, subject: Subject, facts: Facts, regions: dict[str, Box], full: _Full) -> None:
    if not subject.background.any():
        return
    where = _as_large(subject.background, rgb)
    white = cv2.bitwise_and(cv2.inRange(rgb, np.full(3, _WHITE), np.full(3, 255)), where)
    facts["background_white_share"] = round(cv2.countNonZero(white) / max(cv2.countNonZero(where), 1), 4)
    luma = _luma(small)
    facts["background_level"] = round(cv2.mean(luma, subject.background.view(np.uint8))[0], 2)
    _take(surround.background(small, luma, subject), facts, regions, full)
    regions["background_tint"] = (0, 0, rgb.shape[1], rgb.shape[0])
    worst = find_parts(subject.background & (darkest(small) < _WHITE))
    if len(worst):
        left, top, right, bottom = (int(v) for v in worst.boxes[0])
        regions["background_white_share"] = full((left, top, right, bottom))


def _subject_facts(subject: Subject, facts: Facts, regions: dict[str, Box], full: _Full) -> None:
    height, width = subject.mask.shape
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
        regions["touching_sides"] = full(_stretch(subject.mask, subject.touching[0]))


def _stretch(mask: Mask, side: str) -> Box:
    """Where along a side of the frame the mask runs out of it."""
    height, width = mask.shape
    line = {"left": mask[:, 0], "right": mask[:, -1], "top": mask[0], "bottom": mask[-1]}[side]
    at = np.flatnonzero(line)
    first, last, deep = int(at[0]), int(at[-1]) + 1, max(2, round(_CUT * max(width, height)))
    return {
        "left": (0, first, deep, last),
        "right": (width - deep, first, width, last),
        "top": (first, 0, last, deep),
        "bottom": (first, height - deep, last, height),
    }[side]


def _detail_facts(rgb: Pixels, small: Pixels, subject: Subject, facts: Facts) -> None:
    looked = _looked(subject)
    facts["luminance"] = int(np.median(_luma(small)[looked]))
    facts["clipped_share"] = round(float((darkest(small)[looked] >= _CLIPPED).mean()), 4)
    grey = shrink(_grey(rgb), shrunk_size((rgb.shape[1], rgb.shape[0]), detail.SIDE))
    mask = _as_large(looked, grey) > 0
    sharp, grain = detail.sharpness(grey, mask), detail.noise(grey, mask)
    facts["sharpness"] = None if sharp is None else round(sharp, 2)
    facts["noise"] = None if grain is None else round(grain, 2)


def _looked(subject: Subject) -> Mask:
    return subject.mask if subject.box is not None else _middle(subject.mask.shape)


def _middle(shape: tuple[int, ...]) -> Mask:
    height, width = shape[:2]
    middle = np.zeros((height, width), bool)
    middle[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return middle


def _as_large(mask: Mask, pixels: Pixels) -> Pixels:
    """The mask at the size of the pixels, 0 and 255."""
    size = pixels.shape[1], pixels.shape[0]
    return np.asarray(cv2.resize(mask.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def _grey(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def _scaled(box: Box, across: float, down: float, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return max(0, round(left * across)), max(0, round(top * down)), min(size[0], round(right * across)), min(size[1], round(bottom * down))
