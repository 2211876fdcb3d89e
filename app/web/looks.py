"""One case of the review queue with all that a person needs to judge it: before, after, findings with the places they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app import verdicts
from app.models import Arrival, Cutout, FileFacts, ImageSetItem, Notice, Photo, Placement, Product, Rendition, Retouch
from app.stages import remake, review
from app.states import PlacementState, RetouchState
from app.web import noticed, queries


@dataclass(frozen=True)
class Remade:
    """That the picture is the second one: what was adjusted, the findings of the first that it was for, its file, and what came of it."""

    words: str
    findings: Sequence[dict[str, Any]]
    first: str | None
    passed: bool | None


@dataclass(frozen=True)
class Look:
    """What a person needs to judge one picture: before, after, sizes, findings with the places they mean."""

    product: Product | None
    photo: Photo | None
    item: ImageSetItem | None = None
    placement: Placement | None = None
    file: str | None = None
    size: tuple[int, int] | None = None
    alpha: str | None = None
    findings: Sequence[dict[str, Any]] = ()
    doubts: Sequence[dict[str, Any]] = ()  # of the cutout, with places in the photo
    facts: dict[str, Any] = field(default_factory=dict)
    sisters: Sequence[Placement] = ()
    twins: Sequence[Placement] = ()  # where the very same picture waits for the same reasons
    arrival: Arrival | None = None
    retouch: Retouch | None = None
    remade: Remade | None = None
    notices: Sequence[Notice] = ()  # what the marketplace says against it now

    @property
    def stops(self) -> bool:
        """Whether approving needs a reason."""
        return bool(verdicts.against(list(self.findings)))

    @property
    def waivable(self) -> Sequence[dict[str, Any]]:
        """The findings that a waiver would help: those against the picture, once per rule."""
        return list({f["rule"]: f for f in verdicts.against(list(self.findings)) if f.get("fact")}.values())

    @property
    def keeps_background(self) -> bool:
        """Whether the finished picture is the whole photo with its own background, so that nothing was cut out."""
        return bool(self.placement and self.placement.rendition and self.placement.rendition.keeps_background)

    @property
    def photo_size(self) -> tuple[int, int] | None:
        return _size(self.photo.facts) if self.photo else None


def _size(facts: dict[str, Any]) -> tuple[int, int] | None:
    width, height = facts.get("width"), facts.get("height")
    return (int(width), int(height)) if width and height else None


def look_at_placement(session: Session, number: int) -> Look | None:
    """A placement with everything beside it."""
    options = (
        joinedload(Placement.product),
        joinedload(Placement.account),
        joinedload(Placement.item).joinedload(ImageSetItem.photo),
        joinedload(Placement.rendition),
    )
    placement = session.scalar(sa.select(Placement).where(Placement.id == number).options(*options))
    if placement is None:
        return None
    rendition, item = placement.rendition, placement.item
    file = rendition.file_sha256 if rendition else None
    facts = (
        session.scalar(sa.select(FileFacts.facts).where(FileFacts.file_sha256 == file).order_by(FileFacts.measure_version.desc()).limit(1)) if file else None
    )
    cutout = session.get(Cutout, rendition.cutout_id) if rendition and rendition.cutout_id else None
    sisters = queries.placements_of_items(session, [item.id]).get(item.id, []) if item else []
    retouch = session.scalar(sa.select(Retouch).where(Retouch.placement_id == placement.id, Retouch.state == RetouchState.OUT).limit(1))
    return Look(
        product=placement.product,
        photo=item.photo if item else None,
        item=item,
        placement=placement,
        file=file,
        size=_size(facts or {}),
        alpha=cutout.alpha_sha256 if cutout else None,
        findings=placement.findings,
        doubts=[{**doubt, "level": "warn"} for doubt in cutout.doubts] if cutout else (),
        facts={**(cutout.facts if cutout else {}), **(facts or {})},
        sisters=[s for s in sisters if s.id != placement.id],
        twins=review.twins(session, placement) if placement.state == PlacementState.REVIEW else (),
        retouch=retouch,
        remade=_remade(session, placement),
        notices=noticed.notices_against(session, placement),
    )


def _remade(session: Session, placement: Placement) -> Remade | None:
    rows = remake.made_again(session, placement)
    if not rows:
        return None
    first = session.scalar(sa.select(Rendition.file_sha256).where(Rendition.id == rows[-1].base_id))
    return Remade(remake.in_words(rows[-1]), [row.finding for row in rows], first, rows[-1].passed)


def look_at_photo(session: Session, number: int) -> Look | None:
    """A flagged photo of an image set."""
    item = session.scalar(sa.select(ImageSetItem).where(ImageSetItem.id == number).options(joinedload(ImageSetItem.product), joinedload(ImageSetItem.photo)))
    if item is None:
        return None
    return Look(product=item.product, photo=item.photo, item=item, findings=item.findings, facts=item.photo.facts)


def look_at_arrival(session: Session, number: int) -> Look | None:
    """A file that fits no SKU, or could not be taken in."""
    found = queries.arrival(session, number)
    if found is None:
        return None
    return Look(product=found.product, photo=session.get(Photo, found.sha256) if found.sha256 else None, arrival=found)
