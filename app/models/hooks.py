"""Who is told of what happens here: endpoints of the seller's other systems, and what each of them is still to be told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Doc


class WebhookEndpoint(Base):
    """An address that wants to be told. Its secret is encrypted; one that failed for days is no longer active."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    secret: Mapped[str]  # MultiFernet token of {"secret": "whsec_..."}
    events: Mapped[list[str]] = mapped_column(default=list)
    practice: Mapped[bool] = mapped_column(default=False)  # may be on this machine
    active: Mapped[bool] = mapped_column(default=True)
    failing_since: Mapped[datetime | None]  # the first failure since it last took something
    retry_at: Mapped[datetime | None]  # nothing is sent before: it did not answer
    problem: Mapped[str | None]
    created_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One thing told to one endpoint: written in the transaction that it tells of, sent later under the same id until it is taken."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (UniqueConstraint("endpoint_id", "subject"), Index("ix_webhook_deliveries_due", "endpoint_id", "done_at", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    endpoint_id: Mapped[int]  # no foreign key: an endpoint may be removed while something is noted for it, and neither may fail
    webhook_id: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(100))  # told once under this name; None: as often as it happens
    body: Mapped[Doc]  # {"type", "timestamp", "data"}
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]  # the last answer in words
