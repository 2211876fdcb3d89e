"""The sample shoot is offered over http, and a second take of a scene is another file."""

from __future__ import annotations

import io

import pytest
import requests
from PIL import Image

from integrations.practice import PracticeServer


@pytest.fixture
def shoot(practice: PracticeServer) -> dict[str, dict[str, str]]:
    """SKU -> shot -> address."""
    found: dict[str, dict[str, str]] = requests.get(f"{practice.url}/shoot/", timeout=10).json()
    return found


def test_every_photograph_has_an_address_that_answers_with_it(shoot: dict[str, dict[str, str]]) -> None:
    for shots in shoot.values():
        for address in shots.values():
            answer = requests.get(address, timeout=10)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")


def test_another_take_is_another_file_of_the_same_scene(shoot: dict[str, dict[str, str]]) -> None:
    address = next(iter(next(iter(shoot.values())).values()))

    first, second, again = (requests.get(url, timeout=10).content for url in (address, f"{address}?take=2", f"{address}?take=2"))

    assert first != second
    assert second == again
    assert Image.open(io.BytesIO(second)).width == Image.open(io.BytesIO(first)).width - 16


@pytest.mark.parametrize("path", ["PS-W-404/dial.jpg", "..%2f..%2fserver.py/x", "PS-W-001/dial.jpg?take=9999", "PS-W-001/..%2f..%2fworld.py"])
def test_nothing_else_is_offered(practice: PracticeServer, path: str) -> None:
    assert requests.get(f"{practice.url}/shoot/{path}", timeout=10).status_code == 404
