"""A practice server whose time stands still, and a web server for pictures."""

from collections.abc import Iterator

import pytest

from integrations.practice import PracticeServer
from tests.integrations.practice import clients
from tests.integrations.practice.drawn import Media


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer() as server:
        yield server


@pytest.fixture(autouse=True)
def sdk_forgets() -> Iterator[None]:
    yield
    clients.forget()


@pytest.fixture
def media() -> Iterator[Media]:
    server = Media()
    yield server
    server.close()
