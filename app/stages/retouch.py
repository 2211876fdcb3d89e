"""An image that was sent out comes back, as a file with its name or as an upload that says what it replaces; and what that cost."""

from __future__ import annotations

from pathlib import PurePosixPath

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import move, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Arrival, ImageSetItem, Placement, Product, Retouch
from app.states import PhotoState, RetouchState

MOST_MINUTES = 10_000  # a week without sleep: anything more is a slip of the finger


def original_of(session: Session, product: Product, arrival: Arrival) -> ImageSetItem | None:
    """The item that an arriving file stands in for: the one it names, else the one that is out under its file name, else the only one out of its shot.

    A file that had arrived before the image was sent out, and the very bytes that were sent out, are not what comes back.
    """
    if arrival.replaces_id is not None:
        return session.get(ImageSetItem, arrival.replaces_id)
    out = session.execute(
        sa.select(ImageSetItem, Retouch.sent_at)
        .join(Retouch, Retouch.item_id == ImageSetItem.id)
        .where(ImageSetItem.product_id == product.id, Retouch.state == RetouchState.OUT, Retouch.sent_at <= arrival.created_at)
        .order_by(Retouch.id)
    ).all()
    items = list({item.id: item for item, _sent in out if item.photo_sha256 != arrival.sha256}.values())
    if not items:
        return None
    digests = {item.photo_sha256: item for item in items}
    for name, digest in session.execute(
        sa.select(Arrival.name, Arrival.sha256).where(Arrival.product_id == product.id, Arrival.sha256.in_(digests), Arrival.id != arrival.id)
    ):
        if digest is not None and _stem(name) == _stem(arrival.name):
            return digests[digest]
    same_shot = [item for item in items if arrival.shot and item.shot == arrival.shot and arrival.order in (0, item.order)]
    return same_shot[0] if len(same_shot) == 1 else None


def come_back(session: Session, kit: Kit, product: Product, item: ImageSetItem) -> None:
    """Once this item is accepted it takes the place of the one that it stands in for, and what was out for that one is back. Until then it is out."""
    if item.replaces_id is None or item.replaces_id == item.id or item.state != PhotoState.ACCEPTED:
        return
    now, old = kit.now(), session.get_one(ImageSetItem, item.replaces_id)
    for row in session.scalars(sa.select(Retouch).where(Retouch.item_id == old.id, Retouch.state == RetouchState.OUT)):
        move(session, row, RetouchState.BACK, now=now, sku=product.sku, why=f"from {row.to or 'retouch'}", returned_photo=item.photo_sha256, returned_at=now)
    if old.state != PhotoState.REJECTED:
        move(session, old, PhotoState.REJECTED, now=now, sku=product.sku, why="its retouched photo came back")


def cancel(session: Session, kit: Kit, placement: Placement, who: str, why: str) -> None:
    """What was sent out for this placement is not waited for any more."""
    for row in session.scalars(sa.select(Retouch).where(Retouch.placement_id == placement.id, Retouch.state == RetouchState.OUT)):
        move(session, row, RetouchState.CANCELLED, now=kit.now(), who=who, why=why)
        record(session, placement, "retouch cancelled", now=kit.now(), who=who, why=why)


def charge(session: Session, kit: Kit, row: Retouch, who: str, minutes: int | None, invoice: str | None) -> None:
    """Keep what a retouch cost: minutes of work (0 to `MOST_MINUTES`) and the invoice that it is on; None where it is not known.

    Raises Refusal for minutes out of range. The mean of these minutes is what a case costs in the rules simulator.
    """
    if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
        raise Refusal(f"minutes: {minutes} is out of range, a retouch takes 0 to {MOST_MINUTES:,}")
    if (row.minutes, row.invoice) == (minutes, invoice):
        return
    row.minutes, row.invoice = minutes, invoice
    told = [f"{minutes} min"] * (minutes is not None) + [f"invoice {invoice}"] * (invoice is not None)
    sku = session.scalar(sa.select(Product.sku).join(ImageSetItem).where(ImageSetItem.id == row.item_id))
    record(session, row, "cost", now=kit.now(), sku=sku, who=who, why=", ".join(told) or "not known")


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.casefold()
