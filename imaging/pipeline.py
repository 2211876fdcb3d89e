"""Photo + alpha + request -> finished picture. The order of STEPS, or of OWN_STEPS where nothing is cut out, is the program."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from imaging.decode import ORDINARY_PIXELS, load, read_header
from imaging.encode import encode_finished
from imaging.errors import Unreadable
from imaging.frame import Alpha, Frame
from imaging.recipe import AnyRecipe, OwnRecipe, Recipe, RenderRequest
from imaging.scales import longest_px
from imaging.steps.balance import balance
from imaging.steps.cast import cast
from imaging.steps.colour import colour
from imaging.steps.crop import crop, item_size, scale
from imaging.steps.cutout import cutout
from imaging.steps.expose import expose
from imaging.steps.fit import fit, fitted
from imaging.steps.flatten import flatten
from imaging.steps.orient import orient
from imaging.steps.place import place
from imaging.steps.shadow import shadow
from imaging.steps.sharpen import sharpen
from imaging.steps.turn import lean, turn
from imaging.steps.whiten import whiten

_SEEN = 0.01  # a difference in scale that somebody may see
_Kind = TypeVar("_Kind", Recipe, OwnRecipe)

STEPS: tuple[Callable[[Frame, Recipe], Frame], ...] = (
    balance,
    whiten,
    cast,
    crop,
    orient,
    colour,
    expose,
    cutout,
    turn,
    place,
    shadow,
    flatten,
    sharpen,
)
# of a photo that keeps its own background; not `balance`: without a mask nobody knows white paper from a cream dial that fills the frame
OWN_STEPS: tuple[Callable[[Frame, OwnRecipe], Frame], ...] = (fit, orient, colour, sharpen)


@dataclass(frozen=True)
class Rendered:
    """A finished picture and how it came about."""

    data: bytes  # JPEG or PNG as the recipe says, sRGB
    notes: tuple[str, ...]
    ms: dict[str, float]  # per step
    size: tuple[int, int]


def render(data: bytes, alpha: bytes | Alpha | None, request: RenderRequest, *, most_pixels: int = ORDINARY_PIXELS) -> Rendered:
    """The finished picture; the same bytes for the same arguments. Raises Unreadable, TooBig.

    `alpha` is a cutout's mask, or the PNG of it; None where the recipe keeps the photo's own background.
    """
    ms: dict[str, float] = {}
    at = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal at
        now = time.perf_counter()
        ms[name] = round((now - at) * 1000, 2)
        at = now

    recipe: AnyRecipe = request.finishing
    if isinstance(recipe, OwnRecipe):
        if alpha is not None:
            raise ValueError(f"recipe {recipe.name} keeps the photo's own background and takes no mask")
        frame = _stepped(_whole(data, request, recipe, most_pixels), OWN_STEPS, recipe, lap)
    else:
        if alpha is None:
            raise ValueError(f"recipe {recipe.name} needs a mask")
        frame = _stepped(_opened(data, _alpha(alpha), request, recipe, most_pixels), STEPS, recipe, lap)
    image = Image.fromarray(frame.rgb)
    finished, notes = encode_finished(image, request)
    lap("encode")
    return Rendered(finished, (*frame.notes, *notes), ms, image.size)


def _stepped(frame: Frame, steps: Sequence[Callable[[Frame, _Kind], Frame]], recipe: _Kind, lap: Callable[[str], None]) -> Frame:
    lap("decode")
    for step in steps:
        frame = step(frame, recipe)
        lap(step.__name__)
    return frame


def _whole(data: bytes, request: RenderRequest, recipe: OwnRecipe, most_pixels: int) -> Frame:
    """The photo decoded no larger than the finished picture needs it; no mask."""
    header = read_header(data)
    wanted = max(fitted(header.size, recipe)) / max(header.size)
    return Frame(
        image=load(data, min(1.0, wanted), most_pixels=most_pixels).stored,
        alpha=np.zeros((0, 0), np.uint8),
        photo_size=header.size,
        orientation=header.orientation,
        icc=header.icc,
        adjustments=dict(request.adjustments),
    )


def _opened(data: bytes, alpha: Alpha, request: RenderRequest, recipe: Recipe, most_pixels: int) -> Frame:
    """The photo decoded no larger than the finished picture needs it."""
    header = read_header(data)
    asked = None if "white" in request.adjustments else request.backdrop
    backdrop = (asked or recipe.backdrop).removeprefix("#")
    frame = Frame(
        image=Image.new("RGB", (1, 1)),
        alpha=alpha,
        photo_size=header.size,
        orientation=header.orientation,
        icc=header.icc,
        backdrop=(int(backdrop[0:2], 16), int(backdrop[2:4], 16), int(backdrop[4:6], 16)),
        adjustments=dict(request.adjustments),
    )
    _same_shape(alpha, header.size)
    frame = lean(frame, recipe)
    if request.mm_per_px is not None:
        smaller = request.recipe.longest_px / recipe.longest_px  # a canvas of another size shows as many mm
        frame = _to_scale(frame, recipe, request.mm_per_px * smaller)
    wanted = scale(frame, recipe) * alpha.shape[1] / header.size[0]
    return replace(frame, image=load(data, min(1.0, wanted), most_pixels=most_pixels).stored)


def _to_scale(frame: Frame, recipe: Recipe, mm_per_px: float) -> Frame:
    """With the length that the item has at a scale; notes where the recipe's fill does not let it have that."""
    size = item_size(frame)
    wished = longest_px(size, mm_per_px, frame.adjustments)
    scaled = replace(frame, longest_px=wished)
    times = scale(scaled, recipe) * max(size) / wished
    if abs(times - 1) < _SEEN:
        return scaled
    return scaled.noted(f"shown {times:.2f} x as large as its family's scale: the recipe's fill leaves it no more {'room' if times < 1 else 'white'}")


def _alpha(given: bytes | Alpha) -> Alpha:
    alpha = _read_png(given) if isinstance(given, bytes) else given
    if not (alpha >= 128).any():
        raise Unreadable("the mask is empty: there is no item to show")
    return alpha


def _read_png(png: bytes) -> Alpha:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            return np.asarray(image.convert("L"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Unreadable(f"the stored mask is damaged ({error})") from error


def _same_shape(alpha: Alpha, size: tuple[int, int]) -> None:
    height, width = alpha.shape
    if abs(width * size[1] - height * size[0]) > 2 * max(size):
        raise Unreadable(f"the mask ({width} x {height}) does not belong to this photo ({size[0]} x {size[1]})")
