"""Marketplaces that throttle, break, cut connections, drop what they accepted and let others change it: at the end they show exactly what is wanted.

And every listing exists once. What was changed by others again and again may wait for a person.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import rulebook
from app.config import Settings
from app.kit import Kit
from app.migrate import migrate
from app.models import Account, Event, Listing, ListingMember
from app.states import ListingState, PlacementState
from integrations.practice import PracticeServer
from tests.app.conftest import START, Clock, MediaServer, add_practice_accounts, run_for
from tests.app.factories import item, placement, product, rendition
from tests.shots import watch_photo

FAULTS = ("empty_503", "html_502", "throttle_429", "timeout_after", "drop_connection", "expire_token")
WITHIN = ("drop_write", "swap", "exempt", "late")  # the marketplace's own doings: accepted and dropped, changed by another, enforced later, shown hours later
READS = ("getListingsItem", "searchListingsItems")


def prove(seed: int) -> str:
    chance, clock = random.Random(seed), Clock()
    orders: list[dict[str, Any]] = [{"when": "*", "rate": 0.05, "do": fault, "hold": 0.05} for fault in FAULTS]
    orders += [{"when": call, "rate": 0.15, "do": fault} for fault in WITHIN for call in ("putListingsItem", "patchListingsItem")]
    orders += [{"when": "ReviseFixedPriceItem", "rate": 0.15, "do": fault} for fault in ("drop_write", "late")]
    orders += [{"when": call, "rate": 0.02, "do": "sibling_image"} for call in READS]  # another listing's picture, as it is met with the real one
    with (
        tempfile.TemporaryDirectory(prefix="prove-") as folder,
        PracticeServer(now=START.timestamp(), seed=seed, faults=orders) as practice,
        MediaServer() as media,
    ):
        kit = Kit(Settings(var=Path(folder), secret_key="a secret key for proofs", media_base_url=media.url, practice=True), clock=clock)  # type: ignore[arg-type]
        try:
            migrate(kit.settings.database)
            rulebook.renew(kit, "proof", "start")
            media.kit = kit
            return _road(kit, clock, practice, chance)
        finally:
            kit.close()


def _road(kit: Kit, clock: Clock, practice: PracticeServer, chance: random.Random) -> str:
    accounts = add_practice_accounts(kit, practice, repair="auto")
    products = [product(kit, f"F-{n}", brand="Halden", title=f"Watch {n}") for n in range(4)]
    for one in products:
        _offer(kit, one, accounts, chance)
    run_for(kit, clock, 20, practice, step=5)
    _offer(kit, chance.choice(products), accounts, chance)  # somebody changes their mind while the weather is bad
    run_for(kit, clock, 120, practice, step=10)
    struck = len(practice.witness("faults"))
    _calm(practice)
    run_for(kit, clock, 12_000, practice, step=400)  # beyond the longest gap after failures, and beyond a picture that is late
    return f"{struck} faults; {_check(kit, practice)}"


def _offer(kit: Kit, one: Any, accounts: list[Account], chance: random.Random) -> None:
    """Approved pictures for a product, on every account; new ones replace the old."""
    from app import work
    from app.models import Placement

    shots = [item(kit, one, shot) for shot in ("dial", "side")[: chance.randint(1, 2)]]
    for on in accounts:
        with kit.db.writing() as session:
            there = session.scalar(sa.select(ListingMember.id).where(ListingMember.product_id == one.id, ListingMember.account_id == on.id))
            if there is None:
                listing = Listing(account_id=on.id, state=ListingState.EMPTY, created_at=kit.now(), wanted={}, pushed={}, seen={})
                listing.members.append(ListingMember(account_id=on.id, product_id=one.id, merchant_sku=one.sku, variation={}))
                session.add(listing)
            session.execute(sa.delete(Placement).where(Placement.product_id == one.id, Placement.account_id == on.id))
        for position, shot in zip(("main", "alt1"), shots, strict=False):
            made = rendition(kit, shot, data=watch_photo(seed=chance.randrange(10**6), size=(640, 640), white=True))
            placement(kit, shot, on, made, position, PlacementState.APPROVED, judged_rules=_active(kit), judged_file=made.file_sha256)
    with kit.db.writing() as session:
        work.wake(session, "want", one.id, at=kit.now())


def _active(kit: Kit) -> str | None:
    with kit.db.reading() as session:
        return rulebook.active_hash(session)


def _calm(practice: PracticeServer) -> None:
    import requests

    requests.post(f"{practice.url}/practice/api/faults", json=[], timeout=10).raise_for_status()


def _check(kit: Kit, practice: PracticeServer) -> str:
    shown = practice.witness("listings")
    per_sku = Counter((one["marketplace"], one["sku"]) for one in shown)
    assert all(n == 1 for n in per_sku.values()), f"listed twice: {per_sku}"
    with kit.db.reading() as session:
        paused = session.scalars(sa.select(Account.key).where(Account.paused.is_not(None))).all()
        assert not paused, f"paused by faults that were not about credentials: {paused}"
        asked = set(session.scalars(sa.select(Event.row).where(Event.kind == "listing", Event.what == "not repaired")))
        for listing in session.scalars(sa.select(Listing)):
            if str(listing.id) in asked:
                continue  # changed by others so often that a person was asked
            [(sku, side)] = listing.wanted.items()
            site = session.get_one(Account, listing.account_id).marketplace
            [there] = [one for one in shown if (one["marketplace"], one["sku"]) == (site, sku)]
            assert {p: d["source_sha256"] for p, d in there["pictures"].items()} == side, f"{site} {sku}: wanted {side}, shows {there['pictures']}"
            assert listing.state == ListingState.LIVE, f"{site} {sku} is shown and we say {listing.state}"
    return f"{len(shown)} listings, each once{f', {len(asked)} waiting for a person, the others' if asked else ' and'} as wanted"
