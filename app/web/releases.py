"""The release in force, what it changes, and moving what is here to it: a share at a time, with the pictures before and after side by side."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from app import rollout
from app.errors import Refusal
from app.models import ImageSetItem, Placement, Release, Verdict
from app.states import PlacementState
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("releases", __name__, url_prefix="/releases")

SHARES = (5, 25, 50, 100)  # percent
_PAIRS = 12


@bp.get("/")
def index() -> ResponseReturnValue:
    now = rollout.standing(session(), kit())
    return render_template(
        "releases.html",
        now=now,
        changes=rollout.changes(now.former, now.release) if now.former else [],
        pairs=_pairs(session(), now.release.id),
        percents=SHARES,
        most=round(100 * (now.wish or {}).get("most_to_review", rollout.MOST_TO_REVIEW)),
    )


@bp.post("/begin")
@needs("admin")
def begin() -> ResponseReturnValue:
    try:
        share, most = float(request.form.get("share", "")) / 100, float(request.form.get("most", "")) / 100
    except ValueError:
        raise Refusal("the share and the limit are numbers of percent") from None
    rollout.begin(session(), kit(), share, who(), most)
    flash(f"{share:.0%} of the products move to the release in force, a few at a time.")
    return redirect(url_for(".index"), 303)


@bp.post("/halt")
@needs("operator")
def halt() -> ResponseReturnValue:
    halted = rollout.halt(session(), kit(), request.form.get("why", "").strip() or "halted by hand", who())
    flash("Halted. What has moved stays moved; nothing more moves." if halted else "Nothing was under way.")
    return redirect(url_for(".index"), 303)


@dataclass(frozen=True)
class Pair:
    """A placement's picture and the one that it had before."""

    placement: Placement
    before: str
    after: str


def _pairs(session: Session, release: str) -> list[Pair]:
    """The last few moved pictures that were judged, those for a person first."""
    moved = (
        sa.select(Placement)
        .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .join(Release, Release.id == ImageSetItem.release_id)
        .where(Release.id == release, ImageSetItem.created_at < Release.created_at, Placement.changed_at >= Release.created_at)
        .where(Placement.judged_file.is_not(None), Placement.state.in_((PlacementState.REVIEW, PlacementState.APPROVED)))
        .options(joinedload(Placement.product), joinedload(Placement.account), joinedload(Placement.approved))
        .order_by((Placement.state == PlacementState.REVIEW).desc(), Placement.changed_at.desc())
        .limit(_PAIRS)
    )
    placements = session.scalars(moved).unique().all()
    judged = sa.select(Verdict.placement_id, Verdict.file_sha256).where(Verdict.placement_id.in_([p.id for p in placements]))
    verdicts = session.execute(judged.order_by(Verdict.at.desc(), Verdict.id.desc())).all()
    found = []
    for placement in placements:
        earlier = next((file for number, file in verdicts if number == placement.id and file != placement.judged_file), None)
        if earlier and placement.judged_file:
            found.append(Pair(placement, earlier, placement.judged_file))
    return found
