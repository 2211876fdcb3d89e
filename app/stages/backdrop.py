"""backdrop: a batch that has settled -> the backdrop that its photos share, measured once and stored; their cutouts are made with it.

A photo of a batch of some size waits for it, so that its sisters' paper helps its own cut-out. Which one (or none) a photo's cutout starts from is
written on its item when a picture is first asked for, and stands in the cutout's id: what was asked for before stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
from app import work
from app.db import insert_new, record
from app.kit import Kit
from app.models import Arrival, Batch, BatchBackdrop, ImageSetItem, Photo, Placement, Product, Release
from app.stages.run import Stage
from app.states import ArrivalState, PhotoState
from app.store import StoreError

PATIENCE = timedelta(seconds=120)  # a photo that has not been filed so long after it arrived keeps its sisters waiting no longer
RESTART = timedelta(seconds=60)  # a worker whose model is not the release's waits so long to be started again


@dataclass(frozen=True)
class Task:
    """The photos of a batch that has settled, in the order taken; `version` and `model` are those of the release in force."""

    batch_id: int
    photos: tuple[str, ...]
    model: str
    version: int


# --- what a photo's cutout starts from --------------------------------------------------------------------------------------


def decide(session: Session, kit: Kit, product: Product, item: ImageSetItem) -> bool:
    """Take down, on first need, what the item's pictures are made from: its mask input, and the product's category and sizes as they are now.

    False while the photo waits for its batch to settle and its backdrop to be measured; the stage is woken, and wakes `arrange`.
    """
    if item.mask_input is not None:
        return True
    mask_input = _mask_input(session, kit, item)
    if mask_input is None:
        if _settled(session, item.batch_id, kit.now()):
            work.wake(session, "backdrop", str(item.batch_id), at=kit.now(), lead=work.head_start_of(product))
        return False
    item.mask_input, item.category, item.size_mm = mask_input, product.category, product.size_mm
    return True


def renew(session: Session, kit: Kit, product: Product, item: ImageSetItem) -> bool:
    """Have what an item's pictures are made from taken down again where it would be something else now; whether it would. For a rollout."""
    if item.mask_input is None:
        return False
    now = (_mask_input(session, kit, item), product.category, product.size_mm)
    if now == (item.mask_input, item.category, item.size_mm):
        return False
    item.mask_input = None
    return True


def input_under(session: Session, release: Release, item: ImageSetItem) -> str:
    """The mask input of the item's cutout under a release: with the backdrop that was taken down, where the release's own model saw it, else the net alone."""
    if item.mask_input in (None, imaging.mask_input(None)):
        return imaging.mask_input(None)
    row = _row(session, item.batch_id, {"model_sha256": release.model_sha256, "cutout_version": release.cutout_version})
    found = imaging.mask_input(row.backdrop_id if row else None)
    return found if found == item.mask_input else imaging.mask_input(None)


def backdrop_behind(session: Session, kit: Kit, photo_sha256: str, cutout_id: str) -> tuple[bool, dict[str, Any] | None]:
    """Whether the release in force can make this cutout, and the values of the backdrop that its id speaks of, if it speaks of one."""
    model, version = kit.release["model_sha256"], kit.release["cutout_version"]
    if cutout_id == imaging.cutout_id(photo_sha256, model, version=version):
        return True, None
    rows = session.scalars(
        sa.select(BatchBackdrop)
        .join(ImageSetItem, ImageSetItem.batch_id == BatchBackdrop.batch_id)
        .where(ImageSetItem.photo_sha256 == photo_sha256, BatchBackdrop.model_sha256 == model, BatchBackdrop.cutout_version == version)
        .where(BatchBackdrop.backdrop_id.is_not(None))
    )
    for row in rows:
        if cutout_id == imaging.cutout_id(photo_sha256, model, imaging.mask_input(row.backdrop_id), version=version):
            return True, row.backdrop
    return False, None


def _mask_input(session: Session, kit: Kit, item: ImageSetItem) -> str | None:
    """As it would be taken down now; None where the batch's backdrop is still to be measured."""
    row = None if item.batch_id is None else _row(session, item.batch_id, kit.release)
    if row is None and item.batch_id is not None and _is_shoot(session, kit, item.batch_id):
        return None
    return imaging.mask_input(row.backdrop_id if row else None)


def _row(session: Session, batch_id: int | None, release: Mapping[str, Any]) -> BatchBackdrop | None:
    return session.get(BatchBackdrop, (batch_id, release["model_sha256"], release["cutout_version"]))


def _is_shoot(session: Session, kit: Kit, batch_id: int) -> bool:
    """Whether a batch has so many photos to cut out, here or still on their way, that looking at them together is worth it."""
    photos = sa.select(Arrival.id).where(Arrival.batch_id == batch_id, Arrival.shot.not_in(_kept_whole(kit)))
    photos = photos.where(Arrival.state.in_((ArrivalState.WAITING, ArrivalState.FILED)))
    return len(session.scalars(photos.limit(imaging.LEAST_SHOOT)).all()) == imaging.LEAST_SHOOT  # asked for each photo of it: not to count thousands


def _kept_whole(kit: Kit) -> list[str]:
    """Shots that are not cut out and may show another place."""
    return sorted({shot for recipe in kit.release["recipes"].values() if recipe.get("background") == "own" for shot in recipe.get("shots", ())})


def _settled(session: Session, batch_id: int | None, now: datetime) -> bool:
    """Whether every photo of a batch is judged, but for those that keep the others waiting too long."""
    coming = sa.and_(Arrival.batch_id == batch_id, Arrival.state == ArrivalState.WAITING, Arrival.created_at > now - PATIENCE)
    return not session.scalar(sa.select(sa.exists().where(coming)))


# --- the stage --------------------------------------------------------------------------------------------------------------


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    batch_id = int(row)
    if _row(session, batch_id, kit.release) is not None or not _settled(session, batch_id, kit.now()):
        return None
    photos = session.execute(
        sa.select(Photo.sha256, sa.func.min(Arrival.name))
        .join(Arrival, Arrival.sha256 == Photo.sha256)
        .where(Arrival.batch_id == batch_id, Arrival.state == ArrivalState.FILED, Arrival.shot.not_in(_kept_whole(kit)), Photo.problem.is_(None))
        .group_by(Photo.sha256)
    )
    # cameras count upwards: by name is as they were taken; sorted here, since databases sort text each in their own way
    taken = tuple(sha256 for name, sha256 in sorted((name, sha256) for sha256, name in photos))
    return Task(batch_id, taken, kit.release["model_sha256"], kit.release["cutout_version"])


def do(kit: Kit, task: Task) -> tuple[imaging.Backdrop | None] | None:
    """What the photos share; None: this worker's model is not the release's."""
    if kit.segmenter.sha256 != task.model:
        return None
    return (imaging.backdrop_of_shoot([partial(_original, kit, sha256) for sha256 in task.photos], kit.segmenter),)


def _original(kit: Kit, sha256: str) -> bytes:
    """A photo whose file is lost shares nothing; a store that is away is asked again later."""
    try:
        return kit.originals.get(sha256)
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise imaging.ImagingError(str(error)) from error
        raise


def apply(session: Session, kit: Kit, task: Task, result: tuple[imaging.Backdrop | None] | None) -> datetime | None:
    if result is None:
        return kit.now() + RESTART
    _keep(session, kit, task, result[0])
    return None


def _keep(session: Session, kit: Kit, task: Task, found: imaging.Backdrop | None) -> None:
    """The first to have measured a batch is believed; whoever waited for it is arranged."""
    key = {"batch_id": task.batch_id, "model_sha256": task.model, "cutout_version": task.version}
    values = {"backdrop_id": found.id if found else None, "backdrop": found.to_dict() if found else {}, "photos": len(task.photos)}
    if not insert_new(session, BatchBackdrop, list(key), **key, **values, created_at=kit.now()):
        return
    why = f"{len(task.photos)} photos " + (f"share backdrop {found.id}" if found else "share none that can be told")
    record(session, session.get_one(Batch, task.batch_id), "backdrop", now=kit.now(), why=why)
    waiting = sa.select(ImageSetItem.product_id).where(ImageSetItem.batch_id == task.batch_id, ImageSetItem.mask_input.is_(None))
    lead = Product.priority * work.PRIORITY_HEAD_START_S
    work.wake_every(session, "arrange", sa.select(Product.id, lead).where(Product.id.in_(waiting), Product.archived.is_(False)), at=kit.now())


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Settled batches for whose backdrop a photo waits that has a place and no picture asked for; and products whose photo came as it was being kept."""
    from app.stages.intake import wake_missing

    waiting = (
        sa.select(ImageSetItem.batch_id)
        .join(Placement, sa.and_(Placement.item_id == ImageSetItem.id, Placement.rendition_id.is_(None)))
        .where(ImageSetItem.mask_input.is_(None), ImageSetItem.state == PhotoState.ACCEPTED, ImageSetItem.batch_id.is_not(None))
    )
    measured = sa.exists().where(
        BatchBackdrop.batch_id == ImageSetItem.batch_id,
        BatchBackdrop.model_sha256 == kit.release["model_sha256"],
        BatchBackdrop.cutout_version == kit.release["cutout_version"],
    )
    coming = sa.exists().where(Arrival.batch_id == ImageSetItem.batch_id, Arrival.state == ArrivalState.WAITING, Arrival.created_at > now - PATIENCE)
    unseen = waiting.where(measured).with_only_columns(ImageSetItem.product_id).distinct()
    return wake_missing(session, "backdrop", waiting.where(~measured, ~coming).distinct(), now) + wake_missing(session, "arrange", unseen, now)


def give_up(session: Session, kit: Kit, row: str, error: str) -> None:
    """A batch whose photos kill the workers, or cannot be read at all, shares nothing: its photos wait no longer."""
    task = Task(int(row), (), kit.release["model_sha256"], kit.release["cutout_version"])
    if _row(session, task.batch_id, kit.release) is None:
        _keep(session, kit, task, None)


STAGE = Stage("backdrop", gather, do, apply, mark, give_up=give_up, lease_s=180, in_flight=4, per_slot=1)
