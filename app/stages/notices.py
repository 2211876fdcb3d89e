"""Notices as intervals: what a marketplace says against a listing opens a row, its silence ends it. Nothing is ever overwritten.

Each notice keeps a black box: the exact file, facts, findings, rule set and reviewer of what was live when it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
from app import work
from app.db import record
from app.kit import Kit
from app.models import FileFacts, Listing, ListingMember, Notice, Placement, Rendition, Verdict

TEACHES = ("suppressed", "held", "removed", "at_risk")


def note(session: Session, kit: Kit, listing: Listing, merchant_sku: str, said: Sequence[integrations.Notice], at: datetime) -> None:
    """Take the complete set of what is said now about one SKU: new notices begin, silent ones end."""
    rows = session.scalars(
        sa.select(Notice).where(Notice.listing_id == listing.id, Notice.merchant_sku == merchant_sku, Notice.end.is_(None)).order_by(Notice.id)
    ).all()
    open_now = {(row.code, row.kind): row for row in rows}
    said_now = _together(said)
    codes: Counter[str] = Counter()
    for key, one in said_now.items():
        number, codes[one.code] = codes[one.code], codes[one.code] + 1
        known = open_now.pop(key, None)
        if known is None:
            _begin(session, kit, listing, merchant_sku, one, at + timedelta(microseconds=number))  # one code may be said with two kinds at once
        elif known.until != one.until:
            known.until = one.until
    for gone in rows:
        if open_now.get((gone.code, gone.kind)) is gone or (gone.code, gone.kind) not in said_now:
            gone.end = at
            record(session, gone, "ended", now=at, sku=merchant_sku, was=gone.kind, why=gone.message)


def _together(said: Sequence[integrations.Notice]) -> dict[tuple[str, str], integrations.Notice]:
    """What is said, once per code and kind, naming every position; codes as long as the column holds."""
    found: dict[tuple[str, str], integrations.Notice] = {}
    for one in said:
        key = (one.code[:64], one.kind)
        first = found.get(key)
        positions = one.positions if first is None else tuple(dict.fromkeys((*first.positions, *one.positions)))
        found[key] = replace(first or one, code=key[0], positions=positions)
    return found


def _begin(session: Session, kit: Kit, listing: Listing, merchant_sku: str, one: integrations.Notice, at: datetime) -> None:
    notice = Notice(
        listing_id=listing.id,
        merchant_sku=merchant_sku,
        code=one.code,
        kind=one.kind,
        reason=one.reason,
        message=one.message,
        positions=list(one.positions),
        until=one.until,
        raw=dict(one.raw),
        black_box=black_box(session, listing, merchant_sku, one.positions),
        begin=at,
    )
    session.add(notice)
    session.flush()
    record(session, notice, "began", now=at, sku=merchant_sku, to=one.kind, why=f"{one.code}: {one.message}")
    if one.kind in TEACHES:
        work.wake(session, "learn", notice.id, at=at)


def black_box(session: Session, listing: Listing, merchant_sku: str, positions: Sequence[str]) -> dict[str, Any]:
    """What was live at the positions a notice names (main where it names none): position -> file, recipe, facts, findings, rule set, reviewer."""
    side = listing.pushed.get(merchant_sku, {})
    member = session.scalar(sa.select(ListingMember).where(ListingMember.listing_id == listing.id, ListingMember.merchant_sku == merchant_sku))
    found: dict[str, Any] = {}
    for position in positions or ("main",):
        digest = side.get(position)
        if digest is None or member is None:
            continue
        placement = session.scalar(
            sa.select(Placement).where(Placement.product_id == member.product_id, Placement.account_id == listing.account_id, Placement.position == position)
        )
        judged = session.scalar(
            sa.select(Verdict).where(Verdict.file_sha256 == digest, Verdict.placement_id == placement.id).order_by(Verdict.id.desc()).limit(1)
            if placement
            else sa.select(Verdict).where(sa.false())
        )
        rendition = session.scalar(sa.select(Rendition).where(Rendition.file_sha256 == digest).limit(1))
        facts = session.get(FileFacts, (digest, imaging.MEASURE_VERSION))
        found[position] = {
            "file": digest,
            "rendition": rendition.id if rendition else None,
            "recipe": rendition.recipe if rendition else None,
            "model": rendition.request.get("cutout") if rendition else None,
            "facts": facts.facts if facts else {},
            "findings": judged.findings if judged else [],
            "rule_set": judged.rule_set if judged else None,
            "reviewer": placement.decided_by if placement else None,
        }
    return found
