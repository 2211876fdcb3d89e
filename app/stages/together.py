"""Products that share one listing: who is part of it, by whose pictures each is shown, and why it may not be sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

import integrations
from app.models import Account, Listing, ListingMember, Product
from app.stages.creating import facts_of

Side = Mapping[str, str]  # position -> file SHA-256
_MEMBERS = (
    sa.select(ListingMember)
    .where(ListingMember.listing_id.in_(sa.bindparam("listings", expanding=True)))
    .options(joinedload(ListingMember.product))
    .order_by(ListingMember.id)
)


def members_of(session: Session, listings: Collection[int]) -> dict[int, list[ListingMember]]:
    """The members of listings with their products, in the order in which they joined."""
    found: dict[int, list[ListingMember]] = {listing: [] for listing in listings}
    for member in session.scalars(_MEMBERS, {"listings": list(found)}):
        found[member.listing_id].append(member)
    return found


def is_several(listing: Listing, members: Sequence[ListingMember]) -> bool:
    """Whether a listing is one of several products, be it of one so far."""
    return len(members) > 1 or listing.variation_group is not None or any(member.variation for member in members)


def rests(member: ListingMember, listing: Listing) -> bool:
    """Whether a product's part of a listing of several stays as it is: it is archived, or has no stock and was never there."""
    return member.product.archived or (member.product.quantity == 0 and member.merchant_sku not in listing.pushed)


def looked_at(session: Session, listing: Listing) -> list[ListingMember]:
    """Whose pictures are read back: those that were sent (all, before anything was), and of several none that is archived."""
    members = members_of(session, [listing.id])[listing.id]
    sent = [member for member in members if member.merchant_sku in listing.pushed] or members
    return [member for member in sent if not member.product.archived] or sent


def disown_siblings(seen: Mapping[str, dict[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """Take back `same` where one address is shown for two products whose files differ: it is the picture of the one that it is most like.

    Rings of one design are so alike that a sibling's picture may pass for ours. Returns (SKU, position) of what was taken back.
    """
    by_address: dict[str, list[tuple[str, str]]] = {}
    for sku, looks in seen.items():
        for position, one in looks.items():
            if one["same"]:
                by_address.setdefault(one["url"], []).append((sku, position))
    disowned = []
    for places in by_address.values():
        ones = {place: seen[place[0]][place[1]] for place in places}
        owner = max(ones.values(), key=lambda one: one["score"])["file"]
        disowned += [place for place, one in ones.items() if one["file"] != owner]
    for sku, position in disowned:
        seen[sku][position]["same"] = False
    return disowned


def variations(account: Account, members: Iterable[ListingMember], sides: Mapping[str, Side]) -> list[integrations.Variation]:
    """Members as their marketplace tells them apart, each with its pictures in order."""
    order = {position: n for n, position in enumerate(integrations.SITES[account.marketplace].positions)}
    return [
        integrations.Variation(
            member.merchant_sku,
            member.variation,
            tuple(file for _, file in sorted(sides.get(member.merchant_sku, {}).items(), key=lambda entry: order.get(entry[0], len(order)))),
        )
        for member in members
    ]


def with_siblings_pictures(
    account: Account, listing: Listing, members: Sequence[ListingMember], wanted: Mapping[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """`wanted` with an empty side for each product that has no pictures and is shown by a sibling's, because they share what the pictures go by."""
    sides = {sku: side for sku, side in wanted.items() if side or sku in listing.pushed}
    told = [member for member in members if member.variation and not (rests(member, listing) and member.merchant_sku not in listing.pushed)]
    pictured = variations(account, [member for member in told if sides.get(member.merchant_sku)], sides)
    if not pictured:
        return sides
    try:
        name = integrations.pictured_by(pictured)
    except integrations.Refused:  # `bar` says so
        return sides
    shown = {one.specifics[name] for one in pictured}
    covered = [member.merchant_sku for member in told if member.merchant_sku not in sides and member.variation.get(name) in shown]
    return {**sides, **{sku: {} for sku in covered}}


def bar(listing: Listing, account: Account, members: Sequence[ListingMember]) -> str | None:
    """Why the wish for a listing may not be sent as far as its products go, in one sentence; None if it may."""
    creates = listing.external_id is None and not listing.pushed
    living = [member for member in members if not member.product.archived]
    if not living:
        return "the product is archived in the inventory" if len(members) == 1 else "all its products are archived in the inventory"
    unpriced = [m for m in living if m.product.price_minor is None and creates and account.policy.get("create")]
    if not is_several(listing, members):
        return "a new listing needs a price, and the inventory has told none" if unpriced else None
    site = integrations.SITES[account.marketplace]
    most = site.limits.get("variations", 0)
    if not most:
        return f"{site.key} lists each product by itself, and this listing holds {len(members)}"
    wanted = [member for member in members if member.merchant_sku in listing.wanted]
    if not any(member in living for member in wanted):
        return "those of its products that have pictures are archived in the inventory"
    if len(wanted) > most:
        return f"{site.key} takes {most} variations in a listing, and there are {len(wanted)}: make two groups of them"
    lacking = next((member for member in wanted if member in unpriced), None)
    if lacking is not None:
        return f"a new listing needs a price, and the inventory has told none of {lacking.product.sku}"
    odd = next((member for member in wanted if creates and _kind(member) != _kind(wanted[0])), None)
    if odd is not None:
        one, other = (f"{member.product.sku} is {' '.join(_kind(member))}" for member in (wanted[0], odd))
        return f"products of one listing have the same condition and category: {one}, and {other}"
    coming = next((member for member in living if member.product.photos_since is not None), None) if creates else None
    if coming is not None:
        return f"waits for the photos of {coming.product.sku} that are on their way, so that the variations go out together"
    if creates or all(member.variation for member in wanted):
        try:
            integrations.pictured_by(variations(account, wanted, listing.wanted))
        except integrations.Refused as refusal:
            return str(refusal)
    return None


def _kind(member: ListingMember) -> tuple[str, str]:
    return member.product.condition, member.product.category


def _shared_facts(members: Sequence[ListingMember]) -> tuple[str, dict[str, Any]]:
    """The title of the listing as a whole, and the attributes that all its products have in common."""
    first: Product = members[0].product
    titles = (str(member.product.variation["title"]) for member in members if member.product.variation.get("title"))
    common = {name: value for name, value in first.attributes.items() if all(member.product.attributes.get(name) == value for member in members)}
    return next(titles, first.title), common


def offer_of_several(offer: integrations.Offer, sent: Sequence[ListingMember], account: Account) -> integrations.Offer:
    """The offer made that of several products in one listing; their pictures are read when it is sent.

    A product may be added to a listing that is there where the account creates listings, and the inventory says what it costs and what tells it apart.
    """
    title, attributes = _shared_facts(sent)
    variants = tuple(
        integrations.Variant(
            merchant_sku=member.merchant_sku,
            specifics=member.variation,
            product=facts_of(member.product, account),
            pictures=(),
            add=bool(account.policy.get("create") and member.variation and member.product.price_minor is not None and not member.product.archived),
        )
        for member in sent
    )
    return replace(offer, product=replace(offer.product, title=title, attributes=attributes), variants=variants)


def keep_specifics(session: Session, listing: Listing, told: Mapping[str, Mapping[str, str]]) -> None:
    """What the marketplace says tells the products of the listing apart, where the inventory has not said it."""
    for member in members_of(session, [listing.id])[listing.id] if told else ():
        if member.merchant_sku in told and not member.product.variation.get("specifics"):
            member.variation = dict(told[member.merchant_sku])
