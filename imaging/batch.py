"""Many files without a database: what `packshot render` and the imaging benchmark stand on."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.cutout import Cutout, cut_out, cutout_id, mask_input, to_png
from imaging.decode import Original, big_photo_lane, read_header
from imaging.errors import ImagingError
from imaging.measure import measure
from imaging.mending import Backdrop
from imaging.pipeline import render
from imaging.recipe import AnyRecipe, OwnRecipe, Recipe, RenderRequest
from imaging.segment import Segmenter, load_segmenter
from imaging.shoots import find_backdrops

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif", ".bmp", ".gif"})
SUFFIX_OF = {"jpeg": ".jpg", "png": ".png"}  # of finished files, by the recipe's format
_AHEAD = 4  # files per process that may be under way, so that a million paths are not queued at once


@dataclass(frozen=True)
class Beside:
    """What is written beside a finished picture: its mask (.alpha.png), and how it was made (.json)."""

    alpha: bool = False
    sidecar: bool = False


ALONE = Beside()


def render_paths(
    paths: Sequence[Path], recipe: AnyRecipe, out: Path, *, alpha: bool = False, sidecar: bool = False, jobs: int = 1, model: Path | None = None
) -> Iterator[dict[str, Any]]:
    """One dict per file, in order: `file, output, alpha, sha256, facts, notes, confidence, ms`, or `file, error`.

    Folders are searched for pictures and their inner paths kept below `out`, so that equal names do not collide.
    Photos of one folder that share their backdrop are judged by it together where their own shows too little of it.
    Raises ImagingError before the first file if the model cannot be loaded. A recipe that keeps the photo's own background needs no model:
    `alpha` and `confidence` are None.
    """
    beside = Beside(alpha, sidecar)
    tasks = [(source, out / target) for source, target in plan(paths)]
    segmenter = None if isinstance(recipe, OwnRecipe) else load_segmenter(model)  # a wrong model is one error here, not one per file
    if jobs <= 1:
        backdrops = _backdrops(tasks, segmenter)
        for source, target in tasks:
            yield render_file(source, target, recipe, segmenter, beside=beside, backdrop=backdrops.get(source.parent))
        return
    with _processes(jobs, model, cuts=segmenter is not None) as pool:
        yield from _in_processes(pool, tasks, recipe, beside, jobs, _backdrops(tasks, segmenter))


def _backdrops(tasks: Sequence[tuple[Path, Path]], segmenter: Segmenter | None) -> dict[Path, Backdrop]:
    return {} if segmenter is None else find_backdrops([source for source, _ in tasks], segmenter)


def plan(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Every picture with the relative path, less its suffix, that its outputs get; no two get the same."""
    found: list[tuple[Path, Path]] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
            found += [(p, p.relative_to(path).with_suffix("")) for p in inside]
        else:
            found.append((path, Path(path.stem)))
    by_target: dict[str, list[int]] = {}
    for index, (_, target) in enumerate(found):
        by_target.setdefault(str(target).lower(), []).append(index)
    crowded = {index for indexes in by_target.values() if len(indexes) > 1 for index in indexes}
    if not crowded:
        return found
    return _apart(found, crowded)


def _apart(found: list[tuple[Path, Path]], crowded: set[int]) -> list[tuple[Path, Path]]:
    """Files that would collide keep as much of their folders as tells them apart, and a number where even that does not."""
    common = Path(os.path.commonpath([str(found[i][0].absolute().parent) for i in crowded]))
    taken = {str(target).lower() for index, (_, target) in enumerate(found) if index not in crowded}
    apart: list[tuple[Path, Path]] = []
    for index, (source, target) in enumerate(found):
        if index in crowded:
            target = base = source.absolute().relative_to(common).with_suffix("")
            number = 1
            while str(target).lower() in taken:
                number += 1
                target = base.with_name(f"{base.name}-{number}")
            taken.add(str(target).lower())
        apart.append((source, target))
    return apart


def render_file(
    source: Path, target: Path, recipe: AnyRecipe, segmenter: Segmenter | None, *, beside: Beside = ALONE, backdrop: Backdrop | None = None
) -> dict[str, Any]:
    """Renders one file to `target`.jpg (or .png, as the recipe says), with what is wanted beside it, and tells what came of it; errors are told, not raised."""
    try:
        return _rendered(source, target, recipe, segmenter, beside, backdrop)
    except ImagingError as error:
        return {"file": str(source), "error": str(error)}
    except OSError as error:
        return {"file": str(source), "error": f"{error.strerror or error}"}


def _rendered(source: Path, target: Path, recipe: AnyRecipe, segmenter: Segmenter | None, beside: Beside, backdrop: Backdrop | None) -> dict[str, Any]:
    start = time.perf_counter()
    data = Original(source.read_bytes())
    photo = hashlib.sha256(data).hexdigest()
    with big_photo_lane(data) as most:
        cutout, request = _cut(data, photo, recipe, segmenter, backdrop, most)
        cut = time.perf_counter()
        finished = render(data, cutout.mask if cutout else None, request, most_pixels=most)
    rendered = time.perf_counter()
    facts = measure(finished.data).facts | (cutout.facts if cutout else {"background_kept": True})
    measured = time.perf_counter()
    output, mask = _beside(target, SUFFIX_OF[recipe.format]), _beside(target, ".alpha.png") if beside.alpha and cutout else None
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(finished.data)
    if mask is not None and cutout is not None:
        mask.write_bytes(full_size_alpha(cutout.mask, read_header(data).size))
    notes = [*(cutout.notes if cutout else ()), *finished.notes]
    if beside.sidecar:
        model = segmenter.sha256 if segmenter else None
        told = {"source": source.name, "request": request.to_dict(), "id": request.id, "model": model, "facts": facts, "notes": notes}
        _beside(target, ".json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    ms = {"cut_out": cut - start, "render": rendered - cut, "measure": measured - rendered}
    return {
        "file": str(source),
        "output": str(output),
        "alpha": None if mask is None else str(mask),
        "sha256": hashlib.sha256(finished.data).hexdigest(),
        "facts": facts,
        "notes": notes,
        "confidence": round(cutout.probability, 4) if cutout else None,
        "ms": {name: round(seconds * 1000, 2) for name, seconds in ms.items()} | finished.ms,
    }


def _cut(
    data: bytes, photo: str, recipe: AnyRecipe, segmenter: Segmenter | None, backdrop: Backdrop | None, most_pixels: int
) -> tuple[Cutout | None, RenderRequest]:
    """The cutout, none where the recipe keeps the photo's own background, and the request that names it."""
    if isinstance(recipe, OwnRecipe):
        return None, RenderRequest(photo=photo, recipe=recipe)
    if segmenter is None:
        raise ImagingError(f"recipe {recipe.name} cuts out: it needs a model")
    name = cutout_id(photo, segmenter.sha256, mask_input(backdrop))
    return cut_out(data, segmenter, most_pixels=most_pixels, backdrop=backdrop), RenderRequest(photo=photo, cutout=name, recipe=recipe)


def full_size_alpha(mask: NDArray[np.uint8], size: tuple[int, int]) -> bytes:
    """A cutout's mask as an 8-bit PNG of the photo's own upright size."""
    if mask.shape == (size[1], size[0]):
        return to_png(mask)
    out = io.BytesIO()
    Image.fromarray(mask).resize(size, Image.Resampling.BICUBIC).save(out, "PNG", compress_level=1)  # row by row: a hundred megapixels are not copied
    return out.getvalue()


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


_segmenter: Segmenter | None = None  # one per worker process, loaded once; none where nothing is cut out


def _start(model: Path | None, cuts: bool) -> None:
    global _segmenter
    _segmenter = load_segmenter(model) if cuts else None


def _work(source: Path, target: Path, recipe: dict[str, Any], beside: Beside, backdrop: Backdrop | None) -> dict[str, Any]:
    return render_file(source, target, Recipe.from_dict(recipe), _segmenter, beside=beside, backdrop=backdrop)


def _nothing() -> None:
    pass


def _processes(jobs: int, model: Path | None, *, cuts: bool) -> ProcessPoolExecutor:
    """Processes that already load the model, while who asked for them looks at backdrops."""
    context = multiprocessing.get_context("spawn")  # a fork would copy onnxruntime's threads half
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(model, cuts))
    for _ in range(jobs):
        pool.submit(_nothing)  # each starts one
    return pool


def _submitted(
    pool: ProcessPoolExecutor, source: Path, target: Path, recipe: dict[str, Any], beside: Beside, backdrop: Backdrop | None
) -> Future[dict[str, Any]]:
    try:
        return pool.submit(_work, source, target, recipe, beside, backdrop)
    except BrokenProcessPool as error:  # told in its turn, after what was done before
        failed: Future[dict[str, Any]] = Future()
        failed.set_exception(error)
        return failed


def _in_processes(
    pool: ProcessPoolExecutor, tasks: list[tuple[Path, Path]], recipe: AnyRecipe, beside: Beside, jobs: int, backdrops: dict[Path, Backdrop]
) -> Iterator[dict[str, Any]]:
    waiting: list[tuple[Path, Future[dict[str, Any]]]] = []
    left = iter(tasks)
    while True:
        while len(waiting) < jobs * _AHEAD and (task := next(left, None)) is not None:
            waiting.append((task[0], _submitted(pool, *task, recipe.to_dict(), beside, backdrops.get(task[0].parent))))
        if not waiting:
            return
        source, future = waiting.pop(0)
        try:
            yield future.result()
        except BrokenProcessPool:
            yield {"file": str(source), "error": "the worker process died (out of memory?)"}
            yield from ({"file": str(path), "error": "not tried: a worker process died before it"} for path, _ in waiting)
            yield from ({"file": str(path), "error": "not tried: a worker process died before it"} for path, _ in left)
            return
