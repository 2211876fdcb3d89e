"""Waivers: somebody answers for a rule, for a product, an account or both, until a day, and says why. They end by themselves, or are revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import rulebook, work
from app.db import lock, record
from app.errors import Refusal
from app.excuses import running
from app.kit import Kit
from app.models import Account, Placement, Product, Waiver
from app.stages.check import JUDGED
from app.states import PlacementState

LONGEST = timedelta(days=366)  # what is to hold for longer is no exception but a rule: the overlay is its place


def add(
    session: Session,
    kit: Kit,
    *,
    rule: str,
    until: datetime,
    why: str,
    who: str,
    product: Product | None = None,
    account: Account | None = None,
) -> Waiver:
    """Waive a rule and judge again what breaks it there. Raises Refusal that says what is wrong with it."""
    if not why.strip():
        raise Refusal("say why this rule is waived: the reason is shown wherever it is")
    if product is None and account is None:
        raise Refusal("name a product, an account or both: a waiver for everything would be a change of the rules")
    if until <= kit.now():
        raise Refusal("a waiver ends in the future: name a later day")
    if until > kit.now() + LONGEST:
        raise Refusal(f"a waiver lasts {LONGEST.days} days at the most; what is to hold for longer, say in the rules' overlay")
    _known(session, kit, rule, account)
    waiver = Waiver(
        rule=rule,
        product_id=product.id if product else None,
        account_id=account.id if account else None,
        who=who,
        why=why.strip(),
        at=kit.now(),
        until=until,
    )
    session.add(waiver)
    session.flush()
    words = f"{rule} for {scope_of(product, account)} until {until:%d %b %Y}: {waiver.why}"
    record(session, waiver, "waived", now=kit.now(), sku=product.sku if product else None, why=words, who=who)
    _judge_again(session, kit, waiver)
    return waiver


def revoke(session: Session, kit: Kit, waiver: Waiver, who: str, why: str) -> None:
    """End a waiver now. What it let through waits for a person again; a live picture stays until its replacement passes."""
    if not why.strip():
        raise Refusal("say why the waiver is revoked: the reason is kept beside it")
    lock(session, waiver)
    if waiver.revoked_at is not None:
        raise Refusal(f"waiver {waiver.id} was revoked by {waiver.revoked_by} already")
    if waiver.until <= kit.now():
        raise Refusal(f"waiver {waiver.id} has ended already")
    waiver.revoked_at, waiver.revoked_by, waiver.revoked_why = kit.now(), who, why.strip()
    words = f"{waiver.rule} for {scope_of(waiver.product, waiver.account)}: {waiver.revoked_why}"
    record(session, waiver, "revoked", now=kit.now(), sku=waiver.product.sku if waiver.product else None, why=words, who=who)
    _judge_again(session, kit, waiver)


def state(waiver: Waiver, now: datetime) -> str:
    """in force | ended | revoked."""
    return "revoked" if waiver.revoked_at is not None else "in force" if waiver.until > now else "ended"


def scope_of(product: Product | None, account: Account | None) -> str:
    """`W-1042 on amazon-uk:main`, or the one of the two that is named."""
    return " on ".join(name for name in (product.sku if product else "", account.key if account else "") if name)


def listed(now: datetime, *, ended: bool = False) -> sa.Select[Waiver]:
    """Waivers in force, the first to end first; or those that are over, newest first."""
    if ended:
        return sa.select(Waiver).where(~running(now)).order_by(Waiver.id.desc())
    return sa.select(Waiver).where(running(now)).order_by(Waiver.until, Waiver.id)


def _known(session: Session, kit: Kit, rule: str, account: Account | None) -> None:
    found = rulebook.active(session, kit).by_id.get(rule)
    if found is None:
        raise Refusal(f"there is no rule {rule} in force; `packshot rules list` shows them")
    if found.authority == "intake":
        raise Refusal(f"{rule} judges photographs as they come in: accept the photograph instead")
    if account is not None and integrations.SITES[account.marketplace].connector != found.authority:
        raise Refusal(f"{rule} is a rule of {found.authority}; {account.key} is no account there")


def _breaks(rule: str) -> sa.ColumnElement[bool]:
    return sa.cast(Placement.findings, sa.Text).contains(f'"{rule}"', autoescape=True)


def _judge_again(session: Session, kit: Kit, waiver: Waiver) -> None:
    """Wake the placements within the waiver's scope that break its rule, however many there are; and those that may be judged at this very moment."""
    session.flush()
    rows = (
        sa.select(Placement.id, Product.priority * work.PRIORITY_HEAD_START_S)
        .join(Product, Product.id == Placement.product_id)
        .where(Placement.state.in_(JUDGED))
        .where(sa.or_(Placement.judged_rules.is_(None), Placement.state == PlacementState.WAITING, _breaks(waiver.rule)))
    )
    if waiver.product_id is not None:
        rows = rows.where(Placement.product_id == waiver.product_id)
    if waiver.account_id is not None:
        rows = rows.where(Placement.account_id == waiver.account_id)
    work.wake_every(session, "check", rows, at=kit.now())
