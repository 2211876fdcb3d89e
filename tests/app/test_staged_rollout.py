"""A rollout reaches a share of the products, always the same ones first, and halts by itself where the new pictures are worse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import imaging
from app import rollout
from app.errors import Refusal
from app.kit import Kit
from app.models import Event, ImageSetItem, Placement, Release, Setting, Work
from app.states import PlacementState
from tests.app.conftest import Clock
from tests.app.factories import account, item, placement, product, rendition

Maker = Callable[..., Kit]


@pytest.fixture
def later(make_kit: Maker, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Sixty products with one photo each, made under a first release; the kit of a second release, which is in force."""
    first = make_kit()
    on = account(first, "ebay-uk:main", policy={"publish": "off"})
    for number in range(60):
        shot = item(first, product(first, f"W-{number:02}"), "dial")
        made = rendition(first, shot)
        placement(first, shot, on, made, "main", PlacementState.APPROVED)
    clock.advance(60)
    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
    kit = make_kit()
    clock.advance(60)
    with kit.db.writing() as session:
        rollout.standing(session, kit)
    return kit


def moved(kit: Kit) -> set[int]:
    with kit.db.reading() as session:
        return set(session.scalars(sa.select(ImageSetItem.product_id).where(ImageSetItem.release_id == kit.release["id"])))


def begin(kit: Kit, share: float, most: float = rollout.MOST_TO_REVIEW) -> None:
    with kit.db.writing() as session:
        rollout.begin(session, kit, share, "ann", most)


def word(kit: Kit) -> str:
    with kit.db.reading() as session:
        return rollout.standing(session, kit).word


def judge(kit: Kit, clock: Clock, to_review: int) -> None:
    """Every moved picture was made again and judged: so many of them are for a person now."""
    with kit.db.writing() as session:
        placements = session.scalars(
            sa.select(Placement)
            .join(ImageSetItem, ImageSetItem.id == Placement.item_id)
            .where(ImageSetItem.release_id == kit.release["id"])
            .order_by(Placement.id)
        ).all()
        for number, place in enumerate(placements):
            place.changed_at = clock()
            if number < to_review:
                place.state, place.rendition_id = PlacementState.REVIEW, _other(session, place)


def _other(session: object, place: Placement) -> str:
    from app.models import Rendition

    old = place.rendition
    assert old is not None
    new = Rendition(id=old.id[::-1], photo_sha256=old.photo_sha256, recipe=old.recipe, request=old.request, state=old.state, created_at=old.created_at)
    session.merge(new)  # type: ignore[attr-defined]
    return new.id


def test_a_rollout_moves_the_share_that_was_asked_for_and_no_more(later: Kit) -> None:
    begin(later, 0.25)

    assert rollout.go_on(later) == len(moved(later))
    assert 5 <= len(moved(later)) <= 27
    assert rollout.go_on(later) == 0
    assert word(later) == "done"


def test_a_larger_share_holds_the_smaller(later: Kit) -> None:
    begin(later, 0.25)
    rollout.go_on(later)
    few = moved(later)

    begin(later, 1.0)
    rollout.go_on(later)

    assert few < moved(later)
    assert len(moved(later)) == 60


@given(sku=st.text(max_size=40), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_sku_of_a_share_is_in_every_larger_share(sku: str, shares: tuple[float, float]) -> None:
    small, large = sorted(shares)
    assert rollout.in_share("r", sku, large) >= rollout.in_share("r", sku, small)
    assert rollout.in_share("r", sku, 1.0)


@pytest.mark.parametrize("decided", [None, PlacementState.REJECTED, PlacementState.RETOUCH, PlacementState.APPROVED])
def test_a_rollout_halts_where_too_many_new_pictures_need_a_person(later: Kit, clock: Clock, decided: PlacementState | None) -> None:
    begin(later, 0.5)
    rollout.go_on(later)
    half = moved(later)
    judge(later, clock, to_review=round(0.4 * len(half)))
    if decided is not None:  # a quick person hides nothing
        with later.db.writing() as session:
            for place in session.scalars(sa.select(Placement).where(Placement.state == PlacementState.REVIEW, Placement.changed_at == clock())):
                place.state = decided
                if decided == PlacementState.APPROVED:
                    place.approved_id, place.waived = place.rendition_id, {"rendition": place.rendition_id, "rules": ["x"], "who": "ann", "why": "so"}

    begin(later, 1.0)

    assert rollout.go_on(later) == 0
    assert moved(later) == half
    assert word(later) == "halted"
    with later.db.reading() as session:
        wish = session.get_one(Setting, rollout.WISH)
        assert "need a person whose former ones passed" in wish.value["halted"]
        assert session.scalar(sa.select(Event.who).where(Event.what == "rollout halted")) == "packshot"


def test_going_back_to_an_older_release_halts_like_any_other(later: Kit, make_kit: Maker, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(later, 1.0)
    rollout.go_on(later)
    judge(later, clock, to_review=0)
    clock.advance(60)
    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION - 1)
    first = make_kit()
    begin(first, 0.5)
    clock.advance(60)
    rollout.go_on(first)
    half = moved(first)
    judge(first, clock, to_review=round(0.4 * len(half)))

    begin(first, 1.0)

    assert rollout.go_on(first) == 0
    assert moved(first) == half
    assert word(first) == "halted"


def test_a_halted_rollout_goes_on_when_a_person_allows_more(later: Kit, clock: Clock) -> None:
    begin(later, 0.5)
    rollout.go_on(later)
    judge(later, clock, to_review=len(moved(later)))
    begin(later, 1.0)
    rollout.go_on(later)

    begin(later, 1.0, most=1.0)

    rollout.go_on(later)
    assert len(moved(later)) == 60


def test_what_was_in_review_before_does_not_count_against_a_release(later: Kit, clock: Clock) -> None:
    with later.db.writing() as session:
        for place in session.scalars(sa.select(Placement)):
            place.state, place.approved_id = PlacementState.REVIEW, None
    begin(later, 0.5)
    rollout.go_on(later)
    judge(later, clock, to_review=0)
    with later.db.reading() as session:
        assert rollout.outcome_of(session, later, later.release["id"]) == rollout.Outcome(0, 0, 0)


def test_nothing_more_moves_while_as_many_are_being_made(later: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "_AT_ONCE", 20)
    begin(later, 1.0)
    assert rollout.go_on(later) == 20
    assert rollout.go_on(later) == 0, "twenty are still to be arranged"

    with later.db.writing() as session:
        session.execute(sa.delete(Work))
        pinned = ImageSetItem.release_id == later.release["id"]
        for place in session.scalars(sa.select(Placement).join(ImageSetItem, ImageSetItem.id == Placement.item_id).where(pinned)):
            place.state, place.rendition_id, place.changed_at = PlacementState.WAITING, None, later.now()  # they wait for their batch's backdrop

    assert rollout.go_on(later) == 0
    assert len(moved(later)) == 20


def test_a_process_of_another_release_moves_nothing(later: Kit, make_kit: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(later, 1.0)
    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)

    assert rollout.go_on(make_kit()) == 0
    assert moved(later) == set()


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_a_share_beyond_all_or_below_some_is_refused(later: Kit, share: float) -> None:
    with later.db.writing() as session, pytest.raises(Refusal, match="more than 0 and at most 100"):
        rollout.begin(session, later, share, "ann")


def test_what_a_release_changes_is_said_key_by_key() -> None:
    old = Release(id="a", model_sha256="1" * 64, finish_version=1, cutout_version=1, recipes={"main": {"fill": {"share": 0.85}, "quality": 90}, "gone": {}})
    new = Release(id="b", model_sha256="2" * 64, finish_version=2, cutout_version=1, recipes={"main": {"fill": {"share": 0.88}, "quality": 90}, "here": {}})

    assert rollout.changes(old, new) == [
        "the cut-out model: 111111111111 → 222222222222",
        "the finish: version 1 → 2",
        "recipe gone is gone",
        "recipe here is new",
        "recipe main: fill.share: 0.85 → 0.88",
    ]
