"""New listings: what they say of a product, when a refusal is about that, and when one that was refused is worth another try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import work
from app.kit import Kit
from app.models import Account, Listing, Product


def facts_of(product: Product, account: Account) -> integrations.ProductFacts:
    """What a listing on this account says of a product."""
    return integrations.ProductFacts(
        title=product.title,
        category=product.category,
        brand=product.brand,
        price_minor=product.price_minor or 0,
        currency=product.currency or integrations.SITES[account.marketplace].currency,
        quantity=product.quantity,
        condition=product.condition,
        gtin=product.gtin,
        attributes=product.attributes,
        size_mm=product.size_mm,
        pieces=product.pieces,
    )


def create_again(session: Session, kit: Kit, *which: sa.ColumnElement[bool]) -> None:
    """Those of these listings that were refused before they ever existed are due again: what they would say has changed."""
    never = (Listing.external_id.is_(None), Listing.sent_at.is_(None), Listing.refused_print.is_not(None))
    for listing in session.scalars(sa.select(Listing).where(*which, *never).order_by(Listing.id)):
        listing.refused_print = listing.problem = None
        work.wake(session, "publish", listing.id, at=kit.now())


def lacks_something(issues: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a refusal is about what a new listing says: something that the product or the account's mapping can mend."""
    return any(str(issue.get("code")).startswith(("attribute:", "kind")) for issue in issues)
