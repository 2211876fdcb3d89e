"""A seller account of any size, at once: listings that were there before, written by the ten thousand and not one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from integrations.practice import amazon_view, ebay_media, pictures
from integrations.practice.store import History, Image, Listing, Slot
from integrations.practice.world import World

CHUNK = 10_000
KINDS = 8  # different pictures that are shown in turn: strangers', on white
AGE = 86_400.0 * 365  # s: the newest was listed so long ago, the others before it, so that none of them is news

LISTING = (
    "id", "connector", "marketplace", "seller", "sku", "external_id", "title", "product_type",
    "attributes", "wanted", "quantity", "price", "currency", "state", "created", "updated",
)  # fmt: skip
SLOT = ("listing_id", "position", "wanted_url", "shown_at", "image_id")
HISTORY = ("listing_id", "at", "what", "detail")


def stock(world: World, public_url: str, marketplace: str, seller: str, count: int, prefix: str = "STOCK") -> int:
    """Make `count` active listings `prefix`-000001 ... with a main picture each; those that are there stay. Answers how many are new.

    ValueError for a marketplace that is not ours.
    """
    connector = marketplace.partition("-")[0]
    sites: dict[str, str] = {"amazon": world.hidden.sites.amazon, "ebay": world.hidden.sites.ebay}.get(connector, {})
    site = next((number for number, key in sites.items() if key == marketplace), None)
    if site is None:
        raise ValueError(f"marketplace {marketplace}: there is none of this name here")
    taken = [pictures.take(pictures.a_strangers(number), world.hidden.amazon.picture) for number in range(KINDS)]
    with world.store.write() as session:
        images = [world.keep(session, connector, seller, one) for one in taken]
        session.flush()
        shown = [(image.id, address(image, public_url)) for image in images]
        same = (Listing.connector == connector, Listing.seller == seller, Listing.marketplace == marketplace, Listing.sku.startswith(f"{prefix}-"))
        known = set(session.scalars(select(Listing.sku).where(*same)))
        first = (session.scalar(select(func.max(Listing.id))) or 0) + 1
        made = list(enumerate((number for number in range(1, count + 1) if sku_of(prefix, number) not in known), first))
        for start in range(0, len(made), CHUNK):
            part = made[start : start + CHUNK]
            at = world.now() - AGE
            put(session, Listing.__table__, LISTING, rows(part, at, shown, connector, marketplace, site, seller, prefix))
            put(session, Slot.__table__, SLOT, ((id_, "main", shown[id_ % KINDS][1], at - number, shown[id_ % KINDS][0]) for id_, number in part))
            put(session, History.__table__, HISTORY, ((id_, at - number, "seeded", "{}") for id_, number in part))
    world.store.count_up()
    return len(made)


def sku_of(prefix: str, number: int) -> str:
    """STOCK-000042."""
    return f"{prefix}-{number:06d}"


def address(image: Image, public_url: str) -> str:
    """Where the picture is shown, outside any request."""
    return public_url + (amazon_view.path(image.id) if image.connector == "amazon" else ebay_media.path(image.id))


def put(session: Session, table: Any, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows straight to the driver: a third of the time that SQLAlchemy's own statements take. JSON comes as text."""
    assert isinstance(table, Table)
    names = ", ".join(f'"{name}"' for name in columns)
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
    session.connection().exec_driver_sql(statement, list(rows))


def rows(
    part: Sequence[tuple[int, int]], newest: float, shown: Sequence[tuple[str, str]], connector: str, marketplace: str, site: str, seller: str, prefix: str
) -> Iterator[tuple[Any, ...]]:
    """The listings of (id, number), a second between one and the next."""
    amazon = connector == "amazon"
    condition = json.dumps([{"value": "new_new", "marketplace_id": site}])
    wanted = ["[]" if amazon else json.dumps([url]) for _, url in shown]
    for id_, number in part:
        sku, title, at = sku_of(prefix, number), f"Article {number} of {seller}", newest - number
        facts = f'{{"item_name": [{{"value": {json.dumps(title)}, "marketplace_id": "{site}"}}], "condition_type": {condition}}}' if amazon else "{}"
        external = amazon_view.asin(seller, sku) if amazon else f"12{id_:010d}"
        yield (
            id_, connector, marketplace, seller, sku, external, title, "PRODUCT",
            facts, wanted[id_ % KINDS], 1 + number % 5, f"{10 + number % 900}.00", "GBP", "active", at, at,
        )  # fmt: skip
