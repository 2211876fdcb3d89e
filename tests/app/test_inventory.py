"""The inventory's events: twice, out of order, unknown, with photos."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import integrations
from app.kit import Kit
from app.models import Arrival, Delivery, Event, Product
from app.stages.inventory import apply_event


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Every test of this stage runs on both databases."""
    return each_kit


def event(kind: str, at: str, **data: Any) -> integrations.inventory.Event:
    return integrations.inventory.parse_event(None, {"type": kind, "timestamp": f"2026-11-23T{at}Z", "data": {"sku": "W-1", **data}})


CREATED = event(
    "sku.created", "08:00:00", title="First title", category="watch", quantity=3, photos=[{"shot": "dial", "url": "https://photos.example/dial.jpg"}]
)
UPDATED = event("sku.updated", "09:00:00", title="Better title", category="watch")


def send(kit: Kit, *events: integrations.inventory.Event, first: int = 1) -> list[str]:
    effects = []
    for number, one in enumerate(events, first):
        with kit.db.writing() as session:
            effects.append(apply_event(session, kit, one, f"id-{number}"))
    return effects


def the_product(kit: Kit) -> Product:
    with kit.db.reading() as session:
        return session.scalars(sa.select(Product)).one()


def test_a_webhook_delivered_twice_is_one_product_and_one_photo(kit: Kit) -> None:
    with kit.db.writing() as session:
        assert apply_event(session, kit, CREATED, "same") == "applied"
    with kit.db.writing() as session:
        assert apply_event(session, kit, CREATED, "same") == "duplicate"

    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 1
    assert the_product(kit).title == "First title"


def test_an_older_event_that_comes_later_changes_no_newer_field_and_still_brings_its_photo(kit: Kit) -> None:
    assert send(kit, UPDATED, CREATED) == ["applied", "applied"]

    assert (the_product(kit).title, the_product(kit).quantity) == ("Better title", 3)
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Arrival)) == 1


def test_of_two_events_of_one_type_the_newer_happening_wins(kit: Kit) -> None:
    send(kit, CREATED)
    assert send(kit, event("stock.changed", "10:00:00", quantity=0), event("stock.changed", "09:30:00", quantity=7), first=2) == ["applied", "stale"]
    assert the_product(kit).quantity == 0


EVENTS = [
    CREATED,
    UPDATED,
    event("stock.changed", "08:30:00", quantity=9),
    event("stock.changed", "10:00:00", quantity=1),
    event("sku.updated", "11:00:00", title="Last title", category="watch", brand="Halden"),
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(EVENTS), again=st.lists(st.sampled_from(range(len(EVENTS))), max_size=3))
def test_whatever_the_order_and_the_repeats_one_state_is_left(kit: Kit, order: list[integrations.inventory.Event], again: list[int]) -> None:
    with kit.db.writing() as session:
        session.execute(sa.delete(Arrival))
        session.execute(sa.delete(Delivery))
        session.execute(sa.delete(Event))
        session.execute(sa.delete(Product))
    waiting = [*enumerate(order), *((n, order[n]) for n in again)]
    for _round in itertools.count():
        left = []
        for number, one in waiting:
            with kit.db.writing() as session:
                if apply_event(session, kit, one, f"id-{number}") == "unknown-sku":
                    left.append((number, one))  # answered 404: the inventory sends it again
        waiting = left
        if not waiting:
            break

    product = the_product(kit)
    assert (product.title, product.brand, product.quantity, product.archived) == ("Last title", "Halden", 1, False)


def test_an_event_for_an_unknown_sku_leaves_no_trace(kit: Kit) -> None:
    assert send(kit, event("stock.changed", "09:00:00", quantity=1)) == ["unknown-sku"]
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Product)) == 0


@pytest.mark.parametrize(("first", "then", "archived"), [("08:30:00", "09:30:00", False), ("10:00:00", "09:30:00", True)])
def test_the_later_of_archiving_and_updating_decides_whether_it_is_archived(kit: Kit, first: str, then: str, archived: bool) -> None:
    send(kit, CREATED, event("sku.archived", first), event("sku.updated", then, title="Back again", category="watch"))
    assert the_product(kit).archived is archived


def test_money_is_minor_units_and_accounts_are_kept_for_later(kit: Kit) -> None:
    send(
        kit,
        event(
            "sku.created",
            "08:00:00",
            title="T",
            category="ring",
            price={"amount": "1249.50", "currency": "GBP"},
            accounts={"ebay-uk:main": {"item_id": "110012345678"}},
        ),
    )
    product = the_product(kit)
    assert (product.price_minor, product.currency, product.offered_on) == (124_950, "GBP", {"ebay-uk:main": {"item_id": "110012345678"}})
