"""A seller's own pairs: photographs beside what says where the product is. Found in a folder, checked, split, and drawn from in training.

A folder may hold them in any of these shapes, also in folders below it:

    images/NAME.jpg   masks/NAME.png          a grey mask, or one in the alpha channel
    NAME.jpg          NAME.mask.png           the same; NAME.alpha.png, as `packshot render --alpha` writes it, too
    NAME.jpg          NAME.png                a cut-out: transparency round the product
    NAME.jpg          NAME.retouched.jpg      what came back from a retoucher: a cut-out, or a packshot flattened on pure white

Both must have the same size and framing; `imaging.pairs` says how the truth is read and when it is refused. Only numpy, Pillow and OpenCV.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.errors import ImagingError
from imaging.pairs import Truth, to_png, truth_of
from imaging.training.compose import Composer, Sample
from imaging.training.compose_sources import Memory

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp")
MASKS = (".mask", ".alpha")
BACK = ".retouched"
ASIDE = 5  # one photo in so many is kept aside, to tell by
UNCLEAR = 0.002  # of the picture, of which nobody can say what it is: a pair with more is trained on and never told by
SIDE = 1024  # px: training reads pairs at this size
SHARES = {"photo": 0.6, "photo lifted": 0.4}  # the photo itself; its product on another backdrop

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """A photo whose truth can be read. `name` is unique within the folder."""

    name: str
    photo: Path
    back: Path
    mask: bool
    sha256: str  # of the photo
    how: str  # see imaging.pairs.Truth
    clear: bool = True  # all of the truth is known, so that a model can be scored by it

    def truth(self, longest: int = SIDE) -> Truth:
        """Read afresh."""
        return truth_of(self.photo.read_bytes(), self.back.read_bytes(), mask=self.mask, longest=longest)


@dataclass(frozen=True)
class Found:
    """What a folder holds: usable pairs in the order of their names, and file -> why it is not used."""

    pairs: tuple[Pair, ...]
    unusable: dict[str, str]


def find_pairs(folder: Path, keep: Path | None = None, tell: Callable[[str], None] = lambda name: None) -> Found:
    """Every pair of a folder, read and checked; usable ones are written to `keep` for training, under their photo's hash.

    Raises ImagingError where the folder holds no picture at all.
    """
    if not folder.is_dir():
        raise ImagingError(f"{folder}: there is no such folder of pairs")
    matched, unusable = _matched(folder)
    if not matched and not unusable:
        raise ImagingError(f"{folder}: no pictures there; expected NAME.jpg with NAME.mask.png, NAME.png, NAME.retouched.jpg, or images/ with masks/")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    pairs: list[Pair] = []
    seen: dict[str, str] = {}
    for name, (photo, back, mask) in matched.items():
        tell(name)
        data = photo.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            unusable[name] = f"the same photo as {seen[digest]}"
            continue
        try:
            truth = truth_of(data, back.read_bytes(), mask=mask, longest=SIDE)
        except (ImagingError, OSError) as error:
            unusable[name] = f"{back.name}: {error}"
            continue
        seen[digest] = name
        pairs.append(Pair(name, photo, back, mask, digest, truth.how, bool((~truth.known).mean() <= UNCLEAR)))
        if keep is not None:
            _write(truth, keep, digest)
    return Found(tuple(pairs), unusable)


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """(to train on, kept aside): one clear photo in ASIDE, by its hash, so that a photo stays on its side when others join."""
    clear = sorted(pair.sha256 for pair in pairs if pair.clear)
    aside = {digest for digest in clear if int(digest[:12], 16) % ASIDE == 0} or set(clear[:1])
    return [pair for pair in pairs if pair.sha256 not in aside], [pair for pair in pairs if pair.sha256 in aside]


def _matched(folder: Path) -> tuple[dict[str, tuple[Path, Path, bool]], dict[str, str]]:
    """Name -> (photo, the other file, is it a mask by its name), and what has no partner."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    rooms: dict[Path, dict[str, list[Path]]] = {}
    for path in files:
        rooms.setdefault(path.parent, {}).setdefault(_stem(path), []).append(path)
    matched: dict[str, tuple[Path, Path, bool]] = {}
    alone: dict[str, str] = {}
    for room, names in rooms.items():
        if room.name == "masks" and (room.parent / "images") in rooms:
            for stem, paths in names.items():
                if stem not in rooms[room.parent / "images"]:
                    alone[_word(paths[0], folder)] = f"there is no images/{stem}.*"
            continue
        for stem, paths in names.items():
            beside = rooms.get(room.parent / "masks", {}).get(stem, []) if room.name == "images" else []
            photo, back, mask = _roles(paths, beside)
            word = _word(photo or paths[0], folder)
            if photo is None:
                alone[word] = f"there is no photo {stem}.jpg beside it"
            elif back is None:
                alone[word] = f"nothing beside it says where the product is: {stem}.mask.png, {stem}.png, {stem}{BACK}.jpg, or masks/{stem}.png"
            else:
                matched[word] = (photo, back, mask)
    return matched, alone


def _roles(paths: Sequence[Path], beside: Sequence[Path]) -> tuple[Path | None, Path | None, bool]:
    """(the photo, the other file, is that one a mask by its name) among the files of one stem."""
    masks = [path for path in paths if path.stem.lower().endswith(MASKS)] + list(beside)
    back = [path for path in paths if path.stem.lower().endswith(BACK)]
    plain = sorted((path for path in paths if path not in masks and path not in back), key=lambda path: path.suffix.lower() == ".png")
    photo = plain[0] if plain else None
    if masks:
        return photo, masks[0], True
    rest = back or plain[1:]
    return photo, (rest[0] if rest else None), False


def _stem(path: Path) -> str:
    stem = path.stem
    return next((stem[: -len(word)] for word in (*MASKS, BACK) if stem.lower().endswith(word)), stem)


def _word(path: Path, folder: Path) -> str:
    """The file's name for people: its path within the folder."""
    return path.relative_to(folder).as_posix()


def _write(truth: Truth, keep: Path, digest: str) -> None:
    whole, known = to_png(truth)
    (keep / f"{digest}.png").write_bytes(whole)
    if known is not None:
        (keep / f"{digest}.known.png").write_bytes(known)


class PairPhotos:
    """Prepared pairs as a composer's photographs; at most `memory` bytes of them are kept decoded."""

    def __init__(self, keep: Path, digests: Sequence[str], memory: int = 250_000_000) -> None:
        self.keep, self.digests, self.memory = keep, list(digests), Memory(memory)

    def __len__(self) -> int:
        return len(self.digests)

    def pick(self, rng: np.random.Generator) -> tuple[Picture, Picture, Picture, NDArray[np.float32]]:
        """(rgb, alpha, weight as 0 or 255, what else it shows: nobody said)."""
        digest = self.digests[int(rng.integers(len(self.digests)))]
        held = self.memory.get(digest, lambda: self._read(digest))
        return held[..., :3], held[..., 3], held[..., 4], np.full(3, np.nan, np.float32)

    def _read(self, digest: str) -> Picture:
        path = self.keep / f"{digest}.png"
        rgba = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if rgba is None:
            raise ImagingError(f"{path}: a prepared pair is gone; remove the run folder and start again")
        known = cv2.imread(str(self.keep / f"{digest}.known.png"), cv2.IMREAD_GRAYSCALE) if (self.keep / f"{digest}.known.png").exists() else None
        weight = np.full(rgba.shape[:2], 255, np.uint8) if known is None else known
        return np.dstack([cv2.cvtColor(rgba, cv2.COLOR_BGRA2RGBA), weight])


class Mixed:
    """Samples of the pairs and, `share` of the time, of our own pictures. Without `data` ours are drawn ones and empty backdrops."""

    def __init__(self, keep: Path, digests: Sequence[str], share: float, data: Path | None = None, photos: Path | None = None) -> None:
        nowhere = keep / "none"
        self.share = share
        self.own = Composer(data or nowhere, photos)
        self.theirs = Composer(nowhere, None, shares=SHARES)
        self.theirs.photos = PairPhotos(keep, digests)  # type: ignore[assignment]

    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> Sample:
        """One sample of `size` (w, h)."""
        if rng.random() < self.share:
            return self.own.sample(rng, size)
        drawn = self.theirs.sample(rng, size)
        # a mask tells where the product is, and nothing of sets, hands and stands
        words = np.array([drawn.scene[0], np.nan, np.nan, np.nan], np.float32)
        return dataclasses.replace(drawn, scene=words)
