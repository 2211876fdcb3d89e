"""Bytes -> an upright sRGB picture near the size it is needed at, safely.

JPEG decodes at 1/2, 1/4 or 1/8 of its size for a fraction of the time and memory (`draft`), so a 100-megapixel JPEG
never becomes a 100-megapixel array. Other formats cannot do that: over ORDINARY_PIXELS they raise TooBig, but in the `big_photo_lane`.

Colour JPEGs are decoded by simplejpeg straight into an array, which takes two fifths of the time of a Pillow image and its copy; both are
libjpeg-turbo and give the same pixels. What it so much as warns of, and all else, is Pillow's.
"""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import cv2
import numpy as np
import pillow_heif
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from imaging.colour import profile_name, to_srgb
from imaging.errors import Exhausted, TooBig, Unreadable
from imaging.jpeg import estimate_quality, subsampling_of
from imaging.profiles import HDR_TRANSFERS, colour_numbers, named_profile

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "HEIF", "AVIF")  # Pillow opens MPO by its JPEG door
ORDINARY_PIXELS = 30_000_000  # formats that must be decoded whole: three bytes each, several copies in flight
MOST_PIXELS = 120_000_000  # a 102-megapixel medium-format back is the largest camera we expect
LONGEST_SIDE = 30_000
WORKING_SIDE = 2000  # what nearly every step works at, and what is delivered
LEAST_SIDE = 1600  # to cut out by: a whole-number reduction that leaves so much takes a fifth of the time of the exact size
_SHARED_SIDE = 3000  # what the cut-out decodes, though it needs less: an item of 59 % of the frame can then be finished from the same pixels

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})
_DAMAGED = (  # what decoders throw at hostile bytes; Pillow's TIFF reader, by which EXIF is read, throws struct.error and AssertionError
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    EOFError,
    RuntimeError,
    AssertionError,
    struct.error,
)
_AS_THEY_ARE = ("none", "srgb", "unreadable")  # profiles by which `to_srgb` changes nothing

Stored = Image.Image | NDArray[np.uint8]  # pixels as a file has them, neither turned nor converted: of a colour JPEG an array HxWx3

_lane = threading.Lock()

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True)
class Header:
    """What the file says about itself before any pixel is decoded."""

    format: str
    stored_width: int
    stored_height: int
    mode: str
    frames: int
    length: int  # of the file, in bytes
    profile: str
    icc: bytes | None
    has_alpha: bool
    orientation: int  # EXIF, 1..8
    jpeg_quality: int | None
    jpeg_subsampling: str | None  # "4:4:4", "4:2:2", "4:2:0", "other"; None for other formats and for grey

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px as a person sees the picture."""
        sideways = self.orientation in _SIDEWAYS
        return (self.stored_height, self.stored_width) if sideways else (self.stored_width, self.stored_height)

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.stored_width * self.stored_height


@dataclass(frozen=True)
class Photo:
    """A decoded file: pixels as stored (not yet turned, colours not yet converted), perhaps scaled down by 2, 4 or 8."""

    header: Header
    stored: Stored

    @property
    def image(self) -> Image.Image:
        """The pixels for Pillow."""
        return as_image(self.stored)


class Original(bytes):
    """A photo's bytes that remember what was decoded of them last.

    For who cuts out and finishes one photo in one go: every function here takes plain bytes and gives the same for both.
    """

    header: Header | None = None
    shrink: int = 0  # at which `photo` was decoded
    photo: Photo | None = None


def read_header(data: bytes) -> Header:
    """The header alone; raises Unreadable, also for moving pictures and impossible sizes."""
    if isinstance(data, Original) and data.header is not None:
        return data.header
    with _decoding(), _open(data) as image:
        header = _header(image, data)
    if isinstance(data, Original):
        data.header = header
    return header


@contextmanager
def big_photo_lane(data: bytes) -> Iterator[int]:
    """How many pixels of this photo may be decoded while it is worked on. Raises Unreadable.

    MOST_PIXELS for a photo that can only be decoded whole and is over ORDINARY_PIXELS: one at a time in this process, others wait for their turn.
    """
    header = read_header(data)
    if header.format == "JPEG" or header.pixels <= ORDINARY_PIXELS:
        yield ORDINARY_PIXELS
        return
    with _lane:
        yield MOST_PIXELS


def load(data: bytes, wanted: float = 1.0, *, most_pixels: int = ORDINARY_PIXELS) -> Photo:
    """Decode at no less than `wanted` (0..1] of the true size where the format can; raises Unreadable, TooBig.

    `most_pixels` caps what is really decoded: see `big_photo_lane`.
    """
    header = read_header(data)
    shrink = _shrink(header, wanted, most_pixels)
    if isinstance(data, Original) and data.photo is not None and data.shrink == shrink:
        return data.photo
    photo = Photo(header, _decoded(data, header, shrink, most_pixels))
    if isinstance(data, Original):
        data.shrink, data.photo = shrink, photo
    return photo


def _decoded(data: bytes, header: Header, shrink: int, most_pixels: int) -> Stored:
    width, height = -(-header.stored_width // shrink), -(-header.stored_height // shrink)
    if width * height > most_pixels:
        raise TooBig(f"too big: {header.format} of {header.pixels / 1e6:.0f} megapixels, an ordinary worker takes {most_pixels / 1e6:.0f}")
    if header.format == "JPEG" and header.mode == "RGB":
        with suppress(ValueError, MemoryError):  # cut off, damaged, or of a kind that it does not know: Pillow says what it is worth
            if simplejpeg.decode_jpeg_header(data)[:2] == (header.stored_height, header.stored_width):
                rgb: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width, min_factor=shrink)
                rgb.setflags(write=False)  # an Original gives it to many
                return rgb
    with _decoding(), _open(data) as image:
        if shrink > 1:
            image.draft(image.mode, (header.stored_width // shrink, header.stored_height // shrink))
        image.load()
        return image.copy() if image.format == "GIF" else image


def as_image(stored: Stored) -> Image.Image:
    """Pixels for Pillow; the same object where they are."""
    return stored if isinstance(stored, Image.Image) else Image.fromarray(stored)


def size_of(stored: Stored) -> tuple[int, int]:
    """Width and height in px."""
    return stored.size if isinstance(stored, Image.Image) else (stored.shape[1], stored.shape[0])


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turned and mirrored as EXIF says; the same object where there is nothing to do."""
    turn = _TURNS.get(orientation)
    return image.transpose(turn) if turn is not None else image


def as_stored(alpha: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """An upright mask turned back to how the photo is stored; the same object where there is nothing to do."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    return alpha if back == 1 else as_array(upright(Image.fromarray(alpha), back))


def stored_box(box: tuple[float, float, float, float], orientation: int) -> tuple[float, float, float, float]:
    """A box of the upright picture, in shares of its sides, as a box of the stored picture in shares of its sides."""
    left, top, right, bottom = box
    match orientation:
        case 2:
            return (1 - right, top, 1 - left, bottom)
        case 3:
            return (1 - right, 1 - bottom, 1 - left, 1 - top)
        case 4:
            return (left, 1 - bottom, right, 1 - top)
        case 5:
            return (top, left, bottom, right)
        case 6:
            return (top, 1 - right, bottom, 1 - left)
        case 7:
            return (1 - bottom, 1 - right, 1 - top, 1 - left)
        case 8:
            return (1 - bottom, left, 1 - top, right)
        case _:
            return box


def picture(data: bytes, longest: int = WORKING_SIDE, *, least: int | None = None, most_pixels: int = ORDINARY_PIXELS) -> tuple[Header, Image.Image]:
    """The header and the upright sRGB picture (mode RGB), scaled down so that no side is longer than `longest` px; `least` as in `shrunk`."""
    header, rgb = pixels(data, longest, least=least, most_pixels=most_pixels)
    return header, Image.fromarray(rgb)


def pixels(data: bytes, longest: int, *, least: int | None = None, most_pixels: int = ORDINARY_PIXELS) -> tuple[Header, NDArray[np.uint8]]:
    """The same as an array HxWx3."""
    header = read_header(data)
    photo = load(data, longest / max(header.size), most_pixels=most_pixels)
    if isinstance(photo.stored, np.ndarray) and header.profile in _AS_THEY_ARE:
        small = _halved(photo.stored, longest, least)
        if max(small.shape) <= longest:
            return header, small if header.orientation == 1 else as_array(upright(Image.fromarray(small), header.orientation))
    return header, as_array(to_srgb(upright(shrunk(photo.image, longest, least), header.orientation), header.icc))


def shrunk(image: Image.Image, longest: int, least: int | None = None) -> Image.Image:
    """Scaled down by area averaging so that no side is longer than `longest`; never up.

    Of exactly that side, or of less but at least `least` where a whole-number reduction leads there.
    """
    if max(image.size) <= longest:
        return image
    if image.mode not in ("L", "RGB", "RGBA", "LA", "CMYK", "LAB"):
        image = to_srgb(image, None)
    ratio = max(image.size) / longest
    if _whole(image.size, longest, least):
        return image.reduce(math.ceil(ratio))
    size = shrunk_size(image.size, longest)
    if ratio >= 2:
        image = image.reduce(int(ratio))  # five times as fast as BOX
    return image if image.size == size else image.resize(size, Image.Resampling.BOX)


def _whole(size: tuple[int, int], longest: int, least: int | None) -> bool:
    """Whether a whole-number reduction leaves at least `least` px."""
    return least is not None and max(size) / math.ceil(max(size) / longest) >= least


def _halved(rgb: NDArray[np.uint8], longest: int, least: int | None) -> NDArray[np.uint8]:
    """What `shrunk` makes of it, where it halves it and nothing else; else as it is."""
    height, width = rgb.shape[:2]
    half, size = (width // 2, height // 2), (width, height)
    if width % 2 or height % 2 or math.ceil(max(size) / longest) != 2 or not (_whole(size, longest, least) or half == shrunk_size(size, longest)):
        return rgb
    return np.asarray(cv2.resize(rgb, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def shrunk_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A (width, height) scaled down so that no side is longer than `longest`."""
    factor = min(1.0, longest / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def as_array(image: Image.Image) -> NDArray[np.uint8]:
    """Pixels as an array."""
    return np.asarray(image, dtype=np.uint8)


def _open(data: bytes) -> Image.Image:
    if not data:
        raise Unreadable("the file is empty")
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _header(image: Image.Image, data: bytes) -> Header:
    kind = image.format or "?"
    frames = int(getattr(image, "n_frames", 1))
    # MPO is a JPEG with a second view or a gain map behind it; phones and cameras write it, and the first picture is the photo
    if frames > 1 and kind not in ("MPO", "HEIF"):
        raise Unreadable(f"{kind} with {frames} frames or pages; send one picture per file")
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise Unreadable(f"the header claims {width} x {height} px, more than any camera we know")
    icc = image.info.get("icc_profile")
    if kind in ("HEIF", "AVIF") and not icc:
        icc = _named(data)
    return Header(
        format="JPEG" if kind == "MPO" else kind,
        stored_width=width,
        stored_height=height,
        mode=image.mode,
        frames=1 if kind in ("MPO", "HEIF") else frames,
        length=len(data),
        profile=profile_name(icc),
        icc=icc if isinstance(icc, bytes) and icc else None,
        has_alpha="A" in image.getbands() or "transparency" in image.info,
        orientation=_orientation(image, data),
        jpeg_quality=estimate_quality(getattr(image, "quantization", None)) if kind in ("JPEG", "MPO") else None,
        jpeg_subsampling=subsampling_of(image) if kind in ("JPEG", "MPO") else None,
    )


def _named(data: bytes) -> bytes | None:
    """The profile of the colour space that a HEIC or AVIF file names by number."""
    numbers = colour_numbers(data)
    if numbers is None:
        return None
    if numbers[1] in HDR_TRANSFERS:
        raise Unreadable(f"a high dynamic range picture ({HDR_TRANSFERS[numbers[1]]}); export it in standard range")
    return named_profile(*numbers)


def _orientation(image: Image.Image, data: bytes) -> int:
    try:
        value = _exif(image, data).get(_ORIENTATION_TAG, 1)
    except _DAMAGED:  # a damaged EXIF block is no reason to lose the photo
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _exif(image: Image.Image, data: bytes) -> Image.Exif:
    """The EXIF block. Of a PNG it may stand behind the pixels, and Pillow decodes them all to look: only where there is one, and an ordinary picture."""
    looks_behind = image.format == "PNG" and "exif" not in image.info
    if looks_behind and (b"eXIf" not in data or image.width * image.height > ORDINARY_PIXELS):
        return Image.Image.getexif(image)
    return image.getexif()


def _shrink(header: Header, wanted: float, most_pixels: int) -> int:
    """The largest of 1, 2, 4, 8 that leaves at least `wanted` of the size (and what may be shared), or as much more as fits under the cap."""
    if header.format != "JPEG":
        return 1
    if wanted * max(header.size) >= WORKING_SIDE:
        wanted = max(wanted, min(1.0, _SHARED_SIDE / max(header.size)))
    shrink = max(s for s in (1, 2, 4, 8) if s == 1 or 1 / s >= wanted)
    while shrink < 8 and header.pixels / shrink**2 > most_pixels:
        shrink *= 2
    return shrink


@contextmanager
def _decoding() -> Iterator[None]:
    """Whatever a decoder throws at hostile bytes, as Unreadable with a plain reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged metadata; sizes are checked by us
            yield
    except UnidentifiedImageError as error:
        raise Unreadable("not a picture in a format that we read (JPEG, PNG, TIFF, WebP, GIF, BMP, HEIC, AVIF)") from error
    except Image.DecompressionBombError as error:
        raise Unreadable("the header claims more pixels than any camera we know") from error
    except MemoryError as error:
        raise Exhausted("decoding ran out of memory") from error
    except _DAMAGED as error:
        raise Unreadable(f"damaged or cut off ({_plain(error)})") from error


def _plain(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:120]
