"""A marketplace that fetches pictures is asked to only once it can; a push waits meanwhile, with one alarm, and goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from app import alarms, config, controls, doctor, preflight, views, work
from app.kit import Kit
from app.models import Account, Event, Listing, Product, Push
from app.stages import STAGES
from app.stages.run import settle_all
from app.states import ListingState, PlacementState
from app.store import StoreError
from scheduler import House, jobs
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, placement, product, rendition
from tests.app.fakes import FakeMarketplace
from tests.served import served


class Outside:
    """What stands between the media store and the world; `status` is what it answers, `asked` whom it was asked for."""

    def __init__(self) -> None:
        self.kit: Kit | None = None
        self.status, self.odd, self.asked = 200, "", list[str]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert outer.kit is not None
                name = self.path.removeprefix("/media/")
                outer.asked.append(self.command)
                status = 403 if name == outer.odd else outer.status
                try:
                    data = outer.kit.media.store.read(name)
                except StoreError:
                    data, status = b"", 404
                self.send_response(status)
                self.send_header("Content-Type", "image/png" if name.endswith(".png") else "image/jpeg")
                self.send_header("Cache-Control", "max-age=31536000, immutable")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET

            def log_message(self, *args: object) -> None: ...

        self.handler, self.url = Handler, ""


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    with served(made.handler) as made.url:
        yield made


class Shop:
    """An Amazon account of ours, and products that may be published there."""

    def __init__(self, kit: Kit, clock: Clock, outside: Outside) -> None:
        self.kit, self.clock, self.outside, self.market = kit, clock, outside, FakeMarketplace()
        kit.connect = self.market.connect  # type: ignore[method-assign,assignment]
        outside.kit = kit
        self.on = account(kit, "amazon-uk:main")
        self.house = House(kit, "tests")

    def offer(self, sku: str) -> Product:
        of = product(self.kit, sku)
        listing(self.kit, of, self.on)
        dial = item(self.kit, of)
        placement(self.kit, dial, self.on, rendition(self.kit, dial, recipe="amazon-main"), "main", PlacementState.APPROVED)
        with self.kit.db.writing() as session:
            work.wake(session, "want", of.id, at=self.kit.now())
        return of

    def go(self, seconds: float = 0) -> None:
        """Let so long pass, in steps of ten seconds, with the scheduler looking."""
        for _ in range(max(1, round(seconds / 10))):
            self.clock.advance(min(seconds, 10))
            jobs.look_at_media(self.house)
            settle_all(self.kit, {"want": STAGES["want"], "publish": STAGES["publish"]})

    def said(self) -> list[str]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Event.what).where(Event.kind == "media").order_by(Event.id)))

    def why(self, sku: str) -> str:
        with self.kit.db.reading() as session:
            return views.why(session, self.kit, sku)[0].sentence


@pytest.fixture
def shop(make_kit: Callable[..., Kit], clock: Clock, outside: Outside) -> Shop:
    return Shop(make_kit(media_base_url=outside.url), clock, outside)


def test_a_push_waits_with_one_alarm_and_goes_on_by_itself(shop: Shop) -> None:
    shop.outside.status = 403
    shop.offer("W-1")
    shop.offer("W-2")
    shop.go(60)

    assert shop.market.calls.count("publish") == 0
    assert shop.said() == ["unreachable"]
    assert "does not let the public read" in shop.why("W-1")
    with shop.kit.db.reading() as session:
        assert any("does not let the public read" in banner for banner in controls.banners(session, shop.kit))
        assert {one.state for one in session.scalars(sa.select(Listing))} == {ListingState.TO_SEND}, "waiting is no refusal"
        assert all(one.refused_print is None for one in session.scalars(sa.select(Listing)))

    shop.outside.status = 200
    shop.go(60)

    assert sorted(shop.market.listings) == ["W-1", "W-2"]
    assert shop.said() == ["unreachable", "reachable"]
    with shop.kit.db.reading() as session:
        assert controls.banners(session, shop.kit) == []


def test_while_it_cannot_work_few_ask(shop: Shop) -> None:
    shop.outside.status = 403
    for number in range(4):
        shop.offer(f"W-{number}")
    shop.go(60)
    shop.outside.asked.clear()

    shop.go(180)

    assert len(shop.outside.asked) == 6, "one look each half minute, whatever waits"


def test_the_alarm_and_the_all_clear_are_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(alarms, "post", lambda url, alarm: told.append(alarm.sentence))
    object.__setattr__(shop.kit.settings, "alert_url", "https://alerts.example")
    shop.outside.status = 404
    shop.offer("W-1")
    shop.go(60)
    alarms.tell(shop.kit)
    shop.outside.status = 200
    shop.go(60)
    alarms.tell(shop.kit)

    assert [sentence.partition(":")[0] for sentence in told] == [
        "Marketplaces cannot fetch our pictures, and pushes to those that fetch them wait",
        "Marketplaces can fetch our pictures again",
    ]


def test_a_web_role_that_starts_again_is_no_alarm(shop: Shop) -> None:
    shop.outside.status = 503
    shop.offer("W-1")
    shop.go(10)
    shop.outside.status = 200
    shop.go(30)

    assert shop.said() == []
    assert sorted(shop.market.listings) == ["W-1"]


def test_one_file_that_cannot_be_fetched_holds_up_no_other(shop: Shop) -> None:
    shop.offer("W-1")
    with shop.kit.db.reading() as session:
        from app.models import Rendition

        digest = session.scalars(sa.select(Rendition.file_sha256)).one()
    shop.outside.odd = shop.kit.media.name(digest or "")
    shop.offer("W-2")
    shop.go(120)

    assert sorted(shop.market.listings) == ["W-2"]
    assert shop.said() == []
    assert "does not let the public read" in shop.why("W-1")

    shop.outside.odd = ""
    shop.go(60)
    assert sorted(shop.market.listings) == ["W-1", "W-2"]


def test_each_file_costs_one_question_without_a_body_and_the_address_one_fetch_in_five_minutes(shop: Shop) -> None:
    shop.go()
    shop.outside.asked.clear()
    for number in range(8):
        shop.offer(f"W-{number}")
    shop.go()
    assert sorted(shop.outside.asked) == ["GET"] + ["HEAD"] * 7

    shop.outside.asked.clear()
    with shop.kit.db.writing() as session:
        for one in session.scalars(sa.select(Listing)):
            one.pushed_print = None
            one.state = ListingState.TO_SEND
            work.wake(session, "publish", one.id, at=shop.kit.now())
    shop.go()
    with shop.kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Push)) == 16
    assert shop.outside.asked == [], "what was fetched before is not asked for again"


def test_who_is_sent_bytes_is_not_looked_at(shop: Shop) -> None:
    shop.outside.status = 403
    on, of = account(shop.kit, "ebay-uk:main"), product(shop.kit, "E-1")
    listing(shop.kit, of, on)
    dial = item(shop.kit, of)
    placement(shop.kit, dial, on, rendition(shop.kit, dial), "main", PlacementState.APPROVED)
    with shop.kit.db.writing() as session:
        work.wake(session, "want", of.id, at=shop.kit.now())
    shop.go(60)

    assert list(shop.market.listings) == ["E-1"]


def test_a_real_account_is_not_served_by_an_address_on_this_machine(shop: Shop) -> None:
    with shop.kit.db.writing() as session:
        session.get_one(Account, shop.on.id).practice = False
    shop.on.practice = False
    shop.offer("W-1")
    shop.go(60)

    assert "https alone" in shop.why("W-1")
    assert shop.outside.asked == []
    well, sentence = preflight.test_pictures(shop.kit, shop.on)
    assert not well
    assert "https alone" in sentence


def test_doctor_says_what_is_wrong_with_the_address(shop: Shop) -> None:
    def media() -> list[tuple[bool, str]]:
        return list(dict(doctor.PARTS)["media address"](shop.kit))

    assert media()[0] == (True, f"{shop.outside.url}: our file comes back byte for byte")
    shop.outside.status = 401
    assert media() == [(False, f"{shop.outside.url}: 127.0.0.1 asks to sign in (HTTP 401), and marketplaces do not")]


def test_doctor_compares_the_clock_with_a_marketplace_where_there_is_no_public_address(make_kit: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch) -> None:
    kit, asked = make_kit(media_base_url=""), list[str]()

    def head(address: str, **_: Any) -> Any:
        asked.append(address)
        return SimpleNamespace(headers={"Date": format_datetime(told)})

    told = kit.now()
    monkeypatch.setattr(doctor.requests, "head", head)
    assert list(dict(doctor.PARTS)["clock"](kit)) == [(True, "not compared: nobody outside was asked, or none told the time")]
    on = account(kit, "ebay-uk:main")
    with kit.db.writing() as session:
        session.get_one(Account, on.id).practice = False
    assert list(dict(doctor.PARTS)["clock"](kit)) == [(True, "that of api.ebay.com and ours differ by 0 s")]
    told -= timedelta(minutes=5)
    assert list(dict(doctor.PARTS)["clock"](kit)) == [(False, "that of api.ebay.com and ours differ by 300 s")]
    assert asked == ["https://api.ebay.com/identity/v1/oauth2/token"] * 2


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ({"media_base_url": "s3://pictures/media", "media_store_url": "s3://pictures/media"}, True),
        ({"media_base_url": "s3://pictures/media/", "media_store_url": "s3://pictures/media"}, True),
        ({"media_base_url": "s3://pictures/media"}, False),
        ({"media_base_url": "s3://other/media", "media_store_url": "s3://pictures/media"}, False),
        ({"media_base_url": "ftp://pictures.example"}, False),
    ],
)
def test_a_bucket_as_address_is_the_media_store_itself(tmp_path: Path, values: dict[str, Any], right: bool) -> None:
    if right:
        assert config.load(var=tmp_path, **values).media_base_url == "s3://pictures/media"
    else:
        with pytest.raises(config.ConfigError, match="PACKSHOT_MEDIA_BASE_URL"):
            config.load(var=tmp_path, **values)
