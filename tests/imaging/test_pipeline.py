from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging import Recipe, Rendered, RenderRequest, Unreadable, load_recipes, measure, render
from imaging.frame import Frame
from imaging.pipeline import STEPS, _opened
from imaging.recipe import Fill, Upright
from tests import shots

RECIPE = load_recipes()["amazon-main"]
ALT = load_recipes()["amazon-alt"]
SMALL = RECIPE.model_copy(update={"width_px": 400, "height_px": 400})
PNG = {"format": "png", "quality": None, "subsampling": None}


def finished(recipe: Recipe = SMALL, **photo: object) -> Rendered:
    truth = {key: value for key, value in photo.items() if key in ("seed", "size", "item", "fill", "shift", "two", "cropped")}
    alpha = shots.alpha_png(shots.watch_alpha(**truth))  # type: ignore[arg-type]
    return render(shots.watch_photo(**photo), alpha, RenderRequest(photo="p", cutout="c", recipe=recipe))  # type: ignore[arg-type]


def pixels(rendered: Rendered) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(rendered.data)))


def test_a_finished_main_picture_is_what_amazon_asks_for() -> None:
    rendered = finished(RECIPE, size=(2400, 3000), fill=0.85)

    facts = measure(rendered.data).facts
    assert rendered.size == (2000, 2000)
    assert (facts["format"], facts["mode"], facts["profile"], facts["jpeg_quality"]) == ("JPEG", "RGB", "srgb", 92)
    assert facts["border_min_level"] == 255
    assert facts["fill"] == pytest.approx(0.88, abs=0.012)
    assert facts["centre_offset"] == pytest.approx(0, abs=0.02)
    assert (facts["pieces"], facts["touching_sides"]) == (1, 0)
    assert rendered.notes == ()
    assert set(rendered.ms) == {"decode", *(step.__name__ for step in STEPS), "encode"}


@given(
    seed=st.integers(0, 5),
    item=st.sampled_from(["watch", "ring"]),
    size=st.sampled_from([(300, 300), (500, 260), (260, 500)]),
    fill=st.floats(0.3, 0.95),
    shift=st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
    orientation=st.integers(1, 8),
    share=st.floats(0.5, 0.9),
    format=st.sampled_from(["jpeg", "png"]),
)
@settings(max_examples=30, deadline=None)
def test_whatever_the_photo_the_border_is_white_and_the_item_has_its_size(
    seed: int, item: str, size: tuple[int, int], fill: float, shift: tuple[float, float], orientation: int, share: float, format: str
) -> None:
    alpha = shots.watch_alpha(seed, size, item=item, fill=fill, shift=shift)
    if not (alpha >= 128).any():
        return
    recipe = SMALL.model_copy(update={"fill": Fill(by="side", share=share, least=share, most=share), **(PNG if format == "png" else {})})

    rendered = finished(recipe, seed=seed, size=size, item=item, fill=fill, shift=shift, orientation=orientation)

    picture = pixels(rendered)
    ring = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (ring == 255).all()
    assert picture.shape == (400, 400, 3)
    differs = picture.min(axis=2) < 200
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert longest <= share * 400 + 12


@pytest.mark.parametrize("item", ["watch", "ring"])
def test_the_photos_own_shadow_can_be_kept(item: str) -> None:
    shadow = SMALL.shadow.model_copy(update={"kind": "kept"})
    bare = shadow.model_copy(update={"kind": "drawn", "contact": 0.0, "ambient": 0.0})

    with_own, without = (finished(SMALL.model_copy(update={"shadow": each}), item=item, fill=0.5, size=(800, 600)) for each in (shadow, bare))

    own, none = pixels(with_own).astype(int), pixels(without).astype(int)
    assert with_own.notes == without.notes
    assert 10 < (none - own).max() < 90
    assert (np.concatenate([own[:7], own[-7:], own[:, :7].swapaxes(0, 1), own[:, -7:].swapaxes(0, 1)]) == 255).all()


def test_a_leaning_watch_is_turned_upright_where_a_recipe_asks() -> None:
    photo = Image.open(io.BytesIO(shots.watch_photo(size=(900, 900), fill=0.6))).rotate(-4, Image.Resampling.BICUBIC, fillcolor=(180, 180, 180))
    alpha = np.asarray(Image.fromarray(shots.watch_alpha(size=(900, 900), fill=0.6)).rotate(-4, Image.Resampling.BILINEAR))
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=92)
    upright = SMALL.model_copy(update={"upright": Upright(most_degrees=6.0, least_confidence=0.8)})

    leaning, straight = (render(out.getvalue(), alpha, RenderRequest(photo="p", cutout="c", recipe=recipe)) for recipe in (SMALL, upright))

    assert "turned upright by 4.0 degrees" in straight.notes
    assert fill_of(straight) == pytest.approx(fill_of(leaning), abs=0.012)
    wanted = pixels(finished(SMALL, size=(900, 900), fill=0.6)).astype(int)
    assert np.abs(pixels(straight) - wanted).mean() < 0.3 * np.abs(pixels(leaning) - wanted).mean()


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turned_photo_gives_the_same_picture(orientation: int) -> None:
    straight, turned = finished(size=(500, 360)), finished(size=(500, 360), orientation=orientation)

    assert np.abs(pixels(straight).astype(int) - pixels(turned)).mean() < 1.2


@given(
    seed=st.integers(0, 50),
    item=st.sampled_from(["watch", "ring"]),
    quality=st.integers(90, 98),
    subsampling=st.sampled_from(["4:4:4", "4:2:0"]),
    shift=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    dark=st.floats(0, 0.6),
)
@settings(max_examples=25, deadline=None)
def test_white_in_the_file_is_exact_but_where_a_coding_block_holds_some_of_the_item(
    seed: int, item: str, quality: int, subsampling: str, shift: tuple[float, float], dark: float
) -> None:
    """The bounds of `encode`'s docstring, on canvases whose margin holds a whole coding block, as every shipped recipe's does."""
    shadow = SMALL.shadow.model_copy(update={"contact": dark, "ambient": dark})
    recipe = SMALL.model_copy(update={"quality": quality, "subsampling": subsampling, "clear": 0.04, "shadow": shadow})
    size = (500, 500)
    request = RenderRequest(photo="p", cutout="c", recipe=recipe)
    photo, mask = shots.watch_photo(seed, size, item=item, shift=shift), shots.watch_alpha(seed, size, item=item, shift=shift)
    frame = unencoded(photo, mask, request)
    side, rim, shaded_least, item_least = (8, 0, 253, 205) if subsampling == "4:4:4" else (16, 1, 249, 185)

    file = pixels(render(photo, mask, request))

    composed, holds_item = in_blocks(frame.rgb, side), in_blocks(frame.alpha, side).any(axis=(1, 2))
    blank = (composed == 255).all(axis=(1, 2, 3))
    written = in_blocks(file, side)
    assert blank.mean() > 0.05, "there is white to look at"
    # the pixel beside another block takes some of its colour from there, as every decoder smooths it
    assert (written[blank][:, rim : side - rim, rim : side - rim] == 255).all()
    assert all((edge == 255).all() for edge in (file[0], file[-1], file[:, 0], file[:, -1]))
    inner = np.zeros((side, side), bool)
    inner[rim : side - rim, rim : side - rim] = True
    white = (composed == 255).all(axis=3)
    assert least(written, white & inner & ~holds_item[:, None, None]) >= shaded_least
    assert least(written, white) >= item_least


def in_blocks(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], side: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """All its coding blocks, one after another."""
    rows, columns = (length // side for length in picture.shape[:2])
    return picture.reshape(rows, side, columns, side, *picture.shape[2:]).swapaxes(1, 2).reshape(-1, side, side, *picture.shape[2:])


def least(blocks: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """The lowest level of any channel there; 255 where there is nothing."""
    return int(blocks[where].min(initial=255))


def test_the_margin_of_every_shipped_recipe_holds_a_whole_coding_block() -> None:
    assert all(recipe.clear * recipe.longest_px >= 16 for recipe in load_recipes().values() if isinstance(recipe, Recipe))


def unencoded(photo: bytes, mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], request: RenderRequest) -> Frame:
    """The picture as it goes to the encoder."""
    frame = _opened(photo, mask, request, request.recipe, 10**9)
    for step in STEPS:
        frame = step(frame, request.recipe)
    return frame


def test_the_same_request_gives_the_same_bytes() -> None:
    assert finished(seed=3).data == finished(seed=3).data


def test_an_enlarged_item_is_told() -> None:
    rendered = finished(RECIPE, tiny=True, size=(300, 225))

    assert rendered.notes[0].startswith("enlarged")


def test_the_photo_does_not_shine_through_its_own_edge() -> None:
    """The backdrop was grey; beside the item the finished picture must go to white and not through a grey rim."""
    rendered = finished(SMALL.model_copy(update={"shadow": SMALL.shadow.model_copy(update={"contact": 0.0, "ambient": 0.0})}), seed=1)

    grey = pixels(rendered).astype(int)
    beside = grey[(grey.max(axis=2) - grey.min(axis=2) < 8) & (grey.min(axis=2) > 235)]
    assert (beside >= 250).mean() > 0.99


def test_a_mask_of_another_photo_is_refused() -> None:
    with pytest.raises(Unreadable, match="does not belong"):
        render(shots.watch_photo(size=(300, 300)), shots.alpha_png(shots.watch_alpha(size=(300, 200))), RenderRequest(photo="p", cutout="c", recipe=SMALL))


@pytest.mark.parametrize(("mask", "says"), [(b"", "damaged"), (shots.alpha_png(np.zeros((300, 300), np.uint8)), "empty")])
def test_a_useless_mask_is_refused(mask: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        render(shots.watch_photo(size=(300, 300)), mask, RenderRequest(photo="p", cutout="c", recipe=SMALL))


def test_sisters_at_one_scale_keep_their_proportion() -> None:
    recipe = SMALL.model_copy(update={"fill": ALT.fill})

    assert shown_at(recipe, longest_mm=100.0) == pytest.approx(100 / 0.5 / 400, abs=0.02)
    assert shown_at(recipe, longest_mm=150.0) == pytest.approx(150 / 0.5 / 400, abs=0.02)


def test_one_scale_ends_where_the_recipe_s_bounds_begin() -> None:
    assert shown_at(SMALL, longest_mm=100.0) == pytest.approx(SMALL.fill.least, abs=0.02)
    assert shown_at(SMALL, longest_mm=300.0) == pytest.approx(SMALL.fill.most, abs=0.02)


def shown_at(recipe: Recipe, longest_mm: float) -> float:
    """The share of the canvas that an item takes at half a millimetre per pixel."""
    request = RenderRequest(photo="p", cutout="c", recipe=recipe, mm_per_px=0.5, adjustments={"longest_mm": longest_mm})
    rendered = render(shots.watch_photo(size=(600, 600)), shots.watch_alpha(size=(600, 600)), request)
    return float(measure(rendered.data).facts["fill"] or 0)


def test_by_area_an_item_takes_its_share_of_the_canvas_within_the_bounds_of_its_side() -> None:
    def by_area(share: float) -> Rendered:
        return finished(SMALL.model_copy(update={"fill": Fill(by="area", share=share, least=0.4, most=0.9)}), size=(600, 600))

    area = shots.watch_alpha(size=(600, 600)) >= 128
    rows, columns = np.flatnonzero(area.any(axis=1)), np.flatnonzero(area.any(axis=0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    share = 0.6**2 * area.sum() / longer**2  # so that the longer side takes .6 of the canvas

    assert fill_of(by_area(share)) == pytest.approx(0.6, abs=0.02)
    assert fill_of(by_area(0.01)) == pytest.approx(0.4, abs=0.02)
    assert fill_of(by_area(0.9)) == pytest.approx(0.9, abs=0.02)


def fill_of(rendered: Rendered) -> float:
    return float(measure(rendered.data).facts["fill"] or 0)


@pytest.mark.parametrize("item", ["watch", "ring"])
def test_a_canvas_of_another_shape_is_filled_by_the_longer_relative_side(item: str) -> None:
    rendered = finished(SMALL.model_copy(update={"width_px": 300}), size=(600, 600), item=item)

    assert rendered.size == (300, 400)
    assert fill_of(rendered) == pytest.approx(SMALL.fill.share, abs=0.02)
    picture = pixels(rendered)
    assert (np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]) == 255).all()


def test_a_file_that_would_be_too_large_is_made_at_a_lower_quality_and_says_so() -> None:
    whole = finished(size=(600, 600))
    budget = SMALL.model_copy(update={"most_bytes": len(whole.data) * 3 // 4})

    rendered = finished(budget, size=(600, 600))

    assert len(rendered.data) <= budget.most_bytes
    assert rendered.notes[0].startswith("JPEG quality ")
    assert measure(rendered.data).facts["jpeg_quality"] < 92  # type: ignore[operator]


def test_a_png_loses_nothing_and_carries_the_profile_and_the_record() -> None:
    recipe = SMALL.model_copy(update=PNG)
    photo, mask = shots.watch_photo(size=(600, 600)), shots.watch_alpha(size=(600, 600))
    request = RenderRequest(photo="p", cutout="c", recipe=recipe)

    rendered = render(photo, mask, request)

    facts = measure(rendered.data).facts
    assert (facts["format"], facts["mode"], facts["has_alpha"], facts["profile"], facts["jpeg_quality"]) == ("PNG", "RGB", False, "srgb", None)
    assert (pixels(rendered) == unencoded(photo, mask, request).rgb).all()
    assert request.id in Image.open(io.BytesIO(rendered.data)).info["xmp"].decode()
    assert rendered.data == render(photo, mask, request).data
    assert rendered.notes == ()


def test_a_png_that_would_be_too_large_is_packed_harder_and_says_where_that_is_not_enough() -> None:
    recipe = SMALL.model_copy(update=PNG)
    usual = finished(recipe, size=(600, 600))

    tighter = finished(recipe.model_copy(update={"most_bytes": len(usual.data) - 1}), size=(600, 600))
    never = finished(recipe.model_copy(update={"most_bytes": 20_000}), size=(600, 600))

    assert (tighter.notes, len(tighter.data) < len(usual.data)) == ((), True)
    assert never.notes[0].endswith("bytes, more than the recipe's 20,000, as a PNG, which loses nothing; a JPEG would be smaller")
    assert (pixels(tighter) == pixels(usual)).all()
    assert (pixels(never) == pixels(usual)).all()


@pytest.mark.parametrize("format", [{}, PNG])
@pytest.mark.parametrize(("metadata", "profile", "record"), [("record", "srgb", True), ("profile", "srgb", False), ("none", "none", False)])
def test_a_recipe_says_what_is_written_into_the_file(format: dict[str, object], metadata: str, profile: str, record: bool) -> None:
    rendered = finished(SMALL.model_copy(update={**format, "metadata": metadata}))

    assert measure(rendered.data).facts["profile"] == profile
    assert (b"packshot" in rendered.data) == record
    assert (pixels(rendered) == pixels(finished(SMALL.model_copy(update=format)))).all(), "the picture is the same"


def test_another_backdrop_can_be_asked_for() -> None:
    request = RenderRequest(photo="p", cutout="c", recipe=SMALL, backdrop="#e0e4e8")

    rendered = render(shots.watch_photo(size=(600, 600)), shots.alpha_png(shots.watch_alpha(size=(600, 600))), request)

    assert np.abs(pixels(rendered)[2, 2].astype(int) - (224, 228, 232)).max() <= 2
