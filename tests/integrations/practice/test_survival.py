"""Killed, hurried and spoiled: the practice marketplaces keep what they accepted, and fail only when ordered to."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.practice import PracticeServer, check_orders
from integrations.practice.faults import Fault
from tests.integrations.practice.clients import UK, Trading, amazon_headers, ebay_token, new_item, pictures_patch, upload
from tests.integrations.practice.drawn import Media, finished

ROOT = Path(__file__).parents[3]


@contextmanager
def process(database: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real process on a free port, killed without warning at the end."""
    command = [sys.executable, "-m", "integrations.practice", "--port", "0", "--database", str(database), *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            line = running.stdout.readline() if running.stdout else ""
            found = re.search(r"http://[\d.:]+", line)
            assert found, line
            yield running, found[0]
        finally:
            running.kill()


def patch(url: str, media_url: str, sku: str = "W", headers: dict[str, str] | None = None, timeout: float = 30) -> requests.Response:
    address = f"{url}/listings/2021-08-01/items/SELLER/{sku}?marketplaceIds={UK}"
    return requests.patch(address, json=pictures_patch(main_product_image_locator=media_url), headers=headers or amazon_headers(url), timeout=timeout)


def test_what_was_accepted_happens_after_kill_9(tmp_path: Path, media: Media) -> None:
    source = media.url("a.jpg", finished())
    with process(tmp_path / "practice.db") as (running, url):
        requests.post(f"{url}/practice/api/listings", json={"marketplace": "amazon-uk", "seller": "SELLER", "sku": "W", "title": "A watch"}, timeout=10)
        headers = amazon_headers(url)
        assert patch(url, source, headers=headers).json()["status"] == "ACCEPTED"
        running.kill()

    with process(tmp_path / "practice.db") as (_, url):
        now = requests.post(f"{url}/practice/api/clock", json={"advance": 10}, timeout=20).json()
        listing = requests.get(f"{url}/practice/api/listings", timeout=10).json()[0]
        again = patch(url, source, headers=headers).json()["status"]

    assert now["waiting"] == 0
    assert listing["pictures"]["main"]["source_url"] == source
    assert listing["status"] == "active"
    assert again == "ACCEPTED"


def test_time_passes_by_itself_in_the_running_server(media: Media) -> None:
    with PracticeServer(live=True) as practice:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="W", title="A watch")
        patch(practice.url, media.url("a.jpg", finished()))
        practice.clock.advance(10)
        waiting = threading.Event()
        for _ in range(100):
            if practice.witness("clock")["waiting"] == 0:
                break
            waiting.wait(0.05)

        assert practice.witness("listings")[0]["pictures"]["main"]["source_url"] == f"{media.base}/a.jpg"


def test_twenty_simultaneous_writers_lose_nothing(practice: PracticeServer, media: Media) -> None:
    for index in range(20):
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku=f"W{index}", title="A watch")
    headers, token = amazon_headers(practice.url), ebay_token(practice.url)
    source = media.url("a.jpg", finished())
    hosted = upload(practice.url, token, finished()).json()["maxDimensionImageUrl"]

    with ThreadPoolExecutor(20) as pool:
        patched = list(pool.map(lambda index: patch(practice.url, source, f"W{index}", headers).status_code, range(20)))
        same_key = list(pool.map(lambda _: _add(practice.url, token, hosted), range(20)))
    practice.advance(10)

    assert patched == [200] * 20
    assert same_key.count("Success") == 1
    assert same_key.count("488") == 19
    listings = practice.witness("listings")
    assert len([listing for listing in listings if listing["marketplace"] == "ebay-uk"]) == 1
    assert all("main" in listing["pictures"] for listing in listings)
    assert len(practice.witness("writes")) == 22


def _add(url: str, token: str, hosted: str) -> str:
    connection = Trading(url, token)
    connection.config.set("errors", False, force=True)
    connection.execute("AddFixedPriceItem", new_item([hosted], UUID="0123456789ABCDEF0123456789ABCDEF"))
    return str(connection.response_codes()[0]) if connection.response_codes() else "Success"


@pytest.mark.parametrize(
    ("do", "status"),
    [("empty_503", 503), ("503", 503), ("html_502", 502), ("throttle_429", 429), ("expire_token", 403), ("drop_connection", None), ("timeout_before", None)],
)
def test_a_spoiled_write_has_no_effect_and_the_next_one_is_good(media: Media, do: str, status: int | None) -> None:
    with PracticeServer(faults=[{"when": "patchListingsItem", "nth": 1, "do": do, "hold": 0.05}]) as practice:
        practice.witness("listings", marketplace="amazon-uk", seller="SELLER", sku="W", title="A watch")
        source = media.url("a.jpg", finished())

        seen: int | None = None
        try:
            seen = patch(practice.url, source).status_code
        except requests.ConnectionError:
            seen = None
        nothing = practice.witness("writes")
        good = patch(practice.url, source).status_code

        assert seen == status
        assert nothing == []
        assert good == 200
        assert [hit["call"] for hit in practice.witness("faults")] == ["patchListingsItem"]


def test_a_time_out_after_sending_leaves_the_effect(media: Media) -> None:
    with PracticeServer(faults=[{"when": "AddFixedPriceItem", "nth": 1, "do": "timeout_after", "hold": 0.05}]) as practice:
        token = ebay_token(practice.url)
        hosted = upload(practice.url, token, finished()).json()["maxDimensionImageUrl"]

        with pytest.raises(requests.ConnectionError):
            _add(practice.url, token, hosted)

        assert len(practice.witness("listings")) == 1
        assert _add(practice.url, token, hosted) == "488"


def test_throttled_trading_calls_say_so_inside_an_ordinary_answer(practice: PracticeServer) -> None:
    requests.post(f"{practice.url}/practice/api/faults", json=[{"when": "GetItem", "rate": 1.0, "do": "429"}], timeout=10)
    connection = Trading(practice.url, ebay_token(practice.url))
    connection.config.set("errors", False, force=True)

    connection.execute("GetItem", {"ItemID": "1"})

    assert connection.response_codes() == [21919144]


def test_the_same_seed_spoils_the_same_calls() -> None:
    def struck(seed: int) -> list[Any]:
        with PracticeServer(seed=seed, faults=[{"when": "*", "rate": 0.3, "do": "empty_503"}]) as practice:
            for _ in range(20):
                requests.get(f"{practice.url}/images/I/none.jpg", timeout=10)
            return [hit["count"] for hit in practice.witness("faults")]

    assert struck(1) == struck(1) != struck(2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {when: patchListingItem, do: empty_503, nth: 1}", "order 1: no call is named patchListingItem; is patchListingsItem meant?"),
        ("- {when: '*', do: empty_503, nth: 1}\n- {when: GetItem, do: explode, nth: 1}", "order 2: do: "),
        ("- {when: [", "it is no YAML"),
        ("when: GetItem", "a list of orders is wanted"),
        ("- {at: +1d, rule: nothing, limit: 3}", "rule nothing: no hidden rule is called so"),
    ],
)
def test_a_file_of_mistaken_orders_says_which_and_what(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        check_orders(file)


@pytest.mark.parametrize(
    "bad", [{"when": "x", "do": "empty_503"}, {"when": "x", "do": "explode", "nth": 1}, {"when": "x", "do": "empty_503", "nth": 1, "rate": 1}]
)
def test_a_mistaken_fault_order_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"when|do|nth"):
        Fault.model_validate(bad)
