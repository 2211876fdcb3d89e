"""A baseline: old findings on live pictures warn, new ones stop; it is said of that very file at that very place, and can be dropped."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import imaging
import rules
from app import baselines, rulebook
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Event, ImageSetItem, KnownFinding, Listing, Placement, Product, Work
from app.stages import STAGES, review
from app.stages.run import settle_all
from app.states import ListingState, PlacementState
from tests.app.factories import account, item, listing, placement, product, rendition

CHECK = {name: STAGES[name] for name in ("check", "want")}
STRICTER = {
    "ebay.yaml": """
- id: ebay-longest-side
  limit: 900
  passes: [900]
  fails: [899]
  source: {page: ours, read: 2026-11-20, says: buyers of ours zoom}
"""
}


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    return each_kit


def live(kit: Kit, on: Account, sku: str, side: int = 800) -> Placement:
    """A picture that passes and is live."""
    of = product(kit, sku)
    dial = item(kit, of)
    made = rendition(kit, dial, facts={"longest_side": side, "shortest_side": side})
    pushed = {sku: {"main": made.file_sha256}}
    listing(kit, of, on, ListingState.LIVE, wanted=pushed, pushed=pushed, wanted_print="p", pushed_print="p")
    return placement(kit, dial, on, made, state=PlacementState.APPROVED)


def stricter(kit: Kit) -> rules.RuleSet:
    made = rules.load(imaging.FACTS, STRICTER)
    with kit.db.writing() as session:
        rulebook.activate(session, kit, made, STRICTER, "ann", "zoom")
    return made


def take(kit: Kit, rule_set: rules.RuleSet | None = None, **scope: object) -> baselines.Seen:
    with kit.db.reading() as session:
        seen = baselines.look(session, kit, rule_set=rule_set, **scope)  # type: ignore[arg-type]
    with kit.db.writing() as session:
        baselines.keep(session, kit, seen, "ann", "before the stricter rule", **scope)  # type: ignore[arg-type]
    return seen


def states(kit: Kit, *places: Placement) -> list[PlacementState]:
    with kit.db.reading() as session:
        return [session.get_one(Placement, place.id).state for place in places]


def test_a_stricter_rule_sends_live_pictures_to_review_without_a_baseline_and_not_with_one(kit: Kit) -> None:
    known, large = live(kit, account(kit), "W-1"), live(kit, account(kit, "ebay-us:main"), "W-2", side=2000)
    settle_all(kit, CHECK)
    assert states(kit, known, large) == [PlacementState.APPROVED] * 2

    stricter(kit)
    settle_all(kit, CHECK)
    assert states(kit, known, large) == [PlacementState.REVIEW, PlacementState.APPROVED]
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Listing).join(Account).where(Account.key == "ebay-uk:main")).one().wanted["W-1"]["main"]

    seen = take(kit)
    settle_all(kit, CHECK)
    assert (seen.pictures, [b.rule for b in seen.broken], seen.unmeasured) == (2, ["ebay-longest-side"], 0)
    assert states(kit, known, large) == [PlacementState.APPROVED] * 2
    with kit.db.reading() as session:
        assert review.waiting(session) == 0
        found = {f["rule"]: f for f in session.get_one(Placement, known.id).findings}
        assert found["ebay-longest-side"]["excused"]["by"] == "baseline"


def test_a_baseline_taken_before_the_rule_is_in_force_keeps_the_queue_empty_all_the_time(kit: Kit) -> None:
    places = [live(kit, account(kit), "W-1")]
    settle_all(kit, CHECK)

    take(kit, rules.load(imaging.FACTS, STRICTER))
    stricter(kit)
    settle_all(kit, CHECK)

    assert states(kit, *places) == [PlacementState.APPROVED]
    with kit.db.reading() as session:
        moved = session.scalars(sa.select(Event.to).where(Event.kind == "placement", Event.to == "review")).all()
        assert moved == [], "it was never sent to a person"


def test_a_new_picture_gets_the_full_rule_and_what_was_known_ends_when_one_passes(kit: Kit) -> None:
    on = account(kit)
    place = live(kit, on, "W-1")
    stricter(kit)
    take(kit)
    settle_all(kit, CHECK)
    with kit.db.reading() as session:
        photo = session.get_one(ImageSetItem, place.item_id)

    for side, expected, left in ((800, PlacementState.REVIEW, 1), (1700, PlacementState.APPROVED, 0)):
        fresh = rendition(kit, photo, facts={"longest_side": side, "shortest_side": side})
        with kit.db.writing() as session:
            session.execute(sa.update(Placement).values(rendition_id=fresh.id, state=PlacementState.WAITING, judged_rules=None, judged_file=None))
        settle_all(kit, CHECK)
        assert states(kit, place) == [expected]
        with kit.db.reading() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(KnownFinding)) == left
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Event.why).where(Event.what == "baseline ended")).one().endswith("ebay-longest-side no longer known")


def test_a_baseline_is_of_one_account_or_one_rule_where_it_says_so_and_can_be_dropped(kit: Kit) -> None:
    on, other = account(kit), account(kit, "ebay-us:main")
    mine, elsewhere = live(kit, on, "W-1"), live(kit, other, "W-2")
    stricter(kit)
    settle_all(kit, CHECK)

    take(kit, account=on, rule="ebay-longest-side")
    settle_all(kit, CHECK)
    assert states(kit, mine, elsewhere) == [PlacementState.APPROVED, PlacementState.REVIEW]
    with kit.db.reading() as session:
        assert [(key, rule, count) for key, rule, count, _ in baselines.known(session)] == [("ebay-uk:main", "ebay-longest-side", 1)]

    with kit.db.writing() as session:
        assert baselines.drop(session, kit, "bob", "the photographer has time now", account=session.get_one(Account, other.id)) == 0
        assert baselines.drop(session, kit, "bob", "the photographer has time now", rule="ebay-longest-side") == 1
    settle_all(kit, CHECK)
    assert states(kit, mine, elsewhere) == [PlacementState.REVIEW] * 2
    with kit.db.reading() as session:
        said = [(e.what, e.who) for e in session.scalars(sa.select(Event).where(Event.kind == "baseline").order_by(Event.id))]
        assert said == [("taken", "ann"), ("dropped", "bob")]
        assert session.get_one(Product, mine.product_id).sku == "W-1"


def test_what_is_not_live_is_never_known(kit: Kit) -> None:
    of = product(kit, "W-1")
    dial = item(kit, of)
    place = placement(kit, dial, account(kit), rendition(kit, dial, facts={"longest_side": 300, "shortest_side": 300}))
    settle_all(kit, CHECK)

    assert take(kit).pictures == 0
    settle_all(kit, CHECK)
    assert states(kit, place) == [PlacementState.REVIEW]


def test_a_baseline_needs_a_reason_and_a_rule_that_exists(kit: Kit) -> None:
    with kit.db.writing() as session:
        seen = baselines.look(session, kit)
        with pytest.raises(Refusal, match="say why"):
            baselines.keep(session, kit, seen, "ann", "")
        with pytest.raises(Refusal, match="say why"):
            baselines.drop(session, kit, "ann", "")
        with pytest.raises(Refusal, match="no rule ebay-nothing"):
            baselines.look(session, kit, rule="ebay-nothing")
        assert session.scalars(sa.select(Work)).all() == []
