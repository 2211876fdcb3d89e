"""Endpoints of the seller's other systems that are told what happens: added, listed, tried, taken up again, removed. A secret is shown once."""

from __future__ import annotations

import base64
import ipaddress
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app.db import record
from app.errors import Refusal
from app.hooks import TYPES
from app.kit import Kit
from app.models import WebhookDelivery, WebhookEndpoint
from app.secretbox import SecretsLost
from app.work import wake

MOST = 20  # endpoints
DEADLINE_S = 10.0
ANSWER_BYTES = 4096
TEST = "packshot.test"


@dataclass(frozen=True)
class Said:
    """What an endpoint answered: `trouble` is empty where it took it (a 2xx), else why not in words; no `status` where nobody answered."""

    trouble: str
    status: int | None = None


def add(session: Session, kit: Kit, url: str, events: Sequence[str], who: str, *, practice: bool = False) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, which is told this once. Raises Refusal naming what is wrong."""
    endpoint = WebhookEndpoint(url=_address(url.strip(), practice), secret="", events=_wanted(events), practice=practice, created_at=kit.now())
    if session.scalar(sa.select(sa.func.count()).select_from(WebhookEndpoint)) >= MOST:  # type: ignore[operator]
        raise Refusal(f"there are {MOST} endpoints already: remove one first")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    endpoint.secret = kit.box.seal({"secret": secret})
    session.add(endpoint)
    session.flush()
    record(session, endpoint, "created", kind="webhook", now=kit.now(), why=f"{host(endpoint.url)}: {', '.join(endpoint.events)}", who=who)
    return endpoint, secret


def held(session: Session, number: int) -> WebhookEndpoint | None:
    """The endpoint as it is now, locked until the transaction ends: before anything that it is still to be told is changed. None where it is gone."""
    return session.get(WebhookEndpoint, number, with_for_update={"key_share": True})


def find(session: Session, number: int, *, hold: bool = False) -> WebhookEndpoint:
    """The endpoint of that number, locked where asked. Raises Refusal where there is none."""
    endpoint = held(session, number) if hold else session.get(WebhookEndpoint, number)
    if endpoint is None:
        raise Refusal(f"there is no webhook endpoint {number}")
    return endpoint


def remove(session: Session, kit: Kit, number: int, who: str) -> None:
    """Tell it nothing more, and forget what it was still to be told."""
    endpoint = find(session, number, hold=True)
    session.execute(sa.delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == number))
    session.delete(endpoint)
    record(session, str(number), "removed", kind="webhook", now=kit.now(), why=host(endpoint.url), who=who)


def resume(session: Session, kit: Kit, number: int, who: str) -> None:
    """Take up one that was disabled; what it missed while it failed is sent now, what happened since it was disabled is not.

    What was never tried goes when its time comes: a minute that is not over may bring more of the same.
    """
    endpoint = find(session, number, hold=True)
    endpoint.active, endpoint.failing_since, endpoint.retry_at, endpoint.problem = True, None, None, None
    undone = sa.update(WebhookDelivery).where(WebhookDelivery.endpoint_id == number, WebhookDelivery.done_at.is_(None))
    due = sa.case((WebhookDelivery.tries == 0, WebhookDelivery.due_at), else_=kit.now())
    session.execute(undone.values(tries=0, at=kit.now(), due_at=due))
    record(session, endpoint, "resumed", kind="webhook", now=kit.now(), why=host(endpoint.url), who=who)
    wake(session, "tell", number, at=kit.now())


def waiting(session: Session) -> dict[int, tuple[int, datetime]]:
    """By endpoint: how many things it is still to be told, and since when the oldest of them waits."""
    rows = sa.select(WebhookDelivery.endpoint_id, sa.func.count(), sa.func.min(WebhookDelivery.at)).where(WebhookDelivery.done_at.is_(None))
    return {number: (count, oldest) for number, count, oldest in session.execute(rows.group_by(WebhookDelivery.endpoint_id))}


def try_it(kit: Kit, endpoint: WebhookEndpoint) -> tuple[bool, str]:
    """Send a test now; whether it was taken, and the answer in words. Slow: hold no transaction."""
    body = {"type": TEST, "timestamp": kit.now().isoformat(), "data": {"words": "Packshot can reach this endpoint."}}
    try:
        said = send(kit, endpoint, f"msg_{uuid.uuid4().hex}", body)
    except SecretsLost as error:
        return False, str(error)
    return not said.trouble, said.trouble or "It was taken."


def send(kit: Kit, endpoint: WebhookEndpoint, webhook_id: str, body: Mapping[str, Any]) -> Said:
    """Sign and POST. Raises SecretsLost."""
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    headers = integrations.inventory.sign(kit.box.open(endpoint.secret)["secret"], webhook_id, kit.now(), raw)
    try:
        answer = integrations.exchange(
            endpoint.url,
            method="POST",
            data=raw,
            headers={**headers, "Content-Type": "application/json"},
            limit_bytes=ANSWER_BYTES,
            deadline=DEADLINE_S,
            allow_loopback=endpoint.practice,
        )
    except integrations.IntegrationError as error:
        return Said(str(error))
    if 200 <= answer.status < 300:
        return Said("", answer.status)
    redirect = " (a redirect, which is not followed)" if 300 <= answer.status < 400 else ""
    return Said(f"{host(endpoint.url)}: answered HTTP {answer.status}{redirect}", answer.status)


def _address(url: str, practice: bool) -> str:
    try:
        parts = urlsplit(url)
        name, _port = parts.hostname or "", parts.port
    except ValueError:
        raise Refusal("a webhook endpoint is a web address, as https://shop.example/packshot") from None
    if not name or parts.username or parts.password or parts.fragment or len(url) > 2000 or not url.isprintable() or " " in url:
        raise Refusal("a webhook endpoint is a plain web address, without user, password, fragment or blanks, of at most 2,000 characters")
    here = name == "localhost" or _is(name, "is_loopback")
    if parts.scheme != "https" and not (practice and here and parts.scheme == "http"):
        raise Refusal("a webhook endpoint must be https; plain http is for practice on this machine (--practice)")
    if not (practice and here) and (here or _is(name, "is_private") or _is(name, "is_link_local")):
        raise Refusal(f"{name} is a private address: a webhook endpoint must be public")
    return url


def _wanted(events: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(events)) or list(TYPES)
    if unknown := [name for name in found if name not in TYPES]:
        raise Refusal(f"there is no event {', '.join(unknown)}; there are {', '.join(TYPES)}")
    return found


def _is(name: str, what: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(name), what))
    except ValueError:
        return False


def host(url: str) -> str:
    """Whom an address belongs to; the rest of it may be a secret."""
    return urlsplit(url).hostname or "address"
