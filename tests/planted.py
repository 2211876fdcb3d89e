"""Finished pictures with one fault in a known place, and clean ones: drawn items through our own pipeline, spoilt before or after it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import imaging
import rules
from imaging.facts import Box
from imaging.parts import fill_enclosed, find_parts
from imaging.training.drawn import draw
from tests import shots

SIDE = 1200
WHOLE = ("watch", "watch", "digital", "closed watch", "loop", "ring", "bangle", "pendant")  # kinds that are one piece
OPEN = ("loop", "ring", "bangle", "closed watch")

Pixels = NDArray[np.uint8]
_RECIPE = imaging.load_recipes()["amazon-main"].model_copy(update={"width_px": SIDE, "height_px": SIDE})
_SMALLER = _RECIPE.model_copy(update={"fill": _RECIPE.fill.model_copy(update={"share": 0.6, "least": 0.5})})
_BARE = {"shadow": _RECIPE.shadow.model_copy(update={"contact": 0.0, "ambient": 0.0})}


@dataclass(frozen=True)
class Item:
    """A drawn item as a photographer would have it: on light paper, with the exact mask."""

    photo: bytes
    alpha: Pixels

    def finished(self, recipe: imaging.Recipe = _RECIPE, alpha: Pixels | None = None, photo: bytes | None = None) -> bytes:
        mask = self.alpha if alpha is None else alpha
        return imaging.render(photo or self.photo, shots.alpha_png(mask), imaging.RenderRequest(photo="p", cutout="c", recipe=recipe)).data

    def outline(self, recipe: imaging.Recipe = _RECIPE, alpha: Pixels | None = None) -> NDArray[np.bool_]:
        """Where the finished picture shows the item."""
        mask = self.alpha if alpha is None else alpha
        black = jpeg(np.zeros((*mask.shape, 3), np.uint8))
        return _pixels(self.finished(recipe.model_copy(update=_BARE), mask, black)).max(axis=2) < 128


@dataclass(frozen=True)
class Planted:
    """A file, and the box in px of what is wrong with it."""

    data: bytes
    box: Box


def item(chance: np.random.Generator, kinds: tuple[str, ...] = WHOLE) -> Item:
    """A drawn item on paper of a random grey with a slope, some grain and a soft shadow.

    Never one whose outline is white, nor one in parts: on white nobody can say from the picture alone where it ends, or that they belong together.
    """
    while True:
        drawn = draw(int(chance.integers(1 << 30)), str(chance.choice(kinds)), fine=True)
        whole = np.pad(drawn[..., 3] >= 128, 1)
        rim = (whole & ~cv2.erode(whole.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool))[1:-1, 1:-1]
        if (drawn[rim][:, :3].min(axis=1) >= 240).mean() < 0.03 and _one_part(drawn[..., 3]):
            break
    height, width = drawn.shape[:2]
    side = round(max(height, width) * 1.25)
    top, left = (side - height) // 2, (side - width) // 2
    rgba = np.zeros((side, side, 4), np.float32)
    rgba[top : top + height, left : left + width] = drawn
    alpha = rgba[..., 3:] / 255
    ramp = np.linspace(-6, 6, side, dtype=np.float32)[:, None, None]
    shade = 1 - 0.25 * cv2.GaussianBlur(np.roll(alpha[..., 0], side // 100, axis=0), (0, 0), side * 0.015)[..., None]
    paper = (float(chance.uniform(185, 235)) + ramp) * shade
    rgb = rgba[..., :3] * alpha + paper * (1 - alpha) + chance.normal(0, 1.2, (side, side, 1)).astype(np.float32)
    return Item(jpeg(np.clip(np.rint(rgb), 0, 255).astype(np.uint8), 95), np.ascontiguousarray(rgba[..., 3].astype(np.uint8)))


def clean(chance: np.random.Generator) -> bytes:
    """A finished picture with no fault."""
    return item(chance).finished(_SMALLER if chance.random() < 0.2 else _RECIPE)


def halo(chance: np.random.Generator) -> Planted:
    """A band of paper left along the whole outline, of another tone than the item has there."""
    while True:
        thing = item(chance)
        rgb, outline = _pixels(thing.finished()), thing.outline()
        tone = int(chance.integers(185, 222))
        rim = outline & ~cv2.erode(outline.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)
        if (np.abs(rgb[rim].astype(int) - tone).max(axis=1) > 40).mean() > 0.8:
            break
    wide = int(chance.integers(5, 11))
    grown = cv2.dilate(outline.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * wide + 1, 2 * wide + 1)))
    share = np.maximum(cv2.GaussianBlur(grown, (0, 0), 0.6) - cv2.GaussianBlur(outline.astype(np.float32), (0, 0), 0.6), 0)[..., None]
    paper = tone + chance.normal(0, 1.5, (SIDE, SIDE, 1))
    return Planted(jpeg(np.clip(np.rint(rgb * (1 - share) + paper * share), 0, 255).astype(np.uint8)), _box(grown > 0.5))


def grey_corner(chance: np.random.Generator) -> Planted:
    rgb = _pixels(clean(chance)).astype(np.float32)
    deep, reach = chance.uniform(30, 80), SIDE * chance.uniform(0.15, 0.28)
    ys, xs = np.mgrid[:SIDE, :SIDE]
    x, y = (xs if chance.random() < 0.5 else SIDE - 1 - xs), (ys if chance.random() < 0.5 else SIDE - 1 - ys)
    drop = deep * np.clip(1 - np.hypot(x, y) / reach, 0, 1)
    return Planted(jpeg(np.rint(np.clip(rgb - drop[..., None], 0, 255)).astype(np.uint8)), _box(drop > 4))


def unfilled_hole(chance: np.random.Generator) -> Planted:
    while True:
        thing = item(chance, OPEN)
        filled = _filled(thing.alpha)
        if (filled.astype(int) - thing.alpha > 128).sum() > 0.06 * (filled > 128).sum():
            break
    hole = thing.outline(alpha=filled) & ~thing.outline()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(hole.astype(np.uint8))
    assert count > 1
    return Planted(thing.finished(alpha=filled), _box(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))))


def cropped_lug(chance: np.random.Generator) -> Planted:
    thing = item(chance)
    outline, rgb, turns = thing.outline(), _pixels(thing.finished()), int(chance.integers(4))
    outline, rgb = np.rot90(outline, turns), np.rot90(rgb, turns)
    rows = np.flatnonzero(outline.any(axis=1))
    by = int(rows[0] + chance.uniform(0.05, 0.15) * (rows[-1] - rows[0]))
    moved = np.full_like(rgb, 255)
    moved[: SIDE - by] = rgb[by:]
    cut = np.zeros((SIDE, SIDE), bool)
    cut[: SIDE // 50] = outline[by]
    return Planted(jpeg(np.ascontiguousarray(np.rot90(moved, -turns))), _box(np.rot90(cut, -turns)))


def second_object(chance: np.random.Generator) -> Planted:
    thing = item(chance)
    rgb, outline = _pixels(thing.finished(_SMALLER)), thing.outline(_SMALLER)
    other = draw(int(chance.integers(1 << 30)), str(chance.choice(("watch", "digital", "bangle", "brooch"))))
    side = SIDE * chance.uniform(0.12, 0.18)
    small = cv2.resize(other, None, fx=side / max(other.shape), fy=side / max(other.shape), interpolation=cv2.INTER_AREA)
    left, top = _free(chance, outline, small.shape[1], small.shape[0])
    alpha = small[..., 3:].astype(np.float32) / 255
    part = (slice(top, top + small.shape[0]), slice(left, left + small.shape[1]))
    rgb[part] = np.rint(small[..., :3] * alpha + rgb[part] * (1 - alpha)).astype(np.uint8)
    there = np.zeros((SIDE, SIDE), bool)
    there[part] = alpha[..., 0] > 0.5
    return Planted(jpeg(rgb), _box(there))


def text_overlay(chance: np.random.Generator) -> Planted:
    thing = item(chance)
    rgb, outline = _pixels(thing.finished(_SMALLER)), thing.outline(_SMALLER)
    words = str(chance.choice(("SALE -20%", "NEW 2026", "Free shipping", "100 m water resistant", "42 mm", "Best price!")))
    font = ImageFont.load_default(size=float(chance.uniform(22, 44)))
    left, top, right, bottom = font.getbbox(words)
    x, y = _free(chance, outline, int(right - left), int(bottom - top))
    image = Image.fromarray(rgb)
    ink = tuple(int(v) for v in chance.integers(0, 170, 3))
    ImageDraw.Draw(image).text((x - left, y - top), words, fill=ink, font=font)
    return Planted(jpeg(np.asarray(image)), (x, y, x + int(right - left), y + int(bottom - top)))


def watermark(chance: np.random.Generator) -> Planted:
    """Large see-through letters across the picture; the box is of those that do not lie on the item."""
    thing = item(chance)
    rgb, outline = _pixels(thing.finished(_SMALLER)), thing.outline(_SMALLER)
    apart = ~cv2.dilate(fill_enclosed(outline).astype(np.uint8), np.ones((73, 73), np.uint8)).astype(bool)
    there = np.zeros((SIDE, SIDE), bool)
    while not there.any() or (there & apart).sum() < 0.6 * there.sum():
        font = ImageFont.load_default(size=float(chance.uniform(70, 110)))
        words = str(chance.choice(("example watches", "SAMPLE SAMPLE", "photo by example", "© gold & silver")))
        layer = Image.new("L", (SIDE, SIDE), 0)
        left, _, right, _ = font.getbbox(words)
        at = ((SIDE - right + left) / 2 - left, chance.uniform(0.1, 0.8) * SIDE)
        ImageDraw.Draw(layer).text(at, words, fill=255, font=font)
        layer = layer.rotate(float(chance.uniform(-12, 12)), Image.Resampling.BICUBIC)
        there = np.asarray(layer) > 128
    share = np.asarray(layer, dtype=np.float32)[..., None] / 255 * chance.uniform(0.15, 0.4)
    grey = chance.uniform(90, 160)
    return Planted(jpeg(np.rint(rgb * (1 - share) + grey * share).astype(np.uint8)), _box(there & apart))


def blur(chance: np.random.Generator) -> Planted:
    thing = item(chance)
    image = Image.fromarray(_pixels(thing.finished())).filter(ImageFilter.GaussianBlur(float(chance.uniform(4, 8))))
    return Planted(jpeg(np.asarray(image)), _box(thing.outline()))


def tint(chance: np.random.Generator) -> Planted:
    gains = np.ones(3, np.float32)
    gains[int(chance.integers(3))] -= np.float32(chance.uniform(0.03, 0.08))
    return Planted(jpeg(np.rint(_pixels(clean(chance)) * gains).astype(np.uint8)), (0, 0, SIDE, SIDE))


def upscaled(chance: np.random.Generator) -> Planted:
    """An item photographed three to five times too small, and cut out at that size."""
    thing = item(chance)
    with Image.open(io.BytesIO(thing.photo)) as photo:
        side = round(photo.width / chance.uniform(3, 5))
        small = photo.resize((side, side), Image.Resampling.LANCZOS)
    alpha = np.asarray(Image.fromarray(thing.alpha).resize((side, side), Image.Resampling.LANCZOS))
    return Planted(thing.finished(alpha=alpha, photo=jpeg(np.asarray(small), 95)), _box(thing.outline()))


def border_line(chance: np.random.Generator) -> Planted:
    rgb = np.rot90(_pixels(clean(chance)), turns := int(chance.integers(4))).copy()
    thick = int(chance.integers(2, 7))
    rgb[:thick] = int(chance.integers(0, 240))
    there = np.zeros((SIDE, SIDE), bool)
    there[:thick] = True
    return Planted(jpeg(np.ascontiguousarray(np.rot90(rgb, -turns)), 95), _box(np.rot90(there, -turns)))


# by what it is, the maker and the facts of which one tells it
FAULTS: dict[str, tuple[Callable[[np.random.Generator], Planted], tuple[str, ...]]] = {
    "halo ring": (halo, ("halo",)),
    "grey corner": (grey_corner, ("stain_share",)),
    "unfilled hole": (unfilled_hole, ("backdrop_left",)),
    "cropped lug": (cropped_lug, ("touching_sides",)),
    "second object": (second_object, ("pieces", "marks")),
    "text overlay": (text_overlay, ("marks", "pieces", "text_words")),
    "watermark": (watermark, ("marks", "text_words")),
    "blur": (blur, ("sharpness",)),
    "tint": (tint, ("background_tint",)),
    "upscaling": (upscaled, ("upscaling",)),
    "border line": (border_line, ("border_min_level",)),
}
TELLING = tuple(dict.fromkeys(fact for _, facts in FAULTS.values() for fact in facts))
_RULES = rules.load(imaging.FACTS)
_PLACE = rules.Scope("amazon-uk", "GB", "watch", "main", "new")


def broken(data: bytes) -> dict[str, Box | None]:
    """The facts of TELLING that the shipped rules for a main picture of one piece object to, with their regions."""
    measured = imaging.measure(data)
    facts = measured.facts | {"pieces_off": abs(int(measured.facts.get("pieces") or 1) - 1)}
    names = {"pieces" if finding.fact == "pieces_off" else finding.fact for finding in rules.judge(_RULES, "amazon", facts, _PLACE, measured.regions)}
    return {name: measured.regions.get(name) for name in TELLING if name in names}


def told(planted: Planted, facts: tuple[str, ...]) -> bool:
    """One of the facts is objected to and shows the right place."""
    found = broken(planted.data)
    return any((box := found.get(fact)) is not None and overlap(box, planted.box) >= 0.5 for fact in facts)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, across) * max(0, down)
    return both / max(1, sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - both)


def _free(chance: np.random.Generator, outline: NDArray[np.bool_], width: int, height: int) -> tuple[int, int]:
    """A place for a box well away from the item, not in its openings, and from the border."""
    away = cv2.dilate(fill_enclosed(outline).astype(np.uint8), np.ones((101, 101), np.uint8))
    taken = cv2.integral(away)
    margin = 30
    lefts, tops = np.arange(margin, SIDE - margin - width), np.arange(margin, SIDE - margin - height)
    inside = taken[np.ix_(tops + height, lefts + width)] - taken[np.ix_(tops, lefts + width)] - taken[np.ix_(tops + height, lefts)] + taken[np.ix_(tops, lefts)]
    ys, xs = np.nonzero(inside == 0)
    if not len(ys):  # an item that leaves no room: in the upper left corner
        return margin, margin
    at = int(chance.integers(len(ys)))
    return int(lefts[xs[at]]), int(tops[ys[at]])


def _one_part(alpha: Pixels) -> bool:
    areas = find_parts(alpha >= 128, diagonal=True).areas
    return bool(areas[0] >= 0.999 * areas.sum())


def _filled(alpha: Pixels) -> Pixels:
    item = alpha >= 128
    return np.where(fill_enclosed(item) & ~item, np.uint8(255), alpha).astype(np.uint8)


def _box(mask: NDArray[np.bool_]) -> Box:
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask).astype(np.uint8))
    return left, top, left + width, top + height


def _pixels(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image.convert("RGB"))


def jpeg(rgb: Pixels, quality: int = 92) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()
