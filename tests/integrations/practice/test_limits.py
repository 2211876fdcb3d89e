"""The practice marketplaces refuse calls above the documented rates, in the real ones' own words."""

from pathlib import Path

import pytest
import requests

from integrations.practice import PracticeServer
from integrations.practice.clock import Clock
from integrations.practice.limits import Limits, load_limits, mark
from integrations.practice.orders import Allowed, load_orders
from integrations.rates import rates_of
from tests.integrations.practice import clients
from tests.integrations.practice.drawn import finished

UK = {"marketplaceIds": clients.UK}


def look(practice: PracticeServer, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"{practice.url}/listings/2021-08-01/items/SELLER/S", params=UK, headers=headers, timeout=10)


def test_calls_above_the_rate_are_refused_until_time_has_passed_and_each_operation_and_seller_has_its_own() -> None:
    with PracticeServer(limits=True) as practice:
        headers, other = clients.amazon_headers(practice.url), clients.amazon_headers(practice.url, "OTHER")
        burst = [look(practice, headers).status_code for _ in range(7)]
        search = requests.get(f"{practice.url}/listings/2021-08-01/items/SELLER", params=UK, headers=headers, timeout=10).status_code
        stranger = requests.get(f"{practice.url}/listings/2021-08-01/items/OTHER/S", params=UK, headers=other, timeout=10).status_code
        practice.advance(0.4)
        later = [look(practice, headers).status_code for _ in range(3)]

        assert burst == [404] * 5 + [429] * 2
        assert (search, stranger) == (200, 404)
        assert later == [404, 404, 429]
        assert practice.witness("limits")["calls"]["getListingsItem"] == {"calls": 11, "refused": 3}


def test_a_refusal_is_said_as_amazon_says_it_and_its_rate_is_told_only_with_answers() -> None:
    with PracticeServer(limits=True) as practice:
        headers = clients.amazon_headers(practice.url)
        answers = [look(practice, headers) for _ in range(6)]

    assert answers[0].headers["x-amzn-RateLimit-Limit"] == "5.0"
    assert "x-amzn-RateLimit-Limit" not in answers[-1].headers
    assert answers[-1].json() == {"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource.", "details": ""}]}


def test_an_account_may_be_allowed_less_than_is_documented_and_the_answers_do_not_say_so() -> None:
    with PracticeServer(limits=True, faults=[{"calls": "getListingsItem", "allowed": 0.5}]) as practice:
        headers = clients.amazon_headers(practice.url)
        for _ in range(5):
            look(practice, headers)
        practice.advance(1)
        answers = [look(practice, headers) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [404, 404, 429]
        assert answers[0].headers["x-amzn-RateLimit-Limit"] == "5.0"


def test_a_drawn_share_is_the_same_in_every_run_and_lies_between_its_ends() -> None:
    drawn = []
    for seed in (1, 1, 2):
        limits = Limits(Clock(frozen=0), seed, on=True)
        limits.set([Allowed(calls="*", allowed=(0.6, 1))])
        drawn.append([limits.share(seller, "patchListingsItem") for seller in ("A", "B")])

    assert drawn[0] == drawn[1] != drawn[2]
    assert all(0.6 <= share <= 1 for shares in drawn for share in shares)


def test_ebays_day_of_a_new_keyset_ends_at_5000_trading_calls_of_all_its_sellers_and_begins_again_at_midnight_pacific() -> None:
    clock = Clock(frozen=1_795_852_800.0)  # 2026-11-28 00:00 in Los Angeles
    limits = Limits(clock, 0, on=True)

    beyond = [limits.ebay(f"seller {n % 2}", mark("mine"), "GetItem", trading=True) for n in range(5001)]
    raised = [limits.ebay("seller", mark("practice"), "GetItem", trading=True) for _ in range(5001)]
    clock.advance(86_400)

    assert (beyond.count(None), beyond[-1], any(raised)) == (5000, "day", False)
    assert limits.ebay("seller 0", mark("mine"), "GetItem", trading=True) is None


def test_ebays_short_limit_of_a_call_is_another_than_the_days() -> None:
    with PracticeServer(limits=True) as practice:
        token = clients.ebay_token(practice.url)
        practice.app.extensions["practice_limits"]._windows["SELLER", "GetSellerEvents"].extend([practice.clock.now()] * 1000)
        answer = requests.post(
            f"{practice.url}/ws/api.dll",
            headers={"X-EBAY-API-CALL-NAME": "GetSellerEvents", "X-EBAY-API-SITEID": "3", "X-EBAY-API-IAF-TOKEN": token},
            timeout=10,
        )

    assert "<ErrorCode>21919144</ErrorCode>" in answer.text


def test_ebay_says_a_used_up_day_inside_an_ordinary_answer_and_too_many_uploads_by_429() -> None:
    with PracticeServer(limits=True) as practice:
        token = clients.ebay_token(practice.url)
        practice.app.extensions["practice_limits"]._days.update({(mark("id"), day): 5000 for day in days(practice)})
        answer = requests.post(
            f"{practice.url}/ws/api.dll",
            headers={"X-EBAY-API-CALL-NAME": "GetUser", "X-EBAY-API-SITEID": "3", "X-EBAY-API-IAF-TOKEN": token},
            timeout=10,
        )
        practice.app.extensions["practice_limits"]._windows["SELLER", "createImageFromFile"].extend([practice.clock.now()] * 49)
        uploads = [clients.upload(practice.url, token, finished(500)) for _ in range(2)]

    assert answer.status_code == 200
    assert "<ErrorCode>518</ErrorCode>" in answer.text
    assert [upload.status_code for upload in uploads] == [201, 429]
    assert uploads[-1].json()["errors"][0]["errorId"] == 2001


def days(practice: PracticeServer) -> list[str]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return [datetime.fromtimestamp(practice.clock.now(), ZoneInfo("America/Los_Angeles")).date().isoformat()]


def test_the_witness_turns_counting_on_and_off() -> None:
    with PracticeServer() as practice:
        headers = clients.amazon_headers(practice.url)
        free = {look(practice, headers).status_code for _ in range(8)}
        practice.witness("limits", on=True)
        counted = [look(practice, headers).status_code for _ in range(8)]

    assert free == {404}
    assert counted.count(429) == 3


def test_the_two_opinions_on_amazons_rates_agree_or_ours_is_slower() -> None:
    house = rates_of("amazon")

    for name, documented in load_limits().amazon.items():
        assert house[name].per_second <= documented.rate
        assert house[name].burst <= documented.burst


def test_the_sample_orders_are_read_by_kind_and_a_mistake_is_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text('- {when: "*", rate: 0.1, do: "503"}\n- {calls: "*", allowed: [0.6, 1]}\n- {at: +10d, rule: border, limit: 254}\n')

    orders = load_orders(path)

    assert [len(orders.faults), len(orders.allowed), len(orders.changes)] == [1, 1, 1]
    assert orders.changes[0].at == ("after", 864_000)
    for wrong in ({"calls": "*", "allowed": 1.5}, {"at": "soon", "rule": "border", "limit": 1}, {"when": "*", "do": "503"}):
        with pytest.raises(ValueError, match=r"."):
            load_orders([wrong])
