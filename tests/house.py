"""The whole product as processes: `packshot serve --practice` on a shoot we draw, killed at will, judged by the practice marketplaces' own record."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
import yaml
from sqlalchemy.orm import Session

from app.db import Database
from app.models import Arrival, ImageSetItem, Listing, Product, Push
from app.states import ArrivalState, ListingState, PushState
from tests.shots import watch_photo

START_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve_file(path: Path) -> Iterator[str]:
    """The address of a file, served on loopback."""
    data = path.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{path.name}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def draw_shoot(folder: Path, products: int = 3, shots: tuple[str, ...] = ("dial", "side")) -> Path:
    """A small shoot: the last product is listed on both marketplaces already; its main picture is soft, so that a hidden rule strikes it."""
    listed = []
    for number in range(products):
        sku, last = f"T-{number + 1}", number == products - 1
        (folder / sku).mkdir(parents=True)
        for place, shot in enumerate(shots):
            soft = last and place == 0
            (folder / sku / f"{shot}.jpg").write_bytes(watch_photo(seed=10 * number + place, size=(1600, 1200), blur=0.8 if soft else 0.0))
        listed.append(
            {
                "sku": sku,
                "title": f"Test watch {number + 1}",
                "category": "watch",
                "brand": "Halden",
                "price": {"amount": "120.00", "currency": "GBP"},
                "quantity": 1,
                "condition": "new",
                "gtin": None,
                "pieces": 1,
                "size_mm": {"diameter": 40},
                "attributes": {},
                "existing": ["amazon-uk", "ebay-uk"] if last else [],
            }
        )
    (folder / "products.yaml").write_text(yaml.safe_dump(listed))
    return folder


@dataclass
class House:
    """One installation in a folder; `serve` is started, killed and started again."""

    folder: Path
    shoot: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.var = self.folder / "var"
        self.var.mkdir(parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PACKSHOT_VAR": str(self.var),
            "PACKSHOT_LOG_FORMAT": "json",
            **({"PACKSHOT_DATABASE_URL": self.database_url} if self.database_url else {}),
        }

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", "--practice", "--port", str(self.port), "--shoot", str(self.shoot)],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait_for(self.answers, "the house to answer", START_S)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/live", timeout=2).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End in order; what does not end is killed."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill_everything()
            self.process = None

    def kill_everything(self) -> None:
        """SIGKILL to the supervisor: its children end by themselves, the practice marketplaces live on."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def children(self) -> dict[int, str]:
        """Process id -> role of what the supervisor runs, the practice marketplaces excepted."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and self.process is not None:
                try:
                    parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    words = (entry / "cmdline").read_bytes().decode().split("\0")
                except (OSError, ValueError):
                    continue
                if parent == self.process.pid and "app.cli" in words:
                    found[int(entry.name)] = words[words.index("app.cli") + 1]
        return {pid: role for pid, role in found.items() if role != "practice"}

    def kill_one(self, chance: random.Random) -> str:
        """SIGKILL one process at random: a child, or now and then the supervisor itself (which is then started again)."""
        children = self.children()
        if not children or chance.random() < 0.2:
            self.kill_everything()
            self.start()
            return "serve"
        pid = chance.choice(sorted(children))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return children[pid]

    def wait_for(self, true: Callable[[], bool], what: str, seconds: float) -> None:
        """Until it is true; AssertionError with the end of the log after so long."""
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                tail = (self.folder / "log").read_text(errors="replace")[-6000:]
                raise AssertionError(f"waited {seconds:.0f} s for {what}\n{tail}")
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}\n{(self.folder / 'log').read_text(errors='replace')[-6000:]}")
            time.sleep(0.25)

    def send_created(self, sku: str, photo: Path) -> None:
        """A signed sku.created whose photo is at an address on this machine."""
        import json
        import uuid

        import integrations

        with serve_file(photo) as url:
            body = {
                "type": "sku.created",
                "timestamp": datetime.now(UTC).isoformat(),
                "data": {
                    "sku": sku,
                    "title": f"Watch {sku}",
                    "category": "watch",
                    "brand": "Halden",
                    "price": {"amount": "99.00", "currency": "GBP"},
                    "quantity": 1,
                    "condition": "new",
                    "photos": [{"shot": "dial", "url": url}],
                },
            }
            raw, name = json.dumps(body).encode(), f"msg_{uuid.uuid4().hex}"
            headers = integrations.inventory.sign((self.var / "webhook_secret").read_text().strip(), name, datetime.now(UTC), raw)
            for expected in (202, 200):  # the same delivery again has no effect
                answer = requests.post(f"{self.url}/hooks/inventory", data=raw, headers={**headers, "Content-Type": "application/json"}, timeout=10)
                assert answer.status_code == expected, answer.text
            self.wait_for(lambda: self._fetched(sku), "the photo to be fetched", 60)

    def _fetched(self, sku: str) -> bool:
        with self.reading() as session:
            return session.scalar(sa.select(ImageSetItem.id).join(Product).where(Product.sku == sku)) is not None

    # --- what is so -------------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A look into the product's own database."""
        database = Database(self.database_url or f"sqlite:///{self.var / 'packshot.db'}")
        try:
            with database.reading() as session:
                yield session
        finally:
            database.close()

    def witness(self, path: str) -> Any:
        """What the practice marketplaces say themselves."""
        import json

        port = json.loads((self.var / "practice.json").read_text())["port"]
        return requests.get(f"http://127.0.0.1:{port}/practice/api/{path}", timeout=10).json()

    def all_live(self, listings: int) -> bool:
        """Whether so many listings are live, none has anything left to send, and every file was filed."""
        try:
            with self.reading() as session:
                states = session.scalars(sa.select(Listing.state)).all()
                waiting = session.scalar(sa.select(sa.func.count()).select_from(Arrival).where(Arrival.state == ArrivalState.WAITING))
                behind = session.scalar(sa.select(sa.func.count()).select_from(Listing).where(Listing.wanted_print.is_distinct_from(Listing.pushed_print)))
        except sa.exc.OperationalError:
            return False  # not migrated yet
        return len(states) == listings and set(states) == {ListingState.LIVE} and not waiting and not behind

    def check_nothing_lost_and_nothing_twice(self, extra: Sequence[str] = ()) -> str:
        """Every photo is there once, every listing once, and the marketplaces show exactly what we want. Returns what was counted, in words.

        `extra` are SKUs whose one photo did not come by the folder.
        """
        photos = sorted(path.relative_to(self.shoot).as_posix() for path in self.shoot.glob("*/*.jpg"))
        with self.reading() as session:
            skus = list(session.scalars(sa.select(Product.sku)))
            items = session.scalar(sa.select(sa.func.count()).select_from(ImageSetItem))
            arrived = sorted(session.scalars(sa.select(Arrival.name).where(Arrival.source == "folder")))
            wanted = {(listing.account_id, sku): side for listing in session.scalars(sa.select(Listing)) for sku, side in listing.wanted.items()}
            unsettled = session.scalar(sa.select(sa.func.count()).select_from(Push).where(Push.state.in_((PushState.SENDING, PushState.UNKNOWN))))
            accepted = session.scalar(sa.select(sa.func.count()).select_from(Push).where(Push.state == PushState.ACCEPTED))
        shown, writes = self.witness("listings"), self.witness("writes")
        per_sku = Counter((one["marketplace"], one["sku"]) for one in shown)
        created = Counter((w["marketplace"], w["sku"]) for w in writes if w["effect"].get("created"))
        keys = Counter((w["marketplace"], w["key"]) for w in writes if w["key"] and (w["effect"].get("created") or w["effect"].get("changed")))
        assert arrived == photos, "a photo was lost or taken twice"
        assert items == len(photos) + len(extra), "an image set item was lost or made twice"
        assert max(per_sku.values()) == 1, f"listed twice: {[k for k, n in per_sku.items() if n > 1]}"
        assert {sku for _, sku in per_sku} == set(skus)
        assert all(n == 1 for n in created.values()), f"created twice: {[k for k, n in created.items() if n > 1]}"
        assert all(n == 1 for n in keys.values()), "one write took effect twice"
        assert unsettled == 0
        for one in shown:
            sides = [side for (_, sku), side in wanted.items() if sku == one["sku"]]
            assert set(one["pictures"]) == set(sides[0]), f"{one['marketplace']} {one['sku']} shows {set(one['pictures'])}, wanted {set(sides[0])}"
            ours = {digest for side in sides for digest in side.values()}
            sources = {p["source_sha256"] for p in one["pictures"].values()}
            assert sources <= ours, f"{one['marketplace']} {one['sku']} shows a picture that we do not want"
        return f"{len(photos)} photos, {len(skus)} products, {len(shown)} listings, {accepted} pushes, {len(writes)} writes"
