"""publish: `wanted` differs from `pushed` -> a push row, committed; then the connector sends. The only writer of `Listing.pushed`.

A write whose outcome is unknown is read back before any second write, and a second write carries the first one's key.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import budget, preflight, work
from app.controls import is_stopped
from app.db import insert, lock, move, record
from app.errors import Refusal
from app.kit import Kit
from app.models import OPEN_PUSH, Account, HostedPicture, Listing, Push
from app.stages import creating, together, wishes
from app.stages.intake import wake_missing
from app.stages.listed import renamed_to
from app.stages.run import Stage
from app.states import OPEN, ListingState, PushState

BY_FEED = "feed:"  # begins the reference of a push that went, or is about to go, with many others (`stages/feed.py`), which settles it
FIRST_LOOK_S = 2.0
NO_MEDIA = (
    "no public media address: {marketplace} fetches pictures itself, so PACKSHOT_MEDIA_BASE_URL must name an https address that reaches this installation"
)


@dataclass(frozen=True)
class Task:
    """One push, its row already committed. `again` says that an earlier try's outcome is not known."""

    listing_id: int
    account_id: int
    push_id: int
    push_key: str
    content: dict[str, dict[str, str]]
    fingerprint: str
    # something newer is wanted, or nothing: find out what became of the old push, do not repeat it; one that creates only where nothing is wanted, for its
    # key must be used again
    moot: bool
    again: bool
    account: Account
    offer: integrations.Offer
    files: tuple[tuple[str, str, str], ...]  # (merchant SKU, position, file SHA-256) in display order
    hosted: dict[str, integrations.Hosted]


@dataclass(frozen=True)
class Sent:
    """What the marketplace answered; `receipt` is None where a moot push turned out to have had no effect."""

    receipt: integrations.Receipt | None
    external_id: str | None


def barred(session: Session, kit: Kit, listing: Listing, account: Account) -> str | None:
    """Why the present wish may not be sent now, in one sentence; None if it may."""
    site = integrations.SITES[account.marketplace]
    if is_stopped(session) is not None:
        return "all publishing was stopped by a person"
    if account.stopped:
        return f"publishing to {account.key} was stopped by a person"
    if account.paused:
        return f"{account.key} is paused: {account.paused}"
    policy = account.policy.get("publish", "ask")
    if policy == "off":
        return f"{account.key} does not publish (policy off)"
    if listing.refused_print is not None and listing.refused_print == listing.wanted_print:
        return f"{site.key} refused it: {listing.problem}"
    if policy == "ask" and listing.confirmed_print != listing.wanted_print:
        return f"waits for a person to let it through (policy of {account.key}: ask)"
    if site.limits.get("fetches_pictures") and not kit.settings.media_base_url:
        return NO_MEDIA.format(marketplace=site.key)
    if site.limits.get("fetches_pictures") and (trouble := preflight.trouble(session, kit.settings.media_base_url, practice=account.practice)):
        return f"waits until {site.key} can fetch our pictures: {trouble}"
    held = together.bar(listing, account, together.members_of(session, [listing.id])[listing.id])
    return held or budget.spent(session, account, listing, kit.now())


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    """Commit the push row before anything is sent."""
    listing = session.get(Listing, int(row))
    if listing is None or listing.state == ListingState.ENDED:
        return None
    account, open_push = session.get_one(Account, listing.account_id), _open_push(session, listing)
    if open_push is None:
        budget.hold(session, account)
        lock(session, listing)  # whoever renames one of its products meanwhile comes before or after
        open_push = _open_push(session, listing)  # a feed, or a second job of this row, may have begun one while we waited
    if open_push is None:
        if not listing.wanted or listing.wanted_print == listing.pushed_print or barred(session, kit, listing, account):
            return None
        open_push = _new_push(session, kit, listing)
        again = False
    else:
        if account.stopped or account.paused or account.policy.get("publish", "ask") == "off" or is_stopped(session) is not None:
            return None
        if (open_push.reference or "").startswith(BY_FEED):
            return None
        again = True
    return _task(session, kit, listing, account, open_push, again=again)


def _open_push(session: Session, listing: Listing) -> Push | None:
    return session.scalar(sa.select(Push).where(Push.listing_id == listing.id, OPEN_PUSH).order_by(Push.number).limit(1))


def _new_push(session: Session, kit: Kit, listing: Listing) -> Push:
    number = (session.scalar(sa.select(sa.func.max(Push.number)).where(Push.listing_id == listing.id)) or 0) + 1
    push = Push(
        listing_id=listing.id,
        number=number,
        key=uuid.uuid4().hex,
        fingerprint=listing.wanted_print or "",
        content=listing.wanted,
        creates=listing.external_id is None and not listing.pushed,
        images=budget.new_pictures(listing.wanted, listing.pushed),
        at=kit.now(),
    )
    session.add(push)
    session.flush()
    return push


def _task(session: Session, kit: Kit, listing: Listing, account: Account, push: Push, *, again: bool) -> Task:
    members = together.members_of(session, [listing.id])[listing.id]
    sent = [member for member in members if member.merchant_sku in push.content]
    order = {position: n for n, position in enumerate(integrations.SITES[account.marketplace].positions)}
    files = tuple(
        (member.merchant_sku, position, file)
        for member in sent
        for position, file in sorted(push.content[member.merchant_sku].items(), key=lambda entry: order.get(entry[0], len(order)))
    )
    hosted = session.scalars(
        sa.select(HostedPicture).where(HostedPicture.account_id == account.id, HostedPicture.file_sha256.in_({file for _, _, file in files}))
    )
    lately = sa.and_(Push.at > kit.now() - timedelta(days=1), Push.state != PushState.MOOT)  # from now on: a push that was put off must see the day roll on
    sent_today = session.scalar(sa.select(sa.func.count()).select_from(Push).where(Push.listing_id == listing.id, Push.id != push.id, lately))
    offer = integrations.Offer(
        merchant_sku=sent[0].merchant_sku,
        external_id=listing.external_id,
        product=creating.facts_of(sent[0].product, account),
        pictures=(),
        create=push.creates and bool(account.policy.get("create")),
        key=push.key,
        sent_today=sent_today or 0,
        model=listing.model,
    )
    if together.is_several(listing, members):
        offer = together.offer_of_several(offer, sent, account)
    else:
        [(sku, side)] = push.content.items()
        shown = _may_show(session, listing, sku)
        remove = tuple(position for position in shown if position not in side and position != "main")
        offer = replace(offer, remove=remove, pushed=None if again else _stands(session, listing, push, sku))
    return Task(
        listing_id=listing.id,
        account_id=account.id,
        push_id=push.id,
        push_key=push.key,
        content=push.content,
        fingerprint=push.fingerprint,
        moot=again and (not listing.wanted or (not push.creates and push.fingerprint != listing.wanted_print)),
        again=again,
        account=account,
        offer=offer,
        files=files,
        hosted={h.file_sha256: integrations.Hosted(h.file_sha256, h.url, h.image_id, h.expires_at) for h in hosted},
    )


def _may_show(session: Session, listing: Listing, merchant_sku: str) -> list[str]:
    """The positions that may show a picture of ours: what was accepted last, and whatever was tried since, for an unknown outcome may have taken effect."""
    sides = [listing.pushed.get(merchant_sku, {}), *(push.content.get(merchant_sku, {}) for push in _tried_since(session, listing))]
    return list(dict.fromkeys(position for side in sides for position in side))


def _tried_since(session: Session, listing: Listing) -> list[Push]:
    """The pushes after the one that was accepted last, the present one among them."""
    accepted = sa.select(sa.func.coalesce(sa.func.max(Push.number), 0)).where(Push.listing_id == listing.id, Push.state == PushState.ACCEPTED).scalar_subquery()
    return list(session.scalars(sa.select(Push).where(Push.listing_id == listing.id, Push.number > accepted).order_by(Push.number)))


def _stands(session: Session, listing: Listing, push: Push, merchant_sku: str) -> dict[str, str] | None:
    """What was accepted last, without the positions that were last seen to show something else; None where a later try may have changed any of it."""
    if listing.pushed_print is None or any(tried.id != push.id for tried in _tried_since(session, listing)):
        return None
    return stands(listing, merchant_sku)


def stands(listing: Listing, merchant_sku: str) -> dict[str, str]:
    """What was accepted last, where nothing was tried since, without the positions that were last seen to show something else."""
    seen = listing.seen.get(merchant_sku, {})
    side = listing.pushed.get(merchant_sku, {})
    return {position: digest for position, digest in side.items() if not _differs(seen.get(position), digest)}


def _differs(look: Mapping[str, Any] | None, digest: str) -> bool:
    return look is not None and look.get("file") == digest and not look.get("same")


def do(kit: Kit, task: Task) -> Sent:
    """Send; after an unknown outcome look first."""
    marketplace = kit.marketplace(task.account)
    offer = task.offer
    if task.again:
        [status] = marketplace.status([integrations.Ref(offer.merchant_sku, offer.external_id, need="write", model=offer.model)])
        if status.exists and offer.external_id is None:
            offer = replace(offer, external_id=status.external_id)
        if task.moot:
            return Sent(None, offer.external_id)
    pictures: dict[str, list[integrations.Picture]] = {}
    for sku, position, digest in task.files:
        data = kit.originals.get(digest)
        made = integrations.Picture(position, digest, kit.media.publish(data), lambda data=data: data, task.hosted.get(digest))  # type: ignore[misc]
        pictures.setdefault(sku, []).append(made)
    stands = offer.pushed or {}
    unsent = [one.data() for some in pictures.values() for one in some if stands.get(one.position) != one.sha256]
    preflight.check(kit, task.account, unsent)
    with kit.db.reading() as session:  # pictures took a while to read: a stop that came meanwhile holds, and so does whoever took this push over
        account = session.get_one(Account, task.account_id, populate_existing=True)
        if is_stopped(session) is not None or account.stopped or account.paused:
            raise integrations.TryLater(60, "publishing was stopped by a person while this was being prepared")
        if session.scalar(sa.select(Push.state).where(Push.id == task.push_id)) not in OPEN:
            raise integrations.TryLater(5, "another job has brought this push to its end; something newer may stand there")
    variants = tuple(replace(variant, pictures=tuple(pictures.get(variant.merchant_sku, ()))) for variant in offer.variants)
    receipt = marketplace.publish(replace(offer, variants=variants, pictures=() if variants else tuple(pictures[offer.merchant_sku])))
    return Sent(receipt, receipt.external_id or offer.external_id)


def apply(session: Session, kit: Kit, task: Task, result: Sent) -> datetime | None:
    push, listing, now = session.get_one(Push, task.push_id), session.get_one(Listing, task.listing_id), kit.now()
    lock(session, listing)
    sku = task.offer.merchant_sku
    if push.state not in OPEN:
        return now if listing.wanted_print != listing.pushed_print else None
    if result.external_id and listing.external_id is None:
        _adopt(session, kit, listing, result.external_id, sku)
    if result.receipt is None:
        what = "something newer" if listing.wanted else "nothing"
        move(session, push, PushState.MOOT, now=now, sku=sku, why=f"{what} is wanted; it was read back and is not repeated", settled_at=now)
        _rename(session, kit, listing, task.account)
        listing.pushed_print = None  # it may have taken effect after all: whatever is wanted is sent, be it what was sent before
        session.flush()
        if listing.wanted and listing.state not in (ListingState.TO_SEND, ListingState.ENDED):
            move(session, listing, ListingState.TO_SEND, now=now, sku=sku, why="what an unanswered write left there is not known")
        return now if listing.wanted else None
    keep_hosted(session, task.account_id, result.receipt.hosted)
    together.keep_specifics(session, listing, result.receipt.specifics)
    listing.model = result.receipt.model
    said = result.receipt
    return now if accepted(session, kit, push, listing, task.account.key, sku, said.reference, said.warnings, said.left_out) else None


def accepted(
    session: Session,
    kit: Kit,
    push: Push,
    listing: Listing,
    account: str,
    sku: str,
    reference: str | None,
    warnings: Sequence[str],
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """They took it: what was sent is what stands, until something else is seen. True if something newer is wanted already.

    What they left out (SKU -> why) does not stand, is not looked for, and is a person's to mend.
    """
    now = kit.now()
    move(session, push, PushState.ACCEPTED, now=now, sku=sku, why=account, reference=reference, answer="; ".join(warnings) or None, settled_at=now)
    listing.pushed = {name: side for name, side in push.content.items() if name not in left_out}
    listing.pushed_print, listing.sent_at, listing.doubts = push.fingerprint, now, 0
    listing.problem, listing.refused_print = "; ".join(left_out.values()) or None, None
    session.flush()
    if listing.state in (ListingState.TO_SEND, ListingState.LIVE, ListingState.ENDED):
        move(session, listing, ListingState.SENT, now=now, sku=sku, why=f"accepted by {account}; not yet seen")
    work.wake(session, "watch", listing.id, at=now + timedelta(seconds=FIRST_LOOK_S))
    if listing.wanted_print != listing.pushed_print:
        move(session, listing, ListingState.TO_SEND, now=now, sku=sku, why="changed while it was being sent")
        return True
    return False


def _rename(session: Session, kit: Kit, listing: Listing, account: Account) -> None:
    """A push came to its end: a product that the inventory has renamed meanwhile gets its name now."""
    for member in together.members_of(session, [listing.id])[listing.id]:
        if renamed_to(member, account):
            work.wake(session, "arrange", member.product_id, at=kit.now())


def _adopt(session: Session, kit: Kit, listing: Listing, external_id: str, sku: str) -> None:
    """Take the marketplace's id of a listing, unless another listing of the account already has it."""
    taken = session.scalar(sa.select(Listing.id).where(Listing.account_id == listing.account_id, Listing.external_id == external_id, Listing.id != listing.id))
    if taken is None:
        listing.external_id = external_id
        record(session, listing, "identified", now=kit.now(), sku=sku, to=external_id)


def keep_hosted(session: Session, account_id: int, hosted: tuple[integrations.Hosted, ...]) -> None:
    """Remember pictures that are stored with the marketplace, so that they are not sent again."""
    for h in hosted:
        values: dict[str, Any] = {"url": h.url, "image_id": h.image_id, "expires_at": h.expires}
        session.execute(
            insert(session, HostedPicture)
            .values(account_id=account_id, file_sha256=h.sha256, **values)
            .on_conflict_do_update(index_elements=["account_id", "file_sha256"], set_=values)
        )


def _hosted(session: Session, task: Task, hosted: tuple[integrations.Hosted, ...]) -> None:
    keep_hosted(session, task.account_id, hosted)


def refused(session: Session, kit: Kit, task: Task, failure: integrations.Refused) -> None:
    """Their No goes to a person, in their words; the same wish is not sent again."""
    push, listing = session.get_one(Push, task.push_id), session.get_one(Listing, task.listing_id)
    declined(session, kit, push, listing, task.offer.merchant_sku, failure)


def declined(session: Session, kit: Kit, push: Push, listing: Listing, sku: str, failure: integrations.Refused) -> None:
    """A push that was refused, in their words."""
    now = kit.now()
    words = "; ".join(p.message for p in failure.issues) or str(failure)
    issues = [{"code": p.code, "message": p.message, "reason": p.reason, "positions": list(p.positions)} for p in failure.issues]
    if push.state in OPEN:
        move(session, push, PushState.REFUSED, now=now, sku=sku, why=words, answer=words, issues=issues, settled_at=now)
    listing.problem, listing.refused_print = words, push.fingerprint
    account = session.get_one(Account, listing.account_id)
    _rename(session, kit, listing, account)
    if push.creates and creating.lacks_something(issues):
        where = f"under Accounts, New listings (/accounts/{account.key}/listing)"
        listing.problem = f"{words.rstrip('.')}. Fill it in the product, or say where it comes from {where}"


def unknown(session: Session, kit: Kit, task: Task, failure: integrations.OutcomeUnknown) -> None:
    push = session.get_one(Push, task.push_id)
    if push.state == PushState.SENDING:
        move(session, push, PushState.UNKNOWN, now=kit.now(), sku=task.offer.merchant_sku, why=str(failure), answer=str(failure))


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Listings whose wish was not sent and may be, and pushes that were begun and not settled."""
    if is_stopped(session) is not None:
        return 0
    by_feed = Push.reference.startswith(BY_FEED)
    open_push = sa.select(Push.listing_id).where(OPEN_PUSH)
    alone = Listing.id.in_(open_push.where(sa.or_(Push.reference.is_(None), ~by_feed)))
    wish = sa.and_(wishes.unsent(session, kit), Listing.id.not_in(open_push.where(by_feed)))
    rows = sa.select(Listing.id).join(Account).where(Listing.state != ListingState.ENDED, sa.or_(sa.and_(wishes.may_write(session), alone), wish))
    return wake_missing(session, "publish", rows, now)


def give_up(session: Session, kit: Kit, row: str, error: str) -> None:
    """It is tried again and again all the same; meanwhile everybody can read why nothing happens."""
    session.get_one(Listing, int(row)).problem = error[:2000]


def confirm(session: Session, kit: Kit, listing: Listing, who: str, *, shown: str = "") -> None:
    """Under policy `ask`: a person lets the present wish through, a refused one included. `shown` is the wish that they saw, where that is known."""
    skus = ", ".join(member.product.sku for member in listing.members)
    if shown and shown != listing.wanted_print:
        raise Refusal(f"{skus} on {listing.account.key}: something else is to be sent since you opened the page: look at it again")
    if not listing.wanted_print or listing.wanted_print == listing.pushed_print:
        raise Refusal(f"{skus} on {listing.account.key}: nothing waits to be sent")
    listing.confirmed_print, listing.refused_print, listing.problem = listing.wanted_print, None, None
    record(session, listing, "let through", now=kit.now(), who=who)
    work.wake(session, "publish", listing.id, at=kit.now())


STAGE = Stage(
    "publish", gather, do, apply, mark, refused=refused, unknown=unknown, give_up=give_up, hosted=_hosted, lease_s=300, in_flight=8, gather_writes=True
)
