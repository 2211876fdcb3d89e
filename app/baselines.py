"""Baselines: what is wrong with the live pictures now is known. It warns for those very pictures; a new picture gets the full rule.

Without one, a stricter rule sends every live picture that breaks it to a person at once. With one taken, it does not: the pictures stay live, are
shown with what is known of them, and each is judged in full as soon as another picture takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import rulebook, work
from app.db import insert, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Baseline, Cutout, FileFacts, KnownFinding, Listing, ListingMember, Placement, Product, Rendition
from app.stages.check import facts_of
from app.verdicts import FLAGS

CHUNK = 500  # rows a statement: SQLite takes some thousands of parameters


@dataclass(frozen=True)
class Broken:
    """A rule that a live picture breaks."""

    placement_id: int
    file_sha256: str
    rule: str


@dataclass(frozen=True)
class Seen:
    """What a look at the live pictures found under one rule set."""

    rule_set: str
    pictures: int  # live ones that were looked at
    broken: tuple[Broken, ...]
    unmeasured: int  # live ones whose facts are not known under this measure version: nothing of theirs is known


def look(session: Session, kit: Kit, *, account: Account | None = None, rule: str | None = None, rule_set: rules.RuleSet | None = None) -> Seen:
    """Judge every live picture from its stored facts, by the set in force or one that is to be; only reads. Raises Refusal for an unknown rule.

    Live is what was sent and not replaced since: the picture a listing's `pushed` side has at that position.
    """
    by = rule_set or rulebook.active(session, kit)
    if rule is not None and rule not in by.by_id:
        raise Refusal(f"there is no rule {rule} in force; `packshot rules list` shows them")
    rows = (
        sa.select(Placement, Product, Account, Rendition, ListingMember.merchant_sku, Listing.pushed, FileFacts, Cutout)
        .join(Product, Product.id == Placement.product_id)
        .join(Account, Account.id == Placement.account_id)
        .join(Rendition, Rendition.id.in_((Placement.rendition_id, Placement.approved_id)))
        .join(ListingMember, sa.and_(ListingMember.product_id == Product.id, ListingMember.account_id == Account.id))
        .join(Listing, Listing.id == ListingMember.listing_id)
        .outerjoin(FileFacts, sa.and_(FileFacts.file_sha256 == Rendition.file_sha256, FileFacts.measure_version == imaging.MEASURE_VERSION))
        .outerjoin(Cutout, Cutout.id == Rendition.cutout_id)
        .where(Rendition.file_sha256.is_not(None))
        .execution_options(yield_per=500)
    )
    if account is not None:
        rows = rows.where(Account.id == account.id)
    broken: dict[Broken, None] = {}
    pictures, unmeasured = 0, 0
    for placement, product, on, rendition, merchant_sku, pushed, _facts, _cutout in session.execute(rows):
        file: str | None = rendition.file_sha256
        if file is None or pushed.get(merchant_sku, {}).get(placement.position) != file:
            continue
        pictures += 1
        unmeasured += session.get(FileFacts, (file, imaging.MEASURE_VERSION)) is None  # read with the row: no query of its own
        site = integrations.SITES[on.marketplace]
        scope = rules.Scope(marketplace=site.key, country=site.country, category=product.category, position=placement.position, condition=product.condition)
        for finding in rules.judge(by, site.connector, facts_of(session, rendition, product)[0], scope):
            if finding.level in FLAGS and rule in (None, finding.rule):
                broken[Broken(placement.id, file, finding.rule)] = None
    return Seen(by.hash, pictures, tuple(broken), unmeasured)


def keep(session: Session, kit: Kit, seen: Seen, who: str, why: str, *, account: Account | None = None, rule: str | None = None) -> Baseline:
    """Write down what was seen as known, and judge those pictures again. What is known already stays under the baseline that knew it first."""
    if not why.strip():
        raise Refusal("say why a baseline is taken: the reason is shown beside everything that it knows")
    baseline = Baseline(account_id=account.id if account else None, rule=rule, rule_set=seen.rule_set, who=who, why=why.strip(), at=kit.now())
    session.add(baseline)
    session.flush()
    rows = [{"placement_id": b.placement_id, "file_sha256": b.file_sha256, "rule": b.rule, "baseline_id": baseline.id} for b in seen.broken]
    for start in range(0, len(rows), CHUNK):
        session.execute(insert(session, KnownFinding).values(rows[start : start + CHUNK]).on_conflict_do_nothing())
    placements = sorted({b.placement_id for b in seen.broken})
    words = f"{len(seen.broken)} findings of {len(placements)} live pictures are known{_of(account, rule)}: {baseline.why}"
    record(session, baseline, "taken", now=kit.now(), why=words, who=who)
    _judge_again(session, kit, placements)
    return baseline


def drop(session: Session, kit: Kit, who: str, why: str, *, account: Account | None = None, rule: str | None = None) -> int:
    """Forget what is known, of an account, a rule or everything: those pictures are judged by the full rules again. Returns how many findings."""
    if not why.strip():
        raise Refusal("say why the baseline is dropped: the reason is kept in the history")
    which = [KnownFinding.rule == rule] if rule is not None else []
    if account is not None:
        which.append(KnownFinding.placement_id.in_(sa.select(Placement.id).where(Placement.account_id == account.id)))
    rows = session.execute(sa.select(KnownFinding.placement_id, KnownFinding.baseline_id).where(*which)).all()
    session.execute(sa.delete(KnownFinding).where(*which).execution_options(synchronize_session=False))
    for baseline_id in sorted({number for _, number in rows}):
        count = sum(number == baseline_id for _, number in rows)
        words = f"{count} findings no longer known{_of(account, rule)}: {why.strip()}"
        record(session, str(baseline_id), "dropped", kind="baseline", now=kit.now(), why=words, who=who)
    _judge_again(session, kit, sorted({placement for placement, _ in rows}))
    return len(rows)


def known(session: Session) -> Sequence[tuple[str, str, int, int]]:
    """(account, rule, live pictures, newest baseline) of all that is known."""
    rows = (
        sa.select(Account.key, KnownFinding.rule, sa.func.count(), sa.func.max(KnownFinding.baseline_id))
        .join(Placement, Placement.id == KnownFinding.placement_id)
        .join(Account, Account.id == Placement.account_id)
        .group_by(Account.key, KnownFinding.rule)
        .order_by(Account.key, KnownFinding.rule)
    )
    return [(key, rule, count, number) for key, rule, count, number in session.execute(rows)]


def _of(account: Account | None, rule: str | None) -> str:
    return (f" on {account.key}" if account else "") + (f", of {rule}" if rule else "")


def _judge_again(session: Session, kit: Kit, placements: Sequence[int]) -> None:
    """Wake them in few statements, in the order in which every transaction wakes rows: by key, as text."""
    session.flush()
    in_order = sorted(placements, key=str)
    for start in range(0, len(in_order), CHUNK):
        rows = sa.select(Placement.id, Product.priority * work.PRIORITY_HEAD_START_S).join(Product, Product.id == Placement.product_id)
        work.wake_every(session, "check", rows.where(Placement.id.in_(in_order[start : start + CHUNK])), at=kit.now())
