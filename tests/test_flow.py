"""The whole road as processes, on both databases; and the same with processes killed at random moments."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from app.models import Lesson, Notice, User
from tests.house import House, draw_shoot
from tests.shots import watch_photo

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    house = House(tmp_path, draw_shoot(tmp_path / "shoot"), url)
    yield house
    house.stop()


def test_a_shoot_goes_live_a_suppression_becomes_a_lesson_and_a_webhook_becomes_a_listing(house: House) -> None:
    house.start()
    house.wait_for(lambda: house.all_live(6), "six live listings", 150)
    house.wait_for(lambda: count(house, Lesson) == 1, "a lesson", 60)

    with house.reading() as session:
        notice = session.scalars(sa.select(Notice)).one()
        assert (notice.kind, notice.reason, notice.merchant_sku) == ("suppressed", "blur", "T-3")
        assert session.scalar(sa.select(User.name)) == "admin"
    house.send_created("T-NEW", photo=new_photo(house))
    house.wait_for(lambda: house.all_live(8), "the new product's listings", 90)
    house.check_nothing_lost_and_nothing_twice(extra=["T-NEW"])
    assert requests.get(f"{house.url}/metrics", headers={"Authorization": f"Bearer {house.new_key()}"}, timeout=5).ok


def test_killing_processes_at_random_moments_loses_nothing_and_publishes_nothing_twice(tmp_path: Path) -> None:
    house, chance = House(tmp_path, draw_shoot(tmp_path / "shoot")), random.Random(20261123)
    try:
        house.start()
        for _ in range(6):
            time.sleep(chance.uniform(0.5, 6.0))
            house.kill_one(chance)
        house.wait_for(lambda: house.all_live(6), "six live listings after the kills", 240)
        house.check_nothing_lost_and_nothing_twice()
    finally:
        house.stop()


def new_photo(house: House) -> Path:
    path = house.folder / "new.jpg"
    path.write_bytes(watch_photo(seed=47, size=(1600, 1200)))
    return path


def count(house: House, table: type[Lesson]) -> int:
    with house.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
