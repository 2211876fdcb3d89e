"""The front door: sites, registry, errors, money, tokens and pace."""

import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import integrations
from integrations import SITES, Access, Refused, TryLater, connect, registry, to_decimal, to_minor
from integrations.errors import NotAuthorised, OutcomeUnknown, Problem
from integrations.pace import Pace, retry_after
from integrations.sites import load_sites
from integrations.tokens import Token, TokenCache
from tests.integrations.accounts import access


def test_importing_the_front_door_loads_no_sdk() -> None:
    code = "import sys, integrations; print([name for name in ('sp_api', 'ebaysdk', 'flask', 'sqlalchemy') if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.strip() == "[]"


def test_everything_promised_is_there() -> None:
    assert [name for name in integrations.__all__ if not hasattr(integrations, name)] == []


def test_six_marketplaces_with_their_positions() -> None:
    assert sorted(SITES) == ["amazon-de", "amazon-uk", "amazon-us", "ebay-de", "ebay-uk", "ebay-us"]
    assert [len(site.positions) for site in SITES.values()] == [9, 9, 9, 24, 24, 24]
    assert SITES["amazon-uk"].positions_for("used") == ("main", "alt1", "alt2", "alt3", "alt4", "alt5")
    assert SITES["ebay-uk"].positions_for("used") == SITES["ebay-uk"].positions
    assert (SITES["ebay-uk"].recipe_for("main"), SITES["amazon-uk"].recipe_for("alt3")) == ("ebay-main", "amazon-alt")


@pytest.mark.parametrize(
    ("host", "theirs"), [("m.media-amazon.com", True), ("images-eu.ssl-images-amazon.com", True), ("m.media-amazon.com.evil.net", False), ("", False)]
)
def test_picture_hosts_are_matched_whole(host: str, theirs: bool) -> None:
    assert SITES["amazon-uk"].shows_pictures_from(host) is theirs


def test_where_positions_are_an_order_the_nth_picture_is_at_the_nth_position_sent() -> None:
    shown = {"main": "a", "alt1": "b", "alt2": "c"}

    assert SITES["ebay-uk"].aligned(shown, ["alt5", "main"]) == {"main": "a", "alt5": "b", "alt1": "c"}
    assert SITES["ebay-uk"].aligned({"main": "a"}, ["main", "alt5"]) == {"main": "a"}
    assert SITES["amazon-uk"].aligned(shown, ["main", "alt5"]) == shown


@pytest.mark.parametrize("line", ["colour: blue", "source: ''", "positions: [alt1]", "positions: [main, main]"])
def test_a_wrong_site_is_refused_by_name(line: str) -> None:
    place = "{connector: c, country: X, currency: X, locale: x, ids: {}, endpoints: {}, source: s}"
    text = f"connectors: {{c: {{recipes: {{}}, positions: [main]}}}}\nmarketplaces: {{m-xx: {place}}}\n"
    broken = text.replace("source: s", line if line.startswith("source") else f"source: s, {line}")

    assert load_sites(text)
    with pytest.raises(ValueError, match="m-xx"):
        load_sites(broken)


@pytest.mark.parametrize("error", [TryLater(5, "m"), Refused("m", (Problem("1", "w", "blur", ("main",)),)), NotAuthorised("m"), OutcomeUnknown("m")])
def test_errors_survive_a_journey_between_processes(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.__dict__) == (type(error), "m", error.__dict__)


def test_credentials_are_not_in_the_repr() -> None:
    assert "refresh-" not in repr(access())


def test_each_site_has_a_connector() -> None:
    for key in SITES:
        assert connect(access(key))


def test_an_unknown_connector_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'etsy'.*amazon, ebay"):
        registry._factory("etsy")


def test_another_packages_connector_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("etsy", "tests.integrations.test_front:make_etsy", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda **which: [point] if which.get("name", "etsy") == "etsy" else [])

    assert registry._factory("etsy") is make_etsy


def make_etsy(access: Access) -> Any:
    return access.account


@given(st.integers(0, 10**11), st.sampled_from(["GBP", "USD", "JPY", "KWD"]))
def test_money_goes_there_and_back(minor: int, currency: str) -> None:
    assert to_minor(to_decimal(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.001", "GBP"), ("0.5", "JPY"), ("NaN", "GBP"), ("-1", "GBP"), ("1e99", "GBP"), ("a", "GBP"), ("Infinity", "GBP")]
)
def test_what_is_no_amount_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimal places"):
        to_minor(amount, currency)


def test_a_token_is_fetched_once_kept_and_renewed_before_its_end() -> None:
    now, fetched = [0.0], []
    cache = TokenCache(clock=lambda: now[0])

    def refresh() -> Token:
        fetched.append(now[0])
        return Token(f"t{len(fetched)}", 3600)

    assert [cache.get("k", refresh) for now[0] in (0.0, 3479.0, 3481.0)] == ["t1", "t1", "t2"]
    assert cache.get("other", refresh) == "t3"


def test_only_the_token_that_was_refused_is_forgotten() -> None:
    cache = TokenCache()
    cache.get("k", lambda: Token("new", 3600))

    cache.forget("k", "old")

    assert cache.get("k", lambda: Token("newer", 3600)) == "new"


def test_a_failed_refresh_keeps_nothing_and_blocks_nobody() -> None:
    cache = TokenCache()

    def fail() -> Token:
        raise TryLater(1, "later")

    with pytest.raises(TryLater):
        cache.get("k", fail)
    assert cache.get("k", lambda: Token("t", 3600)) == "t"


def test_many_threads_want_one_token() -> None:
    cache, fetched, together = TokenCache(), [], threading.Barrier(2)

    def refresh() -> Token:
        fetched.append(1)
        with suppress(threading.BrokenBarrierError):
            together.wait(0.2)  # a second refresh at the same time would end the wait
        return Token("t", 3600)

    threads = [threading.Thread(target=cache.get, args=("k", refresh)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fetched) == 1


def test_delays_double_keep_to_what_was_asked_and_start_again_after_success() -> None:
    pace = Pace(first=2, most=60, chance=lambda: 1.0)

    delays = [pace.slower("k") for _ in range(6)]
    pace.fine("k")

    assert delays == [4, 8, 16, 32, 60, 60]
    assert pace.slower("k", at_least=90) == 90
    assert pace.slower("other") == 4


@pytest.mark.parametrize(("header", "seconds"), [("5", 5), (None, 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("-3", 0), ("999999", 3600)])
def test_retry_after_is_read_in_its_number_form(header: str | None, seconds: float) -> None:
    assert retry_after(header) == seconds
