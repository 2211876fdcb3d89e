"""What load balancers, supervisors and Prometheus are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from app import controls, work
from app.models import Heartbeat, RuleActivation
from app.store import StoreError
from tests.web.machine import House, open_house, through_waitress


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path) as house:
        yield house


def _beat(house: House, age_s: float) -> None:
    with house.writing() as session:
        session.merge(Heartbeat(name="scheduler:here", at=datetime.now(UTC) - timedelta(seconds=age_s), facts={}))


def test_a_process_that_answers_is_live_whatever_else_is_wrong(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.kit.db, "reading", None)

    assert house.client.get("/health/live").status_code == 200


def test_ready_when_everything_answers(house: House) -> None:
    _beat(house, 5)

    answer = house.client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ready"
    assert {name: check["ok"] for name, check in answer.json["checks"].items()} == {"database": True, "store": True, "scheduler": True, "rules": True}


def test_not_ready_before_the_scheduler_has_run(house: House) -> None:
    answer = house.client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["scheduler"] == {"ok": False, "detail": "has never run"}


@pytest.mark.parametrize(("age_s", "status"), [(20, 200), (40, 503)])
def test_a_heartbeat_counts_for_thirty_seconds(house: House, age_s: float, status: int) -> None:
    _beat(house, age_s)

    assert house.client.get("/health/ready").status_code == status


def test_not_ready_without_rules(house: House) -> None:
    _beat(house, 1)
    with house.writing() as session:
        session.execute(sa.delete(RuleActivation))

    answer = house.client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json is not None
    assert [name for name, check in answer.json["checks"].items() if not check["ok"]] == ["rules"]


def test_a_store_that_is_away_is_named_without_its_address(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise StoreError("s3://secret-bucket: connection refused")

    _beat(house, 1)
    monkeypatch.setattr(house.kit.originals, "check", away)

    answer = house.client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json is not None
    assert not answer.json["checks"]["store"]["ok"]
    assert "secret-bucket" not in answer.text


def test_metrics_tell_the_age_of_the_oldest_due_row_per_stage(house: House) -> None:
    with house.writing() as session:
        work.wake(session, "render", "r1", at=datetime.now(UTC) - timedelta(seconds=100))
        work.wake(session, "render", "r2", at=datetime.now(UTC) - timedelta(seconds=10))
        controls.stop(session, house.kit, "ann")

    text = house.get("/metrics").text

    age = next(float(line.split()[1]) for line in text.splitlines() if line.startswith('packshot_oldest_due_seconds{stage="render"}'))
    assert 100 <= age < 160
    assert 'packshot_work_due{stage="render"} 2.0' in text
    assert "packshot_writing_stopped 1.0" in text


def test_metrics_from_elsewhere_need_a_key(house: House) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}

    without = house.client.get("/metrics", environ_base=far)
    wrong = house.client.get("/metrics", environ_base=far, headers={"Authorization": "Bearer pk_" + "a" * 32})
    right = house.client.get("/metrics", environ_base=far, headers=house.headers("viewer"))

    assert (without.status_code, wrong.status_code, right.status_code) == (401, 401, 200)


@pytest.mark.parametrize("sign", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "X-Real-Ip", "Via"])
def test_metrics_through_a_proxy_on_this_machine_need_a_key(house: House, sign: str) -> None:
    """Through the real server, which must not take away what the proxy says."""
    with through_waitress(house.app) as address:
        itself, forwarded = (requests.get(f"{address}/metrics", headers=headers, timeout=5) for headers in ({}, {sign: "192.0.2.7"}))
    assert (itself.status_code, forwarded.status_code) == (200, 401)
