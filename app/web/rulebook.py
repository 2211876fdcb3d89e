"""The rules in force, and changing them: paste or upload an overlay, see what it would do, put it in force."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import rules
from app import activation, rulebook
from app.models import RuleActivation
from app.simulation import Line, Simulation
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("rulebook", __name__, url_prefix="/rules")

MOST_BYTES = 1_000_000  # as much as the loader reads
SHOWN = 60  # changed pictures on the page


@bp.before_app_request
def allow_long_text() -> None:
    """A rules file may be longer than other forms. Before the guard, which reads the form."""
    if request.blueprint == bp.name:
        request.max_form_memory_size = MOST_BYTES + 100_000
        request.max_content_length = 4 * request.max_form_memory_size


@bp.get("/")
def index() -> ResponseReturnValue:
    file = request.args.get("file", "amazon.yaml")
    if file not in activation.FILES:
        abort(404, f"There is no rules file {file}; there are {', '.join(activation.FILES)}.")
    return _page(file, rulebook.kept_overlay(session()).get(file, ""))


@bp.post("/simulate")
@needs("operator")
def simulate() -> ResponseReturnValue:
    """Read the overlay and show what it would do; nothing is changed."""
    file, text = _given()
    try:
        _, told = activation.rehearse(kit(), {file: text}, listed=SHOWN)
    except rules.RuleError as error:
        return _page(file, text, problems=error.problems), 422
    return _page(file, text, result=Result(told, activation.blocked(told, kit().settings)))


@bp.post("/activate")
@needs("operator")
def activate() -> ResponseReturnValue:
    """Put in force what was simulated; the same block as on the command line."""
    file, text = _given()
    why = request.form.get("why", "").strip()[:1000]
    try:
        done, told = activation.activate(kit(), {file: text}, who(), why, force=bool(request.form.get("force")), expected=request.form.get("expected", ""))
    except rules.RuleError as error:
        return _page(file, text, problems=error.problems), 422
    flash(f"In force now: rules {told.after[:12]}. Every picture is judged again." if done else "These rules are in force already.")
    return redirect(url_for(".index", file=file), 303)


@dataclass(frozen=True)
class Result:
    """A simulation as the page shows it."""

    told: Simulation
    against: str  # why it needs a reason; empty where it does not

    @property
    def failing(self) -> list[Line]:
        return [line for line in self.told.lines if line.fails]

    @property
    def passing(self) -> list[Line]:
        return [line for line in self.told.lines if not line.fails]


def _given() -> tuple[str, str]:
    """The file's name and its text: uploaded, else pasted."""
    file = request.form.get("file", "")
    if file not in activation.FILES:
        abort(400, f"Choose one of {', '.join(activation.FILES)}.")
    uploaded = request.files.get("upload")
    if uploaded is None or not uploaded.filename:
        return file, request.form.get("text", "").replace("\r\n", "\n")
    data = uploaded.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        abort(413, "A rules file of more than 1 MB is not read.")
    try:
        return file, data.decode()
    except UnicodeDecodeError as error:
        abort(400, f"{uploaded.filename} is not UTF-8 text (byte {error.start}).")


def _page(file: str, text: str, *, problems: tuple[str, ...] = (), result: Result | None = None) -> str:
    with kit().db.reading() as reading:
        newest = reading.scalars(sa.select(RuleActivation).order_by(RuleActivation.id.desc()).limit(10)).all()
        own = rulebook.kept_overlay(reading)
    tabs = [(name, url_for(".index", file=name), name == file, own.get(name, "").count("- id:") or None) for name in activation.FILES]
    return render_template("rules.html", file=file, own_tabs=tabs, text=text, problems=problems, result=result, history=newest)
