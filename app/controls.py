"""The switches a person throws: stop all writing to marketplaces, globally or per account, and let it go on. Every process reads them from rows.

The row `stop` in settings *is* the emergency stop: it is there while writing is stopped. Rows `banner:<name>` are sentences that every page shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.db import insert, insert_new, lock, record
from app.kit import Kit
from app.models import Account, Event, Listing, ListingMember, Product, Setting
from app.rulebook import BROKEN
from app.work import PRIORITY_HEAD_START_S, wake, wake_every

STOP = "stop"
BANNER = "banner:"
FIRST_PROBE, LAST_GAP = timedelta(minutes=5), timedelta(hours=1)  # after a pause of ours, until it is looked whether it is over
TRIAL = timedelta(hours=1)  # how long an account must go well after a pause of ours before that is told


def stop(session: Session, kit: Kit, who: str, account: Account | None = None, why: str = "") -> None:
    """Nothing is written to marketplaces any more (to one account, where given) until a person resumes. Stopping twice keeps the first."""
    if account is not None:
        if not account.stopped:
            account.stopped = True
            record(session, account, "stopped", now=kit.now(), why=why, who=who)
        return
    if insert_new(session, Setting, ["name"], name=STOP, value={"why": why[:500]}, at=kit.now(), who=who):
        record(session, STOP, "stopped", now=kit.now(), why=why, who=who)


def resume(session: Session, kit: Kit, who: str, account: Account | None = None) -> None:
    """Writing goes on (for one account, where given: that also ends a pause that we made ourselves); what waited is looked at now."""
    if account is not None:
        if account.stopped or account.paused:
            record(session, account, "resumed", now=kit.now(), why=account.paused or "", who=who)
            account.stopped, account.paused = False, None
            wake_listings(session, kit, account)
        return
    if session.execute(sa.delete(Setting).where(Setting.name == STOP)).rowcount:  # type: ignore[attr-defined]
        record(session, STOP, "resumed", now=kit.now(), who=who)
        wake_listings(session, kit)


def pause_account(session: Session, kit: Kit, account_id: int, why: str) -> None:
    """Packshot itself stops using an account (its credentials were refused) until they are accepted again. Already paused: nothing new is said.

    Paused again while it is on trial: the same trouble goes on, so there is no second alarm, and the looks stay as far apart as they were.
    """
    account, now = session.get_one(Account, account_id), kit.now()
    lock(session, account)  # many tasks may be refused at once
    if account.paused is None:
        account.paused = integrations.redact(why)[:500]
        record(session, account, "paused again" if on_trial(session, account) else "paused", now=now, why=account.paused)
        wake(session, "mend", account.id, at=now + gap(session, account, now))


def accepted(session: Session, kit: Kit, account: Account) -> None:
    """A pause of ours ends by itself, on trial: the account's credentials are accepted again. What a person stopped stays stopped."""
    if account.paused is not None:
        account.paused = None
        record(session, account, "accepted", now=kit.now(), why="its credentials are accepted again; it is well once it is not refused for an hour")
        wake_listings(session, kit, account)


def mended(session: Session, kit: Kit, account: Account) -> None:
    """The one all-clear after a pause of ours: the account has stood its trial."""
    stays = "; a person stopped it, and it stays so" if account.stopped else ""
    record(session, account, "mended", now=kit.now(), why=f"its credentials are accepted again{stays}")


def on_trial(session: Session, account: Account) -> datetime | None:
    """Since when an account goes on after a pause of ours without an all-clear yet; None where it does not."""
    newest = sa.select(Event).where(*_of(account.id, "paused", "paused again", "accepted", "mended", "resumed")).order_by(Event.id.desc()).limit(1)
    event = session.scalar(newest)
    return event.at if event is not None and event.what == "accepted" else None


def gap(session: Session, account: Account, now: datetime) -> timedelta:
    """How long until the next look: as long as the trouble lasts, or since its newest credentials, within five minutes and an hour."""
    since = session.scalar(sa.select(sa.func.max(Event.at)).where(*_of(account.id, "paused", "credentials")))
    return min(LAST_GAP, max(FIRST_PROBE, now - since if since is not None else FIRST_PROBE))


def went_on(session: Session, account_id: int) -> datetime | None:
    """When an account last went on after a pause, by itself or by a person."""
    return session.scalar(sa.select(sa.func.max(Event.at)).where(*_of(account_id, "accepted", "resumed")))


def _of(account_id: int, *what: str) -> tuple[sa.ColumnElement[bool], ...]:
    return Event.kind == "account", Event.row == str(account_id), Event.what.in_(what)


def is_stopped(session: Session) -> Setting | None:
    """The emergency stop while it is on: when, by whom, `value["why"]`. Read afresh, never from the session's memory."""
    return session.scalar(sa.select(Setting).where(Setting.name == STOP).execution_options(populate_existing=True))


def set_banner(session: Session, name: str, text: str | None, now: datetime, who: str = "packshot") -> None:
    """Show a sentence on every page until it is set to None."""
    if text is None:
        session.execute(sa.delete(Setting).where(Setting.name == BANNER + name))
        return
    statement = insert(session, Setting).values(name=BANNER + name, value={"text": text[:1000]}, at=now, who=who)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}))


def banners(session: Session, kit: Kit | None = None) -> list[str]:
    """What everybody must know, most important first: the stop, accounts, a broken rules file, banners set and, given the kit, a missing media address."""
    found = []
    if (stopped := is_stopped(session)) is not None:
        why = f": {stopped.value['why']}" if stopped.value.get("why") else ""
        found.append(f"All writing to marketplaces is stopped by {stopped.who} since {stopped.at:%Y-%m-%d %H:%M} UTC{why}.")
    accounts = list(session.scalars(sa.select(Account).order_by(Account.key)))
    found += [f"{account.key} is paused: {account.paused.rstrip('.')}." for account in accounts if account.paused]
    found += [_stopped_words(session, account) for account in accounts if account.stopped]
    if (broken := session.get(Setting, BROKEN)) is not None:
        found.append(f"The rules files are broken and the old rules stay in force: {'; '.join(map(str, broken.value.get('problems', [])))}")
    found += [str(row.value["text"]) for row in session.scalars(sa.select(Setting).where(Setting.name.startswith(BANNER)).order_by(Setting.name))]
    if kit is not None and not kit.settings.media_base_url:
        fetching = [account.key for account in accounts if integrations.SITES[account.marketplace].connector == "amazon"]
        if fetching:
            found.append(f"{', '.join(fetching)} cannot publish: PACKSHOT_MEDIA_BASE_URL, the public address of pictures, is not set.")
    return found


def _stopped_words(session: Session, account: Account) -> str:
    """Who stopped an account, why, and how it goes on."""
    newest = sa.select(Event).where(*_of(account.id, "stopped")).order_by(Event.id.desc()).limit(1)
    event = session.scalar(newest)
    by = f" by {event.who} since {event.at:%Y-%m-%d %H:%M} UTC{f': {event.why}' if event.why else ''}" if event is not None else ""
    return f"{account.key} is stopped{by}. Let it go on under Accounts, or by `packshot resume --account {account.key}`."


def wake_listings(session: Session, kit: Kit, account: Account | None = None) -> None:
    """What waits to be sent (on one account, where given) is looked at again now: something that held it back is gone."""
    session.flush()
    urgent = sa.select(sa.func.coalesce(sa.func.max(Product.priority), 0)).join(ListingMember).where(ListingMember.listing_id == Listing.id).scalar_subquery()
    waiting = sa.select(Listing.id, urgent * PRIORITY_HEAD_START_S).where(Listing.wanted_print.is_distinct_from(Listing.pushed_print))
    if account is not None:
        waiting = waiting.where(Listing.account_id == account.id)
    wake_every(session, "publish", waiting, at=kit.now())
