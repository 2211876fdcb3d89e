"""Notices for pages: which stand, against which product, and the picture of ours that a person would change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from app.models import Account, Listing, ListingMember, Notice, Placement, Product
from app.web.queries import Page, page_of


def notices(session: Session, *, past: bool, account: str, number: int) -> Page:
    """Open notices, or those that ended: the newest first."""
    select = sa.select(Notice).join(Notice.listing).join(Listing.account).options(joinedload(Notice.listing).joinedload(Listing.account))
    select = select.where(Notice.end.is_not(None) if past else Notice.end.is_(None))
    if account:
        select = select.where(Account.key == account)
    return page_of(session, select.order_by((Notice.end if past else Notice.begin).desc(), Notice.id.desc()), number)


def skus_of(session: Session, found: Iterable[Notice]) -> dict[tuple[int, str], str]:
    """(listing, merchant SKU) -> our SKU, for links."""
    listings = {notice.listing_id for notice in found}
    rows = session.execute(
        sa.select(ListingMember.listing_id, ListingMember.merchant_sku, Product.sku).join(Product).where(ListingMember.listing_id.in_(listings))
    )
    return {(listing, merchant): sku for listing, merchant, sku in rows}


def pictures_against(session: Session, found: Iterable[Notice]) -> dict[int, int]:
    """Open notice -> the placement of ours that a person would change: the first position it names, main where it names none."""
    still = [notice for notice in found if notice.end is None]
    if not still:
        return {}
    members = sa.tuple_(ListingMember.listing_id, ListingMember.merchant_sku).in_([(n.listing_id, n.merchant_sku) for n in still])
    mine = sa.and_(Placement.product_id == ListingMember.product_id, Placement.account_id == ListingMember.account_id)
    rows = session.execute(
        sa.select(ListingMember.listing_id, ListingMember.merchant_sku, Placement.position, Placement.id)
        .join(Placement, mine)
        .where(members, Placement.rendition_id.is_not(None))
    )
    there = {(listing, merchant, position): placement for listing, merchant, position, placement in rows}
    places = {notice.id: there.get((notice.listing_id, notice.merchant_sku, next(iter(notice.positions), "main"))) for notice in still}
    return {notice: placement for notice, placement in places.items() if placement is not None}


def notices_against(session: Session, placement: Placement) -> list[Notice]:
    """What its marketplace says now against the picture at a placement, the newest last."""
    member = sa.and_(ListingMember.listing_id == Notice.listing_id, ListingMember.merchant_sku == Notice.merchant_sku)
    rows = session.scalars(
        sa.select(Notice)
        .join(ListingMember, member)
        .where(ListingMember.product_id == placement.product_id, ListingMember.account_id == placement.account_id, Notice.end.is_(None))
        .order_by(Notice.begin, Notice.id)
    )
    return [notice for notice in rows if placement.position in (notice.positions or ["main"])]


def notices_of(session: Session, members: Sequence[ListingMember]) -> Sequence[Notice]:
    """All notices against a product, open first."""
    if not members:
        return []
    mine = sa.tuple_(Notice.listing_id, Notice.merchant_sku).in_([(m.listing_id, m.merchant_sku) for m in members])
    return session.scalars(
        sa.select(Notice)
        .where(mine)
        .options(joinedload(Notice.listing).joinedload(Listing.account))
        .order_by(Notice.end.is_not(None), Notice.begin.desc())
        .limit(100)
    ).all()
