"""Who may come in. Default deny: every route needs a signed-in person, unless its blueprint states its own way here.

Ways: `PERSON` (a signed-in person; every write carries a CSRF token), `KEY` (an API key as Bearer token, or a signed-in person),
`PUBLIC` (nobody is asked: health, media) and `SIGNED` (the view checks a signature on the raw bytes: webhooks).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect

from app import people
from app.models import User
from app.web.session import kit, session

PERSON, KEY, PUBLIC, SIGNED = "person", "key", "public", "signed"
SIGN_IN_LIMIT = "10 per minute;60 per hour"  # failed attempts from one address

bp = Blueprint("auth", __name__)
csrf = CSRFProtect()
_ways: dict[str, str] = {"auth": PUBLIC}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Actor(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """Who is at the door: a person, or a program with a key."""

    name: str
    role: str
    mark: str  # what the session cookie names; changes with the password, so that old sessions end

    def get_id(self) -> str:
        return self.mark

    def may(self, role: str) -> bool:
        """Whether this actor's role reaches `role`."""
        return people.may(self.role, role)


def states(blueprint: Blueprint, way: str) -> Blueprint:
    """A blueprint's statement of how it lets people in. What states nothing needs a signed-in person."""
    _ways[blueprint.name] = way
    return blueprint


def way_of(endpoint: str | None) -> str:
    """How an endpoint lets people in. An address that does not exist asks nobody: it answers 404 or 405."""
    if endpoint is None or endpoint == "static" or endpoint.startswith("assets."):
        return PUBLIC
    return _ways.get(endpoint.partition(".")[0], PERSON)


def actor() -> Actor:
    """Who asks; 401 where nobody is known."""
    found = g.get("actor")
    if found is None:
        abort(401)
    assert isinstance(found, Actor)
    return found


def who() -> str:
    """The name for the history."""
    return actor().name


def needs(role: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The view is for this role and those above it; others get 403."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not actor().may(role):
                abort(403, f"This needs the role {role}; you are signed in as {actor().name}, {actor().role}.")
            return view(*args, **kwargs)

        return guarded

    return wrap


def guard() -> ResponseReturnValue | None:
    """Before every request: who is it, and may they come in?"""
    _no_nul(request.args.values(), (request.view_args or {}).values())
    way = way_of(request.endpoint)
    if way in (PUBLIC, SIGNED):
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if way == KEY and scheme:
        _by_key(scheme, token.strip())
        return None
    if not current_user.is_authenticated:
        return _turn_away()
    g.actor = current_user._get_current_object()
    csrf.protect()
    _no_nul(request.form.values() if request.mimetype != "application/json" else ())
    return None


def _no_nul(*given: Iterable[object]) -> None:
    """No text that people write holds a NUL, and PostgreSQL takes none."""
    if any("\0" in text for texts in given for text in texts if isinstance(text, str)):
        abort(400, "There is a NUL character in it, which no text here has.")


def _by_key(scheme: str, token: str) -> None:
    with kit().db.reading() as reading:
        key = people.find_api_key(reading, token) if scheme.lower() == "bearer" and token else None
    if key is None:
        abort(401, "This API key is not known, or no longer active.")
    g.actor = Actor(name=f"key:{key.name}", role=key.role, mark="")


def _turn_away() -> ResponseReturnValue | None:
    by_script = request.headers.get("HX-Request") or request.blueprint in ("live", "pictures")
    if request.method != "GET" or by_script or way_of(request.endpoint) != PERSON:
        abort(401, "Please sign in.")
    return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?") if request.path != "/" else None))


@bp.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(_next())
    return render_template("sign_in.html", name="")


@bp.post("/sign-in")
def sign_in_now() -> ResponseReturnValue:
    csrf.protect()
    _no_nul(request.form.values())
    name = request.form.get("name", "").strip()
    user = people.check_password(session(), name, request.form.get("password", ""))
    if user is None:
        return render_template("sign_in.html", name=name, wrong=True), 401
    login_user(_person(user), remember=False)
    cookie.permanent = True
    return redirect(_next(), 303)


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    csrf.protect()
    logout_user()
    flash("You are signed out.")
    return redirect(url_for("auth.sign_in"), 303)


def _next() -> str:
    """Where the person wanted to go; only ever an address of ours."""
    wish = request.values.get("next", "")
    try:
        parts = urlsplit(wish)
    except ValueError:  # a bracket that opens no address
        return url_for("dashboard.home")
    return wish if wish.startswith("/") and not wish.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme else url_for("dashboard.home")


def _person(user: User) -> Actor:
    return Actor(name=user.name, role=user.role, mark=f"{user.id}:{hashlib.sha256(user.password_hash.encode()).hexdigest()[:24]}")


def _load(mark: str) -> Actor | None:
    number, _, _ = mark.partition(":")
    if not number.isdigit():
        return None
    with kit().db.reading() as reading:
        user = reading.get(User, int(number))
    person = _person(user) if user is not None and user.active else None
    return person if person is not None and person.mark == mark else None


class _Cookies(SecureCookieSessionInterface):
    """The session cookie is `Secure` whenever the request came over https."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def init_app(app: Flask) -> None:
    """Sign-in, CSRF, the limit on sign-in attempts, and the guard before every request."""
    app.session_interface = _Cookies()
    csrf.init_app(app)
    manager = LoginManager(app)
    manager.session_protection = None  # it would sign people out when their address changes; our mark ends sessions instead
    manager.user_loader(_load)
    limiter = Limiter(get_remote_address, app=app)
    limit = limiter.limit(SIGN_IN_LIMIT, deduct_when=lambda response: response.status_code == 401)
    app.view_functions["auth.sign_in_now"] = limit(sign_in_now)
    app.before_request(guard)
    app.jinja_env.globals["me"] = lambda: g.get("actor")
