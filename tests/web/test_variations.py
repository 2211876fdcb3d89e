"""Pages of products that share a listing: each names the others, and tells the history of what they share."""

from __future__ import annotations

import sqlalchemy as sa

from app.db import record
from app.models import Account, Listing, ListingMember, Product
from app.states import ListingState
from tests.web.conftest import Windows


def share(windows: Windows) -> None:
    """W-1042 and W-1043 on one eBay listing of their own."""
    kit = windows.kit
    with kit.db.writing() as session:
        on = session.scalars(sa.select(Account).where(Account.marketplace == "ebay-uk")).first()
        assert on is not None
        row = Listing(account_id=on.id, state=ListingState.LIVE, variation_group="BAND", external_id="110000000077", created_at=kit.now(), live_at=kit.now())
        row.pushed = row.wanted = {"V-S": {"main": "0" * 64}, "V-G": {"main": "1" * 64}}
        session.add(row)
        for sku, merchant_sku, colour in (("W-1042", "V-S", "Silver"), ("W-1043", "V-G", "Gold")):
            of = session.scalars(sa.select(Product).where(Product.sku == sku)).one()
            session.execute(sa.delete(ListingMember).where(ListingMember.product_id == of.id, ListingMember.account_id == on.id))
            session.flush()
            row.members.append(ListingMember(account_id=on.id, product_id=of.id, merchant_sku=merchant_sku, variation={"Colour": colour}))
        session.flush()
        record(session, row, "moved", now=kit.now(), sku="W-1042", was="sent", to="live", why="both were seen")


def test_each_product_names_its_siblings_and_tells_what_they_share(windows: Windows) -> None:
    share(windows)
    silver, gold = (windows.visitor("viewer").get(f"/products/{sku}").get_data(as_text=True) for sku in ("W-1042", "W-1043"))

    assert 'Silver, one of 2 variations: <a href="/products/W-1043">W-1043</a> Gold' in silver
    assert 'Gold, one of 2 variations: <a href="/products/W-1042">W-1042</a> Silver' in gold
    assert "both were seen" in silver
    assert "both were seen" in gold


def test_the_list_counts_the_variations_and_finds_the_listing_by_each(windows: Windows) -> None:
    share(windows)
    for sku in ("V-S", "V-G"):
        assert "110000000077 · 2 variations" in windows.visitor("viewer").get(f"/listings?q={sku}").get_data(as_text=True)
