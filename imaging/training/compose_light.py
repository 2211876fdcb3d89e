"""How an item and its backdrop light each other: shadows, mirror images, tint, spill. Float32, sRGB 0..255; alpha 0..1.

None of it changes the item's alpha: what falls on the backdrop is backdrop.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import Picture, between, radius, ramp

Grey = NDArray[np.float32]


def shadows(rng: np.random.Generator, alpha: Grey, depth: float = 1.0) -> Grey:
    """How much of the light stays, h x w, 0..1: contact shadow, soft and hard drop shadows of several lamps, shade inside holes.

    Made at a third of the size, but for the contact. `depth` scales the darkness.
    """
    h, w = alpha.shape
    longest = max(w, h)
    kept = np.ones((h, w), np.float32)
    tw, th = max(8, w // 3), max(8, h // 3)
    small = cv2.resize(alpha, (tw, th), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.2:  # holes are seen in depth: what lies inside is shaded all over
        binary = (small > 0.5).astype(np.uint8)
        contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        filled = cv2.drawContours(np.zeros_like(binary), contours, -1, 1, -1).astype(np.float32)
        small = np.maximum(small, filled * np.float32(between(rng, 0.15, 0.7)))
    low = np.ones((th, tw), np.float32)
    standing = rng.random() < 0.12
    for _ in range(int(rng.choice(4, p=(0.12, 0.43, 0.3, 0.15)))):
        angle = between(rng, 0, 2 * np.pi)
        far = abs(float(rng.normal(0, 0.035))) * longest / 3
        sigma = float(np.exp(between(rng, np.log(0.003), np.log(0.09)))) * longest / 3
        grow = 1 + between(rng, 0, 0.06)
        if standing:  # thrown along the table from the item's foot
            rows = np.flatnonzero(small.max(1) > 0.3)
            foot = float(rows[-1]) if len(rows) else th
            squash = between(rng, -0.8, 0.5)
            move = np.float32([[1, (slant := between(rng, -1.5, 1.5)), -slant * foot], [0, squash, foot - squash * foot]])
        else:
            dx, dy = np.cos(angle) * far, np.sin(angle) * far
            move = np.float32([[grow, 0, dx + (1 - grow) * tw / 2], [0, grow, dy + (1 - grow) * th / 2]])
        thrown = cv2.warpAffine(small, move, (tw, th), borderMode=cv2.BORDER_REPLICATE if not standing else cv2.BORDER_CONSTANT)
        if sigma > 0.35:
            thrown = cv2.GaussianBlur(thrown, (0, 0), sigma)
        low *= 1 - thrown * np.float32(between(rng, 0.05, 0.62) * depth)
    kept *= cv2.resize(low, (w, h), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.6:
        contact = cv2.blur(alpha, (k := 2 * int(rng.integers(1, 1 + max(2, longest // 90))) + 1, k))
        dx, dy = (int(v) for v in rng.integers(-2, 3, 2))
        contact = np.roll(contact, (dy, dx), (0, 1)) if dx or dy else contact
        kept *= 1 - contact * np.float32(between(rng, 0.1, 0.75) * depth)
    return np.clip(kept, 0, 1)


def mirror(rng: np.random.Generator, backdrop: Picture, colour: Picture, alpha: Grey) -> Picture:
    """The backdrop with the item's fading mirror image below it, as glossy acrylic shows it. `colour` is premultiplied."""
    h, w = alpha.shape
    rows = np.flatnonzero(alpha.max(1) > 0.3)
    if not len(rows):
        return backdrop
    foot = float(rows[-1]) + between(rng, -0.04, 0.03) * h
    flip = np.float32([[1, 0, 0], [0, -1, 2 * foot]])
    image = cv2.warpAffine(np.dstack([colour, alpha]), flip, (w, h))
    if (sigma := between(rng, -0.5, 3.5)) > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    fade = np.exp(-np.clip(np.arange(h, dtype=np.float32) - foot, 0, None) / np.float32(between(rng, 0.08, 0.7) * h))
    image *= (fade * np.float32(between(rng, 0.06, 0.45)))[:, None, None]
    return backdrop * (1 - image[..., 3:]) + image[..., :3]


def toned(rng: np.random.Generator, colour: Picture, alpha: Grey, backdrop: Picture) -> Picture:
    """The item (premultiplied) under this picture's light: exposure, tint by the backdrop, uneven light, spill at its edges."""
    h, w = alpha.shape
    mean = cv2.resize(backdrop, (1, 1), interpolation=cv2.INTER_AREA)[0, 0]
    light = float(mean.mean()) / 255
    gain = np.ones(3, np.float32)
    if rng.random() < 0.6:
        gain *= np.float32(np.exp(float(rng.normal(0.0 + 0.12 * (light - 0.5), 0.16))))
    if light > 0.9 and rng.random() < 0.15:  # bright parts blow out and meet the white paper
        gain *= np.float32(between(rng, 1.1, 1.5))
    if rng.random() < 0.6:  # bright metal takes the backdrop's hue
        hue = mean / max(float(mean.mean()), 8.0)
        gain *= 1 + (np.clip(hue, 0.4, 1.6) - 1) * np.float32(between(rng, 0, 0.5))
    colour = colour * gain
    if rng.random() < 0.4:
        slope = ramp((w, h), between(rng, 0, 6.28)) * np.float32(between(rng, 0.1, 0.8))
        if rng.random() < 0.4:
            far = radius((w, h), (between(rng, 0, 1), between(rng, 0, 1))) / np.float32(between(rng, 0.1, 0.5))
            slope = slope + np.exp(-(far**2)) * np.float32(between(rng, 0.1, 0.7))
        colour = colour * np.clip(1 + slope, 0.15, 2.5)[..., None]
    if rng.random() < 0.25:  # veiling light: the backdrop shines over the rim, hardest on white
        size = (max(4, w // 6), max(4, h // 6))
        inside = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        around = cv2.resize(backdrop, size, interpolation=cv2.INTER_AREA) * (1 - inside)[..., None]
        sigma = between(rng, 0.4, 2.0)
        spill = cv2.resize(cv2.GaussianBlur(around, (0, 0), sigma), (w, h), interpolation=cv2.INTER_LINEAR)
        colour = colour + spill * alpha[..., None] * np.float32(between(rng, 0.05, 0.4))
    return np.minimum(colour, alpha[..., None] * 255)
