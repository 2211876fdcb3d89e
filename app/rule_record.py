"""What became of each rule in this house: how often it fired, was overridden, let a suppression through, and lived on against its word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
import rules
from app.models import Account, ImageSetItem, Listing, ListingMember, Notice, Placement, Product, Rendition, Verdict
from app.stages.populations import noticed
from app.states import ListingState, PhotoState
from app.verdicts import FLAGS

PAGE = 1000


@dataclass(frozen=True)
class Record:
    """Rule id -> how often. `asked`: how many verdicts were given where the rule speaks."""

    fired: Counter[str] = field(default_factory=Counter)  # findings in verdicts, and on photographs
    overridden: Counter[str] = field(default_factory=Counter)  # approved by a person all the same
    escaped: Counter[str] = field(default_factory=Counter)  # notices that the rule should have prevented, on pictures that keep it as it is now
    asked: Counter[str] = field(default_factory=Counter)


def of(session: Session, rule_set: rules.RuleSet) -> Record:
    """The record of every rule of the set. Reads the whole history, a page at a time."""
    return Record(_fired(session), _overridden(session), _escaped(session, rule_set), _asked(session, rule_set))


def lived(session: Session, now: datetime, days: int) -> Counter[str]:
    """Rule -> listings that have shown a picture for so many days with that rule's finding waived, without a notice: was the rule right?"""
    open_notice = sa.exists().where(Notice.listing_id == Listing.id, Notice.end.is_(None))
    rows = session.execute(
        sa.select(Placement.waived, Placement.approved_id, Placement.position, ListingMember.merchant_sku, Listing.pushed, Rendition.file_sha256)
        .join(Rendition, Rendition.id == Placement.approved_id)
        .join(ListingMember, sa.and_(ListingMember.product_id == Placement.product_id, ListingMember.account_id == Placement.account_id))
        .join(Listing, Listing.id == ListingMember.listing_id)
        .where(Listing.state == ListingState.LIVE, Listing.live_at <= now - timedelta(days=days), ~open_notice, sa.cast(Placement.waived, sa.String) != "{}")
    )
    shown = (
        waived
        for waived, approved, position, sku, pushed, file in rows
        if waived.get("rendition") == approved and file is not None and pushed.get(sku, {}).get(position) == file
    )
    return Counter(rule for waived in shown for rule in set(waived.get("rules", ())))


def _fired(session: Session) -> Counter[str]:
    found: Counter[str] = Counter()
    for column in (Verdict.findings, ImageSetItem.findings):
        for findings in session.scalars(sa.select(column).where(sa.cast(column, sa.String) != "[]").execution_options(yield_per=PAGE)):
            found.update({finding["rule"] for finding in findings})
    return found


def _overridden(session: Session) -> Counter[str]:
    waived = session.scalars(sa.select(Placement.waived).where(sa.cast(Placement.waived, sa.String) != "{}").execution_options(yield_per=PAGE))
    found = Counter(rule for each in waived for rule in set(each.get("rules", ())))
    accepted = sa.select(ImageSetItem.findings).where(ImageSetItem.state == PhotoState.ACCEPTED, sa.cast(ImageSetItem.findings, sa.String) != "[]")
    for findings in session.scalars(accepted.execution_options(yield_per=PAGE)):
        found.update({finding["rule"] for finding in findings if finding["level"] in FLAGS})
    return found


def _escaped(session: Session, rule_set: rules.RuleSet) -> Counter[str]:
    found: Counter[str] = Counter()
    rows = session.execute(noticed().where(sa.cast(Notice.black_box, sa.String) != "{}").execution_options(yield_per=PAGE))
    for notice, marketplace, product in rows:
        found.update(set(_passed(notice, marketplace, product, rule_set)))
    return found


def _passed(notice: Notice, marketplace: str, product: Product, rule_set: rules.RuleSet) -> Iterator[str]:
    """The rules that claim to prevent this notice and have nothing against the measured picture that it came for."""
    site = integrations.SITES[marketplace]
    for position, box in notice.black_box.items():
        scope = rules.Scope(marketplace=site.key, country=site.country, category=product.category, position=position, condition=product.condition)
        words = set(rules.Evidence(site.key, notice.code, notice.reason, notice.message, box["facts"], scope).words)
        for rule in rule_set.in_order(site.connector):
            value = box["facts"].get(rule.fact)
            if value is not None and words & set(rule.prevents) and rule.covers(scope) and rule.holds(value):
                yield rule.id


def _asked(session: Session, rule_set: rules.RuleSet) -> Counter[str]:
    places = session.execute(
        sa.select(Account.marketplace, Product.category, Placement.position, Product.condition, sa.func.count(Verdict.id))
        .join(Placement, Placement.id == Verdict.placement_id)
        .join(Account, Account.id == Placement.account_id)
        .join(Product, Product.id == Placement.product_id)
        .group_by(Account.marketplace, Product.category, Placement.position, Product.condition)
    )
    found: Counter[str] = Counter()
    for marketplace, category, position, condition, count in places:
        site = integrations.SITES[marketplace]
        scope = rules.Scope(marketplace=site.key, country=site.country, category=category, position=position, condition=condition)
        found.update({rule.id: count for rule in rule_set.in_order(site.connector) if rule.covers(scope)})
    return found
