"""Alarms: the few happenings that somebody must hear of, posted to PACKSHOT_ALERT_URL and mailed to PACKSHOT_ALERT_EMAIL.

They are read from the history, so an alarm is as sure as the event itself. Each way out has its own cursor in a settings row, moved
only after a success: an alarm is told at least once, again only where a process died between telling and noting. Two schedulers take
turns by a lease in the same row, and no transaction is open while the network is used.
"""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import requests
import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

import integrations
from app.db import insert, record
from app.kit import Kit
from app.models import Account, Event, Setting

ALARMS: Mapping[tuple[str, str], tuple[str, str]] = {  # kind and what of an event -> the sentence, and the page that shows more
    ("account", "paused"): ("Packshot paused {subject}: {why}", "/accounts/"),
    ("account", "mended"): ("{subject} goes on: {why}", "/accounts/"),
    ("account", "ends soon"): ("{subject}: {why}", "/accounts/"),
    ("account", "stopped"): ("{who} stopped {subject}: {why}", "/accounts/"),
    ("house", "stopped"): ("{who} stopped all writing to marketplaces: {why}", "/"),
    ("webhook", "disabled"): ("Webhook endpoint {subject} was disabled: {why}", "/webhooks/"),
    ("media", "unreachable"): ("Marketplaces cannot fetch our pictures, and pushes to those that fetch them wait: {why}", "/accounts/"),
    ("media", "reachable"): ("Marketplaces can fetch our pictures again: what waited goes on", "/accounts/"),
    ("rules", "refused"): ("The rules files are broken and the old rules stay in force: {why}", "/"),
}
MAIL_SERVER = ("localhost", 25)
TIMEOUT_S = 5.0
LATE = timedelta(minutes=10)  # PostgreSQL may commit an event after one with a higher number, but never by so much
LEASE = timedelta(minutes=1)
MOST = 20  # alarms told by one call

log = structlog.get_logger("packshot.alarms")


@dataclass(frozen=True)
class Alarm:
    """What is told. `at` is ISO 8601 in UTC, `url` a page of this installation without its host."""

    at: str
    kind: str
    subject: str
    sentence: str
    url: str


def tell(kit: Kit) -> int:
    """Tell every way out what it has not been told yet; returns how many alarms were told. A failure is logged, and tried again at the next call."""
    told = 0
    if kit.settings.alert_url:
        told += _tell(kit, "url", lambda alarm: post(kit.settings.alert_url, alarm))
    if kit.settings.alert_email:
        told += _tell(kit, "email", lambda alarm: mail(kit.settings.alert_email, alarm))
    return told


def post(url: str, alarm: Alarm) -> None:
    """POST the alarm as JSON; anything but a 2xx is a failure, also a redirect. Raises OSError."""
    with requests.post(url, json=asdict(alarm), timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
        if not 200 <= answer.status_code < 300:
            raise OSError(f"answered {answer.status_code}")


def mail(address: str, alarm: Alarm) -> None:
    """Mail the alarm through this machine's mail server. Raises OSError."""
    message = EmailMessage()
    message["To"] = address
    message["Subject"] = f"Packshot: {alarm.kind} {' '.join(alarm.subject.split())}"[:200]
    message.set_content(f"{alarm.sentence}\n\nat {alarm.at}, see {alarm.url}\n")
    with smtplib.SMTP(*MAIL_SERVER, timeout=TIMEOUT_S) as server:
        message["From"] = f"packshot@{server.local_hostname}"
        server.send_message(message)


def note_rules(kit: Kit, problems: Sequence[str]) -> None:
    """Write into the history that the rules files are refused, or (no problems) mended, if it does not say so already."""
    why = "; ".join(problems)[:2000]
    last = sa.select(Event).where(Event.kind == "rules", Event.what.in_(("refused", "mended"))).order_by(Event.id.desc()).limit(1)
    with kit.db.reading() as session:
        said = session.scalar(last)
    was = said.why if said is not None and said.what == "refused" else ""
    if why != was:
        with kit.db.writing() as session:
            record(session, "overlay", "refused" if problems else "mended", kind="rules", now=kit.now(), why=why)


# --- one way out --------------------------------------------------------------------------------------------------------------


def _tell(kit: Kit, way: str, send: Callable[[Alarm], None]) -> int:
    name, told = f"alarms:{way}", 0
    with kit.db.reading() as session:
        row = session.get(Setting, name)
        if row is not None and kit.now() < _due(row.value) and not _waiting(session, row.value):
            return 0
    turn = secrets.token_hex(8)
    with kit.db.writing() as session:
        waiting = _take_turn(session, kit, name, turn)
    for event, alarm in waiting[:MOST]:
        try:
            send(alarm)
        except OSError as error:  # what requests and smtplib raise is one; its text may hold the address, which is a secret
            log.warning("alarm not told", way=way, alarm=alarm.sentence, error=str(error) if type(error) is OSError else type(error).__name__)
            break
        told += 1
        with kit.db.writing() as session:
            if not _note(session, kit, name, turn, event):
                return told  # our turn ended while we sent; whoever has it now goes on
    with kit.db.writing() as session:
        _end_turn(session, kit, name, turn)
    return told


def _take_turn(session: Session, kit: Kit, name: str, turn: str) -> list[tuple[int, Alarm]]:
    """What waits, if it is our turn to tell it. A way out that is new begins with the last minutes, not with years of history."""
    now = kit.now()
    recent = session.scalar(sa.select(sa.func.min(Event.id)).where(Event.at > now - LATE))
    newest = session.scalar(sa.select(sa.func.max(Event.id))) or 0
    fresh: dict[str, Any] = {"floor": newest if recent is None else recent - 1, "told": [], "next": newest, "next_at": now.isoformat()}
    session.execute(insert(session, Setting).values(name=name, value=fresh, at=now, who="packshot").on_conflict_do_nothing(index_elements=["name"]))
    row = _locked(session, name)
    if row.value.get("turn") and datetime.fromisoformat(row.value["until"]) > now:
        return []
    row.value = {**row.value, "turn": turn, "until": (now + LEASE).isoformat()}
    return [(event.id, _alarm(session, event)) for event in _waiting(session, row.value)]


def _note(session: Session, kit: Kit, name: str, turn: str, event: int) -> bool:
    """The alarm was told. False if the turn is no longer ours."""
    row = _locked(session, name)
    ours = row.value.get("turn") == turn
    until = (kit.now() + LEASE).isoformat() if ours else row.value.get("until")
    row.value = {**row.value, "told": sorted({*row.value["told"], event}), "until": until}
    return ours


def _end_turn(session: Session, kit: Kit, name: str, turn: str) -> None:
    """Free the row. Now and then move the cursor to the highest number of `LATE` ago, but over nothing that waits."""
    row, now = _locked(session, name), kit.now()
    if row.value.get("turn") != turn:
        return
    value = {key: row.value[key] for key in ("floor", "told", "next", "next_at")}
    if now >= _due(value):
        value["floor"] = max(value["floor"], min([value["next"], *(event.id - 1 for event in _waiting(session, value))]))
        value["told"] = [number for number in value["told"] if number > value["floor"]]
        value["next"], value["next_at"] = session.scalar(sa.select(sa.func.max(Event.id))) or 0, now.isoformat()
    row.value, row.at = value, now


def _due(value: Mapping[str, Any]) -> datetime:
    """When the cursor may move: everything up to `next` is committed by then."""
    return datetime.fromisoformat(value["next_at"]) + LATE


def _locked(session: Session, name: str) -> Setting:
    return session.scalars(sa.select(Setting).where(Setting.name == name).with_for_update().execution_options(populate_existing=True)).one()


def _waiting(session: Session, value: Mapping[str, Any]) -> list[Event]:
    """Events that are alarms, above the cursor and not yet told; the oldest first."""
    kinds = sa.or_(*(sa.and_(Event.kind == kind, Event.what == what) for kind, what in ALARMS))
    found = session.scalars(sa.select(Event).where(Event.id > value["floor"], kinds).order_by(Event.id))
    return [event for event in found if event.id not in value["told"]]


def _alarm(session: Session, event: Event) -> Alarm:
    account = session.get(Account, int(event.row)) if event.kind == "account" else None
    subject = account.key if account is not None else {"house": "all accounts"}.get(event.kind, event.row)
    sentence, url = ALARMS[event.kind, event.what]
    words = " ".join(integrations.redact(sentence.format(subject=subject, why=event.why or "no reason given", who=event.who)).split())
    return Alarm(event.at.isoformat(), event.kind, subject, words if words.endswith(".") else f"{words}.", url)
