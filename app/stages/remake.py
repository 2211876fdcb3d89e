"""Makes a picture again, once, with what may mend it, before a person is asked: `fix: rerender` of the rules that it breaks.

Once per placement, rule and base: the picture that the place would show without, whose id says photo, recipe and release. Never a loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.orm import Session

import imaging
from app import work
from app.db import move, record
from app.kit import Kit
from app.models import Cutout, Placement, Product, Remake, Rendition
from app.stages.arrange import Asked, queued
from app.states import PlacementState, RenditionState


def made_again(session: Session, placement: Placement) -> list[Remake]:
    """Why the picture that a placement proposes was made again; empty where it was not."""
    if placement.rendition_id is None:
        return []
    return list(
        session.scalars(sa.select(Remake).where(Remake.placement_id == placement.id, Remake.rendition_id == placement.rendition_id).order_by(Remake.id))
    )


def settle(session: Session, kit: Kit, placement: Placement, product: Product, passed: bool) -> str:
    """What came of a picture that was made again, told once and kept; in words, empty where it was not made again."""
    rows = made_again(session, placement)
    if not rows:
        return ""
    words = f"made again with {in_words(rows[-1])} because {_because([row.finding for row in rows])}"
    if any(row.passed is None for row in rows):
        for row in rows:
            row.passed = passed
        record(session, placement, "made again", now=kit.now(), sku=product.sku, to="passes" if passed else "still fails", why=words)
    return words


def try_once(session: Session, kit: Kit, placement: Placement, product: Product, against: Sequence[Mapping[str, Any]]) -> bool:
    """Have the picture made again if every finding against it can be mended and none was tried here; True: it is being made, nobody need be asked."""
    rendition = session.get_one(Rendition, placement.rendition_id)
    if not against or any(finding.get("fix") != "rerender" for finding in against) or not _can_be_made(session, kit, rendition):
        return False
    before = made_again(session, placement)
    if any(row.passed is not True for row in before):
        return False  # this is the second picture already, and it fails too
    base_id = before[-1].base_id if before else rendition.id
    tried = set(session.scalars(sa.select(Remake.rule).where(Remake.placement_id == placement.id, Remake.base_id == base_id)))
    if tried & {finding["rule"] for finding in against}:
        return False
    try:
        request = imaging.RenderRequest.from_dict(rendition.request)
    except ValidationError:
        return False
    again = imaging.remedy(request, [imaging.Breach(finding["fact"], finding["value"], finding["limit"]) for finding in against])
    if again is None:
        return False
    made = queued(session, kit, product, Asked({**rendition.request, "adjustments": dict(again.adjustments)}))
    rows = [
        Remake(
            placement_id=placement.id,
            base_id=base_id,
            rule=finding["rule"],
            rendition_id=made.id,
            adjustments=dict(again.adjustments),
            finding=dict(finding),
            at=kit.now(),
        )
        for finding in against
    ]
    session.add_all(rows)
    why = f"to be made again with {in_words(rows[0])} because {_because(against)}"
    changes: dict[str, Any] = {"rendition_id": made.id, "findings": [], "judged_file": None, "judged_rules": None, "excused_until": None}
    move(session, placement, PlacementState.WAITING, now=kit.now(), sku=product.sku, why=why, changed_at=kit.now(), **changes)
    if made.state != RenditionState.QUEUED:  # the same picture was made for another place
        work.wake(session, "check", placement.id, at=kit.now(), lead=work.head_start_of(product))
    return True


def in_words(row: Remake) -> str:
    """What was adjusted."""
    return imaging.words_of({name: value for name, value in row.adjustments.items() if name not in imaging.LENGTHS})


def _because(findings: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{finding['rule']}: {finding['fact']} was {finding['value']}, limit {finding['limit']}" for finding in findings)


def _can_be_made(session: Session, kit: Kit, rendition: Rendition) -> bool:
    """Whether this release can make such a picture: its finish is in force, and the cutout is there."""
    if rendition.state != RenditionState.RENDERED or rendition.request.get("finish") != kit.release["finish_version"]:
        return False
    return rendition.cutout_id is None or session.get(Cutout, rendition.cutout_id) is not None
