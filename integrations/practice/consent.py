"""The pages where a seller says yes: Amazon's and eBay's consent, with a name to type instead of a sign-in."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, redirect, render_template, request

from integrations.practice import tokens
from integrations.practice.current import world

blueprint = Blueprint("consent", __name__, template_folder="templates")

_SELLER = re.compile(r"[A-Za-z0-9_-]{1,64}")


@blueprint.route("/apps/authorize/consent", methods=["GET", "POST"])
def amazon() -> Response | tuple[str, int]:
    """Seller Central: `application_id`, `state`, `redirect_uri` in; `spapi_oauth_code`, `selling_partner_id` and the state out."""
    wrong = "application_id and state are needed" if not (request.values.get("application_id") and request.values.get("state")) else None
    return _asked("Amazon", wrong, request.values.get("redirect_uri", ""), lambda seller, code: {"spapi_oauth_code": code, "selling_partner_id": seller})


@blueprint.route("/oauth2/authorize", methods=["GET", "POST"])
def ebay() -> Response | tuple[str, int]:
    """eBay: `client_id`, `redirect_uri` (a RuName), `response_type`, `scope` in; `code` and the state out.

    A RuName names an address that was registered before. Here it spells it: `practice:` and the address.
    """
    name = request.values.get("redirect_uri", "")
    wrong = None
    if request.values.get("response_type") != "code" or "sell.inventory" not in request.values.get("scope", ""):
        wrong = "response_type=code and the scope sell.inventory are needed"
    elif not name.startswith("practice:"):
        wrong = "this RuName is not registered; on the practice eBay it is practice: and your address"
    return _asked("eBay", wrong, name.removeprefix("practice:"), lambda seller, code: {"code": code, "expires_in": "299"})


def _asked(marketplace: str, wrong: str | None, back: str, answer: Callable[[str, str], dict[str, str]]) -> Response | tuple[str, int]:
    parts = urlsplit(back)
    if wrong is None and (parts.scheme not in ("http", "https") or not parts.netloc):
        wrong = "the address to come back to is no web address"
    if wrong is not None:
        return render_template("consent.html", marketplace=marketplace, wrong=wrong), 400
    if request.method == "GET":
        return render_template("consent.html", marketplace=marketplace, wrong=None, asked=request.args), 200
    if request.form.get("answer") != "yes":
        return _back(back, {"error": "access_denied", "error_description": "the seller said no"})
    seller = request.form.get("seller", "")
    if not _SELLER.fullmatch(seller):
        return render_template("consent.html", marketplace=marketplace, wrong="a seller's name has letters, digits, - and _"), 400
    return _back(back, answer(seller, tokens.consent(world(), marketplace.lower(), seller)))


def _back(address: str, query: dict[str, str]) -> Response:
    state = request.values.get("state", "")
    joint = "&" if "?" in address else "?"
    answered = redirect(f"{address}{joint}{urlencode({**query, 'state': state})}", 302)
    assert isinstance(answered, Response)
    return answered
