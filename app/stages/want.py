"""want: restate what each listing should show, once its image set is ready. The only writer of `Listing.wanted`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

import integrations
from app import work
from app.db import lock, move
from app.kit import Kit
from app.models import Account, Arrival, ImageSetItem, Listing, ListingMember, Placement, Product, Rendition
from app.stages.intake import wake_missing
from app.stages.run import Stage
from app.stages.together import is_several, members_of, rests, with_siblings_pictures
from app.states import ArrivalState, ListingState, PlacementState

ON_ITS_WAY = (PlacementState.WAITING, PlacementState.REVIEW, PlacementState.RETOUCH)
Side = dict[str, str]  # position -> file SHA-256


@dataclass(frozen=True)
class Place:
    """A placement as the decision sees it."""

    position: str
    state: PlacementState
    file: str | None  # of the picture now proposed
    approved: str | None  # file of the picture last approved, where it is of the same photo


def wish(places: Sequence[Place], shown: Mapping[str, str]) -> Side:
    """What a product's pictures should be: every approved one; a picture that is shown stays until its replacement passes; main is never emptied.

    Who rejects a replacement has said nothing of the approved picture that it was to replace: that one stays. Who rejects the one that is shown, has.
    """
    side: Side = {}
    for place in places:
        live = shown.get(place.position)
        if place.state == PlacementState.APPROVED and place.file:
            side[place.position] = place.file
        elif live and (place.state in ON_ITS_WAY or place.position == "main" or _only_its_successor_was_rejected(place, live)):
            side[place.position] = live
    if "main" in shown:
        side.setdefault("main", shown["main"])
    return side


def _only_its_successor_was_rejected(place: Place, live: str) -> bool:
    return place.state == PlacementState.REJECTED and place.approved == live and place.approved != place.file


def fingerprint(wanted: Mapping[str, Side]) -> str:
    """One short value for a whole side; equal sides, equal fingerprints."""
    return hashlib.sha256(json.dumps(wanted, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def gather(session: Session, kit: Kit, row: str) -> int | None:
    product = session.get(Product, int(row))
    return None if product is None else product.id


def do(kit: Kit, product_id: int) -> None:
    """Nothing slow to do: the decision is `wish`, and it needs the rows as they are when it is applied."""


def apply(session: Session, kit: Kit, product_id: int, _result: None) -> datetime | None:
    product, now, again = session.get_one(Product, product_id), kit.now(), []
    lock(session, product)
    coming = session.scalar(sa.select(sa.func.count()).select_from(Arrival).where(Arrival.product_id == product_id, Arrival.state == ArrivalState.WAITING)) or 0
    for member, listing, account in _offers(session, product_id):
        several = is_several(listing, members := members_of(session, [listing.id])[listing.id])
        if product.archived or (several and rests(member, listing)):
            if several:
                _rest(session, listing, account, members, member, now)
            continue
        places = _places(session, product_id, account)
        waits = coming > 0 or any(p.state in ON_ITS_WAY for p in places)
        until = None if product.photos_since is None else product.photos_since + timedelta(seconds=float(account.policy.get("wait_s", 1800)))
        if waits and until is not None and now < until:
            again.append(until)
            continue  # a sister is still on her way: the set goes out together
        lock(session, listing)
        side = wish(places, listing.pushed.get(member.merchant_sku, {}))
        wanted = {**listing.wanted, **({member.merchant_sku: side} if "main" in side else {})}
        if several:
            wanted = with_siblings_pictures(account, listing, members, wanted)
        if "main" in side or (several and wanted):
            _restate(session, listing, wanted, product, now)
    if product.archived:
        return None
    if not again:
        product.photos_since = None  # everybody is here, or nobody waits any longer: later sisters go out as they come
    return min(again, default=None)


def _rest(session: Session, listing: Listing, account: Account, members: Sequence[ListingMember], member: ListingMember, now: datetime) -> None:
    """One of several products that is archived, or not in stock yet: what is shown of it stays as it is, and what never was waits."""
    lock(session, listing)
    stays = listing.pushed.get(member.merchant_sku)
    wanted = {sku: side for sku, side in listing.wanted.items() if sku != member.merchant_sku} | ({} if stays is None else {member.merchant_sku: stays})
    wanted = with_siblings_pictures(account, listing, members, wanted)
    if wanted:
        _restate(session, listing, wanted, member.product, now)
    elif listing.wanted:
        listing.wanted, listing.wanted_print = {}, None
        if listing.state == ListingState.TO_SEND:
            move(session, listing, ListingState.EMPTY, now=now, sku=member.product.sku, why="none of its products is to be shown now")


def _offers(session: Session, product_id: int) -> list[tuple[ListingMember, Listing, Account]]:
    rows = session.execute(
        sa.select(ListingMember, Listing, Account)
        .join(Listing, Listing.id == ListingMember.listing_id)
        .join(Account, Account.id == Listing.account_id)
        .where(ListingMember.product_id == product_id)
        .order_by(Listing.id)
    )
    return [(member, listing, account) for member, listing, account in rows]


def _places(session: Session, product_id: int, account: Account) -> list[Place]:
    now, then = aliased(Rendition), aliased(Rendition)
    rows = session.execute(
        sa.select(Placement.position, Placement.state, now.file_sha256, then.file_sha256)
        .outerjoin(now, now.id == Placement.rendition_id)
        .outerjoin(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .outerjoin(then, sa.and_(then.id == Placement.approved_id, then.photo_sha256 == ImageSetItem.photo_sha256))
        .where(Placement.product_id == product_id, Placement.account_id == account.id)
    )
    order = {position: n for n, position in enumerate(integrations.SITES[account.marketplace].positions)}
    return sorted((Place(*row) for row in rows), key=lambda place: order.get(place.position, len(order)))


def _restate(session: Session, listing: Listing, wanted: dict[str, Side], product: Product, now: datetime) -> None:
    mark = fingerprint(wanted)
    if mark != listing.wanted_print:
        listing.wanted, listing.wanted_print = wanted, mark
        session.flush()
    if mark != listing.pushed_print:
        if listing.state not in (ListingState.TO_SEND, ListingState.ENDED):
            pictures = sum(len(side) for side in wanted.values())
            move(session, listing, ListingState.TO_SEND, now=now, sku=product.sku, why=f"{pictures} picture{'s' * (pictures != 1)} to show")
        work.wake(session, "publish", listing.id, at=now, lead=work.head_start_of(product))
    elif listing.state == ListingState.TO_SEND:  # back to what was sent before it was ever changed outside
        move(session, listing, ListingState.SENT, now=now, sku=product.sku, why="what was sent is wanted again")
        work.wake(session, "watch", listing.id, at=now)


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Products whose photos have been on their way for longer than any wait, in case a wake-up was lost."""
    rows = sa.select(Product.id).where(Product.photos_since.is_not(None), Product.photos_since < now - timedelta(seconds=60), Product.archived.is_(False))
    return wake_missing(session, "want", rows, now)


STAGE = Stage("want", gather, do, apply, mark, lease_s=60, in_flight=32)
