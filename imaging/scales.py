"""One scale for a family: how many mm of the goods a canvas shows, and which of a product's sizes tells how large its item is in which shot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SIDES = ("longest", "shortest", "width", "height")  # of the upright item's box
_Mm = Annotated[float, Field(gt=0, le=5000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Size(_Strict):
    """A size that a product may have, and how many times as long as it the item's side is."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    times: Annotated[float, Field(gt=0, le=10)] = 1.0


class ShotScale(_Strict):
    """Which side of the item these shots are scaled by: as long as the first size that the product has says, else as those of its class usually are."""

    shots: Annotated[tuple[str, ...], Field(min_length=1)]
    side: Literal["longest", "shortest", "width", "height"]
    sizes: tuple[Size, ...] = ()
    typical_mm: _Mm


class Family(_Strict):
    """The products of one category: `mm_across` is what the canvas' longer side shows. A shot that is not named keeps the recipe's fill."""

    mm_across: _Mm
    shots: Annotated[tuple[ShotScale, ...], Field(min_length=1)]


def scale_for(recipe: Mapping[str, Any], category: str, shot: str, size_mm: Mapping[str, float]) -> tuple[float, dict[str, float]] | None:
    """The mm per px of a finished picture and the length that goes with it, as a render request has them; None where the recipe's fill decides.

    `recipe` is a recipe's `to_dict`, of any release. Nothing but the product's own data and the recipe counts, so that no other product moves it.
    """
    family = recipe.get("scales", {}).get(category)
    said = next((each for each in family["shots"] if shot in each["shots"]), None) if family else None
    if family is None or said is None:
        return None
    known = (float(size_mm[size["name"]]) * size["times"] for size in said["sizes"] if size_mm.get(size["name"]))
    mm_per_px = family["mm_across"] / max(recipe["width_px"], recipe["height_px"])
    return round(mm_per_px, 6), {f"{said['side']}_mm": round(next(known, said["typical_mm"]), 3)}


def longest_px(size: tuple[int, int], mm_per_px: float, adjustments: Mapping[str, float]) -> float:
    """How long the longest side of an item of this (width, height) becomes at a scale, by the one of its sides whose length in mm is known."""
    wide, high = size
    sides = {"longest": max(size), "shortest": min(size), "width": wide, "height": high}
    side = next(side for side in SIDES if f"{side}_mm" in adjustments)
    return adjustments[f"{side}_mm"] / mm_per_px * max(size) / max(1, sides[side])
