"""What listings really show, as intervals: the pictures that a marketplace has accepted, ours and those that were there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.models import Listing, Showing

Place = tuple[str, str]  # merchant SKU, position
_OPEN = sa.select(Showing).where(Showing.listing_id == sa.bindparam("listing"), Showing.end.is_(None)).order_by(Showing.id)


@dataclass(frozen=True)
class Shown:
    """A file at a place, and the address it was read at."""

    file: str
    ours: bool
    url: str | None


def open_now(session: Session, listing_id: int) -> dict[Place, Shown]:
    """What the listing showed at the last look."""
    return {place: Shown(row.file_sha256, row.ours, row.url) for place, row in _rows(session, listing_id).items()}


def note_showings(session: Session, listing: Listing, shown: Mapping[Place, Shown | None], at: datetime) -> None:
    """Take what was seen now: another file at a place ends what was there and begins; None says that nothing is there. A place not named goes on as it was."""
    rows = _rows(session, listing.id)
    for place, one in shown.items():
        known = rows.get(place)
        if known is not None and (one is None or known.file_sha256 != one.file):
            known.end = at
        elif known is not None and one is not None:
            known.url = one.url
            continue
        if one is not None:
            sku, position = place
            session.add(
                Showing(listing_id=listing.id, merchant_sku=sku, position=position, file_sha256=one.file, ours=one.ours, url=one.url, begin=at, end=None)
            )


def end_showings(session: Session, listing: Listing, at: datetime) -> None:
    """The listing is not there any more."""
    for row in _rows(session, listing.id).values():
        row.end = at


def _rows(session: Session, listing_id: int) -> dict[Place, Showing]:
    return {(row.merchant_sku, row.position): row for row in session.scalars(_OPEN, {"listing": listing_id})}
