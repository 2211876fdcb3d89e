"""feed: a backlog on one account, sent in one file. What `publish` does one by one, where the marketplace takes many changes at once and enough wait.

The pushes are written before the file is sent, each with the reference `feed:`; once it is submitted they carry its id, and each is settled by what the
report says of its own message. What the report does not account for is unknown: `publish` reads it back before anything is sent again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

import integrations
from app import budget, preflight, work
from app.controls import is_stopped
from app.db import lock, move, record
from app.kit import Kit
from app.models import OPEN_PUSH, Account, Listing, ListingMember, Product, Push, Work
from app.stages import creating, publish, wishes
from app.stages.intake import wake_missing
from app.stages.publish import BY_FEED
from app.stages.run import Stage
from app.states import ListingState, PushState

ASK_S = 20.0  # between two looks whether a feed is done
LEASE_S = 900.0
NOT_FETCHED_S = 60.0  # until pictures that cannot be fetched from outside are tried again
OLDEST = timedelta(days=1)  # a feed that says nothing for so long is not waited for; ours, the documented ones take minutes
CHUNK = 250  # pushes settled in one transaction
NOT_TODAY = 86_400.0  # s: an account that may not use feeds is asked again tomorrow


@dataclass(frozen=True)
class Sending:
    """Pushes that are about to go in one file: their rows are committed. `files` has (position, SHA-256) of each."""

    account_id: int
    account: Account
    offers: Mapping[int, integrations.Offer]
    files: Mapping[int, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Reading:
    """A feed that was submitted, and the pushes in it."""

    account_id: int
    account: Account
    feed: str
    pushes: tuple[int, ...]


@dataclass(frozen=True)
class Submitted:
    """What came of sending: `fed` None where nothing was submitted, and why and for how long to leave it."""

    fed: integrations.Fed | None
    why: str = ""
    delay: float = 0.0
    left: frozenset[int] = frozenset()  # pushes that were not in the file: not ready in time, a picture that cannot be fetched, or settled by another


def threshold(account: Account) -> int | None:
    """From how many waiting changes on this account's go by feed; None where they never do."""
    limits = integrations.SITES[account.marketplace].limits
    if not limits.get("feed_from"):
        return None
    return int(account.policy.get("listing", {}).get("feed_from") or limits["feed_from"])


def waiting(session: Session, kit: Kit, account: Account) -> sa.Select[Any]:
    """Listings that are there, whose last push was accepted, and whose wish was not sent and may be."""
    later = aliased(Push)
    never_sent = sa.and_(later.state == PushState.MOOT, sa.func.coalesce(later.reference, "") == BY_FEED)
    newer = sa.select(later.id).where(later.listing_id == Push.listing_id, later.number > Push.number, ~never_sent).exists()
    accepted = sa.select(Push.id).where(Push.listing_id == Listing.id, Push.state == PushState.ACCEPTED, ~newer).exists()
    last = sa.and_(Listing.pushed_print.is_not(None), accepted)
    flying = sa.select(Work.row).where(Work.stage == "publish", Work.row == sa.cast(Listing.id, sa.String), Work.leased_until.is_not(None)).exists()
    known = (Listing.account_id == account.id, Listing.external_id.is_not(None), Listing.state != ListingState.ENDED)
    return sa.select(Listing.id).where(*known, wishes.unsent(session, kit), last, ~flying).order_by(Listing.id)


def gather(session: Session, kit: Kit, row: str) -> Sending | Reading | None:
    """A feed that is on its way comes first; then a backlog, whose push rows are committed here."""
    account = session.get(Account, int(row))
    if account is None or account.paused:
        return None
    _forsake(session, kit, account)
    found = sa.select(Push.reference, Push.id).join(Listing).where(OPEN_PUSH, Listing.account_id == account.id, Push.state == PushState.SENDING)
    on_the_way: dict[str, list[int]] = {}
    for reference, push_id in session.execute(found.where(Push.reference.startswith(BY_FEED)).order_by(Push.id)):
        on_the_way.setdefault(str(reference), []).append(push_id)
    if on_the_way:
        reference, pushes = next(iter(on_the_way.items()))
        if kit.now() - min(session.scalars(sa.select(Push.at).where(Push.id.in_(pushes[:1])))) > OLDEST:
            _no_report(session, kit, pushes, f"feed {reference.removeprefix(BY_FEED)} was not reported on within {OLDEST.total_seconds() / 3600:.0f} hours")
            return None
        return Reading(account.id, account, reference.removeprefix(BY_FEED), tuple(pushes))
    least = threshold(account)
    if least is None or account.stopped or is_stopped(session) is not None or not isinstance(kit.marketplace(account), integrations.Feeding):
        return None
    budget.hold(session, account)
    ids = session.scalars(waiting(session, kit, account).limit(max(least, integrations.SITES[account.marketplace].limits["feed_batch"]))).all()
    return _write_down(session, kit, account, ids) if len(ids) >= least else None


def _forsake(session: Session, kit: Kit, account: Account) -> None:
    """Pushes that were written down and never got a feed's id: whoever sent them died half-way, and nobody knows how far it came."""
    lost = sa.select(Push).join(Listing).where(OPEN_PUSH, Listing.account_id == account.id, Push.state == PushState.SENDING, Push.reference == BY_FEED)
    for push in session.scalars(lost):
        _unknown(session, kit, push, "the feed was being submitted when it was interrupted")


def _unknown(session: Session, kit: Kit, push: Push, why: str) -> None:
    if move(session, push, PushState.UNKNOWN, now=kit.now(), why=why, reference=None, answer=why):
        work.wake(session, "publish", push.listing_id, at=kit.now())


def _write_down(session: Session, kit: Kit, account: Account, ids: Sequence[int]) -> Sending | None:
    """The push rows of these listings, and what each carries; their turn in `publish` is theirs no more.

    A listing that another transaction holds is left out, and so is one that was begun in `publish` since it was found: those go one by one.
    """
    order = {position: n for n, position in enumerate(integrations.SITES[account.marketplace].positions)}
    rows = sa.select(Listing, ListingMember, Product).join(ListingMember, ListingMember.listing_id == Listing.id).join(Product)
    pushes: list[tuple[Push, Listing, ListingMember, Product]] = []
    for start in range(0, len(ids), CHUNK):
        free = sa.select(Listing.id).where(Listing.id.in_(ids[start : start + CHUNK])).order_by(Listing.id).with_for_update(key_share=True, skip_locked=True)
        part = session.scalars(waiting(session, kit, account).where(Listing.id.in_(session.scalars(free).all()))).all()
        numbers = dict(session.execute(sa.select(Push.listing_id, sa.func.max(Push.number)).where(Push.listing_id.in_(part)).group_by(Push.listing_id)).all())
        locked = rows.where(Listing.id.in_(part)).order_by(Listing.id).execution_options(populate_existing=True)
        for listing, member, product in session.execute(locked):
            push = Push(
                listing_id=listing.id,
                number=(numbers.get(listing.id) or 0) + 1,
                key=uuid.uuid4().hex,
                fingerprint=listing.wanted_print or "",
                content=listing.wanted,
                creates=False,
                images=budget.new_pictures(listing.wanted, listing.pushed),
                reference=BY_FEED,
                at=kit.now(),
            )
            pushes.append((push, listing, member, product))
        keys = [str(one) for one in part]
        session.execute(
            sa.update(Work)
            .where(Work.stage == "publish", Work.row.in_(keys), Work.leased_until.is_(None))
            .values(due_at=None, rank=None)
            .execution_options(synchronize_session=False)
        )
    if not pushes:
        return None
    session.add_all(push for push, *_ in pushes)
    session.flush()
    record(session, account, "sent by feed", now=kit.now(), why=f"{len(pushes)} changes wait: in one file they are sooner there than one by one")
    offers, files = {}, {}
    for push, listing, member, product in pushes:
        side, stands = push.content[member.merchant_sku], publish.stands(listing, member.merchant_sku)
        files[push.id] = tuple(sorted(side.items(), key=lambda entry: order.get(entry[0], len(order))))
        offers[push.id] = integrations.Offer(
            merchant_sku=member.merchant_sku,
            external_id=listing.external_id,
            product=creating.facts_of(product, account),
            pictures=(),
            create=False,
            key=push.key,
            remove=tuple(position for position in listing.pushed.get(member.merchant_sku, {}) if position not in side and position != "main"),
            pushed=stands,
        )
    return Sending(account.id, account, offers, files)


def do(kit: Kit, task: Sending | Reading) -> Submitted | bool:
    """Submit the file, or read its report and settle each push: True once all are."""
    marketplace = kit.marketplace(task.account)
    assert isinstance(marketplace, integrations.Feeding)
    if isinstance(task, Reading):
        outcomes = marketplace.outcomes(task.feed, task.pushes)
        if outcomes is None:
            return False
        for start in range(0, len(task.pushes), CHUNK):  # short transactions; each push is settled by compare-and-set, so twice is once
            with kit.db.writing() as session:
                for push_id in task.pushes[start : start + CHUNK]:
                    _settle(session, kit, task, push_id, outcomes.get(push_id))
        return True
    ready, trouble = _prepared(kit, task)
    if trouble:
        return Submitted(None, trouble, NOT_FETCHED_S)
    with kit.db.reading() as session:  # pictures took a while to publish: a stop that came meanwhile holds, and so does whoever took these pushes over
        account = session.get_one(Account, task.account_id, populate_existing=True)
        if is_stopped(session) is not None or account.stopped or account.paused:
            return Submitted(None, "publishing was stopped by a person while this was being prepared", ASK_S)
        ready = {number: offer for number, offer in ready.items() if number in _still_ours(session, ready)}
    left = frozenset(task.offers.keys() - ready.keys())
    if not ready:
        return Submitted(None, "none of them was ready in time", ASK_S, left)
    try:
        return Submitted(marketplace.send_many(ready), left=left)
    except integrations.TryLater as failure:
        return Submitted(None, str(failure), failure.delay)
    except (integrations.Refused, integrations.NotAuthorised) as failure:  # no right to feeds: one by one is right too
        return Submitted(None, str(failure), NOT_TODAY)


def _prepared(kit: Kit, task: Sending) -> tuple[dict[int, integrations.Offer], str | None]:
    """The offers with their pictures, as many as are ready in half a lease, and what is wrong where no picture at all can be fetched from outside."""
    until, ready = time.monotonic() + LEASE_S / 2, dict[int, integrations.Offer]()
    for number, offer in task.offers.items():
        if time.monotonic() > until:
            break
        try:
            ready[number] = _with_pictures(kit, task.account, offer, task.files[number])
        except integrations.TryLater:  # one file, of which publish will say what is wrong, or the whole address
            if trouble := preflight.look_at(kit, practice=task.account.practice).trouble:
                return {}, trouble
    return ready, None


def _still_ours(session: Session, pushes: Collection[int]) -> set[int]:
    """Those of these pushes that nobody has settled or given up meanwhile."""
    found, numbers = set[int](), sorted(pushes)
    for start in range(0, len(numbers), CHUNK):
        some = sa.select(Push.id).where(Push.id.in_(numbers[start : start + CHUNK]), Push.state == PushState.SENDING, Push.reference == BY_FEED)
        found |= set(session.scalars(some))
    return found


def _with_pictures(kit: Kit, account: Account, offer: integrations.Offer, files: Sequence[tuple[str, str]]) -> integrations.Offer:
    """The offer with its pictures' addresses, each seen to work; the bytes of thousands are not kept, but read again by whoever asks. Raises TryLater."""
    pictures, known = [], offer.pushed or {}
    for position, digest in files:
        data = kit.originals.get(digest)
        url = kit.media.publish(data)
        preflight.check(kit, account, [data] if known.get(position) != digest else [])
        pictures.append(integrations.Picture(position, digest, url, lambda digest=digest: kit.originals.get(digest)))  # type: ignore[misc]
    return replace(offer, pictures=tuple(pictures))


def _settle(session: Session, kit: Kit, task: Reading, push_id: int, outcome: integrations.Outcome | None) -> None:
    """One push by what the report says of its message; one that something else has settled meanwhile is left."""
    push = session.get_one(Push, push_id)
    if push.state != PushState.SENDING:
        return
    listing = session.get_one(Listing, push.listing_id)
    lock(session, listing)
    [sku] = push.content
    if outcome is None:
        _unknown(session, kit, push, f"feed {task.feed} does not say what became of it")
    elif not outcome.accepted:
        publish.declined(session, kit, push, listing, sku, integrations.Refused(f"{sku}: refused in feed {task.feed}", outcome.problems))
    else:
        warnings = [f"{problem.code}: {problem.message}" for problem in outcome.problems]
        if publish.accepted(session, kit, push, listing, task.account.key, sku, BY_FEED + task.feed, warnings):
            work.wake(session, "publish", listing.id, at=kit.now())


def apply(session: Session, kit: Kit, task: Sending | Reading, result: Submitted | bool) -> datetime | None:
    now = kit.now()
    if isinstance(result, bool):
        return now if result else now + timedelta(seconds=ASK_S)
    assert isinstance(task, Sending)
    pushes, fed = list(task.offers), result.fed
    if fed is None or fed.reference is None:
        why = result.why or "every picture stands already"
        for push_id in pushes:
            _not_sent(session, kit, push_id, fed, why)
        return now + timedelta(seconds=result.delay) if fed is None else now
    for start in range(0, len(pushes), CHUNK):
        sent = [push_id for push_id in pushes[start : start + CHUNK] if push_id in fed.sent]
        session.execute(sa.update(Push).where(Push.id.in_(sent), Push.state == PushState.SENDING).values(reference=BY_FEED + fed.reference))
    for push_id in pushes:
        if push_id not in fed.sent:
            _not_sent(session, kit, push_id, None if push_id in result.left else fed, "it was not ready, or a picture could not be fetched")
    return now + timedelta(seconds=ASK_S)


def _not_sent(session: Session, kit: Kit, push_id: int, fed: integrations.Fed | None, why: str) -> None:
    """A push that did not go with the file: refused by what is known of the marketplace, nothing to change, or nothing was submitted at all."""
    push = session.get_one(Push, push_id)
    if push.state != PushState.SENDING:
        return
    listing = session.get_one(Listing, push.listing_id)
    [sku] = push.content
    if fed is not None and push_id in fed.refused:
        publish.declined(session, kit, push, listing, sku, fed.refused[push_id])
    elif fed is not None:  # what is wanted stands there already
        publish.accepted(session, kit, push, listing, "nothing to change", sku, None, ())
    else:
        move(session, push, PushState.MOOT, now=kit.now(), sku=sku, why=f"not sent by feed: {why}", settled_at=kit.now())
        work.wake(session, "publish", listing.id, at=kit.now())


def _no_report(session: Session, kit: Kit, pushes: Sequence[int], why: str) -> None:
    """Nobody will say what became of these: each is read back."""
    for push_id in pushes:
        push = session.get_one(Push, push_id)
        if push.state == PushState.SENDING:
            _unknown(session, kit, push, why)


def refused(session: Session, kit: Kit, task: Sending | Reading, failure: integrations.Refused) -> None:
    """A feed whose report cannot be had."""
    if isinstance(task, Reading):
        _no_report(session, kit, task.pushes, str(failure))


def unknown(session: Session, kit: Kit, task: Sending | Reading, failure: integrations.OutcomeUnknown) -> None:
    """No answer to the submission: each of its pushes is read back."""
    if isinstance(task, Sending):
        _no_report(session, kit, tuple(task.offers), str(failure))


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Accounts with a feed on its way, or with a backlog that is large enough for one."""
    feeding = [account.id for account in session.scalars(sa.select(Account)) if threshold(account) is not None]
    if not feeding:
        return 0
    on_the_way = (OPEN_PUSH, Push.state == PushState.SENDING, Push.reference.startswith(BY_FEED))
    sent = sa.select(Listing.account_id).distinct().join(Push).where(*on_the_way, Listing.account_id.in_(feeding))
    due: list[int] = list(session.scalars(sent))
    begun = sa.select(sa.func.count()).select_from(Work).where(Work.stage == "publish", sa.or_(Work.due_at.is_not(None), Work.leased_until.is_not(None)))
    queued = session.scalar(begun) or 0
    for account in wishes.writing(session):
        least = threshold(account)
        if account.id in due or least is None or queued < least or is_stopped(session) is not None:
            continue
        enough = sa.select(sa.func.count()).select_from(waiting(session, kit, account).limit(least).subquery())
        if (session.scalar(enough) or 0) >= least:
            due.append(account.id)
    return wake_missing(session, "feed", sa.select(Account.id).where(Account.id.in_(due), Account.paused.is_(None)), now) if due else 0


STAGE = Stage("feed", gather, do, apply, mark, refused=refused, unknown=unknown, lease_s=LEASE_S, in_flight=2, gather_writes=True)
