"""What the house's history says of each rule: fired, overridden, escaped, and lived on against its word. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

import imaging
import rules
from app import rule_record
from app.kit import Kit
from app.models import Account, Listing, Notice, Placement, Product, Rendition
from app.stages import STAGES, review
from app.stages.run import settle_all
from app.states import ListingState, PhotoState
from tests.app.factories import account, item, listing, placement, product, rendition

SHIPPED = rules.load(imaging.FACTS)
INTAKE = {"rule": "intake-sharpness", "level": "stop"}


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    return each_kit


class Shown:
    """A product whose main picture was judged, and is shown."""

    def __init__(self, kit: Kit, on: Account, sku: str, **facts: Any) -> None:
        self.of: Product = product(kit, sku)
        dial = item(kit, self.of)
        self.made: Rendition = rendition(kit, dial, facts=facts)
        self.place: Placement = placement(kit, dial, on, self.made)
        side = {sku: {"main": self.made.file_sha256}}
        self.listing: Listing = listing(kit, self.of, on, ListingState.LIVE, pushed=side, wanted=side, live_at=kit.now() - timedelta(days=61))


def read(kit: Kit, ask: Callable[[Session], Any]) -> Any:
    with kit.db.reading() as session:
        return ask(session)


def judge(kit: Kit) -> None:
    with kit.db.writing() as session:
        STAGES["check"].mark(session, kit, kit.now())
    settle_all(kit, {"check": STAGES["check"]})


def override(kit: Kit, shown: Shown) -> None:
    with kit.db.writing() as session:
        review.approve(session, kit, session.get_one(Placement, shown.place.id), "ann", "the buyer knows")


def test_fired_counts_findings_in_verdicts_and_on_photographs(kit: Kit) -> None:
    on = account(kit)
    Shown(kit, on, "W-1", longest_side=400)
    small = Shown(kit, on, "W-2", longest_side=400, jpeg_quality=50)
    Shown(kit, on, "W-3")
    item(kit, small.of, state=PhotoState.FLAGGED, findings=[INTAKE])
    judge(kit)

    record = read(kit, lambda session: rule_record.of(session, SHIPPED))

    assert (record.fired["ebay-longest-side"], record.fired["ebay-jpeg-quality"], record.fired["intake-sharpness"]) == (2, 1, 1)
    assert record.fired["ebay-bytes"] == 0
    assert (record.asked["ebay-bytes"], record.asked["ebay-main-fill"], record.asked["ebay-alt-marks"], record.asked["amazon-bytes"]) == (3, 3, 0, 0)


def test_overridden_counts_what_a_person_let_through(kit: Kit) -> None:
    on = account(kit)
    one, two = Shown(kit, on, "W-1", longest_side=400), Shown(kit, on, "W-2", longest_side=400)
    item(kit, two.of, state=PhotoState.ACCEPTED, findings=[INTAKE])
    item(kit, two.of, state=PhotoState.FLAGGED, findings=[INTAKE])
    judge(kit)
    override(kit, one)

    record = read(kit, lambda session: rule_record.of(session, SHIPPED))

    assert record.overridden == {"ebay-longest-side": 1, "intake-sharpness": 1}


@pytest.mark.parametrize(
    ("facts", "code", "reason", "escaped"),
    [
        ({"jpeg_quality": 92}, "21916791", "low-quality", {"ebay-jpeg-quality"}),
        ({"jpeg_quality": 50}, "21916791", "low-quality", set()),
        ({"jpeg_quality": 92}, "x", "low-quality", {"ebay-jpeg-quality"}),
        ({"jpeg_quality": None}, "21916791", None, set()),
        ({"jpeg_quality": 92}, "240", "policy", set()),
    ],
)
def test_escaped_counts_notices_for_pictures_that_keep_the_rule_meant_to_prevent_them(
    kit: Kit, facts: dict[str, Any], code: str, reason: str | None, escaped: set[str]
) -> None:
    shown = Shown(kit, account(kit), "W-1")
    with kit.db.writing() as session:
        box = {"main": {"file": shown.made.file_sha256, "facts": facts, "findings": []}}
        session.add(
            Notice(
                listing_id=shown.listing.id,
                merchant_sku="W-1",
                code=code,
                kind="suppressed",
                reason=reason,
                message="m",
                black_box=box,
                begin=kit.now(),
                raw={},
            )
        )

    record = read(kit, lambda session: rule_record.of(session, SHIPPED))

    assert set(record.escaped) == escaped


def test_a_listing_that_lives_on_with_a_waived_finding_speaks_against_the_rule(kit: Kit) -> None:
    on = account(kit)
    right, young, noticed, other = (Shown(kit, on, f"W-{number}", longest_side=400) for number in range(4))
    judge(kit)
    for shown in (right, young, noticed, other):
        override(kit, shown)
    with kit.db.writing() as session:
        session.get_one(Listing, young.listing.id).live_at = kit.now() - timedelta(days=59)
        session.get_one(Listing, other.listing.id).pushed = {"W-3": {"main": "f" * 64}}
        session.add(
            Notice(listing_id=noticed.listing.id, merchant_sku="W-2", code="240", kind="suppressed", message="m", black_box={}, begin=kit.now(), raw={})
        )

    assert read(kit, lambda session: rule_record.lived(session, kit.now(), 60)) == {"ebay-longest-side": 1}


def test_a_house_without_history_says_nothing_against_any_rule(kit: Kit) -> None:
    record = read(kit, lambda session: rule_record.of(session, SHIPPED))

    assert (record.fired, record.overridden, record.escaped, record.asked) == ({}, {}, {}, {})
    assert read(kit, lambda session: rule_record.lived(session, kit.now(), 60)) == {}
