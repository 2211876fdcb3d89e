"""A house of many products written as rows, with violations planted by a seeded generator; and what judging all of it again says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
import integrations
import rules
from app import excuses
from app.kit import Kit
from app.models import (
    Account,
    Base,
    Baseline,
    Cutout,
    FileFacts,
    ImageSetItem,
    KnownFinding,
    Listing,
    ListingMember,
    Notice,
    Photo,
    Placement,
    Product,
    Rendition,
    Waiver,
)
from app.stages import check
from app.states import ListingState, PhotoState, PlacementState, RenditionState
from app.verdicts import weigh
from tests.app.factories import GOOD_FACTS, account
from tests.reload import SOURCE, added, changed

POSITIONS = ("main", "alt1")
CHANGED = {  # stricter, looser, new and graver
    "amazon.yaml": changed(7.5)
    + f"- {{id: amazon-cutout-confidence, limit: 0.66, passes: [0.7], fails: [0.6], source: {SOURCE}}}\n"
    + added("amazon-noise", "noise", 0.2).replace("fails: [-0.8]", "fails: [0.1]"),
    "ebay.yaml": f"- {{id: ebay-best-size, level: stop, source: {SOURCE}}}\n- {{id: ebay-pieces, limit: 1, passes: [0, 1], fails: [2], source: {SOURCE}}}\n",
}
# what is planted: its share of the pictures, and the facts of them
PLANTED: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.03, {"sharpness": 5.0}),  # passes at Amazon now, not then
    (0.01, {"sharpness": 2.0}),  # fails either way
    (0.02, {"noise": 0.1}),
    (0.02, {"noise": 0.1, "border_min_level": 240}),
    (0.02, {"longest_side": 1200}),
    (0.005, {"noise": "high"}),
    (0.005, {"fill": None, "sharpness": 6.0}),
)


def build(kit: Kit, products: int, seed: int) -> None:
    """Fill a migrated house: two accounts, main and one alternate each; listings, older live pictures, waivers, notices, a few unmeasured or failed."""
    chance, now = random.Random(seed), kit.now()
    accounts = [account(kit, key) for key in ("amazon-uk:main", "ebay-uk:main")]
    with kit.db.reading() as session:
        first = (session.scalar(sa.select(sa.func.max(Product.id))) or 0) + 1
    for start in range(first, first + products, 500):
        rows: dict[type[Base], list[dict[str, Any]]] = {kind: [] for kind in _ORDER}
        for number in range(start, min(start + 500, first + products)):
            for kind, row in _product(number, accounts, chance, now):
                rows[kind].append(row)
        with kit.db.writing() as session:
            for kind in _ORDER:
                if rows[kind]:
                    session.execute(sa.insert(kind), rows[kind])
    with kit.db.writing() as session:
        _answered(session, chance, now)


def _answered(session: Session, chance: random.Random, now: datetime) -> None:
    """Somebody answers for a rule at a few products, at one account until yesterday, and for a few live pictures as they were."""
    judged = ("amazon-sharpness", "amazon-noise", "ebay-best-size")
    products, accounts = session.scalars(sa.select(Product.id)).all(), session.scalars(sa.select(Account.id)).all()
    for number in chance.sample(list(products), len(products) // 20):
        on = chance.choice((None, *accounts))
        session.add(Waiver(rule=chance.choice(judged), product_id=number, account_id=on, who="ada", why="fine", at=now, until=now + timedelta(days=9)))
    session.add(Waiver(rule=judged[0], account_id=accounts[0], who="ada", why="over", at=now - timedelta(days=2), until=now - timedelta(days=1)))
    taken = Baseline(rule_set="0" * 64, who="ada", why="known", at=now)
    session.add(taken)
    session.flush()
    placed = session.execute(sa.select(Placement.id, Rendition.file_sha256).join(Rendition, Rendition.id == Placement.rendition_id)).all()
    for placement, file in chance.sample(placed, len(placed) // 20):
        if file is not None:
            session.add(KnownFinding(placement_id=placement, file_sha256=file, rule=chance.choice(judged), baseline_id=taken.id))


_ORDER = (Product, Photo, ImageSetItem, Cutout, Rendition, FileFacts, Placement, Listing, ListingMember, Notice)


def _sha(*words: object) -> str:
    return hashlib.sha256(":".join(map(str, words)).encode()).hexdigest()


def _product(number: int, accounts: list[Account], chance: random.Random, now: Any) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    sku, photo = f"W-{number:05}", _sha("photo", number)
    yield Product, {
        "id": number, "sku": sku, "title": f"Watch {number}",
        "category": chance.choice(("watch", "ring", "bracelet", "")), "condition": chance.choice(("new", "new", "used")),
        "price_minor": chance.randint(1_000, 500_000), "currency": chance.choice(("GBP", "GBP", "EUR")), "quantity": chance.randint(0, 5),
        "pieces": chance.choice((1, 1, 1, 2)), "created_at": now, "updated_at": now,
    }  # fmt: skip
    yield Photo, {"sha256": photo, "bytes": 1, "facts": {"longest_side": 4000, "sharpness": chance.uniform(2, 40)}, "received_at": now}
    yield ImageSetItem, {"id": number, "product_id": number, "photo_sha256": photo, "state": PhotoState.ACCEPTED, "created_at": now}
    cutout = _sha("cutout", number)
    facts = {"cutout_confidence": round(chance.uniform(0.65, 1), 3), "cutout_pieces": chance.choice((1, 1, 1, 1, 2))}
    yield Cutout, {"id": cutout, "photo_sha256": photo, "model_sha256": _sha("m"), "alpha_sha256": photo, "probability": 0.9, "facts": facts, "created_at": now}
    for on in accounts:
        side = {}
        for position in POSITIONS:
            file, own = _sha("file", number, on.id, position), position != "main" and chance.random() < 0.3
            state = chance.choices((RenditionState.RENDERED, RenditionState.FAILED, RenditionState.QUEUED), (98, 1, 1))[0]
            made, older = _rendition(photo, None if own else cutout, file, state, now), None
            yield Rendition, made
            if state == RenditionState.RENDERED and chance.random() < 0.995:
                yield FileFacts, _facts(file, chance, now)
            if chance.random() < 0.05:  # the marketplace still shows what was there before
                older = _sha("older", file)
                yield Rendition, _rendition(photo, cutout, older, RenditionState.RENDERED, now)
                yield FileFacts, _facts(older, chance, now)
            side[position] = older or file
            placed = chance.choices((PlacementState.APPROVED, PlacementState.REVIEW, PlacementState.REJECTED, PlacementState.WAITING), (85, 8, 4, 3))[0]
            waived = {"rendition": made["id"], "rules": chance.sample(["amazon-noise", "amazon-sharpness", "ebay-best-size"], 1), "who": "ada", "why": "fine"}
            yield Placement, {
                "product_id": number, "account_id": on.id, "position": position, "item_id": number, "rendition_id": made["id"], "state": placed,
                "approved_id": made["id"] if placed == PlacementState.APPROVED else None, "waived": waived if chance.random() < 0.1 else {}, "changed_at": now,
            }  # fmt: skip
        listing = 10 * number + on.id
        up = chance.random() < 0.8
        yield Listing, {
            "id": listing, "account_id": on.id, "state": ListingState.LIVE if up else ListingState.EMPTY, "pushed": {sku: side} if up else {},
            "pushed_print": _sha(side) if up else None, "created_at": now,
        }  # fmt: skip
        yield ListingMember, {"listing_id": listing, "account_id": on.id, "product_id": number, "merchant_sku": sku}
        if up and chance.random() < 0.1:
            boxed = {**_facts(side["main"], chance, now)["facts"], "sharpness": chance.choice((2.0, 5.0, 12.0))}
            box = {"file": side["main"], "rendition": _sha("rendition", side["main"]), "facts": boxed, "findings": [], "rule_set": None, "reviewer": None}
            yield Notice, {
                "listing_id": listing, "merchant_sku": sku, "code": "99001", "kind": "suppressed", "reason": "blur", "message": "Blurry.",
                "black_box": {"main": box}, "begin": now, "end": now if chance.random() < 0.5 else None,
            }  # fmt: skip


def _rendition(photo: str, cutout: str | None, file: str, state: RenditionState, now: Any) -> dict[str, Any]:
    return {
        "id": _sha("rendition", file), "photo_sha256": photo, "cutout_id": cutout, "recipe": "r", "request": {}, "state": state,
        "file_sha256": file if state == RenditionState.RENDERED else None,
        "problem": "unreadable" if state == RenditionState.FAILED else None, "created_at": now,
    }  # fmt: skip


def _facts(file: str, chance: random.Random, now: Any) -> dict[str, Any]:
    facts = {**GOOD_FACTS, "noise": 0.5, "sharpness": round(chance.uniform(8, 20), 3), "fill": round(chance.uniform(0.85, 0.9), 4)}
    draw = chance.random()
    for share, planted in PLANTED:
        if 0 <= draw < share:
            facts |= planted
        draw -= share
    return {"file_sha256": file, "measure_version": imaging.MEASURE_VERSION, "facts": facts, "measured_at": now}


Verdicts = dict[tuple[str, str, str], tuple[bool, bool]]  # (sku, account, position) -> fails by the old set, by the new


def judged_again(session: Session, old: rules.RuleSet, new: rules.RuleSet, now: datetime) -> Verdicts:
    """Every placement that the check stage would judge from stored facts, judged in full by both sets, straight from the rows."""
    facts = {row.file_sha256: row.facts for row in session.scalars(sa.select(FileFacts)) if row.measure_version == imaging.MEASURE_VERSION}
    cutouts = {row.id: row.facts for row in session.scalars(sa.select(Cutout))}
    told: Verdicts = {}
    answered = excuses.read(session, now)
    rows = session.execute(
        sa.select(Placement, Rendition, Product, Account)
        .join(Rendition, Rendition.id == Placement.rendition_id)
        .join(Product, Product.id == Placement.product_id)
        .join(Account, Account.id == Placement.account_id)
        .where(Placement.state.in_(check.JUDGED), Rendition.state == RenditionState.RENDERED)
    )
    for place, made, product, on in rows:
        if made.file_sha256 not in facts:
            continue
        site = integrations.SITES[on.marketplace]
        known = {**facts[made.file_sha256], **(cutouts[made.cutout_id] if made.cutout_id else {}), "background_kept": made.cutout_id is None}
        pieces = known.get("cutout_pieces", known.get("pieces"))
        if made.cutout_id is not None and isinstance(pieces, int):
            known["pieces_off"] = abs(pieces - product.pieces)
        scope = rules.Scope(site.key, site.country, product.category, place.position, product.condition)
        stands = answered.of(place, made.id, made.file_sha256)
        judged = [[found.to_dict() for found in rules.judge(rule_set, site.connector, known, scope)] for rule_set in (old, new)]
        fails = [not weigh(findings, stands, now).passes for findings in judged]
        told[product.sku, on.key, place.position] = (fails[0], fails[1])
    return told
