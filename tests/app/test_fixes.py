"""`fix: rerender` of the shipped rules: each has an adjustment that mends a picture which breaks that very rule, seen in the finished file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import imaging
import rules
from tests import shots

RULES = [rule for rule in rules.load(imaging.FACTS).rules if rule.fix == "rerender"]
SHIPPED = imaging.load_recipes()
MAIN = SHIPPED["amazon-main"].model_copy(update={"width_px": 700, "height_px": 700})
WHOLE = SHIPPED["amazon-alt-own"]
SIZE = (900, 900)


def recipe(**changes: Any) -> imaging.Recipe:
    """The shipped main recipe, small, with something in it that will break a rule."""
    made = imaging.Recipe.from_dict({**MAIN.to_dict(), **changes})
    assert isinstance(made, imaging.Recipe)
    return made


def filling(share: float, most: float) -> imaging.Recipe:
    return recipe(fill={"by": "side", "share": share, "least": 0.3, "most": most})


def grain() -> bytes:
    """A photograph that no encoder makes small."""
    return shots._encoded(Image.fromarray(np.random.default_rng(1).integers(0, 255, (2200, 2200, 3), np.uint8)), "JPEG", 98, 1, None)


def shaded() -> bytes:
    """A watch on plain paper with a wide, deep shadow of its own."""
    image = np.full((*SIZE[::-1], 3), 246.0)
    down, across = np.mgrid[: SIZE[1], : SIZE[0]]
    mask = shots.watch_alpha(size=SIZE, fill=0.5)
    product = np.asarray(Image.open(io.BytesIO(shots.watch_photo(size=SIZE, fill=0.5, white=True, noise=0))).convert("RGB"), dtype=float)
    under = 0.5 * np.exp(-(((across - 450) / 150) ** 2 + ((down - 690) / 55) ** 2))
    image *= 1 - under[..., None]
    image = np.where((mask > 127)[..., None], product, image)
    return shots._encoded(Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)), "JPEG", 95, 1, None)


# fact -> a recipe whose picture breaks a rule about it, by the rule's limit
BREAKS: dict[str, Callable[[Any], Any]] = {
    "border_min_level": lambda limit: recipe(backdrop="#fcfcfc"),
    "background_white_share": lambda limit: recipe(shadow={"kind": "kept", "contact": 0.3, "ambient": 0.1, "spread": 0.022, "most": 0.45}),
    "background_tint": lambda limit: recipe(backdrop="#fff6e8"),
    "fill": lambda limit: filling(0.97 * limit, 0.9) if limit < 0.9 else filling(0.94, 0.94),
    "longest_side": lambda limit: recipe(width_px=limit * 4 // 5, height_px=limit * 3 // 5, fill={"by": "side", "share": 0.8, "least": 0.3, "most": 0.85}),
    "bytes": lambda limit: WHOLE.model_copy(update={"width_px": 2200, "height_px": 2200, "quality": 100, "most_bytes": 50_000_000}),
    "jpeg_quality": lambda limit: recipe(quality=limit - 8),
}


def photo_of(rule: rules.Rule, made_by: imaging.AnyRecipe) -> tuple[bytes, Any]:
    if isinstance(made_by, imaging.OwnRecipe):
        return grain(), None
    if rule.fact == "background_white_share":
        return shaded(), shots.watch_alpha(size=SIZE, fill=0.5)
    return shots.watch_photo(size=SIZE), shots.watch_alpha(size=SIZE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_shipped_rule_that_says_so_is_mended_by_its_adjustment(rule: rules.Rule) -> None:
    limit = rule.limit[0] if isinstance(rule.limit, tuple) else rule.limit
    made_by = BREAKS[rule.fact](limit)
    photo, alpha = photo_of(rule, made_by)
    request = imaging.RenderRequest(photo="p", cutout=None if alpha is None else "c", recipe=made_by)
    value = imaging.measure(imaging.render(photo, alpha, request).data).facts[rule.fact]
    assert not rule.holds(value), f"the planted fault does not break the rule: {value}"

    again = imaging.remedy(request, [imaging.Breach(rule.fact, value, rule.limit)])

    assert again is not None
    assert again.id != request.id
    assert again.recipe == request.recipe
    mended = imaging.measure(imaging.render(photo, alpha, again).data).facts[rule.fact]
    assert rule.holds(mended), f"{value} became {mended} with {imaging.words_of(again.adjustments)}"


def test_the_shipped_rules_that_name_no_fix_are_those_that_finishing_cannot_mend() -> None:
    every = rules.load(imaging.FACTS).rules

    assert RULES
    assert all(rule.fact in imaging.fixes() for rule in RULES)
    assert set(imaging.fixes()) <= {rule.fact for rule in RULES}, "an adjustment that no shipped rule asks for is not tried by anything"
    assert {rule.fact for rule in every if rule.fix} == set(imaging.fixes())


def asked(made_by: imaging.AnyRecipe = MAIN, **adjustments: float) -> imaging.RenderRequest:
    return imaging.RenderRequest(photo="p", cutout=None if isinstance(made_by, imaging.OwnRecipe) else "c", recipe=made_by, adjustments=adjustments)


@pytest.mark.parametrize(
    ("request_", "breaches"),
    [
        (asked(), [imaging.Breach("sharpness", 2.0, 3)]),  # none of finishing
        (asked(), [imaging.Breach("fill", 0.84, 0.85), imaging.Breach("sharpness", 2.0, 3)]),  # one that can and one that cannot
        (asked(filling(0.9, 0.9)), [imaging.Breach("fill", 0.84, 0.85)]),  # as large as the recipe lets it be
        (asked(), [imaging.Breach("fill", 0.84, 0.85), imaging.Breach("fill", 0.84, 0.8)]),  # both ways at once
        (asked(), [imaging.Breach("fill", None, 0.85)]),
        (asked(), [imaging.Breach("fill", 0.84, "large")]),
        (asked(), [imaging.Breach("longest_side", 12_000, 10_000)]),  # more than any recipe makes
        (asked(), [imaging.Breach("longest_side", 300, 500)]),  # it asks for more than that already: the photo has no more
        (asked(), [imaging.Breach("bytes", 12_000_000, 10_000_000)]),
        (asked(WHOLE), [imaging.Breach("border_min_level", 9, 255)]),  # nothing is cut out
        (asked(white=1.0), [imaging.Breach("background_tint", 9.0, 3)]),  # tried
        (asked(), []),
    ],
)
def test_where_nothing_would_change_there_is_no_remedy(request_: imaging.RenderRequest, breaches: list[imaging.Breach]) -> None:
    assert imaging.remedy(request_, breaches) is None


def test_several_faults_are_mended_together_and_what_was_adjusted_stays() -> None:
    made = imaging.remedy(asked(exposure=0.5), [imaging.Breach("fill", 0.8, 0.85), imaging.Breach("border_min_level", 240, 255)])

    assert made is not None
    assert dict(made.adjustments) == {"exposure": 0.5, "fill": 1.074, "white": 1, "clear": 2, "spread": 0.5}
    assert imaging.words_of({"fill": 1.074, "clear": 2.0}) == "the product 1.074 times as large, a margin 2 times as wide"
