"""`python -m imaging.training label --photos DIR --out DIR`: truth masks of the Caltech-101 watch photos, made from backdrop, net, GrabCut and our own hints.

Reads `<out>/hints.yaml`; writes `<out>/NAME.png` (8-bit grey: 255 product, 0 not, 128 undecided) for every accepted photo and `<out>/labels.yaml`.
With `--sheets` it draws contact sheets to look at instead, of accepted and not yet accepted photos alike. The photos are not ours to commit.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging.segment import Segmenter, load_segmenter
from imaging.training.label_hints import Hint, Hints, drawn, read_hints
from imaging.training.label_masks import (
    Mask,
    Pixels,
    candidate,
    centred,
    decide_holes,
    fit_backdrop,
    grabcut,
    grown,
    shrunk,
    smoothed,
    spot_flood,
    to_lab,
    without_specks,
)

SCALE = 2  # working size over photo size: the outline of a 300 px photo wants half pixels
PRODUCT, UNDECIDED, NOTHING = 255, 128, 0
KEPT = "kept for evaluation"
HERE = Path(__file__).parent / "caltech"

ATTRIBUTION = """\
# Caltech 101 (version 1.0), Fei-Fei Li, Marco Andreeto, Marc'Aurelio Ranzato, Pietro Perona, CaltechDATA, 2022,
# DOI 10.22002/D1.20086, licensed CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). Selection; masks added by us.
#
# The photos are not in this repository. `sha256` is that of the photo's bytes; `status` is used, or left out with the reason;
# `scene` says what else is in the picture: several (products), hand, prop (stand, cushion, box, tag).
# Written by `python -m imaging.training label` from hints.yaml; change that file, not this one.
"""


def label(rgb: Pixels, segmenter: Segmenter, hint: Hint) -> NDArray[np.uint8]:
    """HxWx3 photo -> HxW mask of PRODUCT, UNDECIDED, NOTHING."""
    h, w = rgb.shape[:2]
    big = np.asarray(Image.fromarray(rgb).resize((w * SCALE, h * SCALE), Image.Resampling.LANCZOS))
    logits = segmenter.look(rgb).alpha
    probability = np.asarray(Image.fromarray(1 / (1 + np.exp(-logits))).resize((w * SCALE, h * SCALE), Image.Resampling.BICUBIC)).clip(0, 1).astype(np.float32)
    mask = _hinted(big, probability, hint, (w, h))
    small = mask.reshape(h, SCALE, w, SCALE).mean(axis=(1, 3)) >= 0.5
    out = np.where(small, PRODUCT, NOTHING).astype(np.uint8)
    out[drawn(hint.ignore, (w, h), 1)] = UNDECIDED
    return out


def _hinted(big: Pixels, probability: NDArray[np.float32], hint: Hint, size: tuple[int, int]) -> Mask:
    product, not_product = drawn(hint.product, size, SCALE), drawn(hint.backdrop, size, SCALE)
    if hint.within:
        not_product |= ~drawn(hint.within, size, SCALE)
    for x, y, reach in hint.floods:
        not_product |= spot_flood(to_lab(big), (round(x * SCALE), round(y * SCALE)), reach)
    product &= ~not_product
    if hint.outline:
        outline = (drawn(hint.outline, size, SCALE) | product) & ~not_product
        mask = outline
        if hint.method != "drawn":
            backdrop = fit_backdrop(to_lab(big), outline.astype(np.float32), hint.tolerance)
            slack = hint.slack * SCALE
            mask = grabcut(big, outline, shrunk(outline, slack) | product, ~grown(outline, slack) | not_product)
            mask = without_specks(smoothed(mask))
            if hint.method != "auto":
                mask = decide_holes(mask, backdrop, probability)
            else:
                mask |= shrunk(outline, slack)
    else:
        advised = np.where(product, np.float32(1), np.where(not_product, np.float32(0), probability))
        mask, backdrop = candidate(big, advised, hint.tolerance, hint.method)
        if product.any() or not_product.any():
            mask = (mask | product) & ~not_product
            mask = grabcut(big, mask, (shrunk(mask, 5) & (advised > 0.5)) | product, (~grown(mask, 6) & (advised < 0.5)) | not_product)
            mask = decide_holes(without_specks(smoothed(mask)), backdrop, advised)
    mask = (mask | product) & ~not_product
    if hint.method != "drawn":
        mask = centred(big, mask)
    return (mask | drawn(hint.fill, size, SCALE)) & ~drawn(hint.holes, size, SCALE)


def entry(name: str, data: bytes, hints: Hints) -> dict[str, Any]:
    """One photo's lines in labels.yaml; a photo not yet looked at is left out for that reason."""
    said: dict[str, Any] = {"sha256": hashlib.sha256(data).hexdigest()}
    if name in hints.accepted:
        said["status"] = "used"
        said["made"] = how(hints.of(name))
    else:
        said["status"] = f"left out: {hints.left_out.get(name, 'not labelled')}"
    if flags := hints.scene.get(name):
        said["scene"] = list(flags)
    return said


def how(hint: Hint) -> str:
    """In words: how a mask was made."""
    if hint.method == "drawn":
        return "outline drawn by hand"
    if hint.outline:
        return f"outline drawn by hand to {hint.slack:g} px, GrabCut in that band"
    start = {"auto": "backdrop flood or net", "flood": "backdrop flood", "net": "net"}[hint.method] + ", GrabCut at the edge"
    helped = hint.product or hint.backdrop or hint.within or hint.holes or hint.fill or hint.floods
    return start + (", mended by hand" if helped else "") + "; looked at"


def sheet(cells: Sequence[tuple[str, Pixels, NDArray[np.uint8]]], columns: int = 3, cell: tuple[int, int] = (466, 416)) -> Image.Image:
    """Photos with everything that is not product tinted magenta and undecided zones green; axis ticks every 20 photo pixels for drawing hints."""
    rows = -(-len(cells) // columns)
    out = Image.new("RGB", (columns * cell[0], rows * cell[1]), (40, 40, 40))
    pen = ImageDraw.Draw(out)
    for i, (name, rgb, mask) in enumerate(cells):
        h, w = mask.shape
        zoom = min((cell[0] - 6) / w, (cell[1] - 18) / h)
        size = (round(w * zoom), round(h * zoom))
        photo = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC)).astype(np.float32)
        level = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        tint = np.where((level == UNDECIDED)[..., None], np.float32((0, 220, 0)), np.float32((255, 0, 255)))
        shown = np.where((level == PRODUCT)[..., None], photo, 0.4 * photo + 0.6 * tint)
        x0, y0 = (i % columns) * cell[0] + 3, (i // columns) * cell[1] + 15
        out.paste(Image.fromarray(shown.astype(np.uint8)), (x0, y0))
        pen.text((x0, y0 - 14), f"{name}  {w}x{h}", fill=(255, 255, 0))
        for t in range(0, w, 20):
            pen.line((x0 + t * zoom, y0, x0 + t * zoom, y0 + (7 if t % 100 == 0 else 3)), fill=(255, 255, 0))
        for t in range(0, h, 20):
            pen.line((x0, y0 + t * zoom, x0 + (7 if t % 100 == 0 else 3), y0 + t * zoom), fill=(255, 255, 0))
    return out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="the watch photos of Caltech-101, watch_001.jpg and on")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR", help="holds hints.yaml; masks and labels.yaml go there (%(default)s)")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="draw contact sheets here and write no mask")
    parser.add_argument("--net", type=Path, metavar="FILE", help="net for the first guesses; labels.yaml names the one used last (default: the shipped one)")
    parser.add_argument("--only", nargs="+", default=None, metavar="NAME", help="make just these masks again")
    parser.add_argument("--per-sheet", type=int, default=6, metavar="N", help="photos on one sheet (%(default)s)")


def run(args: argparse.Namespace) -> int:
    cv2.setNumThreads(1)
    hints = read_hints(args.out / "hints.yaml")
    photos = sorted(args.photos.glob("*.jpg"))
    if not photos:
        raise SystemExit(f"{args.photos}: no .jpg here; give the folder that holds watch_001.jpg")
    segmenter = load_segmenter(args.net)
    cells = []
    for path in photos:
        name = path.stem
        if (args.only and name not in args.only) or name in hints.left_out or (not args.sheets and name not in hints.accepted):
            continue
        rgb = np.asarray(Image.open(path).convert("RGB"))
        mask = label(rgb, segmenter, hints.of(name))
        if args.sheets:
            cells.append((name, rgb, mask))
        else:
            Image.fromarray(mask).save(args.out / f"{name}.png", optimize=True)
    if args.sheets:
        args.sheets.mkdir(parents=True, exist_ok=True)
        for i in range(0, len(cells), args.per_sheet):
            sheet(cells[i : i + args.per_sheet]).save(args.sheets / f"sheet-{cells[i][0]}.png")
    else:
        labels = {path.stem: entry(path.stem, path.read_bytes(), hints) for path in photos}
        seed = f"# The net that gave the first guesses: sha256 {segmenter.sha256}\n"
        (args.out / "labels.yaml").write_text(ATTRIBUTION + seed + yaml.safe_dump(labels, sort_keys=True, allow_unicode=True, width=200), "utf-8")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    raise SystemExit(main())
