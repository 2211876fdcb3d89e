"""Another cut-out model is a new release: new photos use it, what is live stays as it is until a rollout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

import imaging
from app.kit import Kit
from app.models import Cutout, ImageSetItem, Listing, Product, Push, Release, Rendition
from app.stages import STAGES, render
from app.stages.arrange import arrange, request_for
from app.stages.run import settle_all
from app.states import ListingState, RenditionState
from integrations.practice import PracticeServer
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
    make_kit: Callable[..., Kit], practice: PracticeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_kit()
    add_practice_accounts(first, practice)
    product(first, "W-1")
    send_photo(first, "W-1", "dial", sharp_photo(1))
    settle_all(first, {name: stage for name, stage in STAGES.items() if name != "render"})
    one, other = sorted(first.release["recipes"])[:2]

    def asked_for(kit: Kit, recipe: str) -> imaging.RenderRequest:
        with kit.db.writing() as session:
            request = request_for(session, kit, session.scalars(sa.select(ImageSetItem)).one(), recipe)
            values = {"photo_sha256": request.photo, "cutout_id": request.cutout, "recipe": recipe, "request": request.to_dict()}
            session.merge(Rendition(id=request.id, **values, state=RenditionState.RENDERED, created_at=kit.now()))
            return request

    def next_release() -> Kit:
        monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)
        return make_kit()

    made = asked_for(first, one)
    second = next_release()
    assert asked_for(second, one) == made
    late = asked_for(second, other)
    assert late.finish == second.release["finish_version"]
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
        task = render.gather(session, before, row)
    assert task is not None

    monkeypatch.setattr(imaging, "FINISH_VERSION", imaging.FINISH_VERSION + 1)

    assert render.do(make_kit(), replace(task, alpha_sha256="0" * 64)) is None  # its cut-out was made for another recipe
