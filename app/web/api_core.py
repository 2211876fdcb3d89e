"""How the REST API answers: an operation is data (`Operation`), one function serves them all, and lists are paged by cursor.

A cursor is where the last page ended, not a number of rows: what is added meanwhile neither repeats nor hides a line.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.routing import IntegerConverter, Map

from app.kit import Kit
from app.models.base import UTCDateTime
from app.web.auth import actor, who
from app.web.idempotency import Answer, fingerprint, once
from app.web.problems import wrong
from app.web.session import SAFE, kit, session

BODY_BYTES = 256 * 1024
MOST, USUAL = 200, 50
ROWS, BIG = 2**31 - 1, 2**63 - 1  # the largest row numbers that PostgreSQL compares without complaint


class RowNumber(IntegerConverter):
    """`int` in an address: what no row can have as its number is no such address (404)."""

    def __init__(self, map: Map, max: int = ROWS) -> None:
        super().__init__(map, max=max)


class Shape(BaseModel):
    """What goes out: read from rows by attribute."""

    model_config = ConfigDict(from_attributes=True)


class Wish(BaseModel):
    """What comes in: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Parameter:
    """One query parameter: its type, and what it is for."""

    kind: Any
    words: str


PAGING: Mapping[str, Parameter] = {
    "limit": Parameter(Annotated[int, Field(ge=1, le=MOST)], f"lines a page, {USUAL} where not given"),
    "cursor": Parameter(Annotated[str, Field(max_length=1000)], "`next` of the page before"),
}


@dataclass(frozen=True)
class Call:
    """One request, checked: what a view is given."""

    session: Session
    kit: Kit
    who: str
    key: Any
    query: Mapping[str, Any]
    body: Any


@dataclass(frozen=True)
class Operation:
    """One method on one address. `act` returns a Shape, or a whole page where `many`. A write's Shape is kept under its Idempotency-Key."""

    method: str
    path: str  # "/products/{sku}"
    name: str
    summary: str
    act: Callable[[Call], Any]
    answer: type[BaseModel]
    many: bool = False
    role: str = "viewer"
    body: type[BaseModel] | None = None
    query: Mapping[str, Parameter] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Made:
    """An answer with a status of its own."""

    status: int
    shape: BaseModel


class WrongField(Exception):
    """What was sent cannot be used; `problems` are (field, words)."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {words}" for name, words in problems))
        self.problems = problems


def serve(operation: Operation, path: Mapping[str, Any]) -> ResponseReturnValue:
    """Check role, query and body; act; answer. 403 for the role, 422 for what is wrong, named by its field."""
    if not actor().may(operation.role):
        abort(403, f"This needs the role {operation.role}; {actor().name} is {actor().role}.")
    key = next(iter(path.values()), None)
    try:
        query = _query(operation.query)
        body = None if operation.body is None else operation.body.model_validate_json(_raw())
        if request.method in SAFE:
            told = operation.act(Call(session(), kit(), who(), key, query, body))
            return jsonify(told if isinstance(told, dict) else _plain(told))
        return once(fingerprint(body), lambda: _write(operation, key, query, body))
    except ValidationError as error:
        return wrong(error)
    except WrongField as error:
        return wrong(error.problems)


def _write(operation: Operation, key: Any, query: Mapping[str, Any], body: Any) -> Answer:
    told = operation.act(Call(session(), kit(), who(), key, query, body))
    made = told if isinstance(told, Made) else Made(operation.status, told)
    return made.status, _plain(made.shape)


def _plain(shape: BaseModel) -> dict[str, Any]:
    return shape.model_dump(mode="json")


def _raw() -> bytes:
    request.max_content_length = BODY_BYTES
    raw = request.get_data(cache=False) or b"{}"
    if b"\\u0000" in raw:
        raise WrongField(("body", "the character U+0000 cannot be kept"))
    return raw


def _query(known: Mapping[str, Parameter]) -> dict[str, Any]:
    problems, found = [], {}
    for name, value in request.args.items():
        if name not in known:
            problems.append((name, f"is no parameter here; there are {', '.join(known) or 'none'}"))
            continue
        try:
            found[name] = TypeAdapter(known[name].kind).validate_strings(value)
        except ValidationError as error:
            problems.append((name, error.errors()[0]["msg"]))
    if problems:
        raise WrongField(*problems)
    return found


def page(call: Call, rows: sa.Select[Any], by: Sequence[InstrumentedAttribute[Any]], *, newest_first: bool = False) -> tuple[Sequence[Any], str | None]:
    """One page of a select in the order of `by` (together unique), and the cursor of the next page, None at the end."""
    limit = call.query.get("limit", USUAL)
    order = [column.desc() if newest_first else column.asc() for column in by]
    if "cursor" in call.query:
        last = sa.tuple_(*(sa.literal(value, column.type) for value, column in zip(_opened(call.query["cursor"], by), by, strict=True)))
        here = sa.tuple_(*by)
        rows = rows.where(here < last if newest_first else here > last)
    found = call.session.scalars(rows.order_by(None).order_by(*order).limit(limit + 1)).unique().all()
    more = len(found) > limit
    return found[:limit], _closed([getattr(found[limit - 1], column.key) for column in by]) if more else None


def _closed(values: Sequence[Any]) -> str:
    said = json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in values])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _opened(cursor: str, by: Sequence[InstrumentedAttribute[Any]]) -> list[Any]:
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(said, list) or len(said) != len(by):
            raise ValueError
        return [_typed(value, column) for value, column in zip(said, by, strict=True)]
    except (ValueError, TypeError, binascii.Error):
        raise WrongField(("cursor", "is not one that this list gave out")) from None


def _typed(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    if isinstance(column.type, UTCDateTime):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=at.tzinfo or UTC)
    largest = BIG if isinstance(column.type, sa.BigInteger) else ROWS
    fits = type(value) is int and 0 <= value <= largest if isinstance(column.type, sa.Integer) else type(value) is str and "\x00" not in value
    if not fits:
        raise ValueError
    return value
