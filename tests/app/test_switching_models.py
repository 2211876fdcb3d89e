"""Another cut-out model is a new release: new photos use it, what is live stays as it is until a rollout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import imaging
from app.kit import Kit
from app.models import Cutout, ImageSetItem, Listing, Product, Push, Release, Rendition
from app.stages import STAGES, render
from app.stages.arrange import Asked, Wish, arrange, request_for
from app.stages.run import settle_all
from app.states import ListingState, RenditionState
from integrations.practice import PracticeServer
from tests.app import factories
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.factories import product
from tests.app.test_road import send_photo, sharp_photo

_ENTRY = b"\x72\x06\x0a\x01n\x12\x012"  # ONNX metadata n=2 in wire format: another file that answers the same


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    """A model file that is not the shipped one."""
    shipped = next((Path(imaging.__file__).parent / "models").glob("*.onnx"))
    path = tmp_path / "candidate.onnx"
    path.write_bytes(shipped.read_bytes() + _ENTRY)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("versions", [0, 1])
def test_a_switched_model_takes_new_photos_and_leaves_what_is_live(
    make_kit: Callable[..., Kit], clock: Clock, practice: PracticeServer, candidate: Path, monkeypatch: pytest.MonkeyPatch, versions: int
) -> None:
    before = make_kit()
    add_practice_accounts(before, practice)
    product(before, "W-1")
    send_photo(before, "W-1", "dial", sharp_photo(1))
    run_for(before, clock, 40, practice, step=4)
    with before.db.reading() as session:
        assert set(session.scalars(sa.select(Listing.state))) == {ListingState.LIVE}
        old = {row.id: row.file_sha256 for row in session.scalars(sa.select(Rendition))}
        sent = session.scalar(sa.select(sa.func.count(Push.id)))

    monkeypatch.setattr(imaging, "CUTOUT_VERSION", imaging.CUTOUT_VERSION + versions)
    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + versions)
    after = make_kit(model=candidate)
    assert after.release["id"] != before.release["id"]
    assert after.release["model_sha256"] == after.segmenter.sha256 != imaging.shipped_model_sha256()
    with after.db.writing() as session:
        arrange(session, after, session.scalars(sa.select(Product)).one())  # as any change of the product would
    run_for(after, clock, 40, practice, step=8)
    with after.db.reading() as session:
        assert {row.id: row.file_sha256 for row in session.scalars(sa.select(Rendition))} == old, "nothing is made again"
        assert session.scalar(sa.select(sa.func.count(Push.id))) == sent, "nothing is sent again"
        assert set(session.scalars(sa.select(Listing.state))) == {ListingState.LIVE}

    product(after, "W-2")
    send_photo(after, "W-2", "dial", sharp_photo(2))
    run_for(after, clock, 8, practice, step=4)
    with after.db.reading() as session:
        new = session.scalars(sa.select(ImageSetItem).join(Product).where(Product.sku == "W-2")).one()
        assert new.release_id == after.release["id"]
        assert session.scalars(sa.select(Cutout.model_sha256).where(Cutout.photo_sha256 == new.photo_sha256)).all() == [after.segmenter.sha256]
        assert set(session.scalars(sa.select(Rendition.state).where(Rendition.photo_sha256 == new.photo_sha256))) == {RenditionState.RENDERED}
        assert session.scalar(sa.select(sa.func.count(Release.id))) == 2


@pytest.mark.slow
def test_a_photo_that_was_not_made_before_the_switch_is_made_by_the_new_model(
    make_kit: Callable[..., Kit], clock: Clock, practice: PracticeServer, candidate: Path
) -> None:
    before = make_kit()
    add_practice_accounts(before, practice)
    product(before, "W-1")
    send_photo(before, "W-1", "dial", sharp_photo(1))
    settle_all(before, {name: stage for name, stage in STAGES.items() if name != "render"})
    with before.db.reading() as session:
        assert session.scalars(sa.select(ImageSetItem)).one().release_id == before.release["id"]
        assert set(session.scalars(sa.select(Rendition.state))) == {RenditionState.QUEUED}

    after = make_kit(model=candidate)
    run_for(after, clock, 12, practice, step=4)

    with after.db.reading() as session:
        assert session.scalars(sa.select(ImageSetItem)).one().release_id == after.release["id"]
        made = session.scalars(sa.select(Rendition).where(Rendition.state == RenditionState.RENDERED)).all()
        assert made, "the release in force took over"
        assert set(session.scalars(sa.select(Cutout.model_sha256))) == {after.segmenter.sha256}
        assert not session.scalars(sa.select(Rendition).where(Rendition.state == RenditionState.FAILED)).all()


def test_what_a_release_in_between_made_stays_when_a_third_comes(
    make_kit: Callable[..., Kit], clock: Clock, practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_kit()
    add_practice_accounts(first, practice)
    product(first, "W-1")
    send_photo(first, "W-1", "dial", sharp_photo(1))
    settle_all(first, {name: stage for name, stage in STAGES.items() if name != "render"})
    one, other = sorted(first.release["recipes"])[:2]

    def asked_for(kit: Kit, recipe: str) -> Asked:
        with kit.db.writing() as session:
            request = request_for(session, kit, session.scalars(sa.select(ImageSetItem)).one(), Wish(recipe))
            asked = request.values
            values = {"photo_sha256": asked["photo"], "cutout_id": asked["cutout"], "recipe": recipe, "request": dict(asked)}
            session.merge(Rendition(id=request.id, **values, state=RenditionState.RENDERED, created_at=kit.now()))
            return request

    def next_release() -> Kit:
        monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
        clock.advance(60)
        return make_kit()

    made = asked_for(first, one)
    second = next_release()
    assert asked_for(second, one) == made
    late = asked_for(second, other)
    assert late.values["finish"] == second.release["finish_version"]
    third = next_release()
    assert asked_for(third, one) == made
    assert asked_for(third, other) == late


def test_an_old_finish_is_not_made_by_new_code(make_kit: Callable[..., Kit], practice: PracticeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    before = make_kit()
    add_practice_accounts(before, practice)
    product(before, "W-1")
    send_photo(before, "W-1", "dial", sharp_photo(1))
    settle_all(before, {name: stage for name, stage in STAGES.items() if name != "render"})
    with before.db.reading() as session:
        row = session.scalars(sa.select(Rendition.id)).first()
        assert row is not None

    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
    after = make_kit()
    with after.db.reading() as session:
        task = render.gather(session, after, row)

    assert task is not None
    assert render.do(after, replace(task, alpha_sha256="0" * 64)) is None  # its cut-out was made for another recipe


def former(session: Session, item: ImageSetItem, state: RenditionState) -> tuple[str, str]:
    """Pins an item to a release, with its rendition, whose recipes have a shape that nobody can read any more; their ids."""
    recipe = {"name": "ebay-main", "size_px": 2000, "fill": 0.88}
    release = Release(
        id="f" * 64,
        model_sha256="e" * 64,
        finish_version=1,
        cutout_version=1,
        recipes={"ebay-main": recipe, "ebay-alt": recipe},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    values = {
        "photo": item.photo_sha256,
        "cutout": imaging.cutout_id(item.photo_sha256, release.model_sha256, version=1),
        "recipe": recipe,
        "mm_per_px": None,
        "backdrop": None,
        "adjustments": {},
        "finish": 1,
    }
    made = Rendition(
        id=imaging.request_id(values), photo_sha256=item.photo_sha256, cutout_id=values["cutout"], recipe="ebay-main", request=values, state=state,
        file_sha256="d" * 64 if state == RenditionState.RENDERED else None, notes=[], ms={}, created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    session.add_all([release, made])
    session.flush()
    item.release_id = release.id
    return release.id, made.id


def test_what_a_release_of_a_former_shape_made_stays(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit()
    row = factories.item(kit, factories.product(kit))
    with kit.db.writing() as session:
        _, made = former(session, session.get_one(ImageSetItem, row.id), RenditionState.RENDERED)

    with kit.db.writing() as session:
        assert request_for(session, kit, session.get_one(ImageSetItem, row.id), Wish("ebay-main")).id == made


def test_what_a_release_of_a_former_shape_left_unmade_is_made_by_the_one_in_force(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit()
    row = factories.item(kit, factories.product(kit))
    with kit.db.writing() as session:
        _, queued = former(session, session.get_one(ImageSetItem, row.id), RenditionState.QUEUED)

    with kit.db.writing() as session:
        task = render.gather(session, kit, queued)
        assert task is not None
        assert render.do(kit, task) is None
        asked = request_for(session, kit, session.get_one(ImageSetItem, row.id), Wish("ebay-main"))
        assert asked.id != queued
        assert imaging.RenderRequest.from_dict(asked.values).id == asked.id
        assert session.get_one(ImageSetItem, row.id).release_id == kit.release["id"]
