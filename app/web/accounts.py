"""Seller accounts: what they may write, stopping and resuming, a harmless test, new credentials. Secrets go in and never come out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import integrations
from app import accounts, controls, preflight, views
from app import connect as connecting
from app.errors import Refusal
from app.models import Account
from app.web import queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("accounts", __name__, url_prefix="/accounts")


@bp.get("/")
def index() -> ResponseReturnValue:
    return render_template(
        "accounts.html",
        accounts=queries.accounts(session()),
        bars=views.marketplace_bars(session()),
        stopped=controls.is_stopped(session()),
        default=accounts.DEFAULT_POLICY,
        needed=_fields,
    )


@bp.get("/new")
@needs("admin")
def new() -> ResponseReturnValue:
    marketplace = request.args.get("marketplace", "")
    site = integrations.SITES.get(marketplace)
    application = integrations.consent.FIELDS.get(site.connector, ()) if site else ()
    return render_template(
        "account_new.html", sites=integrations.SITES, site=site, fields=_fields(marketplace), application=application, back=_come_back(), practice=_practice()
    )


@bp.post("/connect")
@needs("admin")
def connect() -> ResponseReturnValue:
    """Where to go next is shown as a link: a form may not lead out of this site."""
    form, practice = request.form, request.form.get("practice", "")
    marketplace = form.get("marketplace", "")
    site = integrations.SITES.get(marketplace) or abort(404, "There is no such marketplace.")
    application = {name: form.get(f"credential_{name}", "").strip() for name in integrations.consent.FIELDS.get(site.connector, ())}
    endpoints = accounts.practice_endpoints(site.connector, practice) if practice and practice == _practice() else {}
    wanted = connecting.Wanted(f"{marketplace}:{form.get('name', '').strip()}", application, endpoints, bool(endpoints))
    return _leave(wanted)


@bp.post("/<key>/connect")
@needs("admin")
def connect_again(key: str) -> ResponseReturnValue:
    return _leave(connecting.again(kit(), _account(key)))


@bp.get("/connected")
@needs("admin")
def connected() -> ResponseReturnValue:
    """The seller comes back from the marketplace: the state they carry is what this request is trusted for."""
    key = connecting.finish(kit(), request.args.to_dict(), who())
    flash(f"{key} is connected.")
    return _back(key)


def _leave(wanted: connecting.Wanted) -> ResponseReturnValue:
    address = connecting.begin(session(), kit(), wanted, _come_back(), who())
    return render_template("account_consent.html", key=wanted.key, address=address, host=urlsplit(address).netloc, back=_come_back())


def _come_back() -> str:
    """Where the marketplace sends people back to; registered there beforehand."""
    return url_for(".connected", _external=True)


def _practice() -> str:
    """The address of the practice marketplaces beside this installation; empty where there are none."""
    with kit().db.reading() as reading:
        tokens = [account.endpoints.get("token", "") for account in queries.accounts(reading) if account.practice]
    return next(filter(None, tokens), "").partition("/auth/")[0].partition("/identity/")[0]


@bp.post("/new")
@needs("admin")
def add() -> ResponseReturnValue:
    marketplace, name = request.form.get("marketplace", ""), request.form.get("name", "").strip()
    account = accounts.add_account(
        session(), kit(), f"{marketplace}:{name}", seller_id=request.form.get("seller_id", ""), credentials=_credentials(marketplace), who=who()
    )
    flash(f"{account.key} is here. It asks before each write until you confirm its first import.")
    return redirect(url_for(".index"), 303)


@bp.post("/<key>/policy")
@needs("admin")
def policy(key: str) -> ResponseReturnValue:
    form = request.form
    try:
        wait_s = round(float(form.get("wait_min", "")) * 60)
    except (ValueError, OverflowError):  # no number, `nan`; `inf`
        raise Refusal(f"{key}: the wait is a number of minutes") from None
    accounts.set_policy(
        session(),
        kit(),
        _account(key),
        who(),
        publish=form.get("publish", ""),
        repair=form.get("repair", ""),
        create=form.get("create") == "yes",
        wait_s=wait_s,
        images_per_day=_number(form.get("images_per_day", "").strip()),
    )
    flash(f"{key}: policy kept.")
    return _back(key)


def _number(text: str) -> int | None:
    """A whole number, None for an empty field."""
    try:
        return int(text) if text else None
    except ValueError:
        raise Refusal("new pictures a day is a whole number, or empty for as many as there are") from None


@bp.post("/<key>/stop")
@needs("operator")
def stop(key: str) -> ResponseReturnValue:
    controls.stop(session(), kit(), who(), _account(key), request.form.get("why", "").strip())
    flash(f"{key} is stopped: nothing is written there until somebody resumes it.")
    return _back(key)


@bp.post("/<key>/resume")
@needs("operator")
def resume(key: str) -> ResponseReturnValue:
    controls.resume(session(), kit(), who(), _account(key))
    flash(f"{key} goes on.")
    return _back(key)


@bp.post("/<key>/confirm")
@needs("admin")
def confirm(key: str) -> ResponseReturnValue:
    accounts.confirm_import(session(), kit(), _account(key), who())
    flash(f"{key}: first import confirmed. Its policy may be automatic now.")
    return _back(key)


@bp.post("/<key>/credentials")
@needs("admin")
def credentials(key: str) -> ResponseReturnValue:
    account = _account(key)
    accounts.set_credentials(session(), kit(), account, who(), _credentials(account.marketplace))
    flash(f"{key} has new credentials." + (" They are tried now; it goes on once they are accepted." if account.paused else ""))
    return _back(key)


@bp.post("/<key>/test")
@needs("operator")
def test(key: str) -> ResponseReturnValue:
    """Slow: the marketplace is asked while no transaction is open."""
    with kit().db.reading() as reading:
        account = accounts.find_account(reading, key)
        reading.expunge(account)
    (_, answer), (_, pictures) = accounts.test_account(kit(), account), preflight.test_pictures(kit(), account)
    sentence = f"{answer} {pictures}".strip()
    if request.headers.get("HX-Request"):
        return render_template("parts/said.html", words=sentence)
    flash(sentence)
    return _back(key)


def _account(key: str) -> Account:
    try:
        return accounts.find_account(session(), key)
    except Refusal as refusal:
        abort(404, str(refusal))


def _fields(marketplace: str) -> tuple[str, ...]:
    """The names of the credentials that a marketplace needs."""
    site = integrations.SITES.get(marketplace)
    return accounts.NEEDED.get(site.connector, ()) if site else ()


def _credentials(marketplace: str) -> dict[str, str]:
    return {name: request.form.get(f"credential_{name}", "") for name in _fields(marketplace)}


def _back(key: str) -> ResponseReturnValue:
    return redirect(url_for(".index", _anchor=key), 303)
