"""What is kept for a while only: answers to repeated writes, what endpoints were told, and previews, which are made again when somebody looks."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import connect, images
from app.kit import Kit
from app.models import IdempotentAnswer, WebhookDelivery, WebhookEndpoint

ANSWERS = timedelta(days=7)  # a caller that repeats a write after so long wants a new one
PREVIEWS = timedelta(days=30)
TOLD = timedelta(days=30)


def purge(kit: Kit) -> dict[str, int]:
    """Delete what is over its age; returns how many of each. History, originals and media are not touched."""
    now = kit.now()
    with kit.db.writing() as session:
        pending = connect.forget(session, now)
        answers = session.execute(sa.delete(IdempotentAnswer).where(IdempotentAnswer.at < now - ANSWERS)).rowcount  # type: ignore[attr-defined]
        nobody = WebhookDelivery.endpoint_id.not_in(sa.select(WebhookEndpoint.id))  # noted while its endpoint was removed
        told = session.execute(sa.delete(WebhookDelivery).where(sa.or_(WebhookDelivery.done_at < now - TOLD, nobody))).rowcount  # type: ignore[attr-defined]
    return {"told": told, "answers": answers, "consents": pending, "previews": images.forget(kit, now - PREVIEWS)}
