"""How many new pictures an account may be sent in 24 hours: counted on push rows, which are committed before anything is sent.

A push whose pictures no longer fit waits; one with more pictures than a whole day's budget goes when nothing else went. The window rolls, so what
waits goes on by itself, the higher priority first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import mutex
from app.models import OPEN_PUSH, Account, Listing, ListingMember, Product, Push
from app.states import PushState

DAY = timedelta(days=1)
FREE_AT_ONCE = 5000  # listings that need no new picture and are named at a time: a database takes so many ids in a select and not many more
Side = Mapping[str, Mapping[str, str]]


def new_pictures(wanted: Side, pushed: Side) -> int:
    """How many files of `wanted` are not in what was accepted last."""
    return len(_files(wanted) - _files(pushed))


def spent(session: Session, account: Account, listing: Listing, now: datetime) -> str | None:
    """Why the listing's wish does not fit into the account's budget now, in one sentence; None if it does."""
    budget = account.policy.get("images_per_day")
    if budget is None:
        return None
    used, need = sent(session, account, now), new_pictures(listing.wanted, listing.pushed)
    if need == 0 or used == 0 or used + need <= budget:
        return None
    return f"{account.key} takes {budget} new pictures in 24 hours, {used} were sent, and this needs {need}: it goes by itself when there is room"


def hold(session: Session, account: Account) -> None:
    """Until the transaction ends nobody else counts and spends this account's budget."""
    if account.policy.get("images_per_day") is not None:
        mutex(session, f"images a day of {account.key}")


def sent(session: Session, account: Account, now: datetime) -> int:
    """New pictures of the pushes of the last 24 hours; what was found to have had no effect is not counted."""
    rows = sa.select(sa.func.sum(Push.images)).join(Listing, Listing.id == Push.listing_id)
    return session.scalar(rows.where(Listing.account_id == account.id, Push.at > now - DAY, Push.state != PushState.MOOT)) or 0


def fitting(session: Session, accounts: Iterable[Account], waiting: sa.Select[Any], now: datetime) -> list[int]:
    """Of the listings that wait (a select of ids), those that fit into their account's budget: by priority and money, then by age, as far as the room goes.

    What needs no new picture always fits. A listing whose last push is not settled has its pictures counted already, and waits for no room.
    """
    found: list[int] = []
    settled = Listing.id.not_in(sa.select(Push.listing_id).where(OPEN_PUSH))
    for account in accounts:
        room = account.policy["images_per_day"] - (used := sent(session, account, now))
        rows = sa.select(Listing.id, Listing.wanted, Listing.pushed).where(Listing.account_id == account.id, Listing.id.in_(waiting), settled)
        known = session.execute(rows.where(Listing.sent_at.is_not(None)).order_by(Listing.id))  # what was never sent needs its pictures
        free = list(islice((row for row, wanted, pushed in known if not new_pictures(wanted, pushed)), FREE_AT_ONCE))
        found += free
        if room <= 0:
            continue
        ranked = (
            rows.join(ListingMember, ListingMember.listing_id == Listing.id)
            .join(Product, Product.id == ListingMember.product_id)
            .group_by(Listing.id)
            .order_by(sa.func.max(Product.priority).desc(), sa.func.max(Product.price_minor * Product.quantity).desc().nulls_last(), Listing.id)
            .limit(room + 1 + len(free))
        )
        for row, wanted, pushed in session.execute(ranked):
            need = new_pictures(wanted, pushed)
            if need == 0:
                continue  # it is among those that are free
            if need > room and used:
                break  # it waits for its room: nobody with less to send overtakes it for ever
            found.append(row)
            room -= need
            used += need
    return found


def _files(side: Side) -> set[str]:
    return {digest for positions in side.values() for digest in positions.values()}
