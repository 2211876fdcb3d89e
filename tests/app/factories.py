"""Rows made directly, for tests that begin in the middle of the road."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from app.kit import Kit
from app.models import Account, Batch, FileFacts, ImageSetItem, Listing, ListingMember, Photo, Placement, Product, Rendition
from app.stages.arrange import current_release
from app.states import ListingState, PhotoState, PlacementState, RenditionState

_numbers = itertools.count(1)
GOOD_FACTS: dict[str, Any] = {
    "format": "JPEG",
    "width": 2000,
    "height": 2000,
    "longest_side": 2000,
    "shortest_side": 2000,
    "aspect": 1.0,
    "mode": "RGB",
    "has_alpha": False,
    "frames": 1,
    "bytes": 400_000,
    "profile": "srgb",
    "jpeg_quality": 92,
    "border_min_level": 255,
    "background_white_share": 1.0,
    "background_level": 255,
    "fill": 0.88,
    "fill_area": 0.4,
    "centre_offset": 0.0,
    "pieces": 1,
    "touching_sides": 0,
    "sharpness": 12.0,
    "luminance": 110,
    "clipped_share": 0.01,
    "subject_found": True,
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def product(kit: Kit, sku: str | None = None, **values: Any) -> Product:
    fields: dict[str, Any] = {
        "title": "A watch",
        "brand": "Halden",
        "category": "watch",
        "price_minor": 10_000,
        "currency": "GBP",
        "quantity": 1,
        "size_mm": {},
        "attributes": {},
        "offered_on": {},
        "clocks": {},
    }
    with kit.db.writing() as session:
        row = Product(sku=sku or f"P-{next(_numbers)}", created_at=kit.now(), updated_at=kit.now(), **{**fields, **values})
        session.add(row)
    return row


def account(kit: Kit, key: str = "ebay-uk:main", **values: Any) -> Account:
    from app.accounts import DEFAULT_PACE, DEFAULT_POLICY

    policy = {**DEFAULT_POLICY, "publish": "auto", "create": True, "wait_s": 20, "pace": dict(DEFAULT_PACE), **values.pop("policy", {})}
    with kit.db.writing() as session:
        row = Account(
            key=key,
            marketplace=key.split(":")[0],
            seller_id="S",
            credentials=kit.box.seal({}),
            endpoints={},
            policy=policy,
            practice=True,
            confirmed=True,
            created_at=kit.now(),
            **values,
        )
        session.add(row)
    return row


def item(kit: Kit, of: Product, shot: str = "dial", state: PhotoState = PhotoState.ACCEPTED, **values: Any) -> ImageSetItem:
    digest = sha(f"photo {next(_numbers)}")
    with kit.db.writing() as session:
        session.add(Photo(sha256=digest, bytes=1, facts={}, regions={}, received_at=kit.now()))
        session.flush()
        row = ImageSetItem(
            product_id=of.id,
            photo_sha256=digest,
            shot=shot,
            state=state,
            findings=values.pop("findings", []),
            release_id=current_release(session, kit),
            created_at=kit.now(),
            **values,
        )
        session.add(row)
    return row


def rendition(
    kit: Kit, of: ImageSetItem, *, recipe: str = "ebay-main", data: bytes | None = None, facts: dict[str, Any] | None = None, own_background: bool = False
) -> Rendition:
    """A finished picture; its bytes are stored, its facts known."""
    with kit.db.writing() as session:
        digest = kit.originals.put(data or f"file {next(_numbers)}".encode())
        row = Rendition(
            id=sha(f"rendition {next(_numbers)}"),
            photo_sha256=of.photo_sha256,
            cutout_id=None if own_background else sha("cutout"),
            recipe=recipe,
            request={},
            state=RenditionState.RENDERED,
            file_sha256=digest,
            notes=[],
            ms={},
            created_at=kit.now(),
            rendered_at=kit.now(),
        )
        session.add(row)
        import imaging

        session.merge(
            FileFacts(file_sha256=digest, measure_version=imaging.MEASURE_VERSION, facts={**GOOD_FACTS, **(facts or {})}, regions={}, measured_at=kit.now())
        )
    return row


def placement(
    kit: Kit, of: ImageSetItem, on: Account, made: Rendition, position: str = "main", state: PlacementState = PlacementState.WAITING, **values: Any
) -> Placement:
    with kit.db.writing() as session:
        row = Placement(
            product_id=of.product_id,
            account_id=on.id,
            position=position,
            item_id=of.id,
            rendition_id=made.id,
            approved_id=made.id if state == PlacementState.APPROVED else None,
            state=state,
            findings=values.pop("findings", []),
            waived={},
            changed_at=kit.now(),
            **values,
        )
        session.add(row)
    return row


def listing(kit: Kit, of: Product, on: Account, state: ListingState = ListingState.EMPTY, **values: Any) -> Listing:
    with kit.db.writing() as session:
        row = Listing(account_id=on.id, state=state, created_at=kit.now(), **{"wanted": {}, "pushed": {}, "seen": {}, **values})
        row.members.append(ListingMember(account_id=on.id, product_id=of.id, merchant_sku=of.sku, variation={}))
        session.add(row)
    return row


def new_batch(kit: Kit, name: str = "shoot", source: str = "upload") -> Batch:
    with kit.db.writing() as session:
        row = Batch(source=source, name=name, created_at=kit.now())
        session.add(row)
    return row
