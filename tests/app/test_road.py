"""The whole road in one process, without the job engine: shoot -> live -> suppressed -> lesson -> judged again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

import integrations
from app import rulebook, views
from app.kit import Kit
from app.models import Account, Lesson, Listing, Notice, Placement, Push
from app.stages import learn
from app.stages.intake import open_batch, receive_file
from app.stages.inventory import apply_event
from app.states import ListingState, PlacementState, PushState
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.shots import watch_photo


def created(sku: str, **data: Any) -> integrations.inventory.Event:
    body = {
        "type": "sku.created",
        "timestamp": "2026-11-23T08:00:00Z",
        "data": {
            "sku": sku,
            "title": f"Watch {sku}",
            "category": "watch",
            "brand": "Halden",
            "price": {"amount": "249.00", "currency": "GBP"},
            "quantity": 1,
            "condition": "new",
            **data,
        },
    }
    return integrations.inventory.parse_event(None, body)


def sharp_photo(seed: int) -> bytes:
    """Sharp enough for the practice Amazon's hidden limit."""
    return watch_photo(seed=seed, size=(1600, 1200))


def send_photo(kit: Kit, sku: str, shot: str = "dial", data: bytes | None = None) -> None:
    with kit.db.writing() as session:
        batch = open_batch(session, "upload", "first", kit.now())
        receive_file(session, kit, batch=batch, name=f"{sku}/{shot}.jpg", data=data or sharp_photo(4), who="tests")


def test_a_photo_goes_from_upload_to_live_on_both_marketplaces(each_kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    kit = each_kit
    add_practice_accounts(kit, practice)
    with kit.db.writing() as session:
        assert apply_event(session, kit, created("W-1"), "event-1") == "applied"
    send_photo(kit, "W-1", "dial", sharp_photo(1))
    send_photo(kit, "W-1", "side", sharp_photo(2))

    run_for(kit, clock, 40, practice)

    with kit.db.reading() as session:
        reasons = {w.account: (w.live, w.sentence) for w in views.why(session, kit, "W-1")}
        assert all(live for live, _ in reasons.values()), reasons
        assert set(session.scalars(sa.select(Listing.state))) == {ListingState.LIVE}
        assert set(session.scalars(sa.select(Push.state))) == {PushState.ACCEPTED}
    shown = practice.witness("listings")
    assert sorted(len(listing["pictures"]) for listing in shown) == [2, 2]


def test_a_suppression_becomes_a_lesson_and_the_accepted_lesson_judges_again_what_is_live(each_kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    kit = each_kit
    add_practice_accounts(kit, practice)
    with kit.db.writing() as session:
        apply_event(session, kit, created("W-SOFT"), "event-1")
    send_photo(kit, "W-SOFT", "dial", watch_photo(seed=1, size=(1600, 1200), blur=0.8))  # passes our limit, not the hidden one
    run_for(kit, clock, 40, practice)

    with kit.db.reading() as session:
        [notice] = session.scalars(sa.select(Notice))
        [lesson] = session.scalars(sa.select(Lesson))
        assert (notice.kind, notice.reason, notice.end) == ("suppressed", "blur", None)
        assert notice.black_box["main"]["facts"]["sharpness"] == lesson.evidence[0]["value"]
        assert {w.account: w.word for w in views.why(session, kit, "W-SOFT")} == {"amazon-uk:main": "suppressed", "ebay-uk:main": "live"}
        before = rulebook.active_hash(session)
    with kit.db.writing() as session:
        learn.accept(session, kit, session.get_one(Lesson, lesson.id), "ann", "one is enough for me")
    run_for(kit, clock, 4, practice)

    with kit.db.reading() as session:
        assert rulebook.active_hash(session) != before
        rule = next(r for r in rulebook.active(session, kit).rules if r.id == lesson.proposal["rule"])
        assert lesson.evidence[0]["value"] in rule.fails
        amazon = session.scalars(sa.select(Placement).join(Account).where(Account.key == "amazon-uk:main")).one()
        assert amazon.state == PlacementState.REVIEW
        listing = session.scalars(sa.select(Listing).join(Account).where(Account.key == "amazon-uk:main")).one()
        assert listing.wanted == listing.pushed, "a main picture that is shown stays until its replacement passes"
