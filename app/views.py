"""What people are shown of the rows: pure functions of states and open notices, and the few selects that feed them.

A status word is computed, never stored: the sync axis (`ListingState`) and the notices stay two things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

import integrations
from app.kit import Kit
from app.models import Account, Arrival, Batch, ImageSetItem, Listing, ListingMember, Notice, Placement, Product, Rendition
from app.stages import publish, review
from app.stages.arrange import in_order, offers
from app.states import ArrivalState, ListingState, PhotoState, PlacementState, RenditionState

# worst first: of two words that both fit, the earlier is shown
NOTICE_WORDS = {"removed": "removed", "suppressed": "suppressed", "held": "held", "at_risk": "at risk"}
TONES = {
    "removed": "bad",
    "suppressed": "bad",
    "held": "bad",
    "refused": "bad",
    "drifted": "bad",
    "at risk": "warn",
    "paused": "warn",
    "waiting for approval": "warn",
    "ended": "quiet",
    "not ready": "quiet",
    "to send": "busy",
    "sent, not yet seen": "busy",
    "cannot be proven": "good",
    "live": "good",
}
STATE_WORDS = {
    ListingState.EMPTY: "not ready",
    ListingState.TO_SEND: "to send",
    ListingState.SENT: "sent, not yet seen",
    ListingState.LIVE: "live",
    ListingState.UNPROVABLE: "cannot be proven",
    ListingState.DRIFTED: "drifted",
    ListingState.ENDED: "ended",
}


@dataclass(frozen=True)
class Shown:
    """How a listing is shown: one word, its tone (good, busy, warn, bad, quiet), one sentence."""

    word: str
    tone: str
    sentence: str


def shown(listing: Listing, notices: Collection[Notice], account: Account) -> Shown:
    """One word for both axes of a listing; `notices` are its open ones. Pure."""
    kinds = {notice.kind: notice for notice in notices if notice.end is None}
    worst = next((kinds[kind] for kind in NOTICE_WORDS if kind in kinds), None)
    if worst is not None:
        until = f" until {worst.until:%Y-%m-%d %H:%M} UTC" if worst.until else ""
        return _said(NOTICE_WORDS[worst.kind], f"{worst.message}{until}")
    if listing.state == ListingState.TO_SEND:
        if listing.refused_print and listing.refused_print == listing.wanted_print:
            return _said("refused", listing.problem or "the marketplace refused it")
        if account.paused or account.stopped:
            return _said("paused", account.paused or "publishing was stopped by a person")
        if account.policy.get("publish", "ask") == "ask" and listing.confirmed_print != listing.wanted_print:
            return _said("waiting for approval", f"policy of {account.key}: a person lets each change through")
    sentences = {
        ListingState.EMPTY: "its main picture is not approved yet",
        ListingState.TO_SEND: listing.problem or "will be sent in a moment",
        ListingState.SENT: "accepted; the picture has not been read back yet",
        ListingState.LIVE: f"seen live{f' {listing.live_at:%Y-%m-%d %H:%M} UTC' if listing.live_at else ''}",
        ListingState.UNPROVABLE: "accepted; this marketplace gives no way to read it back",
        ListingState.DRIFTED: "shows another picture than ours",
        ListingState.ENDED: "the listing has ended",
    }
    return _said(STATE_WORDS[listing.state], sentences[listing.state])


def _said(word: str, sentence: str) -> Shown:
    return Shown(word, TONES[word], sentence)


def open_notices(session: Session, listing_ids: Sequence[int]) -> dict[int, list[Notice]]:
    """Open notices by listing."""
    found: dict[int, list[Notice]] = {}
    if listing_ids:
        for notice in session.scalars(sa.select(Notice).where(Notice.listing_id.in_(listing_ids), Notice.end.is_(None)).order_by(Notice.begin)):
            found.setdefault(notice.listing_id, []).append(notice)
    return found


# --- why is this not live ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Why:
    """For one account: live or not, and why not in one sentence."""

    account: str
    live: bool
    word: str
    sentence: str


def why(session: Session, kit: Kit, sku: str) -> list[Why]:
    """For every account, one sentence on why a product is live or not. LookupError for an unknown SKU."""
    product = session.scalar(sa.select(Product).where(Product.sku == sku).options(selectinload(Product.items)))
    if product is None:
        raise LookupError(f"{sku}: no product has this SKU")
    return [_why(session, kit, product, account) for account in session.scalars(sa.select(Account).order_by(Account.key))]


def _why(session: Session, kit: Kit, product: Product, account: Account) -> Why:
    row = session.execute(
        sa.select(Listing).join(ListingMember).where(ListingMember.product_id == product.id, Listing.account_id == account.id)
    ).scalar_one_or_none()
    if row is None or not offers(product, account):
        return Why(
            account.key,
            False,
            "not offered",
            f"not offered on {account.key}: the inventory names no listing there and the account's policy does not create one",
        )
    if product.archived:
        return Why(account.key, False, "archived", "the product is archived in the inventory")
    now = shown(row, open_notices(session, [row.id]).get(row.id, []), account)
    if now.word == "live":
        return Why(account.key, True, now.word, now.sentence)
    if row.state == ListingState.EMPTY:
        return Why(account.key, False, now.word, _not_ready(session, product, account))
    if row.state == ListingState.TO_SEND and row.wanted_print != row.pushed_print:
        return Why(account.key, False, now.word, publish.barred(session, kit, row, account) or now.sentence)
    return Why(account.key, False, now.word, now.sentence)


def _not_ready(session: Session, product: Product, account: Account) -> str:
    """Why an image set is not ready, the first reason along the road."""
    coming = session.scalars(sa.select(Arrival).where(Arrival.product_id == product.id, Arrival.state.in_((ArrivalState.WAITING, ArrivalState.REFUSED)))).all()
    items = in_order(product.category, [item for item in product.items if item.state != PhotoState.REJECTED])
    if not items:
        refused = next((a for a in coming if a.state == ArrivalState.REFUSED), None)
        if refused is not None:
            return f"{refused.name} could not be taken: {refused.problem}"
        return "its photos are being fetched" if coming else "no photo has arrived"
    if items[0].state == PhotoState.FLAGGED:
        return f"its main photo ({items[0].shot or 'unnamed'}) waits in review: {'; '.join(f['message'] for f in items[0].findings)}"
    places = session.scalars(sa.select(Placement).where(Placement.product_id == product.id, Placement.account_id == account.id)).all()
    main = next((p for p in places if p.position == "main"), None)
    if main is None:
        return "its pictures are being arranged"
    if main.state == PlacementState.REVIEW:
        return f"its main picture waits in review: {'; '.join(f['message'] for f in main.findings)}"
    if main.state in (PlacementState.REJECTED, PlacementState.RETOUCH):
        return f"its main picture {'was rejected' if main.state == PlacementState.REJECTED else 'is out for retouching'}"
    if main.state == PlacementState.WAITING:
        return "its main picture is being made"
    return f"waits up to {account.policy.get('wait_s', 1800)} s for its other pictures, so that the set goes out together"


# --- batches, the strip, the bars --------------------------------------------------------------------------------------------

BATCH_WORDS = ("queued", "processing", "ready for review", "approved", "published")


@dataclass(frozen=True)
class BatchState:
    """Where a batch stands, and how many of its photos stand where."""

    word: str
    counts: dict[str, int]


def batch_word(counts: dict[str, int]) -> str:
    """One word for a batch from the counts of its photos. Pure: the least advanced photo that still moves decides; review comes before approved."""
    total = sum(counts.values())
    if total == 0 or counts.get("queued", 0) == total:
        return "queued"
    for word, said in (("queued", "processing"), ("processing", "processing"), ("review", "ready for review"), ("approved", "approved")):
        if counts.get(word):
            return said
    return "published" if counts.get("published") else "approved"


def photo_word(item: PhotoState, placements: Sequence[tuple[PlacementState, ListingState | None]]) -> str:
    """Where one photo stands: queued, processing, review, approved, published or dropped. Pure."""
    if item == PhotoState.RECEIVED:
        return "processing"
    if item == PhotoState.FLAGGED:
        return "review"
    if item == PhotoState.REJECTED:
        return "dropped"
    states = {state for state, _ in placements}
    if PlacementState.REVIEW in states:
        return "review"
    if not states or PlacementState.WAITING in states:
        return "processing"
    if states <= {PlacementState.REJECTED, PlacementState.VACANT, PlacementState.RETOUCH}:
        return "dropped"
    sent = [listing in (ListingState.LIVE, ListingState.UNPROVABLE) for state, listing in placements if state == PlacementState.APPROVED]
    return "published" if sent and all(sent) else "approved"


def batch_states(session: Session, batches: Sequence[Batch]) -> dict[int, BatchState]:
    """The state of several batches in three selects."""
    ids = [batch.id for batch in batches]
    counts: dict[int, Counter[str]] = {n: Counter() for n in ids}
    for batch_id, state, number in session.execute(
        sa.select(Arrival.batch_id, Arrival.state, sa.func.count())
        .where(Arrival.batch_id.in_(ids), Arrival.state != ArrivalState.FILED)
        .group_by(Arrival.batch_id, Arrival.state)
    ):
        counts[batch_id][{"waiting": "queued", "unmatched": "review", "refused": "review"}.get(state, "dropped")] += number
    places: dict[int, list[tuple[PlacementState, ListingState | None]]] = {}
    items = session.scalars(sa.select(ImageSetItem).where(ImageSetItem.batch_id.in_(ids))).all()
    rows = session.execute(
        sa.select(Placement.item_id, Placement.state, Listing.state)
        .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .outerjoin(ListingMember, sa.and_(ListingMember.product_id == Placement.product_id, ListingMember.account_id == Placement.account_id))
        .outerjoin(Listing, Listing.id == ListingMember.listing_id)
        .where(ImageSetItem.batch_id.in_(ids), Placement.item_id.is_not(None))
    )
    for item_id, placed, listed in rows:
        places.setdefault(item_id or 0, []).append((placed, listed))
    for item in items:
        if item.batch_id is not None:
            counts[item.batch_id][photo_word(item.state, places.get(item.id, []))] += 1
    return {n: BatchState(batch_word({k: v for k, v in c.items() if k != "dropped"} or dict(c)), dict(c)) for n, c in counts.items()}


def batch_state(session: Session, batch: Batch) -> BatchState:
    """The state of one batch."""
    return batch_states(session, [batch])[batch.id]


def pipeline(session: Session, now: datetime) -> dict[str, int]:
    """The strip: how much is where on the main road, in order."""

    def count(query: Any) -> int:
        return session.scalar(query) or 0

    def of(table: type[Arrival | Rendition | Placement | Listing], *where: sa.ColumnElement[bool]) -> int:
        return count(sa.select(sa.func.count()).select_from(table).where(*where))

    proposed = sa.select(Placement.id).where(Placement.rendition_id == Rendition.id).exists()
    hit = sa.select(Notice.listing_id).where(Notice.end.is_(None), Notice.kind.in_(("suppressed", "held", "removed"))).distinct()
    return {
        "arriving": of(Arrival, Arrival.state == ArrivalState.WAITING),
        "rendering": of(Rendition, Rendition.state == RenditionState.QUEUED, proposed),
        "checking": count(
            sa.select(sa.func.count())
            .select_from(Placement)
            .join(Rendition, Rendition.id == Placement.rendition_id)
            .where(Placement.state == PlacementState.WAITING, Rendition.state != RenditionState.QUEUED)
        ),
        "review": review.waiting(session),
        "to send": of(Listing, Listing.state == ListingState.TO_SEND),
        "sent": of(Listing, Listing.state == ListingState.SENT),
        "live": of(Listing, Listing.state == ListingState.LIVE, Listing.id.not_in(hit)),
        "suppressed": of(Listing, Listing.id.in_(hit)),
    }


def listing_words(session: Session, account: Account | None = None) -> list[tuple[Listing, Account, Shown]]:
    """Every listing with its word, in one pass; for bars, filters and exports."""
    query = sa.select(Listing, Account).join(Account).order_by(Listing.id)
    rows = session.execute(query if account is None else query.where(Account.id == account.id)).all()
    notices: dict[int, list[Notice]] = {}
    for notice in session.scalars(sa.select(Notice).where(Notice.end.is_(None))):
        notices.setdefault(notice.listing_id, []).append(notice)
    return [(listing, owner, shown(listing, notices.get(listing.id, ()), owner)) for listing, owner in rows]


def marketplace_bars(session: Session) -> dict[str, dict[str, int]]:
    """Per account, how many listings are shown with which word; worst words first."""
    order = {word: n for n, word in enumerate(TONES)}
    bars: dict[str, Counter[str]] = {key: Counter() for key in session.scalars(sa.select(Account.key).order_by(Account.key))}
    for _, account, now in listing_words(session):
        bars[account.key][now.word] += 1
    return {key: dict(sorted(bar.items(), key=lambda entry: order[entry[0]])) for key, bar in bars.items()}


def sites() -> dict[str, str]:
    """Marketplace key -> country, for menus."""
    return {key: site.country for key, site in integrations.SITES.items()}
