"""learn: notices x what was accepted -> a lesson. A person accepts it: the overlay changes, so the rule set's hash, and check judges again.

One lesson is open per reason of an authority (per code where nobody has said what it means) and per set of rules that a place has for it. Each notice joins
it at once, with the facts of what was live. It gathers evidence until the populations suffice (`rules.weigh`): then a limit is proposed. Until then a person
may take what one notice alone calls for, and says why. No threshold moves without a person; every accepted lesson stays as a failing case of its rule.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from app.stages.notices import TEACHES, is_vague
from app.stages.populations import MOST_MEASURED, Seen, populations
from app.stages.run import Stage
from app.states import LessonState
from app.store import StoreError

OPEN = (LessonState.GATHERING, LessonState.PROPOSED)
AGAIN = timedelta(days=1)  # what was accepted meanwhile is evidence too


@dataclass(frozen=True)
class Task:
    """A notice with the facts of the pictures it is about, and both populations of its reason."""

    notice_id: int
    authority: str
    subject: str
    rule_set: rules.RuleSet
    evidence: tuple[tuple[str, rules.Evidence], ...]  # (file, evidence)
    seen: tuple[Seen, ...]
    memory: rules.Memory


@dataclass(frozen=True)
class Learnt:
    """What one notice calls for by itself, what the populations say, and what was measured for that."""

    alone: list[tuple[str, rules.Evidence, rules.Proposal]]
    weighed: rules.Weighed
    measured: Mapping[str, imaging.Measured]


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    notice = session.get(Notice, int(row))
    if notice is None or notice.kind not in TEACHES or not notice.black_box or is_vague(notice) or not _to_do(session, notice):
        return None
    listing = session.get_one(Listing, notice.listing_id)
    site = integrations.SITES[session.get_one(Account, listing.account_id).marketplace]
    product = session.scalars(
        sa.select(Product).join(ListingMember).where(ListingMember.listing_id == listing.id, ListingMember.merchant_sku == notice.merchant_sku)
    ).one_or_none()
    if product is None:  # it has left this listing since
        return None
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
    active, first = rulebook.active(session, kit), evidence[0][1]
    about = f"reason:{notice.reason}" if notice.reason else f"code:{notice.code}"
    subject = f"{site.connector}:{about}:{rules.family(active, site.connector, first.words, first.scope)}"
    seen = populations(session, site.connector, notice.reason, notice.code, kit.now())
    return Task(notice.id, site.connector, subject, active, evidence, tuple(seen), _memory(session, subject))


def _to_do(session: Session, notice: Notice) -> bool:
    """A notice that was not looked at, or the newest one of a lesson that is still open: looked at again from time to time."""
    if notice.lesson_id is None:
        return True
    lesson = session.get_one(Lesson, notice.lesson_id)
    return lesson.state in OPEN and bool(lesson.evidence) and lesson.evidence[-1].get("notice") == notice.id


def _memory(session: Session, subject: str) -> rules.Memory:
    weighed = session.scalar(sa.select(Lesson.weighed).where(Lesson.subject == subject).order_by(Lesson.id.desc()).limit(1))
    return rules.memory_from((weighed or {}).get("memory", {}))


def do(kit: Kit, task: Task) -> Learnt:
    """What rule change each picture's facts call for alone, and what both populations call for together. Files of an older measure version are measured."""
    stale = sorted({one.file for one in task.seen if one.facts is None})[:MOST_MEASURED]
    measured = {}
    for file in stale:
        with suppress(StoreError, imaging.ImagingError):  # a picture that cannot be read is no evidence; the others are
            measured[file] = imaging.measure(kit.originals.get(file))
    observations = [
        one.observation(one.facts if one.facts is not None else measured[one.file].facts) for one in task.seen if one.facts is not None or one.file in measured
    ]
    first = task.evidence[0][1]
    weighed = rules.weigh(task.rule_set, task.authority, first.words, first.scope, observations, kit.now(), task.memory)
    return Learnt([(file, evidence, rules.propose(task.rule_set, evidence)) for file, evidence in task.evidence], weighed, measured)


def apply(session: Session, kit: Kit, task: Task, learnt: Learnt) -> datetime | None:
    notice, now = session.get_one(Notice, task.notice_id), kit.now()
    mutex(session, "lessons")
    if _memory(session, task.subject) != task.memory or not _to_do(session, notice):
        return now  # another notice of this reason was weighed meanwhile: its look counts, and this one follows it
    for file, found in learnt.measured.items():
        check.keep_facts(session, file, found.facts, {name: list(box) for name, box in found.regions.items()}, now)
    lesson = session.scalar(sa.select(Lesson).where(Lesson.subject == task.subject, Lesson.state.in_(OPEN)).with_for_update())
    fresh = notice.lesson_id is None
    if lesson is None:
        lesson = Lesson(
            subject=task.subject,
            authority=task.authority,
            proposal=learnt.alone[0][2].to_dict(),
            evidence=[],
            state=LessonState.GATHERING,
            rule_set_before=task.rule_set.hash,
            proposed_at=now,
        )
        session.add(lesson)
        session.flush()
        record(session, lesson, "opened", now=now, sku=notice.merchant_sku, to=LessonState.GATHERING.value, why=f"{notice.code}: {notice.message}")
    elif fresh:
        record(session, lesson, "more evidence", now=now, sku=notice.merchant_sku, why=f"{notice.code}: {notice.message}")
    if fresh:
        lesson.evidence = [*lesson.evidence, *(_entry(notice, file, evidence, proposal, now) for file, evidence, proposal in learnt.alone)]
        notice.lesson_id = lesson.id
    _restate(session, lesson, task, learnt, now)
    return now + AGAIN


def _entry(notice: Notice, file: str, evidence: rules.Evidence, proposal: rules.Proposal, now: datetime) -> dict[str, Any]:
    """A notice as a lesson keeps it: with every fact, so that a person can see what else may have been the matter."""
    return {
        "notice": notice.id,
        "sku": notice.merchant_sku,
        "marketplace": evidence.marketplace,
        "position": evidence.scope.position,
        "code": notice.code,
        "message": notice.message,
        "guessed": notice.guessed,
        "file": file,
        "fact": proposal.fact,
        "value": proposal.value,
        "facts": dict(evidence.facts),
        "at": now.isoformat(),
    }


def _restate(session: Session, lesson: Lesson, task: Task, learnt: Learnt, now: datetime) -> None:
    """The lesson says what the newest look found. Its alone-standing proposal is the strictest that any one notice called for."""
    alone = lesson.weighed.get("alone", lesson.proposal)
    for _, _, proposal in learnt.alone:
        alone = proposal.to_dict() if _stricter(proposal, rules.Proposal.from_dict(alone)) else alone
    lesson.weighed = {**learnt.weighed.to_dict(), "alone": alone}
    session.flush()
    if learnt.weighed.outcome == "propose":
        lesson.proposal = rules.propose_limit(task.rule_set, learnt.alone[0][1], learnt.weighed).to_dict()
        to = LessonState.PROPOSED
    else:
        lesson.proposal, to = alone, LessonState.GATHERING
    if to != lesson.state:
        move(session, lesson, to, now=now, why=learnt.weighed.words, proposed_at=now if to == LessonState.PROPOSED else lesson.proposed_at)


def _stricter(new: rules.Proposal, old: rules.Proposal) -> bool:
    """Whether the new limit of the same rule is further from the limit in force than the old proposal's: it then covers both notices."""
    limits = (new.new_limit, new.old_limit, old.new_limit, old.old_limit)
    if new.kind != "tighten" or old.kind != "tighten" or new.rule != old.rule or not all(isinstance(v, int | float) for v in limits):
        return False
    return bool(abs(new.new_limit - new.old_limit) > abs(old.new_limit - old.old_limit))


# --- a person's word -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What accepting would write: the overlay file's name, its lines as (sign, text) with sign `+`, `-` or a blank, and the change in words.

    `problems` says why it could not be written; `rule_set` is what would be in force, for whoever wants to try it on what is live first.
    """

    file: str
    lines: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    rule_set: rules.RuleSet | None = None


def preview(session: Session, kit: Kit, lesson: Lesson) -> Preview:
    """The change of the overlay that accepting the lesson now would make, with three lines around it."""
    proposal = rules.Proposal.from_dict(lesson.proposal)
    try:
        before, texts, made = _composed(session, kit, proposal)
    except rules.RuleError as error:
        return Preview(proposal.file, problems=tuple(error.problems))
    changed = difflib.unified_diff(before.splitlines(), texts[proposal.file].splitlines(), lineterm="", n=3)
    lines = tuple((line[0], line[1:]) for line in changed if not line.startswith(("---", "+++", "@@")))
    return Preview(proposal.file, lines, tuple(rules.diff(rulebook.active(session, kit), made)), rule_set=made)


def fingerprint(lesson: Lesson) -> str:
    """What a person saw when deciding: one short value for the proposal as it is."""
    return hashlib.sha256(json.dumps(lesson.proposal, sort_keys=True).encode()).hexdigest()[:16]


def _composed(session: Session, kit: Kit, proposal: rules.Proposal) -> tuple[str, dict[str, str], rules.RuleSet]:
    """The overlay file as it is, all overlay files with the proposal merged in, and the set they make."""
    texts = rulebook.kept_overlay(session)
    before = texts.get(proposal.file, "")
    texts = {**texts, proposal.file: rules.accept(before, proposal)}
    return before, texts, rules.load(imaging.FACTS, texts)


def accept(session: Session, kit: Kit, lesson: Lesson, who: str, why: str = "", *, shown: str | None = None) -> str:
    """Write the overlay, put the new set in force, judge again what was judged under the old one. Returns the new set's hash.

    While evidence is still gathered the change rests on single notices: `why` must then say why it is taken all the same. `shown` is the `fingerprint`
    of the proposal that the person read; another one by now is refused.
    """
    mutex(session, "lessons")  # nobody restates it meanwhile
    mutex(session, rulebook.MUTEX)
    session.refresh(lesson)
    _must_be_open(lesson)
    if lesson.state == LessonState.GATHERING and not why.strip():
        raise Refusal("the evidence does not suffice for this limit yet: say why it is taken all the same")
    proposal = rules.Proposal.from_dict(lesson.proposal)
    if shown is not None and shown != fingerprint(lesson):
        raise Refusal("newer notices have changed this proposal since you opened it: read it again")
    rulebook.refuse_pending(session, kit, {})
    now = kit.now()
    try:
        _, texts, made = _composed(session, kit, proposal)
    except rules.RuleError as error:
        raise Refusal(f"the overlay with this lesson does not load: {'; '.join(error.problems)}") from error
    before = rulebook.active_hash(session)
    said = f"{lesson.proposal.get('summary', lesson.subject)}{f' Taken before the evidence sufficed: {why}' if why.strip() else ''}"
    rulebook.activate(session, kit, made, texts, who, why=f"lesson {lesson.id}: {said}")
    changes: dict[str, Any] = {"rule_set_before": before, "rule_set_after": made.hash, "decided_by": who, "decided_at": now, "reason": why.strip() or None}
    move(session, lesson, LessonState.ACCEPTED, now=now, who=who, why=said, **changes)
    session.flush()
    check.mark(session, kit, now)
    rulebook.export(kit, texts)
    return made.hash


def decline(session: Session, kit: Kit, lesson: Lesson, who: str, reason: str) -> None:
    """A person says no, and why; the notices and their facts stay. What was proposed is remembered, and not proposed again before there is clearly more."""
    if not reason.strip():
        raise Refusal("say why the lesson is declined: the reason is kept beside it")
    mutex(session, "lessons")
    session.refresh(lesson)
    _must_be_open(lesson)
    estimate = lesson.weighed.get("estimate")
    if lesson.state == LessonState.PROPOSED and estimate:
        kept = {"rule": estimate["rule"], "objected": estimate["objected"], "limit": estimate["limit"], "reason": reason}
        memory = replace(rules.memory_from(lesson.weighed.get("memory", {})), declined=kept)
        lesson.weighed = {**lesson.weighed, "memory": memory.to_dict()}
        session.flush()
    move(session, lesson, LessonState.DECLINED, now=kit.now(), who=who, why=reason, decided_by=who, reason=reason, decided_at=kit.now())


def _must_be_open(lesson: Lesson) -> None:
    if lesson.state not in OPEN:
        raise Refusal(f"this lesson was {lesson.state} by {lesson.decided_by}")


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Notices that could teach and have not been looked at."""
    box = sa.cast(Notice.black_box, sa.String)
    clear = box != "{}", box.not_like('%"one_of":%')  # as `is_vague`
    rows = sa.select(Notice.id).where(Notice.lesson_id.is_(None), Notice.kind.in_(TEACHES), Notice.end.is_(None), *clear)
    return wake_missing(session, "learn", rows, now)


STAGE = Stage("learn", gather, do, apply, mark, lease_s=60, in_flight=16)
