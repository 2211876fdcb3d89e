"""check: facts x active rule set -> a verdict per placement. No finding that stops or asks: approved. Else: review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import rulebook, work
from app.db import lock, move
from app.kit import Kit
from app.models import Account, Cutout, FileFacts, Placement, Product, Rendition, RuleActivation, Verdict
from app.stages.intake import FLAGS, wake_missing
from app.stages.run import Stage
from app.states import PlacementState, RenditionState

JUDGED = (PlacementState.WAITING, PlacementState.REVIEW, PlacementState.APPROVED)


@dataclass(frozen=True)
class Task:
    """All that a verdict is made of; no row, no session."""

    placement_id: int
    rendition_id: str
    file_sha256: str | None
    facts: dict[str, Any]
    regions: dict[str, Any]
    rule_set: rules.RuleSet
    authority: str
    scope: rules.Scope
    problem: str | None


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    placement = session.get(Placement, int(row))
    if placement is None or placement.state not in JUDGED or placement.rendition_id is None:
        return None
    rendition = session.get_one(Rendition, placement.rendition_id)
    if rendition.state == RenditionState.QUEUED:
        return None
    account, product = session.get_one(Account, placement.account_id), session.get_one(Product, placement.product_id)
    site = integrations.SITES[account.marketplace]
    facts, regions = facts_of(session, rendition, product)
    return Task(
        placement.id,
        rendition.id,
        rendition.file_sha256,
        facts,
        regions,
        rulebook.active(session, kit),
        site.connector,
        rules.Scope(marketplace=site.key, country=site.country, category=product.category, position=placement.position, condition=product.condition),
        rendition.problem if rendition.state == RenditionState.FAILED else None,
    )


def facts_of(session: Session, rendition: Rendition, product: Product) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored facts of a rendition's file, its cutout's, and what only the house knows (how many pieces there should be)."""
    row = session.get(FileFacts, (rendition.file_sha256, imaging.MEASURE_VERSION)) if rendition.file_sha256 else None
    cutout = session.get(Cutout, rendition.cutout_id)
    facts = {**(row.facts if row else {}), **(cutout.facts if cutout else {})}
    pieces = facts.get("cutout_pieces", facts.get("pieces"))
    if isinstance(pieces, int):
        facts["pieces_off"] = abs(pieces - product.pieces)
    return facts, dict(row.regions) if row else {}


def do(kit: Kit, task: Task) -> list[dict[str, Any]]:
    """Pure: the findings of the rule set on these facts."""
    if task.problem is not None:
        return [
            {
                "rule": "render",
                "level": "stop",
                "fact": None,
                "value": None,
                "limit": None,
                "message": task.problem,
                "source": None,
                "fix": None,
                "region": None,
            }
        ]
    return [f.to_dict() for f in rules.judge(task.rule_set, task.authority, task.facts, task.scope, task.regions)]


def apply(session: Session, kit: Kit, task: Task, findings: list[dict[str, Any]]) -> datetime | None:
    placement, now = session.get_one(Placement, task.placement_id), kit.now()
    lock(session, placement)
    if placement.rendition_id != task.rendition_id or placement.state not in JUDGED:
        return None  # it shows another picture now: that wake-up has its own check
    product = session.get_one(Product, placement.product_id)
    if task.file_sha256 is not None:
        session.add(
            Verdict(
                placement_id=placement.id, rule_set=task.rule_set.hash, rendition_id=task.rendition_id, file_sha256=task.file_sha256, findings=findings, at=now
            )
        )
    waived = set(placement.waived.get("rules", ())) if placement.waived.get("rendition") == task.rendition_id else set()
    against = [f for f in findings if f["level"] in FLAGS and f["rule"] not in waived]
    changes: dict[str, Any] = {"findings": findings, "judged_rules": task.rule_set.hash, "judged_file": task.file_sha256}
    if against:
        to, why = PlacementState.REVIEW, "; ".join(f["message"] for f in against)
    else:
        to, why, changes["approved_id"] = PlacementState.APPROVED, "passes every rule" + (" but those waived" if waived else ""), task.rendition_id
    if to != placement.state:
        changes["changed_at"] = now  # a case that is judged again has waited since it began to wait
    move(session, placement, to, now=now, sku=product.sku, why=why, **changes)
    work.wake(session, "want", product.id, at=now, lead=work.head_start_of(product))
    return None


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Placements judged under another rule set, or whose picture was made and not judged: live ones included."""
    active = sa.select(RuleActivation.rule_set).order_by(RuleActivation.id.desc()).limit(1).scalar_subquery()
    stale = sa.or_(
        Placement.judged_rules.is_(None),
        Placement.judged_rules != active,
        sa.and_(Rendition.state == RenditionState.RENDERED, sa.or_(Placement.judged_file.is_(None), Placement.judged_file != Rendition.file_sha256)),
    )
    rows = (
        sa.select(Placement.id)
        .join(Rendition, Rendition.id == Placement.rendition_id)
        .where(Placement.state.in_(JUDGED), Rendition.state != RenditionState.QUEUED, stale)
    )
    return wake_missing(session, "check", rows, now, limit=5000)


STAGE = Stage("check", gather, do, apply, mark, lease_s=60, in_flight=64)
