"""POST /hooks/inventory: the inventory system tells what happened. Signature on the raw bytes -> rows -> 202. No work in the request.

POST /hooks/amazon: Amazon's notifications, by a rule of Amazon EventBridge; a hint, known by a secret in its header, that has a listing looked at sooner.
"""

from __future__ import annotations

import hmac

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

import integrations
from app.accounts import hook_secret
from app.stages import watch
from app.stages.inventory import apply_event
from app.web.auth import SIGNED, states
from app.web.errors import problem
from app.web.idempotency import again_if_beaten
from app.web.problems import wrong
from app.web.session import kit, session
from integrations import inventory

LIMIT_BYTES = 256 * 1024
ID_MAXIMUM = 255
HINT_HEADER = "X-Packshot-Secret"

bp = states(Blueprint("hooks", __name__, url_prefix="/hooks"), SIGNED)


@bp.post("/inventory")
def take_event() -> ResponseReturnValue:
    """202 committed; 200 the same webhook-id again; 401 signature or age; 404 unknown SKU; 413 over 256 kB; 422 the field that is wrong."""
    request.max_content_length = LIMIT_BYTES  # also for a body that does not say how long it is
    raw = request.get_data(cache=False)
    try:
        event_id = inventory.verify(kit().settings.webhook_secret.get_secret_value(), dict(request.headers), raw)
    except inventory.BadSignature as error:
        return problem(401, f"This delivery is not accepted: {error}")
    if not event_id or len(event_id) > ID_MAXIMUM:
        return wrong((("webhook-id", f"1 to {ID_MAXIMUM} characters"),))
    if b"\\u0000" in raw:
        return wrong((("body", "the character U+0000 cannot be kept"),))
    try:
        event = inventory.parse_event(None, raw)
    except inventory.InvalidEvent as error:
        return wrong(error.problems)
    effect = again_if_beaten(lambda: apply_event(session(), kit(), event, event_id))
    if effect == "unknown-sku":
        return problem(404, f"No product has the SKU {event.sku!r}; send sku.created first.", field="data.sku")
    if effect == "duplicate":
        return jsonify(status="duplicate"), 200
    return jsonify(status="accepted"), 202


@bp.post("/amazon")
def take_hint() -> ResponseReturnValue:
    """202 with the number of listings that will be looked at, 0 for what is not about a listing of ours; 401 without the secret; 413; 422 for no JSON."""
    request.max_content_length = LIMIT_BYTES
    raw = request.get_data(cache=True)
    expected = hook_secret(kit())
    if not hmac.compare_digest(request.headers.get(HINT_HEADER, "").encode(), expected.encode()):
        return problem(401, f"This notification is not accepted: the header {HINT_HEADER} lacks the secret (`packshot accounts hook` prints it).")
    message = request.get_json(silent=True, force=True) if raw else None
    if not isinstance(message, dict):
        return wrong((("body", "a JSON object"),))
    hint = integrations.amazon_hint(message)
    woken = watch.hinted(session(), kit(), hint) if hint is not None else 0
    return jsonify(status="accepted", listings=woken), 202
