"""tell: what endpoints are still to be told is sent, oldest first, signed, under the same id until it is taken.

A row is an endpoint: one that does not answer waits as a whole, in growing gaps, and is disabled with an alarm after days; one thing that an
endpoint declines while it takes others is left behind and tried again by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import endpoints
from app.db import record
from app.kit import Kit
from app.models import WebhookDelivery, WebhookEndpoint
from app.secretbox import SecretsLost
from app.stages.intake import wake_missing
from app.stages.run import Stage

GAPS_S = (5, 60, 300, 1800, 7200, 18_000, 36_000)
PATIENCE = timedelta(days=3)  # then an endpoint is disabled, and one thing that it never takes is given up
AT_ONCE = 20  # things sent by one job
DECLINED, GONE = (400, 413, 415, 422), 410


@dataclass(frozen=True)
class Task:
    """What one endpoint is to be told now; nothing where its time has not come."""

    endpoint: WebhookEndpoint
    deliveries: tuple[WebhookDelivery, ...]


@dataclass(frozen=True)
class Outcome:
    """One thing sent, and what was said to it."""

    delivery_id: int
    said: endpoints.Said

    @property
    def declined(self) -> bool:
        """Whether it was this thing that they would not take, and others may be."""
        return self.said.status in DECLINED


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    endpoint = session.get(WebhookEndpoint, int(row))
    if endpoint is None or not endpoint.active or _next(session, endpoint) is None:
        return None
    now = kit.now()
    if endpoint.retry_at is not None and endpoint.retry_at > now:
        return Task(endpoint, ())
    due = sa.select(WebhookDelivery).where(*_undone(endpoint), WebhookDelivery.due_at <= now)
    return Task(endpoint, tuple(session.scalars(due.order_by(WebhookDelivery.id).limit(AT_ONCE))))


def do(kit: Kit, task: Task) -> list[Outcome]:
    """Send one after the other; the first that nobody takes ends it, unless it alone was declined."""
    found = []
    for delivery in task.deliveries:
        try:
            said = endpoints.send(kit, task.endpoint, delivery.webhook_id, delivery.body)
        except SecretsLost as error:
            said = endpoints.Said(str(error))
        found.append(Outcome(delivery.id, said))
        if said.trouble and not found[-1].declined:
            break
    return found


def apply(session: Session, kit: Kit, task: Task, outcomes: list[Outcome]) -> datetime | None:
    endpoint, now = endpoints.held(session, task.endpoint.id), kit.now()
    if endpoint is None:  # removed meanwhile
        return None
    for outcome in outcomes:
        delivery = session.get(WebhookDelivery, outcome.delivery_id)
        if delivery is None or delivery.done_at is not None:
            continue
        trouble = outcome.said.trouble
        delivery.outcome = trouble or "taken"
        if not trouble:
            delivery.done_at = now
            endpoint.failing_since = endpoint.retry_at = endpoint.problem = None
            continue
        delivery.due_at = now + timedelta(seconds=GAPS_S[min(delivery.tries, len(GAPS_S) - 1)])
        delivery.tries += 1
        endpoint.problem = trouble
        if not outcome.declined:
            endpoint.retry_at, endpoint.failing_since = delivery.due_at, endpoint.failing_since or now
        elif now - delivery.at >= PATIENCE:
            delivery.done_at, delivery.outcome = now, f"given up: {trouble}"
            endpoint.failing_since = None  # it answers, and nothing of this is left to fail again
    if any(outcome.said.status == GONE for outcome in outcomes) or (endpoint.failing_since is not None and now - endpoint.failing_since >= PATIENCE):
        endpoint.active = False
        record(session, endpoint, "disabled", kind="webhook", now=now, why=f"{endpoints.host(endpoint.url)} took nothing any more: {endpoint.problem}")
        return None
    session.flush()
    return _next(session, endpoint)


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Endpoints with something to be told that nobody is about to send."""
    due = sa.select(WebhookDelivery.id).where(
        WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.done_at.is_(None), WebhookDelivery.due_at <= now
    )
    ready = sa.or_(WebhookEndpoint.retry_at.is_(None), WebhookEndpoint.retry_at <= now)
    return wake_missing(session, "tell", sa.select(WebhookEndpoint.id).where(WebhookEndpoint.active, ready, due.exists()), now)


def _undone(endpoint: WebhookEndpoint) -> tuple[sa.ColumnElement[bool], ...]:
    return WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.done_at.is_(None)


def _next(session: Session, endpoint: WebhookEndpoint) -> datetime | None:
    """When something is to be sent there next; None if nothing is."""
    soonest = session.scalar(sa.select(sa.func.min(WebhookDelivery.due_at)).where(*_undone(endpoint)))
    return soonest if soonest is None or endpoint.retry_at is None else max(soonest, endpoint.retry_at)


STAGE = Stage("tell", gather, do, apply, mark, lease_s=300, in_flight=8)
