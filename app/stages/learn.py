"""learn: notice x the facts of what was live -> a lesson. A person accepts it: the overlay changes, so the rule set's hash, and check judges again.

No threshold moves without a person; every accepted lesson stays as a failing case of its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import rulebook
from app.db import move, mutex, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Lesson, Listing, ListingMember, Notice, Product
from app.stages import check
from app.stages.intake import wake_missing
from app.stages.notices import TEACHES
from app.stages.run import Stage
from app.states import LessonState


@dataclass(frozen=True)
class Task:
    """A notice and the facts of the pictures it is about."""

    notice_id: int
    authority: str
    rule_set: rules.RuleSet
    evidence: tuple[tuple[str, rules.Evidence], ...]  # (file, evidence)


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    notice = session.get(Notice, int(row))
    if notice is None or notice.lesson_id is not None or notice.kind not in TEACHES or not notice.black_box:
        return None
    listing = session.get_one(Listing, notice.listing_id)
    site = integrations.SITES[session.get_one(Account, listing.account_id).marketplace]
    product = session.scalars(
        sa.select(Product).join(ListingMember).where(ListingMember.listing_id == listing.id, ListingMember.merchant_sku == notice.merchant_sku)
    ).one()
    evidence = tuple(
        (
            box["file"],
            rules.Evidence(
                marketplace=site.key,
                code=notice.code,
                reason=notice.reason,
                message=notice.message,
                facts=box["facts"],
                scope=rules.Scope(marketplace=site.key, country=site.country, category=product.category, position=position, condition=product.condition),
                seen=kit.now().date(),
            ),
        )
        for position, box in notice.black_box.items()
    )
    return Task(notice.id, site.connector, rulebook.active(session, kit), evidence)


def do(kit: Kit, task: Task) -> list[tuple[str, rules.Evidence, rules.Proposal]]:
    """Pure: what rule change each picture's facts call for."""
    return [(file, evidence, rules.propose(task.rule_set, evidence)) for file, evidence in task.evidence]


def apply(session: Session, kit: Kit, task: Task, proposals: list[tuple[str, rules.Evidence, rules.Proposal]]) -> datetime | None:
    notice, now = session.get_one(Notice, task.notice_id), kit.now()
    mutex(session, "lessons")
    for file, evidence, proposal in proposals:
        entry = {
            "notice": notice.id,
            "sku": notice.merchant_sku,
            "marketplace": evidence.marketplace,
            "position": evidence.scope.position,
            "code": notice.code,
            "message": notice.message,
            "file": file,
            "value": proposal.value,
            "at": now.isoformat(),
        }
        subject = f"{task.authority}:{proposal.rule}"
        lesson = session.scalar(sa.select(Lesson).where(Lesson.subject == subject, Lesson.state == LessonState.PROPOSED).with_for_update())
        if lesson is None:
            lesson = Lesson(
                subject=subject, authority=task.authority, proposal=proposal.to_dict(), evidence=[entry], rule_set_before=task.rule_set.hash, proposed_at=now
            )
            session.add(lesson)
            session.flush()
            record(session, lesson, "proposed", now=now, sku=notice.merchant_sku, why=proposal.summary)
        else:
            if _stricter(proposal, rules.Proposal.from_dict(lesson.proposal)):
                lesson.proposal = proposal.to_dict()
            lesson.evidence = [*lesson.evidence, entry]
            record(session, lesson, "more evidence", now=now, sku=notice.merchant_sku, why=f"{notice.code}: {notice.message}")
        notice.lesson_id = lesson.id
    return None


def _stricter(new: rules.Proposal, old: rules.Proposal) -> bool:
    """Whether the new limit is further from the limit in force than the old proposal's: it then covers both notices."""
    if (
        new.kind != "tighten"
        or old.kind != "tighten"
        or not all(isinstance(v, int | float) for v in (new.new_limit, new.old_limit, old.new_limit, old.old_limit))
    ):
        return False
    return bool(abs(new.new_limit - new.old_limit) > abs(old.new_limit - old.old_limit))


def accept(session: Session, kit: Kit, lesson: Lesson, who: str) -> str:
    """Write the overlay, put the new set in force, judge again what was judged under the old one. Returns the new set's hash."""
    mutex(session, rulebook.MUTEX)
    session.refresh(lesson)
    if lesson.state != LessonState.PROPOSED:
        raise Refusal(f"this lesson was {lesson.state} by {lesson.decided_by}")
    now, name = kit.now(), f"{lesson.authority}.yaml"
    texts = rulebook.overlay_to_change(session, kit)
    try:
        texts = {**texts, name: rules.accept(texts.get(name, ""), rules.Proposal.from_dict(lesson.proposal))}
        made = rules.load(imaging.FACTS, texts)
    except rules.RuleError as error:
        raise Refusal(f"the overlay with this lesson does not load: {'; '.join(error.problems)}") from error
    before = rulebook.active_hash(session)
    rulebook.activate(session, kit, made, texts, who, why=f"lesson {lesson.id}: {lesson.proposal.get('summary', lesson.subject)}")
    changes: dict[str, Any] = {"rule_set_before": before, "rule_set_after": made.hash, "decided_by": who, "decided_at": now}
    move(session, lesson, LessonState.ACCEPTED, now=now, who=who, why=lesson.proposal.get("summary", ""), **changes)
    session.flush()
    check.mark(session, kit, now)
    rulebook.export(kit, texts)
    return made.hash


def decline(session: Session, kit: Kit, lesson: Lesson, who: str, reason: str) -> None:
    """A person says no, and why; the notice and its facts stay."""
    if not reason.strip():
        raise Refusal("say why the lesson is declined: the reason is kept beside it")
    if lesson.state != LessonState.PROPOSED:
        raise Refusal(f"this lesson was {lesson.state} by {lesson.decided_by}")
    move(session, lesson, LessonState.DECLINED, now=kit.now(), who=who, why=reason, decided_by=who, reason=reason, decided_at=kit.now())


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Notices that could teach and have not been looked at."""
    rows = sa.select(Notice.id).where(Notice.lesson_id.is_(None), Notice.kind.in_(TEACHES), Notice.end.is_(None), sa.cast(Notice.black_box, sa.String) != "{}")
    return wake_missing(session, "learn", rows, now)


STAGE = Stage("learn", gather, do, apply, mark, lease_s=60, in_flight=16)
