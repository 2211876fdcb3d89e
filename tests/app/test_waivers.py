"""Waivers end by themselves or are revoked; what is live stays until its replacement passes; all of it is in the history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import waivers
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, Listing, Placement, Product, Verdict, Waiver, Work
from app.stages import STAGES, review
from app.stages.run import settle_all
from app.states import ListingState, PlacementState
from tests.app.factories import account, item, listing, placement, product, rendition

CHECK = {name: STAGES[name] for name in ("check", "want")}
RULE = "ebay-longest-side"
SMALL = {"longest_side": 400, "shortest_side": 400}


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Both databases: the wake-up reads JSON as text."""
    return each_kit


def waiting(kit: Kit, on: Account, sku: str) -> Placement:
    of = product(kit, sku)
    dial = item(kit, of)
    return placement(kit, dial, on, rendition(kit, dial, facts=SMALL))


def waive(kit: Kit, days: float = 7, **scope: Any) -> int:
    with kit.db.writing() as session:
        row = waivers.add(session, kit, rule=RULE, until=kit.now() + timedelta(days=days), why="the old stock is all there is", who="ann", **scope)
        return row.id


def state(kit: Kit, place: Placement) -> PlacementState:
    with kit.db.reading() as session:
        return session.get_one(Placement, place.id).state


def history(kit: Kit, kind: str) -> list[tuple[str, str, str]]:
    with kit.db.reading() as session:
        return [(e.what, e.who, e.why) for e in session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.id))]


def test_a_waiver_lets_through_what_is_in_its_scope_alone_and_ends_by_itself(kit: Kit) -> None:
    on, other = account(kit), account(kit, "ebay-us:main")
    mine, sister, elsewhere = waiting(kit, on, "W-1"), waiting(kit, on, "W-2"), waiting(kit, other, "W-3")
    settle_all(kit, CHECK)
    assert [state(kit, p) for p in (mine, sister, elsewhere)] == [PlacementState.REVIEW] * 3
    with kit.db.reading() as session:
        scope: dict[str, Any] = {"product": session.get_one(Product, mine.product_id), "account": session.get_one(Account, on.id)}

    waive(kit, **scope)
    settle_all(kit, CHECK)

    assert [state(kit, p) for p in (mine, sister, elsewhere)] == [PlacementState.APPROVED, PlacementState.REVIEW, PlacementState.REVIEW]
    with kit.db.reading() as session:
        row = session.get_one(Placement, mine.id)
        assert [(f["rule"], f["excused"]["who"]) for f in row.findings if f.get("excused")] == [(RULE, "ann")]
        assert row.excused_until == kit.now() + timedelta(days=7)
        verdict = session.scalars(sa.select(Verdict).where(Verdict.placement_id == mine.id).order_by(Verdict.id.desc())).first()
        assert verdict is not None
        assert any(f.get("excused") for f in verdict.findings), "the verdict keeps why it passed"
    assert "passes every rule but ebay-longest-side waived by ann until 30 Nov 2026" in history(kit, "placement")[-1][2]

    kit.clock.advance(7 * 86_400 - 1)  # type: ignore[attr-defined]
    settle_all(kit, CHECK)
    assert state(kit, mine) == PlacementState.APPROVED
    kit.clock.advance(1)  # type: ignore[attr-defined]
    settle_all(kit, CHECK)
    assert state(kit, mine) == PlacementState.REVIEW
    assert "the waiver of ebay-longest-side by ann is over" in history(kit, "placement")[-1][2]


def test_a_waiver_that_is_revoked_while_a_picture_is_judged_lets_it_through_no_longer(kit: Kit) -> None:
    on = account(kit)
    number = waive(kit, account=on)
    mine = waiting(kit, on, "W-1")
    with kit.db.writing() as session:
        waivers.revoke(session, kit, session.get_one(Waiver, number), "ann", "new photos")
    with kit.db.reading() as session:
        assert session.scalar(sa.select(Work.due_at).where(Work.stage == "check", Work.row == str(mine.id))) is not None, "it is judged once more"


def test_an_end_whose_wake_up_was_lost_is_noticed(kit: Kit) -> None:
    on = account(kit)
    mine = waiting(kit, on, "W-1")
    waive(kit, account=on)
    settle_all(kit, CHECK)
    with kit.db.writing() as session:
        session.execute(sa.delete(Work))
    kit.clock.advance(8 * 86_400)  # type: ignore[attr-defined]

    settle_all(kit, CHECK)

    assert state(kit, mine) == PlacementState.REVIEW


def test_a_revoked_waiver_brings_the_case_back_and_never_empties_a_live_main_picture(kit: Kit) -> None:
    on = account(kit)
    mine = waiting(kit, on, "W-1")
    number = waive(kit, account=on)
    with kit.db.reading() as session:
        of, file = session.get_one(Product, mine.product_id), session.get_one(Placement, mine.id).rendition.file_sha256  # type: ignore[union-attr]
    side = {"W-1": {"main": file}}
    shop = listing(kit, of, on, ListingState.LIVE, wanted=side, pushed=side, wanted_print="p", pushed_print="p")
    settle_all(kit, CHECK)
    assert state(kit, mine) == PlacementState.APPROVED

    with kit.db.writing() as session:
        waivers.revoke(session, kit, session.get_one(Waiver, number), "bob", "the photographer sent larger ones")
    settle_all(kit, CHECK)

    assert state(kit, mine) == PlacementState.REVIEW
    with kit.db.reading() as session:
        assert session.get_one(Listing, shop.id).wanted == side
        assert [case.id for case in review.queue(session) if case.kind == "placement"] == [mine.id]
    assert [(what, who) for what, who, _ in history(kit, "waiver")] == [("waived", "ann"), ("revoked", "bob")]
    with kit.db.writing() as session, pytest.raises(Refusal, match="revoked by bob already"):
        waivers.revoke(session, kit, session.get_one(Waiver, number), "ann", "again")


def test_an_override_beside_a_waiver_is_for_the_rest_and_can_be_taken_back(kit: Kit) -> None:
    on = account(kit)
    of = product(kit, "W-1")
    dial = item(kit, of)
    mine = placement(kit, dial, on, rendition(kit, dial, facts={**SMALL, "frames": 2}))
    waive(kit, account=on)
    settle_all(kit, CHECK)
    with kit.db.writing() as session:
        review.approve(session, kit, session.get_one(Placement, mine.id), "ann", "it is one picture all the same")
    with kit.db.reading() as session:
        row = session.get_one(Placement, mine.id)
        assert row.waived["rules"] == ["ebay-frames"], "what is waived needs no override"
        assert {f["rule"]: f["excused"]["by"] for f in row.findings if f.get("excused")} == {RULE: "waiver", "ebay-frames": "override"}

    with kit.db.writing() as session:
        review.ask_again(session, kit, session.get_one(Placement, mine.id), "ann")
    with kit.db.reading() as session:
        assert {f["rule"] for f in session.get_one(Placement, mine.id).findings if f.get("excused")} == {RULE}


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"why": " "}, "say why"),
        ({"account": None}, "name a product"),
        ({"days": 0}, "in the future"),
        ({"days": 400}, "366 days at the most"),
        ({"rule": "ebay-nothing"}, "no rule ebay-nothing"),
        ({"rule": "intake-sharpness"}, "accept the photograph"),
        ({"rule": "amazon-main-fill"}, "a rule of amazon"),
    ],
)
def test_a_waiver_that_cannot_hold_is_refused_in_words(kit: Kit, wish: dict[str, Any], says: str) -> None:
    on = account(kit)
    values = {"rule": RULE, "why": "because", "account": on, "days": 7, **wish}
    until = kit.now() + timedelta(days=values.pop("days"))

    with kit.db.writing() as session, pytest.raises(Refusal, match=says):
        waivers.add(session, kit, until=until, who="ann", **values)
