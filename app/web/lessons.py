"""Lessons: a rule change that notices call for, in words, with its evidence. A person accepts or declines, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.models import Lesson
from app.stages import learn
from app.web import queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("lessons", __name__, url_prefix="/lessons")

WIDTH, LEFT, RIGHT = 640.0, 20.0, 20.0  # of the plot, in its own units


@bp.get("/")
def index() -> ResponseReturnValue:
    decided = request.args.get("show") == "decided"
    return render_template("lessons.html", page=queries.lessons(session(), decided=decided, number=request.args.get("page", 1, type=int)), decided=decided)


@bp.get("/<int:number>")
def lesson(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    return render_template("lesson.html", lesson=found, plot=_plot(found))


@bp.post("/<int:number>/accept")
@needs("operator")
def accept(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    learn.accept(session(), kit(), found, who())
    flash("Accepted. The rules are in force now, and every picture is judged again.")
    return redirect(url_for(".lesson", number=number), 303)


@bp.post("/<int:number>/decline")
@needs("operator")
def decline(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    learn.decline(session(), kit(), found, who(), request.form.get("reason", "").strip())
    flash("Declined. The rules stay as they are.")
    return redirect(url_for(".lesson", number=number), 303)


@dataclass(frozen=True)
class Mark:
    """A value on the axis."""

    x: float
    y: float
    value: float


@dataclass(frozen=True)
class Plot:
    """Where values lie between the old limit and the new: pictures in use, and those that were complained of."""

    used: list[Mark]
    against: list[Mark]
    old: Mark | None
    new: Mark | None
    ticks: list[Mark]
    caught: int  # pictures in use that the new limit would send to a person


def _plot(lesson: Lesson) -> Plot | None:
    proposal = lesson.proposal
    values = [float(e["value"]) for e in lesson.evidence if _is_number(e.get("value"))]
    if not proposal.get("fact") or not values:
        return None
    positions = {e.get("position") for e in lesson.evidence}
    used = queries.values_of_fact(session(), proposal["fact"], lesson.authority, "main" if positions == {"main"} else None)
    old, new = (float(proposal[name]) if _is_number(proposal.get(name)) else None for name in ("old_limit", "new_limit"))
    return plot(used, values, old, new)


def plot(used: Sequence[float], against: Sequence[float], old: float | None, new: float | None) -> Plot:
    """Coordinates of a strip plot. `caught` counts on the side of the limit on which the complaints lie."""
    everything = [*used, *against, *(v for v in (old, new) if v is not None)]
    low, high = min(everything), max(everything)
    room = (high - low) * 0.06 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room

    def mark(value: float, y: float = 0.0) -> Mark:
        return Mark(round(LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1), y, value)

    def stacked(values: Sequence[float], base: float, step: float) -> list[Mark]:
        heights: dict[int, int] = {}
        marks = []
        for value in sorted(values):
            column = int(mark(value).x // 6)
            heights[column] = heights.get(column, -1) + 1
            marks.append(mark(value, round(base - step * min(heights[column], 7), 1)))
        return marks

    below = new is not None and sum(against) / len(against) < new
    caught = 0 if new is None else sum(1 for v in used if (v < new if below else v > new))
    ticks = [mark(low + (high - low) * n / 4) for n in range(5)]
    return Plot(stacked(used, 62, 5), stacked(against, 100, 8), None if old is None else mark(old), None if new is None else mark(new), ticks, caught)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
