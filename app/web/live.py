"""Pages follow what happens without a reload: a cheap question, `has anything happened?`, asked every few seconds.

Polling, not server-sent events: an open stream would hold one of waitress's few threads per open page. The answer is two index
look-ups and some bytes; the page fetches itself again only when the mark has changed.
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.web import queries
from app.web.session import session

bp = Blueprint("live", __name__)


@bp.get("/live/counts")
def counts() -> Response:
    """How many cases wait behind each entry of the menu, by its words."""
    found = queries.nav_counts(session())
    return jsonify({"Review": found["review"], "Unmatched": found["tray"], "Notices": found["notices"], "Lessons": found["lessons"]})


@bp.get("/live")
def mark() -> Response:
    """A mark that changes with every event and every arrival."""
    return Response(queries.live_mark(session()), mimetype="text/plain")
