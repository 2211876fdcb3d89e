"""What a listing should show: whole sets, main never emptied, what is shown stays until its replacement passes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app import work
from app.kit import Kit
from app.models import Listing, Product
from app.stages import STAGES
from app.stages.run import settle_all
from app.stages.want import Place, wish
from app.states import ArrivalState, ListingState, PlacementState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, new_batch, placement, product, rendition


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    """Every test of this stage runs on both databases."""
    return each_kit


A, R, W, X, V = PlacementState.APPROVED, PlacementState.REVIEW, PlacementState.WAITING, PlacementState.REJECTED, PlacementState.VACANT

TABLE = [
    # proposed places, what is shown, what should be
    ("all approved", [Place("main", A, "m", "m"), Place("alt1", A, "a", "a")], {}, {"main": "m", "alt1": "a"}),
    ("one in review, never shown", [Place("main", A, "m", "m"), Place("alt1", R, "a", None)], {}, {"main": "m"}),
    ("shown picture fails a newer rule", [Place("main", R, "m", "m")], {"main": "m"}, {"main": "m"}),
    ("its replacement is being made", [Place("main", W, None, "m")], {"main": "m"}, {"main": "m"}),
    ("its replacement passed", [Place("main", A, "n", "n")], {"main": "m"}, {"main": "n"}),
    ("a person rejected a shown alternate", [Place("main", A, "m", "m"), Place("alt1", X, "a", "a")], {"main": "m", "alt1": "a"}, {"main": "m"}),
    (
        "a person rejected the successor of a shown alternate",
        [Place("main", A, "m", "m"), Place("alt1", X, "b", "a")],
        {"main": "m", "alt1": "a"},
        {"main": "m", "alt1": "a"},
    ),
    (
        "the rejected successor was not made yet",
        [Place("main", A, "m", "m"), Place("alt1", X, None, "a")],
        {"main": "m", "alt1": "a"},
        {"main": "m", "alt1": "a"},
    ),
    ("what is shown is not what was approved last", [Place("main", A, "m", "m"), Place("alt1", X, "c", "b")], {"main": "m", "alt1": "a"}, {"main": "m"}),
    ("a person rejected the shown main", [Place("main", X, "m", "m")], {"main": "m"}, {"main": "m"}),
    ("the main photo went away", [Place("main", V, None, "m")], {"main": "m"}, {"main": "m"}),
    ("approved once, never shown, fails now", [Place("main", R, "m", "m")], {}, {}),
]


@pytest.mark.parametrize(("places", "shown", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_wish(places: list[Place], shown: dict[str, str], wanted: dict[str, str]) -> None:
    assert wish(places, shown) == wanted


@given(
    st.lists(st.tuples(st.sampled_from(list(PlacementState)), st.one_of(st.none(), st.text("ab", min_size=1, max_size=1))), max_size=4),
    st.dictionaries(st.sampled_from(["main", "alt1", "alt2"]), st.sampled_from("ab")),
)
def test_a_main_picture_that_is_shown_is_never_emptied(states: list[tuple[PlacementState, str | None]], shown: dict[str, str]) -> None:
    places = [Place(position, state, file, None) for position, (state, file) in zip(["main", "alt1", "alt2", "alt3"], states, strict=False)]
    assert "main" in wish(places, shown) or "main" not in shown


def wanted(kit: Kit) -> dict[str, str]:
    with kit.db.reading() as session:
        return next(iter(session.scalars(sa.select(Listing)).one().wanted.values()), {})


def test_a_set_goes_out_when_the_last_sister_is_ready_not_picture_by_picture(kit: Kit, clock: Clock) -> None:
    on, of = account(kit, policy={"publish": "off"}), product(kit, photos_since=kit.now())
    listing(kit, of, on)
    dial, side = item(kit, of, "dial"), item(kit, of, "side")
    placement(kit, dial, on, rendition(kit, dial), "main", A, judged_rules="x")
    late = placement(kit, side, on, rendition(kit, side), "alt1", R)
    restate(kit, of)
    assert wanted(kit) == {}, "a sister is still on her way"

    with kit.db.writing() as session:
        session.get_one(type(late), late.id).state = A
    restate(kit, of)
    assert set(wanted(kit)) == {"main", "alt1"}


def test_after_the_accounts_wait_it_goes_out_without_the_late_sister(kit: Kit, clock: Clock) -> None:
    on, of = account(kit, policy={"publish": "off"}), product(kit, photos_since=kit.now())
    listing(kit, of, on)
    dial, side = item(kit, of, "dial"), item(kit, of, "side")
    placement(kit, dial, on, rendition(kit, dial), "main", A)
    placement(kit, side, on, rendition(kit, side), "alt1", R)
    restate(kit, of)
    clock.advance(21)
    settle_all(kit, {"want": STAGES["want"]})

    assert set(wanted(kit)) == {"main"}


def test_a_photo_that_is_still_being_fetched_holds_the_set(kit: Kit) -> None:
    from app.models import Arrival

    on, of, batch = account(kit, policy={"publish": "off"}), product(kit, photos_since=kit.now()), new_batch(kit)
    listing(kit, of, on)
    dial = item(kit, of, "dial")
    placement(kit, dial, on, rendition(kit, dial), "main", A)
    with kit.db.writing() as session:
        session.add(
            Arrival(source="webhook", key="k", name="https://x/side.jpg", batch_id=batch.id, product_id=of.id, state=ArrivalState.WAITING, created_at=kit.now())
        )
    restate(kit, of)
    assert wanted(kit) == {}


def test_no_listing_is_wanted_without_its_main_picture(kit: Kit, clock: Clock) -> None:
    on, of = account(kit, policy={"publish": "off"}), product(kit, photos_since=kit.now())
    listing(kit, of, on)
    side = item(kit, of, "side")
    placement(kit, side, on, rendition(kit, side), "alt1", A)
    clock.advance(100)
    restate(kit, of)
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Listing.state)).one() == ListingState.EMPTY


def restate(kit: Kit, of: Product) -> None:
    with kit.db.writing() as session:
        work.wake(session, "want", of.id, at=kit.now())
    settle_all(kit, {"want": STAGES["want"]})


def test_a_photo_that_took_the_place_of_another_and_is_rejected_does_not_leave_the_other_there(kit: Kit) -> None:
    on, of = account(kit, policy={"publish": "off"}), product(kit)
    dial, side, other = item(kit, of, "dial"), item(kit, of, "side"), item(kit, of, "crown")
    main, old = rendition(kit, dial), rendition(kit, side)
    listing(kit, of, on, pushed={of.sku: {"main": main.file_sha256, "alt1": old.file_sha256}})
    placement(kit, dial, on, main, "main", A)
    placement(kit, side, on, old, "alt2", A)
    placement(kit, other, on, rendition(kit, other), "alt1", X, approved=old)
    restate(kit, of)
    assert wanted(kit) == {"main": main.file_sha256, "alt2": old.file_sha256}
