"""What a camera and a seller's software do to a finished picture: light, lens, grain, sharpening, size, JPEG.

Everything here changes colours alone and keeps the geometry, so the truth beside the picture stays exact. Pictures are float32
HxWx3, sRGB 0..255; random numbers come from the caller's generator only.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]

SMALL = 0.3  # share of pictures that come from a small file: shop pictures of 200-400 px are common
PACKED = 0.8  # share that went through JPEG


def field(rng: np.random.Generator, size: tuple[int, int], cells: float, smooth: bool = True) -> Picture:
    """Random numbers of spread 1 on a grid of about `cells` along the longest side, blown up to size (w, h); float32 h x w."""
    w, h = size
    grid = (max(2, round(cells * h / max(w, h))), max(2, round(cells * w / max(w, h))))
    noise = rng.standard_normal(grid, dtype=np.float32)
    return cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR)


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """One number, evenly from low..high, as a plain float: NumPy 2 scalars would lift float32 pictures to float64."""
    return float(rng.uniform(low, high))


def ramp(size: tuple[int, int], angle: float, centre: tuple[float, float] = (0.5, 0.5)) -> Picture:
    """Distance along `angle` (radians) from `centre`, in units of the longest side; float32 h x w."""
    w, h = size
    longest = max(w, h)
    x = (np.arange(w, dtype=np.float32) - np.float32(centre[0] * w)) * np.float32(np.cos(angle) / longest)
    y = (np.arange(h, dtype=np.float32) - np.float32(centre[1] * h)) * np.float32(np.sin(angle) / longest)
    return x[None] + y[:, None]


def radius(size: tuple[int, int], centre: tuple[float, float] = (0.5, 0.5), stretch: float = 1.0) -> Picture:
    """Distance from `centre` in units of the longest side, y stretched; float32 h x w."""
    w, h = size
    longest = max(w, h)
    x = (np.arange(w, dtype=np.float32) - np.float32(centre[0] * w)) / np.float32(longest)
    y = (np.arange(h, dtype=np.float32) - np.float32(centre[1] * h)) * np.float32(stretch / longest)
    return np.sqrt(x[None] ** 2 + y[:, None] ** 2)


def camera(rng: np.random.Generator, rgb: Picture, strength: float = 1.0) -> NDArray[np.uint8]:
    """A picture as it would arrive: uint8, same size. `strength` 0..1 scales how often anything happens (1: our full mix)."""
    h, w = rgb.shape[:2]
    rgb = _light(rng, rgb, strength)
    if rng.random() < 0.35 * strength:
        rgb = _lens(rng, rgb)
    small = rng.random() < SMALL * strength
    if small:
        share = between(rng, 0.42, 0.95)
        to = (max(48, round(w * share)), max(48, round(h * share)))
        rgb = cv2.resize(rgb, to, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6 * strength:
        rgb = _grain(rng, rgb)
    if rng.random() < 0.25 * strength:
        sigma = between(rng, 0.6, 1.6)
        rgb = rgb + (rgb - cv2.GaussianBlur(rgb, (0, 0), sigma)) * between(rng, 0.3, 1.6)
    if rng.random() < 0.06 * strength:
        grey = rgb @ np.float32([0.299, 0.587, 0.114])
        tone = np.float32([1.04, 1.0, 0.9]) if rng.random() < 0.2 else np.float32([1.0, 1.0, 1.0])
        rgb = grey[..., None] * tone
    out = (np.clip(rgb, 0, 255) + np.float32(0.5)).astype(np.uint8)
    if rng.random() < PACKED * strength:
        out = _jpeg(out, int(rng.integers(30, 96)), bool(rng.random() < 0.7))
    if small:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[int(rng.choice(3, p=(0.5, 0.4, 0.1)))]
        out = cv2.resize(out, (w, h), interpolation=how)
        if rng.random() < 0.3:
            out = _jpeg(out, int(rng.integers(60, 96)), True)
    return out


def _light(rng: np.random.Generator, rgb: Picture, strength: float) -> Picture:
    """Exposure, white balance, gamma and contrast. Half of the time mild: a white backdrop must often stay white."""
    mild = rng.random() < 0.5
    wide = 0.35 * strength * (0.3 if mild else 1.0)
    gain = between(rng, 1 - 0.8 * wide, 1 + 0.6 * wide)
    balance = 1 + rng.uniform(-1, 1, 3).astype(np.float32) * np.float32((0.02 if mild else 0.09) * strength)
    lift = between(rng, -8, 10) * strength if rng.random() < 0.4 else 0.0
    # gamma by a table of 1024 steps: a power of every pixel would cost ten times as much
    gamma = float(np.exp(between(rng, -1, 1) * wide * 0.8))
    bend = between(rng, -0.5, 0.6) * wide
    steps = np.linspace(0, 1.25, 1024, dtype=np.float32)
    curve = np.clip(steps, 0, None) ** np.float32(gamma)
    curve = curve + np.float32(bend) * (curve - 0.5) * curve * np.clip(1 - curve, 0, 1) * 4
    table = curve * 255 + np.float32(lift)
    index = np.clip(rgb * (balance * np.float32(gain * 1023 / (1.25 * 255))) + np.float32(0.5), 0, 1023).astype(np.uint16)
    rgb = table[index]
    if rng.random() < 0.22 * strength:
        h, w = rgb.shape[:2]
        fall = between(rng, 0.1, 0.9)
        edge = 1 - np.float32(fall) * radius((w, h), (between(rng, 0.35, 0.65), between(rng, 0.35, 0.65))) ** 2
        rgb = rgb * edge[..., None]
    return rgb


def _lens(rng: np.random.Generator, rgb: Picture) -> Picture:
    """A little out of focus, shaken, or with bright places that bleed."""
    kind = rng.random()
    if kind < 0.65:
        return cv2.GaussianBlur(rgb, (0, 0), between(rng, 0.4, 1.5))
    if kind < 0.85:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        dx, dy = np.cos(angle := between(rng, 0, np.pi)) * length, np.sin(angle) * length
        middle = length // 2
        ends = [(round(middle - k * dx / 2), round(middle - k * dy / 2)) for k in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1)
        kernel[middle, middle] = 1
        return cv2.filter2D(rgb, -1, kernel / kernel.sum())
    h, w = rgb.shape[:2]
    small = cv2.resize(rgb, (max(2, w // 8), max(2, h // 8)), interpolation=cv2.INTER_AREA)
    bloom = cv2.resize(cv2.GaussianBlur(np.clip(small - 170, 0, None), (0, 0), between(rng, 1, 4)), (w, h))
    return rgb + bloom * between(rng, 0.1, 0.45)


def _grain(rng: np.random.Generator, rgb: Picture) -> Picture:
    """Sensor noise: of brightness, of colour, of one to three pixels' size; stronger in the dark now and then."""
    h, w = rgb.shape[:2]
    amount = abs(float(rng.normal(0, 4.5)))
    cells = max(w, h) / between(rng, 1, 2.2) if rng.random() < 0.5 else max(w, h)
    noise = field(rng, (w, h), cells, smooth=False) * np.float32(amount)
    if rng.random() < 0.3:
        noise = noise * np.clip(1.4 - rgb[..., 1] / 255, 0.2, 1.4)
    rgb = rgb + noise[..., None]
    if rng.random() < 0.4:
        coarse = (max(2, h // int(rng.integers(1, 6))), max(2, w // int(rng.integers(1, 6))), 3)
        chroma = cv2.resize(rng.standard_normal(coarse, dtype=np.float32), (w, h))
        rgb = rgb + chroma * np.float32(amount * 0.8)
    return rgb


def _jpeg(rgb: NDArray[np.uint8], quality: int, coarse_colour: bool) -> NDArray[np.uint8]:
    """There and back through a JPEG file."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if coarse_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    ok, file = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])
    if not ok:
        raise ValueError("camera: OpenCV could not write a JPEG; is its build complete? (opencv-python-headless is)")
    return cv2.cvtColor(cv2.imdecode(file, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
