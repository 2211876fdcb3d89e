"""intake: products and photos come in, by webhook, upload, watched folder or bucket.

Receiving (plain functions, called by views) only commits bytes and rows. Fetching, decoding and judging happen in the stage, in a
worker: decoders and strangers' URLs have no place in a web process. Nothing is dropped silently.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import obstore
import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import rulebook, work
from app.db import insert, insert_new, lock, move, record
from app.errors import Refusal
from app.kit import Kit
from app.models import Arrival, Batch, ImageSetItem, Photo, Product, Work
from app.stages import retouch
from app.stages.arrange import arrange, current_release
from app.stages.run import Stage
from app.states import ArrivalState, PhotoState
from app.store import open_bucket
from app.verdicts import FLAGS

SHOT = r"([a-z0-9][a-z0-9_-]{0,31})?"  # what a person or a program may call one; empty: not said
MOST_ORDER = 2**31 - 1  # a camera that names its files by the time counts far beyond what a column holds


# --- receiving: commit and return -------------------------------------------------------------------------------------------


def open_batch(session: Session, source: str, name: str, now: datetime) -> Batch:
    """The batch of this source and name, made on first need."""
    session.execute(insert(session, Batch).values(source=source, name=name[:255], created_at=now).on_conflict_do_nothing(index_elements=["source", "name"]))
    return session.scalars(sa.select(Batch).where(Batch.source == source, Batch.name == name[:255])).one()


def receive_file(
    session: Session,
    kit: Kit,
    *,
    batch: Batch,
    name: str,
    data: bytes | None = None,
    sha256: str | None = None,
    source: str = "upload",
    sku: str | None = None,
    shot: str | None = None,
    order: int = 0,
    key: str | None = None,
    replaces: ImageSetItem | None = None,
    who: str = "packshot",
) -> Arrival:
    """Take one file: its bytes are kept before the row says so. `sku` and `shot` are read from the name where not given.

    The same `key` (default: batch, name and bytes) again is the same arrival.
    """
    digest = sha256 or kit.originals.put(data or b"")
    read = integrations.sources.name_candidates(name)
    chosen = next(((s, sh, o) for s, sh, o in read if _product(session, s) is not None), read[0] if read else ("", "", 0))
    sku, shot, order = sku or chosen[0] or None, (shot if shot is not None else chosen[1]) or "", order or chosen[2]
    product = _product(session, sku) if sku else None
    return _arrive(
        session,
        kit,
        source=source,
        key=key or f"{batch.id}:{name}:{digest}",
        name=name,
        batch=batch,
        product=product,
        shot=shot,
        order=order,
        sha256=digest,
        who=who,
        replaces=replaces,
        state=ArrivalState.WAITING if product else ArrivalState.UNMATCHED,
        problem=None if product else (f"no product has the SKU {sku!r}" if sku else "the name does not say which SKU it shows"),
    )


def receive_url(
    session: Session,
    kit: Kit,
    *,
    batch: Batch,
    url: str,
    product: Product,
    shot: str = "",
    order: int = 0,
    key: str | None = None,
    source: str = "webhook",
    who: str = "packshot",
) -> Arrival:
    """Take the address of a photo; the stage fetches it."""
    return _arrive(
        session, kit, source=source, key=key or f"{batch.id}:{url}", name=url, batch=batch, product=product, shot=shot, order=order, url=url, who=who
    )


def _arrive(
    session: Session, kit: Kit, *, source: str, key: str, batch: Batch, product: Product | None, who: str, replaces: ImageSetItem | None = None, **values: Any
) -> Arrival:
    now = kit.now()
    short = key if len(key) <= 512 else hashlib.sha256(key.encode()).hexdigest()
    row = {"state": ArrivalState.WAITING, **values, "name": values["name"][:512], "shot": values["shot"][:32], "order": min(values["order"], MOST_ORDER)}
    made = insert_new(
        session,
        Arrival,
        ["source", "key"],
        source=source,
        key=short,
        batch_id=batch.id,
        product_id=product.id if product else None,
        replaces_id=replaces.id if replaces else None,
        created_at=now,
        **row,
    )
    arrival = session.scalars(sa.select(Arrival).where(Arrival.source == source, Arrival.key == short)).one()
    if made:
        record(session, arrival, "arrived", now=now, sku=product.sku if product else None, to=arrival.state.value, why=arrival.name, who=who)
        if product is not None:
            product.photos_since = product.photos_since or now
            work.wake(session, "intake", arrival.id, at=now, lead=work.head_start_of(product))
    return arrival


def assign(session: Session, kit: Kit, arrival: Arrival, sku: str, shot: str, who: str) -> None:
    """A person says which product an unmatched file shows. Raises Refusal, also where somebody else was first."""
    product = _product(session, sku)
    if not re.fullmatch(SHOT, shot):
        raise Refusal(f"{shot[:40]!r} is no shot: small letters, digits, - and _, at most 32, as in dial or wrist-2")
    if product is None:
        raise Refusal(f"{sku!r}: no product has this SKU; check the spelling, or let the inventory send it first")
    if arrival.state not in (ArrivalState.UNMATCHED, ArrivalState.REFUSED):
        raise Refusal(f"{arrival.name}: is {arrival.state}, not waiting for a SKU")
    told = {"product_id": product.id, "shot": shot or arrival.shot, "problem": None}
    if not move(session, arrival, ArrivalState.WAITING, now=kit.now(), sku=sku, why=f"assigned to {sku}", who=who, **told):
        raise Refusal(f"{arrival.name}: somebody else has just decided it: load the page again")
    product.photos_since = product.photos_since or kit.now()
    work.wake(session, "intake", arrival.id, at=kit.now(), lead=work.head_start_of(product))


def drop(session: Session, kit: Kit, arrival: Arrival, who: str, why: str) -> None:
    """A person says that a file is not wanted; its bytes stay in the store."""
    if arrival.state not in (ArrivalState.UNMATCHED, ArrivalState.REFUSED):
        raise Refusal(f"{arrival.name}: is {arrival.state}; only unmatched or refused files can be dropped")
    if not move(session, arrival, ArrivalState.DROPPED, now=kit.now(), why=why, who=who):
        raise Refusal(f"{arrival.name}: somebody else has just decided it: load the page again")
    if arrival.product_id:
        work.wake(session, "want", arrival.product_id, at=kit.now())


# --- the stage: fetch, probe, judge, file -----------------------------------------------------------------------------------

UNREADABLE = "intake-readable"  # the finding where the decoder had to give up


@dataclass(frozen=True)
class Task:
    """What `do` needs to know of an arrival."""

    arrival_id: int
    url: str | None
    sha256: str | None
    name: str
    allow_loopback: bool


@dataclass(frozen=True)
class Probed:
    """An original as it came: kept under its hash, with facts or with the reason why there are none."""

    sha256: str
    size: int
    facts: dict[str, Any]
    regions: dict[str, Any]
    problem: str | None


def gather(session: Session, kit: Kit, row: str) -> Task | None:
    arrival = session.get(Arrival, int(row))
    if arrival is None or arrival.state != ArrivalState.WAITING or arrival.product_id is None:
        return None
    return Task(arrival.id, arrival.url, arrival.sha256, arrival.name, kit.allow_loopback_photos)


def do(kit: Kit, task: Task) -> Probed | integrations.Refused:
    """Fetch where there is only an address, keep the bytes, probe them. A refusal is a result: the arrival goes to a person."""
    if task.sha256 is not None:
        digest, data = task.sha256, kit.originals.get(task.sha256)
    else:
        try:
            data = _fetch(kit, task)
        except integrations.Refused as refusal:
            return refusal
        digest = kit.originals.put(data)
    try:
        found = imaging.probe(data)
    except imaging.Exhausted:
        raise  # tried again: less may be under way then
    except imaging.ImagingError as error:
        return Probed(digest, len(data), {}, {}, str(error))
    return Probed(digest, len(data), dict(found.facts), {k: list(v) for k, v in found.regions.items()}, None)


def _fetch(kit: Kit, task: Task) -> bytes:
    if task.url and task.url.startswith("key:"):
        key = task.url.removeprefix("key:")
        for url in kit.settings.intake:
            if url.startswith("s3://"):
                try:
                    found = obstore.get(open_bucket(url, kit.settings.s3_endpoint), key)
                except FileNotFoundError:
                    continue
                if found.meta["size"] > integrations.sources.PHOTO_LIMIT_BYTES:
                    raise integrations.Refused(f"{key}: has {found.meta['size']} bytes, more than {integrations.sources.PHOTO_LIMIT_BYTES}")
                return bytes(found.bytes())
        raise integrations.Refused(f"{key}: is in none of the intake buckets (PACKSHOT_INTAKE)")
    return integrations.sources.fetch_photo(task.url or "", allow_loopback=task.allow_loopback)


def apply(session: Session, kit: Kit, task: Task, result: Probed | integrations.Refused) -> datetime | None:
    arrival = session.get_one(Arrival, task.arrival_id)
    product = session.get_one(Product, arrival.product_id)
    lock(session, product)
    now = kit.now()
    if isinstance(result, integrations.Refused):
        move(session, arrival, ArrivalState.REFUSED, now=now, sku=product.sku, why=str(result), problem=str(result))
        work.wake(session, "want", product.id, at=now)
        return None
    session.execute(
        insert(session, Photo)
        .values(sha256=result.sha256, bytes=result.size, facts=result.facts, regions=result.regions, problem=result.problem, received_at=now)
        .on_conflict_do_nothing(index_elements=["sha256"])
    )
    photo = session.get_one(Photo, result.sha256)
    if photo.problem is not None and result.problem is None:  # what could not be read once can be read now
        photo.facts, photo.regions, photo.problem = result.facts, result.regions, None
    file_photo(session, kit, product, photo, arrival)
    move(session, arrival, ArrivalState.FILED, now=now, sku=product.sku, sha256=result.sha256)
    arrange(session, kit, product)
    return None


def file_photo(session: Session, kit: Kit, product: Product, photo: Photo, arrival: Arrival) -> ImageSetItem:
    """The photo as an item of the product's image set: made once, judged by rules/intake.yaml."""
    now = kit.now()
    known = session.scalar(sa.select(ImageSetItem).where(ImageSetItem.product_id == product.id, ImageSetItem.photo_sha256 == photo.sha256))
    old = retouch.original_of(session, product, arrival)
    if known is not None:
        record(session, known, "arrived again", now=now, sku=product.sku, why=arrival.name)
        if known.state == PhotoState.FLAGGED and photo.problem is None and any(f["rule"] == UNREADABLE for f in known.findings):
            judge_item(session, kit, product, known, photo)
        if old is not None and old.id != known.id and known.replaces_id is None:
            known.replaces_id = old.id
            retouch.come_back(session, kit, product, known)
        return known
    item = ImageSetItem(
        product_id=product.id,
        photo_sha256=photo.sha256,
        batch_id=arrival.batch_id,
        shot=old.shot if old else arrival.shot,
        order=old.order if old else arrival.order,
        replaces_id=old.id if old else None,
        release_id=current_release(session, kit),
        created_at=now,
    )
    session.add(item)
    session.flush()
    judge_item(session, kit, product, item, photo)
    retouch.come_back(session, kit, product, item)
    return item


def judge_item(session: Session, kit: Kit, product: Product, item: ImageSetItem, photo: Photo) -> None:
    """Accept the item, or flag it with the findings in words."""
    rule_set = rulebook.active(session, kit)
    if photo.problem is not None:
        findings = [_unreadable(photo.problem)]
    else:
        others = session.scalar(sa.select(sa.func.count(ImageSetItem.product_id.distinct())).where(ImageSetItem.photo_sha256 == photo.sha256)) or 1
        scope = rules.Scope(marketplace="intake", country="", category=product.category, position="", condition=product.condition)
        found = rules.judge(rule_set, "intake", {**photo.facts, "products_with_photo": others}, scope, photo.regions)
        findings = [finding.to_dict() for finding in found]
    item.findings, item.judged_rules = findings, rule_set.hash
    flagged = [f for f in findings if f["level"] in FLAGS]
    words = "; ".join(f["message"] for f in flagged)
    if (to := PhotoState.FLAGGED if flagged else PhotoState.ACCEPTED) != item.state:
        move(session, item, to, now=kit.now(), sku=product.sku, why=words)


def _unreadable(problem: str) -> dict[str, Any]:
    return {
        "rule": UNREADABLE,
        "level": "stop",
        "fact": None,
        "value": None,
        "limit": None,
        "message": problem,
        "source": None,
        "fix": None,
        "region": None,
    }


def mark(session: Session, kit: Kit, now: datetime) -> int:
    """Arrivals that wait and have no work due or in flight."""
    return wake_missing(session, "intake", sa.select(Arrival.id).where(Arrival.state == ArrivalState.WAITING, Arrival.product_id.is_not(None)), now)


def wake_missing(session: Session, stage: str, rows: sa.Select[Any], now: datetime, *, limit: int = 500) -> int:
    """Wake those of `rows` (a select of one id column) that have no work of this stage due or in flight."""
    key = sa.cast(rows.selected_columns[0], sa.String)
    busy = sa.select(Work.row).where(Work.stage == stage, Work.row == key, sa.or_(Work.due_at.is_not(None), Work.leased_until.is_not(None)))
    found = session.scalars(rows.where(~busy.exists()).limit(limit)).all()
    for row in found:
        work.wake(session, stage, row, at=now)
    return len(found)


def give_up(session: Session, kit: Kit, row: str, error: str) -> None:
    arrival = session.get_one(Arrival, int(row))
    if arrival.state == ArrivalState.WAITING:
        move(session, arrival, ArrivalState.REFUSED, now=kit.now(), why=error, problem=error)
        if arrival.product_id:
            work.wake(session, "want", arrival.product_id, at=kit.now())


def _product(session: Session, sku: str) -> Product | None:
    return session.scalar(sa.select(Product).where(Product.sku == sku))


STAGE = Stage("intake", gather, do, apply, mark, give_up=give_up, lease_s=180)
