"""Recipes whose photos keep their own background: as data, and in render requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from imaging import OwnRecipe, Recipe, RecipeError, RenderRequest, finishing, for_shot, load_recipes, request_id
from imaging.recipe import SHIPPED

RECIPES = load_recipes()
OWN = RECIPES["amazon-alt-own"]
SHOTS = ["detail", "caseback", "worn", "wrist", "box", "papers"]


def overlay(tmp_path: Path, like: str = "amazon-alt-own", without: tuple[str, ...] = (), **changes: Any) -> Path:
    values = yaml.safe_load(SHIPPED.read_text())[like] | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"mine": {key: value for key, value in values.items() if key not in without}}))
    return path


def test_the_shipped_ones_stand_in_for_the_alternates_of_their_marketplace() -> None:
    own = {name: recipe for name, recipe in RECIPES.items() if isinstance(recipe, OwnRecipe)}

    assert {name: recipe.in_place_of for name, recipe in own.items()} == {"amazon-alt-own": "amazon-alt", "ebay-alt-own": "ebay-alt"}
    assert all(list(recipe.shots) == SHOTS for recipe in own.values())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("fill", {"by": "side", "share": 0.85, "least": 0.3, "most": 0.9}),
        ("align", "body"),
        ("clear", 0.02),
        ("backdrop", "#ffffff"),
        ("white_balance", 0.12),
        ("shadow", {"contact": 0.3, "ambient": 0.1, "spread": 0.022}),
    ],
)
def test_what_only_a_cutout_gives_a_meaning_is_refused_by_name(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(RecipeError, match=rf"mine\.yaml: mine: .*{key}: nothing is cut out where a photo keeps its own background"):
        load_recipes(overlay(tmp_path, **{key: value}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"background": "grey"}, "background is white or own"),
        ({"enlarge": 9.0}, "mine: enlarge: "),
        ({"glow": 1}, "mine: glow: "),
        ({"shots": []}, "in_place_of (another recipe) and shots go together"),
        ({"in_place_of": "amazon-altt"}, "mine: in_place_of: there is no other recipe amazon-altt"),
        ({"in_place_of": "mine"}, "mine: in_place_of: there is no other recipe mine"),
        ({"shots": ["side", "box"]}, "mine: shots: box in place of amazon-alt is taken by amazon-alt-own already"),
    ],
)
def test_a_wrong_one_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipes(overlay(tmp_path, **changes))

    assert says in str(caught.value)


def test_a_recipe_on_white_may_be_chosen_by_the_shot_too(tmp_path: Path) -> None:
    recipes = load_recipes(overlay(tmp_path, "amazon-alt", background="white", in_place_of="amazon-alt", shots=["strap"]))

    assert isinstance(recipes["mine"], Recipe)
    assert for_shot({name: recipe.to_dict() for name, recipe in recipes.items()}, "amazon-alt", "strap") == "mine"


def test_a_shot_chooses_only_in_place_of_the_recipe_that_would_be_used() -> None:
    held = {name: recipe.to_dict() for name, recipe in RECIPES.items()}

    assert [for_shot(held, "amazon-alt", shot) for shot in ("caseback", "side", "")] == ["amazon-alt-own", "amazon-alt", "amazon-alt"]
    assert for_shot(held, "amazon-main", "caseback") == "amazon-main"
    assert for_shot({"amazon-alt": held["amazon-alt"]}, "amazon-alt", "caseback") == "amazon-alt", "a release from before has no other"


def test_a_request_without_a_cutout_survives_json_and_its_id_is_of_all_of_it() -> None:
    request = RenderRequest(photo="p", recipe=OWN)

    assert RenderRequest.from_dict(request.to_dict()) == request
    assert request.id == request_id({**request.to_dict()})
    assert request.to_dict()["cutout"] is None
    assert request.to_dict()["recipe"] == finishing(OWN.to_dict())
    others = [
        RenderRequest(photo="q", recipe=OWN),
        RenderRequest(photo="p", recipe=OWN.model_copy(update={"enlarge": 1.0})),
        RenderRequest(photo="p", recipe=OWN, adjustments={"exposure": 0.1}),
    ]
    assert len({made.id for made in [request, *others]}) == 4


def test_which_shots_choose_a_recipe_changes_no_picture() -> None:
    fewer = OWN.model_copy(update={"shots": ("box",)})

    assert RenderRequest(photo="p", recipe=fewer).id == RenderRequest(photo="p", recipe=OWN).id
    assert fewer.to_dict() != OWN.to_dict(), "but a release tells them apart"
    assert Recipe.from_dict(fewer.to_dict()) == fewer


def test_requests_on_white_keep_the_ids_that_they_had_before_a_background_could_be_said(tmp_path: Path) -> None:
    stored = {
        "photo": "p",
        "cutout": "c",
        "recipe": {**yaml.safe_load(SHIPPED.read_text())["amazon-main"], "name": "amazon-main"},
        "mm_per_px": None,
        "backdrop": None,
        "adjustments": {},
        "finish": 5,
    }

    assert RenderRequest.from_dict(stored).id == request_id(stored)
    assert RenderRequest.from_dict(stored).to_dict() == stored
    said = load_recipes(overlay(tmp_path, "amazon-main", background="white"))["mine"]
    assert "background" not in said.to_dict()


@pytest.mark.parametrize(
    "wrong", [{"cutout": "c"}, {"backdrop": "#eeeeee"}, {"mm_per_px": 0.1, "adjustments": {"longest_mm": 40.0}}, {"adjustments": {"glow": 1.0}}]
)
def test_a_request_that_means_a_cutout_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 pydantic's own words
        RenderRequest.from_dict({"photo": "p", "recipe": OWN.to_dict(), **wrong})


def test_a_request_on_white_needs_a_cutout(recipe: Recipe) -> None:
    with pytest.raises(ValueError, match="recipe amazon-main needs a cutout"):
        RenderRequest(photo="p", recipe=recipe)
