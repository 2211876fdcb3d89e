"""Where training pictures come from: traced scenes, drawn foregrounds, real photographs with masks, clutter.

All of it lies outside the repository but for the masks. Files are opened when they are needed and kept in bounded memory; sources may
be forked into feeder processes (no file stays open across a fork) and may grow while training runs (folders are looked at again).
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from .draw import BLOCK
from .drawn import draw

Image = NDArray[np.uint8]

TRAINING_SEEDS = 800_000  # scene seeds from here on are for validation and are never read
LOOK_AGAIN = 400  # picks between two looks at the scenes folder
ENOUGH = 50  # blocks of 100 foregrounds, from which on none is drawn afresh
KINDS = {"chain": 2.0, "ring": 1.3, "earrings": 1.5, "loop": 1.5, "pendant": 1.5, "none": 0.5}  # scenes picked more or less often; others 1
WITH_PROPS = 2.0  # scenes with stands, cushions, tags, hands: what the net knows least
BUSY = ("clutter", "photo", "pattern")  # backdrops that hardly a shop stands its goods on, and that a small net learns at the cost of the others
ON_BUSY = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """One traced scene: its picture's path and what its JSON says."""

    path: Path
    kind: str
    products: int
    touching: int
    props: bool
    hand: bool
    weight: float


class Memory:
    """The most recently used arrays, at most `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most, self.used = most, 0
        self._kept: OrderedDict[Any, Image] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Image]) -> Image:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = make()
        self._kept[key] = value
        self.used += value.nbytes
        while self.used > self.most and len(self._kept) > 1:
            self.used -= self._kept.popitem(last=False)[1].nbytes
        return value


class Scenes:
    """Traced scenes of `<data>/scenes`. The folder is read again every LOOK_AGAIN picks, as rendering goes on meanwhile."""

    def __init__(self, folder: Path, memory: Memory, kinds: Mapping[str, float] = KINDS) -> None:
        self.folder, self.memory, self.kinds = folder, memory, kinds
        self._picks, self._known = 0, {}  # type: ignore[var-annotated]
        self.scan()

    def scan(self) -> None:
        """Finds scenes that are new. One without a readable JSON is left for the next time: it may be half written."""
        for path in sorted(self.folder.glob("*/*.json")):
            if path not in self._known and path.stem.isdigit() and int(path.stem) < TRAINING_SEEDS and path.with_suffix(".png").exists():
                try:
                    self._known[path] = self._read(path)
                except (ValueError, KeyError):
                    continue
        self.scenes = [self._known[path] for path in sorted(self._known)]
        total = np.cumsum([scene.weight for scene in self.scenes]) if self.scenes else np.zeros(1)
        self._share = total / max(total[-1], 1e-9)

    def _read(self, path: Path) -> Scene:
        told = json.loads(path.read_text())
        props = [str(word) for word in told.get("props", [])]
        weight = self.kinds.get(told["kind"], 1.0) * (WITH_PROPS if props and told["kind"] != "none" else 1.0)
        weight *= ON_BUSY if told.get("backdrop") in BUSY else 1.0
        return Scene(
            path.with_suffix(".png"),
            told["kind"],
            int(told["products"]),
            int(told["touching"]),
            bool([p for p in props if p != "hand"]),
            "hand" in props,
            weight,
        )

    def pick(self, rng: np.random.Generator) -> tuple[Scene, Image]:
        """A scene and its RGBA picture. One that cannot be read (yet) is passed over."""
        self._picks += 1
        if self._picks % LOOK_AGAIN == 0:
            self.scan()
        for _ in range(20):
            scene = self.scenes[min(int(np.searchsorted(self._share, rng.random())), len(self.scenes) - 1)]
            rgba = self.memory.get(scene.path, lambda path=scene.path: _rgba(path))  # type: ignore[misc]
            if rgba.size:
                return scene, rgba
        raise ValueError(f"{self.folder}: 20 scenes in a row could not be read as RGBA PNG; remove broken files and render again")

    def __len__(self) -> int:
        return len(self.scenes)


def _rgba(path: Path) -> Image:
    """An RGBA PNG as an array; an empty one if the file is not (yet) one."""
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if read is None or read.ndim != 3 or read.shape[2] != 4 or read.dtype != np.uint8:
        return np.zeros((0, 0, 4), np.uint8)
    return cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA)


class Foregrounds:
    """Drawn foregrounds: from blocks of `<data>/foregrounds/*.npz`, or drawn afresh (about 30 ms each) while there are few of them.

    With half of ENOUGH blocks, half of the picks are drawn afresh: a hundred foregrounds seen again and again would be learnt by heart.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._picks, self._process = folder, 0, 0
        self._open: dict[Path, Any] = {}
        self.scan()

    def scan(self) -> None:
        self.blocks = sorted(self.folder.glob("[0-9]*.npz"))

    def pick(self, rng: np.random.Generator) -> tuple[Image, int]:
        """One RGBA foreground, and the seed that `fine` draws it larger from."""
        self._picks += 1
        if self._picks % LOOK_AGAIN == 0:
            self.scan()
        if rng.random() >= len(self.blocks) / ENOUGH:
            seed = int(rng.integers(2**31))
            return draw(seed), seed
        if os.getpid() != self._process:  # after a fork, a shared file position would mix up two readers
            self._process, self._open = os.getpid(), {}
        block = self.blocks[int(rng.integers(len(self.blocks)))]
        if block not in self._open:
            self._open[block] = np.load(block)
        names = self._open[block].files
        name = names[int(rng.integers(len(names)))]
        return self._open[block][name], int(block.stem) * BLOCK + int(name[1:])


def fine(item: Image, seed: int) -> Image | None:
    """A foreground at twice its size, or None if today's code draws another item from that seed than when its block was written."""
    large = draw(seed, fine=True)
    if large.shape[:2] != (item.shape[0] * 2, item.shape[1] * 2):
        return None
    again = cv2.resize(large[..., 3], (item.shape[1], item.shape[0]), interpolation=cv2.INTER_AREA)
    return large if int(cv2.absdiff(again, np.ascontiguousarray(item[..., 3])).max()) <= 2 else None


class Photos:
    """Real photographs with masks of the same name: mask 255 = product, 0 = not, 128 = nobody can say. Kept in memory (some 60 MB).

    `labels.yaml` beside the masks says what else a photo shows; where there is none, that is not known (NaN).
    """

    def __init__(self, photos: Path | None, masks: Path) -> None:
        self.items: list[tuple[str, Image, Image, Image]] = []  # name, rgb, alpha, weight 0 or 255
        self.told: dict[str, NDArray[np.float32]] = {}  # more than one product, a hand, a prop
        labels = masks / "labels.yaml"
        said = yaml.safe_load(labels.read_text("utf-8")) if photos and labels.is_file() else {}
        for path in sorted(masks.glob("*.png")) if photos else []:
            rgb = cv2.imread(str(Path(photos, path.stem + ".jpg")), cv2.IMREAD_COLOR)  # type: ignore[arg-type]
            mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if rgb is None or mask is None or rgb.shape[:2] != mask.shape:
                raise ValueError(
                    f"{path}: no photo {path.stem}.jpg of the same size in {photos}; give the folder that the masks were made for, or remove the mask"
                )
            known = np.where(mask == 128, 0, 255).astype(np.uint8)
            words = said.get(path.stem, {}).get("scene", [])
            self.told[path.stem] = np.float32([w in words for w in ("several", "hand", "prop")]) if said else np.full(3, np.nan, np.float32)
            self.items.append((path.stem, cv2.cvtColor(rgb, cv2.COLOR_BGR2RGB), np.where(mask == 128, 0, mask).astype(np.uint8), known))

    def pick(self, rng: np.random.Generator) -> tuple[Image, Image, Image, NDArray[np.float32]]:
        """(rgb, alpha, weight as 0 or 255, what else it shows: several, hand, prop)."""
        name, rgb, alpha, known = self.items[int(rng.integers(len(self.items)))]
        return rgb, alpha, known, self.told[name]

    def __len__(self) -> int:
        return len(self.items)


def clutter(folder: Path | None) -> list[Image]:
    """Every JPEG of a folder as RGB, at most 640 px; grey ones too."""
    pictures = []
    for path in sorted(folder.glob("*.jpg")) if folder else []:
        read = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if read is None or min(read.shape[:2]) < 32:
            continue
        shrink = min(1.0, 640 / max(read.shape[:2]))
        read = cv2.resize(read, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else read
        pictures.append(cv2.cvtColor(read, cv2.COLOR_BGR2RGB))
    return pictures


def lifted(rgba: Image, margin: int = 4) -> Image:
    """The product of a whole picture as a foreground: a tight box, and at the rim the product's inner colours carried outwards.

    A rim pixel of a photograph holds some backdrop; on another backdrop it would shine as a fringe.
    """
    ys, xs = np.nonzero(rgba[..., 3])
    if not len(xs):
        raise ValueError("lifted: the picture has no product (alpha is 0 everywhere); pick one that has")
    y0, y1, x0, x1 = max(ys.min() - margin, 0), ys.max() + margin + 1, max(xs.min() - margin, 0), xs.max() + margin + 1
    part = rgba[y0:y1, x0:x1]
    alpha = part[..., 3].astype(np.float32) / 255
    own = alpha**16 + np.float32(1e-8) * alpha  # how purely a pixel shows the product
    colour = part[..., :3].astype(np.float32)
    total, weight = np.zeros_like(colour), np.full(alpha.shape, 1e-9, np.float32)
    strength = np.float32(1)
    for side in (3, 9, 27):  # near neighbours count before far ones
        near = cv2.blur(np.dstack([colour * own[..., None], own]), (side, side), borderType=cv2.BORDER_REPLICATE)
        total += near[..., :3] * strength
        weight += near[..., 3] * strength
        strength *= np.float32(0.02)
    inner = total / weight[..., None]
    sure = np.clip((alpha - 0.94) / 0.06, 0, 1)[..., None]
    return np.dstack([np.clip(colour * sure + inner * (1 - sure), 0, 255).astype(np.uint8), part[..., 3]])
