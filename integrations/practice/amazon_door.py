"""The practice Amazon's door: tokens, error answers, and the parameters that every call reads."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from integrations.practice import tokens
from integrations.practice.clock import parse_iso
from integrations.practice.current import limits, world
from integrations.practice.faults import QUOTA, call_name
from integrations.practice.store import WHOLE, Listing

blueprint = Blueprint("amazon", __name__)


class Answer(Exception):
    """An error answer in Amazon's shape: {"errors": [{code, message, details}]}."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status, self.errors = status, [{"code": code, "message": message, "details": details}]


@blueprint.errorhandler(Answer)
def refuse(error: Answer) -> tuple[Response, int]:
    """The error as JSON."""
    return jsonify(errors=error.errors), error.status


@blueprint.after_request
def stamp(answer: Response) -> Response:
    """Headers that the real ones send with most answers."""
    answer.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    known = limits().documented.amazon.get(operation())
    if known is not None and (200 <= answer.status_code < 300 or answer.status_code in {400, 404}):
        answer.headers["x-amzn-RateLimit-Limit"] = str(float(known.rate))
    return answer


def operation() -> str:
    """The call's own name; a preview counts as what it previews."""
    return call_name(request.environ).removesuffix(".preview")


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only with a good access token, and not faster than is allowed; g.seller is who."""

    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        seller, why = tokens.holder(world(), "amazon", request.headers.get("x-amz-access-token"))
        if seller is None:
            details = {
                "missing": "Access token is missing in the request header.",
                "expired": "The access token you provided has expired.",
                "unknown": "The access token you provided is revoked, malformed or invalid.",
            }[why]
            raise Answer(403, "Unauthorized", "Access to requested resource is denied.", details)
        if kwargs.get("seller_id", seller) != seller:
            raise Answer(403, "Unauthorized", "Access to requested resource is denied.", "The seller is not the one who authorised this application.")
        if not limits().amazon(seller, tokens.application(request.headers.get("x-amz-access-token")), operation()):
            raise Answer(429, QUOTA["code"], QUOTA["message"])
        g.seller = seller
        return view(*args, **kwargs)

    return inner


@blueprint.post("/auth/o2/token")
def token() -> tuple[Response, int]:
    """Login with Amazon: a refresh token, or the code of a consent, for an access token."""
    if request.form.get("grant_type") == "authorization_code" and request.form.get("client_id") and request.form.get("client_secret"):
        given = tokens.exchange(world(), "amazon", request.form.get("code"), request.form["client_id"])
        if given is None:
            return jsonify(error="invalid_grant", error_description="The request has an invalid grant parameter : code"), 400
        life = int(world().hidden.timing.token_life)
        return jsonify(access_token=given[1], refresh_token=given[0], token_type="bearer", expires_in=life), 200  # noqa: S106
    if request.form.get("grant_type") != "refresh_token":
        return jsonify(error="unsupported_grant_type", error_description="The authorization grant type is not supported by the authorization server"), 400
    if not request.form.get("client_id") or not request.form.get("client_secret"):
        return jsonify(error="invalid_client", error_description="Client authentication failed"), 401
    refresh = request.form.get("refresh_token")
    text = tokens.issue(world(), "amazon", refresh, request.form["client_id"])
    if text is None:
        return jsonify(error="invalid_grant", error_description="The request has an invalid grant parameter : refresh_token"), 400
    return jsonify(access_token=text, refresh_token=refresh, token_type="bearer", expires_in=int(world().hidden.timing.token_life)), 200  # noqa: S106


# -- parameters


def marketplaces() -> list[str]:
    """The marketplaceIds of the query; 400 where missing or unknown."""
    ids = [part for value in request.args.getlist("marketplaceIds") for part in value.split(",") if part]
    if not ids:
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'marketplaceIds' is required")
    for one in ids:
        if one not in world().hidden.sites.amazon:
            raise Answer(400, "InvalidInput", f"Invalid marketplace id '{one}'.", "marketplaceIds")
    return ids


def included(default: str) -> set[str]:
    """The includedData of the query, given as csv or repeated."""
    return {part for value in request.args.getlist("includedData") or [default] for part in value.split(",")}


_OWN = (
    select(Listing)
    .where(Listing.connector == "amazon", Listing.state == "active", Listing.seller == bindparam("seller"))
    .where(Listing.marketplace == bindparam("site"), Listing.sku == bindparam("sku"))
    .options(*WHOLE)
)


def find(session: Session, marketplace_id: str, sku: str) -> Listing | None:
    """The seller's own listing that is there now."""
    site = world().hidden.sites.amazon[marketplace_id]
    return session.scalars(_OWN, {"seller": g.seller, "site": site, "sku": sku}).unique().first()


def csv(name: str) -> list[str]:
    """A list parameter, given as csv or repeated."""
    return [part for value in request.args.getlist(name) for part in value.split(",") if part]


def number(name: str, default: int) -> int:
    """A whole number of the query; 400 otherwise."""
    try:
        return int(request.args.get(name, default))
    except ValueError:
        raise Answer(400, "InvalidInput", f"{name} must be a number.", name) from None


def moment(name: str) -> float:
    """A time of the query; 400 otherwise."""
    try:
        return parse_iso(request.args[name].replace(" ", "+"))
    except ValueError:
        raise Answer(400, "InvalidInput", f"{name} must be an ISO 8601 time.", name) from None
