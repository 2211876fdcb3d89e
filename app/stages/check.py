"""check: facts x active rule set -> a verdict per placement. No finding that stops or asks: approved. Else: review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import excuses, rulebook, verdicts, work
from app.db import insert, lock, move, record
from app.kit import Kit
from app.models import Account, Cutout, FileFacts, KnownFinding, Placement, Product, Rendition, RuleActivation, Verdict
from app.stages import remake
from app.stages.intake import wake_missing
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
    pieces: int  # there should be
    measured: bool  # False: the file's facts are of another measure version, and it is measured again


@dataclass(frozen=True)
class Judged:
    """The findings, and what was measured for them if that is new."""

    findings: list[dict[str, Any]]
    measured: imaging.Measured | None


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
        product.pieces,
        rendition.file_sha256 is None or session.get(FileFacts, (rendition.file_sha256, imaging.MEASURE_VERSION)) is not None,
    )


def facts_of(session: Session, rendition: Rendition, product: Product) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored facts of a rendition's file, its cutout's if there is one, and what only the house knows (how many pieces there should be)."""
    row = session.get(FileFacts, (rendition.file_sha256, imaging.MEASURE_VERSION)) if rendition.file_sha256 else None
    cutout = session.get(Cutout, rendition.cutout_id) if rendition.cutout_id else None
    facts = facts_from(row.facts if row else {}, cutout.facts if cutout else None, rendition.keeps_background, product.pieces)
    return facts, dict(row.regions) if row else {}


def facts_from(of_file: Mapping[str, Any], of_cutout: Mapping[str, Any] | None, keeps_background: bool, pieces: int) -> dict[str, Any]:
    """What a picture is judged by, put together; pure."""
    return _with_pieces_off({**of_file, **(of_cutout or {}), "background_kept": keeps_background}, pieces)


def _with_pieces_off(facts: dict[str, Any], should_be: int) -> dict[str, Any]:
    if facts.get("background_kept"):
        return facts  # what stands out from an uneven background is no count of the item's pieces
    pieces = facts.get("cutout_pieces", facts.get("pieces"))
    return {**facts, "pieces_off": abs(pieces - should_be)} if isinstance(pieces, int) else facts


def do(kit: Kit, task: Task) -> Judged:
    """The findings of the rule set on the facts. A file without facts of this measure version is measured now: nothing passes unmeasured."""
    if task.problem is not None:
        words = {"rule": "render", "level": "stop", "message": task.problem}
        return Judged([{**dict.fromkeys(("fact", "value", "limit", "source", "fix", "region")), **words}], None)
    facts, regions, fresh = task.facts, task.regions, None
    if not task.measured and task.file_sha256 is not None:
        fresh = imaging.measure(kit.originals.get(task.file_sha256))
        facts, regions = _with_pieces_off({**fresh.facts, **facts}, task.pieces), {name: list(box) for name, box in fresh.regions.items()}
    return Judged([f.to_dict() for f in rules.judge(task.rule_set, task.authority, facts, task.scope, regions)], fresh)


def apply(session: Session, kit: Kit, task: Task, result: Judged) -> datetime | None:
    placement, now = session.get_one(Placement, task.placement_id), kit.now()
    if result.measured is not None and task.file_sha256 is not None:
        keep_facts(session, task.file_sha256, result.measured.facts, {name: list(box) for name, box in result.measured.regions.items()}, kit.now())
    lock(session, placement)
    if placement.rendition_id != task.rendition_id or placement.state not in JUDGED:
        return None  # it shows another picture now: that wake-up has its own check
    product = session.get_one(Product, placement.product_id)
    weighed = verdicts.weigh(result.findings, excuses.read(session, now, placement).of(placement, task.rendition_id, task.file_sha256), now)
    if task.file_sha256 is not None:
        kept = {"placement_id": placement.id, "rendition_id": task.rendition_id, "file_sha256": task.file_sha256}
        session.add(Verdict(**kept, rule_set=task.rule_set.hash, findings=weighed.findings, at=now))
    again = remake.settle(session, kit, placement, product, weighed.passes)
    if remake.try_once(session, kit, placement, product, weighed.against):
        work.wake(session, "want", product.id, at=now, lead=work.head_start_of(product))
        return None
    changes: dict[str, Any] = {"findings": weighed.findings, "judged_rules": task.rule_set.hash, "judged_file": task.file_sha256}
    changes["excused_until"] = weighed.until
    if weighed.against:
        to, why = PlacementState.REVIEW, "; ".join(f["message"] for f in weighed.against)
        why = f"{again}, and still: {why}" if again else why
    elif placement.state == PlacementState.REVIEW and placement.asked_again == task.rendition_id is not None:
        to, why = PlacementState.REVIEW, "passes every rule; a person took it back"
    else:
        excused = verdicts.in_words(weighed.findings)
        to, why, changes["approved_id"] = PlacementState.APPROVED, "passes every rule" + (f" but {excused}" if excused else ""), task.rendition_id
        why = f"{again}: {why}" if again else why
        if placement.waived.get("rendition") != task.rendition_id:
            changes["waived"] = {}  # that was said of the picture before this one
        _replaced(session, placement, task.file_sha256, product, now)
    if ended := _ended(placement.findings, weighed.findings):
        why = f"{why} ({ended})"
    if to != placement.state:
        changes["changed_at"] = now  # a case that is judged again has waited since it began to wait
    move(session, placement, to, now=now, sku=product.sku, why=why, **changes)
    work.wake(session, "want", product.id, at=now, lead=work.head_start_of(product))
    return weighed.until


def _ended(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    """Which waivers no longer hold of what is still found, for the history."""
    leaned = {f["rule"]: f["excused"] for f in before if f.get("excused") and f["excused"]["by"] == "waiver"}
    gone = [f["rule"] for f in now if f["rule"] in leaned and not f.get("excused")]
    return "; ".join(f"the waiver of {rule} by {leaned[rule]['who']} is over" for rule in gone)


def _replaced(session: Session, placement: Placement, file: str | None, product: Product, now: datetime) -> None:
    """What was known of the pictures that came before is known no longer: it was said of those very files."""
    old = sa.and_(KnownFinding.placement_id == placement.id, KnownFinding.file_sha256 != file)
    if gone := sorted(set(session.scalars(sa.select(KnownFinding.rule).where(old)))):
        session.execute(sa.delete(KnownFinding).where(old).execution_options(synchronize_session=False))
        record(session, placement, "baseline ended", now=now, sku=product.sku, why=f"replaced by a picture that passes: {', '.join(gone)} no longer known")


def keep_facts(session: Session, file: str, facts: Mapping[str, Any], regions: Mapping[str, Any], now: datetime) -> None:
    """The facts of a file under this measure version; there already: they are the same."""
    values = {"file_sha256": file, "measure_version": imaging.MEASURE_VERSION, "facts": dict(facts), "regions": dict(regions), "measured_at": now}
    session.execute(insert(session, FileFacts).values(**values).on_conflict_do_nothing())


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Placements judged under another rule set or measure version, or whose picture was made and not judged, or that leaned on a waiver that is over.

    Live ones included.
    """
    active = sa.select(RuleActivation.rule_set).order_by(RuleActivation.id.desc()).limit(1).scalar_subquery()
    measured = sa.exists().where(FileFacts.file_sha256 == Rendition.file_sha256, FileFacts.measure_version == imaging.MEASURE_VERSION)
    stale = sa.or_(
        Placement.judged_rules.is_(None),
        Placement.judged_rules != active,
        sa.and_(Rendition.state == RenditionState.RENDERED, sa.or_(Placement.judged_file.is_(None), Placement.judged_file != Rendition.file_sha256)),
        sa.and_(Rendition.file_sha256.is_not(None), ~measured),
        Placement.excused_until <= now,
    )
    rows = (
        sa.select(Placement.id)
        .join(Rendition, Rendition.id == Placement.rendition_id)
        .where(Placement.state.in_(JUDGED), Rendition.state != RenditionState.QUEUED, stale)
    )
    return wake_missing(session, "check", rows, now, limit=5000)


STAGE = Stage("check", gather, do, apply, mark, lease_s=60, in_flight=64)
