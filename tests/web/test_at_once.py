"""The same thing told several times at the same moment, on SQLite and on PostgreSQL: one effect, and everybody hears the same."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.models import Arrival, Delivery, Product
from tests.web.machine import House, event, open_house

CALLERS = 5


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_house(tmp_path, database_url=url) as house:
        yield house


def _at_once(act: Callable[[int], TestResponse]) -> list[TestResponse]:
    together = Barrier(CALLERS)

    def go(number: int) -> TestResponse:
        together.wait(20)
        return act(number)

    with ThreadPoolExecutor(CALLERS) as threads:
        return list(threads.map(go, range(CALLERS)))


def _count(house: House, table: Any) -> int:
    with house.kit.db.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_one_webhook_delivered_by_several_at_once_has_one_effect(house: House) -> None:
    answers = _at_once(lambda _: house.hook(event(), "evt_1"))

    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: CALLERS - 1}
    assert (_count(house, Delivery), _count(house, Product)) == (1, 1)


def test_several_events_about_one_new_sku_at_once_are_all_kept(house: House) -> None:
    answers = _at_once(lambda number: house.hook(event(at=f"2026-11-23T09:00:0{number}+00:00", quantity=number), f"evt_{number}"))

    assert {answer.status_code for answer in answers} == {202}
    with house.kit.db.reading() as session:
        assert session.scalars(sa.select(Product.quantity)).all() == [CALLERS - 1]


def test_one_upload_sent_several_times_at_once_is_one_arrival(house: House) -> None:
    def upload(_: int) -> TestResponse:
        data = {"file": (io.BytesIO(b"the bytes"), "W-1_dial.jpg")}
        return house.client.post("/api/v1/photos", data=data, headers=house.headers(Idempotency_Key="k"))

    house.add_product("W-1")
    answers = _at_once(upload)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert _count(house, Arrival) == 1


def test_one_product_made_by_several_at_once_is_one_row(house: House) -> None:
    answers = _at_once(lambda _: house.post("/api/v1/products", {"sku": "N-1", "title": "Ring", "category": "ring"}))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: CALLERS - 1}
    assert _count(house, Product) == 1
