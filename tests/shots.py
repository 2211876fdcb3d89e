"""Photographs that we draw ourselves, with exact truth and every fault on demand; nothing binary is stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageDraw, ImageFilter

_SMOOTH_UP_TO = 3_000_000  # px: smaller pictures are drawn at twice the size, so that edges are smooth
_UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Scene:
    """What is in the picture. Same seed: same item on the same backdrop; `shift` moves it by a share of the frame."""

    seed: int = 0
    size: tuple[int, int] = (1200, 900)
    item: str = "watch"  # watch, ring
    fill: float = 0.72  # of the frame's height
    shift: tuple[float, float] = (0.0, 0.0)
    two: bool = False
    empty: bool = False
    backdrop: tuple[int, int, int] | None = None  # None: a soft grey of the seed's own, with a gradient and a shadow


def watch_photo(
    seed: int = 0,
    size: tuple[int, int] = (1200, 900),
    *,
    item: str = "watch",
    fill: float = 0.72,
    shift: tuple[float, float] = (0.0, 0.0),
    two: bool = False,
    empty: bool = False,
    tiny: bool = False,
    cropped: bool = False,
    dark: bool = False,
    bright: bool = False,
    blur: float = 0.0,
    noise: float = 1.5,
    white: bool = False,
    cmyk: bool = False,
    grey: bool = False,
    orientation: int = 1,
    truncated: bool = False,
    profile: bytes | None = None,
    quality: int = 92,
    format: str = "JPEG",
) -> bytes:
    """A photograph of a watch (or ring) as a file; every keyword is a fault or a variation.

    tiny: 300 px; cropped: runs out at the top; dark, bright: badly exposed; blur: px of Gaussian; white: pure white
    backdrop without shadow; orientation: stored turned with the EXIF tag that turns it back; truncated: half the bytes.
    """
    if tiny:
        size = (300, 300 * size[1] // size[0])
    scene = Scene(seed, size, item, fill, (shift[0], shift[1] - 0.35) if cropped else shift, two, empty, (255, 255, 255) if white else None)
    image = _drawn(scene)[0]
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    pixels = np.asarray(image, dtype=np.float32)
    if dark or bright:
        pixels = np.clip(pixels * (0.16 if dark else 2.4), 0, 255)
    if noise and not white:
        pixels = pixels + np.random.default_rng(seed + 99).normal(0, noise, pixels.shape)
    image = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    turn = _UNDO[orientation]
    if turn is not None:
        image = image.transpose(turn)
    if cmyk:
        image = image.convert("CMYK")
    if grey:
        image = image.convert("L")
    data = _encoded(image, format, quality, orientation, profile)
    return data[: len(data) // 2] if truncated else data


def watch_alpha(
    seed: int = 0,
    size: tuple[int, int] = (1200, 900),
    *,
    item: str = "watch",
    fill: float = 0.72,
    shift: tuple[float, float] = (0.0, 0.0),
    two: bool = False,
    cropped: bool = False,
) -> NDArray[np.uint8]:
    """The exact 8-bit mask of the same call of `watch_photo`, upright."""
    return np.asarray(_drawn(Scene(seed, size, item, fill, (shift[0], shift[1] - 0.35) if cropped else shift, two))[1])


def alpha_png(alpha: NDArray[np.uint8]) -> bytes:
    """A mask as the PNG that a cutout stores."""
    return _encoded(Image.fromarray(alpha), "PNG", 0, 1, None)


def sixteen_bit_png(seed: int = 0, size: tuple[int, int] = (1200, 900)) -> bytes:
    """The same photograph in 16-bit grey."""
    grey = np.asarray(_drawn(Scene(seed, size))[0].convert("L"), dtype=np.uint16) * 257
    return _encoded(Image.fromarray(grey), "PNG", 0, 1, None)


def animated(format: str = "GIF") -> bytes:
    """Three frames that differ."""
    frames = [_drawn(Scene(seed, (120, 90)))[0] for seed in range(3)]
    out = io.BytesIO()
    frames[0].save(out, format, save_all=True, append_images=frames[1:])
    return out.getvalue()


def lab_tiff(seed: int = 0, size: tuple[int, int] = (600, 450)) -> bytes:
    """The photograph in CIE L*a*b*."""
    rgb = _drawn(Scene(seed, size))[0]
    lab = ImageCms.profileToProfile(rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab is not None
    return _encoded(lab, "TIFF", 0, 1, None)


def _encoded(image: Image.Image, format: str, quality: int, orientation: int, profile: bytes | None) -> bytes:
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    out = io.BytesIO()
    settings: dict[str, object] = {"exif": exif} if orientation != 1 else {}
    if profile is not None:
        settings["icc_profile"] = profile
    if format in ("JPEG", "WEBP", "AVIF"):
        settings["quality"] = quality
    image.save(out, format, **settings)
    return out.getvalue()


@lru_cache(maxsize=32)
def _drawn(scene: Scene) -> tuple[Image.Image, Image.Image]:
    """The photograph without camera faults, and its exact mask."""
    random = np.random.default_rng(scene.seed)
    width, height = scene.size
    finer = 2 if width * height <= _SMOOTH_UP_TO else 1
    colours = [tuple(int(v) for v in random.integers(20, 200, 3)) for _ in range(3)]
    tone = int(random.integers(150, 215))
    items, mask = Image.new("RGB", (width * finer, height * finer)), Image.new("L", (width * finer, height * finer), 0)
    if not scene.empty:
        draw_item = _watch if scene.item == "watch" else _ring
        places = (0.28, 0.72) if scene.two else (0.5,)
        long = scene.fill * height * finer * (0.8 if scene.two else 1.0)
        for across in places:
            x, y = (across + scene.shift[0]) * width * finer, (0.5 + scene.shift[1]) * height * finer
            draw_item(ImageDraw.Draw(items), ImageDraw.Draw(mask), x, y, long, colours)
    items, mask = items.resize(scene.size, Image.Resampling.BOX), mask.resize(scene.size, Image.Resampling.BOX)
    if scene.backdrop is not None:
        backdrop = Image.new("RGB", scene.size, scene.backdrop)
    else:
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        slope = tone + 14 * (ys / height - 0.5) + 8 * (xs / width - 0.5)
        shadow = np.asarray(mask.filter(ImageFilter.GaussianBlur(0.02 * height)), dtype=np.float32) / 255
        shadow = np.roll(shadow, round(0.012 * height), axis=0)
        backdrop = Image.fromarray(np.repeat(np.rint(slope * (1 - 0.25 * shadow))[..., None], 3, axis=2).astype(np.uint8))
    return Image.composite(_on_black_edges_mended(items, mask), backdrop, mask), mask


def _on_black_edges_mended(items: Image.Image, mask: Image.Image) -> Image.Image:
    """The items' own colours up to the edge: the reduced drawing holds black there."""
    share = np.asarray(mask, dtype=np.float32)[..., None] / 255
    return Image.fromarray(np.clip(np.asarray(items, dtype=np.float32) / np.maximum(share, 0.02), 0, 255).astype(np.uint8))


Colour = tuple[int, ...]


def _watch(draw: ImageDraw.ImageDraw, mask: ImageDraw.ImageDraw, x: float, y: float, long: float, colours: list[Colour]) -> None:
    """A watch seen from the front: strap with links, case, bezel, dial, hands and a crown. `long` px from end to end."""
    strap, dial, metal = colours[0], colours[1], (128, 131, 138)
    half, case = long / 2, long * 0.24
    wide = case * 0.66
    body = (x - wide, y - half, x + wide, y + half)
    for canvas, ink in ((draw, strap), (mask, 255)):
        canvas.rounded_rectangle(body, radius=wide * 0.3, fill=ink)  # type: ignore[arg-type]
        canvas.rectangle((x + case * 0.95, y - case * 0.14, x + case * 1.16, y + case * 0.14), fill=metal if canvas is draw else ink)  # type: ignore[arg-type]
        canvas.ellipse((x - case, y - case, x + case, y + case), fill=metal if canvas is draw else ink)  # type: ignore[arg-type]
    link = tuple(max(0, c - 18) for c in strap)
    for step in range(1, 22):
        at = y - half + step * long / 22
        if abs(at - y) > case:
            draw.line((x - wide * 0.96, at, x + wide * 0.96, at), fill=link, width=max(1, int(long / 260)))
    draw.ellipse((x - case * 0.88, y - case * 0.88, x + case * 0.88, y + case * 0.88), fill=(60, 62, 66))
    draw.ellipse((x - case * 0.8, y - case * 0.8, x + case * 0.8, y + case * 0.8), fill=dial)
    for hour in range(12):
        a = hour * np.pi / 6
        ends = [(x + case * r * np.sin(a), y - case * r * np.cos(a)) for r in (0.62, 0.74)]
        draw.line(ends, fill=(240, 240, 236), width=max(1, int(case * 0.05)))
    for turn, reach in ((0.85, 0.42), (0.17, 0.62)):
        a = turn * 2 * np.pi
        draw.line((x, y, x + case * reach * np.sin(a), y - case * reach * np.cos(a)), fill=(245, 245, 240), width=max(1, int(case * 0.06)))
    draw.ellipse((x - case * 0.05, y - case * 0.05, x + case * 0.05, y + case * 0.05), fill=(20, 20, 20))


def _ring(draw: ImageDraw.ImageDraw, mask: ImageDraw.ImageDraw, x: float, y: float, long: float, colours: list[Colour]) -> None:
    """A gold band with a see-through hole and a stone on top."""
    outer, band = long * 0.4, long * 0.07
    y += long * 0.1
    for canvas, ink, light in ((draw, (196, 158, 84), (236, 208, 140)), (mask, 255, 255)):
        canvas.ellipse((x - outer, y - outer, x + outer, y + outer), outline=ink, width=int(band))
        canvas.arc(
            (x - outer + band * 0.3, y - outer + band * 0.3, x + outer - band * 0.3, y + outer - band * 0.3),
            200,
            300,
            fill=light,
            width=max(1, int(band * 0.25)),
        )
        stone = [(x - band * 1.6, y - outer), (x, y - outer + band * 1.2), (x + band * 1.6, y - outer), (x, y - outer - band * 1.4)]
        canvas.polygon(stone, fill=colours[2] if canvas is draw else 255)  # type: ignore[arg-type]
