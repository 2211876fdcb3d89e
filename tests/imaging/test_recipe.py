from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from imaging import ImagingError, Recipe, RecipeError, RenderRequest, load_recipes
from imaging.recipe import SHIPPED

FILL = {"by": "side", "share": 0.88, "least": 0.86, "most": 0.90}


def written(tmp_path: Path, **changes: object) -> Path:
    values = yaml.safe_load(SHIPPED.read_text())["amazon-main"] | changes
    path = tmp_path / "recipes.yaml"
    path.write_text(yaml.safe_dump({"mine": {k: v for k, v in values.items() if v is not None}}))
    return path


def test_the_shipped_recipes() -> None:
    recipes = load_recipes()

    assert set(recipes) == {"amazon-main", "amazon-watch-uk", "amazon-jewellery", "amazon-alt", "amazon-alt-own", "ebay-main", "ebay-alt", "ebay-alt-own"}
    assert recipes["amazon-main"].fill.share == 0.88
    assert recipes["amazon-alt"].fill.share == 0.85
    assert all(recipe.longest_px == 2000 for recipe in recipes.values())
    assert recipes["amazon-watch-uk"].width_px / recipes["amazon-watch-uk"].height_px == 0.75


def test_an_overlay_adds_and_replaces(tmp_path: Path) -> None:
    recipes = load_recipes(written(tmp_path, quality=88))

    assert recipes["mine"].quality == 88
    assert "amazon-main" in recipes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fil": FILL}, "recipes.yaml: mine: fil: "),
        ({"fill": None}, "recipes.yaml: mine: fill: Field required"),
        ({"fill": 0.8}, "recipes.yaml: mine: fill: "),
        ({"fill": FILL | {"most": "0.9"}}, "recipes.yaml: mine: fill.most: "),
        ({"fill": FILL | {"share": 1.2}}, "recipes.yaml: mine: fill.share: "),
        ({"fill": FILL | {"share": 0.5}}, "is not within least 0.86 and most 0.9"),
        ({"fill": FILL | {"by": "area", "least": 0.95}}, "least 0.95 is more than most 0.9"),
        ({"fill": FILL | {"by": "height"}}, "recipes.yaml: mine: fill.by: "),
        ({"quality": 20}, "recipes.yaml: mine: quality: "),
        ({"quality": None}, "quality: a JPEG needs it"),
        ({"format": "png"}, "quality, subsampling: a PNG loses nothing and has none, so leave this out"),
        ({"format": "gif"}, "recipes.yaml: mine: format: "),
        ({"metadata": "all"}, "recipes.yaml: mine: metadata: "),
        ({"white_point": {"level": 255, "most_ev": 0.5}}, "recipes.yaml: mine: white_point.level: "),
        ({"white_point": 250}, "recipes.yaml: mine: white_point: "),
        ({"fill": FILL | {"most": 0.98}}, "more than the canvas"),
        ({"width_px": 600, "height_px": 2000, "clear": 0.05}, "more than the canvas"),
        ({"shadow": {"contact": 2.0, "ambient": 0.1, "spread": 0.02}}, "recipes.yaml: mine: shadow.contact: "),
        ({"shadow": {"kind": "lost", "contact": 0.2, "ambient": 0.1, "spread": 0.02}}, "recipes.yaml: mine: shadow.kind: "),
        ({"exposure": {"most_ev": 5.0, "target": 90.0}}, "recipes.yaml: mine: exposure.most_ev: "),
        ({"upright": {"most_degrees": 90.0, "least_confidence": 0.8}}, "recipes.yaml: mine: upright.most_degrees: "),
        ({"exposure": {"most_ev": 0.5}}, "recipes.yaml: mine: exposure.target: Field required"),
    ],
)
def test_a_wrong_recipe_is_refused_with_file_recipe_and_key(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipes(written(tmp_path, **changes))

    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["[1, 2]", "a: 3", "a: {fill: 1", "a: {}\na: {}"])
def test_what_is_no_recipe_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)

    with pytest.raises(RecipeError, match=r"odd\.yaml"):
        load_recipes(path)


def test_recipes_and_requests_survive_json(recipe: Recipe) -> None:
    request = RenderRequest(photo="p", cutout="c", recipe=recipe, adjustments={"exposure": 0.5})

    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert RenderRequest.from_dict(request.to_dict()) == request
    assert RenderRequest.from_dict(request.to_dict()).id == request.id


def test_whatever_decides_the_picture_decides_the_id(recipe: Recipe) -> None:
    base = RenderRequest(photo="p", cutout="c", recipe=recipe)
    others = [
        RenderRequest(photo="q", cutout="c", recipe=recipe),
        RenderRequest(photo="p", cutout="d", recipe=recipe),
        RenderRequest(photo="p", cutout="c", recipe=recipe.model_copy(update={"quality": 80})),
        RenderRequest(photo="p", cutout="c", recipe=recipe, backdrop="#eeeeee"),
        RenderRequest(photo="p", cutout="c", recipe=recipe, adjustments={"exposure": 0.1}),
        RenderRequest(photo="p", cutout="c", recipe=recipe, mm_per_px=0.1, adjustments={"longest_mm": 80.0}),
    ]

    assert len({request.id for request in [base, *others]}) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"adjustments": {"glow": 1.0}},
        {"mm_per_px": 0.1},
        {"adjustments": {"exposure": 9.0}},
        {"backdrop": "white"},
        {"adjustments": {"longest_mm": 3.0}},
        {"mm_per_px": 0.1, "adjustments": {"longest_mm": 3.0, "width_mm": 2.0}},
        {"mm_per_px": 0.1, "adjustments": {"height_mm": 0.0}},
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(recipe: Recipe, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 pydantic's own words
        RenderRequest.from_dict({"photo": "p", "cutout": "c", "recipe": recipe.to_dict(), **wrong})


def test_what_goes_without_saying_leaves_the_ids_of_older_requests_as_they_were(recipe: Recipe) -> None:
    kept = recipe.model_copy(update={"shadow": recipe.shadow.model_copy(update={"kind": "kept", "most": 0.3})})
    lifted = Recipe.from_dict(recipe.to_dict() | {"exposure": {"most_ev": 0.5, "target": 90.0}, "upright": {"most_degrees": 6, "least_confidence": 0.8}})

    late = {"format": "png", "metadata": "none", "white_point": {"level": 245, "most_ev": 0.5}}
    png = Recipe.from_dict({key: value for key, value in recipe.to_dict().items() if key not in ("quality", "subsampling")} | late)

    assert {"exposure", "upright", *late}.isdisjoint(recipe.to_dict())
    assert {"quality", "subsampling"}.isdisjoint(png.to_dict())
    assert late.items() <= png.to_dict().items()
    assert Recipe.from_dict(png.to_dict()) == png
    assert Recipe.from_dict(lifted.to_dict()) == lifted
    assert set(recipe.to_dict()["shadow"]) == {"contact", "ambient", "spread"}
    assert set(kept.to_dict()["shadow"]) == {"contact", "ambient", "spread", "kind", "most"}
    assert Recipe.from_dict(kept.to_dict()) == kept


def test_a_request_of_before_the_newer_keys_has_the_id_that_it_had(recipe: Recipe) -> None:
    """Written down when there were none of format, metadata, white_point and scales."""
    assert RenderRequest(photo="p", cutout="c", recipe=recipe, finish=6).id == "74be92e91208e2e47a4972a5f231fac5fba9c94efb2f64429e2146f9cc83b273"


def test_a_broken_stored_recipe_is_an_imaging_error() -> None:
    with pytest.raises(ImagingError, match="recipe: x: "):
        Recipe.from_dict({"name": "x"})
