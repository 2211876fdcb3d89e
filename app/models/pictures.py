"""What we made of the photos: releases, cutouts, renditions, measured facts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Doc, Docs, Hash
from app.states import RenditionState


class Release(Base):
    """Recipes + model + finish version in force together. Photos are pinned to one; what was made moves to another only by a rollout."""

    __tablename__ = "releases"

    id: Mapped[str] = mapped_column(Hash, primary_key=True)
    model_sha256: Mapped[str] = mapped_column(Hash)
    finish_version: Mapped[int]
    cutout_version: Mapped[int]
    recipes: Mapped[Doc]
    created_at: Mapped[datetime]


class BatchBackdrop(Base):
    """The backdrop that a batch's photos share, as one model and cut-out version see it; measured once, when the batch has settled, and never again."""

    __tablename__ = "batch_backdrops"

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    model_sha256: Mapped[str] = mapped_column(Hash, primary_key=True)
    cutout_version: Mapped[int] = mapped_column(primary_key=True)
    backdrop_id: Mapped[str | None] = mapped_column(Hash)  # None: they share none
    backdrop: Mapped[Doc] = mapped_column(default=dict)  # imaging.Backdrop.to_dict
    photos: Mapped[int]  # in the batch when it was measured
    created_at: Mapped[datetime]


class Cutout(Base):
    """photo x model x mask input -> stored alpha. Made once, used by every recipe; the id is known before it is made."""

    __tablename__ = "cutouts"

    id: Mapped[str] = mapped_column(Hash, primary_key=True)
    photo_sha256: Mapped[str] = mapped_column(ForeignKey("photos.sha256"), index=True)
    model_sha256: Mapped[str] = mapped_column(Hash)
    alpha_sha256: Mapped[str] = mapped_column(Hash)  # an 8-bit PNG in the originals store
    probability: Mapped[float]  # that a person would accept it
    notes: Mapped[list[str]] = mapped_column(default=list)
    facts: Mapped[Doc] = mapped_column(default=dict)
    doubts: Mapped[Docs] = mapped_column(default=list)  # what may be wrong: {words, region (px of the upright photo) or None}, the worst first
    ms: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[datetime]


class Rendition(Base):
    """A render request and, once made, its file. The id is the hash of all that decides the picture."""

    __tablename__ = "renditions"
    __table_args__ = (Index("ix_renditions_state", "state"),)

    id: Mapped[str] = mapped_column(Hash, primary_key=True)
    photo_sha256: Mapped[str] = mapped_column(ForeignKey("photos.sha256"), index=True)
    cutout_id: Mapped[str | None] = mapped_column(Hash, index=True)  # no foreign key: known before the cutout is made; none: the photo's own background
    recipe: Mapped[str]
    request: Mapped[Doc]
    state: Mapped[RenditionState] = mapped_column(default=RenditionState.QUEUED)
    file_sha256: Mapped[str | None] = mapped_column(Hash, index=True)
    notes: Mapped[list[str]] = mapped_column(default=list)
    problem: Mapped[str | None]
    ms: Mapped[Doc] = mapped_column(default=dict)  # per imaging step
    created_at: Mapped[datetime]
    rendered_at: Mapped[datetime | None]

    @property
    def keeps_background(self) -> bool:
        """Whether the photo is shown whole, with its own background: nothing was cut out."""
        return self.cutout_id is None


class FileFacts(Base):
    """Facts of a finished file under (file hash, measure version): a new fact measures again and renders nothing again."""

    __tablename__ = "file_facts"

    file_sha256: Mapped[str] = mapped_column(Hash, primary_key=True)
    measure_version: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[Doc]
    regions: Mapped[Doc] = mapped_column(default=dict)
    measured_at: Mapped[datetime]


class RuleSetRow(Base):
    """Shipped rules + the seller's overlay, composed. Every verdict carries its hash."""

    __tablename__ = "rule_sets"

    hash: Mapped[str] = mapped_column(Hash, primary_key=True)
    yaml: Mapped[str]
    overlay: Mapped[Doc] = mapped_column(default=dict)  # file name -> text, as the seller wrote it
    created_at: Mapped[datetime]


class RuleActivation(Base):
    """Who put which rule set in force, when and why. The newest row is the active set."""

    __tablename__ = "rule_activations"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_set: Mapped[str] = mapped_column(ForeignKey("rule_sets.hash"))
    at: Mapped[datetime]
    who: Mapped[str]
    why: Mapped[str]


class Verdict(Base):
    """placement x rule set x file -> pass or findings. Append-only."""

    __tablename__ = "verdicts"
    __table_args__ = (Index("ix_verdicts_placement_id_at", "placement_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    placement_id: Mapped[int] = mapped_column(ForeignKey("placements.id"))
    rule_set: Mapped[str] = mapped_column(ForeignKey("rule_sets.hash"))
    rendition_id: Mapped[str] = mapped_column(ForeignKey("renditions.id"))
    file_sha256: Mapped[str] = mapped_column(Hash)
    findings: Mapped[Docs]
    at: Mapped[datetime]
