"""What stands beside a rule's word: waivers, baselines and what they knew, and what was made again once before a person was asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Doc, Hash
from app.models.catalogue import Product
from app.models.market import Account


class Waiver(Base):
    """A rule that somebody takes the blame for, until a day, for a product, for an account, or for that product there. Ends by itself, or is revoked."""

    __tablename__ = "waivers"
    __table_args__ = (CheckConstraint("product_id IS NOT NULL OR account_id IS NOT NULL", name="scoped"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(100))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    who: Mapped[str] = mapped_column(String(128))
    why: Mapped[str]
    at: Mapped[datetime]
    until: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(128))
    revoked_why: Mapped[str | None]

    product: Mapped[Product | None] = relationship()
    account: Mapped[Account | None] = relationship()


class Baseline(Base):
    """That somebody said: what is wrong with the live pictures now is known. Of one account, of one rule, or of all."""

    __tablename__ = "baselines"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    rule: Mapped[str | None] = mapped_column(String(100))
    rule_set: Mapped[str] = mapped_column(Hash)  # the pictures were judged by; it may have come into force only then
    who: Mapped[str] = mapped_column(String(128))
    why: Mapped[str]
    at: Mapped[datetime]


class KnownFinding(Base):
    """A rule that a live picture broke when a baseline was taken: a warning for this very file at this very place, until it is replaced."""

    __tablename__ = "known_findings"

    placement_id: Mapped[int] = mapped_column(ForeignKey("placements.id"), primary_key=True)
    file_sha256: Mapped[str] = mapped_column(Hash, primary_key=True)
    rule: Mapped[str] = mapped_column(String(100), primary_key=True)
    baseline_id: Mapped[int] = mapped_column(ForeignKey("baselines.id"), index=True)

    baseline: Mapped[Baseline] = relationship()


class Remake(Base):
    """A picture made again, once, because of a rule. `base_id` is what the place would show without; photo, recipe and release are in it."""

    __tablename__ = "remakes"
    __table_args__ = (UniqueConstraint("placement_id", "base_id", "rule"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    placement_id: Mapped[int] = mapped_column(ForeignKey("placements.id"))
    base_id: Mapped[str] = mapped_column(ForeignKey("renditions.id"))
    rule: Mapped[str] = mapped_column(String(100))
    rendition_id: Mapped[str] = mapped_column(ForeignKey("renditions.id"))
    adjustments: Mapped[Doc]  # of the request that was made
    finding: Mapped[Doc]  # why
    at: Mapped[datetime]
    passed: Mapped[bool | None]  # None: not judged yet
