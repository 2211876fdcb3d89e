"""Waivers and what is known of live pictures: who answers for which rule, where, until when; made on the review page, revoked here."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import baselines, waivers
from app.models import Waiver
from app.web import queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("waivers", __name__, url_prefix="/waivers")


@bp.get("/")
def index() -> ResponseReturnValue:
    ended, now = request.args.get("show") == "ended", kit().now()
    page = queries.page_of(session(), waivers.listed(now, ended=ended), request.args.get("page", 1, type=int))
    rows = [(waiver, waivers.state(waiver, now)) for waiver in page.rows]
    return render_template("waivers.html", page=page, rows=rows, ended=ended, known=baselines.known(session()))


@bp.post("/<int:number>/revoke")
@needs("operator")
def revoke(number: int) -> ResponseReturnValue:
    waiver = session().get(Waiver, number) or abort(404, f"There is no waiver {number}.")
    waivers.revoke(session(), kit(), waiver, who(), request.form.get("reason", "").strip()[:2000])
    flash("Revoked. What it let through is judged again; what is live stays until its replacement passes.")
    return redirect(url_for(".index"), 303)
