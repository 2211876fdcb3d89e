"""Can marketplaces fetch our pictures? Found out before one is asked to: a push waits while they cannot, and goes on by itself when they can again.

What is wrong with the address is one row that every process reads, one event and so one alarm; while it is there nothing is sent to those who fetch
pictures themselves, and one periodic look decides when it goes on. A file that a marketplace shows already is not asked for at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.controls import set_banner, wake_listings
from app.db import insert, mutex, record
from app.kit import Kit
from app.models import Account, Setting
from app.store import StoreError

ROW = "media address:"  # + real or practice: what a practice account may use leads real marketplaces nowhere
AGAIN_BAD, AGAIN_GOOD = timedelta(seconds=30), timedelta(hours=1)
SOON_S, WAITS_S = 15.0, 300.0


def check(kit: Kit, account: Account, pictures: Sequence[bytes]) -> None:
    """Raise TryLater unless each of these can be fetched from outside. Asks the network: hold no transaction."""
    if not integrations.SITES[account.marketplace].limits.get("fetches_pictures"):
        return
    with kit.db.reading() as session:
        known = trouble(session, kit.settings.media_base_url, practice=account.practice)
    if known is not None and pictures:  # one periodic look for all that wait
        raise integrations.TryLater(WAITS_S, f"{account.key} cannot fetch our pictures: {known}")
    for data in pictures:
        found = kit.reach.picture(data, kit.now(), practice=account.practice)
        if found.trouble is None:
            continue
        whole = look_at(kit, practice=account.practice).trouble
        if whole is not None and kit.reach.failed_long(kit.now(), practice=account.practice):  # not this file: nothing can be fetched there
            with kit.db.writing() as session:
                note(session, kit.settings.media_base_url, whole, kit.now(), practice=account.practice)
        raise integrations.TryLater(SOON_S, f"{account.key} could not fetch our picture: {whole or found.trouble}")


def trouble(session: Session, base_url: str, *, practice: bool) -> str | None:
    """What was wrong with this very address at the last look; None if nothing, or if nobody has looked yet."""
    row = session.get(Setting, _name(practice), populate_existing=True)
    return row.value["trouble"] if row is not None and row.value.get("base") == base_url else None


def note(session: Session, base_url: str, said: str | None, now: datetime, *, practice: bool) -> bool:
    """Keep what a look found. True if it changed between working and not: that is one line of history, and so one alarm or one all-clear."""
    mutex(session, _name(practice))
    was, value = trouble(session, base_url, practice=practice), {"base": base_url, "trouble": said}
    statement = insert(session, Setting).values(name=_name(practice), value=value, at=now, who="packshot")
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value, "at": statement.excluded.at}))
    set_banner(session, _name(practice), said and f"Marketplaces that fetch pictures themselves get nothing until they can: {said}.", now)
    if (was is None) == (said is None):
        return False  # still the same, however the words may have changed
    what, why = ("unreachable", said) if said else ("reachable", "pictures can be fetched again")
    record(session, "practice" if practice else "real", what, kind="media", now=now, why=why)
    return True


def due(session: Session, base_url: str, now: datetime) -> Iterator[bool]:
    """The worlds (practice or not) with accounts that fetch pictures whose address must be looked at now: soon after trouble, else once an hour."""
    for practice in sorted({account.practice for account in fetching(session)}):
        row = session.get(Setting, _name(practice))
        if row is None or row.value.get("base") != base_url or row.at <= now - (AGAIN_BAD if row.value["trouble"] else AGAIN_GOOD):
            yield practice


def fetching(session: Session) -> list[Account]:
    """The accounts whose marketplace fetches pictures itself."""
    return [a for a in session.scalars(sa.select(Account).order_by(Account.key)) if integrations.SITES[a.marketplace].limits.get("fetches_pictures")]


def look_at(kit: Kit, *, practice: bool) -> integrations.reach.Reach:
    """A look at the address now: whether it works, whatever is wrong in words."""
    try:
        return kit.reach.base(kit.now(), practice=practice)
    except StoreError as error:
        return integrations.reach.Reach(str(error))


def test_pictures(kit: Kit, account: Account) -> tuple[bool, str]:
    """Whether this account's marketplace can fetch our pictures now, and that in a sentence: empty where it fetches none. Slow: hold no transaction."""
    if not integrations.SITES[account.marketplace].limits.get("fetches_pictures"):
        return True, ""
    if not kit.settings.media_base_url:
        return False, "It cannot fetch our pictures: PACKSHOT_MEDIA_BASE_URL, their public address, is not set."
    found = look_at(kit, practice=account.practice)
    if found.trouble:
        return False, f"It cannot fetch our pictures: {found.trouble}."
    return True, "It can fetch our pictures, as far as can be told from here."


def look_again(kit: Kit) -> int:
    """Look at the address where that is due; what waited for it goes on once it works. Returns the worlds looked at."""
    base, now = kit.settings.media_base_url, kit.now()
    if not base:
        return 0
    with kit.db.reading() as session:
        worlds = list(due(session, base, now))
    for practice in worlds:
        found = look_at(kit, practice=practice)
        if found.trouble is not None and not kit.reach.failed_long(kit.now(), practice=practice):
            continue
        with kit.db.writing() as session:
            if note(session, base, found.trouble, now, practice=practice) and found.trouble is None:
                for account in fetching(session):
                    if account.practice == practice:
                        wake_listings(session, kit, account)
    return len(worlds)


def _name(practice: bool) -> str:
    return ROW + ("practice" if practice else "real")
