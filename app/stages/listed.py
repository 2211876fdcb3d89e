"""Which listing holds a product on an account: its own, or one that it shares with others as variations. Part of arranging, in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import work
from app.db import insert_new, lock, record
from app.kit import Kit
from app.models import OPEN_PUSH, Account, Listing, ListingMember, Notice, Product, Push, Showing
from app.states import ListingState


def listing_for(session: Session, kit: Kit, product: Product, account: Account) -> ListingMember | None:
    """The listing that holds this product on this account, made on first need; None while another product has its merchant SKU there."""
    told: Mapping[str, Any] = product.offered_on.get(account.key) or {}
    external, sku = told.get("asin") or told.get("item_id"), told.get("merchant_sku") or product.sku
    member = session.scalar(sa.select(ListingMember).where(ListingMember.product_id == product.id, ListingMember.account_id == account.id))
    if (member is None or member.merchant_sku != sku) and _sku_taken(session, account, sku):
        if member is None:
            record(session, product, "not offered", now=kit.now(), sku=product.sku, why=f"{sku} on {account.key} belongs to another product already")
        return member
    holder = _holder(session, account, external)
    if holder is not None and not told.get("asin"):
        _take_group(session, product, account, holder)
    # an Amazon SKU is an item of its own even where two share an ASIN; an eBay item id may hold several variations
    shared = (None if told.get("asin") else holder) or _of_group(session, kit, product, account)
    if member is None:
        listing = shared or Listing(account_id=account.id, external_id=None if holder else external, created_at=kit.now())
        member = ListingMember(listing=listing, account_id=account.id, product_id=product.id, merchant_sku=sku, variation={})
        session.add(member)
        session.flush()
        record(session, listing, "created", now=kit.now(), sku=product.sku, why=f"{sku} on {account.key}" + (f", already {external} there" if external else ""))
        _rearrange_siblings(session, kit, member)
    elif shared is not None and shared.id != member.listing_id:
        _join(session, kit, product, member, shared)
    _tell_apart(session, product, account, member)
    if external and holder is None and member.listing.external_id is None:
        member.listing.external_id = external
    if renamed_to(member, account) and _may_rename(session, member.listing):
        record(session, member.listing, "renamed", now=kit.now(), sku=product.sku, was=member.merchant_sku[:32], to=sku[:32], why="the inventory says so")
        member.listing.wanted = {name: side for name, side in member.listing.wanted.items() if name != member.merchant_sku}
        for told_of in (Notice, Showing):  # what was said against it and shown on it goes by its name too
            session.execute(
                sa.update(told_of).where(told_of.listing_id == member.listing_id, told_of.merchant_sku == member.merchant_sku).values(merchant_sku=sku)
            )
        member.listing.wanted_print, member.merchant_sku = None, sku  # want states it again under its name
    return member


def renamed_to(member: ListingMember, account: Account) -> str | None:
    """The merchant SKU that the inventory has told of a product on an account, where it is another than the one in use."""
    told: str | None = (member.product.offered_on.get(account.key) or {}).get("merchant_sku")
    return told if told and told != member.merchant_sku else None


def _may_rename(session: Session, listing: Listing) -> bool:
    """Whether nothing was ever sent, nor is on its way: a push holds the SKUs under which it is sent, and what became of it is asked by them."""
    lock(session, listing)
    return listing.sent_at is None and not listing.pushed and session.scalar(sa.select(Push.id).where(Push.listing_id == listing.id, OPEN_PUSH)) is None


def _group(product: Product, account: Account) -> str | None:
    """The group whose products share a listing; None where the marketplace knows no such listings."""
    group: str | None = product.variation.get("group")
    return group if integrations.SITES[account.marketplace].limits.get("variations") else None


def _grouped(session: Session, account: Account, group: str) -> Listing | None:
    return session.scalar(sa.select(Listing).where(Listing.account_id == account.id, Listing.variation_group == group))


def _of_group(session: Session, kit: Kit, product: Product, account: Account) -> Listing | None:
    """The account's listing for the product's group, made on first need, once however many products come at the same time."""
    group = _group(product, account)
    if group is None:
        return None
    values: dict[str, Any] = {"state": ListingState.EMPTY, "wanted": {}, "pushed": {}, "seen": {}, "doubts": 0, "created_at": kit.now()}
    insert_new(session, Listing, ["account_id", "variation_group"], account_id=account.id, variation_group=group, **values)
    return _grouped(session, account, group)


def _take_group(session: Session, product: Product, account: Account, listing: Listing) -> None:
    """A listing that the inventory names by its id is its group's from now on, unless the group has one."""
    group = _group(product, account)
    if group and listing.variation_group is None and _grouped(session, account, group) is None:
        listing.variation_group = group


def _tell_apart(session: Session, product: Product, account: Account, member: ListingMember) -> None:
    """Take over what the inventory says of a product among its siblings; what was refused for it may be tried again."""
    specifics = product.variation.get("specifics") if _group(product, account) else None
    if specifics and member.variation != specifics:
        lock(session, member.listing)
        member.variation, member.listing.refused_print = dict(specifics), None


def _join(session: Session, kit: Kit, product: Product, member: ListingMember, listing: Listing) -> None:
    """Move a product to the listing that it belongs to, as long as its own was never sent; what is listed stays where it is."""
    old = member.listing
    if old.sent_at is not None or old.external_id is not None or old.pushed or session.scalar(sa.select(Push.id).where(Push.listing_id == old.id).limit(1)):
        return
    lock(session, old)
    member.listing = listing
    session.flush()
    session.expire(old, ["members"])
    if old.members:
        old.wanted, old.wanted_print = {sku: side for sku, side in old.wanted.items() if sku != member.merchant_sku}, None
    else:
        session.delete(old)
    session.flush()
    record(session, listing, "joined", now=kit.now(), sku=product.sku, why=f"{member.merchant_sku} is one of several products of it")
    _rearrange_siblings(session, kit, member)


def _rearrange_siblings(session: Session, kit: Kit, member: ListingMember) -> None:
    """A listing of several takes fewer pictures of each: those that were there alone are arranged anew."""
    session.expire(member.listing, ["members"])
    for sibling in member.listing.members:
        if sibling.id != member.id:
            work.wake(session, "arrange", sibling.product_id, at=kit.now())


def _sku_taken(session: Session, account: Account, sku: str) -> bool:
    return session.scalar(sa.select(ListingMember.id).where(ListingMember.account_id == account.id, ListingMember.merchant_sku == sku)) is not None


def _holder(session: Session, account: Account, external: str | None) -> Listing | None:
    """The listing of an account that has this external id already."""
    return None if external is None else session.scalar(sa.select(Listing).where(Listing.account_id == account.id, Listing.external_id == external))
