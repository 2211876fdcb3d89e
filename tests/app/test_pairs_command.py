"""`packshot pairs`: originals and what came back for them, for fine-tuning."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from app.cli import main
from app.kit import Kit
from app.models import ImageSetItem, Retouch
from app.stages import STAGES
from app.stages.intake import open_batch, receive_file
from app.stages.run import settle_all
from app.states import PhotoState, RetouchState
from tests.app.conftest import Clock
from tests.app.factories import product
from tests.shots import watch_photo

Packshot = Callable[..., tuple[int, str]]


@pytest.fixture
def packshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Packshot:
    monkeypatch.setenv("PACKSHOT_VAR", str(tmp_path / "var"))

    def run(*arguments: str | Path) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def cutout_of(photo: bytes) -> bytes:
    """What a retoucher would send back: the same pixels, transparent round the middle."""
    with Image.open(io.BytesIO(photo)) as image:
        rgba = image.convert("RGBA")
    alpha = np.zeros((rgba.height, rgba.width), np.uint8)
    alpha[rgba.height // 4 : -rgba.height // 4, rgba.width // 4 : -rgba.width // 4] = 255
    rgba.putalpha(Image.fromarray(alpha))
    out = io.BytesIO()
    rgba.save(out, "PNG")
    return out.getvalue()


def receive(kit: Kit, clock: Clock, sku: str, name: str, data: bytes, replaces: ImageSetItem | None = None) -> ImageSetItem:
    clock.advance(60)
    with kit.db.writing() as session:
        receive_file(session, kit, batch=open_batch(session, "upload", name, kit.now()), name=name, data=data, sku=sku, replaces=replaces)
    settle_all(kit, {"intake": STAGES["intake"]})
    with kit.db.reading() as session:
        return session.scalars(sa.select(ImageSetItem).order_by(ImageSetItem.id.desc())).all()[0]


@pytest.fixture
def photo() -> bytes:
    return watch_photo(seed=1, size=(900, 700))


def test_what_came_back_is_written_beside_its_original(kit: Kit, clock: Clock, packshot: Packshot, photo: bytes, tmp_path: Path) -> None:
    product(kit, "W/1")
    old = receive(kit, clock, "W/1", "dial.jpg", photo)
    receive(kit, clock, "W/1", "final.png", cutout_of(photo), replaces=old)
    receive(kit, clock, "W/1", "side.jpg", watch_photo(seed=2, size=(900, 700)))

    code, said = packshot("pairs", "--out", tmp_path / "pairs")

    name = f"W-1_photo_{old.photo_sha256[:8]}"
    assert code == 0
    assert "1 of 1 pairs are usable" in said
    assert "finetune --pairs" in said
    assert {path.name: path.read_bytes() for path in (tmp_path / "pairs").iterdir()} == {f"{name}.jpg": photo, f"{name}.retouched.png": cutout_of(photo)}


def test_what_cannot_be_learnt_from_is_named_with_the_reason(kit: Kit, clock: Clock, packshot: Packshot, photo: bytes, tmp_path: Path) -> None:
    product(kit, "W-1")
    old = receive(kit, clock, "W-1", "dial.jpg", photo)
    receive(kit, clock, "W-1", "square.jpg", watch_photo(seed=1, size=(800, 800), white=True), replaces=old)
    unwanted = receive(kit, clock, "W-1", "side.jpg", watch_photo(seed=3, size=(900, 700)))
    back = receive(kit, clock, "W-1", "side.png", cutout_of(watch_photo(seed=3, size=(900, 700))), replaces=unwanted)
    with kit.db.writing() as session:
        session.get_one(ImageSetItem, back.id).state = PhotoState.REJECTED

    code, said = packshot("pairs", "--out", tmp_path / "pairs")

    assert code == 1
    assert "0 of 2 pairs are usable" in said
    assert "the photo is 900 x 700 px and the other file 800 x 800" in said
    assert "what came back was rejected" in said


def test_sent_out_twice_is_one_pair_of_the_first_and_the_last(kit: Kit, clock: Clock, packshot: Packshot, photo: bytes, tmp_path: Path) -> None:
    product(kit, "W-1")
    first = receive(kit, clock, "W-1", "dial.jpg", photo)
    second = receive(kit, clock, "W-1", "dial-2.jpg", watch_photo(seed=1, size=(900, 700), noise=0.5), replaces=first)
    receive(kit, clock, "W-1", "dial-3.png", cutout_of(photo), replaces=second)

    assert "1 of 1 pairs are usable" in packshot("pairs", "--out", tmp_path / "pairs")[1]
    name = f"W-1_photo_{first.photo_sha256[:8]}"
    assert sorted(path.name for path in (tmp_path / "pairs").iterdir()) == [f"{name}.jpg", f"{name}.retouched.png"]


def test_a_retouch_that_was_noted_counts_and_since_is_when_it_came_back(kit: Kit, clock: Clock, packshot: Packshot, photo: bytes, tmp_path: Path) -> None:
    product(kit, "W-1")
    old = receive(kit, clock, "W-1", "dial.jpg", photo)
    new = receive(kit, clock, "W-1", "other.png", cutout_of(photo))
    with kit.db.writing() as session:
        session.add(Retouch(item_id=old.id, to="studio", state=RetouchState.BACK, sent_at=kit.now(), returned_photo=new.photo_sha256, returned_at=kit.now()))

    assert "1 of 1" in packshot("pairs", "--out", tmp_path / "pairs", "--since", "2026-11-23")[1]
    code, said = packshot("pairs", "--out", tmp_path / "none", "--since", "2026-11-24")
    assert (code, "Nothing came back" in said) == (1, True)
