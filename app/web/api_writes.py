"""What programs may do through the REST API: each is one call into a stage, in the one transaction that also keeps its idempotent answer."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any, Literal, Protocol, TypeVar

import sqlalchemy as sa
from flask import abort
from pydantic import BaseModel, Field, StringConstraints

from app import controls, mapping, waivers
from app.models import Account, Arrival, Event, ImageSetItem, Lesson, Listing, Placement, Product, Retouch, Waiver
from app.models.base import Base
from app.stages import intake, learn, publish, retouch, review
from app.stages.inventory import apply_event
from app.web import api_shapes as shapes
from app.web.api_core import Call, Made, Operation, Wish, WrongField
from app.web.api_reads import account_of, listings_told, mapping_told, product_told, stop_told
from integrations import inventory

Row = TypeVar("Row", bound=Base)
Reason = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]


class Act(Protocol):
    """A view of this file."""

    def __call__(self, call: Call) -> BaseModel | Made: ...


class PlacementDecision(Wish):
    """A person's word on one picture at one place. A reason is needed to approve against a finding, and to reject."""

    decision: Literal["approve", "reject", "retouch"]
    reason: Reason = ""
    to: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = Field("", description="retouch: who gets it")
    note: Reason = Field("", description="retouch: what to do")
    due_at: inventory.Moment | None = Field(None, description="retouch: when it should be back")


class RetouchCost(Wish):
    """What a retouch cost; what is left out is not known."""

    minutes: int | None = Field(None, ge=0, le=retouch.MOST_MINUTES, description="minutes of work")
    invoice: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)] | None = Field(
        None, description="the invoice that it is on"
    )


class PhotoDecision(Wish):
    """A person's word on a flagged photo of an image set."""

    decision: Literal["accept", "reject"]
    reason: Reason = ""


class LessonDecision(Wish):
    """A person's word on a proposed rule change. Declining needs a reason, and so does accepting while evidence is still gathered."""

    decision: Literal["accept", "decline"]
    reason: Reason = ""


class Assignment(Wish):
    """Which product, and what of it, a file shows."""

    sku: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    shot: Annotated[str, StringConstraints(max_length=32, pattern=rf"^{intake.SHOT}$")] = ""


class WaiverWish(Wish):
    """A rule to answer for: for a product, an account or that product there; until a time, at most 366 days from now; and why."""

    rule: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    sku: Annotated[str, StringConstraints(min_length=1, max_length=120)] | None = None
    account: Annotated[str, StringConstraints(min_length=1, max_length=96)] | None = None
    until: inventory.Moment
    why: Reason


class MappingWish(Wish):
    """How one category is listed from now on: all its rows, as GET tells them. Empty `kind`: what Packshot or the marketplace would take."""

    category: Annotated[str, StringConstraints(max_length=64)]
    kind: Annotated[str, StringConstraints(max_length=128)] = ""
    rows: dict[str, str | dict[str, Any]]


class Because(Wish):
    """Why."""

    why: Reason = ""


class Nothing(Wish):
    """No body is needed."""


def put_product(call: Call) -> Made:
    """201 made, 200 changed. The same fields and checks as the inventory webhook's `data`; a new product needs title and category."""
    data: inventory.SkuUpdated = call.body
    known = call.session.scalar(sa.select(Product.id).where(Product.sku == data.sku)) is not None
    kind = "sku.updated" if known else "sku.created"
    body = {"type": kind, "timestamp": call.kit.now().isoformat(), "data": data.model_dump(mode="json", exclude_unset=True)}
    try:
        event = inventory.parse_event(kind, json.dumps(body))
    except inventory.InvalidEvent as error:
        raise WrongField(*((name.removeprefix("data."), words) for name, words in error.problems)) from None
    event_id = f"{call.who}:{secrets.token_hex(8)}"
    apply_event(call.session, call.kit, event, event_id, source="api")
    call.session.flush()
    # not `known`: on PostgreSQL somebody may have made it between our look and our write
    made = call.session.scalar(sa.select(Event.id).where(Event.sku == data.sku, Event.what == "created", Event.why == f"{kind} {event_id}")) is not None
    product = call.session.scalars(sa.select(Product).where(Product.sku == data.sku).execution_options(populate_existing=True)).one()
    return Made(201 if made else 200, product_told(product))


def decide_placement(call: Call) -> BaseModel:
    placement, wish = _row(call, Placement), call.body
    if wish.decision == "approve":
        review.approve(call.session, call.kit, placement, call.who, wish.reason)
    elif wish.decision == "reject":
        review.reject(call.session, call.kit, placement, call.who, wish.reason)
    else:
        review.send_to_retouch(call.session, call.kit, placement, call.who, wish.to, wish.note or wish.reason, wish.due_at)
    return _told(call, placement, shapes.PlacementOut)


def charge_retouch(call: Call) -> BaseModel:
    row = _row(call, Retouch)
    retouch.charge(call.session, call.kit, row, call.who, call.body.minutes, call.body.invoice)
    return _told(call, row, shapes.RetouchOut)


def decide_photo(call: Call) -> BaseModel:
    item = _row(call, ImageSetItem)
    decide = review.accept_photo if call.body.decision == "accept" else review.reject_photo
    decide(call.session, call.kit, item, call.who, call.body.reason)
    return _told(call, item, shapes.ItemOut)


def decide_lesson(call: Call) -> BaseModel:
    lesson = _row(call, Lesson)
    if call.body.decision == "accept":
        learn.accept(call.session, call.kit, lesson, call.who, call.body.reason)
    else:
        learn.decline(call.session, call.kit, lesson, call.who, call.body.reason)
    return _told(call, lesson, shapes.LessonOut)


def assign_arrival(call: Call) -> BaseModel:
    arrival = _row(call, Arrival)
    intake.assign(call.session, call.kit, arrival, call.body.sku, call.body.shot, call.who)
    return _told(call, arrival, shapes.ArrivalOut)


def drop_arrival(call: Call) -> BaseModel:
    arrival = _row(call, Arrival)
    intake.drop(call.session, call.kit, arrival, call.who, call.body.why)
    return _told(call, arrival, shapes.ArrivalOut)


def confirm_listing(call: Call) -> BaseModel:
    listing = _row(call, Listing)
    publish.confirm(call.session, call.kit, listing, call.who)
    call.session.flush()
    return listings_told(call, [listing])[0]


def add_waiver(call: Call) -> BaseModel:
    wish: WaiverWish = call.body
    product = call.session.scalar(sa.select(Product).where(Product.sku == wish.sku)) if wish.sku else None
    account = call.session.scalar(sa.select(Account).where(Account.key == wish.account)) if wish.account else None
    if wish.sku and product is None:
        raise WrongField(("sku", f"there is no product {wish.sku}"))
    if wish.account and account is None:
        raise WrongField(("account", f"there is no account {wish.account}"))
    waiver = waivers.add(call.session, call.kit, rule=wish.rule, until=wish.until, why=wish.why, who=call.who, product=product, account=account)
    return _told(call, waiver, shapes.WaiverOut)


def revoke_waiver(call: Call) -> BaseModel:
    waiver = _row(call, Waiver)
    waivers.revoke(call.session, call.kit, waiver, call.who, call.body.why)
    return _told(call, waiver, shapes.WaiverOut)


def put_mapping(call: Call) -> BaseModel:
    account, wish = account_of(call), call.body
    mapping.set_mapping(call.session, call.kit, account, wish.category, wish.kind, wish.rows, call.who)
    call.session.flush()
    return mapping_told(call)


def stop_account(call: Call) -> BaseModel:
    account = account_of(call)
    controls.stop(call.session, call.kit, call.who, account, call.body.why)
    return _told(call, account, shapes.AccountOut)


def resume_account(call: Call) -> BaseModel:
    account = account_of(call)
    controls.resume(call.session, call.kit, call.who, account)
    return _told(call, account, shapes.AccountOut)


def stop_all(call: Call) -> BaseModel:
    controls.stop(call.session, call.kit, call.who, why=call.body.why)
    return stop_told(call.session)


def resume_all(call: Call) -> BaseModel:
    controls.resume(call.session, call.kit, call.who)
    return stop_told(call.session)


def _row(call: Call, table: type[Row]) -> Row:
    row = call.session.get(table, call.key)
    if row is None:
        abort(404, f"There is no {table.__name__.lower()} {call.key}.")
    return row


def _told(call: Call, row: Any, shape: type[BaseModel]) -> BaseModel:
    call.session.flush()
    call.session.refresh(row)
    return shape.model_validate(row)


def _write(path: str, name: str, summary: str, act: Act, answer: type[BaseModel], body: type[BaseModel]) -> Operation:
    return Operation("POST", path, name, summary, act, answer, role="operator", body=body)


WRITES: tuple[Operation, ...] = (
    _write("/products", "put_product", "Make or change a product: the data of the inventory webhook.", put_product, shapes.ProductOut, inventory.SkuUpdated),
    _write("/placements/{id}/decision", "decide_placement", "Approve, reject or send to retouch.", decide_placement, shapes.PlacementOut, PlacementDecision),
    _write("/retouches/{id}/cost", "charge_retouch", "Say what a retouch cost: minutes and invoice.", charge_retouch, shapes.RetouchOut, RetouchCost),
    _write("/items/{id}/decision", "decide_photo", "Accept or reject a flagged photo.", decide_photo, shapes.ItemOut, PhotoDecision),
    _write("/lessons/{id}/decision", "decide_lesson", "Accept or decline a lesson.", decide_lesson, shapes.LessonOut, LessonDecision),
    _write("/arrivals/{id}/assign", "assign_arrival", "Say which product a file in the tray shows.", assign_arrival, shapes.ArrivalOut, Assignment),
    _write("/arrivals/{id}/drop", "drop_arrival", "Forget a file in the tray.", drop_arrival, shapes.ArrivalOut, Because),
    _write("/listings/{id}/confirm", "confirm_listing", "Under policy ask: let what is wanted now through.", confirm_listing, shapes.ListingOut, Nothing),
    Operation("POST", "/waivers", "add_waiver", "Waive a rule until a time.", add_waiver, shapes.WaiverOut, role="operator", body=WaiverWish, status=201),
    _write("/waivers/{id}/revoke", "revoke_waiver", "End a waiver now. A reason is needed.", revoke_waiver, shapes.WaiverOut, Because),
    Operation(
        "PUT",
        "/accounts/{key}/mapping",
        "put_mapping",
        "Change how a category is listed on an account; refused creations are tried again.",
        put_mapping,
        shapes.MappingOut,
        role="admin",
        body=MappingWish,
    ),
    _write("/accounts/{key}/stop", "stop_account", "Stop all writing to this account.", stop_account, shapes.AccountOut, Because),
    _write("/accounts/{key}/resume", "resume_account", "Let writing to this account go on.", resume_account, shapes.AccountOut, Nothing),
    _write("/stop", "stop_all", "The emergency stop: no writing to any marketplace.", stop_all, shapes.StopOut, Because),
    _write("/resume", "resume_all", "End the emergency stop.", resume_all, shapes.StopOut, Nothing),
)
