"""A rollout makes pictures again and decides nothing: a person's No stays, what is live stays, and no older release takes a photo back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

import imaging
from app import accounts, work
from app.kit import Kit
from app.models import Account, Event, ImageSetItem, Listing, Placement, Product, Release, Rendition, Work
from app.rollout import roll_out
from app.stages import STAGES, render, review
from app.stages.arrange import Wish, arrange, request_for
from app.stages.run import settle_all
from app.states import PlacementState, RenditionState
from tests.app.conftest import Clock
from tests.app.factories import account, item, listing, product


class House:
    """One product with a dial and a caseback on eBay, made and approved under a first release; `now` is the kit of the release in force."""

    def __init__(self, make_kit: Callable[..., Kit], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.make_kit, self.clock, self.monkeypatch = make_kit, clock, monkeypatch
        self.first = self.now = make_kit()
        self.on, self.of = account(self.now, "ebay-uk:main", policy={"publish": "off"}), product(self.now, "W-1")
        self.dial, self.back = item(self.now, self.of, "dial"), item(self.now, self.of, "caseback")
        listing(self.now, self.of, self.on)
        self.arrange()
        self.make()

    def next_release(self) -> Kit:
        self.clock.advance(60)
        self.monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
        self.now = self.make_kit()
        return self.now

    def arrange(self, kit: Kit | None = None) -> None:
        with self.now.db.writing() as session:
            arrange(session, kit or self.now, session.get_one(Product, self.of.id))

    def roll_out(self) -> int:
        with self.now.db.writing() as session:
            return roll_out(session, self.now, session.get_one(Product, self.of.id), "ann")

    def roll_out_and_arrange(self) -> None:
        self.roll_out()
        self.arrange()

    def make(self, *names: str) -> None:
        """What is queued is rendered (of these ids alone, if some are given), and what may be judged of it passes."""
        with self.now.db.writing() as session:
            for made in session.scalars(sa.select(Rendition).where(Rendition.state == RenditionState.QUEUED)).all():
                if not names or made.id in names:
                    made.state, made.file_sha256 = RenditionState.RENDERED, made.id[::-1]
            for place in session.scalars(sa.select(Placement).where(Placement.state == PlacementState.WAITING)).all():
                if place.rendition is not None and place.rendition.file_sha256:
                    place.state, place.approved_id = PlacementState.APPROVED, place.rendition_id
                    place.judged_rules, place.judged_file = "r", place.rendition.file_sha256

    def place(self, position: str) -> Placement:
        with self.now.db.reading() as session:
            return session.scalars(sa.select(Placement).where(Placement.position == position)).one()

    def wanted(self, **shown: str) -> dict[str, str]:
        """What the listing should show, when this is shown."""
        with self.now.db.writing() as session:
            session.scalars(sa.select(Listing)).one().pushed = {"W-1": shown}
            STAGES["want"].apply(session, self.now, self.of.id, None)
        with self.now.db.reading() as session:
            return dict(session.scalars(sa.select(Listing)).one().wanted.get("W-1", {}))

    def file(self, position: str) -> str:
        with self.now.db.reading() as session:
            return str(session.get_one(Rendition, self.place(position).rendition_id).file_sha256)

    def ask(self, kit: Kit, recipe: str) -> str:
        """The id of the request for the dial."""
        with kit.db.writing() as session:
            return request_for(session, kit, session.get_one(ImageSetItem, self.dial.id), Wish(recipe)).id

    def pinned(self) -> str | None:
        with self.now.db.reading() as session:
            return session.get_one(ImageSetItem, self.dial.id).release_id


@pytest.fixture
def house(make_kit: Callable[..., Kit], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(make_kit, clock, monkeypatch)


def due(house: House, stage: str) -> dict[str | None, datetime]:
    """The rows that a stage is to look at, and when."""
    with house.now.db.reading() as session:
        return {row: at for row, at in session.execute(sa.select(Work.row, Work.due_at).where(Work.stage == stage)) if at is not None}


def rejected(house: House, position: str = "alt1") -> None:
    with house.now.db.writing() as session:
        place = session.scalars(sa.select(Placement).where(Placement.position == position)).one()
        review.reject(session, house.now, place, "ann", "fingerprints on the case")


# --- what a person said ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PlacementState.REJECTED, PlacementState.RETOUCH])
def test_a_rejection_and_an_open_retouch_stay_when_the_picture_is_made_again(house: House, state: PlacementState) -> None:
    old = house.place("alt1").rendition_id
    with house.now.db.writing() as session:
        place = session.scalars(sa.select(Placement).where(Placement.position == "alt1")).one()
        if state == PlacementState.REJECTED:
            review.reject(session, house.now, place, "ann", "fingerprints")
        else:
            place.state = PlacementState.REVIEW
            review.send_to_retouch(session, house.now, place, "ann", "studio", "fingerprints")
    house.next_release()

    house.roll_out_and_arrange()
    house.make()
    settle_all(house.now, {name: STAGES[name] for name in ("arrange", "check")})

    place = house.place("alt1")
    assert place.state == state
    assert place.rendition_id != old
    assert place.decided_by == "ann"


def test_a_rejected_photo_does_not_come_back_by_another_recipe_of_a_policy(house: House) -> None:
    rejected(house)
    with house.now.db.writing() as session:
        accounts.set_policy(session, house.now, session.get_one(Account, house.on.id), "ann", recipes={"alt1": "ebay-alt"})
    house.arrange()

    assert house.place("alt1").state == PlacementState.REJECTED


def test_a_rejected_photo_does_not_come_back_at_another_place_by_another_release(house: House) -> None:
    rejected(house)
    house.next_release()
    house.roll_out()
    side = item(house.now, house.of, "side")
    house.arrange()
    house.make()

    assert (house.place("alt1").item_id, house.place("alt1").state) == (side.id, PlacementState.APPROVED)
    assert (house.place("alt2").item_id, house.place("alt2").state) == (house.back.id, PlacementState.REJECTED)


def test_a_rejection_stays_while_its_photo_is_looked_at_again(house: House) -> None:
    rejected(house)
    with house.now.db.writing() as session:
        session.get_one(ImageSetItem, house.back.id).state = house.back.state.FLAGGED
    house.arrange()
    assert house.place("alt1").state == PlacementState.REJECTED

    with house.now.db.writing() as session:
        review.accept_photo(session, house.now, session.get_one(ImageSetItem, house.back.id), "ann", "sharp enough")
    assert house.place("alt1").state == PlacementState.REJECTED


def test_a_person_who_asks_again_gets_the_picture_of_the_release_in_force_judged(house: House) -> None:
    rejected(house)
    house.next_release()
    house.roll_out_and_arrange()
    house.make()
    with house.now.db.writing() as session:
        place = session.scalars(sa.select(Placement).where(Placement.position == "alt1")).one()
        review.ask_again(session, house.now, place, "ann")

    assert house.place("alt1").state == PlacementState.REVIEW
    with house.now.db.writing() as session:
        STAGES["check"].mark(session, house.now, house.now.now())
        assert ("check", str(house.place("alt1").id)) in {(wish.stage, wish.row) for wish in work.wishes(session)}


# --- what is live ------------------------------------------------------------------------------------------------------------


def test_rejecting_the_successor_keeps_the_old_alternate_on_the_listing(house: House) -> None:
    main, old = house.file("main"), house.file("alt1")
    house.next_release()
    house.roll_out_and_arrange()
    rejected(house)

    house.clock.advance(3600)
    assert house.wanted(main=main, alt1=old) == {"main": main, "alt1": old}
    house.make()
    assert house.wanted(main=main, alt1=old)["alt1"] == old


def test_a_live_alternate_that_was_rejected_goes_and_no_rollout_brings_it_back(house: House) -> None:
    main, old = house.file("main"), house.file("alt1")
    rejected(house)
    assert house.wanted(main=main, alt1=old) == {"main": main}

    house.next_release()
    house.roll_out_and_arrange()
    house.clock.advance(3600)
    assert house.wanted(main=main, alt1=old) == {"main": main}, "it was not sent yet that it goes"


def test_a_set_that_is_rolled_out_goes_out_together(house: House) -> None:
    main, old = house.file("main"), house.file("alt1")
    house.next_release()
    house.roll_out_and_arrange()
    assert house.wanted(main=main, alt1=old) == {}

    house.make(str(house.place("main").rendition_id))
    assert house.place("main").state == PlacementState.APPROVED
    assert house.wanted(main=main, alt1=old) == {}, "the caseback is still being made"

    house.make()
    assert house.wanted(main=main, alt1=old) == {"main": house.file("main"), "alt1": house.file("alt1")}


# --- which release -----------------------------------------------------------------------------------------------------------


def test_a_half_finished_rollout_does_not_go_back_when_another_release_follows(house: House) -> None:
    before = house.place("main").rendition_id
    second = house.next_release()
    house.roll_out_and_arrange()
    amazon = house.ask(second, "amazon-main")
    with second.db.writing() as session:
        session.add(
            Rendition(id=amazon, photo_sha256=house.dial.photo_sha256, cutout_id="c" * 64, recipe="amazon-main", request={}, notes=[], ms={},
                      state=RenditionState.RENDERED, created_at=second.now())
        )  # fmt: skip

    third = house.next_release()
    asked = house.ask(third, "ebay-main")

    assert asked != before
    with third.db.writing() as session:
        session.get_one(ImageSetItem, house.dial.id).release_id = third.release["id"]
    assert asked == house.ask(third, "ebay-main"), "what the second did not make, the third makes"


@pytest.fixture
def older(house: House) -> Kit:
    """A worker that was not restarted: its release is the one from before the one in force."""
    before = house.first
    _ = before.release  # read as it started
    house.next_release()
    return before


def test_a_worker_of_the_former_release_does_not_undo_a_rollout(house: House, older: Kit) -> None:
    house.roll_out()
    asked = house.ask(house.now, "ebay-main")
    house.arrange(older)

    assert house.pinned() == house.now.release["id"] != older.release["id"]
    assert house.place("main").rendition_id == asked


def test_a_worker_of_the_former_release_leaves_what_it_cannot_make_waiting_for_the_restart(house: House, older: Kit) -> None:
    house.roll_out()
    settle_all(older, {name: STAGES[name] for name in ("arrange", "render")})

    asked = house.place("main").rendition_id
    with older.db.reading() as session:
        assert session.get_one(Rendition, asked).state == RenditionState.QUEUED
    assert due(house, "render")[asked] == older.now() + render.RESTART
    assert due(house, "arrange") == {}, "it does not go in a circle"


def test_a_rollout_has_everything_arranged_again_even_where_no_photo_moves(house: House) -> None:
    assert due(house, "arrange") == {}
    assert house.roll_out() == 0

    assert set(due(house, "arrange")) == {str(house.of.id)}
    with house.now.db.reading() as session:
        assert session.scalars(sa.select(Event.id).where(Event.what == "rolled out")).all() == []
        assert session.get_one(Product, house.of.id).photos_since is None


def test_a_recipe_that_only_the_older_release_has_is_asked_of_it_without_moving_the_photo(house: House, older: Kit) -> None:
    house.roll_out()
    with house.now.db.writing() as session:
        newer = session.get_one(Release, house.now.release["id"])
        newer.recipes = {name: values for name, values in newer.recipes.items() if name != "ebay-alt"}

    house.ask(older, "ebay-alt")

    assert house.pinned() == house.now.release["id"]


# --- white main pictures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["amazon-main", "ebay-main"])
def test_a_recipes_file_cannot_give_main_pictures_their_own_background(make_kit: Callable[..., Kit], tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.yaml"
    own = imaging.load_recipes()["ebay-alt-own"].to_dict()
    path.write_text(yaml.safe_dump({name: {key: value for key, value in own.items() if key not in ("name", "in_place_of", "shots")}}))

    with pytest.raises(imaging.RecipeError, match=rf"PACKSHOT_RECIPES: {name}: makes main pictures, which need white: give .* another name"):
        _ = make_kit(recipes=path).release


@pytest.mark.parametrize("after", [timedelta(minutes=-1), timedelta(minutes=1)])
def test_a_release_whose_main_recipe_kept_the_background_makes_no_main_picture(house: House, after: timedelta) -> None:
    with house.now.db.writing() as session:
        inforce = session.get_one(Release, house.now.release["id"])
        recipes = {**inforce.recipes, "ebay-main": {**inforce.recipes["ebay-alt-own"], "name": "ebay-main"}}
        pinned = Release(
            id="d" * 64, model_sha256=inforce.model_sha256, finish_version=inforce.finish_version, cutout_version=inforce.cutout_version,
            recipes=recipes, created_at=inforce.created_at + after,
        )  # fmt: skip
        session.add(pinned)
        session.flush()
        session.get_one(ImageSetItem, house.dial.id).release_id = pinned.id
        request = {
            "photo": house.dial.photo_sha256, "cutout": None, "recipe": imaging.finishing(recipes["ebay-main"]), "mm_per_px": None, "backdrop": None,
            "adjustments": {}, "finish": pinned.finish_version,
        }  # fmt: skip
        session.add(
            Rendition(id=imaging.request_id(request), photo_sha256=house.dial.photo_sha256, recipe="ebay-main", request=request, notes=[], ms={},
                      state=RenditionState.RENDERED, file_sha256="e" * 64, created_at=house.now.now())
        )  # fmt: skip
    house.arrange()

    with house.now.db.reading() as session:
        main = session.get_one(Rendition, house.place("main").rendition_id)
        assert (main.recipe, main.keeps_background) == ("ebay-main", False)
