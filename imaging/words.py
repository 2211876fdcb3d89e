"""Words beside the product, read by rapidocr where the extra `ocr` is installed; the only module that imports it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imaging.errors import ImagingError
from imaging.facts import Box, Facts
from imaging.filters import Pixels
from imaging.parts import Mask

INSTALLED = find_spec("rapidocr") is not None

_SIDE = 1000  # px of the longest side at which lines of words are looked for: letters of 12 px are read
_AROUND = 25  # px around what may be a word: the reader finds lines that fill what it looks at, but not to its edge
_MARGIN = 0.2  # of a line's height lies above and below its letters, and as much at its ends
_OUTSIDE = 0.3  # of a line must lie beyond the product: a dial's and a bezel's own lies on it, of bold letters that touch it half is paper
_ITSELF = 0.5  # of the product; a watch between its ornaments was read as 318
_SURE = 0.8  # the reader's own score
_SIGNS = 3  # different letters or digits that a word has at least: a ring is read as O, a chain as 200000

_reading = threading.Lock()  # the reader keeps what it was asked last in itself

Corners = NDArray[np.float32]  # 4 x 2, of one line


def words_outside(rgb: Pixels, product: Mask, beside: Sequence[Box], *, everywhere: bool) -> tuple[Facts, dict[str, Box]]:
    """`text_outside` and `text_words` of a picture HxWx3 outside the product HxW with its openings filled, and the box in px around all of it.

    Looked for around the boxes `beside`, where something stands that may be a word; with `everywhere` in all of the picture if none is read there.
    None where the extra is not installed; raises ImagingError where it is and does not work.
    """
    if not INSTALLED:
        return {"text_outside": None, "text_words": None}, {}
    height, width = product.shape
    found: list[tuple[str, Corners]] = []
    if beside:
        lefts, tops, rights, bottoms = zip(*beside, strict=True)
        found = _found(rgb, product, (max(0, min(lefts) - _AROUND), max(0, min(tops) - _AROUND), max(rights) + _AROUND, max(bottoms) + _AROUND))
    if everywhere and not found:
        found = _found(rgb, product, (0, 0, width, height))
    if not found:
        return {"text_outside": 0, "text_words": ""}, {}
    text = " / ".join(words for words, _ in found)
    boxes = np.array([_letters(line) for _, line in found])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    box = max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom))
    return {"text_outside": sum(sign.isalnum() for sign in text), "text_words": text}, {"text_outside": box, "text_words": box}


def words_reader() -> str | None:
    """Which reader is installed, after it read a word that was drawn for it; None where there is none. Raises ImagingError where it does not work."""
    if not INSTALLED:
        return None
    card = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(card).text((60, 30), "Packshot", fill="black", font=ImageFont.load_default(size=48))
    read = words_outside(np.asarray(card), np.zeros((120, 400), bool), (), everywhere=True)[0]["text_words"]
    if read != "Packshot":
        raise ImagingError(f"reading words: rapidocr reads {read!r} where Packshot stands; install `packshot[ocr]` again")
    return f"rapidocr {version('rapidocr')}"


def _found(rgb: Pixels, product: Mask, box: Box) -> list[tuple[str, Corners]]:
    """The lines in a box that count, with their words, from top to bottom."""
    left, top, right, bottom = box
    part = rgb[top:bottom, left:right]
    lines = [line + np.array([left, top], np.float32) for line in _lines(part)]
    read = [(words, line) for line in lines if _beside(line, product) and (words := _read(rgb, line))]
    return sorted(read, key=lambda one: (float(one[1][:, 1].min()), float(one[1][:, 0].min())))


@cache
def _reader() -> Any:
    from rapidocr import RapidOCR  # here: it takes a second, and brings onnxruntime

    one_thread = {f"EngineConfig.onnxruntime.{part}_op_num_threads": 1 for part in ("intra", "inter")}
    return RapidOCR(params=one_thread | {"Det.limit_type": "max", "Det.limit_side_len": _SIDE, "Global.log_level": "critical"})


def _ask(pixels: Pixels, **what: bool) -> Any:
    """The reader is made for OpenCV's order of channels."""
    try:
        with _reading:
            return _reader()(np.ascontiguousarray(pixels[..., ::-1]), use_cls=False, **what)
    except Exception as error:  # whatever it raises, the extra is there and does not work
        raise ImagingError(f"reading words: rapidocr does not work ({type(error).__name__}: {str(error)[:200]}); install `packshot[ocr]` again") from error


def _lines(rgb: Pixels) -> list[Corners]:
    found = _ask(rgb, use_det=True, use_rec=False).boxes
    return [] if found is None else [np.asarray(line, dtype=np.float32) for line in found]


def _beside(line: Corners, product: Mask) -> bool:
    """Whether enough of a line does not lie on the product, and it is not the product itself that was taken for a line."""
    there = np.zeros(product.shape, np.uint8)
    cv2.fillConvexPoly(there, np.rint(line).astype(np.int32), 1)
    on = product[there > 0]
    return bool(on.size and (~on).mean() >= _OUTSIDE and on.sum() <= _ITSELF * product.sum())


def _letters(line: Corners) -> Box:
    """The upright box around a line's letters, without most of the margin that the reader leaves around them."""
    margin = _MARGIN * min(float(np.linalg.norm(line[0] - line[corner])) for corner in (1, 3))
    (left, top), (right, bottom) = line.min(axis=0) + margin, line.max(axis=0) - margin
    return int(left), int(top), int(np.ceil(right)), int(np.ceil(bottom))


def _read(rgb: Pixels, line: Corners) -> str:
    """What a line says; nothing where that is too unsure or no word."""
    across, down = (max(1, round(float(np.linalg.norm(line[0] - line[corner])))) for corner in (1, 3))
    flat = np.array([[0, 0], [across, 0], [across, down], [0, down]], np.float32)
    upright = np.asarray(cv2.warpPerspective(rgb, cv2.getPerspectiveTransform(line, flat), (across, down), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
    if down > 1.5 * across:
        upright = np.rot90(upright)
    read = _ask(upright, use_det=False, use_rec=True)
    if not read.txts or float(read.scores[0]) < _SURE:
        return ""
    words = str(read.txts[0]).strip()
    return words if len({sign for sign in words.lower() if sign.isalnum()}) >= _SIGNS else ""
