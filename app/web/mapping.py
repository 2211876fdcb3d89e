"""How new listings are made, per account: what each category lacks there, and where its attributes come from. Nobody waits long for a marketplace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from typing import Any, TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import integrations
from app import accounts, mapping
from app.errors import Refusal
from app.models import Account
from app.web.auth import needs, who
from app.web.session import kit, session

LONGEST_S = 6.0  # a person waits for suggestions so long
SEVERAL = " | "  # between several constants of one attribute
SKUS = 8  # named at each gap

bp = Blueprint("mapping", __name__, url_prefix="/accounts/<key>/listing")
_asking = ThreadPoolExecutor(4, "suggestions")  # a marketplace that hangs holds these, never the threads of the web

T = TypeVar("T")


@bp.get("")
def index(key: str) -> ResponseReturnValue:
    account = _account(key)
    told = mapping.categories(session(), kit(), account)
    old = [category.name for category in told if mapping.is_old(category, kit().now())]
    return render_template("mapping.html", account=account, categories=told, old=old, most=SKUS)


@bp.post("/ask")
@needs("operator")
def ask(key: str) -> ResponseReturnValue:
    """Have the marketplace asked; the answer comes to the page by itself."""
    names = request.form.getlist("name") or None
    mapping.ask(session(), kit(), _account(key), names)
    return redirect(url_for(".index", key=key), 303)


@bp.get("/category")
def category(key: str) -> ResponseReturnValue:
    account, name, words = _account(key), request.args.get("name", ""), request.args.get("words", "").strip()
    found_here = mapping.categories(session(), kit(), account, name)
    if not found_here:
        abort(404, f"No product has the category {name!r}.")
    try:
        lines = mapping.table(session(), kit(), account, name)
    except Refusal:  # the category says why
        lines = None
    found, said = suggested(key, words)
    return render_template(
        "mapping_category.html",
        account=account,
        category=found_here[0],
        table=lines,
        words=words,
        found=found,
        said=said,
        several=SEVERAL,
        most=SKUS,
    )


@bp.get("/kinds")
def kinds(key: str) -> ResponseReturnValue:
    """Suggestions as somebody types: a part of the page."""
    _account(key)
    words = request.args.get("words", "").strip()
    found, said = suggested(key, words)
    return render_template("parts/kinds.html", found=found, said=said, current=request.args.get("current", ""))


@bp.post("/category")
@needs("admin")
def save(key: str) -> ResponseReturnValue:
    form, account = request.form, _account(key)
    name = form.get("name", "")
    known = next((category.rows for category in mapping.categories(session(), kit(), account, name)), {})
    mapping.set_mapping(session(), kit(), account, name, form.get("kind", ""), rows_of(form, known), who())
    flash(f"Kept: {name or 'products without a category'} on {key}. What was refused before is tried again with it.")
    return redirect(url_for(".category", key=key, name=name), 303)


def rows_of(form: Any, known: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rows of the mapping: as the form says them, and what it does not show (a row, a word of theirs, a unit) as it was known. Nothing: no row."""
    shown = {attribute for field, attribute in form.items() if re.fullmatch(r"attribute-(\d+|new)", field)}
    rows: dict[str, Mapping[str, Any]] = {name: row for name, row in known.items() if name not in shown}
    for field, attribute in form.items():
        number = re.fullmatch(r"attribute-(\d+|new)", field)
        if number is None or not attribute:
            continue
        how, value = form.get(f"how-{number[1]}", ""), form.get(f"value-{number[1]}", "").strip()
        before = known.get(attribute, {})
        said = form.get(f"unit-{number[1]}", before.get("unit", "")).strip()
        unit = {"unit": said} if said else {}
        pairs = zip(form.getlist(f"ours-{number[1]}"), form.getlist(f"theirs-{number[1]}"), strict=False)
        words = {**(before.get("words") or {} if before.get("from") == how else {}), **dict(pairs)}
        words = {ours: theirs for ours, theirs in words.items() if ours and theirs}
        if how == "value" and value:
            parts = [part.strip() for part in value.split(SEVERAL.strip()) if part.strip()]
            rows[attribute] = {"value": parts if len(parts) > 1 else value, **unit}
        elif how not in ("", "value"):
            rows[attribute] = {"from": how, **({"words": words} if words else {}), **unit}
    return rows


def suggested(key: str, words: str) -> tuple[list[tuple[str, str]], str]:
    """What the marketplace finds for a person's words, and what to say where it does not answer. No transaction is open while it is asked."""
    if not words:
        return [], ""
    house = kit()
    with house.db.reading() as reading:
        account = accounts.find_account(reading, key)
        reading.expunge(account)
    try:
        found = _within(LONGEST_S, lambda: mapping.connector_of(house, account).suggestions(words[:100]))
    except TookTooLong:
        return [], f"{key} has not answered within {LONGEST_S:.0f} seconds; try again in a moment."
    except integrations.NotAuthorised as error:
        return [], integrations.redact(f"{key} does not accept our credentials: {error}")
    except integrations.TryLater as error:
        return [], integrations.redact(f"{key} does not answer now: {error}")
    except (integrations.IntegrationError, Refusal) as error:
        return [], integrations.redact(f"{key} answered and declined: {error}")
    return found[:12], "" if found else f"{key} knows no kind of product for “{words}”; try another word."


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """The answer, if it comes in time. Raises TimeoutError; a call that was not begun by then is never made."""
    future = _asking.submit(ask)
    try:
        return future.result(seconds)
    except TookTooLong:
        future.cancel()
        raise


def _account(key: str) -> Account:
    try:
        return accounts.find_account(session(), key)
    except Refusal as refusal:
        abort(404, str(refusal))
