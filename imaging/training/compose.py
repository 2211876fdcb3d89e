"""Training samples composed on the fly: traced scenes, traced and drawn items on made backdrops, real photographs, and nothing at all.

    python -m imaging.training.compose --data DATA --caltech CALTECH --sheet out.png           # samples to look at, picture beside truth
    python -m imaging.training.compose --data DATA --caltech CALTECH --write 850000 --count 300  # drawn ones as scenes, to calibrate or judge by

`Composer(data, caltech).sample(rng, (w, h))` is deterministic: same files, same generator state, same sample. The truth is exact: it is
moved by the same matrix as the picture, and no later step moves pixels. About 20 ms for 384 x 384 on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from . import compose_place as place
from .backdrops import backdrop, cluttered
from .camera import Picture, between, camera
from .compose_light import mirror, shadows, toned
from .compose_props import holder_over, prop_behind, tag_over, watermark
from .compose_sources import Foregrounds, Image, Memory, Photos, Scenes, clutter, fine, lifted

MASKS = Path(__file__).parent / "caltech"
SHARES = {"scene": 0.42, "lifted": 0.14, "drawn": 0.22, "photo": 0.09, "photo lifted": 0.04, "none": 0.04, "two": 0.05}
ENOUGH_SCENES = 400  # below that many, traced kinds are drawn less often, or the net would learn the few by heart
COARSE = 1.35  # a drawn item that is blown up further than this is drawn again at twice the size: blur would give it away
TRACED = ("scene", "lifted")
WRITTEN = {"drawn": 0.88, "two": 0.06, "none": 0.06}  # of the scenes that `--write` writes
LEAST = 0.004  # of the frame: less product than this is no product for the verdict


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and its truth, all h x w: `rgb` uint8, `alpha` uint8, `weight` float32 0..1 or None where all of it counts.

    `scene` is float32[4], 0 or 1, or NaN where nobody knows: a product is there, more than one product, a hand or person, a stand or another prop.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    weight: NDArray[np.float32] | None
    scene: NDArray[np.float32]
    kind: str = ""


class Composer:
    """Draws samples from what is there. `data` holds scenes/ and foregrounds/, `caltech` watch/ and background/; both may be empty or lack parts.

    `shares` says how often each kind of SHARES is drawn (any sum); kinds whose source is missing fall away. `memory` bounds the bytes
    of decoded scenes kept per process; with fewer than `enough_scenes` scenes the traced kinds are drawn in proportion less often.
    `plain_camera` leaves lens, grain and JPEG out.
    """

    def __init__(
        self,
        data: Path,
        caltech: Path | None = None,
        *,
        masks: Path = MASKS,
        shares: Mapping[str, float] = SHARES,
        memory: int = 600_000_000,
        enough_scenes: int = ENOUGH_SCENES,
        plain_camera: bool = False,
    ) -> None:
        if unknown := set(shares) - set(SHARES):
            raise ValueError(f"shares: {', '.join(sorted(unknown))} is no kind of sample; known are {', '.join(SHARES)}")
        cv2.setNumThreads(1)  # feeders share their cores with training
        self.scenes = Scenes(data / "scenes", Memory(memory))
        self.foregrounds = Foregrounds(data / "foregrounds")
        self.photos = Photos(caltech / "watch" if caltech else None, masks)
        self.clutter = clutter(caltech / "background" if caltech else None)
        self.shares, self.enough_scenes, self.plain_camera = dict(shares), enough_scenes, plain_camera

    def kinds(self) -> dict[str, float]:
        """The shares as they are drawn now, summing to 1: kinds without a source are left out, traced ones rise with the number of scenes."""
        here = dict(self.shares)
        traced = min(1.0, len(self.scenes) / self.enough_scenes)
        here |= {kind: here.get(kind, 0.0) * traced for kind in TRACED}
        if not len(self.photos):
            here |= {"photo": 0.0, "photo lifted": 0.0}
        total = sum(here.values())
        if total <= 0:
            raise ValueError("shares: every kind that is asked for lacks its source; render scenes, add photos with masks, or give drawn a share")
        return {kind: share / total for kind, share in here.items()}

    def sample(self, rng: np.random.Generator, size: tuple[int, int] = (384, 384)) -> Sample:
        """One sample of `size` (w, h)."""
        kinds = self.kinds()
        kind = list(kinds)[int(rng.choice(len(kinds), p=list(kinds.values())))]
        if kind == "scene":
            return self._scene(rng, size)
        if kind == "photo":
            return self._photo(rng, size)
        if kind == "none":
            return self._none(rng, size)
        return self._composed(rng, size, kind)

    def _scene(self, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
        """A part of a traced scene, as large as may be, seen through a camera."""
        for _ in range(8):
            scene, rgba = self.scenes.pick(rng)
            keep = 0.97 if scene.products > 1 else (0.9 if rng.random() < 0.6 else 0.3)
            where = place.window(rng, rgba[..., 3], size, keep)
            if where is not None:
                break
        else:
            return self._composed(rng, size, "drawn")
        seen = place.placed(rgba, where, size, cv2.BORDER_REFLECT_101)
        there = float(seen[..., 3].mean()) / 255 > LEAST
        told = np.float32([there and scene.products > 0, there and scene.products > 1, scene.hand, scene.props])
        return Sample(self._shot(rng, seen[..., :3].astype(np.float32)), np.ascontiguousarray(seen[..., 3]), None, told, "scene")

    def _photo(self, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
        """A real photograph, cropped, perhaps squeezed towards the frame's shape; nearly no camera on top of its own."""
        rgb, alpha, known, told = self.photos.pick(rng)
        h, w = alpha.shape
        mismatch = (size[0] / size[1]) / (w / h)
        stretch = float(np.clip(mismatch ** between(rng, 0.2, 1.0), 0.66, 1.5)) if rng.random() < 0.75 else 1.0
        to = (max(16, round(w * max(stretch, 1))), max(16, round(h * max(1 / stretch, 1))))
        whole = cv2.resize(np.dstack([rgb, alpha]), to, interpolation=cv2.INTER_LINEAR)
        where = place.window(rng, whole[..., 3], size, 0.6 if rng.random() < 0.7 else 0.3)
        if where is None:
            return self._composed(rng, size, "photo lifted")
        seen = place.placed(whole, where, size, cv2.BORDER_REFLECT_101)
        counts = cv2.warpAffine(cv2.resize(known, to, interpolation=cv2.INTER_NEAREST), where, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
        weight = None if counts.min() == 255 else counts.astype(np.float32) / 255
        there = float(seen[..., 3].mean()) / 255 > LEAST
        rgb = seen[..., :3].astype(np.float32)
        rgb8 = camera(rng, rgb, 0.5) if not self.plain_camera else seen[..., :3]
        return Sample(np.ascontiguousarray(rgb8), np.ascontiguousarray(seen[..., 3]), weight, np.float32([there, *told]), "photo")

    def _none(self, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
        """A backdrop with nothing on it, or a picture of something else."""
        told = np.zeros(4, np.float32)
        if self.clutter and rng.random() < 0.6:
            rgb = cluttered(rng, size, self.clutter, sharp=0.85)
            told[2] = np.nan  # nobody looked whether there is a person in it
        else:
            rgb, _ = backdrop(rng, size, self.clutter)
            if rng.random() < 0.4:  # a stand or a cushion that waits
                rgb, _ = prop_behind(rng, rgb, None)
        return Sample(self._shot(rng, rgb), np.zeros((size[1], size[0]), np.uint8), None, told, "none")

    def _item(self, rng: np.random.Generator, kind: str) -> tuple[Image, int | None]:
        """A foreground with straight colour: drawn (with its seed), or lifted from a scene or a photograph (whole ones only)."""
        if kind == "two":
            kind = "lifted" if len(self.scenes) and rng.random() < 0.45 else "drawn"
        if kind == "lifted":
            for _ in range(8):
                scene, rgba = self.scenes.pick(rng)
                if scene.products == 1 and scene.touching == 0 and rgba[..., 3].max() > 200:
                    return self.scenes.memory.get((scene.path, "lifted"), lambda rgba=rgba: lifted(rgba)), None  # type: ignore[misc]
        if kind == "photo lifted":
            for _ in range(8):
                rgb, alpha, known, _ = self.photos.pick(rng)
                edge = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
                if edge.max() < 128 and known.min() == 255 and alpha.max() > 200:
                    soft = cv2.GaussianBlur(cv2.erode(alpha, np.ones((2, 2), np.uint8)), (0, 0), 0.6)
                    return lifted(np.dstack([rgb, soft])), None
        return self.foregrounds.pick(rng)

    def _composed(self, rng: np.random.Generator, size: tuple[int, int], kind: str) -> Sample:
        """One item, or two, on a made backdrop."""
        w, h = size
        back, ground = backdrop(rng, size, self.clutter)
        layer = np.zeros((h, w, 4), np.float32)
        boxes: list[tuple[float, float, float, float] | None] = [None]
        if kind == "two":
            cut = between(rng, 0.38, 0.62)
            boxes = [(0, 0, cut, 1), (cut, 0, 1, 1)] if rng.random() < (0.65 if w >= h else 0.35) else [(0, 0, 1, cut), (0, cut, 1, 1)]
        for box in boxes:
            for _ in range(4):  # a thread that all but vanishes teaches nothing, nor a pearl that hides all else
                item, seed = self._item(rng, kind)
                where = place.matrix(rng, item[..., 3], size, box=box, runs_out=0.0 if box else place.RUNS_OUT)
                if seed is not None and place.zoom(where) > COARSE and (large := fine(item, seed)) is not None:
                    item, where = large, place.halved(where)
                seen = place.placed(place.premultiplied(item), where, size).astype(np.float32)
                if LEAST < float(seen[..., 3].mean()) / 255 < 0.96:
                    break
            layer = layer * (1 - seen[..., 3:] / 255) + seen
        alpha = layer[..., 3] / 255
        colour = layer[..., :3]
        props = False
        if kind != "two" and ground != "white" and rng.random() < 0.16:
            back, props = prop_behind(rng, back, alpha)
        colour = toned(rng, colour, alpha, back)
        if rng.random() < (0.45 if ground == "white" else 0.9):
            back = back * shadows(rng, alpha, 0.5 if ground == "white" else 1.0)[..., None]
        if rng.random() < 0.12:
            back = mirror(rng, back, colour, alpha)
        rgb = colour + back * (1 - alpha[..., None])
        truth = layer[..., 3]
        if kind != "two" and rng.random() < 0.035:
            rgb, truth = tag_over(rng, rgb, truth)
            props = True
        elif kind != "two" and ground != "white" and rng.random() < 0.03:
            rgb, truth = holder_over(rng, rgb, truth)
            props = True
        if rng.random() < 0.03:
            rgb = watermark(rng, rgb)
        told = np.float32([float(truth.mean()) / 255 > LEAST, kind == "two", 0, props])
        clean = ground == "white" and rng.random() < 0.5  # a retoucher's white comes without grain
        return Sample(self._shot(rng, rgb, 0.4 if clean else 1.0), np.clip(np.round(truth), 0, 255).astype(np.uint8), None, told, kind)

    def _shot(self, rng: np.random.Generator, rgb: Picture, strength: float = 1.0) -> NDArray[np.uint8]:
        return camera(rng, rgb, 0.0 if self.plain_camera else strength)


def sheet(composer: Composer, seed: int, count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """`count` samples, picture beside truth, six to a row; uint8 RGB."""
    rng = np.random.default_rng(seed)
    tiles = []
    for _ in range(count):
        sample = composer.sample(rng, size)
        truth = sample.alpha if sample.weight is None else (sample.alpha * (0.5 + 0.5 * sample.weight)).astype(np.uint8)
        tiles.append(np.hstack([sample.rgb, np.repeat(truth[..., None], 3, 2)]))
    tiles += [np.zeros_like(tiles[0])] * (-count % 6)
    return np.vstack([np.hstack(tiles[i : i + 6]) for i in range(0, len(tiles), 6)])


def write(caltech: Path | None, data: Path, first: int, count: int, side: int) -> None:
    """Drawn products on made backdrops as scenes of the seeds `first`, ...: what `render` writes, without tracing. Files that are there are kept."""
    composer = Composer(data / "nothing", caltech, shares=WRITTEN)
    for seed in range(first, first + count):
        path = data / "scenes" / f"{seed // 1000:03d}" / f"{seed:06d}.png"
        if path.exists():
            continue
        rng = np.random.default_rng((seed, 2))
        width, height = ((side, side * 3 // 4), (side * 3 // 4, side), (side * 7 // 8, side * 7 // 8))[seed % 3]
        made = composer.sample(rng, (width, height))
        there = bool(made.scene[0] > 0)
        sides = (made.alpha[0], made.alpha[-1], made.alpha[:, 0], made.alpha[:, -1])
        about = {
            "seed": seed,
            "kind": made.kind if there else "none",
            "products": (2 if made.scene[1] > 0 else 1) if there else 0,
            "touching": sum(bool((line > 127).any()) for line in sides),
            "props": ["prop"] if made.scene[3] > 0 else [],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".json").write_text(json.dumps(about) + "\n", encoding="utf-8")
        cv2.imwrite(str(path), np.dstack([made.rgb[..., ::-1], made.alpha]))


def main() -> int:
    """Draws a sheet and says how long a sample took, or writes scenes."""
    parser = argparse.ArgumentParser(prog="python -m imaging.training.compose", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with scenes/ and foregrounds/")
    parser.add_argument("--caltech", type=Path, help="folder with watch/ and background/ photographs")
    parser.add_argument("--sheet", type=Path, help="the PNG to write")
    parser.add_argument(
        "--write", type=int, metavar="SEED", help="write --count scenes of the seeds from this one on to DATA/scenes; from 800000 none is trained on"
    )
    parser.add_argument("--side", type=int, default=640, help="px of the longest side of what --write writes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--size", type=int, nargs=2, default=(256, 256), metavar=("W", "H"))
    parser.add_argument("--only", help="one kind of sample: " + ", ".join(SHARES))
    args = parser.parse_args()
    if (args.write is None) == (args.sheet is None):
        parser.error("name --sheet or --write")
    if args.write is not None:
        write(args.caltech, args.data, args.write, args.count, args.side)
        return 0
    composer = Composer(args.data, args.caltech, shares={args.only: 1.0} if args.only else SHARES)
    start = time.process_time()
    picture = sheet(composer, args.seed, args.count, tuple(args.size))
    each = (time.process_time() - start) * 1000 / args.count
    print(f"{each:.1f} ms of one core a sample; {len(composer.scenes)} scenes, {len(composer.photos)} photos; {composer.kinds()}")
    cv2.imwrite(str(args.sheet), picture[..., ::-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
