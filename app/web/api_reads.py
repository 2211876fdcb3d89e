"""The lists of the REST API as one table: which rows, told how, in which order, narrowed by what. Each also gives one line by its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import sqlalchemy as sa
from flask import abort
from pydantic import BaseModel, Field
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

import integrations
from app import controls, mapping, rulebook, views
from app.alike import alike
from app.models import (
    Account,
    Arrival,
    Batch,
    Event,
    FileFacts,
    ImageSetItem,
    Lesson,
    Listing,
    ListingMember,
    Notice,
    Photo,
    Placement,
    Product,
    Push,
    Rendition,
    Retouch,
    RuleActivation,
    Verdict,
    Waiver,
    WebhookEndpoint,
)
from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, PushState, RenditionState, RetouchState
from app.web import api_shapes as shapes
from app.web.api_core import BIG, PAGING, ROWS, Call, Operation, Parameter, page

Words = Annotated[str, Field(max_length=512)]
Number = Annotated[int, Field(ge=0, le=ROWS)]


@dataclass(frozen=True)
class Filter:
    """A query parameter that narrows a list."""

    kind: Any
    where: Callable[[Any], sa.ColumnElement[bool]]
    words: str = ""


@dataclass(frozen=True)
class Collection:
    """One noun: its address, its rows, its shape, the order of its list and the column that a single one is asked by."""

    path: str
    noun: str
    rows: sa.Select[Any]
    shape: type[BaseModel]
    by: tuple[InstrumentedAttribute[Any], ...]
    key: InstrumentedAttribute[Any]
    newest_first: bool = False
    filters: Mapping[str, Filter] = field(default_factory=dict)
    told: Callable[[Call, Sequence[Any]], Sequence[BaseModel]] | None = None
    more: Callable[[Call, Any], Mapping[str, Any]] | None = None  # said only of a single one
    key_name: str = "id"
    role: str = "viewer"

    def tell(self, call: Call, rows: Sequence[Any]) -> Sequence[BaseModel]:
        """The rows as they go out."""
        return self.told(call, rows) if self.told else [self.shape.model_validate(row) for row in rows]

    def some(self, call: Call) -> dict[str, Any]:
        """A page: `items`, and `next` where there are more."""
        rows = self.rows.where(*(self.filters[name].where(value) for name, value in call.query.items() if name in self.filters))
        found, following = page(call, rows, self.by, newest_first=self.newest_first)
        return {"items": [line.model_dump(mode="json") for line in self.tell(call, found)], "next": following}

    def one(self, call: Call) -> BaseModel:
        """The one with the key; 404 without."""
        row = call.session.scalars(self.rows.where(self.key == call.key)).unique().one_or_none()
        if row is None:
            abort(404, f"There is no {self.noun} {call.key}.")
        line = self.tell(call, [row])[0]
        return line.model_copy(update=dict(self.more(call, row))) if self.more else line

    def operations(self) -> tuple[Operation, Operation]:
        """The list and the single one."""
        query = {**PAGING} | {name: Parameter(narrowing.kind, narrowing.words) for name, narrowing in self.filters.items()}
        name, some = self.path.replace("-", "_"), self.path.replace("-", " ")
        words = f"A page of {some}. {self.shape.__doc__}".replace("`", "")
        return (
            Operation("GET", f"/{self.path}", f"list_{name}", words, self.some, self.shape, many=True, role=self.role, query=query),
            Operation("GET", f"/{self.path}/{{{self.key_name}}}", f"get_{name}", f"One {self.noun}.", self.one, self.shape, role=self.role),
        )


def product_told(product: Product) -> shapes.ProductOut:
    """A product with its price as people write it."""
    told = shapes.ProductOut.model_validate(product)
    if product.price_minor is None or product.currency is None:
        return told
    price = shapes.PriceOut(amount=integrations.to_decimal(product.price_minor, product.currency), currency=product.currency)
    return told.model_copy(update={"price": price})


def listings_told(call: Call, rows: Sequence[Listing]) -> list[shapes.ListingOut]:
    """Listings with the word that the dashboard shows, in one select for all of them."""
    notices = views.open_notices(call.session, [row.id for row in rows])
    told = []
    for row in rows:
        shown = views.shown(row, notices.get(row.id, []), row.account)
        told.append(shapes.ListingOut.model_validate(row).model_copy(update={"word": shown.word, "sentence": shown.sentence}))
    return told


def stop_told(session: Session) -> shapes.StopOut:
    """The emergency stop."""
    row = controls.is_stopped(session)
    return shapes.StopOut(stopped=False) if row is None else shapes.StopOut(stopped=True, since=row.at, who=row.who, why=str(row.value.get("why", "")))


def _batch_state(call: Call, batch: Batch) -> dict[str, Any]:
    now = views.batch_state(call.session, batch)
    looks = alike(call.session, batch, now.word)
    if looks is None:
        return {"state": now.word, "counts": now.counts}
    odd = [shapes.OddOut(item=item, z=one.z, trait=one.trait, words=one.words) for item, one in looks.odd.items()]
    return {"state": now.word, "counts": now.counts, "spread": looks.spread, "odd": sorted(odd, key=lambda one: -one.z)}


def _facts(call: Call, rendition: Rendition) -> dict[str, Any]:
    newest = sa.select(FileFacts.facts).where(FileFacts.file_sha256 == rendition.file_sha256).order_by(FileFacts.measure_version.desc()).limit(1)
    return {"facts": call.session.scalar(newest)}


def _rules(call: Call) -> shapes.RulesOut:
    newest = call.session.scalar(sa.select(RuleActivation).order_by(RuleActivation.id.desc()).limit(1))
    if newest is None:
        abort(404, "No rule set is active yet.")
    rule_set = rulebook.by_hash(call.session, call.kit, newest.rule_set)
    return shapes.RulesOut(hash=rule_set.hash, at=newest.at, who=newest.who, why=newest.why, rules=[rule.to_dict() for rule in rule_set.rules])


def _sku(column: Any) -> Filter:
    return Filter(Words, lambda sku: column.has(Product.sku == sku), "only of this product")


def _account(column: Any) -> Filter:
    return Filter(Words, lambda key: column.has(Account.key == key), "only on this account")


def _is(column: Any, kind: Any, words: str = "") -> Filter:
    return Filter(kind, lambda value: column == value, words)


def _photos_in() -> sa.Select[tuple[str]]:
    return sa.select(ImageSetItem.photo_sha256)


def _open(value: bool) -> sa.ColumnElement[bool]:
    return Notice.end.is_(None) if value else Notice.end.is_not(None)


NEW_SINCE = (
    "with a greater number: what is new since. On PostgreSQL a number may appear up to ten minutes after a greater one: "
    "ask so far back again (`since`), and know what you have seen by its number"
)
COLLECTIONS = (
    Collection(
        "products", "product", sa.select(Product), shapes.ProductOut, (Product.id,), Product.sku, key_name="sku",
        filters={"category": _is(Product.category, Words), "archived": _is(Product.archived, bool),
                 "updated_after": Filter(integrations.inventory.Moment, lambda at: Product.updated_at > at, "changed after this time")},
        told=lambda _call, rows: [product_told(row) for row in rows],
    ),
    Collection(
        "image-sets", "product", sa.select(Product).options(selectinload(Product.items)), shapes.ImageSetOut, (Product.id,), Product.sku, key_name="sku",
        filters={"item_state": Filter(PhotoState, lambda state: Product.items.any(ImageSetItem.state == state), "with a photo in this state"),
                 "batch": Filter(Number, lambda batch: Product.items.any(ImageSetItem.batch_id == batch), "with a photo of this batch")},
    ),
    Collection(
        "photos", "photo", sa.select(Photo), shapes.PhotoOut, (Photo.received_at, Photo.sha256), Photo.sha256, newest_first=True, key_name="sha256",
        filters={"sku": Filter(Words, lambda sku: Photo.sha256.in_(_photos_in().join(Product).where(Product.sku == sku)), "only of this product"),
                 "batch": Filter(Number, lambda batch: Photo.sha256.in_(_photos_in().where(ImageSetItem.batch_id == batch)))},
    ),
    Collection(
        "batches", "batch", sa.select(Batch), shapes.BatchOut, (Batch.id,), Batch.id, newest_first=True,
        filters={"source": _is(Batch.source, Words), "name": _is(Batch.name, Words)}, more=_batch_state,
    ),
    Collection(
        "arrivals", "arrival", sa.select(Arrival).options(joinedload(Arrival.product)), shapes.ArrivalOut, (Arrival.id,), Arrival.id, newest_first=True,
        filters={"state": _is(Arrival.state, ArrivalState), "batch": _is(Arrival.batch_id, Number), "sku": _sku(Arrival.product)},
    ),
    Collection(
        "renditions", "rendition", sa.select(Rendition), shapes.RenditionOut, (Rendition.created_at, Rendition.id), Rendition.id,
        newest_first=True, key_name="rendition",
        filters={"state": _is(Rendition.state, RenditionState), "photo": _is(Rendition.photo_sha256, Words), "recipe": _is(Rendition.recipe, Words)},
        more=_facts,
    ),
    Collection(
        "placements", "placement", sa.select(Placement).options(joinedload(Placement.product), joinedload(Placement.account)), shapes.PlacementOut,
        (Placement.id,), Placement.id,
        filters={"state": _is(Placement.state, PlacementState), "sku": _sku(Placement.product), "account": _account(Placement.account),
                 "position": _is(Placement.position, Words)},
    ),
    Collection(
        "verdicts", "verdict", sa.select(Verdict), shapes.VerdictOut, (Verdict.id,), Verdict.id, newest_first=True,
        filters={"placement": _is(Verdict.placement_id, Number), "file": _is(Verdict.file_sha256, Words)},
    ),
    Collection(
        "listings", "listing",
        sa.select(Listing).options(joinedload(Listing.account), selectinload(Listing.members).joinedload(ListingMember.product)),
        shapes.ListingOut, (Listing.id,), Listing.id,
        filters={"state": _is(Listing.state, ListingState), "account": _account(Listing.account), "external_id": _is(Listing.external_id, Words),
                 "sku": Filter(Words, lambda sku: Listing.members.any(ListingMember.product.has(Product.sku == sku)), "with this product")},
        told=listings_told,
    ),
    Collection(
        "pushes", "push", sa.select(Push), shapes.PushOut, (Push.id,), Push.id, newest_first=True,
        filters={"listing": _is(Push.listing_id, Number), "state": _is(Push.state, PushState)},
    ),
    Collection(
        "notices", "notice", sa.select(Notice).options(joinedload(Notice.listing).joinedload(Listing.account)), shapes.NoticeOut, (Notice.id,), Notice.id,
        newest_first=True,
        filters={"open": Filter(bool, _open, "true: open ones; false: ended ones"), "listing": _is(Notice.listing_id, Number), "kind": _is(Notice.kind, Words),
                 "account": Filter(Words, lambda key: Notice.listing.has(Listing.account.has(Account.key == key)), "only on this account")},
    ),
    Collection(
        "lessons", "lesson", sa.select(Lesson), shapes.LessonOut, (Lesson.id,), Lesson.id, newest_first=True,
        filters={"state": _is(Lesson.state, LessonState), "authority": _is(Lesson.authority, Words)},
    ),
    Collection(
        "retouches", "retouch", sa.select(Retouch), shapes.RetouchOut, (Retouch.id,), Retouch.id, newest_first=True,
        filters={"state": _is(Retouch.state, RetouchState)},
    ),
    Collection(
        "waivers", "waiver", sa.select(Waiver).options(joinedload(Waiver.product), joinedload(Waiver.account)), shapes.WaiverOut, (Waiver.id,), Waiver.id,
        newest_first=True,
        filters={"rule": _is(Waiver.rule, Words), "sku": _sku(Waiver.product), "account": _account(Waiver.account),
                 "revoked": Filter(bool, lambda value: Waiver.revoked_at.is_not(None) if value else Waiver.revoked_at.is_(None)),
                 "until_after": Filter(integrations.inventory.Moment, lambda at: Waiver.until > at, "that end after this time, if nobody revokes them")},
    ),
    Collection(
        "webhooks", "webhook", sa.select(WebhookEndpoint), shapes.EndpointOut, (WebhookEndpoint.id,), WebhookEndpoint.id,
        filters={"active": Filter(bool, lambda value: WebhookEndpoint.active.is_(value))}, role="admin",
    ),
    Collection("accounts", "account", sa.select(Account), shapes.AccountOut, (Account.id,), Account.key, key_name="key"),
    Collection(
        "events", "event", sa.select(Event), shapes.EventOut, (Event.id,), Event.id, newest_first=True,
        filters={"sku": _is(Event.sku, Words), "kind": _is(Event.kind, Words), "row": _is(Event.row, Words), "who": _is(Event.who, Words),
                 "since": Filter(integrations.inventory.Moment, lambda at: Event.at >= at, "from this time on"),
                 "after": Filter(Annotated[int, Field(ge=0, le=BIG)], lambda number: Event.id > number, NEW_SINCE)},
    ),
)  # fmt: skip


def account_of(call: Call) -> Account:
    """The account that a call names; 404 where there is none."""
    account = call.session.scalar(sa.select(Account).where(Account.key == call.key))
    if account is None:
        abort(404, f"There is no account {call.key}.")
    return account


def mapping_told(call: Call) -> shapes.MappingOut:
    """How new listings are made on an account. Asks nobody outside."""
    account = account_of(call)
    told = [
        shapes.MappedOut(
            category=one.name,
            kind=one.kind,
            chosen=one.chosen,
            rows={name: dict(row) for name, row in one.rows.items()},
            products=one.products,
            unlisted=one.unlisted,
            state=one.state,
            checked=one.checked,
            at=one.at,
            trouble=one.trouble,
            lacks=[shapes.LackOut(sku=sku, attribute=gap.attribute, words=gap.words) for gap in one.gaps for sku in gap.skus],
        )
        for one in mapping.categories(call.session, call.kit, account)
    ]
    return shapes.MappingOut(account=account.key, categories=told)


READS: tuple[Operation, ...] = (
    *(operation for collection in COLLECTIONS for operation in collection.operations()),
    Operation("GET", "/rules", "get_rules", "The rule set in force, with every rule.", _rules, shapes.RulesOut),
    Operation("GET", "/accounts/{key}/mapping", "get_mapping", "How new listings are made, and what is missing.", mapping_told, shapes.MappingOut),
    Operation("GET", "/stop", "get_stop", "Whether all writing to marketplaces is stopped.", lambda call: stop_told(call.session), shapes.StopOut),
)
