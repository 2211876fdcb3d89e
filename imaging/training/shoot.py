"""The sample shoot, path-traced: `python -m imaging.training.shoot --out DIR [--only SKU] [--samples N] [--seed N] [--width 1600]`.

Writes `DIR/<SKU>/<shot>.jpg` for every product of the catalogue, and `DIR/products.yaml` when nothing was left out. Deterministic by seed,
Blender version and machine. Needs an environment with `bpy`; see README.md beside this file. `--sheet` adds a contact sheet.
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy  # noqa: F401  (first of all: it makes bmesh and mathutils importable)

# isort: split
import numpy as np
import yaml
from PIL import Image, ImageCms

from imaging.training import faults, jewellery, studio, watches
from imaging.training.catalogue import BACKDROPS, EXPECTED, Jewel, Product, Shot, Watch
from imaging.training.forms import Array, Maker, turn_z
from imaging.training.materials import Palette
from imaging.training.products import PRODUCTS

QUALITY = 89
HEADER = "# The sample shoot's products and what should become of each picture. Made by imaging/training/shoot.py; brands are invented.\n"


def item(product: Product, shot: Shot, palette: Palette, where: tuple[float, float] = (0.0, 0.0)) -> Maker:
    """Builds the product and sets it down in the pose of the shot."""
    spec = product.item
    if isinstance(spec, Watch):
        made = watches.build(spec, palette, laid_open=shot.pose == "face down")
        pose = watches.face_down(shot.turn) if shot.pose == "face down" else turn_z(shot.turn) @ watches.standing(shot.lean)
    else:
        made = Maker(spec.form)
        jewellery.FORMS[spec.form](made, palette, spec.metal, shot.pose, **spec.options)
        pose = jewellery.posed(spec.form, shot.pose, shot.turn)
    made.set_down(pose, where)
    return made


def photograph(product: Product, shot: Shot, samples: int, seed: int, width: int) -> Array:
    """One frame in linear light, with the faults that are a matter of the scene: a second product, an item that runs out of the frame."""
    fault = product.faults.get(shot.name, "")
    studio.clear(samples, (width, width * 3 // 4), seed)
    palette = Palette()
    made = item(product, shot, palette)
    points = made.vertices()
    reach = float(np.ptp(points, axis=0).max())
    focus = studio.focus_of(made, shot.focus)
    aim = (0.5, 0.5)
    if fault == "two":
        other = next(p for p in PRODUCTS if isinstance(p.item, Jewel) and p.item.form == "band")
        second = item(other, replace(other.shots[0], turn=-30), palette, where=(reach * 1.25, reach * 0.5))
        points = np.concatenate([points, second.vertices()])
    if fault == "cropped":
        shot, aim = replace(shot, fill=0.86), (0.93, 0.5)
    studio.paper(product.backdrop, palette, reach)
    studio.lights(reach, palette)
    studio.camera(points, shot, aim, focus)
    return studio.expose()


def encode(pixels: Array) -> bytes:
    """JPEG with an sRGB profile."""
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY, optimize=True, progressive=False, icc_profile=profile)
    return out.getvalue()


def picture(product: Product, shot: Shot, samples: int, seed: int, width: int) -> bytes:
    """The finished file of one shot, spoilt where the catalogue says so."""
    light = photograph(product, shot, samples, seed, width)
    fault = product.faults.get(shot.name, "")
    light = faults.in_light(fault, light)
    pixels = studio.develop(light, BACKDROPS[product.backdrop][1], seed, stops=faults.STOPS.get(fault, 0.0))
    return faults.in_file(fault, pixels, encode)


def entry(product: Product) -> dict[str, Any]:
    """The product's entry in products.yaml."""
    return {
        "sku": product.sku,
        "title": product.title,
        "category": product.category,
        "brand": product.brand,
        "price": {"amount": product.price, "currency": "GBP"},
        "quantity": product.quantity,
        "condition": product.condition,
        "gtin": None,
        "pieces": product.pieces,
        "size_mm": product.size_mm,
        "attributes": product.attributes,
        "existing": ["amazon-uk", "ebay-uk"] if product.existing else [],
        "expect": {shot.name: EXPECTED[product.faults[shot.name]] if shot.name in product.faults else "live" for shot in product.shots},
    }


def contact_sheet(out: Path, columns: int = 7) -> None:
    """`out`/contact-sheet.png with every picture that can be opened."""
    files = sorted(out.glob("*/*.jpg"))
    sheet = Image.new("RGB", (columns * 320, -(-len(files) // columns) * 240), "white")
    for k, path in enumerate(files):
        try:
            tile = Image.open(path).convert("RGB")
        except OSError:  # the truncated one
            continue
        tile.thumbnail((316, 236))
        sheet.paste(tile, (k % columns * 320 + 2, k // columns * 240 + 2))
    sheet.save(out / "contact-sheet.png")


def main() -> None:
    """Reads the command line and takes the pictures, one at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for <SKU>/<shot>.jpg and products.yaml")
    parser.add_argument("--only", action="append", default=[], help="SKU or SKU/shot; may be repeated")
    parser.add_argument("--samples", type=int, default=16, help="paths per pixel at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--width", type=int, default=1600, help="pixels; the height is three quarters of it")
    parser.add_argument("--sheet", action="store_true", help="also write contact-sheet.png")
    args = parser.parse_args()
    wanted = [(p, s) for p in PRODUCTS for s in p.shots if not args.only or p.sku in args.only or f"{p.sku}/{s.name}" in args.only]
    for done, (product, shot) in enumerate(wanted, 1):
        began = time.monotonic()
        data = picture(product, shot, args.samples, args.seed, args.width)
        path = args.out / product.sku / f"{shot.name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        print(
            f"{done}/{len(wanted)} {product.sku}/{shot.name}.jpg {len(data) // 1024} kB {product.faults.get(shot.name, '')} {time.monotonic() - began:.1f} s",
            flush=True,
        )
    if not args.only:
        words = yaml.safe_dump([entry(p) for p in PRODUCTS], sort_keys=False, allow_unicode=True, width=160)
        (args.out / "products.yaml").write_text(HEADER + words, encoding="utf-8")
    if args.sheet:
        contact_sheet(args.out)


if __name__ == "__main__":
    main()
