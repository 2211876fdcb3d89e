"""intake, the inventory's side: one webhook event -> the product's row. The newer happening wins, whatever the order of arrival."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

import integrations
from app import work
from app.db import insert, insert_new, record
from app.kit import Kit
from app.models import Account, Delivery, Listing, ListingMember, Placement, Product
from app.stages import creating
from app.stages.arrange import arrange
from app.stages.intake import open_batch, receive_url

Effect = Literal["applied", "stale", "duplicate", "unknown-sku"]
PLAIN = ("title", "category", "brand", "quantity", "condition", "priority", "gtin", "pieces", "size_mm", "attributes")
SAID = {*PLAIN, "price_minor", "currency"} - {"quantity", "priority"}  # what a new listing says of a product and a marketplace may refuse
JUDGED_BY = {"category", "condition", "pieces"}  # a verdict depends on them
RESTING = {"sku.archived": True, "sku.created": False, "sku.updated": False}


def apply_event(session: Session, kit: Kit, event: integrations.inventory.Event, event_id: str, source: str = "inventory") -> Effect:
    """Apply one event in the caller's transaction; the same `event_id` again has no effect.

    An event older than the newest of its type changes no field ("stale"), and across types each field keeps its newest happening.
    Photos only ever add, so they are taken from a late event too. An unknown SKU is made by `sku.created`, and by a `sku.updated`
    that says title and category; other types answer "unknown-sku" and leave no trace, so that they may be sent again.
    """
    made = session.execute(
        insert(session, Delivery)
        .values(
            source=source,
            event_id=event_id,
            kind=event.type,
            happened_at=event.timestamp,
            received_at=kit.now(),
            effect="applied",
            payload=event.data.model_dump(mode="json", exclude_unset=True),
        )
        .on_conflict_do_nothing(index_elements=["source", "event_id"])
        .returning(Delivery.id)
    ).scalar()
    if made is None:
        return "duplicate"
    product = session.scalar(sa.select(Product).where(Product.sku == event.sku).with_for_update(key_share=True).execution_options(populate_existing=True))
    if product is None:
        if not getattr(event.data, "title", None) or not getattr(event.data, "category", None):
            session.execute(sa.delete(Delivery).where(Delivery.id == made))
            return "unknown-sku"
        product = _create(session, kit, event.sku, f"{event.type} {event_id}", source)
    fresh = _is_newest(product, f"type:{event.type}", event.timestamp)
    if fresh:
        _set_fields(session, kit, product, event, source)
    else:
        session.execute(sa.update(Delivery).where(Delivery.id == made).values(effect="stale"))
    _take_photos(session, kit, product, event, event_id)
    session.flush()
    arrange(session, kit, product)
    return "applied" if fresh else "stale"


def _create(session: Session, kit: Kit, sku: str, why: str, who: str) -> Product:
    """The product of a SKU that was unknown a moment ago; two first events at once make one."""
    empty: dict[str, Any] = {"clocks": {}, "size_mm": {}, "attributes": {}, "offered_on": {}, "variation": {}}
    plain: dict[str, Any] = {"title": "", "category": "", "brand": "", "condition": "new", "quantity": 0, "priority": 0, "pieces": 1, "archived": False}
    made = insert_new(session, Product, ["sku"], sku=sku, created_at=kit.now(), updated_at=kit.now(), **empty, **plain)
    product = session.scalars(sa.select(Product).where(Product.sku == sku).with_for_update(key_share=True)).one()
    if made:
        record(session, product, "created", now=kit.now(), sku=sku, why=why, who=who)
    return product


def _is_newest(product: Product, clock: str, at: datetime) -> bool:
    """Whether this happening is at least as new as the one the clock shows; if so the clock is put forward."""
    shown = product.clocks.get(clock)
    if shown is not None and datetime.fromisoformat(shown) > at:
        return False
    product.clocks = {**product.clocks, clock: at.isoformat()}
    return True


def _set_fields(session: Session, kit: Kit, product: Product, event: integrations.inventory.Event, source: str) -> None:
    data, changed = event.data, []
    for name, value in _said(event).items():
        if _is_newest(product, name, event.timestamp) and getattr(product, name) != value:
            setattr(product, name, value)
            changed.append(name)
    told = getattr(data, "accounts", None)
    if told and _is_newest(product, "offered_on", event.timestamp):
        merged = {**product.offered_on, **{key: ids.model_dump(exclude_none=True) for key, ids in told.items()}}
        unknown = sorted(set(told) - set(session.scalars(sa.select(Account.key).where(Account.key.in_(told)))))
        if unknown:
            record(
                session,
                product,
                "account unknown",
                now=kit.now(),
                sku=product.sku,
                why=f"{', '.join(unknown)}: not an account here; kept for when it is",
                who=source,
            )
        if merged != product.offered_on:
            product.offered_on = merged
            changed.append("accounts")
    if JUDGED_BY & set(changed):
        for placement in session.scalars(sa.select(Placement.id).where(Placement.product_id == product.id)):
            work.wake(session, "check", placement, at=kit.now(), lead=work.head_start_of(product))
    if SAID & set(changed):
        offered = sa.select(ListingMember.listing_id).where(ListingMember.product_id == product.id)
        creating.create_again(session, kit, Listing.id.in_(offered))
    if changed:
        product.updated_at = kit.now()
        record(session, product, "updated", now=kit.now(), sku=product.sku, why=f"{event.type}: {', '.join(changed)}", who=source)


def _said(event: integrations.inventory.Event) -> dict[str, Any]:
    """The product's columns that an event speaks of, and what it says."""
    data = event.data
    values = {name: getattr(data, name) for name in PLAIN if name in data.model_fields_set and getattr(data, name) is not None}
    variation = getattr(data, "variation", None)
    if variation is not None:
        values["variation"] = variation.model_dump(exclude_none=True)
    price = getattr(data, "price", None)
    if price is not None:
        values |= {"price_minor": price.minor, "currency": price.currency}
    if event.type in RESTING:
        values["archived"] = RESTING[event.type]
    return values


def _take_photos(session: Session, kit: Kit, product: Product, event: integrations.inventory.Event, event_id: str) -> None:
    photos = getattr(event.data, "photos", None)
    if not photos:
        return
    batch = open_batch(session, "webhook", f"{product.sku} {event_id}", kit.now())
    for number, photo in enumerate(photos):
        receive_url(
            session,
            kit,
            batch=batch,
            url=photo.url or f"key:{photo.key}",
            product=product,
            shot=photo.shot,
            order=photo.order or number,
            key=f"{event_id}:{number}",
            who="inventory",
        )
