"""Verdicts come from measured bytes: never from facts that are missing, never over a picture that changed meanwhile."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import imaging
from app.kit import Kit
from app.models import FileFacts, Placement
from app.stages import STAGES, check
from app.stages.run import settle_all
from app.states import PlacementState
from tests.app.factories import account, item, placement, product, rendition
from tests.shots import watch_photo

CHECK = {"check": STAGES["check"]}


def test_after_a_new_measure_version_files_are_measured_again_not_passed_unmeasured(each_kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = each_kit
    on, of = account(kit), product(kit)
    dial = item(kit, of)
    made = rendition(kit, dial, data=watch_photo(seed=1, size=(300, 200)))  # far too small, whatever is stored of it
    place = placement(kit, dial, on, made)
    settle_all(kit, CHECK)
    with kit.db.reading() as session:
        assert session.get_one(Placement, place.id).state == PlacementState.APPROVED, "by the facts of the old version"

    monkeypatch.setattr(imaging, "MEASURE_VERSION", imaging.MEASURE_VERSION + 1)
    settle_all(kit, CHECK)
    with kit.db.reading() as session:
        again = session.get_one(Placement, place.id)
        assert again.state == PlacementState.REVIEW
        assert again.findings
        facts = session.get_one(FileFacts, (made.file_sha256, imaging.MEASURE_VERSION)).facts
        assert facts["longest_side"] == 300
        check.mark(session, kit, kit.now())
        assert not session.info.get("packshot.wishes")


def test_a_case_that_is_judged_again_has_waited_since_it_began_to_wait(kit: Kit) -> None:
    on, of = account(kit), product(kit)
    dial = item(kit, of)
    place = placement(kit, dial, on, rendition(kit, dial, facts={"longest_side": 100, "shortest_side": 100}))
    settle_all(kit, CHECK)
    began = kit.now()
    kit.clock.advance(600)  # type: ignore[attr-defined]
    with kit.db.writing() as session:
        session.execute(sa.update(Placement).values(judged_rules="0" * 64))
    settle_all(kit, CHECK)
    with kit.db.reading() as session:
        again = session.get_one(Placement, place.id)
        assert (again.state, again.changed_at) == (PlacementState.REVIEW, began)
        assert again.judged_rules != "0" * 64
