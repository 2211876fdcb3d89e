"""Practice mode: our own marketplaces beside the house, two accounts on them, and the sample shoot on its way in.

Every step may run at every start: what is there already is left as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa
import structlog
import yaml

import integrations
from app import accounts
from app.config import Settings
from app.kit import Kit
from app.models import Account
from app.stages.inventory import apply_event
from app.supervisor import Role, environment

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8001
LEASE_S = 60.0  # the marketplaces outlive a house that was killed by so long: what was sent can be seen, and the next start finds them again
SELLERS = {"amazon-uk:main": "PRACTICESELLER", "ebay-uk:main": "practice-seller"}
PACE: Mapping[str, Any] = {"look_gaps_s": [2, 3, 5, 8], "settle_s": 60, "live_look_s": 10, "poll_s": 5}  # the practice marketplaces answer in seconds
CALLS = {"calls_per_day": 1_000_000}  # so often are they looked at
POLICY: Mapping[str, Any] = {"publish": "auto", "create": True, "wait_s": 20, "repair": "auto", "pace": PACE, "listing": CALLS}
GOLD = {f"{carat} {colour} gold": "gold" for carat in ("9ct", "14ct", "18ct") for colour in ("yellow", "white", "rose")}
RING = {"metal_type": {"from": "attributes.metal", "words": {**GOLD, "sterling silver": "silver"}}, "country_of_origin": {"value": "GB"}}
LISTING: Mapping[str, Mapping[str, Any]] = {  # what a seller would have set up: business policies made on eBay, and where a ring's attributes come from
    "amazon": {"mapping": {"ring": RING}},
    "ebay": {"policies": {name: f"practice-{name}" for name in ("payment", "return", "shipping")}},
}
log = structlog.get_logger("packshot.practice")


def settings_for(settings: Settings, port: int) -> Settings:
    """The settings of practice mode: what was not said is on this machine."""
    return settings.model_copy(
        update={
            "practice": True,
            "media_base_url": settings.media_base_url or f"http://{LOOPBACK}:{port}",
            "intake": settings.intake or (str((settings.var / "intake").absolute()),),
        }
    )


def sample_shoot() -> Path:
    """The sample shoot's folder: `<SKU>/<shot>.jpg` and products.yaml."""
    return Path(str(files("integrations.practice").joinpath("shoot")))


class Marketplaces(Role):
    """The practice marketplaces as a role that is not killed with the house: one that still runs from before is taken over."""

    def __init__(self, settings: Settings, port: int = 0, faults: Path | None = None) -> None:
        """`port` 0: the first free one. `faults`: what they are ordered to do wrong. Those that run from before are taken over where they listen."""
        self.faults = faults
        self.lease, self.address = settings.var / "practice.lease", settings.var / "practice.json"
        self.port = self._running() or port or free_port(FIRST_PORT)
        arguments = ["practice", "--port", str(self.port), "--database", str(settings.var / "practice.db"), "--lease", str(self.lease)]
        arguments += ["--faults", str(faults)] if faults is not None else []
        super().__init__("practice", arguments, environment(settings))
        self.touch()

    def start(self) -> None:
        """Start them, or take over those that run."""
        if self._running() == self.port:
            self.process = Stranger(json.loads(self.address.read_text())["pid"])
            self.started = time.monotonic()
            if self.faults is not None:
                _call(self.port, "faults", yaml.safe_load(self.faults.read_text("utf-8")))
            return
        self.spawn(supervised=False)
        if self.process is not None:
            self.address.write_text(json.dumps({"port": self.port, "pid": self.process.pid}))

    def look(self) -> None:
        self.touch()
        super().look()

    def touch(self) -> None:
        """Renew the lease under which they run on."""
        self.lease.parent.mkdir(parents=True, exist_ok=True)
        self.lease.touch()

    def wait(self, seconds: float = 30.0) -> None:
        """Until they answer. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while not answers(self.port):
            if time.monotonic() > until:
                raise TimeoutError(f"the practice marketplaces do not answer at port {self.port}")
            time.sleep(0.1)

    def _running(self) -> int | None:
        """The port of marketplaces of ours that still run from before."""
        try:
            known = json.loads(self.address.read_text())
            os.kill(known["pid"], 0)
        except (OSError, ValueError, KeyError):
            return None
        port = int(known["port"])
        return port if answers(port) else None


class Stranger:
    """A process that somebody else started, looked after as if it were ours: the part of Popen that a role needs."""

    stdin = None

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        """None while it runs."""
        try:
            os.kill(self.pid, 0)
        except OSError:
            return -1
        return None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("practice", timeout or 0)
            time.sleep(0.05)
        return 0


def follow_lease(lease: Path, *, every: float = 5.0) -> None:
    """Until the lease was not renewed for LEASE_S; then end this process in order."""
    while lease.exists() and time.time() - lease.stat().st_mtime < LEASE_S:
        time.sleep(every)
    os.kill(os.getpid(), signal.SIGTERM)


def free_port(first: int) -> int:
    """The first port from `first` on where nobody listens."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {first} to {first + 99}")


def answers(port: int) -> bool:
    """Whether practice marketplaces answer there."""
    try:
        _call(port, "clock")
    except (OSError, ValueError):
        return False
    return True


def seed(kit: Kit, port: int, shoot: Path) -> None:
    """Accounts, the listings that were there before, and the sample's products. Raises OSError where the marketplaces do not answer."""
    with kit.db.writing() as session:
        for key in SELLERS:
            _account(session, kit, key, port)
    for product in sample_products(shoot):
        known = {key: _existing(port, key, product) for key in SELLERS if key.partition(":")[0] in product["existing"]}
        event = integrations.inventory.parse_event("sku.created", created_event(product, known))
        with kit.db.writing() as session:
            apply_event(session, kit, event, f"sample:{product['sku']}", "sample")


def sample_products(shoot: Path) -> list[dict[str, Any]]:
    """The products of the sample shoot; none where it was not shipped."""
    listed = shoot / "products.yaml"
    return list(yaml.safe_load(listed.read_text("utf-8"))) if listed.exists() else []


def created_event(product: Mapping[str, Any], known: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What the inventory system would send for a product of the sample."""
    words = ("sku", "title", "category", "brand", "price", "quantity", "condition", "gtin", "pieces", "size_mm", "attributes")
    data = {word: product[word] for word in words if product.get(word) is not None}
    return {"type": "sku.created", "timestamp": datetime.now(UTC).isoformat(), "data": {**data, **({"accounts": dict(known)} if known else {})}}


def copy_shoot(kit: Kit, shoot: Path) -> int:
    """Put the sample's photographs into the first watched folder, once ever; returns how many."""
    folders = [Path(place) for place in kit.settings.intake if "://" not in place]
    done = kit.settings.var / "sample-shoot-copied"
    photos = sorted(shoot.glob("*/*.jpg"))
    if done.exists() or not folders or not photos:
        return 0
    for photo in photos:
        target = folders[0] / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, target)
    done.touch()
    return len(photos)


def _base(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _account(session: Any, kit: Kit, key: str, port: int) -> None:
    connector = integrations.SITES[key.partition(":")[0]].connector
    there = session.scalar(sa.select(Account).where(Account.key == key))
    if there is None:
        names = {*accounts.NEEDED[connector], *integrations.consent.FIELDS[connector]}
        credentials = {name: f"practice-{SELLERS[key]}" if name == "refresh_token" else "practice" for name in names}
        accounts.add_account(
            session,
            kit,
            key,
            seller_id=SELLERS[key],
            credentials=credentials,
            endpoints=accounts.practice_endpoints(connector, _base(port)),
            policy={**POLICY, "listing": {**CALLS, **LISTING.get(connector, {})}},
            practice=True,
            who="practice",
        )
    elif there.practice and there.endpoints != accounts.practice_endpoints(connector, _base(port)):
        there.endpoints = accounts.practice_endpoints(connector, _base(port))  # they listen elsewhere this time


def _existing(port: int, key: str, product: Mapping[str, Any]) -> dict[str, str]:
    """Make sure that a listing is there from before; returns what the inventory knows of it."""
    marketplace = key.partition(":")[0]
    listing = {"marketplace": marketplace, "seller": SELLERS[key], "sku": product["sku"], "title": product["title"], "quantity": product["quantity"]}
    answer = _call(port, "listings", {**listing, "price": product["price"]["amount"], "currency": product["price"]["currency"]})
    name = "asin" if integrations.SITES[marketplace].connector == "amazon" else "item_id"
    return {"merchant_sku": product["sku"], name: answer["external_id"]}


def _call(port: int, path: str, body: Any = None) -> Any:
    """The witness API of the practice marketplaces."""
    address = f"http://{LOOPBACK}:{port}/practice/api/{path}"
    answer = requests.get(address, timeout=10) if body is None else requests.post(address, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()
