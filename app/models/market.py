"""What marketplaces show: accounts, placements, listings, pushes, notices, lessons, retouch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Doc, Docs, Hash
from app.models.catalogue import ImageSetItem, Product
from app.models.pictures import Rendition
from app.states import OPEN, LessonState, ListingState, PlacementState, PushState, RetouchState


class Account(Base):
    """One seller account on a marketplace, key `amazon-uk:main`. Credentials are encrypted; policies decide what may be written.

    `policy`: publish (auto | ask | off), create (bool), wait_s, repair (auto | ask | off), images_per_day, settings for new listings.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(96), unique=True)
    marketplace: Mapped[str] = mapped_column(String(32))
    seller_id: Mapped[str] = mapped_column(String(64))
    credentials: Mapped[str]  # MultiFernet token of a JSON object
    endpoints: Mapped[Doc] = mapped_column(default=dict)
    policy: Mapped[Doc] = mapped_column(default=dict)
    practice: Mapped[bool] = mapped_column(default=False)
    confirmed: Mapped[bool] = mapped_column(default=False)  # a real account asks until its first import is confirmed
    stopped: Mapped[bool] = mapped_column(default=False)  # a person stopped all writing
    paused: Mapped[str | None]  # we stopped: why (credentials refused ...)
    authorised_until: Mapped[datetime | None]  # when the seller must say yes again; None: not known
    cursor: Mapped[str | None]  # of the marketplace's notices
    polled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Placement(Base):
    """product x position x account -> rendition: "this picture, there". Approval and verdict belong here.

    `rendition_id` is the picture now proposed; `approved_id` the last one that was approved, which stays wanted until a
    replacement passes.
    """

    __tablename__ = "placements"
    __table_args__ = (UniqueConstraint("product_id", "position", "account_id"), Index("ix_placements_state", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    position: Mapped[str] = mapped_column(String(16))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("image_set_items.id"), index=True)
    rendition_id: Mapped[str | None] = mapped_column(ForeignKey("renditions.id"), index=True)
    approved_id: Mapped[str | None] = mapped_column(ForeignKey("renditions.id"))
    state: Mapped[PlacementState] = mapped_column(default=PlacementState.WAITING)
    findings: Mapped[Docs] = mapped_column(default=list)  # of the newest verdict
    judged_rules: Mapped[str | None] = mapped_column(Hash)
    judged_file: Mapped[str | None] = mapped_column(Hash)
    waived: Mapped[Doc] = mapped_column(default=dict)  # {rendition, rules: [...], who, why}: an override for this very picture
    asked_again: Mapped[str | None] = mapped_column(String(64))  # the rendition that a person took back: only a person lets this very picture through
    excused_until: Mapped[datetime | None]  # when the first waiver ends that its newest verdict leans on: then it is judged again
    decided_by: Mapped[str | None]
    changed_at: Mapped[datetime]

    product: Mapped[Product] = relationship()
    account: Mapped[Account] = relationship()
    item: Mapped[ImageSetItem | None] = relationship()
    rendition: Mapped[Rendition | None] = relationship(foreign_keys=[rendition_id])
    approved: Mapped[Rendition | None] = relationship(foreign_keys=[approved_id])


class Listing(Base):
    """One external item on an account, with the sides wanted, pushed and seen; each side is written by one stage.

    A side is `{merchant_sku: {position: file sha256}}`; `..._print` its fingerprint, which is what is compared. A product with an empty side is one of
    several that is shown by a sibling's pictures.
    """

    __tablename__ = "listings"
    __table_args__ = (UniqueConstraint("account_id", "external_id"), UniqueConstraint("account_id", "variation_group"), Index("ix_listings_state", "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    external_id: Mapped[str | None] = mapped_column(String(64))  # ASIN, eBay item id
    variation_group: Mapped[str | None] = mapped_column(String(128))  # of which products it holds, where the inventory makes a group of some
    model: Mapped[str | None] = mapped_column(String(32))  # how it was made there, in the connector's word, where that decides how it is revised
    state: Mapped[ListingState] = mapped_column(default=ListingState.EMPTY)
    wanted: Mapped[Doc] = mapped_column(default=dict)
    wanted_print: Mapped[str | None] = mapped_column(Hash)
    pushed: Mapped[Doc] = mapped_column(default=dict)
    pushed_print: Mapped[str | None] = mapped_column(Hash)
    confirmed_print: Mapped[str | None] = mapped_column(Hash)  # under policy `ask`: what a person let through
    seen: Mapped[Doc] = mapped_column(default=dict)  # {merchant_sku: {position: {url, score, same, file}}}
    doubts: Mapped[int] = mapped_column(default=0)  # looks in a row that showed something else
    problem: Mapped[str | None]  # the marketplace's words when it refused
    refused_print: Mapped[str | None] = mapped_column(Hash)  # the wish it refused: not sent again unchanged
    sent_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    account: Mapped[Account] = relationship()
    members: Mapped[list[ListingMember]] = relationship(back_populates="listing", order_by="ListingMember.id")


class ListingMember(Base):
    """A product on a listing: the only one, or one of several variations."""

    __tablename__ = "listing_members"
    __table_args__ = (UniqueConstraint("account_id", "merchant_sku"), UniqueConstraint("listing_id", "product_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    merchant_sku: Mapped[str] = mapped_column(String(128))
    variation: Mapped[Doc] = mapped_column(default=dict)  # {"Size": "N"} where the listing has variations

    listing: Mapped[Listing] = relationship(back_populates="members")
    product: Mapped[Product] = relationship()


class Push(Base):
    """One intended write, committed before it is sent. `key` is the idempotency key given to the marketplace."""

    __tablename__ = "pushes"
    __table_args__ = (
        UniqueConstraint("listing_id", "number"),
        UniqueConstraint("key"),
        Index("ix_pushes_at", "at"),
        Index("ix_pushes_open", "state", sqlite_where=text("state in ('sending','unknown')"), postgresql_where=text("state in ('sending','unknown')")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    number: Mapped[int]
    key: Mapped[str] = mapped_column(String(32))
    fingerprint: Mapped[str] = mapped_column(Hash)
    content: Mapped[Doc]  # the side that was sent
    creates: Mapped[bool] = mapped_column(default=False)
    images: Mapped[int] = mapped_column(default=0)  # pictures in it that were not in what was accepted last: what a day's budget counts
    state: Mapped[PushState] = mapped_column(default=PushState.SENDING)
    reference: Mapped[str | None]
    answer: Mapped[str | None]
    issues: Mapped[Docs] = mapped_column(default=list)
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


# a push whose outcome is still to come, in the words of the index: SQLite and a prepared statement do not recognise them as parameters
OPEN_PUSH = Push.state.in_(bindparam("open_push", OPEN, expanding=True, literal_execute=True))


class ListingDraft(Base):
    """What new listings of one category would say on an account and what each product lacks, as the marketplace was last asked: a cache for people.

    `asked_at` is when somebody last wanted to know, `answers` which of these wishes `found` is the answer to, `at` when that was complete. `tries` are those
    in vain, by SKU.
    """

    __tablename__ = "listing_drafts"
    __table_args__ = (UniqueConstraint("account_id", "category"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    category: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(default="")  # the marketplace's id of it
    title: Mapped[str] = mapped_column(default="")
    fields: Mapped[Docs] = mapped_column(default=list)  # integrations.DraftField of all products looked at, and `said`: {value: [SKUs]}
    found: Mapped[Doc] = mapped_column(default=dict)  # SKU -> [{attribute, words}]: nothing is missing where the list is empty
    tries: Mapped[Doc] = mapped_column(default=dict)
    asked_at: Mapped[datetime]
    answers: Mapped[datetime | None]
    at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class HostedPicture(Base):
    """A picture already uploaded to a marketplace's own picture service: used again until it expires."""

    __tablename__ = "hosted_pictures"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    file_sha256: Mapped[str] = mapped_column(Hash, primary_key=True)
    url: Mapped[str]
    image_id: Mapped[str | None]
    expires_at: Mapped[datetime | None]


class Notice(Base):
    """What a marketplace said against a listing: never overwritten, with begin and end, tied to what was live then."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("listing_id", "merchant_sku", "code", "begin"), Index("ix_notices_listing_id_end", "listing_id", "end"))

    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    merchant_sku: Mapped[str] = mapped_column(String(128))
    code: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))  # warning | at_risk | suppressed | held | removed
    reason: Mapped[str | None] = mapped_column(String(48))
    guessed: Mapped[bool] = mapped_column(default=False)  # the reason was read from their prose: a person confirms it
    message: Mapped[str]
    positions: Mapped[list[str]] = mapped_column(default=list)
    until: Mapped[datetime | None]
    raw: Mapped[Doc] = mapped_column(default=dict)
    black_box: Mapped[Doc] = mapped_column(default=dict)  # per position all that was known of what was live when it began: `app.stages.notices.black_box`
    begin: Mapped[datetime]
    end: Mapped[datetime | None]
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id"))

    listing: Mapped[Listing] = relationship()


class Showing(Base):
    """What a listing really showed at a position, from when until when, as it was read back: ours, or what was there before or instead.

    Append-only but for its end. A picture that was shown long enough with nobody objecting is one that the marketplace accepts.
    """

    __tablename__ = "showings"
    __table_args__ = (Index("ix_showings_listing_id_end", "listing_id", "end"), Index("ix_showings_begin", "begin"))

    id: Mapped[int] = mapped_column(primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    merchant_sku: Mapped[str] = mapped_column(String(128))
    position: Mapped[str] = mapped_column(String(16))
    file_sha256: Mapped[str] = mapped_column(Hash)
    ours: Mapped[bool]
    url: Mapped[str | None]
    begin: Mapped[datetime]
    end: Mapped[datetime | None]


class Lesson(Base):
    """A proposed rule change that notices led to, with its evidence; a person accepts or declines."""

    __tablename__ = "lessons"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(160), index=True)  # what it is about: `amazon:reason:blur:<the rules it is laid at>`, or `amazon:code:…`
    authority: Mapped[str] = mapped_column(String(32))
    proposal: Mapped[Doc]  # of the populations once they suffice, until then of one notice alone
    evidence: Mapped[Docs] = mapped_column(default=list)  # the notices, each with the facts of what was live
    weighed: Mapped[Doc] = mapped_column(default=dict)  # what the populations say, as `rules.Weighed` tells it, and its memory
    state: Mapped[LessonState] = mapped_column(default=LessonState.GATHERING)
    rule_set_before: Mapped[str | None] = mapped_column(Hash)
    rule_set_after: Mapped[str | None] = mapped_column(Hash)
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class Retouch(Base):
    """An image sent out: to whom, when, due, what came back, minutes, invoice."""

    __tablename__ = "retouches"

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("image_set_items.id"), index=True)
    placement_id: Mapped[int | None] = mapped_column(ForeignKey("placements.id"))
    to: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[RetouchState] = mapped_column(default=RetouchState.OUT)
    sent_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    returned_photo: Mapped[str | None] = mapped_column(ForeignKey("photos.sha256"))
    returned_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    invoice: Mapped[str | None]
