"""REST API `/api/v1`: the table of operations becomes routes; a signed-in person or an API key may ask, each role as far as it reaches."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from app.web import api_document
from app.web.api_core import ROWS, Operation, serve
from app.web.auth import KEY, states

CONVERTERS = {"id": f"int(max={ROWS})", "sku": "path"}  # a SKU may hold slashes

bp = states(Blueprint("api", __name__, url_prefix="/api/v1"), KEY)


def _route(operation: Operation) -> None:
    def view(**path: Any) -> ResponseReturnValue:
        return serve(operation, path)

    rule = re.sub(r"{(\w+)}", lambda name: f"<{CONVERTERS.get(name[1], 'string')}:{name[1]}>", operation.path)
    bp.add_url_rule(rule, operation.name, view, methods=[operation.method])


for _operation in api_document.OPERATIONS:
    _route(_operation)


@bp.record_once
def _beside(state: BlueprintSetupState) -> None:
    """The document is open to everybody, so it is a blueprint of its own; whoever takes the API takes it too."""
    state.app.register_blueprint(api_document.bp)
