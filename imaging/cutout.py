"""Photo -> cutout: the item's alpha at working size, with how sure we may be of it. Made once, used by every recipe."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.decode import ORDINARY_PIXELS, WORKING_SIDE, as_array, picture, shrunk_size
from imaging.edges import crisp, fit_edges
from imaging.errors import Unreadable
from imaging.facts import Facts
from imaging.filters import Floats, box_mean, resize
from imaging.mend import fill_foreign_holes
from imaging.parts import Mask, fill_enclosed, find_parts
from imaging.segment import Segmenter

CUTOUT_VERSION = 2  # raise it when the same photo and model would give another alpha

_LEAST_PIECE = 0.002  # of the frame: smaller parts are dust, not pieces
_PIECES_SIDE = 384  # pieces are counted at no more than this, so that their number does not depend on the camera
_DUST = 0.0003  # of the frame: smaller parts of the mask are nothing
_BESIDE = 0.012  # of the longest side: how far beside the mask its soft edge may reach
_HOLES_SIDE = 800  # px at which holes are outlined
_TOUCH = 0.004  # of a side: the item touches a border along at least this much of it


@dataclass(frozen=True)
class Cutout:
    """Where the item is in one photo, by one model."""

    alpha: bytes  # PNG, 8-bit grey, upright, longest side at most 2000 px
    size: tuple[int, int]
    probability: float  # 0..1 that a person would accept it, from the raw logits
    notes: tuple[str, ...]
    facts: Facts


def cutout_id(photo_sha256: str, model_sha256: str, mask_input: str = "net") -> str:
    """The name of a cutout, known before it is made."""
    words = json.dumps([photo_sha256, model_sha256, mask_input, CUTOUT_VERSION], separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


def cut_out(data: bytes, segmenter: Segmenter, *, most_pixels: int = ORDINARY_PIXELS) -> Cutout:
    """The item of a photo; raises Unreadable, TooBig."""
    _, image = picture(data, WORKING_SIDE, most_pixels=most_pixels)
    rgb = as_array(image)
    raw = _probability(segmenter(rgb))
    if not (raw >= 0.5).any():
        raise Unreadable("no item found in the photo")
    mended, filled = fill_foreign_holes(rgb, raw)
    alpha = _settled(rgb, mended)
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
    return Cutout(to_png(alpha), image.size, confidence, _notes(pieces, touching, confidence, filled), facts)


def to_png(alpha: NDArray[np.uint8]) -> bytes:
    """The 8-bit PNG that everything after works from."""
    out = io.BytesIO()
    Image.fromarray(alpha).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _settled(rgb: NDArray[np.uint8], p: Floats) -> NDArray[np.uint8]:
    """The alpha of a probability map: outline on the photo's edges, holes no smaller than the map has them, no dust."""
    size = (rgb.shape[1], rgb.shape[0])
    alpha = fit_edges(rgb, p)
    mask = resize(p, shrunk_size(size, _HOLES_SIDE), Image.Resampling.BICUBIC) >= 0.5
    holes = fill_enclosed(mask) & ~mask
    if holes.any():
        inside = np.asarray(Image.fromarray(holes).resize(size, Image.Resampling.NEAREST))
        alpha = np.where(inside, np.minimum(alpha, resize(p, size, Image.Resampling.BICUBIC)), alpha)
    return np.asarray(np.floor(crisp(alpha) * _near_pieces(p >= 0.5, size) * 255), dtype=np.uint8)


def _near_pieces(mask: Mask, size: tuple[int, int]) -> Floats:
    """1 in and right beside parts that are more than dust, 0 elsewhere: alpha may be there."""
    parts = find_parts(mask, diagonal=True)
    real = np.concatenate([[False], parts.areas >= _DUST * mask.size])
    if len(parts) and not real.any():
        real[1] = True
    near = box_mean(real[parts.labels].astype(np.float32), max(1, round(_BESIDE * max(mask.shape)))) > 1e-4
    return resize(near.astype(np.float32), size, Image.Resampling.BILINEAR)


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


def _notes(pieces: int, touching: int, confidence: float, filled: int) -> tuple[str, ...]:
    notes = []
    if touching:
        notes.append(f"the item touches {touching} side{'s' if touching > 1 else ''} of the photo: it may be cropped")
    if pieces > 1:
        notes.append(f"{pieces} separate pieces")
    if filled:
        notes.append(f"filled {filled} hole{'s' if filled > 1 else ''} in the mask that showed no backdrop")
    if confidence < 0.8:
        notes.append(f"unsure mask ({confidence:.2f})")
    return tuple(notes)
