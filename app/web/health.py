"""/health/live, /health/ready and /metrics: for load balancers, supervisors and Prometheus."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import sqlalchemy as sa
import structlog
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.orm import Session

from app import controls, endpoints, people, views
from app.dispatch import oldest_due
from app.kit import Kit
from app.models import Arrival, Event, Heartbeat, Notice, Placement, RuleActivation, Work
from app.states import ArrivalState, PlacementState
from app.web.auth import PUBLIC, states
from app.web.errors import problem
from app.web.proxy import FORWARDED
from app.web.session import kit

HEARTBEAT_MAXIMUM_S = 30.0
Values = dict[tuple[str, ...], float]  # label values -> number

bp = states(Blueprint("health", __name__), PUBLIC)  # /metrics asks for itself: a key, or this machine
log = structlog.get_logger()


@bp.get("/health/live")
def live() -> ResponseReturnValue:
    """This process answers. Says nothing about anything else, so that a database that is away restarts no web process."""
    return jsonify(status="live")


@bp.get("/health/ready")
def ready() -> ResponseReturnValue:
    """200 if all that a request needs is there, else 503; which check failed is in the body, in words without addresses."""
    checks = {name: _checked(name, check) for name, check in CHECKS.items()}
    fine = all(check["ok"] for check in checks.values())
    response = jsonify(status="ready" if fine else "not ready", checks=checks)
    return response, 200 if fine else 503


def _checked(name: str, check: Callable[[Kit], str]) -> dict[str, object]:
    try:
        wrong = check(kit())
    except Exception as error:  # whatever is wrong with it, the answer is: not ready
        log.warning("not ready", check=name, error=type(error).__name__)
        wrong = "does not answer"
    return {"ok": not wrong, "detail": wrong or "fine"}


def _database(kit: Kit) -> str:
    with kit.db.reading() as session:
        session.execute(sa.text("SELECT 1"))
    return ""


def _store(kit: Kit) -> str:
    kit.originals.check()
    return ""


def _scheduler(kit: Kit) -> str:
    with kit.db.reading() as session:
        last = session.scalar(sa.select(sa.func.max(Heartbeat.at)).where(Heartbeat.name.startswith("scheduler")))
    if last is None:
        return "has never run"
    age = (kit.now() - last).total_seconds()
    return f"last heard of {age:.0f} s ago" if age >= HEARTBEAT_MAXIMUM_S else ""


def _rules(kit: Kit) -> str:
    with kit.db.reading() as session:
        return "" if session.scalar(sa.select(RuleActivation.id).limit(1)) else "no rule set is active"


CHECKS: dict[str, Callable[[Kit], str]] = {"database": _database, "store": _store, "scheduler": _scheduler, "rules": _rules}


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Prometheus text, counted from the rows at this moment. For an API key, or for this very machine without a proxy in between."""
    with kit().db.reading() as session:
        if not (_is_this_machine() or _has_key(session)):
            return problem(401, "The metrics need an API key (Authorization: Bearer pk_...).")
        text = generate_latest(_measure(session, kit()))
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _is_this_machine() -> bool:
    """A proxy on this machine also comes from 127.0.0.1, but says for whom it asks."""
    try:
        return not request.environ[FORWARDED] and ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _has_key(session: Session) -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and people.find_api_key(session, key.strip()) is not None


def _measure(session: Session, kit: Kit) -> CollectorRegistry:
    registry, now = CollectorRegistry(), kit.now()

    def gauge(name: str, words: str, values: Values, *labels: str) -> None:
        made = Gauge(f"packshot_{name}", words, labels, registry=registry)
        for key, value in values.items():
            (made.labels(*key) if labels else made).set(value)

    def counted(column: sa.ColumnElement[str] | sa.orm.InstrumentedAttribute[str], *where: sa.ColumnElement[bool]) -> Values:
        found = session.execute(sa.select(column, sa.func.count()).where(*where).group_by(column)).all()
        return {(str(key),): float(number) for key, number in found}

    gauge("oldest_due_seconds", "Age of the oldest due row, by stage.", {(stage,): age for stage, age in oldest_due(session, now).items()}, "stage")
    gauge("work_due", "Rows due and not leased, by stage.", counted(Work.stage, Work.due_at <= now, Work.leased_until.is_(None)), "stage")
    gauge("work_in_flight", "Rows leased to a worker, by stage.", counted(Work.stage, Work.leased_until > now), "stage")
    gauge("work_failing", "Rows whose last attempt failed, by stage.", counted(Work.stage, Work.attempts > 0, Work.error.is_not(None)), "stage")
    bars: Values = {(account, word): float(number) for account, words in views.marketplace_bars(session).items() for word, number in words.items()}
    gauge("listings", "Listings, by account and by the word that the dashboard shows.", bars, "account", "word")
    gauge("notices_open", "Notices of marketplaces that are open, by kind.", counted(Notice.kind, Notice.end.is_(None)), "kind")
    gauge("placements_in_review", "Pictures that wait for a person.", {(): _number(session, Placement.id, Placement.state == PlacementState.REVIEW)})
    tray = (ArrivalState.UNMATCHED, ArrivalState.REFUSED)
    gauge("arrivals_in_tray", "Files that arrived and wait for a person.", {(): _number(session, Arrival.id, Arrival.state.in_(tray))})
    gauge("writing_stopped", "1 while the emergency stop is on.", {(): float(controls.is_stopped(session) is not None)})
    beats: Values = {(name,): (now - at).total_seconds() for name, at in session.execute(sa.select(Heartbeat.name, Heartbeat.at)).all()}
    gauge("heartbeat_age_seconds", "Seconds since a process said that it lives.", beats, "process")
    ages: Values = {(str(number),): (now - oldest).total_seconds() for number, (_, oldest) in endpoints.waiting(session).items()}
    gauge("webhook_oldest_undelivered_seconds", "Age of the oldest thing that an endpoint is still to be told, by endpoint.", ages, "endpoint")
    gauge("events_total", "Lines of history written since the beginning.", {(): float(session.scalar(sa.select(sa.func.max(Event.id))) or 0)})
    return registry


def _number(session: Session, column: sa.orm.InstrumentedAttribute[int], *where: sa.ColumnElement[bool]) -> float:
    return float(session.scalar(sa.select(sa.func.count(column)).where(*where)) or 0)
