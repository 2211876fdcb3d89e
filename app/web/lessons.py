"""Lessons: a rule change that notices call for, in words, with its evidence. A person accepts or declines, with a reason."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import rules
from app import rulebook
from app.models import Lesson
from app.stages import learn
from app.states import LessonState
from app.web import plot, queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("lessons", __name__, url_prefix="/lessons")


@bp.get("/")
def index() -> ResponseReturnValue:
    show = request.args.get("show", "")
    show = show if show in ("gathering", "decided") else ""
    return render_template("lessons.html", page=queries.lessons(session(), show=show, number=request.args.get("page", 1, type=int)), show=show)


@bp.get("/<int:number>")
def lesson(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    proposed = (found.weighed.get("outcome") == "propose") if found.weighed else False
    return render_template(
        "lesson.html",
        lesson=found,
        w=found.weighed,
        plot=plot.of_lesson(found.weighed, proposed),
        shown=learn.fingerprint(found),
        preview=learn.preview(session(), kit(), found) if found.state in learn.OPEN else None,
        changed=_changed(found),
    )


@bp.post("/<int:number>/accept")
@needs("operator")
def accept(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    learn.accept(session(), kit(), found, who(), request.form.get("why", "").strip(), shown=request.form.get("shown"))
    flash("Accepted. The rules are in force now, and every picture is judged again.")
    return redirect(url_for(".lesson", number=number), 303)


@bp.post("/<int:number>/decline")
@needs("operator")
def decline(number: int) -> ResponseReturnValue:
    found = session().get(Lesson, number) or abort(404, f"There is no lesson {number}.")
    learn.decline(session(), kit(), found, who(), request.form.get("reason", "").strip())
    flash("Declined. The rules stay as they are.")
    return redirect(url_for(".lesson", number=number), 303)


def _changed(lesson: Lesson) -> list[str]:
    """What an accepted lesson changed, in words."""
    if lesson.state != LessonState.ACCEPTED or not lesson.rule_set_before or not lesson.rule_set_after:
        return []
    before, after = (rulebook.by_hash(session(), kit(), digest) for digest in (lesson.rule_set_before, lesson.rule_set_after))
    return rules.diff(before, after)
