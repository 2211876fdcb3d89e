"""Backdrops: white paper, sweeps, gradients, cloth, wood, stone, water, cards, table edges, words, blurred and sharp clutter.

`backdrop(rng, (w, h), clutter)` answers a float32 h x w x 3 picture, sRGB 0..255. Smooth things are made small and blown up; the only
loop is over a few cards or words. Colours are drawn, never taken from a photograph except where clutter is one.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Picture, between, field, radius, ramp

Clutter = Sequence[NDArray[np.uint8]]

SHARES = {"white": 0.25, "near white": 0.17, "plain": 0.14, "black": 0.07, "saturated": 0.06, "sweep": 0.10, "texture": 0.13, "clutter": 0.08}


def backdrop(rng: np.random.Generator, size: tuple[int, int], clutter: Clutter = ()) -> tuple[Picture, str]:
    """A backdrop and its kind, one of SHARES. Without clutter pictures, texture takes their share."""
    names = list(SHARES)
    weights = np.array([SHARES[name] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    if kind == "clutter" and not len(clutter):
        kind = "texture"
    rgb = _MAKERS[kind](rng, size) if kind != "clutter" else cluttered(rng, size, clutter)
    if kind == "white":
        return rgb, kind
    if rng.random() < 0.14:
        rgb = _cards(rng, rgb)
    if rng.random() < 0.05:
        rgb = _words(rng, rgb)
    if kind not in ("near white", "clutter") and rng.random() < 0.12:
        rgb = _light_patch(rng, rgb)
    return np.clip(rgb, 0, 255), kind


def colour(rng: np.random.Generator, low: float = 25, high: float = 250, strong: bool = False) -> NDArray[np.float32]:
    """A backdrop colour, mostly a dull one; `strong` for a saturated one."""
    saturation = between(rng, 0.35, 1.0) if strong else min(0.9, abs(float(rng.normal(0, 0.14))))
    hsv = np.float32([[[between(rng, 0, 360), saturation, between(rng, low, high) / 255]]])
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] * 255


def _flat(size: tuple[int, int], value: NDArray[np.float32]) -> Picture:
    return np.broadcast_to(value, (size[1], size[0], 3)).astype(np.float32)


def _lit(rng: np.random.Generator, rgb: Picture, strength: float) -> Picture:
    """Uneven light: a gradient, one or two lamps, a vignette; each may be missing."""
    h, w = rgb.shape[:2]
    small = (max(8, w // 6), max(8, h // 6))
    light = np.ones((small[1], small[0]), np.float32)
    if rng.random() < 0.7:
        light += ramp(small, between(rng, 0, 2 * np.pi)) * np.float32(between(rng, 0, 0.8) * strength)
    for _ in range(int(rng.integers(0, 3))):
        centre = (between(rng, -0.2, 1.2), between(rng, -0.2, 1.2))
        far = radius(small, centre, between(rng, 0.6, 1.6)) / np.float32(between(rng, 0.25, 0.9))
        light += np.exp(-(far**2)) * np.float32(between(rng, -0.35, 0.5) * strength)
    if rng.random() < 0.3:
        light -= radius(small, (between(rng, 0.35, 0.65), between(rng, 0.35, 0.65))) ** 2 * np.float32(between(rng, 0.2, 1.3) * strength)
    return rgb * cv2.resize(light, (w, h), interpolation=cv2.INTER_LINEAR)[..., None]


def white(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Pure white, or a retoucher's white of 250 to 254."""
    value = 255.0 if rng.random() < 0.65 else float(rng.integers(249, 256))
    rgb = _flat(size, np.float32([value, value, value]))
    return rgb - np.float32([0, 0, 1]) * float(rng.integers(0, 4)) if rng.random() < 0.1 else rgb


def near_white(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """Light paper, somewhat grey or warm, unevenly lit."""
    tone = between(rng, 205, 262) + rng.uniform(-7, 7, 3).astype(np.float32)
    return _grainy(rng, _lit(rng, _flat(size, tone.astype(np.float32)), 0.3), 2)


def plain(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    return _grainy(rng, _lit(rng, _flat(size, colour(rng)), 1.0), 4)


def black(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    return _grainy(rng, _lit(rng, _flat(size, colour(rng, 0, 42)), 1.2), 3)


def saturated(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    return _grainy(rng, _lit(rng, _flat(size, colour(rng, 70, 255, strong=True)), 0.7), 3)


def _grainy(rng: np.random.Generator, rgb: Picture, most: float) -> Picture:
    """Paper or cloth grain of any size, often none."""
    if rng.random() < 0.5:
        return rgb
    h, w = rgb.shape[:2]
    cells = max(w, h) / float(rng.choice([1, 1.5, 3, 8, 30]))
    return rgb + (field(rng, (w, h), cells) * np.float32(between(rng, 0.2, most)))[..., None]


def sweep(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """A table and a wall: two tones that meet in a sharp or soft line, or a paper that bends up."""
    near = colour(rng, 60, 255, strong=bool(rng.random() < 0.15))
    far = near * np.float32(between(rng, 0.45, 1.25)) if rng.random() < 0.65 else colour(rng)
    tilt = np.pi / 2 + float(rng.normal(0, 0.07))
    if rng.random() < 0.15:
        tilt = between(rng, 0, 2 * np.pi)
    along = ramp(size, tilt, (0.5, between(rng, 0.12, 0.75)))
    soft = np.float32(np.exp(between(rng, np.log(0.002), np.log(0.25))))
    share = 1 / (1 + np.exp(np.clip(-along / soft, -30, 30)))[..., None]
    rgb = near * share + far * (1 - share)
    if rng.random() < 0.3:  # the table is a textured one
        grain = _pattern(rng, size)[..., None]
        rgb = rgb * (1 + grain * share * np.float32(between(rng, 0.03, 0.2)))
    return _grainy(rng, _lit(rng, rgb, 0.7), 3)


def texture(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """A surface with a pattern all over."""
    base = colour(rng, 30, 245, strong=bool(rng.random() < 0.3))
    grain = _pattern(rng, size)[..., None]
    strength = np.float32(between(rng, 0.04, 0.4))
    if rng.random() < 0.5:
        return _lit(rng, base * (1 + grain * strength), 0.8)
    other = colour(rng, 20, 250)
    share = 0.5 + 0.5 * np.tanh(grain * np.float32(between(rng, 0.5, 3)))
    return _lit(rng, base + (other - base) * share * np.float32(between(rng, 0.2, 0.9)), 0.8)


def _pattern(rng: np.random.Generator, size: tuple[int, int]) -> Picture:
    """A pattern of spread about 1 around 0: cloth, folds, wood, stone, water, speckles, brushed, leather."""
    w, h = size
    longest = max(w, h)
    angle = between(rng, 0, np.pi)
    kind = int(rng.integers(8))
    if kind == 0:  # woven
        pitch = np.float32(between(rng, 60, 420))
        weave = np.sin(ramp(size, angle) * pitch) * np.sin(ramp(size, angle + np.pi / 2) * pitch)
        return weave + field(rng, size, longest / 2) * 0.5
    if kind == 1:  # folds of cloth
        bent = ramp(size, angle) + field(rng, size, 3) * np.float32(between(rng, 0.03, 0.15))
        return np.sin(bent * np.float32(between(rng, 8, 45))) * (0.6 + 0.4 * field(rng, size, 4)) + field(rng, size, longest / 2) * np.float32(
            between(rng, 0, 0.4)
        )
    if kind == 2:  # wood: noise pulled long, and rings
        flip = rng.random() < 0.5
        thin = (max(4, w // 20), h) if flip else (w, max(4, h // 20))
        grain = cv2.resize(field(rng, thin, max(thin) / 1.5, smooth=False), size, interpolation=cv2.INTER_LINEAR)
        rings = ramp(size, np.pi / 2 if flip else 0.0) * 3 + field(rng, size, 3) * np.float32(0.1)
        planks = (
            np.float32(0)
            if rng.random() < 0.6
            else (np.abs(np.sin(ramp(size, np.pi / 2 if flip else 0.0) * np.float32(between(rng, 6, 20)))) < 0.03) * np.float32(-3)
        )
        return grain * 0.7 + np.sin(rings * np.float32(between(rng, 15, 60))) * 0.5 + planks
    if kind == 3:  # stone: veins where noise crosses zero
        veins = field(rng, size, 4) + field(rng, size, 12) * 0.5 + field(rng, size, 40) * 0.2
        return np.exp(-np.abs(veins) * np.float32(between(rng, 4, 14))) * 2 - 0.5 + field(rng, size, 6) * 0.4
    if kind == 4:  # ripples
        bent = radius(size, (between(rng, -0.5, 1.5), between(rng, -0.5, 1.5))) + field(rng, size, 5) * np.float32(between(rng, 0.005, 0.04))
        return np.sin(bent * np.float32(between(rng, 25, 160)))
    if kind == 5:  # speckles
        return np.maximum(field(rng, size, longest / between(rng, 1.5, 8)) - 1.2, 0) * 2 - 0.2
    if kind == 6:  # brushed
        flip = rng.random() < 0.5
        thin = (max(4, w // 60), h) if flip else (w, max(4, h // 60))
        return cv2.resize(field(rng, thin, max(thin), smooth=False), size, interpolation=cv2.INTER_LINEAR)
    cells = between(rng, 18, 70)  # leather: rounded cells
    bumps = field(rng, size, cells)
    return 1 - np.abs(bumps) * 1.5 + field(rng, size, longest / 2) * 0.2


def cluttered(rng: np.random.Generator, size: tuple[int, int], clutter: Clutter, sharp: float = 0.35) -> Picture:
    """A part of a photograph of something else, out of focus unless (share `sharp`) it is not."""
    w, h = size
    photo = clutter[int(rng.integers(len(clutter)))]
    ph, pw = photo.shape[:2]
    fit = min(pw / w, ph / h) * between(rng, 0.55, 1.0)
    cw, ch = max(8, int(w * fit)), max(8, int(h * fit))
    x, y = int(rng.integers(0, pw - cw + 1)), int(rng.integers(0, ph - ch + 1))
    part = photo[y : y + ch, x : x + cw]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    if rng.random() < sharp:
        return cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    small = (max(4, w // 6), max(4, h // 6))  # blur where it is cheap
    tiny = cv2.resize(np.ascontiguousarray(part), small, interpolation=cv2.INTER_AREA).astype(np.float32)
    tiny = cv2.GaussianBlur(tiny, (0, 0), between(rng, 0.4, 3.5))
    return cv2.resize(tiny, size, interpolation=cv2.INTER_CUBIC) * np.float32(between(rng, 0.7, 1.2))


def _cards(rng: np.random.Generator, rgb: Picture) -> Picture:
    """One to three cards, books or boxes lying about, or the table's edge; each with a soft shadow."""
    h, w = rgb.shape[:2]
    out = np.ascontiguousarray(rgb)
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < 0.3:  # an edge from side to side
            angle, past = between(rng, 0, 2 * np.pi), between(rng, 0.1, 0.5)
            share = np.clip((ramp((w, h), angle) - np.float32(past)) * np.float32(between(rng, 60, 400)) + 0.5, 0, 1)
            shade = share
        else:
            centre = rng.uniform(0, 1, 2) * (w, h)
            half = rng.uniform(0.08, 0.5, 2) * max(w, h)
            box = cv2.boxPoints(((float(centre[0]), float(centre[1])), (float(half[0]), float(half[1])), between(rng, 0, 90)))
            mask = np.zeros((h, w), np.uint8)
            cv2.fillConvexPoly(mask, np.round(box * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
            share = mask.astype(np.float32) / 255
            small = cv2.resize(share, (max(4, w // 6), max(4, h // 6)), interpolation=cv2.INTER_AREA)
            shade = cv2.resize(cv2.GaussianBlur(small, (0, 0), between(rng, 0.6, 2.5)), (w, h))
        out = out * (1 - shade * np.float32(between(rng, 0, 0.5)))[..., None]
        tone = colour(rng, 10, 255, strong=bool(rng.random() < 0.4))
        lit = tone * (1 + ramp((w, h), between(rng, 0, 6.28)) * np.float32(between(rng, 0, 0.5)))[..., None]
        out += (lit - out) * share[..., None]
    return out


def _words(rng: np.random.Generator, rgb: Picture) -> Picture:
    """Words, prices, ruled lines: print on the backdrop."""
    h, w = rgb.shape[:2]
    mark = np.zeros((h, w), np.uint8)
    tone = colour(rng, 0, 255, strong=bool(rng.random() < 0.5))
    letters = string.ascii_letters + string.digits + "   .$"
    for _ in range(int(rng.integers(1, 5))):
        text = "".join(rng.choice(list(letters), int(rng.integers(3, 18))))
        at = (int(between(rng, -0.1, 0.8) * w), int(between(rng, 0.05, 1) * h))
        cv2.putText(mark, text, at, int(rng.integers(0, 8)), between(rng, 0.3, 1.6) * max(w, h) / 384, 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    return rgb + (tone - rgb) * (mark.astype(np.float32) * np.float32(between(rng, 0.4, 1.0) / 255))[..., None]


def _light_patch(rng: np.random.Generator, rgb: Picture) -> Picture:
    """Sun through a window, or the edge of a shadow that something outside the picture throws."""
    h, w = rgb.shape[:2]
    edge = ramp((w, h), between(rng, 0, 6.28), (between(rng, 0.2, 0.8), between(rng, 0.2, 0.8)))
    share = np.clip(edge * np.float32(np.exp(between(rng, 1.5, 4.5))) + 0.5, 0, 1)
    if rng.random() < 0.4:
        share = share * np.clip((np.float32(between(rng, 0.1, 0.3)) - edge) * 30 + 0.5, 0, 1)
    return rgb * (1 + share * np.float32(between(rng, -0.5, 0.45)))[..., None]


_MAKERS = {"white": white, "near white": near_white, "plain": plain, "black": black, "saturated": saturated, "sweep": sweep, "texture": texture}
