"""`Idempotency-Key` on writes: the same key with the same request gets the same answer and no second effect.

The answer is kept in the very transaction of its effect, so there is never one without the other. Errors are not kept: nothing happened.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, jsonify, request
from sqlalchemy.exc import IntegrityError

from app.models import IdempotentAnswer
from app.web.auth import who
from app.web.errors import problem
from app.web.session import discard, kit, session

Answer = tuple[int, dict[str, Any]]
T = TypeVar("T")

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def fingerprint(*parts: object) -> str:
    """The SHA-256 of what a request asks for: its method, its address and these parts, whatever their framing was on the wire."""
    said = json.dumps([request.method, request.path, request.query_string.decode("latin-1"), *parts], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def once(asked: str, act: Callable[[], Answer]) -> Response:
    """Act, unless this caller's key says that it was done before: then the kept answer. 409 if the key came with another request, 400 if it is no key."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        return problem(400, "Idempotency-Key: 1 to 255 printable characters without spaces.", field="Idempotency-Key")

    def look_and_act() -> Response:
        if key is not None and (kept := _kept(key, asked)) is not None:
            return kept
        status, body = act()
        if key is not None:
            session().add(IdempotentAnswer(who=who(), key=key, request_sha256=asked, status=status, body=body, at=kit().now()))
        session().flush()
        return _json(status, body)

    return again_if_beaten(look_and_act)


def again_if_beaten(act: Callable[[], T]) -> T:
    """Act; if somebody else wrote the same row at the same moment (PostgreSQL lets two begin), undo ours and act once more, now seeing theirs."""
    try:
        return act()
    except IntegrityError:
        discard()
        return act()


def _kept(key: str, asked: str) -> Response | None:
    row = session().get(IdempotentAnswer, (who(), key))
    if row is None:
        return None
    if row.request_sha256 != asked:
        return problem(409, "This Idempotency-Key was used for another request.", field="Idempotency-Key")
    response = _json(row.status, row.body)
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _json(status: int, body: dict[str, Any]) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response
