"""A seeded house behind its windows, and visitors of each role. Drawn once per run, copied for each test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import rulebook
from app.config import Settings
from app.kit import Kit
from app.migrate import migrate
from app.models import User
from app.web import auth, create_app
from tests.web import seed
from tests.web.full import fill
from tests.web.machine import House, open_house

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _kit(var: Path) -> Kit:
    return Kit(Settings(var=var, secret_key=SecretStr("a secret key for tests only")), clock=lambda: NOW)


def _drawn(var: Path, fill: Callable[[Kit], Any]) -> Path:
    kit = _kit(var)
    migrate(kit.settings.database)
    rulebook.renew(kit, "tests", "start")
    fill(kit)
    kit.close()
    return var


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _drawn(tmp_path_factory.mktemp("seeded") / "var", lambda kit: seed.seed(kit))


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _drawn(tmp_path_factory.mktemp("empty") / "var", seed.people_of)


@dataclass
class Windows:
    """The application over a house, and the way in."""

    kit: Kit
    app: Flask

    def visitor(self, role: str | None = "operator") -> Visitor:
        """Somebody with a browser; signed in as the person of that role."""
        visitor = Visitor(self.app.test_client())
        if role is not None:
            with self.kit.db.reading() as session:
                user = session.scalars(select(User).where(User.name == role)).one()
            with visitor.client.session_transaction() as cookie:
                cookie["_user_id"] = auth._person(user).mark
        return visitor


@dataclass
class Visitor:
    client: FlaskClient
    _token: str = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    @property
    def token(self) -> str:
        if not self._token:
            page = self.client.get("/upload", follow_redirects=True).get_data(as_text=True)
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert found, page
            self._token = found[1]
        return self._token

    def post(self, path: str, htmx: bool = False, **fields: str) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token, **fields}, headers={"HX-Request": "true"} if htmx else {})


def _open(folder: Path, tmp_path: Path) -> Iterator[Windows]:
    var = tmp_path / folder.parent.name
    shutil.copytree(folder, var)
    kit = _kit(var)
    yield Windows(kit, create_app(kit.settings, kit))
    kit.close()


@pytest.fixture
def windows(seeded_folder: Path, tmp_path: Path) -> Iterator[Windows]:
    yield from _open(seeded_folder, tmp_path)


@pytest.fixture
def empty_windows(empty_folder: Path, tmp_path: Path) -> Iterator[Windows]:
    yield from _open(empty_folder, tmp_path)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An empty house behind its API and hooks."""
    with open_house(tmp_path) as house:
        yield house


@pytest.fixture
def full(house: House) -> House:
    """The same with one row of every noun, number 1 of each."""
    return fill(house)
