"""Photo -> cutout: the item's alpha at working size, with how sure we may be of it. Made once, used by every recipe."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.decode import ORDINARY_PIXELS, WORKING_SIDE, as_array, picture
from imaging.edges import plain_ramp, refine
from imaging.errors import Unreadable
from imaging.facts import Box, Facts
from imaging.filters import Floats
from imaging.mending import Backdrop, Change, Switches, mend
from imaging.parts import find_parts
from imaging.segment import Segmenter

CUTOUT_VERSION = 4  # raise it when the same photo and model would give another alpha

_LEAST_PIECE = 0.002  # of the frame: smaller parts are dust, not pieces
_PIECES_SIDE = 384  # pieces are counted at no more than this, so that their number does not depend on the camera
_TOUCH = 0.004  # of a side: the item touches a border along at least this much of it


@dataclass(frozen=True)
class Cutout:
    """Where the item is in one photo, by one model."""

    alpha: bytes  # PNG, 8-bit grey, upright, longest side at most 2000 px
    size: tuple[int, int]
    probability: float  # 0..1 that a person would accept it, from the raw logits
    notes: tuple[str, ...]
    facts: Facts
    changes: tuple[tuple[str, Box], ...] = ()  # what was mended after the net, and where in the photo


def cutout_id(photo_sha256: str, model_sha256: str, mask_input: str = "net") -> str:
    """The name of a cutout, known before it is made."""
    words = json.dumps([photo_sha256, model_sha256, mask_input, CUTOUT_VERSION], separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


def cut_out(
    data: bytes,
    segmenter: Segmenter,
    *,
    most_pixels: int = ORDINARY_PIXELS,
    switches: Switches | None = None,
    backdrop: Backdrop | None = None,
) -> Cutout:
    """The item of a photo; raises Unreadable, TooBig. `switches` turns steps after the net off; `backdrop` is what its shoot shares, if known."""
    on = switches or Switches()
    header, image = picture(data, WORKING_SIDE, most_pixels=most_pixels)
    rgb = as_array(image)
    raw = _probability(segmenter(rgb))
    if not (raw >= 0.5).any():
        raise Unreadable("no item found in the photo")
    mended = mend(rgb, raw, on, shared=backdrop)
    alpha = refine(rgb, mended.p) if on.edges else plain_ramp(image.size, mended.p)
    mask = alpha >= 128
    if not mask.any():
        raise Unreadable("no item found in the photo")
    pieces, touching = count_pieces(mask), touching_sides(mask)
    confidence = _confidence(raw, touching)
    facts: Facts = {
        "cutout_confidence": round(confidence, 4),
        "cutout_pieces": pieces,
        "cutout_touching_sides": touching,
        "cutout_area": round(float(mask.mean()), 5),
    }
    changes = tuple((change.words, _in_px(change, header.size)) for change in mended.changes)
    return Cutout(to_png(alpha), image.size, confidence, _notes(pieces, touching, confidence, mended.changes), facts, changes)


def to_png(alpha: NDArray[np.uint8]) -> bytes:
    """The 8-bit PNG that everything after works from."""
    out = io.BytesIO()
    Image.fromarray(alpha).save(out, "PNG", compress_level=1)
    return out.getvalue()


def count_pieces(mask: NDArray[np.bool_]) -> int:
    """Parts of at least .2 % of the frame."""
    step = max(1, -(-max(mask.shape) // _PIECES_SIDE))
    small = mask[::step, ::step]
    return int((find_parts(small, diagonal=True).areas >= _LEAST_PIECE * small.size).sum())


def touching_sides(mask: NDArray[np.bool_]) -> int:
    """How many of the four sides the item runs out of."""
    sides = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return sum(bool(side.sum() > max(1, _TOUCH * len(side))) for side in sides)


def _probability(logits: NDArray[np.float32]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), dtype=np.float32)


def _confidence(p: Floats, touching: int) -> float:
    """The overlap that the net itself expects of its mask with the truth: expected intersection over expected union.

    A share of its own probabilities, so an unsure net gives a low number and nothing is stretched.
    """
    inside = p >= 0.5
    overlap = float(p[inside].sum())
    union = float(inside.sum()) + float(p[~inside].sum())
    expected = overlap / union if union else 0.0
    return expected * 0.9**touching


def _in_px(change: Change, size: tuple[int, int]) -> Box:
    left, top, right, bottom = change.box
    return round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1])


def _notes(pieces: int, touching: int, confidence: float, changes: tuple[Change, ...]) -> tuple[str, ...]:
    notes = []
    if touching:
        notes.append(f"the item touches {touching} side{'s' if touching > 1 else ''} of the photo: it may be cropped")
    if pieces > 1:
        notes.append(f"{pieces} separate pieces")
    notes += dict.fromkeys(change.words for change in changes)
    if confidence < 0.8:
        notes.append(f"unsure mask ({confidence:.2f})")
    return tuple(notes)
