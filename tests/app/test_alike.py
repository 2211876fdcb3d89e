"""Which picture of a batch looks unlike the others, from the facts that are stored."""

from __future__ import annotations

import sqlalchemy as sa

from app import views
from app.alike import Alike, alike
from app.kit import Kit
from app.models import Batch, ImageSetItem, Placement
from app.states import PhotoState, PlacementState
from tests.app.factories import account, item, new_batch, placement, product, rendition

FACTS = {"shadow_depth": 3.3, "highlight": 50.0, "tone_a": 0.0, "tone_b": 3.0, "background_tint": 0.0}


def shot(kit: Kit, batch: Batch, state: PlacementState = PlacementState.APPROVED, recipe: str = "ebay-main", **facts: float) -> ImageSetItem:
    """A product of one photo, made, measured and shown."""
    made = item(kit, product(kit), batch_id=batch.id)
    placement(kit, made, account(kit, f"ebay-uk:{made.id}"), rendition(kit, made, recipe=recipe, facts=FACTS | facts), state=state)
    return made


def found(kit: Kit, batch: Batch) -> Alike | None:
    with kit.db.reading() as session:
        return alike(session, batch, views.batch_state(session, batch).word)


def test_the_odd_one_of_a_settled_batch_is_named(each_kit: Kit) -> None:
    kit, batch = each_kit, new_batch(each_kit)
    for _ in range(6):
        shot(kit, batch)
    odd = shot(kit, batch, tone_b=21.0)

    told = found(kit, batch)

    assert told is not None
    assert (told.pictures, told.spread) == (7, 0.0)
    assert {number: one.words for number, one in told.odd.items()} == {odd.id: "its metal is yellower"}


def test_pictures_of_another_recipe_are_another_group(each_kit: Kit) -> None:
    kit, batch = each_kit, new_batch(each_kit)
    for _ in range(5):
        shot(kit, batch, fill=0.88)
    for _ in range(4):
        shot(kit, batch, recipe="ebay-alt", fill=0.6)

    told = found(kit, batch)

    assert told is not None
    assert not told.odd


def test_the_words_do_not_call_alike_what_is_not(kit: Kit) -> None:
    batch = new_batch(kit)
    for number in range(8):
        shot(kit, batch, fill=0.5 + 0.05 * number, shadow_depth=2.0 * number, tone_b=6.0 * number)

    told = found(kit, batch)

    assert told is not None
    assert told.words == "The 8 pictures look unlike each other"


def test_nothing_is_said_while_a_batch_moves(kit: Kit) -> None:
    batch = new_batch(kit)
    for _ in range(6):
        shot(kit, batch)
    late = item(kit, product(kit), state=PhotoState.RECEIVED, batch_id=batch.id)
    assert found(kit, batch) is None

    with kit.db.writing() as session:
        session.get_one(ImageSetItem, late.id).state = PhotoState.REJECTED
    assert found(kit, batch) is not None


def test_what_a_person_rejected_is_not_compared(kit: Kit) -> None:
    batch = new_batch(kit)
    for _ in range(6):
        shot(kit, batch)
    shot(kit, batch, state=PlacementState.REJECTED, tone_b=30.0)

    told = found(kit, batch)

    assert told is not None
    assert not told.odd


def test_of_a_few_pictures_nothing_is_said(kit: Kit) -> None:
    batch = new_batch(kit)
    for _ in range(3):
        shot(kit, batch)

    assert found(kit, batch) is None
    with kit.db.reading() as session:
        assert session.scalar(sa.select(sa.func.count(Placement.id))) == 3
