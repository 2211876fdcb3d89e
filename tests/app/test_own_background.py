"""Alternate pictures that keep their own background: which ones, how they are made and judged, and that nothing moves by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

import imaging
from app import accounts
from app.alike import alike
from app.errors import Refusal
from app.kit import Kit
from app.models import Account, Cutout, Event, FileFacts, ImageSetItem, Listing, Notice, Photo, Placement, Product, Release, Rendition
from app.rollout import roll_out
from app.stages import STAGES, check, render
from app.stages.arrange import arrange
from app.stages.run import settle_all
from app.states import ListingState, PhotoState, PlacementState, RenditionState
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.factories import account, item, new_batch, placement, product, rendition
from tests.app.test_road import send_photo, sharp_photo
from tests.shots import watch_photo

Places = dict[str, tuple[str, str | None]]
HERE = {name: STAGES[name] for name in ("arrange", "render", "check")}


def arranged(kit: Kit, of: Product) -> Places:
    """position -> recipe and cutout of the picture proposed there."""
    with kit.db.writing() as session:
        arrange(session, kit, session.get_one(Product, of.id))
    with kit.db.reading() as session:
        rows = session.execute(sa.select(Placement.position, Rendition.recipe, Rendition.cutout_id).join(Rendition, Rendition.id == Placement.rendition_id))
        return {position: (recipe, cutout) for position, recipe, cutout in rows}


def recipes(places: Places) -> dict[str, str]:
    return {position: recipe for position, (recipe, _) in places.items()}


def without_own(tmp_path: Path) -> Path:
    """A recipes file that chooses no recipe by the shot, as all were before."""
    path, shipped = tmp_path / "before.yaml", yaml.safe_load((Path(imaging.__file__).parent / "recipes.yaml").read_text())
    own = {name: values for name, values in shipped.items() if values.get("background") == "own"}
    path.write_text(yaml.safe_dump({name: {k: v for k, v in values.items() if k not in ("in_place_of", "shots")} for name, values in own.items()}))
    return path


def photographed(kit: Kit, of: Product, shot: str, **values: Any) -> ImageSetItem:
    """An item whose photo is really in the store."""
    made = item(kit, of, shot, **values)
    with kit.db.writing() as session:
        digest = kit.originals.put(watch_photo(seed=made.id, size=(1800, 1350)))
        session.merge(Photo(sha256=digest, bytes=1, facts={}, regions={}, received_at=kit.now()))
        session.flush()
        session.get_one(ImageSetItem, made.id).photo_sha256 = digest
    return made


@pytest.mark.parametrize("shot", ["detail", "caseback", "worn", "wrist", "box", "papers"])
def test_an_alternate_of_such_a_shot_keeps_its_background_and_the_others_are_white(kit: Kit, shot: str) -> None:
    account(kit, "ebay-uk:main")
    of = product(kit)
    for name in ("dial", "side", shot):
        item(kit, of, name)

    places = arranged(kit, of)

    assert recipes(places) == {"main": "ebay-main", "alt1": "ebay-alt", "alt2": "ebay-alt-own"}
    assert [cutout is None for _, cutout in places.values()] == [False, False, True]


def test_a_main_picture_is_white_whatever_its_shot(kit: Kit) -> None:
    account(kit, "amazon-uk:main")
    of = product(kit)
    item(kit, of, "caseback")

    assert recipes(arranged(kit, of)) == {"main": "amazon-main"}


def test_the_shot_words_of_the_recipes_are_those_of_the_templates() -> None:
    templates = yaml.safe_load((Path(__file__).parents[2] / "app" / "shots.yaml").read_text())
    known = {shot for template in templates.values() for shot in template}

    shots = {shot for recipe in imaging.load_recipes().values() for shot in recipe.shots}

    assert shots - known == {"wrist"}, "another word for worn"


def test_what_a_policy_says_of_a_position_goes_before_the_shot(kit: Kit) -> None:
    account(kit, "ebay-uk:main", policy={"recipes": {"alt1": "ebay-alt-own", "alt2": "ebay-alt"}})
    of = product(kit)
    for shot in ("dial", "side", "caseback"):
        item(kit, of, shot)

    assert recipes(arranged(kit, of)) == {"main": "ebay-main", "alt1": "ebay-alt-own", "alt2": "ebay-alt"}


def test_a_policy_cannot_give_a_main_picture_its_own_background(kit: Kit) -> None:
    on = account(kit, "ebay-uk:main")

    with kit.db.writing() as session, pytest.raises(Refusal, match="ebay-alt-own keeps the photo's own background, and a main picture needs white"):
        accounts.set_policy(session, kit, session.get_one(Account, on.id), "ann", recipes={"main": "ebay-alt-own"})


def test_a_policy_from_when_the_recipe_was_white_does_not_either(kit: Kit) -> None:
    account(kit, "ebay-uk:main", policy={"recipes": {"main": "ebay-alt-own"}})
    of = product(kit)
    item(kit, of, "dial")

    assert recipes(arranged(kit, of)) == {"main": "ebay-main"}


def test_pictures_that_were_made_before_move_only_when_they_are_rolled_out(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    before = make_kit(recipes=without_own(tmp_path))
    account(before, "ebay-uk:main")
    of = product(before)
    for shot in ("dial", "caseback"):
        item(before, of, shot)
    were = arranged(before, of)
    with before.db.writing() as session:
        session.execute(sa.update(Rendition).values(state=RenditionState.RENDERED, file_sha256="f" * 64))
        ids = set(session.scalars(sa.select(Rendition.id)))

    after = make_kit()
    assert arranged(after, of) == were, "an arrival, a new account or a restart changes nothing"
    item(after, of, "box")
    assert recipes(arranged(after, of)) == {"main": "ebay-main", "alt1": "ebay-alt", "alt2": "ebay-alt-own"}, "a new photo has it at once"

    with after.db.writing() as session:
        assert roll_out(session, after, session.get_one(Product, of.id), "ann") == 2
    settle_all(after, {"arrange": STAGES["arrange"]})
    with after.db.reading() as session:
        assert recipes(arranged(after, of)) == {"main": "ebay-main", "alt1": "ebay-alt-own", "alt2": "ebay-alt-own"}
        main = session.scalars(sa.select(Placement.rendition_id).where(Placement.position == "main")).one()
        assert main in ids, "what the new release makes no other way keeps its id"
        assert session.scalars(sa.select(Event.who).where(Event.what == "rolled out")).all() == ["ann"]
    with after.db.writing() as session:
        assert roll_out(session, after, session.get_one(Product, of.id), "ann") == 0


def test_a_photo_of_which_nothing_was_made_takes_the_release_in_force_and_its_recipe(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    before = make_kit(recipes=without_own(tmp_path))
    account(before, "ebay-uk:main")
    of = product(before)
    for shot in ("dial", "caseback"):
        item(before, of, shot)
    arranged(before, of)

    after = make_kit()

    assert recipes(arranged(after, of)) == {"main": "ebay-main", "alt1": "ebay-alt-own"}
    with after.db.reading() as session:
        assert set(session.scalars(sa.select(ImageSetItem.release_id))) == {after.release["id"]}
        assert session.scalar(sa.select(sa.func.count(Release.id))) == 2


class NoNet:
    """A segmenter that nobody may look through."""

    sha256 = imaging.shipped_model_sha256()

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"the net was asked for {name}")


def test_the_house_makes_and_approves_such_a_picture_without_the_net(kit: Kit) -> None:
    account(kit, "amazon-uk:main")
    of = product(kit)
    item(kit, of, "dial", state=PhotoState.RECEIVED)
    photographed(kit, of, "caseback")
    kit._segmenter = NoNet()  # type: ignore[assignment]
    arranged(kit, of)

    settle_all(kit, HERE)

    with kit.db.reading() as session:
        made = session.scalars(sa.select(Rendition)).one()
        place = session.scalars(sa.select(Placement).where(Placement.rendition_id == made.id)).one()
        assert (made.recipe, made.state, made.cutout_id) == ("amazon-alt-own", RenditionState.RENDERED, None)
        assert made.id == imaging.RenderRequest.from_dict(made.request).id
        assert session.scalars(sa.select(Cutout.id)).all() == []
        assert (place.position, place.state) == ("alt1", PlacementState.APPROVED), place.findings
        facts, _ = check.facts_of(session, made, session.get_one(Product, of.id))
        assert facts["background_kept"] is True
        assert facts["longest_side"] == 2000
        assert not [name for name in facts if name.startswith("cutout")]
        assert "pieces_off" not in facts


def test_a_white_picture_says_that_its_background_was_not_kept(kit: Kit) -> None:
    of = product(kit)
    made = rendition(kit, item(kit, of))

    with kit.db.reading() as session:
        facts, _ = check.facts_of(session, made, of)

    assert (facts["background_kept"], facts["pieces_off"]) == (False, 0)


@pytest.mark.parametrize("key", ["amazon-uk:main", "ebay-uk:main"])
@pytest.mark.parametrize(("position", "to"), [("main", PlacementState.REVIEW), ("alt1", PlacementState.APPROVED)])
def test_grey_paper_stops_a_main_picture_and_no_alternate(kit: Kit, key: str, position: str, to: PlacementState) -> None:
    of = product(kit)
    photo = item(kit, of, "box")
    grey = {"background_white_share": 0.0, "border_min_level": 90, "background_level": 120.0, "fill": 0.2, "pieces": 5, "touching_sides": 4}
    place = placement(kit, photo, account(kit, key), rendition(kit, photo, recipe="ebay-alt-own", facts=grey, own_background=True), position=position)

    settle_all(kit, {"check": STAGES["check"]})

    with kit.db.reading() as session:
        judged = session.get_one(Placement, place.id)
        assert judged.state == to
        assert (f"{key.split('-')[0]}-main-cut-out" in {finding["rule"] for finding in judged.findings}) == (position == "main")


def test_facts_of_an_older_measure_are_measured_again_without_counting_pieces(kit: Kit) -> None:
    of = product(kit)
    photo = item(kit, of, "box")
    made = rendition(kit, photo, data=watch_photo(size=(1600, 1200), two=True), own_background=True)
    place = placement(kit, photo, account(kit), made, position="alt1")
    with kit.db.writing() as session:
        session.execute(sa.update(FileFacts).values(measure_version=0))

    with kit.db.reading() as session:
        task = check.gather(session, kit, str(place.id))
    assert task is not None
    assert not [finding for finding in check.do(kit, task).findings if finding["fact"] == "pieces_off"]


def test_such_pictures_are_not_compared_with_each_other(kit: Kit) -> None:
    batch = new_batch(kit)
    for number in range(6):
        photo = item(kit, product(kit), batch_id=batch.id)
        made = rendition(kit, photo, recipe="ebay-alt-own", facts={"tone_b": 9.0 * number}, own_background=True)
        placement(kit, photo, account(kit, f"ebay-uk:{number}"), made, position="alt1", state=PlacementState.APPROVED)

    with kit.db.reading() as session:
        assert alike(session, batch, "done") is None


def test_a_task_of_a_kept_background_needs_no_cutout_to_be_of_the_model_in_force(kit: Kit) -> None:
    of = product(kit)
    account(kit)
    item(kit, of, "dial")
    photographed(kit, of, "box")
    arranged(kit, of)
    with kit.db.reading() as session:
        row = session.scalars(sa.select(Rendition.id).where(Rendition.cutout_id.is_(None))).one()
        task = render.gather(session, kit, row)
    kit.__dict__["release"] = {**kit.release, "model_sha256": "0" * 64}

    assert task is not None
    assert isinstance(render.do(kit, task), render.Made)


@pytest.mark.slow
def test_both_marketplaces_show_it_beside_the_white_main_picture(kit: Kit, clock: Clock, practice: PracticeServer) -> None:
    add_practice_accounts(kit, practice)
    product(kit, "W-1")
    send_photo(kit, "W-1", "dial", sharp_photo(1))
    send_photo(kit, "W-1", "caseback", watch_photo(seed=2, size=(2000, 1500)))

    run_for(kit, clock, 40, practice, step=4)

    with kit.db.reading() as session:
        assert set(session.scalars(sa.select(Listing.state))) == {ListingState.LIVE}
        shown = session.execute(sa.select(Placement.position, Rendition.recipe).join(Rendition, Rendition.id == Placement.approved_id)).all()
        assert {tuple(row) for row in shown} == {
            ("main", "amazon-main"), ("alt1", "amazon-alt-own"), ("main", "ebay-main"), ("alt1", "ebay-alt-own"),
        }  # fmt: skip
        assert session.scalars(sa.select(Notice.code)).all() == []
        assert len(session.scalars(sa.select(Cutout.id)).all()) == 1
