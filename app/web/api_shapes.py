"""What the REST API says about each noun. Names are the rows' own words; ids of other rows are plain, credentials are never among them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, Field

from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, PushState, RenditionState, RetouchState
from app.web.api_core import Shape

Doc = dict[str, Any]


class PriceOut(Shape):
    """Money: a decimal string and its currency."""

    amount: str
    currency: str


class ProductOut(Shape):
    """An inventory SKU. Lengths are mm."""

    sku: str
    title: str
    category: str
    brand: str
    price: PriceOut | None = None
    quantity: int
    condition: str
    priority: int
    gtin: str | None
    pieces: int
    size_mm: Doc
    attributes: Doc
    variation: Doc
    accounts: Doc = Field(validation_alias="offered_on")
    archived: bool
    created_at: datetime
    updated_at: datetime


class ItemOut(Shape):
    """One photo in a product's image set."""

    id: int
    sku: str = Field(validation_alias=AliasPath("product", "sku"))
    photo: str = Field(validation_alias="photo_sha256")
    batch: int | None = Field(validation_alias="batch_id")
    shot: str
    order: int
    state: PhotoState
    findings: list[Doc]
    replaces: int | None = Field(validation_alias="replaces_id")
    created_at: datetime


class ImageSetOut(Shape):
    """A product's photos in order. `waiting_since`: sisters are still on their way since then; null: it is ready."""

    sku: str
    title: str
    waiting_since: datetime | None = Field(validation_alias="photos_since")
    items: list[ItemOut]


class PhotoOut(Shape):
    """An original, known by the SHA-256 of its bytes."""

    sha256: str
    bytes: int
    facts: Doc
    problem: str | None
    received_at: datetime


class OddOut(Shape):
    """A picture that looks unlike its batch: by which fact, how far in robust standard deviations, and in words."""

    item: int
    z: float
    trait: str
    words: str


class BatchOut(Shape):
    """The photos that came in together. `state`, `counts`, `spread` and `odd` only where one batch is asked for."""

    id: int
    source: str
    name: str
    created_at: datetime
    state: str | None = None
    counts: dict[str, int] | None = None
    spread: float | None = Field(None, description="of the finished pictures' looks: 0 all alike, 1 differences are just seen; null while it moves")
    odd: list[OddOut] | None = Field(None, description="pictures that look unlike the rest of the batch, the oddest first")


class ArrivalOut(Shape):
    """One delivery of one file."""

    id: int
    source: str
    name: str
    batch: int = Field(validation_alias="batch_id")
    sku: str | None = Field(None, validation_alias=AliasPath("product", "sku"))
    shot: str
    order: int
    url: str | None
    sha256: str | None
    state: ArrivalState
    problem: str | None
    created_at: datetime


class RenditionOut(Shape):
    """A render request and, once made, its file. `ms` per imaging step; `facts` only where one rendition is asked for.

    `cutout` is null where the photo keeps its own background.
    """

    id: str
    photo: str = Field(validation_alias="photo_sha256")
    cutout: str | None = Field(validation_alias="cutout_id")
    recipe: str
    request: Doc
    state: RenditionState
    file: str | None = Field(validation_alias="file_sha256")
    notes: list[str]
    problem: str | None
    ms: Doc
    created_at: datetime
    rendered_at: datetime | None
    facts: Doc | None = None


class PlacementOut(Shape):
    """This picture, there: product x position x account -> rendition, with the findings of its newest verdict."""

    id: int
    sku: str = Field(validation_alias=AliasPath("product", "sku"))
    account: str = Field(validation_alias=AliasPath("account", "key"))
    position: str
    item: int | None = Field(validation_alias="item_id")
    rendition: str | None = Field(validation_alias="rendition_id")
    approved: str | None = Field(validation_alias="approved_id")
    state: PlacementState
    findings: list[Doc]
    rules: str | None = Field(validation_alias="judged_rules")
    file: str | None = Field(validation_alias="judged_file")
    waived: Doc
    decided_by: str | None
    changed_at: datetime


class MemberOut(Shape):
    """A product on a listing."""

    sku: str = Field(validation_alias=AliasPath("product", "sku"))
    merchant_sku: str
    variation: Doc


class ListingOut(Shape):
    """One external item on an account. `state` is the sync axis; `word` and `sentence` are what the dashboard shows, notices included."""

    id: int
    account: str = Field(validation_alias=AliasPath("account", "key"))
    external_id: str | None
    variation_group: str | None
    state: ListingState
    word: str = ""
    sentence: str = ""
    members: list[MemberOut]
    wanted: Doc
    pushed: Doc
    seen: Doc
    problem: str | None
    sent_at: datetime | None
    live_at: datetime | None
    seen_at: datetime | None
    created_at: datetime


class PushOut(Shape):
    """One intended write, committed before it was sent."""

    id: int
    listing: int = Field(validation_alias="listing_id")
    number: int
    key: str
    content: Doc
    creates: bool
    state: PushState
    reference: str | None
    answer: str | None
    issues: list[Doc]
    at: datetime
    settled_at: datetime | None


class NoticeOut(Shape):
    """What a marketplace said against a listing, and what was live when it began."""

    id: int
    listing: int = Field(validation_alias="listing_id")
    account: str = Field(validation_alias=AliasPath("listing", "account", "key"))
    merchant_sku: str
    code: str
    kind: str
    reason: str | None
    guessed: bool
    message: str
    positions: list[str]
    until: datetime | None
    begin: datetime
    end: datetime | None
    lesson: int | None = Field(validation_alias="lesson_id")
    black_box: Doc


class LessonOut(Shape):
    """A proposed rule change with its evidence, and what a person said to it."""

    id: int
    subject: str
    authority: str
    proposal: Doc
    evidence: list[Doc]
    weighed: Doc = Field(description="what objected and accepted pictures say together: outcome, words, experiment, estimate with interval and costs")
    state: LessonState
    rule_set_before: str | None
    rule_set_after: str | None
    decided_by: str | None
    reason: str | None
    proposed_at: datetime
    decided_at: datetime | None


class RetouchOut(Shape):
    """An image sent out."""

    id: int
    item: int = Field(validation_alias="item_id")
    placement: int | None = Field(validation_alias="placement_id")
    to: str
    note: str
    state: RetouchState
    sent_at: datetime
    due_at: datetime | None
    returned_photo: str | None
    returned_at: datetime | None
    minutes: int | None
    invoice: str | None


class AccountOut(Shape):
    """A seller account: policy and condition, never credentials."""

    key: str
    marketplace: str
    seller_id: str
    policy: Doc
    practice: bool
    confirmed: bool
    stopped: bool
    paused: str | None
    polled_at: datetime | None
    created_at: datetime


class LackOut(Shape):
    """One thing that a product lacks to be listed."""

    sku: str
    attribute: str = Field(description="the marketplace's name of it; `kind` where no kind of product fits")
    words: str


class MappedOut(Shape):
    """How one category is listed on an account, and what its products lack.

    `rows` says for each attribute where it comes from: `{from: brand | attributes.x | size_mm.x | …}` or `{value: …}`, with `words` and `unit`.
    """

    category: str
    kind: str = Field(description="the marketplace's product type or category; empty: nobody can say yet")
    chosen: bool = Field(description="the seller named the kind")
    rows: Doc
    products: int
    unlisted: int
    state: str = Field(description="unasked, looking, missing or complete")
    checked: int
    at: datetime | None
    trouble: str | None = Field(description="why the marketplace cannot be asked now")
    lacks: list[LackOut]


class MappingOut(Shape):
    """How new listings are made on an account."""

    account: str
    categories: list[MappedOut]


class EndpointOut(Shape):
    """An address that is told what happens; never its secret, nor what stands behind a `?`, which may be one."""

    id: int
    url: Annotated[str, AfterValidator(lambda url: url.partition("?")[0])]
    events: list[str]
    practice: bool
    active: bool
    failing_since: datetime | None
    problem: str | None
    created_at: datetime


class WaiverOut(Shape):
    """A rule that somebody answers for until a time: for a product, for an account (both null-able, never both null), or for that product there."""

    id: int
    rule: str
    sku: str | None = Field(None, validation_alias=AliasPath("product", "sku"))
    account: str | None = Field(None, validation_alias=AliasPath("account", "key"))
    who: str
    why: str
    at: datetime
    until: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    revoked_why: str | None


class EventOut(Shape):
    """One line of history."""

    id: int
    at: datetime
    kind: str
    row: str
    sku: str | None
    what: str
    was: str | None
    to: str | None
    why: str
    who: str


class VerdictOut(Shape):
    """placement x rule set x file -> pass (no findings) or findings."""

    id: int
    placement: int = Field(validation_alias="placement_id")
    rules: str = Field(validation_alias="rule_set")
    rendition: str = Field(validation_alias="rendition_id")
    file: str = Field(validation_alias="file_sha256")
    findings: list[Doc]
    at: datetime


class RulesOut(Shape):
    """The rule set in force: who put it there, and every rule."""

    hash: str
    at: datetime
    who: str
    why: str
    rules: list[Doc]


class StopOut(Shape):
    """Whether all writing to marketplaces is stopped."""

    stopped: bool
    since: datetime | None = None
    who: str | None = None
    why: str | None = None
