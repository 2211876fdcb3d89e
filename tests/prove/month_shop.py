"""The shop of the simulated month: a house and its twin with many listings there before, consistently, and what people do every day.

Rows are loaded in bulk from the same models on both sides: each listing live for weeks with pictures that the house pushed and proved.
`Shop.wish` is the ledger: what each product shall show in the end, as the people chose, whatever the house makes of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

import imaging
from app import accounts, controls, rulebook, work
from app.kit import Kit
from app.models import Account, FileFacts, HostedPicture, Listing, ListingMember, Notice, Photo, Placement, Product, Push, Rendition, Showing, Work
from app.stages.looks import gathered
from app.stages.want import fingerprint
from app.states import ListingState, PlacementState, PushState, RenditionState
from integrations.practice import pictures
from integrations.practice import store as twin
from integrations.practice.world import World
from tests.app.conftest import START
from tests.app.factories import GOOD_FACTS
from tests.prove import album
from tests.prove.wire import Wire

DAY, HOUR = 86_400.0, 3_600.0
SITES = ("amazon-uk", "ebay-uk")
Side = dict[str, str]
Sites = Sequence[str | None]  # None: all


@dataclass
class Shop:
    """One seller with `size` products on both marketplaces."""

    kit: Kit
    world: World
    wire: Wire
    chance: random.Random
    size: int
    seller: str
    secrets: dict[str, dict[str, str]]  # marketplace -> credentials
    policy: dict[str, dict[str, Any]]
    account: dict[str, Account] = field(default_factory=dict)
    wish: dict[int, Side] = field(default_factory=dict)  # product id -> what it shall show
    before: dict[int, Side] = field(default_factory=dict)
    chosen_at: dict[int, float] = field(default_factory=dict)
    number_of: dict[str, int] = field(default_factory=dict)  # file -> picture of the album
    revoked: dict[str, float] = field(default_factory=dict)  # marketplace -> until when
    did: dict[str, int] = field(default_factory=dict)

    def now(self) -> float:
        """Unix seconds of both worlds."""
        return self.world.now()

    # -- loading

    def open(self) -> None:
        """Accounts, and all that was there before."""
        with self.kit.db.writing() as session:
            for site in SITES:
                self.account[site] = accounts.add_account(
                    session,
                    self.kit,
                    f"{site}:main",
                    seller_id=self.seller,
                    credentials=self.secrets[site],
                    endpoints=accounts.practice_endpoints(site.partition("-")[0], self.wire.base),
                    policy=self.policy[site],
                    practice=True,
                    who="proof",
                )
            session.add_all(
                Photo(sha256=_photo(n), bytes=1, facts={}, regions={}, received_at=self.kit.now()) for n in (*album.GOOD, *album.SMALL, *album.FRAMED)
            )
        with self.kit.db.reading() as session:
            self.rules = rulebook.active_hash(session)
        self._load()

    def _load(self) -> None:
        first = {number: self._file(number, "before") for number in album.GOOD}
        sides = {n: self._first_side(first) for n in range(1, self.size + 1)}
        asins = self._load_twin(sides, first)
        rows: dict[type[Any], list[dict[str, Any]]] = {}
        for number, file in first.items():
            rows.setdefault(Rendition, []).append(self._rendition(number, file))
            rows.setdefault(FileFacts, []).append(self._facts(number, file))
            url = self._ebay_url(number)
            hosted = {"url": url, "image_id": f"before{number:010d}", "expires_at": START + timedelta(days=self.chance.uniform(4, 25))}
            rows.setdefault(HostedPicture, []).append({"account_id": self.account["ebay-uk"].id, "file_sha256": file, **hosted})
        for n, side in sides.items():
            self.wish[n] = dict(side)
            rows.setdefault(Product, []).append(self._product(n))
            for at, site in enumerate(SITES):
                self._load_listing(rows, n, 2 * n - 1 + at, site, side, asins[site, n])
        with self.kit.db.writing() as session:
            for table in (Product, Rendition, FileFacts, HostedPicture, Placement, Listing, ListingMember, Push, Showing, Work):
                session.execute(sa.insert(table), rows[table])

    def _first_side(self, files: dict[int, str]) -> Side:
        main, other = self.chance.sample(sorted(files), 2)
        return {"main": files[main], "alt1": files[other]} if self.chance.random() < 0.6 else {"main": files[main]}

    def _load_listing(self, rows: dict[type[Any], list[dict[str, Any]]], n: int, listing_id: int, site: str, side: Side, external: str) -> None:
        account, sku, mark = self.account[site], sku_of(n), fingerprint({sku_of(n): side})
        sent = START - timedelta(days=self.chance.uniform(1, 60))
        round_s = max(float(account.policy["pace"]["live_look_s"]), self.turn_s(site))
        seen = START - timedelta(seconds=self.chance.uniform(0, min(round_s, (START - sent).total_seconds())))
        urls = {p: self._shown_url(site, self.number_of[file]) for p, file in side.items()}
        looks = {p: {"url": urls[p], "file": file, "score": 1.0, "same": True} for p, file in side.items()}
        common = {"wanted": {sku: side}, "wanted_print": mark, "pushed": {sku: side}, "pushed_print": mark, "seen": {sku: looks}, "doubts": 0}
        moments = {"sent_at": sent, "live_at": sent + timedelta(minutes=5), "seen_at": seen, "created_at": sent}
        rows.setdefault(Listing, []).append(
            {"id": listing_id, "account_id": account.id, "external_id": external, "state": ListingState.LIVE, **common, **moments}
        )
        rows.setdefault(ListingMember, []).append({"listing_id": listing_id, "account_id": account.id, "product_id": n, "merchant_sku": sku, "variation": {}})
        push = {"listing_id": listing_id, "number": 1, "key": hashlib.md5(f"{listing_id}".encode(), usedforsecurity=False).hexdigest(), "fingerprint": mark}
        rows.setdefault(Push, []).append(
            {**push, "content": {sku: side}, "creates": True, "state": PushState.ACCEPTED, "issues": [], "at": sent, "settled_at": sent}
        )
        due = gathered(seen, round_s) if site.startswith("amazon") else seen + timedelta(seconds=round_s)
        rows.setdefault(Work, []).append(
            {"stage": "watch", "row": str(listing_id), "due_at": due, "rank": due.timestamp(), "generation": 1, "attempts": 0, "leased_until": None}
        )
        for position, file in side.items():
            place = {"listing_id": listing_id, "merchant_sku": sku, "position": position, "file_sha256": file}
            rows.setdefault(Showing, []).append({**place, "ours": True, "url": urls[position], "begin": sent, "end": None})
            rows.setdefault(Placement, []).append(self._placement(n, account, position, file))

    def turn_s(self, site: str) -> float:
        """How long one round of an account's quiet listings takes by its calls a day, at the beginning."""
        calls = self.account[site].policy["listing"].get("calls_per_day")
        return DAY * self.size / (calls * 0.6 * 0.5) if calls and site.startswith("ebay") else 0.0

    def _load_twin(self, sides: dict[int, Side], first: dict[int, str]) -> dict[tuple[str, int], str]:
        begun, found = START.timestamp() - 60 * DAY, {}
        listings, slots, images = [], [], []
        for site in SITES:
            connector = site.partition("-")[0]
            limits = self.world.hidden.amazon.picture if connector == "amazon" else self.world.hidden.ebay.picture
            for number in first:
                taken = album.taking(album.file_of(number, "before")[1], limits)
                name = {"id": self._image_id(site, number), "connector": connector, "seller": self.seller, "created": begun, "expires": None}
                measured = {"width": taken.width, "height": taken.height, "facts": taken.facts}
                images.append({**name, "data": taken.data, "sha256": taken.sha256, "source_sha256": taken.source_sha256, **measured})
        for n, side in sides.items():
            for at, site in enumerate(SITES):
                number, connector = 2 * n - 1 + at, site.partition("-")[0]
                external = found[site, n] = f"B0{n:08d}" if connector == "amazon" else f"11{n:010d}"
                urls = [self._shown_url(site, self.number_of[file]) for file in side.values()]
                title = {"item_name": [{"value": f"Watch {n}"}], "condition_type": [{"value": "new_new"}]} if connector == "amazon" else {}
                who = {"id": number, "connector": connector, "marketplace": site, "seller": self.seller, "sku": sku_of(n), "external_id": external}
                what = {"title": f"Watch {n}", "product_type": "WATCH", "attributes": title, "wanted": urls if connector == "ebay" else [], "quantity": 1}
                listings.append({**who, **what, "price": "100.00", "currency": "GBP", "state": "active", "created": begun, "updated": begun})
                for (position, file), url in zip(side.items(), urls, strict=True):
                    asked = url if connector == "ebay" else self.kit.media.publish(album.file_of(self.number_of[file], "before")[1])
                    where = {"listing_id": number, "position": position, "wanted_url": asked, "source_url": asked, "shown_at": begun}
                    slots.append({**where, "image_id": self._image_id(site, self.number_of[file])})
        with self.world.store.write() as session:
            for table, rows in ((twin.Image, images), (twin.Listing, listings), (twin.Slot, slots)):
                session.execute(sa.insert(table), rows)
        return found

    def _image_id(self, site: str, number: int) -> str:
        if site.startswith("ebay"):
            return f"before{number:010d}"
        taken = album.taking(album.drawn(number), self.world.hidden.amazon.picture)
        return f"71{hashlib.sha256(f'amazon{taken.sha256}'.encode()).hexdigest()[:9]}L"  # by its content, as the twin itself names it

    def _shown_url(self, site: str, number: int) -> str:
        name = self._image_id(site, number)
        return self._ebay_url(number) if site.startswith("ebay") else f"{self.wire.base}/images/I/{name}.jpg"

    def _ebay_url(self, number: int) -> str:
        return f"{self.wire.base}/images/g/before{number:010d}/s-l1600.jpg"

    def _file(self, number: int, name: str) -> str:
        file, data = album.file_of(number, name)
        self.number_of[file] = number
        self.kit.originals.put(data)
        return file

    def _product(self, n: int) -> dict[str, Any]:
        plain = {"title": f"Watch {n}", "category": "watch", "brand": "Halden", "condition": "new", "currency": "GBP", "price_minor": 10_000 + n}
        empty: dict[str, Any] = {"size_mm": {}, "attributes": {}, "offered_on": {}, "clocks": {}}
        more = {"quantity": 1, "priority": 0, "pieces": 1, "archived": False, "created_at": self.kit.now(), "updated_at": self.kit.now()}
        return {"id": n, "sku": sku_of(n), **plain, **empty, **more}

    def _rendition(self, number: int, file: str) -> dict[str, Any]:
        made = {"state": RenditionState.RENDERED, "file_sha256": file, "notes": [], "ms": {}, "created_at": self.kit.now(), "rendered_at": self.kit.now()}
        return {"id": file, "photo_sha256": _photo(number), "cutout_id": _photo(number), "recipe": "ebay-main", "request": {}, **made}

    def _facts(self, number: int, file: str) -> dict[str, Any]:
        facts = {**GOOD_FACTS, "fill": 0.53 if number in album.SMALL else 0.85}
        return {"file_sha256": file, "measure_version": imaging.MEASURE_VERSION, "facts": facts, "regions": {}, "measured_at": self.kit.now()}

    def _placement(self, n: int, account: Account, position: str, file: str) -> dict[str, Any]:
        judged = {"state": PlacementState.APPROVED, "findings": [], "waived": {}, "judged_rules": self.rules, "judged_file": file}
        where = {"product_id": n, "account_id": account.id, "position": position}
        return {**where, "rendition_id": file, "approved_id": file, **judged, "changed_at": self.kit.now()}

    # -- what people do

    def choose(self, n: int, side: Side | None = None, *, careless: float = 0.0) -> None:
        """A person (or the road before) approves other pictures for a product, on every account; with `careless` probability a bad main one."""
        was = self.wish[n]
        side = self._other_side(n, careless) if side is None else side
        files = [file for file in side.values() if file not in was.values()]
        with self.kit.db.writing() as session:
            for file in files:
                if session.get(Rendition, file) is None:
                    session.add(Rendition(**self._rendition(self.number_of[file], file)))
                    session.add(FileFacts(**self._facts(self.number_of[file], file)))
            session.flush()
            session.execute(sa.delete(Placement).where(Placement.product_id == n))
            session.execute(sa.insert(Placement), [self._placement(n, one, p, file) for one in self.account.values() for p, file in side.items()])
            work.wake(session, "want", n, at=self.kit.now())
        self.before[n], self.wish[n], self.chosen_at[n] = was, dict(side), self.now()
        self._count("wishes")

    def _other_side(self, n: int, careless: float) -> Side:
        was, back = self.wish[n], self.before.get(n)
        shown = {self.number_of[file] for file in was.values()}
        main, other = self.chance.sample([n for n in album.GOOD if n not in shown], 2)
        if self.chance.random() < careless:
            main = self.chance.choice([*album.SMALL, *album.FRAMED])
        kind = self.chance.random()
        if kind < 0.1 and back:
            return back  # A, then B, then A
        side = {"main": self._new(main)}
        if kind < 0.4:
            return side  # the second one goes
        if kind < 0.7 and "alt1" in was:
            return {**side, "alt1": was["alt1"]}
        return {**side, "alt1": self._new(other)}

    def _new(self, number: int) -> str:
        return self._file(number, f"{len(self.number_of)}")

    def create(self) -> int:
        """A new product, to be listed on both marketplaces."""
        n, now = max(self.wish) + 1, self.kit.now()
        with self.kit.db.writing() as session:
            session.add(Product(**self._product(n)))
            session.flush()
            for one in self.account.values():
                listing = Listing(account_id=one.id, state=ListingState.EMPTY, created_at=now, wanted={}, pushed={}, seen={})
                listing.members.append(ListingMember(account_id=one.id, product_id=n, merchant_sku=sku_of(n), variation={}))
                session.add(listing)
        self.wish[n] = {}
        self.choose(n, {"main": self._new(self.chance.choice(album.GOOD))})
        self._count("created")
        return n

    def change_of_mind(self) -> None:
        """The next write that is sent: while it is under way somebody chooses anew for that very listing."""

        def choose() -> None:
            with self.kit.db.reading() as session:
                listing = session.scalar(sa.select(Push.listing_id).where(Push.state == PushState.SENDING).order_by(Push.id.desc()).limit(1))
                product = session.scalar(sa.select(ListingMember.product_id).where(ListingMember.listing_id == listing)) if listing else None
            if product is not None:
                self.choose(product)
                self._count("changes of mind")

        self.wire.at_write.append(choose)

    def revoke(self, site: str, seconds: float) -> None:
        """The seller's authorisation ends for a while."""
        self._act(do="revoke", connector=site.partition("-")[0], seller=self.seller)
        self.revoked[site] = self.now() + seconds
        self._count("revocations")

    def restore(self, site: str) -> None:
        """The seller has said yes again."""
        self._act(do="restore", connector=site.partition("-")[0], seller=self.seller)
        self.revoked.pop(site, None)

    def stop(self, site: str | None) -> None:
        """A person stops all writing, or that to one account."""
        with self.kit.db.writing() as session:
            controls.stop(session, self.kit, "proof", session.get_one(Account, self.account[site].id) if site else None)
        self._count("stops")

    def resume(self, site: str | None) -> None:
        """And lets it go on."""
        with self.kit.db.writing() as session:
            controls.resume(session, self.kit, "proof", session.get_one(Account, self.account[site].id) if site else None)

    def meddle(self) -> None:
        """Somebody who sells the same article changes its picture, or a marketplace or the seller elsewhere ends a listing."""
        kind = self.chance.choice(("swap", "swap", "remove", "end"))
        there = sa.select(twin.Listing).where(twin.Listing.state == "active").order_by(twin.Listing.id)
        with self.world.store.read() as session:
            listing = self.chance.choice(session.scalars(there.where(twin.Listing.connector == "amazon") if kind == "swap" else there).all())
        picture = {"picture": base64.b64encode(pictures.a_strangers(listing.id % 5)).decode()} if kind == "swap" else {}
        self._act(do=kind, marketplace=listing.marketplace, external_id=listing.external_id, **picture)
        self._count("swapped outside" if kind == "swap" else "ended outside")

    def rounds(self) -> None:
        """A person goes through what the house shows: other pictures where one was objected to, accounts resumed whose credentials are good again."""
        with self.kit.db.reading() as session:
            old = sa.select(ListingMember.product_id).join(Listing, Listing.id == ListingMember.listing_id)
            old = old.join(Notice, Notice.listing_id == Listing.id).where(Notice.end.is_(None), Listing.state != ListingState.ENDED)
            objected = set(session.scalars(old.where(Notice.begin < self.kit.now() - timedelta(hours=4), Notice.kind != "warning")))
            paused = list(session.scalars(sa.select(Account).where(Account.paused.is_not(None))))
        for n in sorted(objected):
            if self.chance.random() < 0.6:
                self.choose(n)
        for account in paused:
            if account.marketplace not in self.revoked and accounts.test_account(self.kit, account)[0]:
                self.resume(account.marketplace)
                self._count("resumed")

    def _act(self, **body: Any) -> None:
        status, _, said = self.wire.call("POST", f"{self.wire.base}/practice/api/act", {"Content-Type": "application/json"}, json.dumps(body).encode())
        assert status == 200, said

    def _count(self, what: str) -> None:
        self.did[what] = self.did.get(what, 0) + 1


def plan(shop: Shop, days: int, per_day: dict[str, float], *, busy: float, meddling: float) -> list[tuple[float, Callable[[], Any]]]:
    """What happens when, in order: seconds from the beginning and what is done then. People are `busy` so many days, others meddle in the first of them."""
    chance, found = shop.chance, list[tuple[float, Callable[[], Any]]]()

    def now_and_then(often: float, until: float, of: Callable[[], Any]) -> None:
        for day in range(days):
            found.extend((chance.uniform(day, day + 1) * DAY, of) for _ in range(int(often) + (chance.random() < often % 1)))
        found[:] = [one for one in found if one[1] is not of or one[0] < until * DAY]

    def for_a_while(
        first: int, every: int, most_hours: float, begin: Callable[[Any, float], Any], end: Callable[[Any], Any], sites: Sequence[str | None]
    ) -> None:
        for day in range(first, int(busy), every):
            site, at, lasts = chance.choice(sites), chance.uniform(day, day + 0.5) * DAY, chance.uniform(1, most_hours) * HOUR
            found.extend([(at, partial(begin, site, lasts)), (min(at + lasts, (busy - 0.1) * DAY), partial(end, site))])

    now_and_then(per_day["wishes"], busy, lambda: shop.choose(chance.choice(sorted(shop.wish)), careless=0.08))
    now_and_then(per_day["created"], busy, shop.create)
    now_and_then(per_day["minds"], busy, shop.change_of_mind)
    now_and_then(per_day["meddled"], meddling, shop.meddle)
    found += [(quarter * DAY / 4, shop.rounds) for quarter in range(1, 4 * days)]
    for_a_while(1, 3, 6, lambda site, _: shop.stop(site), shop.resume, (*SITES, None))
    for_a_while(2, 7, 9, shop.revoke, shop.restore, SITES)
    return sorted(found, key=lambda one: one[0])


def sku_of(n: int) -> str:
    """The SKU of a product."""
    return f"M-{n:05d}"


def utc(seconds: float) -> datetime:
    """Unix seconds as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)


def _photo(number: int) -> str:
    return hashlib.sha256(f"photo {number}".encode()).hexdigest()
