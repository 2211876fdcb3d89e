"""One scale for a family: from the product's own sizes, else from its class, and never beyond the recipe's fill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imaging import Recipe, RecipeError, RenderRequest, finishing, load_recipes, measure, render, scale_for
from imaging.recipe import SHIPPED
from imaging.scales import longest_px
from tests import shots

ALT = load_recipes()["amazon-alt"].to_dict()


@pytest.mark.parametrize(
    ("category", "shot", "size_mm", "says"),
    [
        ("watch", "dial", {"case": 40.0}, (75 / 2000, {"shortest_mm": 42.8})),
        ("watch", "dial", {"case": 28.0, "diameter": 99.0}, (75 / 2000, {"shortest_mm": 29.96})),
        ("watch", "dial", {"diameter": 40.0, "thickness": 9.0}, (75 / 2000, {"shortest_mm": 42.8})),
        ("watch", "front", {}, (75 / 2000, {"shortest_mm": 43.0})),
        ("ring", "front", {"inner_diameter": 16.5}, (30 / 2000, {"width_mm": 19.8})),
        ("earrings", "front", {"length": 34.0, "pearl": 10.0}, (60 / 2000, {"height_mm": 34.0})),
        ("watch", "side", {"case": 40.0}, None),
        ("watch", "", {"case": 40.0}, None),
        ("necklace", "front", {"chain_length": 450.0}, None),
        ("", "dial", {"case": 40.0}, None),
    ],
)
def test_the_first_size_that_a_product_has_tells_its_scale_else_its_class(
    category: str, shot: str, size_mm: dict[str, float], says: tuple[float, dict[str, float]] | None
) -> None:
    assert scale_for(ALT, category, shot, size_mm) == says


def test_a_recipe_of_before_and_a_main_one_have_no_scales() -> None:
    before = {key: value for key, value in ALT.items() if key != "scales"}

    assert scale_for(before, "watch", "dial", {"case": 40.0}) is None
    assert {name for name, recipe in load_recipes().items() if recipe.to_dict().get("scales")} == {"amazon-alt", "ebay-alt"}


def test_scales_choose_and_are_no_part_of_the_picture() -> None:
    recipe = load_recipes()["amazon-alt"]

    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert "scales" not in finishing(recipe.to_dict())
    assert "scales" not in RenderRequest(photo="p", cutout="c", recipe=recipe).to_dict()["recipe"]


@given(st.integers(10, 2000), st.integers(10, 2000), st.floats(5, 300), st.floats(0.005, 0.5), st.sampled_from(["longest", "shortest", "width", "height"]))
def test_the_side_that_is_known_has_its_length_at_the_scale(wide: int, high: int, mm: float, mm_per_px: float, side: str) -> None:
    factor = longest_px((wide, high), mm_per_px, {f"{side}_mm": mm}) / max(wide, high)

    px = {"longest": max(wide, high), "shortest": min(wide, high), "width": wide, "height": high}[side] * factor
    assert px * mm_per_px == pytest.approx(mm)


def shown(case_mm: float, name: str = "amazon-alt", seed: int = 0) -> tuple[float, tuple[str, ...]]:
    """The picture's fill and notes for a watch of this case, by a small canvas of the recipe."""
    whole = load_recipes()[name]
    recipe = whole.model_copy(update={"width_px": 500, "height_px": 500, "scales": load_recipes()["amazon-alt"].scales})  # type: ignore[union-attr]
    mm_per_px, lengths = scale_for(recipe.to_dict(), "watch", "dial", {"case": case_mm}) or (None, {})
    request = RenderRequest(photo="p", cutout="c", recipe=recipe, mm_per_px=mm_per_px, adjustments=lengths)
    rendered = render(shots.watch_photo(seed, (800, 800)), shots.watch_alpha(seed, (800, 800)), request)
    return float(measure(rendered.data).facts["fill"] or 0), rendered.notes


def test_sister_watches_keep_their_proportion_on_alternates() -> None:
    (small, noted), (large, _) = shown(20.0), shown(28.0)

    assert large / small == pytest.approx(28 / 20, rel=0.02)
    assert noted == ()


def test_what_does_not_fit_stays_within_the_recipe_s_fill_and_says_so() -> None:
    fill, notes = shown(120.0)

    assert fill == pytest.approx(0.90, abs=0.02)
    assert notes[0].startswith("shown 0.")


def test_a_main_picture_never_leaves_its_bounds_for_a_scale() -> None:
    (small, told), (large, _) = shown(20.0, "amazon-main"), shown(44.0, "amazon-main")

    assert small == pytest.approx(0.86, abs=0.015)
    assert large == pytest.approx(0.90, abs=0.015)
    assert "the recipe's fill leaves it no more white" in told[0]


@pytest.mark.parametrize(
    ("scales", "says"),
    [
        ({"watch": {"mm_across": 0, "shots": [{"shots": ["dial"], "side": "longest", "typical_mm": 40}]}}, "scales.watch.mm_across"),
        ({"watch": {"mm_across": 80, "shots": []}}, "scales.watch.shots"),
        ({"watch": {"mm_across": 80, "shots": [{"shots": ["dial"], "side": "diagonal", "typical_mm": 40}]}}, "scales.watch.shots.0.side"),
        ({"watch": {"mm_across": 80, "shots": [{"shots": ["dial"], "side": "width"}]}}, "scales.watch.shots.0.typical_mm"),
    ],
)
def test_scales_that_cannot_be_meant_are_refused_by_name(tmp_path: Path, scales: dict[str, Any], says: str) -> None:
    values = yaml.safe_load(SHIPPED.read_text())["amazon-main"] | {"scales": scales}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"mine": values}))

    with pytest.raises(RecipeError, match=f"mine: {says}"):
        load_recipes(path)
