"""What pages read: one select or a few per page, whatever the number of rows. No page asks again for each line it shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, selectinload

from app import views
from app.models import (
    Account,
    Arrival,
    Batch,
    Event,
    ImageSetItem,
    Lesson,
    Listing,
    ListingMember,
    Notice,
    Placement,
    Product,
    Rendition,
    Retouch,
    Setting,
)
from app.stages import review
from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, RenditionState

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and whether there are more."""

    rows: Sequence[Any]
    number: int
    more: bool


def page_of(session: Session, select: sa.Select[Any], number: int, size: int = PAGE) -> Page:
    """One page of a select; one row more than shown is read, so that nothing need be counted."""
    number = max(1, min(number, 10_000))
    rows = session.execute(select.limit(size + 1).offset((number - 1) * size)).unique().scalars().all()
    return Page(rows[:size], number, len(rows) > size)


def live_mark(session: Session) -> str:
    """Changes with every event and every arrival."""
    event, arrival, settled = session.execute(
        sa.select(
            sa.select(sa.func.max(Event.id)).scalar_subquery(),
            sa.select(sa.func.max(Arrival.id)).scalar_subquery(),
            sa.select(sa.func.max(Setting.at)).scalar_subquery(),
        )
    ).one()
    return f"{event or 0}.{arrival or 0}.{settled.timestamp() if settled else 0:.0f}"


def arrival(session: Session, number: int) -> Arrival | None:
    """A file on its way in, with its product."""
    return session.scalar(sa.select(Arrival).where(Arrival.id == number).options(joinedload(Arrival.product)))


def nav_counts(session: Session) -> dict[str, int]:
    """What waits for a person: review (the tray included), tray, open notices, lessons."""

    def count(table: Any, *where: sa.ColumnElement[bool]) -> Any:
        return sa.select(sa.func.count()).select_from(table).where(*where).scalar_subquery()

    row = session.execute(
        sa.select(
            count(Arrival, Arrival.state == ArrivalState.UNMATCHED),
            count(Notice, Notice.end.is_(None)),
            count(Lesson, TO_DECIDE),
        )
    ).one()
    return {"review": review.waiting(session), **dict(zip(("tray", "notices", "lessons"), row, strict=True))}


def first_steps(session: Session) -> dict[str, bool]:
    """What a newcomer has done so far."""
    names = ("account", "photo", "product")
    row = session.execute(
        sa.select(*(sa.exists(sa.select(column)).label(name) for name, column in zip(names, (Account.id, Arrival.id, Product.id), strict=True)))
    ).one()
    return dict(zip(names, map(bool, row), strict=True))


# --- batches


@dataclass(frozen=True)
class BatchLine:
    """A batch, where it stands, and its first pictures."""

    batch: Batch
    state: views.BatchState
    thumbs: list[str]

    @property
    def files(self) -> int:
        return sum(self.state.counts.values())

    @property
    def shares(self) -> list[tuple[str, str, int]]:
        """(words, tone, count) of its photos, the furthest on the road first."""
        return [(words, tone, self.state.counts[name]) for name, words, tone in BATCH_SHARES if self.state.counts.get(name)]


BATCH_SHARES = (
    ("published", "published", "good"),
    ("approved", "approved", "done"),
    ("processing", "being made", "busy"),
    ("queued", "arriving", "quiet"),
    ("review", "for a person", "warn"),
    ("dropped", "left out", "none"),
)


def batch_lines(session: Session, batches: Sequence[Batch], *, thumbs: int = 6) -> list[BatchLine]:
    """State and first pictures of some batches: four selects for all of them together."""
    states = views.batch_states(session, batches)
    place = sa.func.row_number().over(partition_by=ImageSetItem.batch_id, order_by=ImageSetItem.id).label("place")
    ranked = sa.select(ImageSetItem.batch_id, ImageSetItem.photo_sha256, place).where(ImageSetItem.batch_id.in_(list(states))).subquery()
    first: dict[int, list[str]] = defaultdict(list)
    for batch_id, sha256 in session.execute(sa.select(ranked.c.batch_id, ranked.c.photo_sha256).where(ranked.c.place <= thumbs).order_by(ranked.c.place)):
        first[batch_id].append(sha256)
    return [BatchLine(batch, states[batch.id], first[batch.id]) for batch in batches]


def batches(session: Session, number: int = 1, size: int = 20) -> Page:
    """Newest batches with counts."""
    page = page_of(session, sa.select(Batch).order_by(Batch.id.desc()), number, size)
    return Page(batch_lines(session, page.rows), page.number, page.more)


@dataclass(frozen=True)
class BatchPhoto:
    """A photo of a batch with what became of it."""

    item: ImageSetItem
    placements: list[Placement]
    file: str | None

    @property
    def state(self) -> str:
        """The word under the picture: the one that most needs somebody."""
        if self.item.state != PhotoState.ACCEPTED:
            return self.item.state.value
        states = {p.state for p in self.placements}
        for state in (PlacementState.REVIEW, PlacementState.RETOUCH, PlacementState.REJECTED, PlacementState.WAITING, PlacementState.APPROVED):
            if state in states:
                return state.value
        return "accepted"


def batch_photos(session: Session, batch: Batch, number: int, size: int = 120) -> Page:
    """The photos of one batch, page by page."""
    page = page_of(
        session,
        sa.select(ImageSetItem).where(ImageSetItem.batch_id == batch.id).options(joinedload(ImageSetItem.product)).order_by(ImageSetItem.id),
        number,
        size,
    )
    there = placements_of_items(session, [item.id for item in page.rows])
    return Page([BatchPhoto(item, there.get(item.id, []), _file(there.get(item.id, []))) for item in page.rows], page.number, page.more)


def placements_of_items(session: Session, items: Iterable[int]) -> dict[int, list[Placement]]:
    """Placements by image set item, each with its account and rendition."""
    found: dict[int, list[Placement]] = defaultdict(list)
    select = (
        sa.select(Placement)
        .where(Placement.item_id.in_(list(items)))
        .options(joinedload(Placement.account), joinedload(Placement.rendition))
        .order_by(Placement.account_id, Placement.id)
    )
    for placement in session.scalars(select):
        if placement.item_id is not None:
            found[placement.item_id].append(placement)
    return found


def _file(placements: Sequence[Placement]) -> str | None:
    return next((p.rendition.file_sha256 for p in placements if p.rendition is not None and p.rendition.file_sha256), None)


def batch_arrivals(session: Session, batch: Batch) -> Sequence[Arrival]:
    """Files of a batch that have not become a photo."""
    open_states = (ArrivalState.WAITING, ArrivalState.UNMATCHED, ArrivalState.REFUSED)
    return session.scalars(sa.select(Arrival).where(Arrival.batch_id == batch.id, Arrival.state.in_(open_states)).order_by(Arrival.id).limit(200)).all()


# --- tray, lessons


def tray(session: Session, number: int) -> Page:
    """Arrivals whose name fits no SKU, oldest first."""
    return page_of(session, sa.select(Arrival).where(Arrival.state == ArrivalState.UNMATCHED).order_by(Arrival.id), number)


UNTRANSLATED = Lesson.subject.contains(":code:")  # a code that nobody has said the meaning of: a person is asked from the first notice on
TO_DECIDE = sa.or_(Lesson.state == LessonState.PROPOSED, sa.and_(Lesson.state == LessonState.GATHERING, UNTRANSLATED))


def lessons(session: Session, *, show: str, number: int) -> Page:
    """Lessons to decide, those that are `gathering` evidence, or `decided` ones, newest first."""
    decided = Lesson.state.in_((LessonState.ACCEPTED, LessonState.DECLINED))
    which = {"gathering": Lesson.state == LessonState.GATHERING, "decided": decided}.get(show, TO_DECIDE)
    return page_of(session, sa.select(Lesson).where(which).order_by(Lesson.id.desc()), number)


def open_lessons(session: Session, most: int) -> Sequence[Lesson]:
    """What is proposed first, then what is being gathered."""
    still_open = sa.select(Lesson).where(Lesson.state.in_((LessonState.PROPOSED, LessonState.GATHERING)))
    return session.scalars(still_open.order_by((Lesson.state == LessonState.PROPOSED).desc(), Lesson.id.desc()).limit(most)).all()


# --- products and listings


def products(session: Session, *, q: str, stage: str, number: int) -> Page:
    """Products by SKU or title, or those with something at a stage; with their photos."""
    select = sa.select(Product).options(selectinload(Product.items))
    if q:
        select = select.where(_like(Product.sku, Product.title, q=q))
    if stage == "arriving":
        select = select.where(Product.id.in_(sa.select(Arrival.product_id).where(Arrival.state == ArrivalState.WAITING)))
    elif stage == "rendering":
        select = select.where(Product.id.in_(_placed().where(Rendition.state == RenditionState.QUEUED)))
    elif stage == "checking":
        select = select.where(Product.id.in_(_placed().where(Rendition.state == RenditionState.RENDERED, Placement.state == PlacementState.WAITING)))
    return page_of(session, select.order_by(Product.archived, Product.created_at.desc(), Product.id.desc()), number)


def _placed() -> sa.Select[Any]:
    return sa.select(Placement.product_id).join(Rendition, Rendition.id == Placement.rendition_id)


def _like(*columns: Any, q: str) -> sa.ColumnElement[bool]:
    return sa.or_(*(column.icontains(q, autoescape=True) for column in columns))


def accounts(session: Session) -> Sequence[Account]:
    """All accounts in order of their key."""
    return session.scalars(sa.select(Account).order_by(Account.key)).all()


@dataclass(frozen=True)
class ListingLine:
    """One listing with the word that is shown for it."""

    listing: Listing
    shown: views.Shown
    notices: list[Notice]
    picture: str | None

    @property
    def member(self) -> ListingMember | None:
        return self.listing.members[0] if self.listing.members else None


def listings(session: Session, *, account: str, words: Collection[str], q: str, number: int, size: int = PAGE) -> Page:
    """Listings by account, shown word (one of `words`; any where empty), SKU or title; newest first.

    The word is computed, so the select narrows by what the word can come from and the rest is decided row by row.
    """
    number = max(1, min(number, 10_000))
    select = sa.select(Listing).join(Listing.account).options(joinedload(Listing.account), selectinload(Listing.members).joinedload(ListingMember.product))
    if account:
        select = select.where(Account.key == account)
    if q:
        found = sa.select(ListingMember.listing_id).join(Product).where(_like(Product.sku, Product.title, ListingMember.merchant_sku, q=q))
        select = select.where(sa.or_(Listing.id.in_(found), Listing.external_id == q))
    if words:
        select = select.where(sa.or_(*(_may_be(word) for word in words)))
    first, last = (number - 1) * size, None
    lines: list[tuple[Listing, views.Shown, list[Notice]]] = []
    while len(lines) <= first + size:
        rows = session.scalars(select.where(Listing.id < last if last else sa.true()).order_by(Listing.id.desc()).limit(4 * size)).unique().all()
        against = views.open_notices(session, [listing.id for listing in rows])
        for listing in rows:
            shown = views.shown(listing, against.get(listing.id, ()), listing.account)
            if not words or shown.word in words:
                lines.append((listing, shown, against.get(listing.id, [])))
        if len(rows) < 4 * size:
            break
        last = rows[-1].id
    chosen = lines[first : first + size]
    pictures = main_pictures(session, [member.product_id for listing, _, _ in chosen for member in listing.members[:1]])
    return Page([ListingLine(*line, _picture_of(line[0], pictures)) for line in chosen], number, len(lines) > first + size)


def _may_be(word: str) -> sa.ColumnElement[bool]:
    kinds = [kind for kind, said in views.NOTICE_WORDS.items() if said == word]
    if kinds:
        return Listing.id.in_(sa.select(Notice.listing_id).where(Notice.end.is_(None), Notice.kind.in_(kinds)))
    states = [state for state, said in views.STATE_WORDS.items() if said == word]
    return Listing.state.in_(states or [ListingState.TO_SEND])


def _picture_of(listing: Listing, pictures: dict[tuple[int, int], str]) -> str | None:
    """What it shows: what was pushed as main, else what is approved or proposed."""
    side: dict[str, str] = next((side for side in listing.pushed.values() if side), {})
    return side.get("main") or next((pictures.get((member.product_id, listing.account_id)) for member in listing.members), None)


def main_pictures(session: Session, product_ids: Iterable[int]) -> dict[tuple[int, int], str]:
    """(product, account) -> file of its main picture: the approved one, else the one proposed."""
    approved, proposed = sa.orm.aliased(Rendition), sa.orm.aliased(Rendition)
    rows = session.execute(
        sa.select(Placement.product_id, Placement.account_id, sa.func.coalesce(approved.file_sha256, proposed.file_sha256))
        .outerjoin(approved, approved.id == Placement.approved_id)
        .outerjoin(proposed, proposed.id == Placement.rendition_id)
        .where(Placement.product_id.in_(list(product_ids)), Placement.position == "main")
    )
    return {(product, account): file for product, account, file in rows if file}


def product(session: Session, sku: str) -> Product | None:
    """A product with its photos."""
    return session.scalar(sa.select(Product).where(Product.sku == sku).options(selectinload(Product.items).joinedload(ImageSetItem.photo)))


def placements_of(session: Session, product_id: int) -> Sequence[Placement]:
    """All placements of a product, with account, photo and both renditions."""
    options = (joinedload(Placement.account), joinedload(Placement.item), joinedload(Placement.rendition), joinedload(Placement.approved))
    return session.scalars(sa.select(Placement).where(Placement.product_id == product_id).options(*options).order_by(Placement.account_id, Placement.id)).all()


def members_of(session: Session, product_id: int) -> Sequence[ListingMember]:
    """The listings a product is on, with the products that share them."""
    listing = joinedload(ListingMember.listing)
    options = listing.joinedload(Listing.account), listing.selectinload(Listing.members).joinedload(ListingMember.product)
    return session.scalars(sa.select(ListingMember).where(ListingMember.product_id == product_id).options(*options)).all()


def history(session: Session, sku: str, before: int | None = None, size: int = 60, shared: Sequence[int] = ()) -> Page:
    """Events of a product and of the listings `shared` with others, newest first; `before` is the last event id of the page before."""
    mine = sa.or_(Event.sku == sku, sa.and_(Event.kind == "listing", Event.row.in_([str(listing) for listing in shared])))
    select = sa.select(Event).where(mine if shared else Event.sku == sku).order_by(Event.id.desc())
    if before:
        select = select.where(Event.id < max(0, min(before, 2**63 - 1)))  # what a database compares without complaint
    return page_of(session, select, 1, size)


def retouches_of(session: Session, product_id: int) -> Sequence[Retouch]:
    """Images of a product that were sent to a retoucher."""
    return session.scalars(
        sa.select(Retouch)
        .join(ImageSetItem, ImageSetItem.id == Retouch.item_id)
        .where(ImageSetItem.product_id == product_id)
        .order_by(Retouch.id.desc())
        .limit(50)
    ).all()
