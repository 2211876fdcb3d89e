"""Alternates of a family come out at one scale, by the sizes of its products; what was made before is moved by a rollout alone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

import imaging
from app.kit import Kit
from app.models import Batch, Placement, Product, Rendition
from app.rollout import roll_out
from tests.app.batch import Shoot, asked
from tests.app.factories import product


def scales(kit: Kit, of: int) -> dict[str, Any]:
    """position -> mm per px and lengths of what is proposed there."""
    with kit.db.reading() as session:
        rows = session.execute(
            sa.select(Placement.position, Rendition.request).join(Rendition, Rendition.id == Placement.rendition_id).where(Placement.product_id == of)
        )
        return {position: (request["mm_per_px"], request["adjustments"]) for position, request in rows}


def test_alternates_of_watches_come_out_at_one_scale_by_their_cases(shoot: Shoot) -> None:
    small, large, unsized = (product(shoot.kit, size_mm=size) for size in ({"case": 28}, {"case": 44.0}, {}))
    for each in (small, large, unsized):
        shoot.take(1, of=each, shot="dial")
        shoot.take(1, of=each, shot="front")

    assert [scales(shoot.kit, each.id) for each in (small, large, unsized)] == [
        {"main": (None, {}), "alt1": (0.0375, {"shortest_mm": 29.96})},
        {"main": (None, {}), "alt1": (0.0375, {"shortest_mm": 47.08})},
        {"main": (None, {}), "alt1": (0.0375, {"shortest_mm": 43.0})},
    ]
    with shoot.kit.db.reading() as session:
        for made in session.scalars(sa.select(Rendition)):
            assert made.id == imaging.RenderRequest.from_dict(made.request).id, "the stored words are the request's own"


def test_a_size_that_changes_later_moves_nothing_before_a_rollout(shoot: Shoot) -> None:
    of = product(shoot.kit, size_mm={"case": 28})
    shoot.take(1, of=of, shot="dial")
    shoot.take(1, of=of, shot="front")
    was = scales(shoot.kit, of.id)

    with shoot.kit.db.writing() as session:
        session.get_one(Product, of.id).size_mm = {"case": 40}
    shoot.arrange(of.id)
    assert scales(shoot.kit, of.id) == was
    shoot.take(1, of=of, shot="main")
    assert scales(shoot.kit, of.id)["alt2"] == (0.0375, {"shortest_mm": 42.8}), "a new photo has it at once"

    with shoot.kit.db.writing() as session:
        assert roll_out(session, shoot.kit, session.get_one(Product, of.id), "ann") == 2
    shoot.arrange(of.id)
    assert scales(shoot.kit, of.id)["alt1"] == (0.0375, {"shortest_mm": 42.8})
    with shoot.kit.db.writing() as session:
        assert roll_out(session, shoot.kit, session.get_one(Product, of.id), "ann") == 0


def test_a_new_product_of_the_family_moves_no_other(shoot: Shoot) -> None:
    of = product(shoot.kit, size_mm={"case": 28})
    shoot.take(1, of=of, shot="dial")
    shoot.take(1, of=of, shot="front")
    was = asked(shoot.kit)

    other = product(shoot.kit, size_mm={"case": 60})
    shoot.take(2, of=other, shot="front")
    shoot.arrange(of.id)

    assert was.items() <= asked(shoot.kit).items()
    with shoot.kit.db.reading() as session:
        assert session.scalars(sa.select(Batch.id)).all() == [shoot.batch.id]
