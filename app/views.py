"""What people are shown of the rows: pure functions of states and open notices, and the few selects that feed them.

A status word is computed, never stored: the sync axis (`ListingState`) and the notices stay two things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from app import verdicts
from app.kit import Kit
from app.models import Account, Arrival, Batch, ImageSetItem, Listing, ListingMember, Notice, Placement, Product, Push, Rendition, Work
from app.stages import creating, publish, review
from app.stages.arrange import in_order, offers
from app.states import ArrivalState, ListingState, PhotoState, PlacementState, PushState, RenditionState

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
ROAD_WORDS = {  # the last steps of the strip -> the words of the listings that are counted there
    "to send": ("to send", "waiting for approval", "paused", "refused"),
    "sent": ("sent, not yet seen", "cannot be proven"),
    "live": ("live", "at risk"),
    "suppressed": ("suppressed", "held", "removed"),
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


def word(state: ListingState, worst: str | None, account: Account, *, refused: bool, let_through: bool) -> str:
    """The one word for both axes of a listing; pure.

    `worst` is the gravest kind among its open notices, `refused` that the present wish was refused, `let_through` that a person
    confirmed it.
    """
    if worst in NOTICE_WORDS:
        return NOTICE_WORDS[worst]
    if state == ListingState.TO_SEND:
        if refused:
            return "refused"
        if account.paused or account.stopped:
            return "paused"
        if account.policy.get("publish", "ask") == "ask" and not let_through:
            return "waiting for approval"
    return STATE_WORDS[state]


def shown(listing: Listing, notices: Collection[Notice], account: Account) -> Shown:
    """A listing's word, tone and sentence; `notices` are its open ones. Pure."""
    kinds = {notice.kind: notice for notice in notices if notice.end is None}
    worst = next((kinds[kind] for kind in NOTICE_WORDS if kind in kinds), None)
    refused = listing.refused_print is not None and listing.refused_print == listing.wanted_print
    said = word(listing.state, worst.kind if worst else None, account, refused=refused, let_through=listing.confirmed_print == listing.wanted_print)
    if worst is not None:
        until = f" until {worst.until:%Y-%m-%d %H:%M} UTC" if worst.until else ""
        return _said(said, f"{worst.message}{until}")
    sentences = {
        "refused": listing.problem or "the marketplace refused it",
        "paused": account.paused or "publishing was stopped by a person",
        "waiting for approval": f"policy of {account.key}: a person lets each change through",
        "not ready": "its main picture is not approved yet",
        "to send": listing.problem or "will be sent in a moment",
        "sent, not yet seen": "accepted; the picture has not been read back yet",
        "live": f"seen live{f' {listing.live_at:%Y-%m-%d %H:%M} UTC' if listing.live_at else ''}",
        "cannot be proven": "accepted; this marketplace gives no way to read it back",
        "drifted": "shows another picture than ours",
        "ended": "the listing has ended",
    }
    return _said(said, sentences[said])


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
    """For one account: live or not, and why not in one sentence.

    `mend` is the category whose mapping would mend it, where the marketplace refused what a new listing says.
    """

    account: str
    live: bool
    word: str
    sentence: str
    mend: str | None = None


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
    apart = _not_with_its_siblings(session, kit, row, product, account)
    if apart is not None:
        return apart
    now = shown(row, open_notices(session, [row.id]).get(row.id, []), account)
    if now.word == "live":
        return Why(account.key, True, now.word, now.sentence)
    if row.state == ListingState.EMPTY:
        return Why(account.key, False, now.word, _not_ready(session, product, account))
    if row.state == ListingState.TO_SEND and row.wanted_print != row.pushed_print:
        sentence = publish.barred(session, kit, row, account) or _tried(session, row) or now.sentence
        return Why(account.key, False, now.word, sentence, product.category if now.word == "refused" and lacks_something(session, [row.id]) else None)
    return Why(account.key, False, now.word, now.sentence)


def _tried(session: Session, listing: Listing) -> str | None:
    """Why the last try to send a listing came to nothing, where it is tried again."""
    failure = session.scalar(sa.select(Work.error).where(Work.stage == "publish", Work.row == str(listing.id), Work.attempts > 0))
    return f"is tried again: {failure}" if failure else None


def lacks_something(session: Session, listing_ids: Sequence[int]) -> set[int]:
    """Those of these listings whose last refusal was about what a new listing says: the product or the account's mapping can mend it."""
    newest = sa.select(sa.func.max(Push.id)).where(Push.listing_id.in_(listing_ids)).group_by(Push.listing_id)
    pushes = session.scalars(sa.select(Push).where(Push.id.in_(newest), Push.state == PushState.REFUSED, Push.creates))
    return {push.listing_id for push in pushes if creating.lacks_something(push.issues)}


def _not_with_its_siblings(session: Session, kit: Kit, row: Listing, product: Product, account: Account) -> Why | None:
    """Why one of several products is not yet part of a listing that is there; None where it is, or the listing is not there either."""
    member = next(member for member in row.members if member.product_id == product.id)
    if len(row.members) == 1 or not row.pushed or member.merchant_sku in row.pushed:
        return None
    if member.merchant_sku in row.wanted and row.wanted_print == row.pushed_print:  # it was sent with its siblings, and left out
        return Why(account.key, False, "refused", row.problem or "the marketplace left it out of its listing")
    if member.merchant_sku in row.wanted:
        return Why(account.key, False, "to send", publish.barred(session, kit, row, account) or "will be added to its listing in a moment")
    if product.quantity == 0:
        return Why(account.key, False, "not ready", "it has no stock; it is added to its listing once there is some")
    return Why(account.key, False, "not ready", _not_ready(session, product, account))


def _not_ready(session: Session, product: Product, account: Account) -> str:
    """Why an image set is not ready, the first reason along the road."""
    coming = session.scalars(sa.select(Arrival).where(Arrival.product_id == product.id, Arrival.state.in_((ArrivalState.WAITING, ArrivalState.REFUSED)))).all()
    items = in_order(product.category, [item for item in product.items if item.state != PhotoState.REJECTED])
    if not items:
        refused = next((a for a in coming if a.state == ArrivalState.REFUSED), None)
        if refused is not None:
            return f"{refused.name} could not be taken: {refused.problem}"
        trouble = session.execute(
            sa.select(Arrival.name, Work.error)
            .join(Work, sa.and_(Work.stage == "intake", Work.row == sa.cast(Arrival.id, sa.String)))
            .where(Arrival.product_id == product.id, Arrival.state == ArrivalState.WAITING, Work.error.is_not(None))
        ).first()
        if trouble is not None:
            return f"{trouble.name} could not be fetched yet and is tried again: {trouble.error}"
        return "its photos are being fetched" if coming else "no photo has arrived"
    if items[0].state == PhotoState.FLAGGED:
        return f"its main photo ({items[0].shot or 'unnamed'}) waits in review: {_in_words(items[0].findings)}"
    places = session.scalars(sa.select(Placement).where(Placement.product_id == product.id, Placement.account_id == account.id)).all()
    main = next((p for p in places if p.position == "main"), None)
    if main is None:
        return "its pictures are being arranged"
    if main.state == PlacementState.REVIEW:
        return f"its main picture waits in review: {_in_words(main.findings)}"
    if main.state in (PlacementState.REJECTED, PlacementState.RETOUCH):
        return f"its main picture {'was rejected' if main.state == PlacementState.REJECTED else 'is out for retouching'}"
    if main.state == PlacementState.WAITING:
        if main.rendition_id is None and items[0].mask_input is None:
            return "its main photo waits for the rest of its batch, whose backdrop helps to cut it out"
        return "its main picture is being made"
    return f"waits up to {account.policy.get('wait_s', 1800)} s for its other pictures, so that the set goes out together"


def _in_words(findings: Sequence[dict[str, Any]]) -> str:
    """The messages of findings that ask for a person, as running text; all messages where none does."""
    against = [f["message"] for f in verdicts.against(findings)] or [f["message"] for f in findings]
    return " ".join(message if message.endswith((".", "!", "?")) else f"{message}." for message in against)


# --- batches, the strip, the bars --------------------------------------------------------------------------------------------


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
    for stands, said in (("queued", "processing"), ("processing", "processing"), ("review", "ready for review"), ("approved", "approved")):
        if counts.get(stands):
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
    items = session.execute(sa.select(ImageSetItem.id, ImageSetItem.batch_id, ImageSetItem.state).where(ImageSetItem.batch_id.in_(ids)))
    rows = session.execute(
        sa.select(Placement.item_id, Placement.state, Listing.state)
        .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
        .outerjoin(ListingMember, sa.and_(ListingMember.product_id == Placement.product_id, ListingMember.account_id == Placement.account_id))
        .outerjoin(Listing, Listing.id == ListingMember.listing_id)
        .where(ImageSetItem.batch_id.in_(ids), Placement.item_id.is_not(None))
    )
    for item_id, placed, listed in rows:
        places.setdefault(item_id or 0, []).append((placed, listed))
    for item, batch, stands in items:
        counts[batch or 0][photo_word(stands, places.get(item, []))] += 1
    return {n: BatchState(batch_word({k: v for k, v in c.items() if k != "dropped"} or dict(c)), dict(c)) for n, c in counts.items()}


def batch_state(session: Session, batch: Batch) -> BatchState:
    """The state of one batch."""
    return batch_states(session, [batch])[batch.id]


def pipeline(session: Session, bars: dict[str, dict[str, int]]) -> dict[str, int]:
    """The strip: how much is where on the main road, in order; `bars` as of `marketplace_bars`."""

    def count(query: Any) -> int:
        return session.scalar(query) or 0

    def of(table: type[Arrival | Rendition], *where: sa.ColumnElement[bool]) -> int:
        return count(sa.select(sa.func.count()).select_from(table).where(*where))

    proposed = sa.select(Placement.id).where(Placement.rendition_id == Rendition.id).exists()
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
    } | {step: sum(bar.get(said, 0) for bar in bars.values() for said in words) for step, words in ROAD_WORDS.items()}


def marketplace_bars(session: Session) -> dict[str, dict[str, int]]:
    """Per account, how many listings are shown with which word, worst words first: counted by the database, whatever the number of listings."""
    gravity = sa.case({kind: n for n, kind in enumerate(NOTICE_WORDS)}, value=Notice.kind, else_=len(NOTICE_WORDS))
    worst = sa.select(Notice.listing_id, sa.func.min(gravity).label("gravity")).where(Notice.end.is_(None)).group_by(Notice.listing_id).subquery()
    refused = sa.func.coalesce(Listing.refused_print == Listing.wanted_print, sa.false()).label("refused")
    let_through = sa.func.coalesce(Listing.confirmed_print == Listing.wanted_print, sa.false()).label("let_through")
    columns = (Listing.account_id, Listing.state, worst.c.gravity, refused, let_through)
    rows = session.execute(sa.select(*columns, sa.func.count()).outerjoin(worst, worst.c.listing_id == Listing.id).group_by(*columns)).all()
    accounts = {account.id: account for account in session.scalars(sa.select(Account).order_by(Account.key))}
    kinds, order = [*NOTICE_WORDS, None], {said: n for n, said in enumerate(TONES)}
    bars: dict[str, Counter[str]] = {account.key: Counter() for account in accounts.values()}
    for account_id, state, graveness, was_refused, confirmed, number in rows:
        kind = None if graveness is None else kinds[graveness]
        account = accounts[account_id]
        bars[account.key][word(state, kind, account, refused=bool(was_refused), let_through=bool(confirmed))] += number
    return {key: dict(sorted(bar.items(), key=lambda entry: order[entry[0]])) for key, bar in bars.items()}
