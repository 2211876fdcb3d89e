"""Connecting a seller account by consent: a person is sent to the marketplace, says yes there, and comes back with what becomes the account's credentials.

What they take along is a random state, known here by its hash alone, for this person, once, and for a quarter of an hour.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import accounts, controls
from app.db import record
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, Setting
from app.rotation import PENDING

GOOD_FOR = timedelta(minutes=15)
EARLY = timedelta(days=42)  # before the end of an authorisation somebody is told: weeks, as it may need a person who is away
AGAIN = timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """A new account `marketplace:name`, or one that is there already and is connected again."""

    key: str
    application: Mapping[str, str]  # what the marketplace gave our developer application
    endpoints: Mapping[str, str]
    practice: bool = False


def again(kit: Kit, account: Account) -> Wanted:
    """The same account once more, by the application that it was connected with. Raises Refusal, SecretsLost."""
    site = integrations.SITES[account.marketplace]
    known = kit.box.open(account.credentials)
    application = {name: known[name] for name in integrations.consent.FIELDS.get(site.connector, ()) if known.get(name)}
    return Wanted(account.key, application, account.endpoints, account.practice)


def begin(session: Session, kit: Kit, wanted: Wanted, redirect: str, who: str) -> str:
    """The address where the person says yes or no; they come back to `redirect`. Raises Refusal."""
    state = secrets.token_urlsafe(32)
    site = accounts.site_of(wanted.key)
    access = _access(site, wanted)
    _same_world(session, wanted)
    try:
        address = integrations.consent.address(access, state, redirect)
    except integrations.Refused as refused:
        raise Refusal(str(refused)) from None
    sealed = kit.box.seal({name: str(value) for name, value in wanted.application.items()})
    value = {"key": wanted.key, "sealed": sealed, "endpoints": dict(access.endpoints), "practice": wanted.practice, "redirect": redirect}
    session.add(Setting(name=_name(state), value=value, at=kit.now(), who=who))
    return address


def finish(kit: Kit, answer: Mapping[str, str], who: str) -> str:
    """Take what the person came back with; the account's key. Slow: holds no transaction while the marketplace is asked. Raises Refusal."""
    wanted, redirect = _taken(kit, answer.get("state", ""), who)
    site = accounts.site_of(wanted.key)
    try:
        granted = integrations.consent.exchange(_access(site, wanted), answer, redirect)
    except integrations.IntegrationError as error:
        raise Refusal(integrations.redact(str(error))) from None
    until = None if granted.lifetime is None else kit.now() + timedelta(seconds=granted.lifetime)
    with kit.db.writing() as session:
        account = _same_world(session, wanted)
        if account is None:
            account = accounts.add_account(
                session,
                kit,
                wanted.key,
                seller_id=granted.seller_id,
                credentials=granted.credentials,
                endpoints=wanted.endpoints,
                practice=wanted.practice,
                who=who,
            )
        elif account.seller_id != granted.seller_id:
            raise Refusal(f"{wanted.key} belongs to seller {account.seller_id}; the one who said yes is {granted.seller_id}. Sign in there as the right seller")
        else:
            accounts.set_credentials(session, kit, account, who, granted.credentials)
        account.authorised_until = until
        record(session, account, "connected", now=kit.now(), why=f"seller {granted.seller_id}" + (f", until {until:%Y-%m-%d}" if until else ""), who=who)
    return wanted.key


def warn(kit: Kit) -> int:
    """Say of each account whose authorisation ends within weeks that it does, once a week; how many were told of."""
    now, told = kit.now(), 0
    with kit.db.writing() as session:
        soon = ending(session, now)
        controls.set_banner(session, "authorisation", "; ".join(map(sentence, soon)) + "." if soon else None, now)
        for account in soon:
            latest = sa.select(sa.func.max(Event.at)).where(Event.kind == "account", Event.row == str(account.id), Event.what == "ends soon")
            before = session.scalar(latest)
            if before is None or before < now - AGAIN:
                record(session, account, "ends soon", now=now, why=sentence(account))
                told += 1
    return told


def ending(session: Session, now: datetime) -> list[Account]:
    """The accounts whose authorisation ends soon or has ended."""
    return list(session.scalars(sa.select(Account).where(Account.authorised_until < now + EARLY).order_by(Account.key)))


def sentence(account: Account) -> str:
    """What somebody must do, and by when."""
    return f"The seller's permission for {account.key} ends on {account.authorised_until:%Y-%m-%d}: connect it again on the page Accounts"


def forget(session: Session, now: datetime) -> int:
    """Delete what nobody came back for."""
    gone = session.execute(sa.delete(Setting).where(Setting.name.startswith(PENDING), Setting.at < now - GOOD_FOR))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _same_world(session: Session, wanted: Wanted) -> Account | None:
    """The account of that key, if there is one. Refusal where one is for practice and the other is not: their tokens must never mix."""
    account = session.scalar(sa.select(Account).where(Account.key == wanted.key))
    if account is not None and account.practice != wanted.practice:
        raise Refusal(f"{wanted.key} is {'a practice' if account.practice else 'a real'} account; choose another name for this one")
    return account


def _taken(kit: Kit, state: str, who: str) -> tuple[Wanted, str]:
    """What a state stands for; it is used up by this, whatever comes of it."""
    with kit.db.writing() as session:
        found = session.execute(sa.delete(Setting).where(Setting.name == _name(state)).returning(Setting.value, Setting.at, Setting.who)).one_or_none()
    if found is None or found.at < kit.now() - GOOD_FOR or found.who != who:
        raise Refusal("this answer belongs to no connection that you began within a quarter of an hour; begin again on the page Accounts")
    value: Mapping[str, Any] = found.value
    return Wanted(value["key"], kit.box.open(value["sealed"]), value["endpoints"], value["practice"]), value["redirect"]


def _access(site: integrations.Site, wanted: Wanted) -> integrations.Access:
    endpoints = accounts.endpoints_of(site, wanted.endpoints, wanted.practice)
    return integrations.Access(wanted.key, site, "", wanted.application, endpoints, allow_loopback=wanted.practice)


def _name(state: str) -> str:
    return PENDING + hashlib.sha256(state.encode()).hexdigest()[:40]
