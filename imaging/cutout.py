"""Photo -> cutout: the item's alpha at working size, with how sure we may be of it. Made once, used by every recipe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.confidence import Confidence, Doubt, judge
from imaging.decode import LEAST_SIDE, ORDINARY_PIXELS, WORKING_SIDE, pixels
from imaging.edges import plain_ramp, refine
from imaging.errors import Unreadable
from imaging.facts import Box, Facts
from imaging.looks import look_at
from imaging.mending import Backdrop, Change, Switches, mend
from imaging.parts import find_parts
from imaging.segment import Segmenter

CUTOUT_VERSION = 9  # raise it when the same photo and model would give another alpha

_LEAST_PIECE = 0.002  # of the frame: smaller parts are dust, not pieces
_PIECES_SIDE = 384  # pieces are counted at no more than this, so that their number does not depend on the camera
_TOUCH = 0.004  # of a side: the item touches a border along at least this much of it
_UNSURE = 0.8  # a probability below it is worth a note


@dataclass(frozen=True, eq=False)
class Cutout:
    """Where the item is in one photo, by one model."""

    mask: NDArray[np.uint8]  # alpha HxW, upright, longest side at most 2000 px
    probability: float  # 0..1 that a person would accept it; never stretched
    notes: tuple[str, ...]
    facts: Facts
    changes: tuple[tuple[str, Box], ...] = ()  # what was mended after the net, and where in the photo
    doubts: tuple[Doubt, ...] = ()  # what may be wrong, the worst first
    evidence: Mapping[str, float] = field(default_factory=dict)  # what the probability follows from
    passes: int = 1  # of the net

    @cached_property
    def alpha(self) -> bytes:
        """`mask` as a PNG, 8-bit grey: what is kept."""
        return to_png(self.mask)


def cutout_id(photo_sha256: str, model_sha256: str, mask_input: str = "net", version: int = CUTOUT_VERSION) -> str:
    """The name of a cutout, known before it is made; `version` is the CUTOUT_VERSION of the release it belongs to."""
    words = json.dumps([photo_sha256, model_sha256, mask_input, version], separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


def mask_input(backdrop: Backdrop | str | None) -> str:
    """What a cutout is made from, in the words of `cutout_id`: the net alone, or with the backdrop that the photo's shoot shares (or the id of it)."""
    return "net" if backdrop is None else f"net, backdrop {backdrop if isinstance(backdrop, str) else backdrop.id}"


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
    header, rgb = pixels(data, WORKING_SIDE, least=LEAST_SIDE, most_pixels=most_pixels)
    looked = look_at(rgb, segmenter, closer=on.closer, mirror=on.mirror)
    if not (looked.p >= 0.5).any():
        raise Unreadable("no item found in the photo")
    mended = mend(rgb, looked.p, on, shared=backdrop)
    alpha = refine(rgb, mended.p) if on.edges else plain_ramp((rgb.shape[1], rgb.shape[0]), mended.p)
    mask = alpha >= 128
    if not mask.any():
        raise Unreadable("no item found in the photo")
    sure = judge(looked, mended, alpha, header.size, segmenter.confidence)
    return Cutout(
        alpha,
        sure.probability,
        _notes(mask, sure, mended.changes),
        _facts(mask, sure, looked.scene),
        tuple((change.words, _in_px(change, header.size)) for change in mended.changes),
        sure.doubts,
        sure.evidence,
        looked.passes,
    )


def to_png(alpha: NDArray[np.uint8]) -> bytes:
    """The 8-bit PNG that everything after works from; run lengths and one filter suit masks, and take a third of the usual time."""
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return cv2.imencode(".png", alpha, settings)[1].tobytes()


def _facts(mask: NDArray[np.bool_], sure: Confidence, scene: Mapping[str, float]) -> Facts:
    facts: Facts = {
        "cutout_confidence": round(sure.probability, 4),
        "cutout_pieces": count_pieces(mask),
        "cutout_touching_sides": touching_sides(mask),
        "cutout_area": round(float(mask.mean()), 5),
    }
    return facts | {f"cutout_{word}": round(probability, 4) for word, probability in scene.items()}


def count_pieces(mask: NDArray[np.bool_]) -> int:
    """Parts of at least .2 % of the frame."""
    step = max(1, -(-max(mask.shape) // _PIECES_SIDE))
    small = mask[::step, ::step]
    return int((find_parts(small, diagonal=True).areas >= _LEAST_PIECE * small.size).sum())


def touching_sides(mask: NDArray[np.bool_]) -> int:
    """How many of the four sides the item runs out of."""
    sides = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return sum(bool(side.sum() > max(1, _TOUCH * len(side))) for side in sides)


def _in_px(change: Change, size: tuple[int, int]) -> Box:
    left, top, right, bottom = change.box
    return round(left * size[0]), round(top * size[1]), round(right * size[0]), round(bottom * size[1])


def _notes(mask: NDArray[np.bool_], sure: Confidence, changes: tuple[Change, ...]) -> tuple[str, ...]:
    notes = []
    touching, pieces = touching_sides(mask), count_pieces(mask)
    if touching:
        notes.append(f"the item touches {touching} side{'s' if touching > 1 else ''} of the photo: it may be cropped")
    if pieces > 1:
        notes.append(f"{pieces} separate pieces")
    notes += dict.fromkeys(change.words for change in changes)
    notes += dict.fromkeys(doubt.words for doubt in sure.doubts)
    if sure.probability < _UNSURE:
        notes.append(f"unsure mask ({sure.probability:.2f})")
    return tuple(notes)
