"""A recipe that asks for PNG: the whole road follows it, up to both marketplaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

import imaging
from app.kit import Kit
from app.models import FileFacts, Listing, Notice, Placement
from app.states import ListingState, PlacementState
from integrations.practice import PracticeServer
from tests.app.conftest import Clock, add_practice_accounts, run_for
from tests.app.factories import product
from tests.app.test_road import send_photo, sharp_photo


def as_png(tmp_path: Path) -> Path:
    """The shipped recipes, their files as PNG."""
    path = tmp_path / "png.yaml"
    recipes = {name: recipe.to_dict() for name, recipe in imaging.load_recipes().items()}
    kept = {name: {key: value for key, value in values.items() if key not in ("name", "quality", "subsampling")} for name, values in recipes.items()}
    path.write_text(yaml.safe_dump({name: {**values, "format": "png"} for name, values in kept.items()}))
    return path


@pytest.mark.slow
def test_both_marketplaces_show_a_png(make_kit: Callable[..., Kit], tmp_path: Path, clock: Clock, practice: PracticeServer) -> None:
    kit = make_kit(recipes=as_png(tmp_path))
    add_practice_accounts(kit, practice)
    product(kit, "W-1")
    send_photo(kit, "W-1", "dial", sharp_photo(1))

    run_for(kit, clock, 40, practice, step=4)

    with kit.db.reading() as session:
        assert set(session.scalars(sa.select(Listing.state))) == {ListingState.LIVE}
        assert set(session.scalars(sa.select(Placement.state))) == {PlacementState.APPROVED}
        assert session.scalars(sa.select(Notice.code)).all() == []
        facts = session.scalars(sa.select(FileFacts.facts)).all()
    assert {(fact["format"], fact["border_min_level"], fact["jpeg_quality"]) for fact in facts} == {("PNG", 255, None)}
    assert {Path(name).suffix for name in kit.media.store.names()} == {".png"}
