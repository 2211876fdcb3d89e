"""The review queue: one case at a time, decided by keyboard; the next case appears without a reload.

Cases are placements (this picture, there), flagged photos, and files that fit no SKU or could not be taken in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import waivers
from app.errors import Refusal
from app.models import ImageSetItem, Placement
from app.stages import intake, render
from app.stages import review as stage
from app.web import looks, queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("review", __name__, url_prefix="/review")


@bp.get("/")
def queue() -> ResponseReturnValue:
    return _show(stage.queue(session()))


@bp.get("/<any(placement, photo, arrival):kind>/<int:number>")
def case(kind: str, number: int) -> ResponseReturnValue:
    return _show(stage.queue(session()), (kind, number))


@bp.get("/list")
def cases() -> ResponseReturnValue:
    """The list at the side, for its own refreshing."""
    return render_template("parts/cases.html", cases=stage.queue(session()), here=request.args.get("here", ""))


@bp.post("/placement/<int:number>/approve")
@needs("operator")
def approve(number: int) -> ResponseReturnValue:
    meant = _meant(number)
    for placement in meant:
        stage.approve(session(), kit(), placement, who(), _text("reason"), shown=_text("shown"))
    return _next(_done("Approved", meant))


@bp.post("/placement/<int:number>/reject")
@needs("operator")
def reject(number: int) -> ResponseReturnValue:
    meant = _meant(number)
    for placement in meant:
        stage.reject(session(), kit(), placement, who(), _text("reason"), shown=_text("shown"))
    return _next(_done("Rejected", meant))


@bp.post("/placement/<int:number>/retouch")
@needs("operator")
def retouch(number: int) -> ResponseReturnValue:
    stage.send_to_retouch(session(), kit(), _placement(number), who(), _text("to"), _text("note"), _day("due"), shown=_text("shown"))
    return _next("Sent to retouch")


@bp.post("/placement/<int:number>/waive")
@needs("operator")
def waive(number: int) -> ResponseReturnValue:
    """Answer for a rule, for this product here or everywhere, or for this account. The case leaves the queue when it has been judged again."""
    placement, until, scope = _placement(number), _day("until"), _text("scope")
    if until is None:
        raise Refusal("say until when the rule is waived")
    if scope not in SCOPES:
        abort(400, f"scope: one of {', '.join(SCOPES)}.")
    product = placement.product if scope != "account" else None
    account = placement.account if scope != "product" else None
    waivers.add(session(), kit(), rule=_text("rule"), until=until, why=_text("reason"), who=who(), product=product, account=account)
    return _next(f"Waived until {until:%d %b %Y}")


@bp.post("/placement/<int:number>/render")
@needs("operator")
def render_again(number: int) -> ResponseReturnValue:
    """Make a picture again whose making failed. The case leaves the queue when it has been made and judged."""
    rendition = _placement(number).rendition or abort(404, "There is no picture to make again.")
    render.render_again(session(), kit(), rendition, who())
    return _next("Is being made again")


@bp.post("/placement/<int:number>/again")
@needs("operator")
def again(number: int) -> ResponseReturnValue:
    """Take a decision back: the same case waits for a person again."""
    stage.ask_again(session(), kit(), _placement(number), who())
    session().flush()
    return (
        _show(stage.queue(session()), asked=("placement", number), said="Taken back")
        if _by_htmx()
        else redirect(url_for(".case", kind="placement", number=number), 303)
    )


@bp.post("/photo/<int:number>/accept")
@needs("operator")
def accept_photo(number: int) -> ResponseReturnValue:
    stage.accept_photo(session(), kit(), _item(number), who(), _text("reason"))
    return _next("Photo accepted")


@bp.post("/photo/<int:number>/reject")
@needs("operator")
def reject_photo(number: int) -> ResponseReturnValue:
    stage.reject_photo(session(), kit(), _item(number), who(), _text("reason"))
    return _next("Photo rejected")


@bp.post("/arrival/<int:number>/assign")
@needs("operator")
def assign(number: int) -> ResponseReturnValue:
    arrival = queries.arrival(session(), number) or abort(404, "That file is no longer here.")
    intake.assign(session(), kit(), arrival, _text("sku"), _text("shot"), who())
    return _next("Assigned")


@bp.post("/arrival/<int:number>/drop")
@needs("operator")
def drop(number: int) -> ResponseReturnValue:
    arrival = queries.arrival(session(), number) or abort(404, "That file is no longer here.")
    intake.drop(session(), kit(), arrival, who(), _text("reason") or "not wanted")
    return _next("Dropped")


def _show(cases: Sequence[stage.Case], asked: tuple[str, int] | None = None, said: str = "") -> ResponseReturnValue:
    """The whole page, or (for htmx) the desk alone. A case asked for by its address is shown even when it has been decided."""
    kind, number = asked or ((cases[0].kind, cases[0].id) if cases else ("", 0))
    look = LOOKS[kind](session(), number) if kind else None
    if asked and look is None:
        abort(404, "There is no such case.")
    place = next((n for n, c in enumerate(cases) if (c.kind, c.id) == (kind, number)), None)
    if place is None:
        around = {"case": None, "previous": None, "following": cases[0] if cases else None}
    else:
        around = {"case": cases[place], "previous": cases[place - 1] if place else None, "following": cases[place + 1] if place + 1 < len(cases) else None}
    page = render_template(
        "parts/desk.html" if _by_htmx() else "review.html",
        cases=cases,
        waiting=stage.waiting(session()),
        kind=kind,
        number=number,
        look=look,
        place=place,
        said=said,
        here=f"{kind}-{number}",
        month=kit().now() + timedelta(days=30),
        latest=kit().now() + waivers.LONGEST - timedelta(days=1),
        **around,
    )
    response = make_response(page)
    if _by_htmx():
        response.headers["HX-Push-Url"] = url_for(".case", kind=kind, number=number) if kind else url_for(".queue")
    return response


SCOPES = ("here", "product", "account")
LOOKS = {"placement": looks.look_at_placement, "photo": looks.look_at_photo, "arrival": looks.look_at_arrival}


def _by_htmx() -> bool:
    return "HX-Request" in request.headers


def _next(said: str) -> ResponseReturnValue:
    """After a decision: the case that followed, else the first that is left."""
    session().flush()
    cases = stage.queue(session())
    after = request.form.get("following", "")
    follows = next((c for c in cases if f"{c.kind}/{c.id}" == after), cases[0] if cases else None)
    if not _by_htmx():
        flash(f"{said}.")
        return redirect(url_for(".case", kind=follows.kind, number=follows.id) if follows else url_for(".queue"), 303)
    return _show(cases, (follows.kind, follows.id) if follows else None, said)


def _placement(number: int) -> Placement:
    return session().get(Placement, number) or abort(404, "That case is no longer here.")


def _meant(number: int) -> list[Placement]:
    """The placement, and where the form says so those where the very same picture waits for the same reasons."""
    placement = _placement(number)
    return [placement, *(stage.twins(session(), placement) if _text("elsewhere") else ())]


def _done(what: str, meant: Sequence[Placement]) -> str:
    return what if len(meant) == 1 else f"{what} in {len(meant)} places"


def _item(number: int) -> ImageSetItem:
    return session().get(ImageSetItem, number) or abort(404, "That case is no longer here.")


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:2000]


def _day(name: str) -> datetime | None:
    """A date field as the end of that day; 400 for what is no date."""
    if not _text(name):
        return None
    try:
        day = date.fromisoformat(_text(name))
    except ValueError:
        abort(400, f"{name}: not a date.")
    return datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
