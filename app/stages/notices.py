"""Notices as intervals: what a marketplace says against a listing opens a row, its silence ends it. Nothing is ever overwritten.

Each notice keeps a black box: file, recipe, model, facts, findings, rule set and reviewer of what was live when it began.
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
from app import rulebook, work
from app.db import record
from app.kit import Kit
from app.models import Cutout, FileFacts, Listing, ListingMember, Notice, Placement, Product, Rendition, Showing, Verdict
from app.stages.check import facts_of

_OPEN = (
    sa.select(Notice).where(Notice.listing_id == sa.bindparam("listing"), Notice.merchant_sku == sa.bindparam("sku"), Notice.end.is_(None)).order_by(Notice.id)
)
TEACHES = ("suppressed", "held", "removed", "at_risk")


def note(session: Session, kit: Kit, listing: Listing, merchant_sku: str, said: Sequence[integrations.Notice], at: datetime, *, one_of: int = 1) -> None:
    """Take the complete set of what is said now about one SKU: new notices begin, silent ones end.

    `one_of` so many products of the listing: what is said against it names none of their pictures.
    """
    rows = session.scalars(_OPEN, {"listing": listing.id, "sku": merchant_sku}).all()
    said_now = _together(said)
    codes: Counter[str] = Counter()
    for key, one in said_now.items():
        number, codes[one.code] = codes[one.code], codes[one.code] + 1
        known = [row for row in rows if (row.code, row.kind) == key]
        named = {position for row in known for position in row.positions}
        spread = tuple(position for position in one.positions if position not in named)
        if not known or (spread and named):  # what is said of further pictures has a beginning, and a black box, of its own
            fresh = replace(one, positions=spread) if known else one
            _begin(session, kit, listing, merchant_sku, fresh, at + timedelta(microseconds=number), one_of)  # one code may be said with two kinds at once
        for row in known:
            if row.until != one.until:
                row.until = one.until
    for gone in rows:
        if (gone.code, gone.kind) not in said_now:
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


def is_vague(notice: Notice) -> bool:
    """Whether it stands against a listing of several products, so that nobody knows whose picture it is about: it is traced, and teaches nothing."""
    return any(box.get("one_of", 1) > 1 for box in notice.black_box.values())


def _begin(session: Session, kit: Kit, listing: Listing, merchant_sku: str, one: integrations.Notice, at: datetime, one_of: int) -> None:
    boxes = black_box(session, listing, merchant_sku, one.positions)
    notice = Notice(
        listing_id=listing.id,
        merchant_sku=merchant_sku,
        code=one.code,
        kind=one.kind,
        reason=one.reason,
        guessed=one.guessed,
        message=one.message,
        positions=list(one.positions),
        until=one.until,
        raw=dict(one.raw),
        black_box={position: {**box, "one_of": one_of} for position, box in boxes.items()} if one_of > 1 else boxes,
        begin=at,
    )
    session.add(notice)
    session.flush()
    record(session, notice, "began", now=at, sku=merchant_sku, to=one.kind, why=f"{one.code}: {one.message}")
    if one.kind in TEACHES and not is_vague(notice):
        work.wake(session, "learn", notice.id, at=at)


def black_box(session: Session, listing: Listing, merchant_sku: str, positions: Sequence[str]) -> dict[str, Any]:
    """What was live at the positions a notice names (main where it names none), position -> all that was known of it then.

    `file`, `ours`, `shown_since`, `photo`, `rendition`, `request` (recipe with its numbers, cutout, finish version), `recipe`, `cutout`, `model` (SHA-256 of
    the net), `measured` (measure version), `facts`, `findings`, `rule_set` (the verdict's), `in_force` (the rule set at that moment), `waived`, `reviewer`.
    `one_of` is there where the listing holds several products: so many may be meant.
    What was read back counts; where nothing was, what we sent. A picture that is not ours has a file and facts alone.
    """
    sent, shown = listing.pushed.get(merchant_sku, {}), _shown(session, listing, merchant_sku)
    product = session.scalar(sa.select(Product).join(ListingMember).where(ListingMember.listing_id == listing.id, ListingMember.merchant_sku == merchant_sku))
    found: dict[str, Any] = {}
    for position in positions or ("main",):
        showing = shown.get(position)
        digest = showing.file_sha256 if showing is not None else sent.get(position)
        if digest is None or product is None:
            continue
        box: dict[str, Any] = {"file": digest, "ours": showing.ours if showing is not None else True, "measured": imaging.MEASURE_VERSION}
        box["shown_since"] = showing.begin.isoformat() if showing is not None else None
        found[position] = box | (_made(session, listing, product, position, digest) if box["ours"] else _foreign(session, digest))
    return found


def _shown(session: Session, listing: Listing, merchant_sku: str) -> dict[str, Showing]:
    rows = session.scalars(sa.select(Showing).where(Showing.listing_id == listing.id, Showing.merchant_sku == merchant_sku, Showing.end.is_(None)))
    return {row.position: row for row in rows}


def _foreign(session: Session, digest: str) -> dict[str, Any]:
    facts = session.get(FileFacts, (digest, imaging.MEASURE_VERSION))
    nothing: dict[str, Any] = dict.fromkeys(("photo", "rendition", "recipe", "cutout", "model", "rule_set", "reviewer"))
    return {**nothing, "request": {}, "facts": facts.facts if facts else {}, "findings": [], "waived": {}, "in_force": rulebook.active_hash(session)}


def _made(session: Session, listing: Listing, product: Product, position: str, digest: str) -> dict[str, Any]:
    """How a picture of ours came about, and who or what let it through."""
    placement = session.scalar(
        sa.select(Placement).where(Placement.product_id == product.id, Placement.account_id == listing.account_id, Placement.position == position)
    )
    judged = placement and session.scalar(
        sa.select(Verdict).where(Verdict.file_sha256 == digest, Verdict.placement_id == placement.id).order_by(Verdict.id.desc()).limit(1)
    )
    rendition = session.get(Rendition, judged.rendition_id) if judged else None
    if rendition is None:
        rendition = session.scalar(sa.select(Rendition).where(Rendition.file_sha256 == digest).limit(1))
    cutout = session.get(Cutout, rendition.cutout_id) if rendition is not None and rendition.cutout_id else None
    return {
        "photo": rendition.photo_sha256 if rendition else None,
        "rendition": rendition.id if rendition else None,
        "request": rendition.request if rendition else {},
        "recipe": rendition.recipe if rendition else None,
        "cutout": rendition.cutout_id if rendition else None,
        "model": cutout.model_sha256 if cutout else None,
        "facts": facts_of(session, rendition, product)[0] if rendition else {},
        "findings": judged.findings if judged else [],
        "rule_set": judged.rule_set if judged else None,
        "in_force": rulebook.active_hash(session),
        "waived": placement.waived if placement and rendition and placement.waived.get("rendition") == rendition.id else {},
        "reviewer": placement.decided_by if placement else None,
    }
