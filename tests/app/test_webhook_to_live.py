"""A listing made from nothing but a webhook: the README's own `sku.created`, signed, over HTTP, to live on both marketplaces, and nobody was asked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from werkzeug.serving import make_server

from app import views
from app.kit import Kit
from app.models import Account, Arrival, Event, ImageSetItem, Lesson, Listing, Placement, Product, Push, Retouch, Waiver
from app.states import ListingState, PhotoState, PlacementState, PushState
from app.web import create_app
from integrations import inventory
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.test_readme import README, hook
from tests.house import free_port
from tests.web.machine import SECRET


@contextmanager
def open_windows(kit: Kit, port: int) -> Iterator[str]:
    """The real web role of a kit on loopback: webhooks come in here, and marketplaces fetch pictures here."""
    server = make_server("127.0.0.1", port, create_app(kit.settings, kit), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_webhook_with_photo_addresses_becomes_live_on_both_marketplaces_without_a_person(
    make_kit: Callable[..., Kit], clock: Clock, practice: PracticeServer
) -> None:
    port = free_port()
    kit = make_kit(media_base_url=f"http://127.0.0.1:{port}", webhook_secret=SECRET)
    add_practice_accounts(kit, practice)
    raw = hook().replace("http://127.0.0.1:8001", practice.url).encode()
    headers = inventory.sign(kit.settings.webhook_secret.get_secret_value(), f"msg_{uuid.uuid4().hex}", datetime.now(UTC), raw)
    with open_windows(kit, port) as address:
        answers = [requests.post(f"{address}/hooks/inventory", data=raw, headers={**headers, "Content-Type": "application/json"}, timeout=10) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 200], "the same delivery again has no effect"

        run_for(kit, clock, 40, practice)

    sku = json.loads(raw)["data"]["sku"]
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Product.sku)).all() == [sku], "nothing was there but the webhook"
        assert {why.account: (why.word, why.live) for why in views.why(session, kit, sku)} == {"amazon-uk:main": ("live", True), "ebay-uk:main": ("live", True)}
        assert session.scalars(sa.select(Listing.state)).all() == [ListingState.LIVE] * 2
        assert set(session.scalars(sa.select(ImageSetItem.state))) == {PhotoState.ACCEPTED}
        assert set(session.scalars(sa.select(Placement.state))) == {PlacementState.APPROVED}
        assert [(push.creates, push.state) for push in session.scalars(sa.select(Push))] == [(True, PushState.ACCEPTED)] * 2
        # nobody was asked and nobody decided: all that happened to the product is the machine's or the inventory's own
        assert set(session.scalars(sa.select(Placement.decided_by))) == {None}
        assert set(session.scalars(sa.select(Event.who).where(Event.sku == sku))) == {"packshot", "inventory"}
        assert [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Lesson, Retouch, Waiver)] == [0, 0, 0]
        assert session.scalars(sa.select(Arrival.source)).all() == ["webhook", "webhook"]
        assert session.scalar(sa.select(sa.func.count()).select_from(Account)) == 2
    shown = practice.witness("listings")
    assert sorted((one["marketplace"], one["sku"], len(one["pictures"])) for one in shown) == [("amazon-uk", sku, 2), ("ebay-uk", sku, 2)]
    created = [write for write in practice.witness("writes") if write["effect"].get("created")]
    assert sorted(write["marketplace"] for write in created) == ["amazon-uk", "ebay-uk"]


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("openssl") is None, reason="needs curl and openssl")
def test_what_the_readme_does_with_curl_alone_is_a_rightly_signed_delivery(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    found = re.search(r"```sh\n(# the same with curl.*?)\n```", README, re.DOTALL)
    assert found
    port = free_port()
    kit = make_kit(webhook_secret=SECRET)
    (tmp_path / "product.json").write_text(hook())
    (kit.settings.var / "webhook_secret").write_text(kit.settings.webhook_secret.get_secret_value())
    with open_windows(kit, port) as address:
        script = found[1].replace("http://127.0.0.1:8000", address)
        done = subprocess.run(["sh", "-euc", script], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 0, done.stderr
    assert '{"status":"accepted"}' in done.stdout.replace(" ", "")
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Product.sku)).all() == [json.loads(hook())["data"]["sku"]]
