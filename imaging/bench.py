"""How long one photo takes and how much memory many take, beside a floor that anybody would have to pay.

All contestants run in one process on one core, on the same photos, in turn, so that a busy machine slows all alike:
what counts is the ratio. Of a photo's rounds the fastest is taken: everything slower was something else's doing.
"""

from __future__ import annotations

import importlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from imaging.batch import render_file
from imaging.colour import to_srgb
from imaging.decode import WORKING_SIDE, as_array, load, shrunk_size, upright
from imaging.errors import ImagingError
from imaging.jpeg import encode
from imaging.recipe import AnyRecipe, Recipe
from imaging.segment import Segmenter, load_segmenter

TWELVE_MEGAPIXELS = 12_000_000
EVERY = 20  # photos between two looks at the memory
_GRAIN = 2.0  # levels: a scaled-up picture is smoother than any camera's, and would decode too fast
_FLAT = 1.05  # memory that grows by less over the second half of the photos does not grow

Contestant = Callable[[Path], Mapping[str, float]]  # a photo -> ms by step, for those that know


@dataclass(frozen=True)
class Timing:
    """One contestant: for each photo the milliseconds of its fastest round, and the median of each step over the photos."""

    ms: tuple[float, ...]
    steps: Mapping[str, float]


@dataclass(frozen=True)
class Report:
    """What was timed: "floor", "ours", perhaps "rembg"."""

    timings: Mapping[str, Timing]

    def ratios(self, name: str) -> tuple[float, ...]:
        """Photo by photo, how many times the floor a contestant took."""
        return tuple(ms / floor for ms, floor in zip(self.timings[name].ms, self.timings["floor"].ms, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        told: dict[str, Any] = {}
        for name, timing in self.timings.items():
            ratios = self.ratios(name)
            told[name] = {
                "ms_p50": round(quantile(timing.ms, 0.5), 1),
                "ms_p95": round(quantile(timing.ms, 0.95), 1),
                "ratio_p50": round(quantile(ratios, 0.5), 3),
                "ratio_p95": round(quantile(ratios, 0.95), 3),
                "steps": {step: round(ms, 2) for step, ms in timing.steps.items()},
            }
        return told


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return float(np.quantile(values, share))


def time_render(photos: Sequence[Path], recipe: AnyRecipe, *, rounds: int = 3, model: Path | None = None, rembg: str | None = None) -> Report:
    """Time the floor, all of what `packshot render` does for a photo, and rembg where its model is named ("NAME" or "NAME:FILE").

    The floor runs before and after ours in every round. Raises ImagingError if a photo or the model cannot be used or
    rembg is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="packshot-bench-") as folder, _one_core():
        segmenter = load_segmenter(model)
        turns: list[tuple[str, Contestant]] = [("floor", _floor(segmenter)), ("ours", _ours(recipe, segmenter, Path(folder)))]
        turns.append(turns[0])
        if rembg is not None:
            turns.append(("rembg", _rembg(rembg)))
        for _, contestant in turns:
            _timed(contestant, photos[0])  # the first run pays for loading
        best: dict[tuple[str, Path], tuple[float, Mapping[str, float]]] = {}
        for _ in range(rounds):
            for photo in photos:
                for name, contestant in turns:
                    ms, steps = _timed(contestant, photo)
                    if (name, photo) not in best or ms < best[name, photo][0]:
                        best[name, photo] = ms, steps
    return Report({name: _timing([best[name, photo] for photo in photos]) for name in dict(turns)})


def peak_memory(photos: Sequence[Path], recipe: AnyRecipe, count: int, model: Path | None = None) -> Iterator[tuple[int, float, float]]:
    """Render `count` photos one after another in a fresh process; (photos done, MB held now, most MB ever held) every EVERY and at the end.

    Raises ImagingError if the process fails.
    """
    mine, its = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_render_many, args=(its, list(photos), recipe.to_dict(), count, model))
    process.start()
    its.close()
    try:
        while True:
            message = mine.recv()
            if message is None:
                return
            if isinstance(message, str):
                raise ImagingError(message)
            yield message
    except EOFError as error:
        raise ImagingError("the process that renders for the memory figures died (out of memory?)") from error
    finally:
        mine.close()
        process.join()


def is_flat(most: Sequence[float]) -> bool:
    """Whether the high-water mark stopped rising: what the whole run took is hardly more than what its first half took."""
    return most[-1] <= _FLAT * most[max(0, (len(most) - 1) // 2)]


def blown_up(photos: Sequence[Path], folder: Path, pixels: int = TWELVE_MEGAPIXELS) -> list[Path]:
    """Copies of the photos of at least that many pixels, enlarged by Lanczos with light grain, JPEG quality 90; the same every time."""
    made = []
    for number, path in enumerate(photos):
        photo = load(path.read_bytes())
        image = to_srgb(upright(photo.image, photo.header.orientation), photo.header.icc)
        factor = max(1.0, (pixels / (image.width * image.height)) ** 0.5)
        big = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)
        grain = np.random.default_rng(number).normal(0, _GRAIN, (big.height, big.width, 1)).astype(np.float32)
        rgb = np.clip(np.rint(as_array(big) + grain), 0, 255).astype(np.uint8)
        made.append(folder / f"{number:04d}-{path.stem}.jpg")
        Image.fromarray(rgb).save(made[-1], "JPEG", quality=90)
    return made


def _timed(contestant: Contestant, photo: Path) -> tuple[float, Mapping[str, float]]:
    began = time.perf_counter()
    try:
        steps = contestant(photo)
    except ImagingError as error:
        raise ImagingError(f"{photo}: {error}") from error
    return (time.perf_counter() - began) * 1000, steps


def _floor(segmenter: Segmenter) -> Contestant:
    """The same decoder at full size, Lanczos to the delivered size, one pass of the net, encode: no cut-out could do with less."""

    def run(path: Path) -> dict[str, float]:
        began = time.perf_counter()
        photo = load(path.read_bytes())
        image = to_srgb(upright(photo.image, photo.header.orientation), photo.header.icc)
        decoded = time.perf_counter()
        small = image.resize(shrunk_size(image.size, WORKING_SIDE), Image.Resampling.LANCZOS)
        scaled = time.perf_counter()
        segmenter.look(as_array(small))
        seen = time.perf_counter()
        encode(small, quality=92, subsampling="4:4:4")
        steps = {"decode": decoded - began, "scale": scaled - decoded, "net": seen - scaled, "encode": time.perf_counter() - seen}
        return {name: seconds * 1000 for name, seconds in steps.items()}

    return run


def _ours(recipe: AnyRecipe, segmenter: Segmenter, folder: Path) -> Contestant:
    """Read, cut out, finish, measure, write: what `packshot render` does."""

    def run(path: Path) -> Mapping[str, float]:
        result = render_file(path, folder / "ours", recipe, segmenter)
        if "error" in result:
            raise ImagingError(result["error"])
        steps: Mapping[str, float] = result["ms"]
        return steps

    return run


def _rembg(named: str) -> Contestant:
    """Decode at full size, rembg, onto white, Lanczos, encode."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # rembg gives it to onnxruntime
    try:
        rembg = importlib.import_module("rembg")
    except ImportError as error:
        raise ImagingError("rembg is not installed in this environment; leave --rembg away or install it beside packshot") from error
    name, _, file = named.partition(":")
    session = rembg.new_session(name, **({"model_path": file} if file else {}))

    def run(path: Path) -> dict[str, float]:
        photo = load(path.read_bytes())
        image = to_srgb(upright(photo.image, photo.header.orientation), photo.header.icc)
        cut = rembg.remove(image, session=session)
        white = Image.new("RGB", cut.size, (255, 255, 255))
        white.paste(cut, mask=cut.getchannel("A"))
        encode(white.resize(shrunk_size(white.size, WORKING_SIDE), Image.Resampling.LANCZOS), quality=92, subsampling="4:4:4")
        return {}

    return run


def _timing(runs: Sequence[tuple[float, Mapping[str, float]]]) -> Timing:
    names = dict.fromkeys(step for _, steps in runs for step in steps)
    return Timing(tuple(ms for ms, _ in runs), {name: quantile([steps.get(name, 0.0) for _, steps in runs], 0.5) for name in names})


class _one_core:
    """Keeps this process on one processor, where the system lets it."""

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0) if sys.platform == "linux" else set()
        if self._before:
            os.sched_setaffinity(0, {max(self._before)})

    def __exit__(self, *_: object) -> None:
        if self._before:
            os.sched_setaffinity(0, self._before)


def _render_many(to: Connection, photos: list[Path], recipe: dict[str, Any], count: int, model: Path | None) -> None:
    """The fresh process: renders, and tells its memory through the pipe; a word there is an error, None the end."""
    try:
        segmenter, style = load_segmenter(model), Recipe.from_dict(recipe)
        with tempfile.TemporaryDirectory(prefix="packshot-bench-") as folder:
            for done in range(1, count + 1):
                photo = photos[(done - 1) % len(photos)]
                result = render_file(photo, Path(folder) / "ours", style, segmenter)
                if "error" in result:
                    to.send(f"{photo}: {result['error']}")
                    return
                if done % EVERY == 0 or done == count:
                    to.send((done, *_memory()))
        to.send(None)
    except ImagingError as error:
        to.send(str(error))


def _memory() -> tuple[float, float]:
    """MB resident now and at most since this process began; not resource.getrusage, whose maximum counts the parent's at the fork too."""
    try:
        status = io.StringIO(Path("/proc/self/status").read_text("ascii"))
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        return most, most
    kilobytes = {line.split(":")[0]: float(line.split()[1]) for line in status if line.startswith(("VmRSS", "VmHWM"))}
    return kilobytes["VmRSS"] / 1024, kilobytes["VmHWM"] / 1024
