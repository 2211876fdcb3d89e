from __future__ import annotations

import io
from functools import lru_cache

import pytest
from PIL import Image

from imaging import SAME, RenderRequest, dhash, load_recipes, render, same_picture, to_review_jpeg
from tests import shots

RECIPE = load_recipes()["amazon-main"].model_copy(update={"width_px": 1200, "height_px": 1200})


@lru_cache
def packshot(seed: int, item: str = "watch") -> bytes:
    alpha = shots.alpha_png(shots.watch_alpha(seed, item=item))
    return render(shots.watch_photo(seed, item=item), alpha, RenderRequest(photo="p", cutout="c", recipe=RECIPE)).data


def reencoded(data: bytes, side: int, quality: int) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((side, side), Image.Resampling.BICUBIC).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.mark.parametrize("side", [500, 800, 1200, 1600])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_marketplaces_copy_is_the_same_picture(seed: int, side: int) -> None:
    assert same_picture(packshot(seed), reencoded(packshot(seed), side, 85)) > max(0.95, SAME)


@pytest.mark.parametrize("other", [1, 2, 3, 4])
def test_another_watch_of_the_same_shape_is_another_picture(other: int) -> None:
    assert same_picture(packshot(0), packshot(other)) < 0.9 < SAME


def test_another_item_and_another_shape_of_picture_are_other_pictures() -> None:
    wide = shots.watch_photo(size=(1200, 600))

    assert same_picture(packshot(0), packshot(0, "ring")) < 0.9
    assert same_picture(packshot(0), wide) == 0


def test_a_picture_is_the_same_as_itself_even_if_nothing_is_on_it() -> None:
    out = io.BytesIO()
    Image.new("RGB", (600, 600), "white").save(out, "JPEG")

    assert same_picture(out.getvalue(), out.getvalue()) == 1
    assert same_picture(out.getvalue(), packshot(0)) < 0.9


def test_the_hash_of_a_copy_is_near() -> None:
    near = int(dhash(packshot(0)), 16) ^ int(dhash(reencoded(packshot(0), 700, 80)), 16)

    assert len(dhash(packshot(0))) == 16
    assert near.bit_count() <= 6


def test_a_preview_is_small_upright_and_srgb() -> None:
    preview = Image.open(io.BytesIO(to_review_jpeg(shots.watch_photo(orientation=6, cmyk=True), 300)))

    assert preview.size == (300, 225)
    assert preview.mode == "RGB"
