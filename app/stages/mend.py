"""mend: an account that we paused ourselves is asked, gently, whether its credentials work again; if so it goes on, with one all-clear.

One harmless look, at once after new credentials, else five minutes after the pause and then in growing gaps up to an hour. What a person stopped
stays stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.controls import FIRST_PROBE, mended
from app.db import lock
from app.kit import Kit
from app.models import Account, Event
from app.secretbox import SecretsLost
from app.stages.intake import wake_missing
from app.stages.run import Stage

LAST_GAP = timedelta(hours=1)
PROBE_SKU = "packshot-connection-test"  # a SKU nobody has: reading it back proves the credentials and changes nothing


@dataclass(frozen=True)
class Probe:
    """One look at a paused account, with the credentials that it had when the look began."""

    account: Account


def gather(session: Session, kit: Kit, row: str) -> Probe | None:
    account = session.get(Account, int(row))
    return None if account is None or account.paused is None else Probe(account)


def do(kit: Kit, task: Probe) -> bool:
    """Whether they accept our credentials. A marketplace that does not answer now raises TryLater."""
    try:
        kit.marketplace(task.account).status([integrations.Ref(PROBE_SKU)])
    except (integrations.NotAuthorised, SecretsLost):
        return False
    except integrations.Refused:
        return True  # whoever declines the question knows who asked
    return True


def apply(session: Session, kit: Kit, task: Probe, accepted: bool) -> datetime | None:
    account, now = session.get_one(Account, task.account.id), kit.now()
    lock(session, account)
    if account.paused is None:
        return None
    if account.credentials != task.account.credentials:
        return now  # others were saved meanwhile: this answer says nothing about them
    if accepted:
        mended(session, kit, account)
        return None
    return now + gap(session, account, now)


def gap(session: Session, account: Account, now: datetime) -> timedelta:
    """How long until the next look: as long as it has been paused, or since its newest credentials, within five minutes and an hour."""
    begun = sa.select(sa.func.max(Event.at)).where(Event.kind == "account", Event.row == str(account.id), Event.what.in_(("paused", "credentials")))
    since = session.scalar(begun)
    return min(LAST_GAP, max(FIRST_PROBE, now - since if since is not None else FIRST_PROBE))


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Paused accounts that nobody is to look at."""
    return wake_missing(session, "mend", sa.select(Account.id).where(Account.paused.is_not(None)), now)


STAGE = Stage("mend", gather, do, apply, mark, in_flight=4)
