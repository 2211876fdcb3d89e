"""The one database session of a request: reading for GET, writing for the rest; committed before the answer leaves.

A view says `session()` and changes rows; an answer below 400 commits, any other rolls back. So a 2xx means: it is kept.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from app.kit import Kit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def kit() -> Kit:
    """The kit of the application that answers."""
    found: Kit = current_app.extensions["packshot"]
    return found


def session() -> Session:
    """The request's session, opened on first use: one that cannot write under GET, else one that will commit."""
    if "db_session" not in g:
        g.db_session = kit().db.open(read_only=request.method in SAFE)
    held: Session = g.db_session
    return held


def discard() -> None:
    """Forget what the request changed: whatever is answered now, nothing is kept."""
    if "db_session" in g:
        g.db_session.rollback()


def _settle(response: Response) -> Response:
    if "db_session" in g:
        if request.method not in SAFE and response.status_code < 400:
            g.db_session.commit()
        else:
            g.db_session.rollback()
    return response


def _close(_error: BaseException | None) -> None:
    held = g.pop("db_session", None)
    if held is not None:
        held.close()


def init_app(app: Flask) -> None:
    """Settle before answering, close after."""
    app.after_request(_settle)
    app.teardown_appcontext(_close)
