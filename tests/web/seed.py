"""A house with rows in every state, made directly: what pages are tested and looked at with."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

import rules
from app import people, rulebook
from app.db import record
from app.kit import Kit
from app.models import (
    Account,
    Arrival,
    Batch,
    Cutout,
    FileFacts,
    ImageSetItem,
    Lesson,
    Listing,
    ListingMember,
    Notice,
    Photo,
    Placement,
    Product,
    Rendition,
    Retouch,
)
from app.stages.arrange import current_release
from app.states import ArrivalState, LessonState, ListingState, PhotoState, PlacementState, RenditionState, RetouchState
from tests.shots import watch_photo

PASSWORD = "correct horse battery"
ACCOUNTS = ("amazon-uk:main", "amazon-us:main", "ebay-uk:main")
TITLES = (
    ("watch", "Halvorn Deep 300, steel, 41 mm, black dial", 389_000),
    ("watch", "Merrowby Harbour 58, navy, riveted bracelet", 272_500),
    ("ring", "Platinum solitaire, 0.71 ct, size N", 415_000),
    ("watch", "Castellan Carré, large, quartz", 241_000),
    ("earrings", "Pair of diamond studs, 18 ct white gold", 129_900),
    ("watch", "Norrsken Field 143, grey dial", 89_500),
    ("bracelet", "Tennis bracelet, 3 ct, 18 cm", 320_000),
    ("watch", "Halvorn Meridian GMT, 39 mm", 231_000),
)
WHITE = {
    "rule": "amazon-main-white-border",
    "level": "stop",
    "fact": "border_min_level",
    "value": 246,
    "limit": 255,
    "message": "The outermost pixels must be pure white; re-render with a wider margin or a shorter shadow.",
    "source": {"page": "sellercentral G75PWC4THA8J269P"},
    "fix": "rerender",
}
UNSURE = {
    "rule": "amazon-sure-of-the-cutout",
    "level": "review",
    "fact": "cutout_confidence",
    "value": 0.61,
    "limit": 0.8,
    "message": "The cut-out is not sure: look at the strap and the gaps of the bracelet.",
    "source": {"page": "own measurement"},
    "fix": None,
}
SMALL = {
    "rule": "intake-large-enough",
    "level": "stop",
    "fact": "longest_side",
    "value": 640,
    "limit": 1600,
    "message": "The photo is too small for a zoomable picture; ask for the original file.",
    "source": {"page": "own"},
    "fix": None,
}


@dataclass
class House:
    """What was made, by name."""

    kit: Kit
    products: list[Product] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    lesson: int = 0
    unmatched: int = 0
    flagged: int = 0


def people_of(kit: Kit) -> None:
    """One person of each role; the name is the role."""
    with kit.db.writing() as session:
        for role in people.ROLES:
            people.create_user(session, role, PASSWORD, role, kit.now())


def seed(kit: Kit, *, px: int = 240, repeat: int = 1) -> House:
    """Rows of every state: pictures of `px` a side, each product `repeat` times over."""
    house = House(kit)
    people_of(kit)
    now = kit.now()
    with kit.db.writing() as session:
        house.accounts = [
            Account(
                key=key,
                marketplace=key.split(":")[0],
                seller_id="A1SELLER",
                credentials=kit.box.seal({"refresh_token": "r"}),
                policy={"publish": ("auto", "ask", "auto")[n], "create": n == 2},
                practice=n == 0,
                confirmed=n != 1,
                paused="The refresh token was refused (invalid_grant)." if n == 1 else None,
                polled_at=now - timedelta(seconds=40),
                created_at=now,
            )
            for n, key in enumerate(ACCOUNTS)
        ]
        batches = [
            Batch(source=source, name=name, created_at=now - timedelta(minutes=ago))
            for source, name, ago in (("folder", "2026-11-20 autumn shoot", 4300), ("upload", "Monday, second tray", 42), ("webhook", "W-1042", 3))
        ]
        session.add_all([*house.accounts, *batches])
        session.flush()
        rule_set = rulebook.active_hash(session)
        for n in range(len(TITLES) * repeat):
            _product(session, house, n, px, batches, rule_set)
        _arrivals(session, house, px, batches)
        _lessons(session, house)
    return house


def _product(session: Any, house: House, n: int, px: int, batches: list[Batch], rule_set: str | None) -> None:
    kit, now = house.kit, house.kit.now()
    category, title, price = TITLES[n % len(TITLES)]
    product = Product(
        sku=f"{category[0].upper()}-{1042 + n}",
        title=title,
        category=category,
        brand="",
        price_minor=price,
        currency="GBP",
        quantity=1 + n % 3,
        pieces=2 if category == "earrings" else 1,
        created_at=now - timedelta(days=n),
        updated_at=now,
        offered_on={account.key: {} for account in house.accounts},
    )
    session.add(product)
    session.flush()
    house.products.append(product)
    kind = n % len(TITLES)
    for order, shot in enumerate(("dial", "side", "caseback")[: 3 - n % 2]):
        photo = kit.originals.put(watch_photo(seed=n * 7 + order, size=(px * 4 // 3, px)))
        flagged = kind == 6 and order == 0
        session.merge(Photo(sha256=photo, bytes=1, facts={"width": px * 4 // 3, "height": px, "format": "JPEG", "sharpness": 9.4}, regions={}, received_at=now))
        item = ImageSetItem(
            product_id=product.id,
            photo_sha256=photo,
            batch_id=batches[n % 2].id,
            shot=shot,
            order=order,
            created_at=now - timedelta(hours=n),
            state=PhotoState.FLAGGED if flagged else PhotoState.ACCEPTED,
            findings=[{**SMALL, "region": [px // 4, px // 5, px, px * 4 // 5]}] if flagged else [],
            release_id=current_release(session, kit),
        )
        session.add(item)
        session.flush()
        record(session, item, "arrived", now=now - timedelta(hours=n), sku=product.sku, to="received", why=f"{product.sku}_{shot}.jpg", who="folder")
        if flagged:
            house.flagged = item.id
            continue
        _pictures(session, house, product, item, n, order, px, rule_set)
    _listings(session, house, product, kind)


def _pictures(session: Any, house: House, product: Product, item: ImageSetItem, n: int, order: int, px: int, rule_set: str | None) -> None:
    kit, now, kind = house.kit, house.kit.now(), n % len(TITLES)
    data = _finished(n * 7 + order, px)
    rendered = kind != 7
    file = kit.originals.put(data) if rendered else None
    cutout = f"{n:032x}{order:032x}"
    session.add(
        Cutout(
            id=cutout,
            photo_sha256=item.photo_sha256,
            model_sha256="a" * 64,
            alpha_sha256="b" * 64,
            probability=0.97,
            facts={"cutout_confidence": 0.97},
            doubts=[{"words": "the product may be cut at the left edge", "region": [0, 100, 20, 300]}, {"words": "more than one product", "region": None}],
            created_at=now,
        )
    )
    rendition = Rendition(
        id=f"{n:08x}{order:08x}".ljust(64, "0"),
        photo_sha256=item.photo_sha256,
        cutout_id=cutout,
        recipe="amazon-main" if order == 0 else "amazon-alt",
        request={},
        state=RenditionState.RENDERED if rendered else RenditionState.QUEUED,
        file_sha256=file,
        created_at=now,
        rendered_at=now if rendered else None,
    )
    session.add(rendition)
    session.flush()
    if file:
        house.files.append(file)
        facts = {
            "width": px,
            "height": px,
            "fill": 0.86 + 0.004 * (n % 20),
            "border_min_level": 255,
            "sharpness": 4.4 + (n * 5 + order * 3) % 17,
            "luminance": 96.0,
        }
        session.merge(FileFacts(file_sha256=file, measure_version=1, facts=facts, regions={}, measured_at=now))
    for account in house.accounts:
        state = PlacementState.APPROVED if rendered else PlacementState.WAITING
        findings: list[dict[str, Any]] = []
        if kind == 1 and order == 0 and account.marketplace.startswith("amazon"):
            state, findings = (
                PlacementState.REVIEW,
                [{**WHITE, "region": [0, px * 9 // 10, px * 6 // 10, px]}, {**UNSURE, "region": [px // 3, px // 10, px // 2, px // 2]}],
            )
        elif kind == 4 and order == 1:
            state, findings = PlacementState.REVIEW, [{**UNSURE, "region": None}]
        elif kind == 5 and order == 1:
            state = PlacementState.RETOUCH
        placement = Placement(
            product_id=product.id,
            account_id=account.id,
            position="main" if order == 0 else f"alt{order}",
            item_id=item.id,
            rendition_id=rendition.id,
            approved_id=rendition.id if state == PlacementState.APPROVED else None,
            state=state,
            findings=findings,
            judged_rules=rule_set if rendered else None,
            judged_file=file,
            changed_at=now - timedelta(minutes=7 * n + order),
        )
        session.add(placement)
        session.flush()
        house.placements.append(placement)
        record(
            session,
            placement,
            "moved",
            now=now - timedelta(minutes=7 * n),
            sku=product.sku,
            was="waiting",
            to=state.value,
            why=findings[0]["message"] if findings else "passes every rule",
        )
        if state == PlacementState.RETOUCH and account is house.accounts[0]:
            session.add(
                Retouch(
                    item_id=item.id,
                    placement_id=placement.id,
                    to="Studio Weber",
                    note="Take the reflection off the crystal.",
                    state=RetouchState.OUT,
                    sent_at=now,
                    due_at=now + timedelta(days=2),
                )
            )


STATES = (
    ListingState.LIVE,
    ListingState.EMPTY,
    ListingState.SENT,
    ListingState.TO_SEND,
    ListingState.EMPTY,
    ListingState.DRIFTED,
    ListingState.EMPTY,
    ListingState.LIVE,
)


def _listings(session: Any, house: House, product: Product, kind: int) -> None:
    now = house.kit.now()
    main = next((file for file in reversed(house.files)), None)
    for n, account in enumerate(house.accounts):
        state = STATES[kind] if n != 2 else (ListingState.UNPROVABLE if kind == 2 else STATES[kind])
        side = {product.sku: {"main": main}} if main and state != ListingState.EMPTY else {}
        listing = Listing(
            account_id=account.id,
            external_id=f"{'B0' if n < 2 else '35'}{product.id:04d}{n}XQ" if state != ListingState.TO_SEND else None,
            state=state,
            wanted=side,
            wanted_print="1" * 64 if side else None,
            pushed=side if state != ListingState.TO_SEND else {},
            pushed_print="1" * 64 if side and state != ListingState.TO_SEND else None,
            live_at=now - timedelta(hours=5),
            seen_at=now - timedelta(minutes=3 + kind),
            created_at=now,
        )
        session.add(listing)
        session.flush()
        session.add(ListingMember(listing_id=listing.id, account_id=account.id, product_id=product.id, merchant_sku=product.sku))
        record(session, listing, "moved", now=now - timedelta(minutes=3), sku=product.sku, was="to_send", to=state.value, why=account.key)
        if (kind == 0 and n == 0) or (kind == 3 and n == 2):
            suppressed = kind == 0
            session.add(
                Notice(
                    listing_id=listing.id,
                    merchant_sku=product.sku,
                    code="18027" if suppressed else "240",
                    kind="suppressed" if suppressed else "at_risk",
                    reason="non-white-background" if suppressed else None,
                    message="The main image does not have a pure white background." if suppressed else "The listing may be removed: one picture carries text.",
                    positions=["main"],
                    until=None if suppressed else now + timedelta(days=3),
                    black_box={"main": {"file": main, "recipe": "amazon-main", "facts": {}}} if main else {},
                    begin=now - timedelta(hours=2),
                )
            )
        if kind == 2 and n == 0:
            session.add(
                Notice(
                    listing_id=listing.id,
                    merchant_sku=product.sku,
                    code="8541",
                    kind="held",
                    message="The picture is too blurred.",
                    begin=now - timedelta(days=2),
                    end=now - timedelta(days=1),
                    black_box={"main": {"file": main, "recipe": "amazon-main"}},
                )
            )


def _arrivals(session: Any, house: House, px: int, batches: list[Batch]) -> None:
    kit, now = house.kit, house.kit.now()
    stray = kit.originals.put(watch_photo(seed=901, size=(px * 4 // 3, px), item="ring"))
    session.add(Photo(sha256=stray, bytes=1, facts={"width": px * 4 // 3, "height": px}, regions={}, received_at=now))
    rows = [
        Arrival(
            source="folder",
            key="1",
            name="IMG_2041.jpg",
            batch_id=batches[1].id,
            sha256=stray,
            state=ArrivalState.UNMATCHED,
            created_at=now - timedelta(hours=1),
        ),
        Arrival(
            source="webhook",
            key="2",
            name="https://cdn.example/x.jpg",
            batch_id=batches[2].id,
            product_id=house.products[1].id,
            url="https://cdn.example/x.jpg",
            state=ArrivalState.REFUSED,
            problem="refused: the address is private",
            created_at=now - timedelta(minutes=30),
        ),
        Arrival(
            source="webhook",
            key="3",
            name="W-1042/clasp.jpg",
            batch_id=batches[2].id,
            product_id=house.products[0].id,
            sha256=stray,
            state=ArrivalState.WAITING,
            created_at=now,
        ),
    ]
    session.add_all(rows)
    session.flush()
    house.unmatched = rows[0].id


def _lessons(session: Any, house: House) -> None:
    """One that is proposed from a dozen objections, one that was declined, one that is still gathering, of a code that nobody has translated."""
    now, active = house.kit.now(), rulebook.active(session, house.kit)
    where = rules.Scope(marketplace="amazon-uk", country="GB", category="watch", position="main", condition="new")
    chance = random.Random(5)
    values = [(round(chance.uniform(3.1, 5.55), 2), True) for _ in range(12)] + [(round(chance.uniform(5.6, 14), 2), False) for _ in range(90)]
    seen = [
        rules.Observation(f"W-{n}", {"sharpness": value}, where, objected, now - timedelta(days=9, minutes=n), imported=n % 9 == 0)
        for n, (value, objected) in enumerate(values)
    ]
    blurred = rules.Evidence("amazon-uk", "8541", "blur", "The picture is too blurred.", {"sharpness": 5.2, "fill": 0.88}, where)
    weighed = rules.weigh(active, "amazon", blurred.words, where, seen, now)
    proposal = rules.propose_limit(active, blurred, weighed)
    proposed = Lesson(
        subject="amazon:reason:blur:0a1b2c",
        authority="amazon",
        proposal=proposal.to_dict(),
        evidence=[_evidence(blurred, "W-1042", file, value, now) for file, value in zip(house.files, (5.2, 4.8), strict=False)],
        weighed={**weighed.to_dict(), "alone": rules.propose(active, blurred).to_dict()},
        state=LessonState.PROPOSED,
        proposed_at=now - timedelta(hours=3),
    )
    declined = Lesson(
        subject="ebay:ebay-no-text",
        authority="ebay",
        proposal={
            "kind": "write",
            "rule": "ebay-240",
            "summary": "A person should look at pictures like the one that eBay complained of with code 240.",
            "fact": None,
        },
        evidence=[],
        state=LessonState.DECLINED,
        decided_by="admin",
        reason="It was the old picture of another seller.",
        proposed_at=now - timedelta(days=4),
        decided_at=now - timedelta(days=3),
    )
    unknown = rules.Evidence("amazon-uk", "18999", None, "This picture is not right.", {"sharpness": 9.2, "fill": 0.86}, where)
    alone, few = rules.propose(active, unknown), rules.weigh(active, "amazon", unknown.words, where, [], now)
    gathering = Lesson(
        subject="amazon:code:18999:0a1b2c",
        authority="amazon",
        proposal=alone.to_dict(),
        evidence=[_evidence(unknown, "W-1043", house.files[0], alone.value, now)],
        weighed={**few.to_dict(), "alone": alone.to_dict()},
        state=LessonState.GATHERING,
        proposed_at=now - timedelta(hours=1),
    )
    session.add_all([proposed, declined, gathering])
    session.flush()
    house.lesson = proposed.id


def _evidence(of: rules.Evidence, sku: str, file: str, value: Any, now: datetime) -> dict[str, Any]:
    said = {"sku": sku, "marketplace": of.marketplace, "position": "main", "code": of.code, "message": of.message, "guessed": False}
    return {**said, "file": file, "value": value, "facts": {**of.facts, "sharpness": value}, "at": now.isoformat()}


def _finished(seed: int, px: int) -> bytes:
    """A picture on white, as the pipeline would make it."""
    with Image.open(io.BytesIO(watch_photo(seed=seed, size=(px, px), white=True))) as picture:
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()
