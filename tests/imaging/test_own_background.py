"""A photo that keeps its own background: whole, sRGB, of a set size, and no net anywhere near."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from imaging import OwnRecipe, Recipe, RenderRequest, Unreadable, load_recipes, measure, render, render_paths
from imaging.pipeline import OWN_STEPS
from imaging.record import NAMESPACE, xmp_of
from tests import shots

OWN = load_recipes()["ebay-alt-own"]
assert isinstance(OWN, OwnRecipe)
SMALL = OWN.model_copy(update={"width_px": 400, "height_px": 400, "sharpen": OWN.sharpen.model_copy(update={"amount": 0})})
REQUEST = RenderRequest(photo="p", recipe=SMALL)
BROKEN = Path("there-is-no-such-model.onnx")


def pixels(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (800, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def test_a_finished_one_has_the_file_that_marketplaces_ask_for() -> None:
    rendered = render(shots.watch_photo(size=(2400, 3000)), None, RenderRequest(photo="p", recipe=OWN))

    facts = measure(rendered.data).facts
    assert rendered.size == (1600, 2000)
    assert (facts["format"], facts["mode"], facts["profile"], facts["jpeg_quality"]) == ("JPEG", "RGB", "srgb", 92)
    assert set(rendered.ms) == {"decode", *(step.__name__ for step in OWN_STEPS), "encode"}
    assert rendered.notes == ()


@pytest.mark.parametrize("colour", [(236, 226, 205), (40, 60, 90), (250, 250, 250)])
def test_colours_stay_as_they_are_cream_paper_too(colour: tuple[int, int, int]) -> None:
    made = pixels(render(plain(colour), None, REQUEST).data)

    assert made.shape == (300, 400, 3)
    assert np.abs(made.astype(int) - colour).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_out_upright(orientation: int) -> None:
    rendered = render(shots.watch_photo(size=(500, 250), orientation=orientation), None, REQUEST)

    straight = render(shots.watch_photo(size=(500, 250)), None, REQUEST)
    assert rendered.size == straight.size == (400, 200)
    assert np.abs(pixels(rendered.data).astype(int) - pixels(straight.data)).mean() < 2


def test_exposure_may_be_asked_for() -> None:
    brighter = RenderRequest(photo="p", recipe=SMALL, adjustments={"exposure": 1.0})

    assert pixels(render(plain((90, 90, 90)), None, brighter).data).mean() > 110


def test_the_whole_picture_is_sharpened() -> None:
    crisp = RenderRequest(photo="p", recipe=SMALL.model_copy(update={"sharpen": OWN.sharpen}))
    photo = shots.watch_photo(size=(800, 800))

    assert np.asarray(pixels(render(photo, None, crisp).data)).std() > pixels(render(photo, None, REQUEST).data).std()


def test_a_file_too_large_is_made_smaller_and_says_so() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (400, 400, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    tight = RenderRequest(photo="p", recipe=SMALL.model_copy(update={"most_bytes": 150_000}))

    rendered = render(out.getvalue(), None, tight)

    assert len(rendered.data) <= 150_000
    assert "JPEG quality" in rendered.notes[0]


def test_the_same_photo_gives_the_same_bytes_with_the_request_in_them() -> None:
    photo = shots.watch_photo(size=(500, 400))
    one, other = render(photo, None, REQUEST), render(photo, None, REQUEST)

    assert one.data == other.data
    told = {name.removeprefix(f"{{{NAMESPACE}}}") for name in ElementTree.fromstring(xmp_of(REQUEST))[0][0].attrib if NAMESPACE in name}
    assert told == {"request", "photo", "recipe", "finish"}
    assert REQUEST.id.encode() in one.data


def test_a_mask_where_none_belongs_and_none_where_one_does_are_mistakes(recipe: Recipe) -> None:
    photo = shots.watch_photo(size=(300, 300))

    with pytest.raises(ValueError, match="takes no mask"):
        render(photo, shots.watch_alpha(size=(300, 300)), REQUEST)
    with pytest.raises(ValueError, match="needs a mask"):
        render(photo, None, RenderRequest(photo="p", cutout="c", recipe=recipe))


def test_a_damaged_photo_is_unreadable_as_ever() -> None:
    with pytest.raises(Unreadable):
        render(shots.watch_photo(size=(300, 300), truncated=True), None, REQUEST)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_is_rendered_without_any_model(tmp_path: Path, jobs: int) -> None:
    for name in ("caseback", "box"):
        (tmp_path / f"{name}.jpg").write_bytes(shots.watch_photo(size=(500, 250)))

    results = list(render_paths([tmp_path], SMALL, tmp_path / "out", alpha=True, sidecar=True, jobs=jobs, model=BROKEN))

    assert [result.get("error") for result in results] == [None, None]
    assert {(result["alpha"], result["confidence"], result["facts"]["background_kept"]) for result in results} == {(None, None, True)}
    assert not any(name.startswith("cutout") for result in results for name in result["facts"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["box.jpg", "box.json", "caseback.jpg", "caseback.json"]
