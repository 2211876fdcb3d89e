"""mend: an account that we paused ourselves is asked, gently, whether its credentials work again; if so it goes on, with one all-clear.

One harmless look, at once after new credentials, else five minutes after the pause and then in growing gaps up to an hour. A look proves only
that looking is allowed: the account goes on at once, and the all-clear is told when nothing of it was refused for an hour. What a person
stopped stays stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.controls import TRIAL, accepted, gap, mended, on_trial
from app.db import lock
from app.kit import Kit
from app.models import Account
from app.secretbox import SecretsLost
from app.stages.intake import wake_missing
from app.stages.run import Stage

PROBE_SKU = "packshot-connection-test"  # a SKU nobody has: reading it back proves the credentials and changes nothing


@dataclass(frozen=True)
class Probe:
    """One look at an account, paused or on trial, with the credentials that it had when the look began."""

    account: Account


def gather(session: Session, kit: Kit, row: str) -> Probe | None:
    account = session.get(Account, int(row))
    return None if account is None or (account.paused is None and on_trial(session, account) is None) else Probe(account)


def do(kit: Kit, task: Probe) -> bool:
    """Whether they accept our credentials; one on trial is not asked. A marketplace that does not answer now raises TryLater."""
    if task.account.paused is None:
        return True
    try:
        kit.marketplace(task.account).status([integrations.Ref(PROBE_SKU)])
    except (integrations.NotAuthorised, SecretsLost):
        return False
    except integrations.Refused:
        return True  # whoever declines the question knows who asked
    return True


def apply(session: Session, kit: Kit, task: Probe, well: bool) -> datetime | None:
    account, now = session.get_one(Account, task.account.id), kit.now()
    lock(session, account)
    if account.paused is None:
        return _tried(session, kit, account)
    if account.credentials != task.account.credentials:
        return now  # others were saved meanwhile: this answer says nothing about them
    if well and task.account.paused is not None:
        accepted(session, kit, account)
        return now + TRIAL
    return now + gap(session, account, now)


def _tried(session: Session, kit: Kit, account: Account) -> datetime | None:
    """The all-clear where an account has stood its trial, else when that will be."""
    since = on_trial(session, account)
    if since is None or kit.now() < since + TRIAL:
        return None if since is None else since + TRIAL
    mended(session, kit, account)
    return None


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Paused accounts that nobody is to look at."""
    return wake_missing(session, "mend", sa.select(Account.id).where(Account.paused.is_not(None)), now)


STAGE = Stage("mend", gather, do, apply, mark, in_flight=4)
