"""Hidden rules that change: what is new is judged by them at once, what is live a little later, and the witness tells the present truth."""

import base64
from pathlib import Path

import pytest
import requests

from integrations.practice import PracticeServer
from integrations.practice.config import load_hidden
from integrations.practice.orders import load_orders, settle
from tests.integrations.practice.drawn import finished

DAY = 86_400
STRICTER = {"at": "+10d", "rule": "fill", "limit": 0.9, "delay": "1d"}


def listed(practice: PracticeServer, *skus: str, fill: float = 0.85) -> None:
    picture = base64.b64encode(finished(fill=fill)).decode()
    for sku in skus:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=sku, title="A watch", pictures={"main": picture})


def statuses(practice: PracticeServer) -> list[str]:
    return [listing["status"] for listing in practice.witness("listings")]


def test_what_is_live_when_a_rule_gets_stricter_is_judged_again_within_the_delay_each_at_its_own_time() -> None:
    with PracticeServer(faults=[STRICTER]) as practice:
        practice.witness("stock", marketplace="amazon-uk", seller="SELLER", count=8)
        seen = []
        for seconds in (9 * DAY, DAY, DAY // 2, DAY // 2 + 1):
            practice.advance(seconds)
            seen.append(statuses(practice).count("suppressed"))

    assert seen[:2] == [0, 0]
    assert 0 < seen[2] < 8
    assert seen[3] == 8


def test_pictures_that_the_new_limit_does_not_touch_are_left_alone() -> None:
    with PracticeServer(faults=[STRICTER]) as practice:
        listed(practice, "GOOD", fill=0.95)
        practice.advance(12 * DAY)

        assert statuses(practice) == ["active"]
        assert [line["what"] for line in practice.witness("listings")[0]["history"]] == ["seeded"]


def test_a_grace_makes_it_a_warning_with_a_date_first() -> None:
    with PracticeServer(faults=[{**STRICTER, "grace": "7d"}]) as practice:
        listed(practice, "W")
        practice.advance(11 * DAY + 1)
        first = statuses(practice)
        practice.advance(7 * DAY)

        assert (first, statuses(practice)) == (["at_risk"], ["suppressed"])


def test_a_rule_that_gets_milder_lifts_what_stood_against_a_listing() -> None:
    with PracticeServer() as practice:
        listed(practice, "W")
        practice.witness_orders([{**STRICTER, "at": "+1h", "delay": 0}])
        practice.advance(3601)
        strict = statuses(practice)
        practice.witness_orders([{**STRICTER, "at": "+1d", "limit": 0.8, "delay": 0}])
        practice.advance(DAY + 1)

        assert (strict, statuses(practice)) == (["suppressed"], ["active"])


def test_the_witness_and_the_page_tell_the_present_truth_and_what_is_still_to_come() -> None:
    with PracticeServer(faults=[STRICTER, {"at": "+20d", "rule": "border", "limit": [252, 254]}]) as practice:
        before = {rule["name"]: rule["limit"] for rule in practice.witness("rules")["rules"] if rule["connector"] == "amazon"}
        practice.advance(11 * DAY)
        told = practice.witness("rules")
        after = {rule["name"]: rule["limit"] for rule in told["rules"] if rule["connector"] == "amazon"}
        page = requests.get(f"{practice.url}/practice?rules=1", timeout=10).text

    assert (before["fill"], after["fill"], after["border"]) == (0.8, 0.9, 250)
    assert [(change["name"], change["done"]) for change in told["changes"]] == [("fill", True), ("border", False)]
    assert 252 <= told["changes"][1]["limit"] <= 254
    assert "at least 0.9 (was 0.8)" in page


def test_a_changed_rule_stays_changed_after_a_restart_and_the_same_orders_again_are_no_second_change(tmp_path: Path) -> None:
    for _ in range(2):
        with PracticeServer(tmp_path / "practice.db", faults=[STRICTER], now=1_800_000_000) as practice:
            practice.advance(6 * DAY)
            told = practice.witness("rules")

    assert len(told["changes"]) == 1
    assert next(rule["limit"] for rule in told["rules"] if rule["name"] == "fill") == 0.9


@pytest.mark.parametrize("rule", ["nonsense", "text-or-watermark"])
def test_a_rule_that_is_not_there_or_not_one_is_refused_by_name(rule: str) -> None:
    with pytest.raises(ValueError, match=r"hidden rule is called so; there are amazon\.blur"):
        settle(load_orders([{**STRICTER, "rule": rule}]).changes, load_hidden(), 0, 0)
