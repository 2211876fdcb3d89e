"""`fix: rerender`: made again once with what may mend it, judged again, told in the history; then a person, with both findings. Never a loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

import imaging
import rules
from app import rulebook
from app.kit import Kit
from app.models import Cutout, Event, FileFacts, ImageSetItem, Lesson, Listing, Photo, Placement, Product, Release, Remake, Rendition
from app.stages import STAGES, arrange, learn, review
from app.stages.arrange import Wish, request_for
from app.stages.run import settle_all
from app.states import ListingState, PhotoState, PlacementState, RenditionState
from tests import shots
from tests.app.factories import GOOD_FACTS, account, item, listing, placement, product, rendition, sha

STEPS = {name: STAGES[name] for name in ("arrange", "check", "want")}  # not render: what was made is said by `finish`
WHITE = "amazon-main-white-border"


@pytest.fixture
def kit(each_kit: Kit) -> Kit:
    return each_kit


class Place:
    """A watch on amazon-uk whose main picture is asked for; its cutout is there."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.on, self.of = kit, account(kit, "amazon-uk:main"), product(kit, "W-1")
        self.photo = item(kit, self.of)
        with kit.db.writing() as session:
            release = session.get_one(Release, self.photo.release_id)
            cutout = imaging.cutout_id(self.photo.photo_sha256, release.model_sha256, version=release.cutout_version)
            session.add(
                Cutout(id=cutout, photo_sha256=self.photo.photo_sha256, model_sha256="m", alpha_sha256="a", probability=0.9, facts={}, created_at=kit.now())
            )
            arrange.arrange(session, kit, session.get_one(Product, self.of.id))

    def finish(self, **facts: Any) -> str:
        """The picture that is asked for comes out with these facts; returns its file."""
        with self.kit.db.writing() as session:
            made = session.get_one(Rendition, self.row.rendition_id)
            file = sha(made.id)
            made.state, made.file_sha256 = RenditionState.RENDERED, file
            session.merge(
                FileFacts(file_sha256=file, measure_version=imaging.MEASURE_VERSION, facts={**GOOD_FACTS, **facts}, regions={}, measured_at=self.kit.now())
            )
        settle_all(self.kit, STEPS)
        return file

    @property
    def row(self) -> Placement:
        return self.of_sku("W-1")

    def of_sku(self, sku: str) -> Placement:
        with self.kit.db.reading() as session:
            return session.scalars(sa.select(Placement).join(Product).where(Placement.position == "main", Product.sku == sku)).one()

    @property
    def request(self) -> dict[str, Any]:
        with self.kit.db.reading() as session:
            return session.get_one(Rendition, self.row.rendition_id).request

    def remakes(self) -> list[tuple[str, bool | None]]:
        with self.kit.db.reading() as session:
            return [(row.rule, row.passed) for row in session.scalars(sa.select(Remake).order_by(Remake.id))]

    def history(self, what: str) -> list[str]:
        with self.kit.db.reading() as session:
            return list(session.scalars(sa.select(Event.why).where(Event.what == what, Event.kind == "placement").order_by(Event.id)))


def test_a_fault_that_finishing_can_mend_is_mended_before_anybody_is_asked(kit: Kit) -> None:
    place = Place(kit)
    first = place.row.rendition_id

    place.finish(border_min_level=250)
    assert (place.row.state, place.row.rendition_id != first) == (PlacementState.WAITING, True)
    assert place.request["adjustments"] == {"white": 1, "clear": 2, "spread": 0.5}
    with kit.db.reading() as session:
        assert review.waiting(session) == 0

    place.finish()
    assert (place.row.state, place.row.approved_id) == (PlacementState.APPROVED, place.row.rendition_id)
    assert place.remakes() == [(WHITE, True)]
    because = "because amazon-main-white-border: border_min_level was 250, limit 255"
    assert place.history("made again") == [f"made again with a margin 2 times as wide, a shadow 0.5 times as long, pure white behind it {because}"]
    assert "passes every rule" in place.history("moved")[-1]


def test_a_picture_that_still_fails_goes_to_a_person_with_both_findings_and_is_not_tried_again(kit: Kit) -> None:
    place = Place(kit)
    place.finish(border_min_level=250)
    second = place.row.rendition_id

    place.finish(border_min_level=252)
    assert place.row.state == PlacementState.REVIEW
    assert place.remakes() == [(WHITE, False)]
    assert "border_min_level was 250, limit 255, and still: The outermost pixels" in place.history("moved")[-1]

    for _ in range(3):  # rules, arrangement and a person's second look: nothing makes a third
        with kit.db.writing() as session:
            session.execute(sa.update(Placement).values(judged_rules="0" * 64))
            arrange.arrange(session, kit, session.get_one(Product, place.of.id))
        settle_all(kit, STEPS)
    assert (place.row.state, place.row.rendition_id) == (PlacementState.REVIEW, second)
    with kit.db.reading() as session:
        main = session.get_one(Rendition, second).recipe
        assert session.scalar(sa.select(sa.func.count()).select_from(Rendition).where(Rendition.recipe == main)) == 2


def test_another_fault_of_the_second_picture_is_no_reason_for_a_third(kit: Kit) -> None:
    place = Place(kit)
    place.finish(border_min_level=250)
    place.finish(fill=0.845)

    assert place.row.state == PlacementState.REVIEW
    assert place.remakes() == [(WHITE, False)]


def test_a_live_picture_that_came_to_break_a_rule_stays_until_its_second_passes(kit: Kit) -> None:
    place = Place(kit)
    file = place.finish()
    side = {"W-1": {"main": file}}
    with kit.db.writing() as session:
        session.execute(sa.update(Listing).values(state=ListingState.LIVE, wanted=side, pushed=side, wanted_print="p", pushed_print="p"))
        facts = session.get_one(FileFacts, (file, imaging.MEASURE_VERSION))
        facts.facts = {**facts.facts, "fill": 0.84}
        session.execute(sa.update(Placement).values(judged_rules="0" * 64))

    settle_all(kit, STEPS)
    assert place.row.state == PlacementState.WAITING
    assert place.request["adjustments"] == {"fill": 1.023}
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Listing)).one().wanted == side

    better = place.finish(fill=0.86)
    with kit.db.reading() as session:
        assert session.scalars(sa.select(Listing)).one().wanted == {"W-1": {"main": better}}

    # a later rule, another fault: this picture passed, so it may have one try for that one too
    with kit.db.writing() as session:
        facts = session.get_one(FileFacts, (better, imaging.MEASURE_VERSION))
        facts.facts = {**facts.facts, "border_min_level": 251}
        session.execute(sa.update(Placement).values(judged_rules="0" * 64))
    settle_all(kit, STEPS)
    assert place.request["adjustments"] == {"fill": 1.023, "white": 1, "clear": 2, "spread": 0.5}
    place.finish(fill=0.86)
    assert place.remakes() == [("amazon-main-fill", True), (WHITE, True)]
    assert place.row.state == PlacementState.APPROVED


@pytest.mark.parametrize("facts", [{"sharpness": 1.0}, {"sharpness": 1.0, "border_min_level": 250}])
def test_what_needs_a_person_anyway_is_not_made_again(kit: Kit, facts: dict[str, Any]) -> None:
    place = Place(kit)
    place.finish(**facts)

    assert (place.row.state, place.remakes()) == (PlacementState.REVIEW, [])


def test_what_another_recipe_makes_may_have_its_own_try(kit: Kit) -> None:
    place = Place(kit)
    place.finish(border_min_level=250)
    place.finish(border_min_level=250)
    with kit.db.writing() as session:
        on = session.get_one(type(place.on), place.on.id)
        on.policy = {**on.policy, "recipes": {"main": "ebay-main"}}
        session.flush()
        arrange.arrange(session, kit, session.get_one(Product, place.of.id))
        base = request_for(session, kit, session.get_one(ImageSetItem, place.photo.id), Wish("ebay-main", white=True))
    assert place.row.rendition_id == base.id, "another recipe, and nothing adjusted"

    place.finish(border_min_level=250)

    assert place.request["recipe"]["name"] == "ebay-main"
    assert place.request["adjustments"]
    assert place.remakes() == [(WHITE, False), (WHITE, None)]


def test_on_the_road_a_grey_border_is_rendered_away_from_the_photograph_itself(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    values = yaml.safe_load(imaging.load_recipes()["amazon-main"].model_dump_json())
    values |= {"width_px": 1000, "height_px": 1000, "backdrop": "#fcfcfc"}
    recipes = tmp_path / "recipes.yaml"
    recipes.write_text(yaml.safe_dump({"amazon-main": {key: value for key, value in values.items() if key not in ("name", "in_place_of", "shots")}}))
    kit = make_kit(recipes=recipes)
    photo, mask = shots.watch_photo(size=(900, 900)), shots.alpha_png(shots.watch_alpha(size=(900, 900)))
    account(kit, "amazon-us:main")
    of = product(kit, "W-1")
    with kit.db.writing() as session:
        release = session.get_one(Release, arrange.current_release(session, kit))
        digest = kit.originals.put(photo)
        session.add(Photo(sha256=digest, bytes=len(photo), facts={}, regions={}, received_at=kit.now()))
        cutout = imaging.cutout_id(digest, release.model_sha256, version=release.cutout_version)
        session.flush()
        session.add(Cutout(id=cutout, photo_sha256=digest, model_sha256="m", alpha_sha256=kit.originals.put(mask), probability=0.9, created_at=kit.now()))
        session.add(ImageSetItem(product_id=of.id, photo_sha256=digest, shot="dial", state=PhotoState.ACCEPTED, release_id=release.id, created_at=kit.now()))
        session.flush()
        arrange.arrange(session, kit, session.get_one(Product, of.id))

    settle_all(kit, {**STEPS, "render": STAGES["render"]})

    with kit.db.reading() as session:
        place = session.scalars(sa.select(Placement)).one()
        assert place.state == PlacementState.APPROVED, place.findings
        assert {(row.rule, row.passed) for row in session.scalars(sa.select(Remake))} == {(WHITE, True), ("amazon-main-white-background", True)}
        assert sorted(row.facts["border_min_level"] for row in session.scalars(sa.select(FileFacts))) == [252, 255]


def test_after_a_lesson_live_listings_that_now_fail_are_repaired_or_in_review_and_all_of_it_is_in_the_history(kit: Kit) -> None:
    place = Place(kit)
    file = place.finish(fill=0.866)
    side = {"W-1": {"main": file}}
    other = product(kit, "W-2")
    dull = item(kit, other)
    made = rendition(kit, dull, recipe="amazon-main", facts={"fill": 0.866})  # of an older release: it cannot be made again
    listing(kit, other, place.on, ListingState.LIVE, wanted={"W-2": {"main": made.file_sha256}}, pushed={"W-2": {"main": made.file_sha256}})
    dull_place = placement(kit, dull, place.on, made, state=PlacementState.APPROVED)
    seen = rules.Evidence(
        marketplace="amazon-uk",
        code="18320",
        reason="too-small",
        message="The product is too small.",
        facts={"fill": 0.869},
        scope=rules.Scope(marketplace="amazon-uk", country="GB", category="watch", position="main", condition="new"),
        seen=kit.now().date(),
    )
    with kit.db.writing() as session:
        first = session.scalars(sa.select(Listing).where(Listing.wanted_print.is_not(None))).one()
        first.state, first.pushed, first.pushed_print = ListingState.LIVE, side, first.wanted_print
        proposal = rules.propose(rulebook.active(session, kit), seen)
        assert proposal.rule == "amazon-main-fill"
        lesson = Lesson(subject="amazon:amazon-main-fill", authority="amazon", proposal=proposal.to_dict(), evidence=[], proposed_at=kit.now())
        session.add(lesson)
        session.flush()
        learn.accept(session, kit, lesson, "ann", why="one is enough here")

    settle_all(kit, STEPS)
    assert place.of_sku("W-1").state == PlacementState.WAITING, "being made again, a little larger"
    better = place.finish(fill=0.88)

    assert place.of_sku("W-1").state == PlacementState.APPROVED
    with kit.db.reading() as session:
        assert session.get_one(Placement, dull_place.id).state == PlacementState.REVIEW
        wanted = {next(iter(row.wanted)): row.wanted for row in session.scalars(sa.select(Listing))}
        assert wanted == {"W-1": {"W-1": {"main": better}}, "W-2": {"W-2": {"main": made.file_sha256}}}, "nothing live was emptied"
        events = session.scalars(sa.select(Event).where(Event.kind.in_(("rules", "lesson", "placement"))).order_by(Event.id))
        said = [(e.kind, e.what, e.to, e.who) for e in events]
    for line in (
        ("rules", "activated", None, "ann"),
        ("lesson", "moved", "accepted", "ann"),
        ("placement", "moved", "waiting", "packshot"),
        ("placement", "made again", "passes", "packshot"),
        ("placement", "moved", "review", "packshot"),
        ("placement", "moved", "approved", "packshot"),
    ):
        assert line in said


def test_a_second_try_that_can_never_be_made_gives_way_to_the_first_picture_and_a_person(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(kit)
    first = place.finish(border_min_level=240)
    assert (place.row.state, bool(place.request["adjustments"])) == (PlacementState.WAITING, True)
    with kit.db.writing() as session:  # it was asked for under a finish that no worker has any more
        again = session.get_one(Rendition, place.row.rendition_id)
        again.request = {**again.request, "finish": 1}
        session.execute(sa.update(Remake).values(adjustments={**again.request["adjustments"]}))
        monkeypatch.setattr(arrange, "_is_or_can_be_made", lambda *_: False)
        arrange.arrange(session, kit, session.get_one(Product, place.of.id))
    settle_all(kit, STEPS)

    assert place.request["adjustments"] == {}
    assert (place.row.state, place.row.judged_file) == (PlacementState.REVIEW, first)
    assert [passed for _, passed in place.remakes()] == [False]


@pytest.mark.parametrize(("state", "finish", "expected"), [("rendered", 1, True), ("failed", 0, False), ("queued", 1, False), ("queued", 0, True)])
def test_what_was_made_again_is_asked_for_only_while_it_is_there_or_can_be_made(kit: Kit, state: str, finish: int, expected: bool) -> None:
    place = Place(kit)
    request = arrange.Asked({**place.request, "finish": kit.release["finish_version"] + finish})
    with kit.db.writing() as session:
        session.merge(
            Rendition(
                id=request.id,
                photo_sha256=place.photo.photo_sha256,
                recipe=request.recipe,
                request=dict(request.values),
                state=RenditionState(state),
                created_at=kit.now(),
            )
        )
        session.flush()
        assert arrange._is_or_can_be_made(session, kit, request) is expected
