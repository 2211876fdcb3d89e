"""Do the finished pictures of one batch look alike, and which one does not? From their stored facts alone; no pixel is looked at again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from imaging.facts import FactValue

LEAST_PICTURES = 4  # of fewer nobody can say which is the odd one
# robust z from which a picture is called odd: in drawn batches of 40 alike but for chance .3 % of the batches have one, of 4 to 15 pictures 2 to 4 %
ODD = 5.0


@dataclass(frozen=True)
class Trait:
    """A fact that sisters should share, the difference in it that an eye just sees, and words for more and less of it."""

    seen: float
    more: str
    less: str


# What is just seen: CIELAB differences of about 2.3 (Mahy and others 1994), doubled for two pictures that do not touch, trebled where two products
# may differ by themselves; shares and levels are ours
TRAITS: Mapping[str, Trait] = MappingProxyType(
    {
        "background_level": Trait(1.0, "the background is lighter", "the background is darker"),
        "background_tint": Trait(1.5, "the background is tinted", "the background is less tinted"),
        "fill": Trait(0.02, "it is shown larger", "it is shown smaller"),
        "centre_offset": Trait(0.012, "it is off the middle", "it is nearer to the middle"),
        "shadow_depth": Trait(0.5, "its shadow is darker", "its shadow is fainter"),
        "highlight": Trait(3.5, "its highlights are lighter", "its highlights are darker"),
        "tone_a": Trait(5.0, "its metal is redder", "its metal is greener"),
        "tone_b": Trait(5.0, "its metal is yellower", "its metal is bluer"),
        "luminance": Trait(12.0, "it is lighter", "it is darker"),
        "colour_a": Trait(5.0, "it is redder", "it is greener"),
        "colour_b": Trait(5.0, "it is yellower", "it is bluer"),
    }
)


@dataclass(frozen=True)
class Odd:
    """How far one picture is from its batch: `z` is the largest robust z of its traits, `trait` that one, `words` what an eye would say."""

    name: str
    z: float
    trait: str
    words: str


@dataclass(frozen=True)
class Consistency:
    """`spread` of a batch: 0 all alike, 1 differences are just seen; and its pictures, the oddest first."""

    spread: float
    pictures: tuple[Odd, ...]

    @property
    def odd(self) -> tuple[Odd, ...]:
        """Those that stand out."""
        return tuple(picture for picture in self.pictures if picture.z >= ODD)


def consistency(facts: Mapping[str, Mapping[str, FactValue]]) -> Consistency | None:
    """Of pictures by name, each with its `measure` facts; None below LEAST_PICTURES.

    A trait's robust z is its distance from the batch's median over the batch's robust spread (1.4826 x the median absolute deviation), which is
    taken to be no less than half of what an eye just sees: in a batch that is all alike, invisible differences are no fault. A picture without the
    fact (no subject, no shadow) has no z for it.
    """
    if len(facts) < LEAST_PICTURES:
        return None
    names = list(facts)
    scores, spreads = np.zeros((len(names), len(TRAITS))), []
    for column, (fact, trait) in enumerate(TRAITS.items()):
        values = np.array([_number(facts[name].get(fact)) for name in names])
        known = ~np.isnan(values)
        if known.sum() < LEAST_PICTURES:
            continue
        middle = float(np.median(values[known]))
        spread = 1.4826 * float(np.median(np.abs(values[known] - middle)))
        spreads.append(spread / trait.seen)
        scores[known, column] = (values[known] - middle) / max(spread, trait.seen / 2)
    worst = np.argmax(np.abs(scores), axis=1)
    pictures = [_odd(name, float(scores[row, column]), list(TRAITS)[column]) for row, (name, column) in enumerate(zip(names, worst, strict=True))]
    return Consistency(
        round(math.sqrt(float(np.mean(np.square(spreads)))) if spreads else 0.0, 3), tuple(sorted(pictures, key=lambda picture: (-picture.z, picture.name)))
    )


def _odd(name: str, z: float, fact: str) -> Odd:
    trait = TRAITS[fact]
    return Odd(name, round(abs(z), 2), fact, trait.more if z > 0 else trait.less)


def _number(value: FactValue) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else math.nan
