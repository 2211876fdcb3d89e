"""422 answers that name each field that is wrong, made from what the checks of pydantic say."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response
from pydantic import ValidationError

from app.web.errors import problem

MOST = 50


def wrong(problems: ValidationError | Sequence[tuple[str, str]]) -> Response:
    """A 422 with `errors` [{field, message}] and, for the first of them, `field`. Never repeats what was sent."""
    pairs = _pairs(problems) if isinstance(problems, ValidationError) else problems
    errors = [{"field": field, "message": words} for field, words in pairs[:MOST]]
    return problem(422, "; ".join(f"{field}: {words}" for field, words in pairs)[:1000], field=errors[0]["field"], errors=errors)


def _pairs(error: ValidationError) -> list[tuple[str, str]]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [(".".join(map(str, item["loc"])) or "body", item["msg"].removeprefix("Value error, ")) for item in found]
