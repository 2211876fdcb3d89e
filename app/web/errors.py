"""One shape of error for each reader: a page with words for people, RFC 9457 problem details for programs (`/api`, `/hooks`)."""

from __future__ import annotations

import json
from http import HTTPStatus

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from app.errors import Refusal
from app.secretbox import SecretsLost
from app.store import StoreError
from app.web.session import discard

log = structlog.get_logger()

FOR_PROGRAMS = ("/api", "/hooks")
WORDS = {
    400: "That request was not complete",
    401: "Please sign in",
    403: "Not with your role",
    404: "There is nothing here",
    405: "That cannot be done at this address",
    409: "That cannot be done now",
    413: "That is too large",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "Not available at the moment",
}
WHAT_NOW = {
    403: "Ask an admin under People, or sign in as somebody else.",
    404: "The address is wrong, or what it named is no longer here. Find a SKU or a title above.",
    405: "Go back and use the page's own buttons.",
    429: "Wait a minute, then try again. After many wrong passwords it may take an hour.",
}
STALE = "This form has become stale, or another sign-in has taken its place. Nothing was done: load the page again and send it once more."
OURS = "The fault is on our side and has been written down. Nothing of this request was kept; please try again."
AWAY = "The database or the picture store does not answer. Nothing of this request was kept; it can be repeated in a moment."


def problem(status: int, detail: str = "", **more: object) -> Response:
    """An RFC 9457 answer. `more` are extension members: `errors`, `field` ..."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail or WORDS.get(status, ""), **more}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def answer(status: int, detail: str = "") -> Response:
    """The error in the shape that this request's reader understands."""
    if request.path.startswith(FOR_PROGRAMS):
        return problem(status, detail)
    detail = detail or WHAT_NOW.get(status, "")
    if request.headers.get("HX-Request"):
        response = make_response(render_template("parts/refusal.html", title=WORDS.get(status, "That did not work"), detail=detail), status)
        response.headers["HX-Retarget"], response.headers["HX-Reswap"], response.headers["HX-Reselect"] = "#said", "innerHTML", ".refused"
        return response
    return make_response(render_template("error.html", status=status, title=WORDS.get(status, "That did not work"), detail=detail), status)


def _http(error: HTTPException) -> Response:
    if isinstance(failed := getattr(error, "original_exception", None), OperationalError | StoreError):  # as late as the commit
        return _away(failed)
    discard()
    if error.code is None or error.code < 400:  # a redirect that werkzeug raised
        return make_response(error.get_response())
    response = answer(error.code, _words_of(error))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _words_of(error: HTTPException) -> str:
    """What our own code said of it; nothing where a library did."""
    if isinstance(error, CSRFError):
        return STALE
    if isinstance(error, RateLimitExceeded) or error.description == type(error).description:
        return ""
    return error.description or ""


def _refusal(error: Refusal | SecretsLost) -> Response:
    discard()
    return answer(409, str(error))


def _away(error: Exception) -> Response:
    discard()
    log.error("away", path=request.path, error=type(error).__name__)
    return answer(503, AWAY)


def _unexpected(error: Exception) -> Response:
    discard()
    log.exception("unexpected", path=request.path, method=request.method)
    return answer(500, OURS)


def init_app(app: Flask) -> None:
    """Every error leaves through here; none shows a traceback or the database's words."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(SecretsLost, _refusal)
    app.register_error_handler(OperationalError, _away)
    app.register_error_handler(StoreError, _away)
    app.register_error_handler(Exception, _unexpected)
