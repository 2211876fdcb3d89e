"""What other systems are told of, and how it is put: from lines of the history, in the very transaction that writes them.

`tell` is called for each line of history. Where nobody wants to be told it reads one small table and writes nothing. Otherwise one row per
endpoint is added, and the stage `tell` sends it; it is there if and only if what it tells of was committed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import insert
from app.models import Account, Event, Lesson, Listing, Notice, Placement, Product, WebhookDelivery, WebhookEndpoint
from app.work import wake

TYPES: Mapping[str, str] = {
    "listing.live": "a listing's pictures were read back and are ours",
    "listing.suppressed": "a marketplace took a listing off, held it or removed it",
    "listing.drifted": "a listing shows other pictures than ours",
    "placement.needs_review": "a product has pictures that wait for a person; once a minute at most",
    "lesson.proposed": "notices led to a proposed change of a rule",
    "account.paused": "an account's credentials were refused and it was paused",
}
OFF = ("suppressed", "held", "removed")
HEARD: Mapping[tuple[str, str, str | None], str] = {  # kind, what and to of a line of history
    ("listing", "moved", "live"): "listing.live",
    ("listing", "moved", "drifted"): "listing.drifted",
    **{("notice", "began", kind): "listing.suppressed" for kind in OFF},
    ("placement", "moved", "review"): "placement.needs_review",
    ("lesson", "moved", "proposed"): "lesson.proposed",
    ("account", "paused", None): "account.paused",
}
ENDPOINTS = "packshot.endpoints"
LATE = timedelta(seconds=10)  # a transaction that began in a minute has ended by then


@dataclass(frozen=True)
class Told:
    """One thing to tell: its data, and where it is told once only, under which name and when."""

    data: dict[str, Any]
    subject: str | None = None
    due_at: datetime | None = None


def tell(session: Session, event: Event) -> None:
    """Note for every endpoint that wants it what this line of history means."""
    kind = HEARD.get((event.kind, event.what, event.to))
    if kind is None:
        return
    wanting = [endpoint for endpoint in _active(session) if kind in endpoint.events]
    if not wanting:
        return
    told = READ[kind](session, event)
    body = {"type": kind, "timestamp": event.at.isoformat(), "data": told.data}
    name, due = f"msg_{uuid.uuid4().hex}", told.due_at or event.at
    for endpoint in wanting:
        values = {"endpoint_id": endpoint.id, "webhook_id": name, "subject": told.subject, "body": body, "at": event.at, "due_at": due, "tries": 0}
        session.execute(insert(session, WebhookDelivery).values(**values).on_conflict_do_nothing(index_elements=["endpoint_id", "subject"]))
        wake(session, "tell", endpoint.id, at=max(due, endpoint.retry_at or due))


def _active(session: Session) -> list[WebhookEndpoint]:
    """The endpoints in use: read once in a session, which is one transaction, and without sending off what it still holds."""
    if ENDPOINTS not in session.info:
        with session.no_autoflush:
            session.info[ENDPOINTS] = list(session.scalars(sa.select(WebhookEndpoint).where(WebhookEndpoint.active).order_by(WebhookEndpoint.id)))
    found: list[WebhookEndpoint] = session.info[ENDPOINTS]
    return found


def _listing(session: Session, event: Event) -> Told:
    listing = session.get_one(Listing, int(event.row))
    return Told({**_named(session, listing, event.sku), "why": event.why})


def _notice(session: Session, event: Event) -> Told:
    notice = session.get_one(Notice, int(event.row))
    said = {"notice": notice.id, "kind": notice.kind, "code": notice.code, "message": notice.message, "positions": notice.positions}
    return Told({**_named(session, session.get_one(Listing, notice.listing_id), notice.merchant_sku), **said})


def _named(session: Session, listing: Listing, merchant_sku: str | None) -> dict[str, Any]:
    products = {member.merchant_sku: session.get_one(Product, member.product_id).sku for member in listing.members}
    sku = products.get(merchant_sku or "") or next(iter(products.values()), None)
    return {"listing": listing.id, "account": session.get_one(Account, listing.account_id).key, "sku": sku, "external_id": listing.external_id}


def _placement(session: Session, event: Event) -> Told:
    """Of all that a product's pictures are asked about within a minute, one thing is told, when the minute is over."""
    product = session.get_one(Product, session.get_one(Placement, int(event.row)).product_id)
    minute = event.at.replace(second=0, microsecond=0)
    return Told({"product": product.id, "sku": product.sku}, f"review:{product.id}:{minute:%Y%m%dT%H%M}", minute + timedelta(minutes=1) + LATE)


def _lesson(session: Session, event: Event) -> Told:
    lesson = session.get_one(Lesson, int(event.row))
    return Told({"lesson": lesson.id, "subject": lesson.subject, "authority": lesson.authority, "why": event.why})


def _account(session: Session, event: Event) -> Told:
    return Told({"account": session.get_one(Account, int(event.row)).key, "why": event.why})


READ = {
    "listing.live": _listing,
    "listing.suppressed": _notice,
    "listing.drifted": _listing,
    "placement.needs_review": _placement,
    "lesson.proposed": _lesson,
    "account.paused": _account,
}
