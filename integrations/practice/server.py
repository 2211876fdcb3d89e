"""Putting the practice marketplaces together, and running them."""

import logging
import socket
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from flask import Flask, request
from waitress import wasyncore
from waitress.server import create_server

from integrations.practice import (
    amazon,
    amazon_feeds,  # noqa: F401 - these three add their routes to Amazon's blueprint, as `amazon` does
    amazon_read,  # noqa: F401
    amazon_types,  # noqa: F401
    consent,
    ebay_inventory,
    ebay_media,
    ebay_taxonomy,
    ebay_trading,
    page,
    photographs,
    witness,
)
from integrations.practice import stock as stocking
from integrations.practice.calls import CALLS
from integrations.practice.clock import Clock
from integrations.practice.config import HIDDEN, load_hidden
from integrations.practice.faults import Faults
from integrations.practice.limits import Limits
from integrations.practice.orders import load_orders, settle
from integrations.practice.store import Store
from integrations.practice.world import World

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


def check_orders(file: Path, seed: int = 0) -> None:
    """Raise ValueError or OSError for a file of orders that could not be followed."""
    settle(load_orders(file, CALLS).changes, load_hidden(HIDDEN), 0.0, seed)


def create_app(
    database: Path,
    seed: int = 0,
    faults: Path | Sequence[dict[str, Any]] | None = None,
    clock: Clock | None = None,
    public_url: str | None = None,
    hidden: Path | None = None,
    limits: bool = True,
) -> Flask:
    """Both marketplaces and their witness as one application on one SQLite file. Pictures are addressed under `public_url`,
    by default this machine at the port that was asked (a client's Host header is not to be trusted: one SDK garbles it).
    `hidden` is another file of hidden limits; `limits` refuses calls above the documented rates. Raises ValueError for a mistaken file."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 32 * 1024 * 1024
    app.json.sort_keys = False  # type: ignore[attr-defined]  # main picture first
    app.config["PUBLIC_URL"] = lambda: public_url or f"http://{LOOPBACK}:{request.environ['SERVER_PORT']}"
    clock, orders = clock or Clock(), load_orders(faults, CALLS)
    world = app.extensions["practice"] = World(Store(database), clock, load_hidden(hidden or HIDDEN), seed)
    world.order(settle(orders.changes, world.hidden, world.born, seed))
    counted = app.extensions["practice_limits"] = Limits(clock, seed, limits)
    counted.set(orders.allowed)
    for part in (amazon, ebay_inventory, ebay_media, ebay_taxonomy, ebay_trading, consent, witness, page, photographs):
        app.register_blueprint(part.blueprint)
    coat = Faults(app.wsgi_app, orders.faults, seed)
    app.extensions["practice_faults"] = coat
    app.wsgi_app = coat  # type: ignore[method-assign]
    return app


class Ticker(threading.Thread):
    """Lets the practice world's effects happen as real time passes; what fails is tried again at the next tick."""

    def __init__(self, world: World) -> None:
        super().__init__(name="practice-ticker", daemon=True)
        self._world = world
        self._stop_asked = threading.Event()

    def run(self) -> None:
        """Tick until asked to stop."""
        while not self._stop_asked.wait(self._world.hidden.timing.tick):
            try:
                self._world.tick()
            except Exception:  # the show must go on; the effect is still undone in the file
                log.exception("practice tick failed")

    def stop(self) -> None:
        """Stop and wait for the tick under way."""
        self._stop_asked.set()
        self.join(timeout=30)


def serve(
    host: str = LOOPBACK,
    port: int = 8001,
    *,
    database: Path = Path("var/practice.db"),
    seed: int = 0,
    faults: Path | None = None,
    hidden: Path | None = None,
    limits: bool = True,
    stock: Mapping[str, tuple[str, int]] | None = None,
) -> None:
    """Run until interrupted. `port` 0 takes a free one; `stock` is marketplace -> (seller, listings that were there before). Prints the address."""
    logging.getLogger("waitress").setLevel(logging.WARNING)
    app = create_app(database, seed, faults, hidden=hidden, limits=limits)
    server = create_server(app, host=host, port=port, threads=8, ident="practice")
    for marketplace, (seller, count) in (stock or {}).items():
        stocking.stock(app.extensions["practice"], f"http://{LOOPBACK}:{server.effective_port}", marketplace, seller, count)
    ticker = Ticker(app.extensions["practice"])
    ticker.start()
    print(f"Practice marketplaces at http://{host}:{server.effective_port}/practice", flush=True)
    try:
        server.run()
    finally:
        ticker.stop()


class PracticeServer:
    """For tests: `with PracticeServer() as practice` runs the marketplaces in a thread on a free loopback port with a
    database of their own. Time stands still and moves by `advance`; with `live=True` it runs, and effects happen by themselves.
    `limits` refuses calls above the documented rates: where time stands still hardly any is allowed."""

    def __init__(
        self,
        database: Path | None = None,
        *,
        seed: int = 0,
        faults: Sequence[dict[str, Any]] | None = None,
        live: bool = False,
        now: float | None = None,
        hidden: Path | None = None,
        limits: bool = False,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="practice-") if database is None else None
        self._database = database or Path(self._folder.name if self._folder else "") / "practice.db"
        self.clock = Clock() if live else Clock(frozen=now if now is not None else Clock().now())
        self._live, self._seed, self._faults, self._hidden, self._limits = live, seed, faults, hidden, limits
        self.url = ""

    def __enter__(self) -> "PracticeServer":
        self.app = create_app(self._database, self._seed, self._faults, self.clock, hidden=self._hidden, limits=self._limits)
        self.world: World = self.app.extensions["practice"]
        listener = socket.socket()
        listener.bind((LOOPBACK, 0))
        self.url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        server = create_server(self.app, sockets=[listener], threads=8, ident="practice", clear_untrusted_proxy_headers=True)
        thread = threading.Thread(target=server.run, name="practice", daemon=True)
        thread.start()
        self._thread, self._server = thread, server
        if self._live:
            self._ticker = Ticker(self.world)
            self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._ticker.stop()
        self._server.task_dispatcher.shutdown(timeout=5)
        with suppress(OSError):  # the loop may have seen the wish, and closed the trigger, before it is pulled
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map, ignore_all=True))  # in the loop's own thread, which then ends
        self._thread.join(timeout=10)
        self.world.store.close()
        if self._folder is not None:
            self._folder.cleanup()

    def advance(self, seconds: float) -> None:
        """Let so much time pass; everything due in it has happened when this returns."""
        self.world.advance(seconds)

    def witness(self, path: str, **body: Any) -> Any:
        """GET /practice/api/`path`, or POST where a body is given; raises requests.HTTPError."""
        address = f"{self.url}/practice/api/{path}"
        answer = requests.post(address, json=body, timeout=30) if body else requests.get(address, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def witness_orders(self, orders: Sequence[dict[str, Any]]) -> None:
        """Replace all orders (`orders`), times counted from now; raises requests.HTTPError."""
        requests.post(f"{self.url}/practice/api/faults", json=list(orders), timeout=30).raise_for_status()

    def amazon_endpoints(self) -> dict[str, str]:
        """The endpoint overrides of a practice Amazon account."""
        return {"api": self.url, "token": f"{self.url}/auth/o2/token", "consent": f"{self.url}/apps/authorize/consent"}

    def ebay_endpoints(self) -> dict[str, str]:
        """The endpoint overrides of a practice eBay account."""
        token = f"{self.url}/identity/v1/oauth2/token"
        rest = {"media": "commerce/media/v1_beta", "taxonomy": "commerce/taxonomy/v1", "inventory": "sell/inventory/v1", "consent": "oauth2/authorize"}
        return {"trading": f"{self.url}/ws/api.dll", "token": token, **{name: f"{self.url}/{path}" for name, path in rest.items()}}
