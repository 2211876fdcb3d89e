"""Which wishes wait to be sent: what `publish.barred` says of one listing, asked of all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import budget, preflight
from app.kit import Kit
from app.models import Account, Listing, ListingMember, Product
from app.stages import together
from app.states import ListingState

_PAGE = 1000  # listings of several products that are read at a time


def writing(session: Session) -> list[Account]:
    """The accounts that may be written to."""
    found = session.scalars(sa.select(Account).where(Account.stopped.is_(False), Account.paused.is_(None)))
    return [account for account in found if account.policy.get("publish", "ask") != "off"]


def may_write(session: Session) -> sa.ColumnElement[bool]:
    """Whether a listing's account may be written to."""
    return Listing.account_id.in_([account.id for account in writing(session)])


def unsent(session: Session, kit: Kit) -> sa.ColumnElement[bool]:
    """Whether a listing's wish was not sent and may be: the same conditions as `publish.barred`, said to the database."""
    accounts = writing(session)
    fetching, base = {a.id for a in preflight.fetching(session)}, kit.settings.media_base_url
    deaf = [a.id for a in accounts if a.id in fetching and (not base or preflight.trouble(session, base, practice=a.practice))]
    creating = [a.id for a in accounts if a.policy.get("create")]
    priced = sa.or_(Product.price_minor.is_not(None), Listing.external_id.is_not(None), Listing.sent_at.is_not(None), Listing.account_id.not_in(creating))
    fit = sa.select(ListingMember.id).join(Product).where(ListingMember.listing_id == Listing.id, Product.archived.is_(False), priced).exists()
    asks = [a.id for a in accounts if a.policy.get("publish", "ask") == "ask"]
    may = sa.or_(Listing.account_id.not_in(asks), Listing.confirmed_print == Listing.wanted_print)
    differs = sa.or_(Listing.pushed_print.is_(None), Listing.pushed_print != Listing.wanted_print)
    not_refused = sa.or_(Listing.refused_print.is_(None), Listing.refused_print != Listing.wanted_print)
    waits = sa.and_(Listing.wanted_print.is_not(None), differs, not_refused, may, Listing.account_id.not_in(deaf))
    ours = sa.and_(Listing.account_id.in_([a.id for a in accounts]), Listing.state != ListingState.ENDED)
    members = sa.select(sa.func.count()).select_from(ListingMember).where(ListingMember.listing_id == Listing.id).scalar_subquery()
    several = sa.select(Listing).where(ours, waits, sa.or_(members > 1, Listing.variation_group.is_not(None)))
    wish = sa.and_(ours, waits, fit, Listing.id.not_in(_in_words(_held_back(session, accounts, several))))
    sparing = [a for a in accounts if a.policy.get("images_per_day") is not None]
    if not sparing:
        return wish
    fitting = budget.fitting(session, sparing, sa.select(Listing.id).where(wish), kit.now())
    return sa.and_(wish, sa.or_(Listing.account_id.not_in([a.id for a in sparing]), Listing.id.in_(_in_words(fitting))))


def _in_words(ids: Sequence[int]) -> sa.BindParameter[Any]:
    """Numbers written into the statement itself: it takes no more than 65,535 parameters."""
    numbers: Any = list(ids)
    return sa.bindparam(None, numbers, expanding=True, literal_execute=True, unique=True)


def _held_back(session: Session, accounts: Sequence[Account], several: sa.Select[Any]) -> list[int]:
    """Those listings of several products whose products hold them back: a rule that no select can say. Read in pages."""
    by_id, held = {account.id: account for account in accounts}, list[int]()
    ids = session.scalars(several.with_only_columns(Listing.id)).all()
    for start in range(0, len(ids), _PAGE):
        page = session.scalars(sa.select(Listing).where(Listing.id.in_(ids[start : start + _PAGE]))).all()
        members = together.members_of(session, [listing.id for listing in page])
        held += [listing.id for listing in page if together.bar(listing, by_id[listing.account_id], members[listing.id])]
    return held
