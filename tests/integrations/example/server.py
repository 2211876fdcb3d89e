"""Shop: a tiny marketplace of our own, JSON over HTTP, that answers for real: the second opinion on the example connector.

Pictures show 5 seconds after a write, and are judged then: a main picture whose corner is not white is objected to.
"""

import hashlib
import io
import json
import re
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from PIL import Image
from waitress import wasyncore
from waitress.server import create_server

from integrations import SITES, Access
from integrations.practice.faults import Faults
from integrations.practice.orders import load_orders
from integrations.sites import all_sites
from tests.integrations.example import point
from tests.integrations.worlds import Listed

SHOWN_AFTER, PAGE, BATCH, KEY = 5.0, 5, 10, "key-of-the-seller"


@dataclass
class Item:
    """A listing: what was asked for and when it shows, and what shows."""

    id: str
    sku: str
    title: str
    asked: dict[str, str] = field(default_factory=dict)
    asked_at: float = 0.0
    shown: dict[str, str] = field(default_factory=dict)
    complaints: list[dict[str, str]] = field(default_factory=list)
    number: int = 0  # of its last change


class Refusal(Exception):
    """An HTTP status and words."""


class Shop:
    """`with Shop() as shop`: the marketplace on a free loopback port, as `tests.integrations.worlds.World` asks of one."""

    def __init__(self, faults: Sequence[dict[str, Any]] = (), seed: int = 0) -> None:
        self._items: dict[str, Item] = {}
        self._pictures: dict[str, bytes] = {}
        self._tokens: set[str] = set()
        self._now, self._number, self._lock = 0.0, 0, threading.Lock()
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = create_server(Faults(self._answer, load_orders(faults).faults, seed, _name), sockets=[listener], threads=4)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Shop":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.task_dispatcher.shutdown(timeout=5)
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map, ignore_all=True))
        self._thread.join(timeout=10)

    # as the suite sees it

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            for item in self._items.values():
                if item.asked != item.shown and self._now - item.asked_at >= SHOWN_AFTER:
                    item.shown = dict(item.asked)
                    item.complaints = [] if self._white(item.shown.get("main")) else [_COMPLAINT]
                    self._changed(item)

    def listings(self) -> list[Listed]:
        return [Listed(item.sku, item.title, frozenset(item.shown)) for item in self._items.values()]

    def there_before(self, sku: str, title: str) -> str:
        with self._lock:
            return self._made(sku, title).id

    def account(self, **changes: Any) -> Access:
        values = {"account": "shop-uk:main", "site": {**SITES, **all_sites([point()])}["shop-uk"], "seller_id": "SELLER", "credentials": {"key": KEY}}
        return Access(**{**values, "endpoints": {"api": self.url}, "allow_loopback": True, **changes})

    def stranger(self) -> Access:
        return self.account(credentials={"key": "stolen"})

    # as callers see it

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name, body = _name(environ), environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            with self._lock:
                if environ.get("practice.expire_token"):
                    self._tokens.clear()
                if name not in ("token", "picture") and environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ") not in self._tokens:
                    raise Refusal(401, "token refused")
                said = getattr(self, f"_{name}", self._unknown)(environ, body)
        except Refusal as refusal:
            start(str(refusal.args[0]) + " No", [("Content-Type", "application/json")])
            return [json.dumps({"error": refusal.args[1]}).encode()]
        start("200 OK", [("Content-Type", "image/jpeg" if isinstance(said, bytes) else "application/json")])
        return [said if isinstance(said, bytes) else json.dumps(said).encode()]

    def _unknown(self, environ: dict[str, Any], body: bytes) -> Any:
        raise Refusal(404, "no such thing")

    def _token(self, environ: dict[str, Any], body: bytes) -> Any:
        if json.loads(body).get("key") != KEY:
            raise Refusal(401, "no such key")
        self._tokens.add(f"token-{len(self._tokens)}-{environ['REMOTE_PORT']}")
        return {"token": sorted(self._tokens)[-1], "expires_in": 3600}

    def _items_by_sku(self, environ: dict[str, Any], body: bytes) -> Any:
        skus = json.loads(body)["skus"]
        if len(skus) > BATCH:
            raise Refusal(422, f"at most {BATCH} SKUs")
        return {"items": [self._told(self._items[sku]) for sku in skus if sku in self._items], "unknown": [sku for sku in skus if sku not in self._items]}

    def _store(self, environ: dict[str, Any], body: bytes) -> Any:
        digest = hashlib.sha256(body).hexdigest()[:20]
        self._pictures[digest] = body
        return {"id": digest}

    def _put(self, environ: dict[str, Any], body: bytes) -> Any:
        sku, asked = urllib.parse.unquote(_path(environ).removeprefix("/items/")), json.loads(body)
        item = self._items.get(sku)
        if item is None and not asked["create"]:
            raise Refusal(422, f"{sku} is not listed")
        item = item or self._made(sku, asked["new"]["title"])
        item.asked = {place: digest for place, digest in {**item.asked, **asked["pictures"]}.items() if place not in asked["remove"]}
        item.asked_at = self._now
        self._changed(item)
        return {"id": item.id}

    def _changes(self, environ: dict[str, Any], body: bytes) -> Any:
        after = int(urllib.parse.parse_qs(environ["QUERY_STRING"])["after"][0])
        changed = sorted((item for item in self._items.values() if item.number > after), key=lambda item: item.number)[:PAGE]
        return {"changes": [self._told(item) for item in changed], "last": changed[-1].number if changed else after}

    def _picture(self, environ: dict[str, Any], body: bytes) -> Any:
        return self._pictures[re.sub(r"^/pictures/|\.jpg$", "", _path(environ))]

    # what it knows

    def _made(self, sku: str, title: str) -> Item:
        item = self._items.setdefault(sku, Item(f"S{len(self._items) + 1}", sku, title))
        self._changed(item)
        return item

    def _changed(self, item: Item) -> None:
        self._number += 1
        item.number = self._number

    def _told(self, item: Item) -> dict[str, Any]:
        pictures = {place: f"{self.url}/pictures/{digest}.jpg" for place, digest in item.shown.items()}
        return {"sku": item.sku, "id": item.id, "open": True, "on_sale": not item.complaints, "pictures": pictures, "complaints": item.complaints}

    def _white(self, digest: str | None) -> bool:
        if digest is None:
            return True
        corner = Image.open(io.BytesIO(self._pictures[digest])).convert("RGB").getpixel((0, 0))
        return isinstance(corner, tuple) and min(corner) > 250


_COMPLAINT = {"code": "BACKGROUND", "text": "The main picture is not on white.", "position": "main"}


def _path(environ: dict[str, Any]) -> str:
    return str(environ.get("RAW_URI") or environ["PATH_INFO"]).split("?")[0]


def _name(environ: dict[str, Any]) -> str:
    """The call's own name, by which faults are ordered."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    whole = {("POST", "/token"): "token", ("POST", "/items"): "items_by_sku", ("POST", "/pictures"): "store", ("GET", "/changes"): "changes"}
    if (method, path) in whole:
        return whole[method, path]
    return "put" if method == "PUT" else "picture" if path.startswith("/pictures/") else "unknown"
