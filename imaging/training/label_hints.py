"""What a person saw: verdicts and drawn shapes per photo, read from `caltech/hints.yaml`. Coordinates are photo pixels, pixel corners at whole numbers.

A shape is one of
  [x, y, x, y, ...]                            a polygon
  {curve: [x, y, ...]}                         a smooth closed curve through the points
  {ellipse: [cx, cy, rx, ry, degrees]}         degrees may be left out
  {line: [x, y, x, y, ...], width: w}          a thick stroke
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Shape = Any  # one of the four forms of the module's docstring, as YAML gives it

METHODS = ("auto", "flood", "net", "drawn")
SCENES = ("several", "hand", "prop")
_SHAPES = ("outline", "product", "backdrop", "holes", "ignore", "within", "fill")
_FINE = 3  # bits of sub-pixel precision that OpenCV draws with


@dataclass(frozen=True)
class Hint:
    """How one photo is to be treated. Without any hint: method "auto" and nothing drawn."""

    method: str = "auto"  # "drawn": the outline itself is the mask
    tolerance: float | None = None  # colour distance of the flood instead of the steadiest
    slack: float = 3.0  # photo pixels by which `outline` may be wrong either way; GrabCut decides inside that band
    outline: Sequence[Shape] = field(default_factory=tuple)  # the whole product, to within `slack`
    within: Sequence[Shape] = field(default_factory=tuple)  # no product outside of these
    product: Sequence[Shape] = field(default_factory=tuple)  # surely product
    backdrop: Sequence[Shape] = field(default_factory=tuple)  # surely not
    holes: Sequence[Shape] = field(default_factory=tuple)  # real see-through gaps, cut out at the end
    fill: Sequence[Shape] = field(default_factory=tuple)  # added at the end
    ignore: Sequence[Shape] = field(default_factory=tuple)  # cannot be decided
    floods: Sequence[Sequence[float]] = field(default_factory=tuple)  # [x, y, tolerance]: not product, as far as that spot's colour runs (shadows, props)


@dataclass(frozen=True)
class Hints:
    """The whole file."""

    accepted: frozenset[str]
    left_out: Mapping[str, str]
    scene: Mapping[str, tuple[str, ...]]
    photos: Mapping[str, Hint]

    def of(self, name: str) -> Hint:
        return self.photos.get(name, Hint())


def read_hints(path: Path) -> Hints:
    """Raises ValueError that names the photo and the word that is wrong."""
    raw = yaml.safe_load(path.read_text("utf-8")) or {}
    photos = {}
    for name, entry in (raw.get("photos") or {}).items():
        unknown = set(entry) - {"method", "tolerance", "slack", "floods", *_SHAPES}
        if unknown:
            raise ValueError(f"{path.name}: {name}: unknown word {sorted(unknown)[0]!r}; known are method, tolerance, slack, floods, {', '.join(_SHAPES)}")
        if entry.get("method", "auto") not in METHODS:
            raise ValueError(f"{path.name}: {name}: method {entry['method']!r} is none of {', '.join(METHODS)}")
        photos[name] = Hint(**entry)
    scene = {name: tuple(flags) for name, flags in (raw.get("scene") or {}).items()}
    for name, flags in scene.items():
        if wrong := set(flags) - set(SCENES):
            raise ValueError(f"{path.name}: {name}: scene {sorted(wrong)[0]!r} is none of {', '.join(SCENES)}")
    hints = Hints(frozenset(raw.get("accepted") or ()), dict(raw.get("left_out") or {}), scene, photos)
    if both := sorted(hints.accepted & set(hints.left_out)):
        raise ValueError(f"{path.name}: {both[0]}: both accepted and left out; take it from one of the lists")
    return hints


def drawn(shapes: Sequence[Shape], size: tuple[int, int], scale: int) -> Mask:
    """The union of `shapes` as a mask of (w, h) x `scale`; pixels whose centre is inside."""
    w, h = size
    out = np.zeros((h * scale, w * scale), np.uint8)
    for shape in shapes:
        if isinstance(shape, Mapping) and "line" in shape:
            points = _fixed(_points(shape["line"]), scale)
            cv2.polylines(out, [points], False, 1, max(round(float(shape["width"]) * scale), 1), cv2.LINE_8, _FINE)
        else:
            cv2.fillPoly(out, [_fixed(_outline(shape), scale)], 1, cv2.LINE_8, _FINE)
    return out.astype(bool)


def _outline(shape: Shape) -> NDArray[np.float64]:
    if isinstance(shape, Mapping) and "ellipse" in shape:
        cx, cy, rx, ry, *turn = (float(v) for v in shape["ellipse"])
        t = np.linspace(0, 2 * np.pi, 96, endpoint=False)
        angle = np.radians(turn[0] if turn else 0.0)
        x, y = rx * np.cos(t), ry * np.sin(t)
        return np.stack([cx + x * np.cos(angle) - y * np.sin(angle), cy + x * np.sin(angle) + y * np.cos(angle)], axis=1)
    if isinstance(shape, Mapping) and "curve" in shape:
        return _smooth(_points(shape["curve"]))
    if isinstance(shape, Sequence) and not isinstance(shape, str):
        return _points(shape)
    raise ValueError(f"shape {shape!r}: expected a list of numbers, or one of curve, ellipse, line")


def _points(flat: Sequence[float]) -> NDArray[np.float64]:
    if len(flat) < 4 or len(flat) % 2:
        raise ValueError(f"shape with {len(flat)} numbers: expected x, y, x, y, ...")
    return np.array(flat, dtype=np.float64).reshape(-1, 2)


def _smooth(points: NDArray[np.float64], steps: int = 10) -> NDArray[np.float64]:
    """Closed Catmull-Rom curve through the points."""
    before, after, beyond = np.roll(points, 1, 0), np.roll(points, -1, 0), np.roll(points, -2, 0)
    t = (np.arange(steps) / steps)[None, :, None]
    p0, p1, p2, p3 = (p[:, None, :] for p in (before, points, after, beyond))
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    return curve.reshape(-1, 2)


def _fixed(points: NDArray[np.float64], scale: int) -> NDArray[np.int32]:
    """Corner-based photo pixels -> OpenCV's centre-based fixed-point pixels of the working size."""
    return np.asarray(np.rint((points * scale - 0.5) * (1 << _FINE)), dtype=np.int32)
