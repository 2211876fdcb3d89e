"""Changing the secret key: every stored secret is encrypted again under the newest key, row by row, so that the old one can be thrown away.

Each row is a transaction of its own. Killed half-way, the rows that are done stay done, and the next run does the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import lock, record
from app.kit import Kit
from app.models import Account, Setting, WebhookEndpoint
from app.secretbox import SecretsLost

PENDING = "consent:"  # settings rows of sellers who are away to say yes


@dataclass
class Rotated:
    """How many secrets were encrypted again, were so already, and which no key of ours opens."""

    changed: int = 0
    already: int = 0
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sealed:
    """One kind of row that holds a secret: which rows, what one is called, and where its secret is."""

    row: type[Any]
    where: sa.ColumnElement[bool]
    name: Callable[[Any], str]
    read: Callable[[Any], str]
    write: Callable[[Any, str], None]


def _set_credentials(account: Account, token: str) -> None:
    account.credentials = token


def _set_pending(setting: Setting, token: str) -> None:
    setting.value = {**setting.value, "sealed": token}


def _set_secret(endpoint: WebhookEndpoint, token: str) -> None:
    endpoint.secret = token


SEALED: tuple[Sealed, ...] = (
    Sealed(Account, sa.true(), lambda a: f"credentials of {a.key}", lambda a: str(a.credentials), _set_credentials),
    Sealed(
        Setting,
        Setting.name.startswith(PENDING),
        lambda s: f"the connection of {s.value.get('key')} that was begun",
        lambda s: str(s.value["sealed"]),
        _set_pending,
    ),
    Sealed(WebhookEndpoint, sa.true(), lambda e: f"secret of webhook endpoint {e.id}", lambda e: str(e.secret), _set_secret),
)


def rotate(kit: Kit, who: str) -> Rotated:
    """Encrypt every secret that is not under the newest key yet. Safe to run twice, at the same time as itself, and half-way."""
    done = Rotated()
    with kit.db.reading() as session:
        found = [(kind, row.__mapper__.primary_key_from_instance(row)) for kind, row in _rows(session)]
    for kind, key in found:
        with kit.db.writing() as session:
            row = session.get(kind.row, tuple(key))
            if row is None:
                continue
            lock(session, row)
            if kit.box.is_current(kind.read(row)):
                done.already += 1
                continue
            try:
                kind.write(row, kit.box.rotate(kind.read(row)))
            except SecretsLost:
                done.lost.append(kind.name(row))
                continue
            done.changed += 1
    if done.changed:
        with kit.db.writing() as session:
            record(session, "secrets", "rotated", now=kit.now(), why=f"{done.changed} under the newest key", who=who)
    return done


def look(session: Session, kit: Kit) -> Rotated:
    """What a rotation would find; `changed` are those under an older key. Changes nothing."""
    seen = Rotated()
    for kind, row in _rows(session):
        if kit.box.is_current(kind.read(row)):
            seen.already += 1
        elif kit.box.opens(kind.read(row)):
            seen.changed += 1
        else:
            seen.lost.append(kind.name(row))
    return seen


def _rows(session: Session) -> Iterator[tuple[Sealed, Any]]:
    for kind in SEALED:
        for row in session.scalars(sa.select(kind.row).where(kind.where)):
            yield kind, row
