"""render: photo -> cutout -> rendition -> facts. Pure functions of `imaging` on bytes; what is stored is content-addressed and safe to repeat."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
from app import work
from app.db import insert, move
from app.errors import Refusal
from app.kit import Kit
from app.models import Cutout, FileFacts, Placement, Product, Rendition
from app.stages import backdrop
from app.stages.arrange import is_ahead
from app.stages.intake import wake_missing
from app.stages.run import Stage
from app.states import RenditionState

RESTART = timedelta(seconds=60)  # what a newer release asks for waits so long for the workers to be started again


@dataclass(frozen=True)
class Task:
    """A render request, and the alpha if the cutout was made before; no request where another finish was asked for, whose words may be unknown here."""

    rendition_id: str
    request: imaging.RenderRequest | None
    alpha_sha256: str | None
    makeable: bool = True  # the cutout by the release in force, where one is needed and not there
    backdrop: dict[str, Any] | None = None  # imaging.Backdrop.to_dict, where the cutout's id speaks of one


@dataclass(frozen=True)
class Made:
    """What was made: the file's hash, and the cutout and facts if they are new."""

    file_sha256: str
    notes: tuple[str, ...]
    ms: dict[str, float]
    cutout: dict[str, Any] | None
    facts: dict[str, Any]
    regions: dict[str, Any]


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    rendition = session.get(Rendition, row)
    if rendition is None or rendition.state != RenditionState.QUEUED:
        return None
    cutout = session.get(Cutout, rendition.cutout_id) if rendition.cutout_id else None
    ours = rendition.request.get("finish") == kit.release["finish_version"]
    request, makeable, shared = imaging.RenderRequest.from_dict(rendition.request) if ours else None, True, None
    if request is not None and request.cutout is not None and cutout is None:
        makeable, shared = backdrop.backdrop_behind(session, kit, request.photo, request.cutout)
    return Task(rendition.id, request, cutout.alpha_sha256 if cutout else None, makeable, shared)


def do(kit: Kit, task: Task) -> Made | imaging.ImagingError | None:
    """Cut out (once per photo and model; not where the background stays), finish, measure the encoded file.

    A photo that cannot be read is a result, not a failure.
    None: it was asked for under a release whose model or finish is gone, so it can only be made by the release in force.
    """
    if task.request is None:
        return None
    cuts = task.request.cutout is not None
    if cuts and task.alpha_sha256 is None and not task.makeable:
        return None
    data = imaging.Original(kit.originals.get(task.request.photo))
    alpha, cutout, ms = None, None, {}
    try:
        with imaging.big_photo_lane(data) as most:
            if cuts and task.alpha_sha256 is None:
                if kit.segmenter.sha256 != kit.release["model_sha256"]:
                    return imaging.ImagingError("the cut-out model's file was changed while Packshot was running: restart it, then render again")
                begun = time.perf_counter()
                shared = imaging.Backdrop.from_dict(task.backdrop) if task.backdrop else None
                cut = imaging.cut_out(data, kit.segmenter, most_pixels=most, backdrop=shared)
                ms["cutout"] = (time.perf_counter() - begun) * 1000
                alpha = cut.alpha
                cutout = {
                    "id": task.request.cutout,
                    "photo_sha256": task.request.photo,
                    "model_sha256": kit.segmenter.sha256,
                    "alpha_sha256": kit.originals.put(alpha),
                    "probability": cut.probability,
                    "notes": list(cut.notes),
                    "facts": dict(cut.facts),
                    "doubts": [{"words": doubt.words, "region": list(doubt.box) if doubt.box else None} for doubt in cut.doubts],
                    "ms": ms["cutout"],
                }
            elif task.alpha_sha256 is not None:
                alpha = kit.originals.get(task.alpha_sha256)
            made = imaging.render(data, alpha, task.request, most_pixels=most)
        begun = time.perf_counter()
        measured = imaging.measure(made.data)
        ms |= {**made.ms, "measure": (time.perf_counter() - begun) * 1000}
    except imaging.Exhausted:
        raise  # tried again: less may be under way then
    except imaging.ImagingError as error:
        return error
    digest = kit.originals.put(made.data)
    return Made(digest, made.notes, ms, cutout, dict(measured.facts), {k: list(v) for k, v in measured.regions.items()})


def apply(session: Session, kit: Kit, task: Task, result: Made | imaging.ImagingError | None) -> datetime | None:
    rendition, now = session.get_one(Rendition, task.rendition_id), kit.now()
    if result is None:
        again = None
        for placement in session.scalars(sa.select(Placement).where(Placement.rendition_id == rendition.id)):
            if placement.item is not None and is_ahead(session, kit, placement.item):
                again = now + RESTART  # arrange would only ask for the same again
            else:
                work.wake(session, "arrange", placement.product_id, at=now)
        return again
    if isinstance(result, imaging.ImagingError):
        move(session, rendition, RenditionState.FAILED, now=now, why=str(result), problem=str(result))
    else:
        if result.cutout is not None:
            session.execute(insert(session, Cutout).values(**result.cutout, created_at=now).on_conflict_do_nothing())
        session.execute(
            insert(session, FileFacts)
            .values(file_sha256=result.file_sha256, measure_version=imaging.MEASURE_VERSION, facts=result.facts, regions=result.regions, measured_at=now)
            .on_conflict_do_nothing()
        )
        move(
            session,
            rendition,
            RenditionState.RENDERED,
            now=now,
            file_sha256=result.file_sha256,
            notes=list(result.notes),
            ms={k: round(v, 1) for k, v in result.ms.items()},
            rendered_at=now,
            problem=None,
        )
    for placement in session.scalars(sa.select(Placement).where(Placement.rendition_id == rendition.id)):
        work.wake(session, "check", placement.id, at=now, lead=work.head_start_of(session.get(Product, placement.product_id)))
    return None


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Renditions that some placement proposes and that are still queued."""
    wanted = sa.select(Placement.id).where(Placement.rendition_id == Rendition.id).exists()
    return wake_missing(session, "render", sa.select(Rendition.id).where(Rendition.state == RenditionState.QUEUED, wanted), now)


def give_up(session: Session, kit: Kit, row: str, error: str) -> None:
    rendition = session.get_one(Rendition, row)
    if rendition.state == RenditionState.QUEUED:
        move(session, rendition, RenditionState.FAILED, now=kit.now(), why=error, problem=error)
        for placement_id in session.scalars(sa.select(Placement.id).where(Placement.rendition_id == row)):
            work.wake(session, "check", placement_id, at=kit.now())


def render_again(session: Session, kit: Kit, rendition: Rendition, who: str) -> None:
    """Queue a failed rendition once more; once made, it is judged wherever it is proposed."""
    if rendition.state != RenditionState.FAILED:
        raise Refusal(f"this picture is {rendition.state}: it did not fail")
    move(session, rendition, RenditionState.QUEUED, now=kit.now(), who=who, why="asked for again", problem=None)
    work.wake(session, "render", rendition.id, at=kit.now())


STAGE = Stage("render", gather, do, apply, mark, give_up=give_up, lease_s=180, in_flight=8, per_slot=2)
