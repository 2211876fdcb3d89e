"""Previews for signed-in people: small, upright, cached; originals and finished files never leave in full size here."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from app import images
from app.errors import Refusal
from app.web.session import kit

bp = Blueprint("pictures", __name__)


@bp.get("/pictures/<kind>/<sha256>")
def preview(kind: str, sha256: str) -> Response:
    try:
        data = images.preview(kit(), kind, sha256, request.args.get("w", 320, type=int))
    except Refusal as refusal:
        abort(404, str(refusal))
    response = Response(data, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"  # known by its hash: it never changes
    return response
