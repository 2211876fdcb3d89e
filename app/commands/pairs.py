"""Pairs for fine-tuning the cut-out: every original whose retouched file came back, beside that file. Changes nothing in the house."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.commands.common import open_house

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.kit import Kit
    from app.models import ImageSetItem, Photo

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "HEIF": ".heic", "AVIF": ".avif", "GIF": ".gif", "BMP": ".bmp"}


@dataclass(frozen=True)
class Returned:
    """An original photo and the newest file that came back for it; `refused` where a person did not want that one."""

    sku: str
    item: ImageSetItem
    back: Photo
    at: datetime
    refused: bool


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the pairs: NAME.jpg and NAME.retouched.*")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what came back from this day on (UTC).")
def pairs(out: Path, since: datetime | None) -> int:
    """Write the originals whose retouched files came back, with those files, for `python -m imaging.training finetune --pairs`.

    Says how many a model can learn from, and why the others cannot be used. Exit 1 if there is none to learn from.
    """
    with open_house() as kit, kit.db.reading() as session:
        found = came_back(session, since.replace(tzinfo=UTC) if since else None)
        told = dict(_written(kit, found, out))
    usable = sum(why is None for why in told.values())
    click.echo(f"{usable} of {len(told)} pairs are usable." + (f" They are in {out}." if told else " Nothing came back from retouching in that time."))
    for name, why in told.items():
        if why is not None:
            click.echo(f"  {name}: {why}")
    if usable:
        click.echo(f"Next: python -m imaging.training finetune --pairs {out} --out candidate.onnx")
    return 0 if usable else 1


def came_back(session: Session, since: datetime | None = None) -> list[Returned]:
    """By original: the newest file that came back (by an upload or a name that says so, or noted in its retouch), from `since` on."""
    import sqlalchemy as sa

    from app.models import ImageSetItem, Photo, Product, Retouch
    from app.states import PhotoState, RetouchState

    items = {item.id: item for item in session.scalars(sa.select(ImageSetItem))}
    backs = [(items[item.replaces_id], item.photo_sha256, item.created_at) for item in items.values() if item.replaces_id in items]
    rows = sa.select(Retouch.item_id, Retouch.returned_photo, Retouch.returned_at).where(Retouch.state == RetouchState.BACK)
    backs += [(items[item], photo, at) for item, photo, at in session.execute(rows) if photo and at]
    of_product = {(item.product_id, item.photo_sha256): item for item in items.values()}
    newest: dict[int, tuple[bool, datetime, ImageSetItem, str]] = {}
    for sent, photo, at in backs:
        original = sent
        seen = {sent.id}
        while original.replaces_id in items and original.replaces_id not in seen:  # what came back was sent out again
            original = items[original.replaces_id]
            seen.add(original.id)
        there = of_product.get((sent.product_id, photo))
        wanted = there is None or there.state != PhotoState.REJECTED
        known = newest.get(original.id)
        if photo != original.photo_sha256 and (known is None or (wanted, at) > known[:2]):
            newest[original.id] = (wanted, at, original, photo)
    skus = dict(session.execute(sa.select(Product.id, Product.sku)).all())
    return [
        Returned(skus[original.product_id], original, session.get_one(Photo, photo), at, not wanted)
        for wanted, at, original, photo in sorted(newest.values(), key=lambda one: (skus[one[2].product_id], one[2].id))
        if since is None or at >= since
    ]


def _written(kit: Kit, found: list[Returned], out: Path) -> Iterator[tuple[str, str | None]]:
    """Writes each pair; (name, why a model cannot learn from it, or None)."""
    import imaging
    from app.store import StoreError

    out.mkdir(parents=True, exist_ok=True)
    for one in found:
        name = re.sub(r"[^\w-]+", "-", f"{one.sku}_{one.item.shot or 'photo'}_{one.item.photo_sha256[:8]}")
        if one.refused:
            yield name, "what came back was rejected"
            continue
        try:
            photo, back = kit.originals.get(one.item.photo_sha256), kit.originals.get(one.back.sha256)
        except StoreError as error:
            yield name, str(error)
            continue
        (out / f"{name}{_suffix(one.item.photo)}").write_bytes(photo)
        (out / f"{name}.retouched{_suffix(one.back)}").write_bytes(back)
        try:
            imaging.truth_of(photo, back)
        except imaging.ImagingError as error:
            yield name, str(error)
        else:
            yield name, None


def _suffix(photo: Photo) -> str:
    """By what the file is, not by what it was called; what could not be read keeps a suffix that says so."""
    return _SUFFIXES.get(str(photo.facts.get("format")), ".jpg" if not photo.problem else ".damaged")


COMMANDS = (pairs,)
