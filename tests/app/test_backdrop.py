"""A batch's common backdrop: measured once when the batch has settled, told by the cutout's id, and never moving what was asked for before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

import imaging
from app.kit import Kit
from app.models import Arrival, BatchBackdrop, Cutout, Event, ImageSetItem, Placement, Product, Rendition, Work
from app.rollout import roll_out
from app.stages import STAGES, backdrop, render
from app.stages.run import settle_all
from app.states import ArrivalState, RenditionState
from app.views import why
from tests.app.batch import SIZE, Shoot, asked, with_net
from tests.app.conftest import Clock
from tests.app.factories import account, product
from tests.shots import watch_photo

ROAD = {name: STAGES[name] for name in ("arrange", "backdrop")}


def test_a_settled_batch_is_measured_once_and_its_cutouts_say_so(shoot: Shoot) -> None:
    shoot.take(9)
    assert asked(shoot.kit) == {}, "they wait for each other"

    settle_all(shoot.kit, ROAD)

    row = shoot.row()
    assert row is not None
    assert (row.backdrop_id is not None, row.photos) == (True, 9)
    assert imaging.Backdrop.from_dict(row.backdrop).id == row.backdrop_id
    with_it = imaging.mask_input(row.backdrop_id)
    assert set(shoot.inputs()) == {with_it}
    model = shoot.kit.release["model_sha256"]
    assert asked(shoot.kit) == {photo: imaging.cutout_id(photo, model, with_it) for photo in asked(shoot.kit)}
    with shoot.kit.db.reading() as session:
        assert session.scalars(sa.select(Event.why).where(Event.what == "backdrop")).all() == [f"9 photos share backdrop {row.backdrop_id}"]


def test_the_cutout_is_made_with_the_very_backdrop_that_its_id_names(shoot: Shoot) -> None:
    shoot.take(8)
    settle_all(shoot.kit, ROAD)
    shoot.kit._segmenter = None  # the real one
    row = shoot.row()
    assert row is not None
    with shoot.kit.db.reading() as session:
        made = session.scalars(sa.select(Rendition).order_by(Rendition.id)).first()
        assert made is not None
        task = render.gather(session, shoot.kit, made.id)
    assert task is not None
    assert task.backdrop == row.backdrop

    one, other = render.do(shoot.kit, task), render.do(shoot.kit, task)

    assert isinstance(one, render.Made)
    assert isinstance(other, render.Made)
    assert one.file_sha256 == other.file_sha256
    assert one.cutout is not None
    expected = imaging.cut_out(shoot.kit.originals.get(made.photo_sha256), shoot.kit.segmenter, backdrop=imaging.Backdrop.from_dict(row.backdrop))
    assert shoot.kit.originals.get(one.cutout["alpha_sha256"]) == expected.alpha


def test_photos_wait_until_the_last_of_the_batch_is_judged(shoot: Shoot, clock: Clock) -> None:
    shoot.take(8)
    shoot.take(1, state=ArrivalState.WAITING)
    settle_all(shoot.kit, ROAD)
    assert (shoot.row(), asked(shoot.kit)) == (None, {})
    with shoot.kit.db.reading() as session:
        first = session.scalars(sa.select(Product).order_by(Product.id)).first()
        assert first is not None
        assert why(session, shoot.kit, first.sku)[0].sentence == "its main photo waits for the rest of its batch, whose backdrop helps to cut it out"

    with shoot.kit.db.writing() as session:
        session.execute(sa.update(Arrival).where(Arrival.state == ArrivalState.WAITING).values(state=ArrivalState.REFUSED))
    settle_all(shoot.kit, ROAD)

    assert shoot.row() is not None
    assert len(asked(shoot.kit)) == 8


def test_a_photo_filed_just_as_the_backdrop_was_kept_is_found_and_arranged(shoot: Shoot) -> None:
    shoot.take(8)
    settle_all(shoot.kit, ROAD)
    [late] = shoot.take(1)
    with shoot.kit.db.writing() as session:  # as the filing transaction saw it: no backdrop yet
        session.execute(sa.update(ImageSetItem).where(ImageSetItem.product_id == late).values(mask_input=None))
        session.execute(sa.update(Placement).where(Placement.product_id == late).values(rendition_id=None))
        session.execute(sa.delete(Work))
    assert None in shoot.inputs()

    with shoot.kit.db.writing() as session:
        assert STAGES["backdrop"].mark(session, shoot.kit, shoot.kit.now()) == 1
    settle_all(shoot.kit, {"arrange": STAGES["arrange"]})

    assert None not in shoot.inputs()
    with shoot.kit.db.writing() as session:
        assert STAGES["backdrop"].mark(session, shoot.kit, shoot.kit.now()) == 0


def test_a_photo_that_does_not_come_keeps_nobody_waiting_for_long(shoot: Shoot, clock: Clock) -> None:
    shoot.take(8)
    shoot.take(1, state=ArrivalState.WAITING)
    clock.advance(backdrop.PATIENCE.total_seconds() + 1)
    settle_all(shoot.kit, ROAD)

    assert len(asked(shoot.kit)) == 8


def test_a_small_batch_waits_for_nothing(shoot: Shoot) -> None:
    shoot.take(imaging.LEAST_SHOOT - 1)

    assert set(shoot.inputs()) == {"net"}
    model = shoot.kit.release["model_sha256"]
    assert asked(shoot.kit) == {photo: imaging.cutout_id(photo, model) for photo in asked(shoot.kit)}


def test_what_was_asked_for_before_the_batch_grew_stays_as_it_is(shoot: Shoot) -> None:
    early = shoot.take(3)
    before = asked(shoot.kit)

    shoot.take(6)
    settle_all(shoot.kit, ROAD)
    shoot.arrange(*early)

    inputs = shoot.inputs()
    assert inputs[:3] == ["net"] * 3
    assert all(words is not None and words.startswith("net, backdrop ") for words in inputs[3:])
    assert before.items() <= asked(shoot.kit).items()


def test_photos_that_come_after_the_measuring_use_it_and_do_not_change_it(shoot: Shoot) -> None:
    shoot.take(8)
    settle_all(shoot.kit, ROAD)
    row, before = shoot.row(), asked(shoot.kit)
    assert row is not None

    shoot.take(4)
    settle_all(shoot.kit, ROAD)

    assert shoot.row() is not None
    assert shoot.row().backdrop_id == row.backdrop_id  # type: ignore[union-attr]
    assert set(shoot.inputs()) == {imaging.mask_input(row.backdrop_id)}
    assert before.items() <= asked(shoot.kit).items()


def test_photos_that_share_no_backdrop_are_as_ever(shoot: Shoot) -> None:
    for number in range(8):
        shoot.take(1, data=watch_photo(seed=40 + number, size=(SIZE[0] + 40 * number, SIZE[1]), fill=0.4))
    settle_all(shoot.kit, ROAD)

    row = shoot.row()
    assert row is not None
    assert (row.backdrop_id, row.backdrop) == (None, {})
    assert set(shoot.inputs()) == {"net"}


def test_a_batch_that_kills_its_workers_shares_nothing_and_its_photos_go_on(shoot: Shoot) -> None:
    shoot.take(8)
    with shoot.kit.db.writing() as session:
        backdrop.give_up(session, shoot.kit, str(shoot.batch.id), "it died")
    settle_all(shoot.kit, ROAD)

    assert set(shoot.inputs()) == {"net"}
    assert len(asked(shoot.kit)) == 8


def test_a_lost_photo_shares_nothing_and_stops_nobody(shoot: Shoot) -> None:
    shoot.take(8)
    with shoot.kit.db.reading() as session:
        task = backdrop.gather(session, shoot.kit, str(shoot.batch.id))
    assert task is not None

    result = backdrop.do(shoot.kit, replace(task, photos=("0" * 64, *task.photos)))

    assert result is not None
    assert result[0] is not None


def test_measured_twice_at_once_the_first_is_believed(each_kit: Kit) -> None:
    account(each_kit, "ebay-uk:main")
    shoot = Shoot(each_kit)
    shoot.take(8)
    with each_kit.db.reading() as session:
        task = backdrop.gather(session, each_kit, str(shoot.batch.id))
    assert task is not None
    found = backdrop.do(each_kit, task)
    for result in (found, (None,)):
        with each_kit.db.writing() as session:
            assert backdrop.apply(session, each_kit, task, result) is None
    settle_all(each_kit, {"arrange": STAGES["arrange"]})

    row = shoot.row()
    assert row is not None
    assert found is not None
    assert found[0] is not None
    assert row.backdrop_id == found[0].id == imaging.Backdrop.from_dict(row.backdrop).id, "bit by bit, on both databases"
    assert set(shoot.inputs()) == {imaging.mask_input(row.backdrop_id)}
    with each_kit.db.reading() as session:
        assert backdrop.gather(session, each_kit, str(shoot.batch.id)) is None
        assert len(session.scalars(sa.select(Event.id).where(Event.what == "backdrop")).all()) == 1


def test_a_worker_with_another_model_measures_nothing(shoot: Shoot) -> None:
    shoot.take(8)
    with shoot.kit.db.reading() as session:
        task = backdrop.gather(session, shoot.kit, str(shoot.batch.id))
    assert task is not None

    assert backdrop.do(shoot.kit, replace(task, model="f" * 64)) is None
    with shoot.kit.db.writing() as session:
        assert backdrop.apply(session, shoot.kit, task, None) == shoot.kit.now() + backdrop.RESTART


def test_an_alternate_that_is_not_cut_out_waits_for_nobody(shoot: Shoot) -> None:
    shoot.take(8)
    of = product(shoot.kit)
    shoot.take(1, of=of)
    shoot.take(1, of=of, shot="box")

    with shoot.kit.db.reading() as session:
        assert session.scalars(sa.select(Rendition.recipe)).all() == ["ebay-alt-own"]
        assert session.scalars(sa.select(Placement.rendition_id).where(Placement.position == "main", Placement.product_id == of.id)).all() == [None]


def test_a_newer_model_makes_nothing_anew_before_a_rollout_and_then_with_the_backdrop_that_it_sees(
    shoot: Shoot, make_kit: Callable[..., Kit], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = shoot.take(8)
    settle_all(shoot.kit, ROAD)
    with shoot.kit.db.writing() as session:
        session.execute(sa.update(Rendition).values(state=RenditionState.RENDERED, file_sha256="f" * 64))
    before = asked(shoot.kit)

    clock.advance(60)
    monkeypatch.setattr(imaging, "CUTOUT_VERSION", imaging.CUTOUT_VERSION + 1)
    shoot.kit = with_net(make_kit())
    shoot.arrange(*products)
    settle_all(shoot.kit, ROAD)
    assert asked(shoot.kit) == before

    with shoot.kit.db.writing() as session:
        assert roll_out(session, shoot.kit, session.get_one(Product, products[0]), "ann") == 1
    settle_all(shoot.kit, ROAD)

    with shoot.kit.db.reading() as session:
        rows = session.scalars(sa.select(BatchBackdrop).order_by(BatchBackdrop.cutout_version)).all()
        assert [row.cutout_version for row in rows] == [imaging.CUTOUT_VERSION - 1, imaging.CUTOUT_VERSION]
        item = session.scalars(sa.select(ImageSetItem).where(ImageSetItem.product_id == products[0])).one()
        place = session.scalars(sa.select(Placement).where(Placement.item_id == item.id)).one()
        now = session.get_one(Rendition, place.rendition_id)
        mask_input = imaging.mask_input(rows[1].backdrop_id)
        assert now.cutout_id == imaging.cutout_id(item.photo_sha256, shoot.kit.release["model_sha256"], mask_input, version=imaging.CUTOUT_VERSION)
        moved = set(session.scalars(sa.select(Rendition.cutout_id))) - set(before.values())
        assert moved == {now.cutout_id}, "its sisters stay"


def test_a_rollout_of_photos_that_were_asked_for_early_gives_them_their_batch_s_backdrop(shoot: Shoot) -> None:
    early = shoot.take(3)
    shoot.take(6)
    settle_all(shoot.kit, ROAD)

    with shoot.kit.db.writing() as session:
        counts = [roll_out(session, shoot.kit, session.get_one(Product, each), "ann") for each in early]
    settle_all(shoot.kit, ROAD)
    with shoot.kit.db.writing() as session:
        again = [roll_out(session, shoot.kit, session.get_one(Product, each), "ann") for each in early]

    assert (counts, again) == ([1, 1, 1], [0, 0, 0])
    assert len(set(shoot.inputs())) == 1
    assert "net" not in shoot.inputs()


def test_a_cutout_of_a_backdrop_that_is_not_here_is_left_to_the_release_in_force(shoot: Shoot) -> None:
    shoot.take(8)
    settle_all(shoot.kit, ROAD)
    with shoot.kit.db.writing() as session:
        session.execute(sa.delete(BatchBackdrop))
        session.execute(sa.delete(Cutout))
    with shoot.kit.db.reading() as session:
        row = session.scalars(sa.select(Rendition.id)).first()
        assert row is not None
        task = render.gather(session, shoot.kit, row)

    assert task is not None
    assert render.do(shoot.kit, task) is None
