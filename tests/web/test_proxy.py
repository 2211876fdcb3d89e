"""Who asks and by which address, where a proxy stands in front: believed of the one that was named, and of nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import request

from app import people
from app.config import ConfigError, load
from tests.web.machine import PASSWORD, House, open_house, through_waitress

VISITOR = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "packshot.example", "Referer": "https://packshot.example/sign-in"}


def _open(folder: Path, proxy: str) -> Iterator[House]:
    with open_house(folder, trusted_proxy=proxy) as house:
        with house.writing() as session:
            people.create_user(session, "ada", PASSWORD, "admin", house.kit.now())
        house.app.add_url_rule("/health/seen", "health.seen", lambda: {"address": request.host_url, "visitor": request.remote_addr})
        yield house


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[House]:
    yield from _open(tmp_path, "127.0.0.1")


@pytest.fixture
def unproxied(tmp_path: Path) -> Iterator[House]:
    yield from _open(tmp_path, "")


def _tries(house: House, password: str, visitor: str) -> int:
    client, said = house.app.test_client(), {**VISITOR, "X-Forwarded-For": visitor}
    base = "https://packshot.example"  # the browser's side, for its cookies; what the server is told comes in the headers
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in", headers=said, base_url=base).text)
    assert token
    form = {"csrf_token": token[1], "name": "ada", "password": password}
    return client.post("/sign-in", data=form, headers=said, base_url=base).status_code


def test_behind_the_named_proxy_cookies_are_secure_and_the_address_is_the_public_one(proxied: House) -> None:
    assert "Secure" in proxied.client.get("/sign-in", headers=VISITOR).headers["Set-Cookie"]
    assert proxied.client.get("/health/seen", headers=VISITOR).json == {"address": "https://packshot.example/", "visitor": "192.0.2.7"}


def test_wrong_passwords_of_one_visitor_shut_out_nobody_else_behind_the_proxy(proxied: House, monkeypatch: pytest.MonkeyPatch) -> None:
    right = people.check_password
    monkeypatch.setattr(people, "check_password", lambda session, name, given: right(session, name, given) if given == PASSWORD else None)

    assert [_tries(proxied, "wrong", "192.0.2.7") for _ in range(11)] == [401] * 10 + [429]
    assert _tries(proxied, PASSWORD, "192.0.2.8") == 303


def test_without_a_named_proxy_nobody_says_who_they_are(unproxied: House) -> None:
    assert unproxied.client.get("/health/seen", headers=VISITOR).json == {"address": "http://localhost/", "visitor": "127.0.0.1"}


def test_another_machine_than_the_named_proxy_is_not_believed(proxied: House) -> None:
    seen = proxied.client.get("/health/seen", headers=VISITOR, environ_base={"REMOTE_ADDR": "198.51.100.1"}).json
    assert seen == {"address": "http://localhost/", "visitor": "198.51.100.1"}


def test_what_the_proxy_says_comes_through_the_server(proxied: House) -> None:
    with through_waitress(proxied.app) as address:
        seen = requests.get(f"{address}/health/seen", headers=VISITOR, timeout=5).json()
    assert seen == {"address": "https://packshot.example/", "visitor": "192.0.2.7"}


def test_a_proxy_that_is_no_address_is_refused_by_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PACKSHOT_TRUSTED_PROXY: must be the IP address"):
        load(var=tmp_path, trusted_proxy="nginx")
