"""Scores a model, by kind of picture, and shows its worst.

    python -m imaging.training evaluate --scenes DATA [--first 900000 --count 120] [--model net.onnx] [--sheet worst.png]
    python -m imaging.training evaluate --set DIR          # DIR/images/NAME.jpg with DIR/masks/NAME.png

The whole cut-out is scored, not the net alone. Scenes are turned into photos first (JPEG, quality 92), whose kind is the scene's.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging import cut_out, load_segmenter, quality, quality_table
from imaging.segment import Segmenter

_CELL = 300  # px


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--model", type=Path, help="an ONNX file instead of the shipped one")
    parser.add_argument("--set", type=Path, help="folder with images/ and masks/")
    parser.add_argument("--scenes", type=Path, help="folder with scenes/, as `render` writes it")
    parser.add_argument("--first", type=int, default=900_000, help="seed of the first scene; from 900000 on none is ever trained on")
    parser.add_argument("--count", type=int, default=100_000, help="seeds; those of them that are there are scored")
    parser.add_argument("--worst", type=int, default=20)
    parser.add_argument("--sheet", type=Path, help="PNG of the worst: photo, truth, cut-out on magenta")
    parser.add_argument("--json", type=Path, help="every score, for comparing two models")


def run(args: argparse.Namespace) -> int:
    """Prints the table; 0, or 2 where there is nothing to score."""
    segmenter = load_segmenter(args.model)
    if args.set is not None:
        return _scored(args.set, segmenter, args)
    if args.scenes is None:
        print("evaluate: name --set DIR or --scenes DATA")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        if not photographed(args.scenes, range(args.first, args.first + args.count), Path(folder)):
            print(f"evaluate: {args.scenes} holds none of the scenes {args.first} to {args.first + args.count - 1}; render them first")
            return 2
        return _scored(Path(folder), segmenter, args)


def photographed(data: Path, seeds: range, out: Path) -> int:
    """Writes the scenes with one product as out/images/KIND_SEED.jpg and out/masks/KIND_SEED.png; how many."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "masks").mkdir(exist_ok=True)
    count = 0
    for scene in scene_photos(data, seeds):
        if scene.products == 1:
            (out / "images" / f"{scene.name}.jpg").write_bytes(scene.photo)
            Image.fromarray(scene.truth).save(out / "masks" / f"{scene.name}.png")
            count += 1
    return count


@dataclass(frozen=True)
class ScenePhoto:
    """A traced scene as a photograph of it would arrive."""

    name: str  # KIND_SEED
    photo: bytes  # JPEG
    truth: NDArray[np.uint8]  # HxW alpha
    products: int


def scene_photos(data: Path, seeds: range) -> Iterator[ScenePhoto]:
    """Those of the scenes that are there."""
    for seed in seeds:
        path = data / "scenes" / f"{seed // 1000:03d}" / f"{seed:06d}.png"
        about = path.with_suffix(".json")
        if not path.is_file() or not about.is_file():
            continue
        said = json.loads(about.read_text("utf-8"))
        with Image.open(path) as scene:
            red, green, blue, alpha = scene.convert("RGBA").split()
        out = io.BytesIO()
        Image.merge("RGB", (red, green, blue)).save(out, "JPEG", quality=92)
        yield ScenePhoto(f"{said['kind']}_{seed}", out.getvalue(), np.array(alpha, dtype=np.uint8), int(said["products"]))


def _scored(folder: Path, segmenter: Segmenter, args: argparse.Namespace) -> int:
    found = quality(folder, segmenter)
    print("\n".join(quality_table(found.summary)))
    if args.json:
        args.json.write_text(json.dumps({name: vars(score) for name, score in found.pictures.items()}, indent=1))
    if args.sheet:
        worst = sorted(found.pictures, key=lambda name: found.pictures[name].iou)[: args.worst]
        contact_sheet(folder, [(name, found.pictures[name].iou) for name in worst], segmenter).save(args.sheet)
    return 0


def contact_sheet(folder: Path, names: list[tuple[str, float]], segmenter: Segmenter, across: int = 2) -> Image.Image:
    """Photo, truth and cut-out on magenta of each, with its overlap."""
    rows = -(-len(names) // across)
    sheet = Image.new("RGB", (across * 3 * _CELL, rows * _CELL), "white")
    draw = ImageDraw.Draw(sheet)
    for k, (name, iou) in enumerate(names):
        path = next(iter(sorted((folder / "images").glob(f"{name}.*"))))
        with Image.open(path) as image:
            photo = image.convert("RGB")
        with Image.open(folder / "masks" / f"{name}.png") as image:
            truth = image.convert("L")
        try:
            made = cut_out(path.read_bytes(), segmenter)
            mask = _grey(made.alpha).resize(photo.size)
        except Exception:
            mask = Image.new("L", photo.size, 0)
        cut = Image.composite(photo, Image.new("RGB", photo.size, (255, 0, 255)), mask)
        x, y = k % across * 3 * _CELL, k // across * _CELL
        for j, tile in enumerate((photo, truth.convert("RGB"), cut)):
            tile.thumbnail((_CELL - 4, _CELL - 4))
            sheet.paste(tile, (x + j * _CELL, y))
        draw.text((x + 4, y + 4), f"{name} {iou:.3f}", fill=(255, 0, 0))
    return sheet


def _grey(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        return Image.fromarray(np.asarray(image.convert("L")))
