"""What may be changed in one picture beside its recipe: a closed set of numbers, each within bounds, that a render request carries."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from imaging.scales import SIDES

if TYPE_CHECKING:
    from imaging.recipe import AnyRecipe, Recipe

LENGTHS = frozenset(f"{side}_mm" for side in SIDES)

# name -> least, most
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "exposure": (-2.0, 2.0),  # stops
        **dict.fromkeys(LENGTHS, (0.001, 1_000_000.0)),  # one side of the item, together with mm_per_px
        "fill": (0.5, 2.0),  # times as large as the recipe shows the item, within its `least` and `most`
        "clear": (1.0, 5.0),  # times the recipe's margin, as far as its `fill.most` leaves room
        "shadow": (0.0, 1.0),  # times as dark
        "spread": (0.1, 1.0),  # times as far
        "drawn_shadow": (1.0, 1.0),  # drawn where the recipe keeps the photo's own
        "white": (1.0, 1.0),  # pure white, whatever backdrop was asked for
        "quality": (50.0, 100.0),  # of the JPEG, instead of the recipe's
        "most_bytes": (20_000.0, 100_000_000.0),  # of the file, instead of the recipe's
        "longest_side": (100.0, 4000.0),  # px of the canvas' longer side, instead of the recipe's
    }
)
ANY_BACKGROUND = frozenset({"exposure", "quality", "most_bytes", "longest_side"})  # mean something where nothing is cut out


def faults(adjustments: Mapping[str, float], recipe: AnyRecipe) -> Iterator[str]:
    """What is wrong with a request's adjustments, in words."""
    for name, value in sorted(adjustments.items()):
        if name not in BOUNDS:
            yield f"unknown adjustment {name}; there are {', '.join(sorted(BOUNDS))}"
            continue
        least, most = BOUNDS[name]
        if not least <= value <= most:
            yield f"adjustment {name} must be {least:g} to {most:g}, not {value:g}"
        if name == "quality" and recipe.quality is None:
            yield f"adjustment quality: recipe {recipe.name} makes PNG files, which have none"
        if recipe.background == "own" and name not in ANY_BACKGROUND:
            yield f"adjustment {name}: nothing is cut out by recipe {recipe.name}, which keeps the photo's own background"


def adjusted(recipe: AnyRecipe, adjustments: Mapping[str, float]) -> AnyRecipe:
    """The recipe as one request changes it; the same object where it changes nothing.

    `fill` and `exposure` are no part of it: they change what the photo gives, and the steps read them from the frame.
    """
    changes: dict[str, Any] = {}
    if "longest_side" in adjustments:
        times = adjustments["longest_side"] / recipe.longest_px
        changes |= {"width_px": max(1, round(recipe.width_px * times)), "height_px": max(1, round(recipe.height_px * times))}
    changes |= {name: round(adjustments[name]) for name in ("quality", "most_bytes") if name in adjustments}
    if recipe.background == "white":
        changes |= _laid_out(recipe, adjustments)
    return recipe.model_copy(update=changes) if changes else recipe


def _laid_out(recipe: Recipe, adjustments: Mapping[str, float]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "clear" in adjustments:
        room = min((1 - recipe.fill.most) * side / 2 / recipe.longest_px for side in (recipe.width_px, recipe.height_px))
        changes["clear"] = max(recipe.clear, min(recipe.clear * adjustments["clear"], math.floor(room * 10_000) / 10_000))
    if "white" in adjustments:
        changes["backdrop"] = "#ffffff"
    darker, further = adjustments.get("shadow", 1.0), adjustments.get("spread", 1.0)
    cast: dict[str, Any] = {"contact": recipe.shadow.contact * darker, "ambient": recipe.shadow.ambient * darker}
    cast |= {"most": recipe.shadow.most * darker or recipe.shadow.most, "spread": recipe.shadow.spread * further}
    if "drawn_shadow" in adjustments or darker == 0:
        cast["kind"] = "drawn"
    shadow = recipe.shadow.model_copy(update=cast)
    return changes if shadow == recipe.shadow else {**changes, "shadow": shadow}
