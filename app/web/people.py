"""People who sign in and keys for programs; for administrators."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import people
from app.models import ApiKey, User
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("/")
@needs("admin")
def index() -> ResponseReturnValue:
    return _page()


@bp.post("/")
@needs("admin")
def add() -> ResponseReturnValue:
    user = people.create_user(session(), _text("name"), request.form.get("password", ""), _text("role"), kit().now(), who())
    flash(f"{user.name} can sign in now.")
    return _back()


@bp.post("/<int:number>/role")
@needs("admin")
def role(number: int) -> ResponseReturnValue:
    user = _user(number)
    people.set_role(session(), user, _text("role"), kit().now(), who())
    flash(f"{user.name} has the role {user.role} now.")
    return _back()


@bp.post("/<int:number>/password")
@needs("admin")
def password(number: int) -> ResponseReturnValue:
    user = _user(number)
    people.set_password(session(), user, request.form.get("password", ""), kit().now(), who())
    flash(f"{user.name} has a new password; older sessions have ended.")
    return _back()


@bp.post("/<int:number>/active")
@needs("admin")
def active(number: int) -> ResponseReturnValue:
    user = _user(number)
    people.set_active(session(), user, _text("active") == "yes", kit().now(), who())
    flash(f"{user.name} can sign in again." if user.active else f"{user.name} is turned off and cannot sign in any more.")
    return _back()


@bp.post("/keys")
@needs("admin")
def add_key() -> ResponseReturnValue:
    """The key is in this answer and nowhere else."""
    key = people.create_api_key(session(), _text("name"), _text("role"), kit().now(), who())
    return _page(fresh=key)


@bp.post("/keys/<int:number>/revoke")
@needs("admin")
def revoke(number: int) -> ResponseReturnValue:
    key = session().get(ApiKey, number) or abort(404, f"There is no key {number}.")
    people.revoke_api_key(session(), key.name, kit().now(), who())
    flash(f"The key {key.name} opens nothing any more.")
    return _back()


def _page(fresh: str = "") -> ResponseReturnValue:
    users = session().scalars(sa.select(User).order_by(User.active.desc(), User.name)).all()
    keys = session().scalars(sa.select(ApiKey).order_by(ApiKey.active.desc(), ApiKey.name)).all()
    return render_template("people.html", users=users, keys=keys, roles=people.ROLES, fresh=fresh)


def _user(number: int) -> User:
    return session().get(User, number) or abort(404, f"There is no person {number}.")


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


def _back() -> ResponseReturnValue:
    return redirect(url_for(".index"), 303)
