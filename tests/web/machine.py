"""A house with its windows open, for the tests of what programs are told: temporary folder, SQLite, a clock that moves when told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import people, rulebook
from app.commands import roles
from app.config import Settings
from app.kit import Kit
from app.models import Base, Product
from app.web import create_app
from integrations import inventory

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PASSWORD = "a long enough password"


@dataclass
class House:
    """The kit, the application and one API key per role."""

    kit: Kit
    app: Flask
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def headers(self, role: str = "operator", **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}", **{name.replace("_", "-"): value for name, value in more.items()}}

    def get(self, path: str, role: str = "viewer") -> TestResponse:
        return self.client.get(path, headers=self.headers(role))

    def post(self, path: str, body: Any = None, role: str = "operator", **headers: str) -> TestResponse:
        return self.client.post(path, json={} if body is None else body, headers=self.headers(role, **headers))

    def hook(self, body: Any, event_id: str = "evt_1", *, age_s: float = 0, tamper: bool = False) -> TestResponse:
        """Deliver a signed webhook; `age_s` seconds old, its body changed after signing where `tamper`."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = inventory.sign(SECRET, event_id, datetime.now(UTC) - timedelta(seconds=age_s), raw)
        return self.client.post("/hooks/inventory", data=raw + b" " if tamper else raw, headers=headers, content_type="application/json")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.kit.db.writing() as session:
            yield session

    def add_product(self, sku: str = "W-1", **values: Any) -> int:
        with self.writing() as session:
            product = Product(sku=sku, **{"title": f"Watch {sku}", "category": "watch", "created_at": self.kit.now(), "updated_at": self.kit.now(), **values})
            session.add(product)
            session.flush()
            return product.id


@contextmanager
def open_house(folder: Path, **settings: Any) -> Iterator[House]:
    """A house in a folder, closed afterwards."""
    values: dict[str, Any] = {"var": folder / "var", "secret_key": SecretStr("a secret key for tests only"), "webhook_secret": SecretStr(SECRET)}
    kit = Kit(Settings(**{**values, **settings}))
    Base.metadata.create_all(kit.db.engine)
    rulebook.renew(kit, "tests", "start")
    house = House(kit, create_app(kit.settings, kit))
    with kit.db.writing() as session:
        house.keys = {role: people.create_api_key(session, f"the {role}", role, kit.now()) for role in people.ROLES}
    yield house
    kit.close()


def event(kind: str = "sku.created", at: str = "2026-11-23T09:00:00+00:00", **data: Any) -> dict[str, Any]:
    """The body of an inventory webhook."""
    usual = {"sku": "W-1", "title": "Dive watch 40 mm", "category": "watch"} if kind == "sku.created" else {"sku": "W-1"}
    return {"type": kind, "timestamp": at, "data": {**usual, **data}}


@contextmanager
def through_waitress(app: Flask) -> Iterator[str]:
    """The address under which the web role's own server answers meanwhile. It is ended by its own thread, which else looks at a socket that is gone."""
    server = roles.web_server(app, "127.0.0.1", 0, 4)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.trigger.pull_trigger(server.close)
