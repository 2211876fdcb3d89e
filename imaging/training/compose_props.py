"""Things that are not for sale: cushions, boxes, stands behind an item; tags over it; shop marks over all. Background in the truth."""

from __future__ import annotations

import cv2
import numpy as np

from .backdrops import colour
from .camera import Picture, between, field, ramp
from .compose_light import Grey

FINE = 4  # bits of sub-pixel positions


def _filled(shape: tuple[int, int], points: np.ndarray) -> Grey:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points * (1 << FINE)).astype(np.int32)], 255, cv2.LINE_AA, FINE)
    return mask.astype(np.float32) / 255


def _blob(centre: np.ndarray, half: np.ndarray, power: float, angle: float) -> np.ndarray:
    """A super-ellipse: power 2 is an ellipse, more is squarer."""
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    x = np.sign(c) * np.abs(c) ** (2 / power) * half[0]
    y = np.sign(s) * np.abs(s) ** (2 / power) * half[1]
    return np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], 1) + centre


def prop_behind(rng: np.random.Generator, back: Picture, alpha: Grey | None) -> tuple[Picture, bool]:
    """The backdrop with a cushion, a box, a plinth or a stand where the item lies (anywhere without `alpha`); True: something was put there."""
    h, w = back.shape[:2]
    centre, half = np.array([w / 2, h / 2]), np.array([w, h]) * 0.3
    if alpha is not None:
        ys, xs = np.nonzero(alpha > 0.3)
        if not len(xs):
            return back, False
        centre = np.array([(xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2])
        half = np.array([np.ptp(xs) + 1, np.ptp(ys) + 1]) / 2
    tone = colour(rng, 15, 250, strong=bool(rng.random() < 0.3))
    kind = rng.random()
    angle = float(rng.normal(0, 0.15))
    if kind < 0.45:  # cushion, seen behind the item and through its holes
        shape = _blob(centre + rng.normal(0, 0.08, 2) * half, half * rng.uniform(0.45, 1.25, 2), between(rng, 2.2, 5), angle)
    elif kind < 0.75:  # box or plinth
        shape = _blob(centre + rng.normal(0, 0.15, 2) * half, half * rng.uniform(0.6, 1.5, 2), 14, angle)
    else:  # a stand: a bar or cone from below, into the item
        top, foot = centre - np.array([0, half[1] * between(rng, -0.6, 0.7)]), centre[1] + half[1] * between(rng, 0.9, 1.6)
        narrow, wide = half[0] * between(rng, 0.05, 0.6), half[0] * between(rng, 0.2, 1.2)
        side = np.array([narrow, 0.0])
        shape = np.array([top - side, top + side, [centre[0] + wide, foot], [centre[0] - wide, foot]])
    share = _filled((h, w), shape)
    inner = cv2.blur(share, (k := 2 * int(max(w, h) * between(rng, 0.01, 0.06)) + 1, k))
    shade = cv2.blur(np.roll(share, int(rng.integers(-6, 12)), 0), (k, k))
    back = back * (1 - shade * np.float32(between(rng, 0.1, 0.6)))[..., None]
    grain = (
        1
        + ramp((w, h), between(rng, 0, 6.28)) * np.float32(between(rng, 0, 0.8))
        + field(rng, (w, h), max(w, h) / between(rng, 1, 4)) * np.float32(between(rng, 0, 0.05))
    )
    puffed = grain * (np.float32(between(rng, 0.4, 1.0)) * (1 - inner) + inner)
    lit = np.clip(puffed[..., None] * tone, 0, 255)
    return back + (lit - back) * share[..., None], True


def tag_over(rng: np.random.Generator, rgb: Picture, truth: Picture) -> tuple[Picture, Picture]:
    """A price tag with a string over or beside the item. Where it covers the item, the truth (0..255) is background."""
    h, w = truth.shape
    longest = max(w, h)
    where = np.argwhere(truth > 128)
    anchor = where[int(rng.integers(len(where)))][::-1].astype(float) if len(where) else np.array([w / 2, h / 2])
    angle = between(rng, 0, 2 * np.pi)
    away = np.array([np.cos(angle), np.sin(angle)])
    half = np.array([between(rng, 0.04, 0.1), between(rng, 0.025, 0.06)]) * longest
    middle = anchor + away * longest * between(rng, 0.08, 0.3)
    box = cv2.boxPoints(((float(middle[0]), float(middle[1])), (float(half[0] * 2), float(half[1] * 2)), float(np.degrees(angle + rng.normal(0, 0.4)))))
    tag = _filled((h, w), box.astype(np.float64))
    string = np.zeros((h, w), np.uint8)
    bend = (anchor + middle) / 2 + rng.normal(0, 0.02, 2) * longest
    line = np.stack([anchor, bend, middle - away * half[0] * 0.8])
    cv2.polylines(string, [np.round(line * 16).astype(np.int32)], False, 255, int(rng.integers(1, 3)), cv2.LINE_AA, 4)
    share = np.maximum(tag, string.astype(np.float32) / 255)
    shade = cv2.blur(np.roll(tag, 3, 0), (7, 7)) * np.float32(0.3)
    rgb = rgb * (1 - shade)[..., None]
    tone = np.float32([240, 238, 230]) * np.float32(between(rng, 0.75, 1.05)) if rng.random() < 0.7 else colour(rng, 30, 250)
    out = rgb + (tone - rgb) * share[..., None]
    text = "".join(str(v) for v in rng.integers(0, 10, 4))
    at = (int(middle[0] - half[0] * 0.5), int(middle[1] + half[1] * 0.3))
    print_on = np.zeros((h, w), np.uint8)
    cv2.putText(print_on, text, at, 0, longest / 1200, 255, 1, cv2.LINE_AA)
    out += (np.float32(35) - out) * (print_on.astype(np.float32) / 255 * tag)[..., None]
    return out, truth * (1 - share)


def holder_over(rng: np.random.Generator, rgb: Picture, truth: Picture) -> tuple[Picture, Picture]:
    """A holder in front of one end of the item: a ring box's slot, a stand's lip, a cuff. What it hides is background in the truth (0..255)."""
    h, w = truth.shape
    ys, xs = np.nonzero(truth > 128)
    if not len(xs):
        return rgb, truth
    low, high = np.array([xs.min(), ys.min()], float), np.array([xs.max(), ys.max()], float)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 4)
    axis, side = int(rng.random() < 0.75), float(rng.choice([1, 1, -1]))
    hidden = between(rng, 0.12, 0.4) * half[axis] * 2
    deep = hidden + half[axis] * between(rng, 0.1, 1.2)  # it goes on beyond the item
    size = half * between(rng, 1.05, 2.0)
    size[axis] = deep / 2
    centre = middle.copy()
    centre[axis] += side * (half[axis] - hidden + deep / 2)
    shape = _blob(centre, size, between(rng, 4, 16), float(rng.normal(0, 0.06)))
    share = _filled((h, w), shape)
    tone = colour(rng, 15, 250, strong=bool(rng.random() < 0.25))
    edge = cv2.blur(share, (k := 2 * int(max(w, h) * between(rng, 0.01, 0.04)) + 1, k))
    light = (np.float32(between(rng, 0.5, 1.0)) * (1 - edge) + edge) * (1 + ramp((w, h), between(rng, 0, 6.28)) * np.float32(between(rng, 0, 0.6)))
    rgb = rgb * (1 - edge * np.float32(between(rng, 0, 0.5)))[..., None]
    lit = np.clip(light[..., None] * tone + (field(rng, (w, h), max(w, h) / between(rng, 1, 4)) * np.float32(between(rng, 0, 6)))[..., None], 0, 255)
    return rgb + (lit - rgb) * share[..., None], truth * (1 - share)


def watermark(rng: np.random.Generator, rgb: Picture) -> Picture:
    """A shop's name laid over the whole picture, thinly. It changes no truth."""
    h, w = rgb.shape[:2]
    mark = np.zeros((h, w), np.uint8)
    text = "".join(rng.choice(list("abcdefghiklmnoprstuvw.0123"), int(rng.integers(6, 16))))
    scale = between(rng, 0.5, 1.4) * w / 384
    for row in range(int(rng.integers(1, 4))):
        cv2.putText(
            mark, text, (int(between(rng, 0, 0.4) * w), int((0.2 + 0.3 * row) * h)), int(rng.integers(0, 8)), scale, 255, int(rng.integers(1, 3)), cv2.LINE_AA
        )
    if rng.random() < 0.5:
        mark = cv2.warpAffine(mark, cv2.getRotationMatrix2D((w / 2, h / 2), between(rng, -45, 45), 1.0), (w, h))
    share = mark.astype(np.float32) * np.float32(between(rng, 0.1, 0.5) / 255)
    return rgb + (np.float32(255 if rng.random() < 0.6 else 20) - rgb) * share[..., None]
