from __future__ import annotations

import io
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from imaging import FACTS, Measured, measure, probe
from tests import shots

HOUSE = {"background_kept", "pieces_off", "products_with_photo", "has_main", "pictures"}
CUTOUT = {f"cutout_{word}" for word in ("confidence", "pieces", "touching_sides", "area", "product", "several", "hand", "prop")}


def jpeg(image: Image.Image, **settings: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **({"quality": 95, "subsampling": 0} | settings))  # type: ignore[arg-type]
    return out.getvalue()


def boxes(*placed: tuple[int, int, int, int], background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    image = Image.new("RGB", (1000, 1000), background)
    for box in placed:
        left, top, right, bottom = box
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), fill=(60, 80, 120))
    return image


def test_every_measured_fact_is_registered_and_every_picture_fact_is_measured() -> None:
    facts = measure(shots.watch_photo()).facts

    assert set(facts) == set(FACTS) - HOUSE - CUTOUT
    assert set(probe(shots.watch_photo()).facts) <= set(FACTS)
    assert all(fact.name == name and fact.method for name, fact in FACTS.items())


def test_every_number_is_told_as_finely_as_its_fact_says() -> None:
    facts = measure(shots.watch_photo()).facts

    steps = {name: FACTS[name].step for name in facts}
    numbers = {name: value for name, value in facts.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    assert {name for name, step in steps.items() if step is not None} - numbers.keys() <= {name for name, value in facts.items() if value is None}
    assert [name for name, value in numbers.items() if Decimal(repr(value)) % Decimal(repr(steps[name]))] == []


def test_fill_centre_and_pieces_of_a_known_drawing() -> None:
    measured = measure(jpeg(boxes((100, 300, 900, 700))))

    assert measured.facts["fill"] == pytest.approx(0.8, abs=0.005)
    assert measured.facts["fill_area"] == pytest.approx(0.32, abs=0.005)
    assert measured.facts["centre_offset"] == pytest.approx(0, abs=0.003)
    assert measured.facts["pieces"] == 1
    assert measured.facts["background_white_share"] == 1
    assert all(abs(a - b) <= 4 for a, b in zip(measured.regions["fill"], (100, 300, 900, 700), strict=True))


def test_a_second_piece_is_counted_and_shown() -> None:
    measured = measure(jpeg(boxes((100, 100, 500, 900), (700, 600, 850, 800))))

    assert measured.facts["pieces"] == 2
    assert all(abs(a - b) <= 6 for a, b in zip(measured.regions["pieces"], (700, 600, 850, 800), strict=True))


def test_one_grey_pixel_on_the_border_is_found_and_shown() -> None:
    image = boxes((200, 200, 800, 800))
    image.putpixel((999, 640), (251, 255, 255))
    out = io.BytesIO()
    image.save(out, "PNG")

    measured = measure(out.getvalue())

    assert measured.facts["border_min_level"] == 251
    assert measured.regions["border_min_level"] == (999, 640, 1000, 641)


def test_an_item_that_runs_out_of_the_frame_touches_that_side() -> None:
    measured = measure(jpeg(boxes((300, 200, 1000, 800))))

    assert measured.facts["touching_sides"] == 1
    assert measured.regions["touching_sides"][2] == 1000


def test_a_grey_background_is_not_white() -> None:
    facts = measure(jpeg(boxes((300, 200, 700, 800), background=(226, 226, 226)))).facts

    assert facts["background_white_share"] == 0
    assert facts["background_level"] == pytest.approx(226, abs=1)
    assert facts["subject_found"] is True


def test_a_soft_shadow_is_not_the_subject() -> None:
    shade = Image.new("L", (1000, 1000), 0)
    shade.paste(90, (200, 240, 800, 840))
    item = boxes((200, 200, 800, 800))
    light = ImageChops.invert(shade.filter(ImageFilter.GaussianBlur(25)))
    picture = Image.composite(item, Image.merge("RGB", [light] * 3), ImageChops.invert(item.convert("L")).point(lambda level: 255 if level else 0))

    facts = measure(jpeg(picture)).facts

    assert facts["fill"] == pytest.approx(0.6, abs=0.03)


def test_a_grey_strap_whose_edge_sinks_into_its_own_shadow_is_the_subject() -> None:
    shade = Image.new("L", (1000, 1000), 255)
    shade.paste(175, (350, 116, 650, 816))
    image = np.array(shade.filter(ImageFilter.GaussianBlur(8)))
    image[100:800, 350:650] = 190
    image[400:600, 250:750] = 60  # the case

    facts = measure(jpeg(Image.fromarray(image).convert("RGB"))).facts

    assert facts["fill"] == pytest.approx(0.70, abs=0.02)
    assert facts["fill_area"] == pytest.approx(0.25, abs=0.012)
    assert facts["shadow_depth"] < 4, "the strap was taken for a shadow"  # type: ignore[operator]


def test_the_second_of_a_pair_of_pale_pearls_is_a_piece() -> None:
    ys, xs = np.mgrid[:1000, :1000]
    image = np.full((1000, 1000, 3), 255.0)
    for middle in (300, 700):
        away = np.hypot(xs - middle, ys - 500) / 130
        image[away < 1] = (np.float64((240, 232, 215)) - 30 * away[..., None] ** 2)[away < 1]

    facts = measure(jpeg(Image.fromarray(image.astype(np.uint8)))).facts

    assert (facts["pieces"], facts["marks"], facts["stain_share"]) == (2, 0, 0.0)
    assert facts["fill"] == pytest.approx(0.66, abs=0.01)


def test_a_long_soft_shadow_is_no_stain_but_a_grey_corner_is() -> None:
    shade = Image.new("L", (1000, 1000), 255)
    shade.paste(150, (420, 420, 840, 700))
    cast = Image.merge("RGB", [shade.filter(ImageFilter.GaussianBlur(25))] * 3)
    cast.paste((60, 80, 120), (300, 300, 700, 700))
    corner = boxes((300, 300, 700, 700))
    corner.paste(Image.new("RGB", (150, 150), (225, 225, 225)), (0, 0))

    assert measure(jpeg(cast)).facts["stain_share"] == 0
    stained = measure(jpeg(corner))
    assert value(stained, "stain_share") == pytest.approx(0.0225, abs=0.002)
    assert all(abs(a - b) <= 6 for a, b in zip(stained.regions["stain_share"], (0, 0, 150, 150), strict=True))


def test_an_even_pale_bezel_is_no_halo() -> None:
    watch = boxes()
    draw = ImageDraw.Draw(watch)
    draw.ellipse((200, 200, 800, 800), fill=(168, 170, 174))
    draw.ellipse((210, 210, 790, 790), fill=(24, 24, 30))

    assert value(measure(jpeg(watch)), "halo") < 0.3


def test_regions_of_a_jpeg_too_big_to_decode_whole_are_in_its_own_pixels() -> None:
    big = Image.new("RGB", (6000, 6000), (255, 255, 255))
    big.paste((60, 80, 120), (1500, 1500, 4500, 4500))

    measured = measure(jpeg(big, quality=80))

    assert all(abs(a - b) <= 30 for a, b in zip(measured.regions["fill"], (1500, 1500, 4500, 4500), strict=True))
    assert measured.facts["upscaling"] is None


def test_a_picture_that_was_blown_up_says_so() -> None:
    sharp = Image.open(io.BytesIO(shots.watch_photo(seed=3, size=(1000, 1000), noise=0, white=True, quality=95))).convert("RGB")
    blown = sharp.resize((250, 250), Image.Resampling.LANCZOS).resize((1000, 1000), Image.Resampling.BICUBIC)

    assert measure(jpeg(sharp)).facts["upscaling"] == 1
    assert value(measure(jpeg(blown)), "upscaling") >= 2


def test_an_empty_picture_has_no_subject() -> None:
    facts = measure(jpeg(boxes())).facts

    assert facts["subject_found"] is False
    assert "fill" not in facts


def test_a_cluttered_picture_has_no_plain_background() -> None:
    clutter = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)

    facts = measure(jpeg(Image.fromarray(clutter).resize((800, 800), Image.Resampling.NEAREST))).facts

    assert facts["subject_found"] is False
    assert facts["background_white_share"] < 0.2  # type: ignore[operator]


def test_a_tinted_background_is_told() -> None:
    assert value(measure(jpeg(boxes((300, 300, 700, 700), background=(255, 246, 240)))), "background_tint") == pytest.approx(15, abs=1)
    assert value(measure(jpeg(boxes((300, 300, 700, 700)))), "background_tint") < 0.5


def test_a_stain_on_the_background_is_found_where_it_is() -> None:
    stained = boxes((300, 300, 700, 700))
    stained.paste((236, 236, 236), (820, 100, 960, 260))

    measured = measure(jpeg(stained))

    assert value(measured, "background_unevenness") > 10
    assert all(abs(a - b) <= 12 for a, b in zip(measured.regions["background_unevenness"], (820, 100, 960, 260), strict=True))
    assert "background_unevenness" not in measure(jpeg(boxes((300, 300, 700, 700)))).regions


def shadowed(depth: int, spread: int, box: tuple[int, int, int, int] = (300, 300, 700, 700)) -> Image.Image:
    """A block whose soft shadow is `depth` levels deep under it."""
    left, top, right, bottom = box
    shade = Image.new("L", (1000, 1000), 0)
    shade.paste(depth, (left, top + spread, right, bottom + spread))
    light = ImageChops.invert(shade.filter(ImageFilter.GaussianBlur(spread / 2)))
    picture = Image.merge("RGB", [light] * 3)
    picture.paste((60, 80, 120), box)
    return picture


@given(depth=st.integers(20, 120), spread=st.integers(16, 60))
@settings(max_examples=12, deadline=None)
def test_a_shadow_is_told_by_its_depth_and_how_far_from_the_edge_it_ends(depth: int, spread: int) -> None:
    picture = shadowed(depth, spread)
    grey = np.asarray(picture.convert("L"), dtype=int)
    shaded = np.flatnonzero((grey < 252).any(axis=1))

    measured = measure(jpeg(picture))

    beside = np.zeros((1000, 1000), bool)
    beside[250:750, 250:750] = True
    beside[296:704, 296:704] = False
    assert value(measured, "shadow_depth") == pytest.approx((255 - grey[beside]).mean(), rel=0.3, abs=0.5)
    assert value(measured, "shadow_margin") == pytest.approx((1000 - shaded[-1]) / 1000, abs=0.012)
    assert measured.regions["shadow_margin"][3] == pytest.approx(shaded[-1], abs=12)


def test_without_a_shadow_there_is_no_margin() -> None:
    measured = measure(jpeg(boxes((300, 300, 700, 700))))

    assert measured.facts["shadow_margin"] is None
    assert value(measured, "shadow_depth") < 1


def test_openings_are_counted_and_the_largest_is_shown() -> None:
    picture = boxes((200, 200, 800, 800))
    ImageDraw.Draw(picture).ellipse((300, 300, 500, 500), fill=(255, 255, 255))
    ImageDraw.Draw(picture).rectangle((600, 600, 639, 649), fill=(255, 255, 255))

    measured = measure(jpeg(picture))

    assert measured.facts["holes"] == 1, "one of a hundredth of the subject is taken for a glint"
    assert all(abs(a - b) <= 6 for a, b in zip(measured.regions["holes"], (300, 300, 500, 500), strict=True))


def test_a_colour_cast_moves_the_tone_of_the_metal() -> None:
    steel = boxes((200, 200, 800, 800))
    steel.paste((150, 152, 155), (200, 200, 800, 800))
    steel.paste((160, 20, 30), (400, 400, 600, 600))  # the dial
    gold = boxes()
    gold.paste(ImageChops.multiply(steel, Image.new("RGB", steel.size, (255, 235, 190))).crop((200, 200, 800, 800)), (200, 200))

    plain, cast = measure(jpeg(steel)), measure(jpeg(gold))

    assert value(plain, "highlight") == pytest.approx(62.5, abs=1.5)
    assert abs(value(plain, "tone_b")) < 3
    assert value(cast, "tone_b") > value(plain, "tone_b") + 10


@pytest.mark.parametrize(("setting", "word"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_jpeg_subsampling_is_read_back(setting: int, word: str) -> None:
    assert measure(jpeg(boxes((200, 200, 800, 800)), subsampling=setting)).facts["jpeg_subsampling"] == word


def test_a_grey_jpeg_has_no_subsampling() -> None:
    assert measure(jpeg(boxes((200, 200, 800, 800)).convert("L"))).facts["jpeg_subsampling"] is None


@pytest.mark.parametrize("asked", [30, 75, 92, 98])
def test_the_jpeg_quality_is_read_back(asked: int) -> None:
    assert measure(jpeg(boxes((200, 200, 800, 800)), quality=asked)).facts["jpeg_quality"] == pytest.approx(asked, abs=1)


def value(measured: Measured, name: str) -> float:
    found = measured.facts[name]
    assert isinstance(found, int | float)
    return found


def test_a_blurred_photo_is_far_less_sharp_at_any_size() -> None:
    for size in ((1200, 900), (3000, 2250)):
        crisp = value(probe(shots.watch_photo(size=size)), "sharpness")
        soft = value(probe(shots.watch_photo(size=size, blur=size[0] / 250)), "sharpness")
        assert crisp > 15
        assert soft < crisp / 2


def test_dark_and_clipped_photos_stand_out() -> None:
    plain, dark, bright = (probe(shots.watch_photo(1, **fault)) for fault in ({}, {"dark": True}, {"bright": True}))  # type: ignore[arg-type]

    assert value(dark, "luminance") < 35 < value(plain, "luminance")
    assert value(bright, "clipped_share") >= value(plain, "clipped_share")


def test_an_original_is_told_by_its_header() -> None:
    facts = probe(shots.watch_photo(orientation=6, size=(900, 600))).facts

    assert (facts["width"], facts["height"], facts["aspect"]) == (900, 600, 1.5)
    assert (facts["format"], facts["frames"], facts["profile"], facts["mode"]) == ("JPEG", 1, "none", "RGB")
    assert probe(shots.watch_photo(cmyk=True)).facts["mode"] == "CMYK"


def test_regions_of_an_original_are_in_its_own_pixels() -> None:
    region = probe(shots.watch_photo(size=(3000, 2250))).regions["fill"]

    rows = np.flatnonzero((shots.watch_alpha(size=(3000, 2250)) >= 128).any(axis=1))
    assert abs(region[1] - rows[0]) < 20
    assert abs(region[3] - rows[-1]) < 20


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 700), (2000, 2), (16, 16)])
def test_odd_sizes_are_measured(width: int, height: int) -> None:
    facts = measure(jpeg(Image.new("RGB", (width, height), (250, 250, 250)))).facts

    assert (facts["width"], facts["height"]) == (width, height)


def test_a_pale_part_of_the_product_is_no_mark_beside_it_and_a_pale_letter_is() -> None:
    image = Image.new("RGB", (1000, 1000), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((350, 300, 650, 700), fill=(60, 60, 70))
    pen.rectangle((450, 120, 550, 300), fill=(226, 226, 226))  # a lug nearly as white as the page
    assert value(measure(jpeg(image)), "marks") == 0

    pen.rectangle((100, 120, 130, 180), fill=(200, 200, 200))

    assert value(measure(jpeg(image)), "marks") == 1


def test_a_halo_of_five_pixels_is_told_and_no_soft_edge_is() -> None:
    def item(halo: int) -> bytes:
        image = Image.new("RGB", (1000, 1000), "white")
        pen = ImageDraw.Draw(image)
        pen.ellipse((300 - halo, 300 - halo, 700 + halo, 700 + halo), fill=(208, 208, 208) if halo else (150, 40, 30))
        pen.ellipse((300, 300, 700, 700), fill=(150, 40, 30))
        return jpeg(image.filter(ImageFilter.GaussianBlur(0.6)))

    assert value(measure(item(5)), "halo") > 0.5
    assert value(measure(item(0)), "halo") < 0.3
