"""What publish would send now, and why it does not: read only."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.kit import Kit
from app.models import Account, Listing
from app.stages.publish import barred
from app.states import ListingState


@dataclass(frozen=True)
class PlanLine:
    """One intended write, before it is made; `barred` says why it would not be sent now."""

    account: str
    sku: str
    listing_id: int
    creates: bool
    add: tuple[str, ...]
    replace: tuple[str, ...]
    remove: tuple[str, ...]
    barred: str | None


def plan(session: Session, kit: Kit, account: str | None = None, sku: str | None = None) -> list[PlanLine]:
    """What would be sent and why not."""
    query = (
        sa.select(Listing, Account)
        .join(Account)
        .where(Listing.wanted_print.is_not(None), Listing.state != ListingState.ENDED)
        .order_by(Account.key, Listing.id)
    )
    lines = []
    for listing, owner in session.execute(query if account is None else query.where(Account.key == account)):
        if listing.wanted_print == listing.pushed_print:
            continue
        for merchant_sku, side in sorted(listing.wanted.items()):
            was = listing.pushed.get(merchant_sku, {})
            if (sku is None or merchant_sku == sku) and (side != was or merchant_sku not in listing.pushed):
                lines.append(
                    PlanLine(
                        account=owner.key,
                        sku=merchant_sku,
                        listing_id=listing.id,
                        creates=listing.external_id is None and not listing.pushed,
                        add=tuple(p for p in side if p not in was),
                        replace=tuple(p for p in side if p in was and was[p] != side[p]),
                        remove=tuple(p for p in was if p not in side),
                        barred=barred(session, kit, listing, owner),
                    )
                )
    return lines
