"""A photo and what a retoucher made of it -> where the product is in the photo: the truth that a model is fine-tuned by, or why there is none.

What came back may be a mask, a cut-out with transparency, or a packshot flattened on pure white. It must have the photo's size and framing.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.colour import to_srgb
from imaging.decode import MOST_PIXELS, Header, Photo, as_array, load, read_header, shrunk, upright
from imaging.errors import ImagingError
from imaging.parts import Mask, find_parts

Levels = NDArray[np.uint8]

_WHITE = 250  # from this level on in all channels a pixel of a packshot is white: JPEG rings a little round the product
_ON_WHITE = 0.5  # of the border of a packshot is white at least; a strap may run out of the frame
_LEAST, _MOST = 0.001, 0.98  # of the frame: less or more product than this is no mask of one
_SPECK = 0.0002  # of the frame: smaller parts are dust of the encoder
_LOOK_SIDE = 384  # px: pictures are compared at this size
_ALIKE, _ALIKE_THIN = 0.65, 0.3  # correlation of what is drawn in both pictures: retouched ones have .8 to 1, chains and thin rings down to .35
_THIN = 0.5  # of the product is left when its rim is taken off: less is a thin one
_MOVED = (2, 0.04)  # px of _LOOK_SIDE, and more correlation there than where it should lie: the product was moved
_SEARCH = 14  # px of _LOOK_SIDE, each way
_SHADOW = (0.3, 215, 14)  # share of the outline that is lighter than this level and greyer than this spread one step inside: a soft shadow
_INK = 40  # levels below white: less says nothing of how much of a pixel is product
_LEAK = (225, 25, 0.03)  # as light a photo, so much lighter than its backdrop, over so much of the product's area: the product itself is white there
_BACKDROP_LIKE, _BACKDROP_UNLIKE = 14, 40  # levels between an enclosed place and the photo's backdrop
_PLAIN_WHITE = 232  # a photo's backdrop lighter than this cannot be told from a blown-out dial


class NotAPair(ImagingError):
    """The two files do not tell where the product is; the message says why."""


@dataclass(frozen=True)
class Truth:
    """A photo, upright sRGB, and where its product is; all of one size, longest side as asked.

    rgb    HxWx3, 0..255
    alpha  HxW, 0..255
    known  HxW, False where nobody can say
    how    what it was read from: "mask", "alpha" (transparency) or "white" (a flattened packshot)
    """

    rgb: Levels
    alpha: Levels
    known: Mask
    how: str


def truth_of(photo: bytes, back: bytes, *, mask: bool = False, longest: int = 1024) -> Truth:
    """The truth that `back` holds about `photo`; `mask`: it is a mask by its name. Raises NotAPair, Unreadable, TooBig.

    A file of the photo's stored size beside a photo that EXIF turns on its side is turned with it.
    """
    header, turned = read_header(photo), read_header(back)
    orientation = _same_size(header, turned)
    rgb = _picture(load(photo, longest / max(header.size), most_pixels=MOST_PIXELS), header.orientation, longest, header.icc)
    colours, alpha = _layers(load(back, longest / max(turned.size), most_pixels=MOST_PIXELS), orientation, longest, None if mask else turned.icc)
    if rgb.shape[:2] != colours.shape[:2]:  # drafts of two formats may round to sizes a pixel apart
        size = (rgb.shape[1], rgb.shape[0])
        colours = cv2.resize(colours, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        alpha = None if alpha is None else cv2.resize(alpha, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    known: Mask = np.ones(rgb.shape[:2], np.bool_)
    if mask:
        how, found = "mask", _grey(colours) if alpha is None else alpha
    elif alpha is not None:
        how, found = "alpha", alpha
    else:
        how, found, known = "white", *_off_white(rgb, colours)
    share = float((found >= 128).mean())
    if not _LEAST <= share <= _MOST:
        raise NotAPair(f"the mask is {'empty' if share < _LEAST else 'full'}: {share:.1%} of the picture is product")
    if how != "mask":
        _check_alike(rgb, colours, found)
    return Truth(rgb, found, known, how)


def _same_size(photo: Header, back: Header) -> int:
    """How `back` must be turned to lie on the upright photo, as EXIF counts."""
    if back.size == photo.size:
        return back.orientation
    stored = (photo.stored_width, photo.stored_height)
    if back.orientation == 1 and back.size == stored:
        return photo.orientation
    raise NotAPair(
        f"the photo is {photo.size[0]} x {photo.size[1]} px and the other file {back.size[0]} x {back.size[1]}: it must have the photo's size and framing"
    )


def _picture(photo: Photo, orientation: int, longest: int, icc: bytes | None) -> Levels:
    return as_array(to_srgb(upright(shrunk(photo.image, longest), orientation), icc))


def _layers(back: Photo, orientation: int, longest: int, icc: bytes | None) -> tuple[Levels, Levels | None]:
    """Colours and, where it says anything, transparency. A mask's levels are shares, which no profile (`icc`) may bend."""
    image = back.image
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would cut off at 255
        image = Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    elif "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode in ("1", "P"):
        image = image.convert("RGB")
    image = upright(shrunk(image, longest), orientation)
    alpha = None
    if "A" in image.getbands():
        alpha = as_array(image.getchannel("A"))
        if alpha.min() == alpha.max():  # a channel that nobody used
            alpha = None
    return as_array(to_srgb(image.convert("RGB") if alpha is not None else image, icc)), alpha


def _grey(rgb: Levels) -> Levels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _off_white(photo: Levels, back: Levels) -> tuple[Levels, Mask]:
    """(alpha, known) of a packshot on white: all that is not white, or is white but does not reach the border."""
    white: Mask = np.asarray(back.min(-1) >= _WHITE)
    rim = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]])
    if rim.mean() < _ON_WHITE:
        raise NotAPair(f"it has no transparency and is not on pure white: {rim.mean():.0%} of its border is white")
    parts = find_parts(white)
    left, top, right, bottom = parts.boxes.T
    height, width = white.shape
    outer = (left == 0) | (top == 0) | (right == width) | (bottom == height)
    outside: Mask = np.concatenate([[False], outer])[parts.labels]
    product: Mask = ~outside
    dust = find_parts(product, diagonal=True)
    kept: Mask = np.concatenate([[False], dust.areas >= _SPECK * white.size])[dust.labels]
    product = kept
    if not product.any():
        raise NotAPair("the mask is empty: the packshot is white all over")
    if _soft_shadow(back, product):
        raise NotAPair("a soft shadow seems to be left under the product, which would be learnt as product: have it returned without, or with transparency")
    known = ~_beside_light(back, product, outside)
    there = _away(product, outside)
    if _leaks(photo, product, outside, there):
        raise NotAPair("the product is as white as the packshot's backdrop, so its outline cannot be seen: have it returned with transparency, or as a mask")
    for number in np.flatnonzero(~outer & (parts.areas >= _SPECK * white.size)):
        where: Mask = parts.labels == number + 1
        seen = _enclosed(photo, where, there)
        if seen is None:
            known &= ~where
        elif seen:
            product &= ~where
    return _softened(back, product), known


def _softened(back: Levels, product: Mask) -> Levels:
    """Alpha of a hard mask: along its outline how far a pixel is from white, against the darkest colour beside it."""
    ink = 255 - _grey(back).astype(np.float32)
    near = np.ones((3, 3), np.uint8)
    beside = np.asarray(cv2.dilate(ink, np.ones((5, 5), np.uint8)))
    rim = np.asarray(cv2.erode(product.astype(np.uint8), near)) == 0
    solved = np.where(rim & (beside > _INK), ink / np.maximum(beside, 1), 1.0) * product
    return np.asarray(np.clip(np.rint(solved * 255), 0, 255), dtype=np.uint8)


def _away(product: Mask, outside: Mask) -> Mask:
    """The backdrop at some distance from the product's outline."""
    reach = max(3, round(0.01 * max(product.shape)))
    near = np.asarray(cv2.dilate(product.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)))
    far: Mask = np.asarray(near == 0)
    away: Mask = outside & far
    return away if away.any() else outside


def _leaks(photo: Levels, product: Mask, outside: Mask, backdrop: Mask) -> bool:
    """Whether beside the product lies much that is white in the photo too, though the photo's backdrop is not."""
    level, above, share = _LEAK
    darkest = photo.min(-1)
    if float(np.median(darkest[backdrop])) > level - above:
        return False
    reach = max(3, round(0.05 * max(product.shape)))
    near = np.asarray(cv2.dilate(product.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), dtype=np.bool_)
    return int((near & outside & (darkest >= level)).sum()) > share * int(product.sum())


def _beside_light(back: Levels, product: Mask, outside: Mask) -> Mask:
    """White places outside, next to where the outline is nearly white: the product may go on there unseen, as polished cases do."""
    rim = product & (np.asarray(cv2.erode(product.astype(np.uint8), np.ones((5, 5), np.uint8))) == 0)
    inner = np.asarray(cv2.erode(_grey(back), np.ones((5, 5), np.uint8)))  # past the softened pixels of the outline itself
    light = (rim & (inner > _SHADOW[1])).astype(np.uint8)
    reach = max(3, round(0.03 * max(product.shape)))
    near: Mask = np.asarray(cv2.dilate(light, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), dtype=np.bool_)
    return near & outside


def _enclosed(photo: Levels, where: Mask, backdrop: Mask) -> bool | None:
    """Is this white place inside the product a hole? None where the photo does not tell."""
    behind = np.median(photo[backdrop], axis=0)
    off = float(np.abs(np.median(photo[where], axis=0) - behind).max())
    if off > _BACKDROP_UNLIKE:
        return False
    return True if off < _BACKDROP_LIKE and behind.min() < _PLAIN_WHITE else None


def _soft_shadow(back: Levels, product: Mask) -> bool:
    """Whether much of the outline fades into white as shadows do; a product ends within a step."""
    share, level, spread = _SHADOW
    step = max(2, round(0.006 * max(product.shape)))
    inner = np.asarray(cv2.erode(product.astype(np.uint8), np.ones((2 * step + 1, 2 * step + 1), np.uint8)), dtype=np.bool_)
    if inner.sum() < 50:  # a chain: there is no inside
        return False
    deeper = np.asarray(cv2.erode(inner.astype(np.uint8), np.ones((3, 3), np.uint8)), dtype=np.bool_)
    colours = back[inner & ~deeper].astype(np.int16)
    light = (colours.min(1) > level) & (colours.max(1) - colours.min(1) < spread)
    return bool(light.mean() > share)


def _check_alike(photo: Levels, back: Levels, alpha: Levels) -> None:
    """Raises NotAPair where the two pictures do not show the product at one place, as far as there is anything to compare."""
    height, width = alpha.shape
    factor = min(1.0, _LOOK_SIDE / max(height, width))
    size = (max(16, round(width * factor)), max(16, round(height * factor)))
    mask = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) >= 128
    ys, xs = np.nonzero(mask)
    if len(ys) < 30:
        return
    seen, other = (_drawn(cv2.resize(_grey(picture), size, interpolation=cv2.INTER_AREA)) for picture in (photo, back))
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    around = cv2.copyMakeBorder(seen, _SEARCH, _SEARCH, _SEARCH, _SEARCH, cv2.BORDER_CONSTANT)[top : bottom + 2 * _SEARCH, left : right + 2 * _SEARCH]
    inside = mask[top:bottom, left:right].astype(np.float32)
    found = np.nan_to_num(cv2.matchTemplate(around, other[top:bottom, left:right], cv2.TM_CCOEFF_NORMED, mask=inside), posinf=0.0, neginf=0.0)
    alike, best = float(found[_SEARCH, _SEARCH]), float(found.max())
    dy, dx = (int(at) - _SEARCH for at in np.unravel_index(int(found.argmax()), found.shape))
    if float(np.hypot(dx, dy)) >= _MOVED[0] and best > alike + _MOVED[1]:
        share = float(np.hypot(dx, dy)) / max(size)
        raise NotAPair(f"the two files do not show the product at the same place: it seems to be moved by {share:.1%} of the picture, or is another one")
    solid = float(cv2.erode(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).mean()) > _THIN * float(mask.mean())
    needed = _ALIKE if solid else _ALIKE_THIN
    if alike < needed:
        raise NotAPair(f"the two files do not show the product at the same place and size: they agree by {alike:.2f} of 1, {needed} is needed")


def _drawn(grey: NDArray[Any]) -> NDArray[np.float32]:
    """How strongly each place is drawn, whatever the exposure."""
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.2)
    return np.asarray(np.log1p(np.hypot(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))), dtype=np.float32)


def to_png(truth: Truth) -> tuple[bytes, bytes | None]:
    """The truth as files for training: RGBA with straight colour, and a mask of what is known where not all of it is."""
    whole, partly = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.dstack([truth.rgb, truth.alpha])).save(whole, "PNG", compress_level=1)
    if truth.known.all():
        return whole.getvalue(), None
    Image.fromarray(truth.known.astype(np.uint8) * 255).save(partly, "PNG")
    return whole.getvalue(), partly.getvalue()
