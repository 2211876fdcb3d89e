"""A finished picture that broke rules -> the request that may mend it: which adjustment helps which fact is data, fixes.yaml. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from imaging.adjustments import BOUNDS, LENGTHS
from imaging.recipe import Recipe, RenderRequest

LOSSLESS = 100  # what a PNG is worth as a JPEG quality: no more can be asked for
TABLE = Path(__file__).parent / "fixes.yaml"
_NEUTRAL = {"fill": 1.0, "clear": 1.0, "shadow": 1.0, "spread": 1.0, "white": 0.0, "drawn_shadow": 0.0}
_WORDS = {
    "fill": "the product {0:g} times as large",
    "clear": "a margin {0:g} times as wide",
    "shadow": "a shadow {0:g} times as dark",
    "spread": "a shadow {0:g} times as long",
    "white": "pure white behind it",
    "drawn_shadow": "a drawn shadow instead of the photo's own",
    "quality": "JPEG quality {0:g}",
    "most_bytes": "at most {0:,.0f} bytes",
    "longest_side": "{0:g} px on the longer side",
    "exposure": "an exposure of {0:+g} stops",
    **dict.fromkeys(sorted(LENGTHS), "a scale for {0:g} mm"),
}


@dataclass(frozen=True)
class Breach:
    """A rule broken, as far as finishing can know it: the fact, its value, and the limit (a number, or the least and the most)."""

    fact: str
    value: Any
    limit: Any


def remedy(request: RenderRequest, breaches: Sequence[Breach]) -> RenderRequest | None:
    """The request with what may mend every one of the breaches, within the recipe's bounds; None where one of them cannot be, or nothing would change.

    The same arguments give the same request.
    """
    wanted: dict[str, float] = {}
    for breach in breaches:
        found = _for(request, breach)
        if not found:
            return None
        for name, value in found.items():
            before, now = wanted.get(name), _now(request, name)
            if before is not None and (before > now) != (value > now):
                return None  # one rule asks for more of it, the other for less
            wanted[name] = value if before is None or abs(value - now) > abs(before - now) else before
    if not wanted:
        return None
    try:
        made = RenderRequest.from_dict({**request.to_dict(), "adjustments": {**request.adjustments, **wanted}})
    except ValidationError:
        return None
    return made if _differs(request, made) else None


def words_of(adjustments: Mapping[str, float]) -> str:
    """What is adjusted, in words a reviewer reads: `a margin 2 times as wide, pure white behind it`."""
    return ", ".join(words.format(adjustments[name]) for name, words in _WORDS.items() if name in adjustments)


@cache
def fixes() -> Mapping[str, Mapping[str, Any]]:
    """Fact -> adjustments, as fixes.yaml has them. Raises ValueError that names what is wrong in it."""
    table: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text("utf-8"))
    for fact, wanted in table.items():
        for name, how in wanted.items():
            if name not in BOUNDS or not (how == "limit" or isinstance(how, int | float) or (isinstance(how, dict) and set(how) == {"ratio"})):
                raise ValueError(f"{TABLE.name}: {fact}: {name}: {how!r} is no adjustment; see the head of the file")
    return table


def _for(request: RenderRequest, breach: Breach) -> dict[str, float]:
    """What may mend one breach; nothing where the fact is none of finishing, or there is no room that way."""
    found: dict[str, float] = {}
    for name, how in fixes().get(breach.fact, {}).items():
        if isinstance(how, int | float):
            found[name] = float(how)
            continue
        missed = _nearest(breach.value, breach.limit)
        if missed is None:
            return {}
        more, now = missed > breach.value, _now(request, name)
        value = float(missed) if how == "limit" else _ratio(breach.value, missed, how["ratio"], more) * now
        if value == now or (value > now) != more:
            return {}  # it has more than that already, and still misses it: another adjustment of this kind changes nothing
        found[name] = min(max(value, BOUNDS[name][0]), BOUNDS[name][1]) if how != "limit" else value
    return found


def _ratio(value: float, limit: float, beyond: float, more: bool) -> float:
    """Rounded away from the value, so that rounding never falls short."""
    times = limit / value * (1 + beyond if more else 1 - beyond) if value else math.inf
    return (math.ceil if more else math.floor)(min(times, 1000.0) * 1000) / 1000


def _nearest(value: Any, limit: Any) -> float | None:
    """The number that would have kept the rule and is nearest to the value; None where they are no numbers."""
    ends = limit if isinstance(limit, list | tuple) else (limit,)
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, *ends)):
        return None
    return float(min(ends, key=lambda end: abs(end - value)))


def _now(request: RenderRequest, name: str) -> float:
    """What a request has of an adjustment as it is."""
    if name in request.adjustments:
        return request.adjustments[name]
    recipe = request.finishing
    said = {"quality": LOSSLESS if recipe.quality is None else recipe.quality, "most_bytes": recipe.most_bytes, "longest_side": recipe.longest_px}
    return float(said[name]) if name in said else _NEUTRAL[name]


def _differs(before: RenderRequest, after: RenderRequest) -> bool:
    """Whether the picture can become another one."""
    if before.finishing != after.finishing or (before.backdrop is not None and ("white" in after.adjustments) != ("white" in before.adjustments)):
        return True
    recipe, times = after.recipe, after.adjustments.get("fill", 1.0)
    if times == before.adjustments.get("fill", 1.0) or not isinstance(recipe, Recipe):
        return False
    if recipe.fill.by != "side" or after.mm_per_px is not None:
        return True  # only the photo tells where it stands between the bounds
    shown = [min(max(recipe.fill.share * each, recipe.fill.least), recipe.fill.most) for each in (before.adjustments.get("fill", 1.0), times)]
    return shown[0] != shown[1]
