"""watch: read listings back. Is the picture really live, did somebody swap it, was it suppressed? The only writer of `Listing.seen`.

"Accepted" is never shown as live: live means that the picture read back matches ours by pixels. Something else must be seen
several times before it counts, because marketplaces at times answer with a sibling's picture or an old one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
from app import work
from app.db import move, record
from app.kit import Kit
from app.models import Account, Event, Listing, ListingMember, Notice
from app.stages.check import keep_facts
from app.stages.intake import wake_missing
from app.stages.looks import RECENT_S, Crowd, gathered, next_look_s, quiet_look_s, spread_s
from app.stages.notices import note
from app.stages.run import Stage
from app.stages.showings import Place, Shown, end_showings, note_showings, open_now
from app.stages.together import disown_siblings, looked_at
from app.states import ListingState

CONFIRMATIONS = 3  # looks in a row that must show something else
CROWD_S = 1800.0  # how old a count of an account's listings may be: it decides gaps of hours
MOST_REPAIRS = 2  # a week; then a person: somebody else is fighting us
SENT = (ListingState.SENT, ListingState.LIVE, ListingState.UNPROVABLE, ListingState.DRIFTED, ListingState.TO_SEND, ListingState.ENDED)
QUIET = (*(state for state in SENT if state != ListingState.SENT), ListingState.EMPTY)  # these take turns; what was just sent has gaps of its own
LOOKED_AT = (*SENT, ListingState.EMPTY)  # a listing that was there before us shows pictures that somebody accepted
_LOCKED = sa.select(Listing).where(Listing.id == sa.bindparam("listing")).with_for_update(key_share=True).execution_options(populate_existing=True)


@dataclass(frozen=True)
class Task:
    """What we believe a listing shows."""

    listing_id: int
    account_id: int
    account: Account
    refs: tuple[integrations.Ref, ...]
    pushed: Mapping[str, Mapping[str, str]]
    seen: Mapping[str, Any]
    showing: Mapping[Place, Shown]
    drifted: bool
    crowd: Crowd
    statuses: tuple[integrations.Status, ...] | None = None  # read already, together with others


@dataclass(frozen=True)
class Look:
    """One look at a listing: the statuses as read, and per SKU and position what was seen there."""

    statuses: tuple[integrations.Status, ...]
    seen: dict[str, dict[str, Any]]
    unprovable: int  # pushed positions that cannot be read back
    unread: bool = False  # a picture of ours could not be fetched now: only what is said of the listing counts
    showing: Mapping[Place, Shown | None] = field(default_factory=dict)
    measured: Mapping[str, imaging.Measured] = field(default_factory=dict)  # of files that are not ours

    @property
    def agrees(self) -> bool:
        """Whether the listing is there and everything that can be read back is ours."""
        there = all(status.exists and not status.ended for status in self.statuses)
        return there and all(one["same"] for looks in self.seen.values() for one in looks.values())


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    listing = session.get(Listing, int(row))
    if listing is None or listing.state not in LOOKED_AT or (listing.state == ListingState.EMPTY and listing.external_id is None):
        return None
    account = session.get_one(Account, listing.account_id)
    if account.paused:
        return None
    members = looked_at(session, listing)
    need: integrations.Need = "proof" if listing.state == ListingState.SENT else "sweep"
    mains = {m.merchant_sku: listing.seen.get(m.merchant_sku, {}).get("main", {}).get("url") for m in members}
    refs = tuple(integrations.Ref(m.merchant_sku, listing.external_id, mains[m.merchant_sku], need, listing.model) for m in members)
    showing, drifted = open_now(session, listing.id), listing.state == ListingState.DRIFTED
    return Task(listing.id, account.id, account, refs, listing.pushed, listing.seen, showing, drifted, _crowd(session, kit, account))


def crowd(session: Session, account: Account, now: datetime) -> Crowd:
    """How many listings share the account's calls; counted only where the marketplace counts calls a day."""
    calls = integrations.calls_a_day(integrations.SITES[account.marketplace].connector, account.policy.get("listing", {}))
    if calls is None:
        return Crowd()
    quiet = sa.and_(Listing.state.in_(QUIET), sa.or_(Listing.state != ListingState.EMPTY, Listing.external_id.is_not(None)))
    live = Listing.account_id == account.id, quiet
    fresh = sa.func.count().filter(Listing.sent_at > now - timedelta(seconds=RECENT_S))
    listings, recent = session.execute(sa.select(sa.func.count(), fresh).where(*live)).one()
    noticed = session.scalar(sa.select(sa.func.count(Listing.id.distinct())).join(Notice).where(*live, Notice.end.is_(None))) or 0
    return Crowd(recent + noticed, listings - recent, calls * integrations.SWEEPS)


def _crowd(session: Session, kit: Kit, account: Account) -> Crowd:
    """The crowd of an account as it was half an hour ago at most: a look costs no count of all the others."""
    now = kit.now()
    at, known = kit.crowds.get(account.id, (now, None))
    if not isinstance(known, Crowd) or abs((now - at).total_seconds()) >= CROWD_S:
        known = crowd(session, account, now)
        kit.crowds[account.id] = (now, known)
    return known


def group(session: Session, rows: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Listings of one account are read together, as many as its marketplace reads well at once."""
    found = session.execute(sa.select(Listing.id, Account.id, Account.marketplace).join(Account).where(Listing.id.in_([int(row) for row in rows])))
    return {str(listing): (account, integrations.SITES[marketplace].status_batch) for listing, account, marketplace in found}


def together(kit: Kit, tasks: list[Task]) -> list[Task]:
    """Every listing read back by as few calls as the marketplace needs; pictures are looked at one listing at a time."""
    read = iter(kit.marketplace(tasks[0].account).status([ref for task in tasks for ref in task.refs]))
    return [replace(task, statuses=tuple(islice(read, len(task.refs)))) for task in tasks]


def do(kit: Kit, task: Task) -> Look:
    """Read the listing, fetch each picture whose address is new, compare it with ours by pixels."""
    marketplace = kit.marketplace(task.account)
    statuses, seen, unprovable = tuple(marketplace.status(task.refs)) if task.statuses is None else task.statuses, {}, 0
    showing: dict[Place, Shown | None] = {}
    measured: dict[str, imaging.Measured] = {}
    unread = False
    for status in statuses:
        sku = status.ref.merchant_sku
        before, looks = task.seen.get(sku, {}), {}
        shown = integrations.SITES[task.account.marketplace].aligned(status.pictures, tuple(task.pushed.get(sku, {})))
        ours = task.pushed.get(sku, {})
        for position, digest in ours.items():
            if position not in status.provable:
                unprovable += 1
                continue
            try:
                looks[position] = _look(kit, marketplace, shown.get(position), digest, before.get(position))
            except integrations.TryLater:
                unread = True
                continue
            if looks[position]["same"]:
                showing[sku, position] = Shown(digest, True, shown[position])
        seen[sku] = looks
        for position in [*(p for p in shown if p not in ours), *(p for p, one in looks.items() if task.drifted and not one["same"])]:
            known = task.showing.get((sku, position))
            showing[sku, position] = _foreign(kit, marketplace, shown.get(position), known, measured)
        for known_sku, position in task.showing:
            if known_sku == sku and position not in ours and position not in shown and position in status.provable:
                showing[sku, position] = None  # it was removed
    for place in disown_siblings(seen):
        showing.pop(place, None)
    return Look(statuses, seen, unprovable, unread, showing, measured)


def _foreign(kit: Kit, marketplace: integrations.Marketplace, url: str | None, known: Shown | None, measured: dict[str, imaging.Measured]) -> Shown | None:
    """A picture that is not ours: kept and measured, for a marketplace has accepted it and no limit of ours has chosen it."""
    if url is None or (known is not None and known.url == url):
        return known if url is not None else None
    try:
        data = marketplace.picture(url)
        found = imaging.measure(data)
    except (integrations.Refused, imaging.ImagingError):
        return None
    except integrations.TryLater:
        return known  # evidence can wait for the next look; the proof of our own pictures must not wait for it
    file = kit.originals.put(data)
    measured[file] = found
    return Shown(file, False, url)


def _look(kit: Kit, marketplace: integrations.Marketplace, url: str | None, digest: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What one position shows: the address, and how alike it is to the file we sent (0..1)."""
    if url is None:
        return {"url": None, "file": digest, "score": 0.0, "same": False}
    if before and before.get("url") == url and before.get("file") == digest and before.get("same"):
        return dict(before)
    ours = kit.originals.get(digest)
    try:
        score = imaging.same_picture(ours, marketplace.picture(url))
    except (integrations.Refused, imaging.ImagingError):  # an address that is dead, or no picture: not ours, and the notices are still heard
        score = 0.0
    return {"url": url, "file": digest, "score": round(score, 4), "same": score >= imaging.SAME}


def apply(session: Session, kit: Kit, task: Task, look: Look) -> datetime | None:
    listing, now = session.scalars(_LOCKED, {"listing": task.listing_id}).one(), kit.now()
    for file, found in look.measured.items():
        keep_facts(session, file, found.facts, {name: list(box) for name, box in found.regions.items()}, now)
    if any(task.showing.get(place) != one for place, one in look.showing.items()):  # only looks write showings, and this one has the lease
        note_showings(session, listing, look.showing, now)
        session.flush()
    for status in look.statuses:
        note(session, kit, listing, status.ref.merchant_sku, status.notices, now, one_of=len(look.statuses))
        if status.external_id and listing.external_id is None:
            taken = sa.select(Listing.id).where(Listing.account_id == listing.account_id, Listing.external_id == status.external_id)
            if session.scalar(taken) is None:
                listing.external_id = status.external_id
    if look.unread:  # their pictures' host may be down for hours, and the notices are heard all the same
        return now + timedelta(seconds=float(task.account.policy["pace"]["look_gaps_s"][0]))
    listing.seen, listing.seen_at = look.seen, now
    if listing.pushed != task.pushed or listing.state in (ListingState.TO_SEND, ListingState.EMPTY):
        return _turn(task.account, now, quiet_look_s(task.account.policy["pace"], task.crowd))  # what is sent wakes its own look
    pace, sku = task.account.policy["pace"], task.refs[0].merchant_sku if task.refs else None
    to, why = verdict(listing.state, look, doubts=listing.doubts, waited_s=(now - (listing.sent_at or now)).total_seconds(), settle_s=float(pace["settle_s"]))
    listing.doubts = 0 if look.agrees else listing.doubts + 1
    session.flush()
    if to != listing.state:
        changes: dict[str, Any] = {"live_at": now} if to == ListingState.LIVE else {}
        move(session, listing, to, now=now, sku=sku, why=why, **changes)
        if to == ListingState.ENDED:
            end_showings(session, listing, now)
        if to == ListingState.UNPROVABLE:
            unseen = {(sku, p): Shown(file, True, None) for sku, side in listing.pushed.items() for p, file in side.items()}
            note_showings(session, listing, {place: one for place, one in unseen.items() if place not in look.showing}, now)
        if to == ListingState.DRIFTED:
            _repair(session, kit, listing, task.account, sku, now)
    live = listing.state in (ListingState.LIVE, ListingState.UNPROVABLE)
    gap = next_look_s(
        pace,
        task.crowd,
        live=live,
        doubts=listing.doubts,
        since_change_s=(now - (listing.sent_at or now)).total_seconds(),
        notices=sum(len(status.notices) for status in look.statuses),
    )
    return _turn(task.account, now, gap) if live and listing.doubts == 0 else now + timedelta(seconds=gap)


def _turn(account: Account, now: datetime, gap_s: float) -> datetime:
    """When a listing that is as it should be is looked at again: with others of its account, where its marketplace reads several by one call."""
    return gathered(now, gap_s) if integrations.SITES[account.marketplace].status_batch > 1 else now + timedelta(seconds=gap_s)


def verdict(state: ListingState, look: Look, *, doubts: int, waited_s: float, settle_s: float) -> tuple[ListingState, str]:
    """What a look says of a listing; pure. A difference counts only after it was seen `CONFIRMATIONS` times and had time to settle."""
    gone = [s for s in look.statuses if s.ended or not s.exists]
    patient = doubts + 1 < CONFIRMATIONS or (state == ListingState.SENT and waited_s < settle_s)
    if gone and len(gone) == len(look.statuses):
        return (state, "") if patient else (ListingState.ENDED, "it is not there any more")
    looks = {(sku, position): one for sku, positions in look.seen.items() for position, one in positions.items()}
    wrong = sorted(position if len(look.seen) == 1 else f"{sku} {position}" for (sku, position), one in looks.items() if not one["same"])
    if not wrong and looks:
        return ListingState.LIVE, f"{len(looks)} picture{'s' * (len(looks) != 1)} read back and the same by pixels"
    if not looks:
        return (
            (ListingState.UNPROVABLE, "this marketplace gives no way to read these pictures back")
            if look.unprovable and state == ListingState.SENT
            else (state, "")
        )
    if patient or state in (ListingState.DRIFTED, ListingState.ENDED):
        return state, ""
    empty = [p for (_, p), one in looks.items() if one["url"] is None]
    return ListingState.DRIFTED, f"{', '.join(wrong)}: " + ("nothing is shown" if len(empty) == len(wrong) else "shows another picture than ours")


def _repair(session: Session, kit: Kit, listing: Listing, account: Account, sku: str | None, now: datetime) -> None:
    """Send ours again where the policy says so, a few times a week at most; else a person sees it."""
    if account.policy.get("repair", "ask") != "auto":
        return
    week = now - timedelta(days=7)
    done = (
        session.scalar(
            sa.select(sa.func.count())
            .select_from(Event)
            .where(Event.kind == "listing", Event.row == str(listing.id), Event.what == "repaired", Event.at > week)
        )
        or 0
    )
    if done >= MOST_REPAIRS:
        record(session, listing, "not repaired", now=now, sku=sku, why=f"repaired {done} times this week already: somebody else changes it")
        return
    listing.pushed_print = None  # what is shown is not what we pushed: due again
    session.flush()
    record(session, listing, "repaired", now=now, sku=sku, why="policy auto: ours is sent again")
    move(session, listing, ListingState.TO_SEND, now=now, sku=sku, why="drifted")
    work.wake(session, "publish", listing.id, at=now)


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Listings that were sent and that nobody is going to look at."""
    sent = sa.and_(Listing.state.in_(SENT), sa.or_(Listing.pushed_print.is_not(None), Listing.sent_at.is_not(None)))
    theirs = sa.and_(Listing.state == ListingState.EMPTY, Listing.external_id.is_not(None))
    rows = sa.select(Listing.id).join(Account).where(sa.or_(sent, theirs), Account.paused.is_(None))
    return wake_missing(session, "watch", rows, now)


# --- what changed on the account since the last poll: a hint; the look at the listing confirms it ----------------------------


@dataclass(frozen=True)
class Poll:
    account_id: int
    account: Account
    cursor: str | None


def gather_poll(session: Session, kit: Kit, row: str) -> Poll | None:
    account = session.get(Account, int(row))
    return None if account is None or account.paused else Poll(account.id, account, account.cursor)


def do_poll(kit: Kit, poll: Poll) -> tuple[list[integrations.NoticeSet], str]:
    return kit.marketplace(poll.account).notices(poll.cursor)


def apply_poll(session: Session, kit: Kit, poll: Poll, result: tuple[list[integrations.NoticeSet], str]) -> datetime | None:
    sets, cursor = result
    account, now = session.get_one(Account, poll.account_id), kit.now()
    shared = _crowd(session, kit, account)
    for number, one in enumerate(sets):
        _wake(session, account.id, one.ref, now + timedelta(seconds=spread_s(number, shared)))
    account.cursor, account.polled_at = cursor, now
    return now + timedelta(seconds=float(account.policy["pace"]["poll_s"]))


def _wake(session: Session, account_id: int, ref: integrations.Ref, now: datetime) -> int:
    """Have the listings looked at that a hint names, by SKU or by the marketplace's id; how many there are."""
    by_sku = sa.select(ListingMember.listing_id).where(ListingMember.account_id == account_id, ListingMember.merchant_sku == ref.merchant_sku)
    found = set(session.scalars(by_sku))  # two searches in two indexes: one with an `or` walks over the whole account
    if ref.external_id is not None:
        found |= set(session.scalars(sa.select(Listing.id).where(Listing.account_id == account_id, Listing.external_id == ref.external_id)))
    for listing_id in sorted(found):
        work.wake(session, "watch", listing_id, at=now)
    return len(found)


def hinted(session: Session, kit: Kit, hint: integrations.Hint) -> int:
    """A notification of Amazon's names a seller's SKU: look at that listing now, on each account that it may mean. Returns how many; nothing is believed."""
    accounts = session.scalars(sa.select(Account).where(Account.seller_id == hint.seller_id, Account.paused.is_(None)))
    sites = integrations.SITES
    meant = [a.id for a in accounts if sites[a.marketplace].connector == "amazon" and hint.marketplace in (None, sites[a.marketplace].ids["marketplace"])]
    return sum(_wake(session, account_id, integrations.Ref(hint.merchant_sku, hint.asin), kit.now()) for account_id in meant)


def mark_poll(session: Session, kit: Kit, now: datetime) -> int:
    return wake_missing(session, "notices", sa.select(Account.id).where(Account.paused.is_(None)), now)


STAGE = Stage("watch", gather, do, apply, mark, group=group, together=together, lease_s=300, in_flight=80)
NOTICES = Stage("notices", gather_poll, do_poll, apply_poll, mark_poll, lease_s=300, in_flight=8)
