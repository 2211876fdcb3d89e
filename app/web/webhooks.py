"""Endpoints of other systems that are told what happens; for administrators. A secret is in one answer and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import endpoints
from app.errors import Refusal
from app.hooks import TYPES
from app.models import WebhookEndpoint
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.get("/")
@needs("admin")
def index() -> ResponseReturnValue:
    return _page()


@bp.post("/")
@needs("admin")
def add() -> ResponseReturnValue:
    events = request.form.getlist("event")
    if not events:
        raise Refusal("choose at least one event that the endpoint is told of")
    endpoint, secret = endpoints.add(session(), kit(), request.form.get("url", ""), events, who(), practice=kit().settings.practice)
    return _page(fresh=secret, of=endpoint)


@bp.post("/<int:number>/remove")
@needs("admin")
def remove(number: int) -> ResponseReturnValue:
    endpoints.remove(session(), kit(), _endpoint(number).id, who())
    flash("The endpoint is removed: it is told nothing more.")
    return _back()


@bp.post("/<int:number>/resume")
@needs("admin")
def resume(number: int) -> ResponseReturnValue:
    endpoints.resume(session(), kit(), _endpoint(number).id, who())
    flash("The endpoint is in use again.")
    return _back()


@bp.post("/<int:number>/test")
@needs("admin")
def test(number: int) -> ResponseReturnValue:
    """Slow: the endpoint is asked while no transaction is open."""
    with kit().db.reading() as reading:
        endpoint = reading.get(WebhookEndpoint, number) or abort(404, "There is no such endpoint.")
    _, words = endpoints.try_it(kit(), endpoint)
    if request.headers.get("HX-Request"):
        return render_template("parts/said.html", words=words)
    flash(words)
    return _back()


def _endpoint(number: int) -> WebhookEndpoint:
    return session().get(WebhookEndpoint, number) or abort(404, "There is no such endpoint.")


def _page(fresh: str = "", of: WebhookEndpoint | None = None) -> ResponseReturnValue:
    found = session().scalars(sa.select(WebhookEndpoint).order_by(WebhookEndpoint.id)).all()
    return render_template("webhooks.html", endpoints=found, waiting=endpoints.waiting(session()), types=TYPES, fresh=fresh, of=of)


def _back() -> ResponseReturnValue:
    return redirect(url_for(".index"), 303)
