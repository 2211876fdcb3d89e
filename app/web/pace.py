"""How fast the pages of a full house answer: a house of so many products, drawn by itself, asked through the application without a socket.

Beside `/health/live`, the least that this server answers, measured in turn with each page: the ratio means the same on every machine.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy.orm import Session

import imaging
from app import accounts, people, rulebook
from app.config import Settings
from app.kit import Kit
from app.migrate import migrate
from app.models import Account, Arrival, Batch, Event, FileFacts, ImageSetItem, Listing, ListingMember, Notice, Photo, Placement, Product, Rendition, User
from app.states import ArrivalState, ListingState, PhotoState, PlacementState, RenditionState
from app.web import auth, create_app

FLOOR = "/health/live"
PAGES = (
    "/",
    "/batches",
    "/batches/1",
    "/products",
    "/products?q=0007",
    "/products/B-00001",
    "/listings",
    "/listings?word=suppressed",
    "/notices",
    "/review/",
    "/api/v1/products?limit=100",
    "/api/v1/listings?limit=100",
)
_SITES = {"amazon-uk": ("lwa_app_id", "lwa_client_secret", "refresh_token"), "ebay-uk": ("client_id", "client_secret", "refresh_token")}
_A_BATCH, _IN_REVIEW, _SUPPRESSED = 100, 10, 50  # products a batch; one product of so many waits for a person, one has a notice
_TITLE = "Halden Meridian {n}, steel, 41 mm, black dial"


@dataclass(frozen=True)
class Pace:
    """One page: milliseconds, how many times the floor its median is, the statements it takes and the size of its answer."""

    path: str
    ms_p50: float
    ms_p95: float
    ratio: float
    statements: int
    kilobytes: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def pages(products: int, rounds: int) -> tuple[float, list[Pace]]:
    """The floor's median in milliseconds, and the pace of every page of a house of so many products (2 pictures, 2 accounts each).

    Each page is asked once before it counts. Raises RuntimeError where a page does not answer 200.
    """
    with tempfile.TemporaryDirectory(prefix="packshot-bench-") as folder, _house(Path(folder), products) as kit:
        client = _signed_in(kit)
        floors: list[float] = []
        found = [_pace(kit, client, path, rounds, floors) for path in PAGES]
    floor = median(floors)
    return floor, [Pace(path, median(ms), quantiles(ms, n=20)[18], median(ms) / floor, statements, size / 1000) for path, ms, statements, size in found]


def _pace(kit: Kit, client: FlaskClient, path: str, rounds: int, floors: list[float]) -> tuple[str, list[float], int, int]:
    said: list[str] = []

    def note(*args: Any) -> None:
        said.append(args[2])

    sa.event.listen(kit.db.reader, "before_cursor_execute", note)
    try:
        answer = client.get(path)
    finally:
        sa.event.remove(kit.db.reader, "before_cursor_execute", note)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    ms = []
    for _ in range(rounds):
        floors.append(_ms(client, FLOOR))
        ms.append(_ms(client, path))
    return path, ms, len(said), len(answer.data)


def _ms(client: FlaskClient, path: str) -> float:
    begun = time.perf_counter()
    client.get(path).get_data()
    return (time.perf_counter() - begun) * 1000


def _signed_in(kit: Kit) -> FlaskClient:
    client = create_app(kit.settings, kit).test_client()
    with kit.db.reading() as session:
        person = auth._person(session.scalars(sa.select(User)).one())
    with client.session_transaction() as cookie:
        cookie["_user_id"] = person.mark
    return client


class _Alone(Settings):
    """Settings of the drawn house, whatever the environment says: nothing is written anywhere else."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


@contextmanager
def _house(folder: Path, products: int) -> Iterator[Kit]:
    kit = Kit(_Alone.model_validate({"var": folder, "secret_key": SecretStr("only for as long as the benchmark runs")}))
    try:
        migrate(kit.settings.database)
        rulebook.renew(kit, "bench", "start")
        with kit.db.writing() as session:
            people.create_user(session, "bench", "only while it runs", "admin", kit.now())
            sites = [
                accounts.add_account(session, kit, f"{site}:bench", seller_id="BENCH", credentials=dict.fromkeys(names, "none"), practice=True, who="bench")
                for site, names in _SITES.items()
            ]
            for table, rows in _rows(kit, sites, products).items():
                for start in range(0, len(rows), 1000):
                    session.execute(sa.insert(table), rows[start : start + 1000])
            _count_up(session)
        yield kit
    finally:
        kit.close()


def _count_up(session: Session) -> None:
    session.execute(sa.text("ANALYZE"))  # as a database that has grown by itself would have done long ago


def _rows(kit: Kit, sites: list[Account], products: int) -> dict[type[Any], list[dict[str, Any]]]:
    """Every noun of the main road, live for the most part."""
    now, empty = kit.now(), dict[str, Any]()
    tables = (Product, Batch, Photo, ImageSetItem, Arrival, Rendition, FileFacts, Placement, Listing, ListingMember, Notice, Event)
    rows: dict[type[Any], list[dict[str, Any]]] = {table: [] for table in tables}
    for n in range(1, products + 1):
        sku, at = f"B-{n:05d}", now - timedelta(minutes=products - n)
        batch, review = 1 + (n - 1) // _A_BATCH, n % _IN_REVIEW == 0
        if (n - 1) % _A_BATCH == 0:
            rows[Batch].append({"id": batch, "source": "folder", "name": f"shoot {batch}", "created_at": at})
        plain = {"title": _TITLE.format(n=n), "category": "watch", "brand": "Halden", "condition": "new", "currency": "GBP", "price_minor": 100_000 + n}
        json = {"size_mm": empty, "attributes": empty, "offered_on": empty, "clocks": empty}
        more = {"quantity": 1, "priority": 0, "pieces": 1, "archived": False, "created_at": at, "updated_at": at}
        rows[Product].append({"id": n, "sku": sku, **plain, **json, **more})
        files: dict[str, str] = {}
        for order, (shot, position) in enumerate((("dial", "main"), ("side", "alt1"))):
            number, name = 2 * n - 1 + order, f"{sku}_{shot}.jpg"
            photo, file = _hash(f"photo {number}"), _hash(f"file {number}")
            files[position] = file
            rows[Photo].append({"sha256": photo, "bytes": 5_000_000, "facts": {"width": 4000, "height": 3000}, "regions": empty, "received_at": at})
            where = {"product_id": n, "batch_id": batch, "shot": shot, "order": order}
            rows[ImageSetItem].append(
                {
                    **where,
                    "id": number,
                    "photo_sha256": photo,
                    "state": PhotoState.ACCEPTED,
                    "findings": [],
                    "category": "watch",
                    "size_mm": empty,
                    "created_at": at,
                }
            )
            rows[Arrival].append({**where, "source": "folder", "key": name, "name": name, "sha256": photo, "state": ArrivalState.FILED, "created_at": at})
            made = {"state": RenditionState.RENDERED, "file_sha256": file, "notes": [], "ms": empty, "created_at": at, "rendered_at": at}
            rows[Rendition].append({"id": file, "photo_sha256": photo, "cutout_id": photo, "recipe": "amazon-main", "request": empty, **made})
            facts = {"width": 2000, "height": 2000, "longest_side": 2000, "fill": 0.85, "border_min_level": 255}
            measured = {"measure_version": imaging.MEASURE_VERSION, "facts": facts, "regions": empty, "measured_at": at}
            rows[FileFacts].append({"file_sha256": file, **measured})
            for site in sites:
                judged = {"rendition_id": file, "approved_id": None if review else file, "judged_file": file, "waived": empty, "changed_at": at}
                decided, findings = (PlacementState.REVIEW, [_FINDING]) if review else (PlacementState.APPROVED, [])
                rows[Placement].append(
                    {"product_id": n, "account_id": site.id, "position": position, "item_id": number, "state": decided, "findings": findings, **judged}
                )
        for nth, site in enumerate(sites):
            listing, side = 2 * n - 1 + nth, {} if review else {sku: files}
            mark = None if review else _hash(sku)
            state = ListingState.EMPTY if review else ListingState.LIVE
            content = {"wanted": side, "pushed": side, "wanted_print": mark, "pushed_print": mark, "seen": empty, "doubts": 0}
            moments = {"sent_at": at, "live_at": at, "seen_at": now, "created_at": at}
            rows[Listing].append({"id": listing, "account_id": site.id, "external_id": f"X{listing}", "state": state, **content, **moments})
            rows[ListingMember].append({"listing_id": listing, "account_id": site.id, "product_id": n, "merchant_sku": sku, "variation": empty})
            line = {
                "at": at,
                "kind": "listing",
                "row": str(listing),
                "sku": sku,
                "what": "moved",
                "was": "sent",
                "to": state.value,
                "why": "",
                "who": "packshot",
            }
            rows[Event] += [line, {**line, "kind": "placement", "was": "waiting", "to": "approved"}]
        if n % _SUPPRESSED == 1:
            said = {
                "code": "18027",
                "kind": "suppressed",
                "reason": "non-white-background",
                "message": "The main image is not on pure white.",
                "guessed": False,
            }
            box = {"main": {"file": files["main"], "recipe": "amazon-main", "facts": empty}}
            rows[Notice].append({"listing_id": 2 * n - 1, "merchant_sku": sku, **said, "positions": ["main"], "raw": empty, "black_box": box, "begin": at})
    return rows


_FINDING: dict[str, Any] = {
    "rule": "cutout-confident",
    "level": "review",
    "fact": "confidence",
    "value": 0.7,
    "limit": 0.9,
    "message": "The cut-out is not sure.",
    "source": {},
    "fix": None,
    "region": None,
}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
