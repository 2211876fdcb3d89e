"""/media/<name>: finished pictures where marketplaces fetch them. Public, unguessable, never changing: new content has a new name."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from app.store import FOR_EVER, StoreError
from app.web.auth import PUBLIC, states
from app.web.session import kit

NAME = re.compile(r"([0-9a-f]{40})\.(jpg|png)")
MIME = {"jpg": "image/jpeg", "png": "image/png"}  # of the formats that a recipe may ask for

bp = states(Blueprint("media", __name__), PUBLIC)


@bp.get("/media/<path:name>")
def picture(name: str) -> ResponseReturnValue:
    """A finished file by its keyed name; 404 for anything else, in the same words, so that guessing learns nothing."""
    known = NAME.fullmatch(name)
    if known is None:
        return _plain(404, "not found")
    try:
        data = kit().media.store.read(name)
    except StoreError as error:
        return _plain(404, "not found") if isinstance(error.__cause__, FileNotFoundError) else _plain(503, "not available at the moment")
    response = Response(data, mimetype=MIME[known[2]])
    response.headers["Cache-Control"] = FOR_EVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(known[1])
    return response.make_conditional(request, accept_ranges=True, complete_length=len(data))


def _plain(status: int, words: str) -> Response:
    response = Response(words, status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"  # it may be published the next moment
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
