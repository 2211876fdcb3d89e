"""Recipes (finishing parameters as data) and render requests (all that decides a finished picture)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from imaging.adjustments import LENGTHS, adjusted, faults
from imaging.errors import ImagingError
from imaging.scales import Family

FINISH_VERSION = 6  # raise it when the same request would give another file

SHIPPED = Path(__file__).parent / "recipes.yaml"
_Share = Annotated[float, Field(ge=0, le=1, strict=True)]
_MOST_KEPT = 0.45  # darkness that a kept shadow may have where a recipe does not say
_Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class RecipeError(ImagingError):
    """A recipe file is wrong; `problems` names file, recipe and key of every fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shadow(_Strict):
    """The soft shadow under an item: darkness 0 (none) .. 1 (black), reach as a share of the canvas.

    Keys that came later are left out of `to_dict` where they say what went without saying before, so that the ids of older requests stay.
    """

    kind: Annotated[Literal["drawn", "kept"], Field(exclude_if=lambda kind: kind == "drawn")] = "drawn"
    contact: _Share
    ambient: _Share
    spread: Annotated[float, Field(gt=0, le=0.1, strict=True)]
    most: Annotated[float, Field(gt=0, le=1, strict=True, exclude_if=lambda most: most == _MOST_KEPT)] = _MOST_KEPT


class Sharpen(_Strict):
    """Unsharp mask after scaling: percent and px."""

    amount: Annotated[int, Field(ge=0, le=300, strict=True)]
    radius_px: Annotated[float, Field(ge=0, le=10, strict=True)]


class Exposure(_Strict):
    """How far a dark product is lifted: by at most `most_ev` stops, until its highlights have the L* `target`."""

    most_ev: Annotated[float, Field(gt=0, le=2, strict=True)]
    target: Annotated[float, Field(ge=50, le=98, strict=True)]


class WhitePoint(_Strict):
    """How light white paper comes out: a photo is exposed anew, by at most `most_ev` stops, so that the paper behind its item would have this level."""

    level: Annotated[int, Field(ge=200, le=250, strict=True)]
    most_ev: Annotated[float, Field(gt=0, le=1, strict=True)]


class Upright(_Strict):
    """A leaning item is turned upright if it leans by no more than `most_degrees` and that is at least so sure (0..1)."""

    most_degrees: Annotated[float, Field(gt=0, le=20, strict=True)]
    least_confidence: Annotated[float, Field(gt=0, le=1, strict=True)]


class Fill(_Strict):
    """How large the item is shown: `share` of the canvas, by its longer relative side or by its area; that side stays within `least` and `most`."""

    by: Literal["side", "area"]
    share: Annotated[float, Field(gt=0, lt=1, strict=True)]
    least: Annotated[float, Field(gt=0, lt=1, strict=True)]
    most: Annotated[float, Field(gt=0.1, lt=1, strict=True)]

    @model_validator(mode="after")
    def _in_order(self) -> Fill:
        if self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        if self.by == "side" and not self.least <= self.share <= self.most:
            raise ValueError(f"share {self.share} is not within least {self.least} and most {self.most}")
        return self


class _AnyRecipe(_Strict):
    """What every recipe says, whatever is behind the item; `in_place_of` and `shots` choose it and decide no picture themselves."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    width_px: Annotated[int, Field(ge=100, le=4000, strict=True)]
    height_px: Annotated[int, Field(ge=100, le=4000, strict=True)]
    sharpen: Sharpen
    format: Annotated[Literal["jpeg", "png"], Field(exclude_if=lambda format: format == "jpeg")] = "jpeg"
    quality: Annotated[int | None, Field(ge=50, le=100, strict=True, exclude_if=lambda quality: quality is None)] = None
    subsampling: Annotated[Literal["4:4:4", "4:2:2", "4:2:0"] | None, Field(exclude_if=lambda subsampling: subsampling is None)] = None
    most_bytes: Annotated[int, Field(ge=20_000, strict=True)]
    metadata: Annotated[Literal["record", "profile", "none"], Field(exclude_if=lambda metadata: metadata == "record")] = "record"
    in_place_of: Annotated[str | None, Field(exclude=True)] = None
    shots: Annotated[tuple[str, ...], Field(exclude=True)] = ()

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        if bool(self.in_place_of) != bool(self.shots):
            raise ValueError("in_place_of (another recipe) and shots go together")
        return self

    @model_validator(mode="after")
    def _encodable(self) -> Self:
        said = {"quality": self.quality is not None, "subsampling": self.subsampling is not None}
        if self.format == "png" and any(said.values()):
            raise ValueError(f"{', '.join(key for key in said if said[key])}: a PNG loses nothing and has none, so leave this out")
        if self.format == "jpeg" and not all(said.values()):
            raise ValueError(f"{', '.join(key for key in said if not said[key])}: a JPEG needs it")
        return self

    @property
    def longest_px(self) -> int:
        """The longer side of the canvas: what shares of no side in particular are taken of."""
        return max(self.width_px, self.height_px)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`."""
        chosen = {"in_place_of": self.in_place_of, "shots": list(self.shots)} if self.shots else {}
        return self.model_dump(mode="json") | chosen


class Recipe(_AnyRecipe):
    """A named set of finishing parameters for one kind of output, the item cut out; see recipes.yaml for what each means.

    `scales` decides no picture itself: a request says the scale that came of it.
    """

    background: Annotated[Literal["white"], Field(exclude=True)] = "white"  # said by no request: those of before it could be said keep their ids
    fill: Fill
    align: Literal["box", "body"]
    clear: Annotated[float, Field(ge=0.01, lt=0.3, strict=True)]
    backdrop: _Colour
    white_balance: Annotated[float, Field(ge=0, le=0.3, strict=True)]
    upright: Annotated[Upright | None, Field(exclude_if=lambda upright: upright is None)] = None
    white_point: Annotated[WhitePoint | None, Field(exclude_if=lambda white_point: white_point is None)] = None
    exposure: Annotated[Exposure | None, Field(exclude_if=lambda exposure: exposure is None)] = None
    shadow: Shadow
    scales: Annotated[Mapping[str, Family], Field(exclude=True)] = {}

    @field_validator("background", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if value != "white":
            raise ValueError("background is white or own")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Recipe:
        if any(self.fill.most * side + 2 * self.clear * self.longest_px > side for side in (self.width_px, self.height_px)):
            raise ValueError("fill.most + 2 x clear is more than the canvas (clear is a share of its longer side)")
        return self

    def to_dict(self) -> dict[str, Any]:
        scales = {"scales": {category: family.model_dump(mode="json") for category, family in self.scales.items()}} if self.scales else {}
        return super().to_dict() | scales

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> AnyRecipe:
        """The recipe of `to_dict`, of either kind; raises RecipeError."""
        try:
            return _made(values)
        except ValidationError as error:
            raise RecipeError(_problems("recipe", str(values.get("name", "?")), error)) from error


_NEEDS_CUTOUT = ("fill", "align", "clear", "backdrop", "white_balance", "upright", "white_point", "exposure", "shadow", "scales")


class OwnRecipe(_AnyRecipe):
    """A recipe whose photos are not cut out: they keep their own background and are shown whole."""

    background: Literal["own"]
    enlarge: Annotated[float, Field(ge=1, le=2, strict=True)]

    @model_validator(mode="before")
    @classmethod
    def _without_cutout(cls, values: Any) -> Any:
        if meant := [key for key in _NEEDS_CUTOUT if isinstance(values, Mapping) and key in values]:
            raise ValueError(f"{', '.join(meant)}: nothing is cut out where a photo keeps its own background, so leave this out")
        return values


AnyRecipe = Recipe | OwnRecipe


def _made(values: Mapping[str, Any]) -> AnyRecipe:
    return OwnRecipe.model_validate(dict(values)) if values.get("background") == "own" else Recipe.model_validate(dict(values))


def for_shot(recipes: Mapping[str, Mapping[str, Any]], standard: str, shot: str) -> str:
    """The name of the recipe that a photo of this shot gets where `standard` would be used; `recipes` as a release holds them (`to_dict`)."""
    return next((name for name, values in recipes.items() if values.get("in_place_of") == standard and shot in values.get("shots", ())), standard)


def finishing(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a render request says of a recipe, from its `to_dict`: all that decides the picture, not what chooses the recipe."""
    return {key: value for key, value in values.items() if key not in ("in_place_of", "shots", "scales")}


def request_id(values: Mapping[str, Any]) -> str:
    """The id of a render request from its `to_dict`, also of one that an older release wrote and this one cannot read any more."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _background(recipe: Any) -> str:
    """Which kind of recipe a request holds, stored or made."""
    said = recipe.get("background", "white") if isinstance(recipe, Mapping) else getattr(recipe, "background", "white")
    return "own" if said == "own" else "white"


class RenderRequest(_Strict):
    """All that decides a finished picture, frozen.

    cutout      None where the recipe keeps the photo's own background; then there is no scale and no backdrop to choose either
    mm_per_px   of the finished picture: with the length of one of the item's sides, adjustments["longest_mm"], ["shortest_mm"], ["width_mm"] or
                ["height_mm"], sister items come out at one scale, as far as the recipe's fill lets them
    backdrop    "#rrggbb" instead of the recipe's
    adjustments exposure: stops, -2..2; a length in mm: see above; the others (imaging/adjustments.py) change what the recipe says, for this picture alone
    finish      the FINISH_VERSION of the release that it belongs to
    """

    photo: str
    cutout: str | None = None
    recipe: Annotated[Annotated[Recipe, Tag("white")] | Annotated[OwnRecipe, Tag("own")], Discriminator(_background)]
    mm_per_px: Annotated[float, Field(gt=0)] | None = None
    backdrop: _Colour | None = None
    adjustments: Mapping[str, float] = {}
    finish: int = FINISH_VERSION

    @field_validator("recipe")
    @classmethod
    def _without_choice(cls, recipe: AnyRecipe) -> AnyRecipe:
        chosen: dict[str, Any] = {"in_place_of": None, "shots": ()}
        return recipe.model_copy(update=chosen if isinstance(recipe, OwnRecipe) else {**chosen, "scales": {}})

    @model_validator(mode="after")
    def _of_one_kind(self) -> RenderRequest:
        own = isinstance(self.recipe, OwnRecipe)
        if own != (self.cutout is None):
            raise ValueError(f"recipe {self.recipe.name} {'keeps the photo as it is and takes no cutout' if own else 'needs a cutout'}")
        if own and (self.backdrop is not None or self.mm_per_px is not None):
            raise ValueError(f"recipe {self.recipe.name} keeps the photo's own background: there is no backdrop and no mm_per_px")
        return self

    @model_validator(mode="after")
    def _known(self) -> RenderRequest:
        if problem := next(faults(self.adjustments, self.recipe), None):
            raise ValueError(problem)
        if len(LENGTHS & set(self.adjustments)) != (self.mm_per_px is not None):
            raise ValueError(f"mm_per_px and one of adjustments {', '.join(sorted(LENGTHS))} go together")
        return self

    @property
    def finishing(self) -> AnyRecipe:
        """The recipe by which this picture is really made: the one that is named, with the adjustments."""
        return adjusted(self.recipe, self.adjustments)

    @property
    def id(self) -> str:
        """Names the rendition: equal requests have one id."""
        return request_id(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, for `from_dict`."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RenderRequest:
        """The request of `to_dict`; raises ValueError."""
        return cls.model_validate(dict(values))


def load_recipes(overlay: Path | None = None) -> dict[str, AnyRecipe]:
    """The shipped recipes, those of the overlay file instead of or beside them; raises RecipeError."""
    recipes = _read(SHIPPED)
    if overlay is not None:
        recipes |= _read(overlay)
    if problems := list(_contradictions(recipes)):
        where = (overlay or SHIPPED).name
        raise RecipeError([f"{where}: {problem}" for problem in problems])
    return recipes


def _contradictions(recipes: Mapping[str, AnyRecipe]) -> Iterator[str]:
    """What is wrong between recipes that are each well-formed."""
    taken: dict[tuple[str, str], str] = {}
    for name, recipe in recipes.items():
        if recipe.in_place_of is None:
            continue
        if recipe.in_place_of not in recipes or recipe.in_place_of == name:
            yield f"{name}: in_place_of: there is no other recipe {recipe.in_place_of}"
        for shot in recipe.shots:
            other = taken.setdefault((recipe.in_place_of, shot), name)
            if other != name:
                yield f"{name}: shots: {shot} in place of {recipe.in_place_of} is taken by {other} already"


def _read(path: Path) -> dict[str, AnyRecipe]:
    try:
        document = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 a SafeLoader that also refuses a key given twice
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError([f"{path.name}: cannot be read ({error})"]) from error
    except yaml.YAMLError as error:
        raise RecipeError([f"{path.name}: {' '.join(str(error).split())}"]) from error
    if not isinstance(document, dict):
        raise RecipeError([f"{path.name}: expected recipes by name"])
    problems: list[str] = []
    recipes: dict[str, AnyRecipe] = {}
    for name, values in document.items():
        if not isinstance(values, dict):
            problems.append(f"{path.name}: {name}: expected keys and values")
            continue
        try:
            recipes[str(name)] = _made({**values, "name": name})
        except ValidationError as error:
            problems += _problems(path.name, str(name), error)
    if problems:
        raise RecipeError(problems)
    return recipes


def _problems(where: str, name: str, error: ValidationError) -> list[str]:
    faults = error.errors(include_url=False, include_input=False)
    return [f"{where}: {name}: {'.'.join(str(part) for part in fault['loc']) or 'recipe'}: {fault['msg']}" for fault in faults]


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, which YAML would silently let win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            value = self.construct_object(key, deep=True)
            if value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {value!r} is given twice", key.start_mark)
            seen.add(value)
        return super().construct_mapping(node, deep)
