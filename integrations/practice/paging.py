"""Pages of an account's listings, cut by the database: only what is shown is read."""

from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, func, or_, select
from sqlalchemy.orm import Session, selectinload

from integrations.practice.ebay_view import MONTH
from integrations.practice.store import Listing


def paged(session: Session, query: Select[Any], size: int, page: int) -> tuple[int, list[Listing]]:
    """How many listings there are, and those of one page (from 1), oldest first, with all that eBay shows of them."""
    count = session.scalar(select(func.count()).select_from(query.with_only_columns(Listing.id).subquery())) or 0
    ids = session.scalars(query.with_only_columns(Listing.id).order_by(Listing.id).offset((page - 1) * size).limit(size)).all()
    return count, list(session.scalars(select(Listing).where(Listing.id.in_(ids)).order_by(Listing.id).options(*shown_with())))


def shown_with() -> tuple[Any, ...]:
    """What a listing is read with."""
    return selectinload(Listing.slots), selectinload(Listing.notices)


def ends_within(start: float, stop: float, now: float) -> ColumnElement[bool]:
    """Whether a listing ends between two moments: an active one within a month of `now`, and is renewed."""
    if start <= now and now + MONTH <= stop:  # every active one, whatever its day: told by the state alone
        return or_(Listing.state == "active", and_(Listing.state.in_(("ended", "removed")), Listing.ended.between(start, stop)))
    renewed = Listing.created + MONTH * (1 + cast(func.max(0, now - Listing.created) / MONTH, Integer))
    return func.coalesce(Listing.ended, renewed).between(start, stop)
