"""The strict shape of a rule: what a YAML entry may say, and what it must say so that nobody has to guess.

Shapes are pydantic models (unknown keys refused, no conversion of types); what a shape cannot say, such as a case that contradicts its
own limit, is in `contradictions`. Objects of these classes are made by the loader only.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rules.operators import OPERATORS, is_number
from rules.reading import shown

FactValue = bool | int | float | str | None
Level = Literal["stop", "review", "warn"]
LEVELS: tuple[Level, ...] = ("stop", "review", "warn")
OURS = ("intake", "amazon", "ebay")
# a package that registers a marketplace brings its rules in a file of the connector's name beside it: `shop.yaml`
OTHERS = {point.name: point.module for point in sorted(entry_points(group="packshot.marketplaces")) if point.name not in OURS}
AUTHORITIES = (*OURS, *OTHERS)
# our own words for why a marketplace objects to a picture; marketplaces' codes are translated to these by the connectors
REASONS = (
    "text-or-watermark|non-white-background|image-missing|additional-items|cropped|packaging|propping|blur|too-small|wrong-product"
    "|unreachable|low-resolution|low-quality|too-large|format|policy|other"
)

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Marketplace = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]{2,3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Position = Annotated[str, StringConstraints(pattern=r"^(main|alt|alt([1-9]|1[0-9]|2[0-3]))$")]
Prevented = Annotated[str, StringConstraints(pattern=rf"^(reason:({REASONS})|({'|'.join(AUTHORITIES)}):[A-Za-z0-9_.-]+)$", max_length=100)]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a picture is to be shown: the marketplace site, its country, and the product and position shown there."""

    marketplace: str
    country: str
    category: str
    position: str
    condition: str


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Source(_Shape):
    """Where a requirement comes from; `evidence` is honest about how it was learnt.

    read: seen on the authority's own page. second-hand: copies by others; the page itself was not seen. ours: the house's own number or
    interpretation. notice: a marketplace's notice taught it.
    """

    page: Text
    read: dt.date
    says: Text
    evidence: Literal["read", "second-hand", "ours", "notice"] = "read"


class Where(_Shape):
    """A part of the world: each key that is given must match, an absent key matches everything. `alt` means any alternate position."""

    marketplace: tuple[Marketplace, ...] = ()
    country: tuple[Country, ...] = ()
    category: tuple[Text, ...] = ()
    position: tuple[Position, ...] = ()
    condition: tuple[Text, ...] = ()

    def covers(self, scope: Scope) -> bool:
        """Is the scope inside this part of the world?"""
        return (
            (not self.marketplace or scope.marketplace in self.marketplace)
            and (not self.country or scope.country in self.country)
            and (not self.category or scope.category in self.category)
            and (not self.position or scope.position in self.position or ("alt" in self.position and scope.position.startswith("alt")))
            and (not self.condition or scope.condition in self.condition)
        )


class Rule(_Shape):
    """One requirement of one authority as data; see the README of this package for what each key means."""

    authority: Annotated[str, Field(exclude=True)]  # from the file's name, never a key of the entry
    id: RuleId
    fact: Text
    operator: Literal["at_least", "at_most", "between", "equals", "one_of", "none_of", "is_true", "is_false", "present"]
    limit: Any = None
    applies_to: Where = Where()
    except_for: Where | None = None
    level: Level
    message: Text
    fix: Literal["rerender"] | None = None
    source: Source
    prevents: tuple[Prevented, ...] = ()
    strictest: int | float | None = None
    passes: tuple[Any, ...]
    fails: tuple[Any, ...]

    def holds(self, value: FactValue) -> bool:
        """Does a measured value keep this rule?"""
        return OPERATORS[self.operator].holds(value, self.limit)

    def covers(self, scope: Scope) -> bool:
        """Does this rule speak of that place?"""
        return self.applies_to.covers(scope) and not (self.except_for and self.except_for.covers(scope))

    def plain(self) -> dict[str, Any]:
        """The entry as YAML would hold it: lists, scalars and dates, defaults left out, keys in the usual order."""
        plain: dict[str, Any] = _plain(self.model_dump(exclude_defaults=True))
        return plain

    def to_dict(self) -> dict[str, Any]:
        """The whole rule as JSON-able data, the authority included."""
        return {"authority": self.authority, **self.model_dump(mode="json")}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def is_scalar(value: object) -> bool:
    """May stand as a single case or limit: a flag, a finite number or a word."""
    return isinstance(value, bool | str) or is_number(value)


LIMIT_SHAPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "number": (is_number, "limit must be a number"),
    "pair": (
        lambda limit: isinstance(limit, tuple) and len(limit) == 2 and is_number(limit[0]) and is_number(limit[1]) and limit[0] <= limit[1],
        "limit must be two numbers, the smaller first",
    ),
    "list": (lambda limit: isinstance(limit, tuple) and len(limit) > 0 and all(map(is_scalar, limit)), "limit must be a list of values, not empty"),
    "value": (is_scalar, "limit must be a single value"),
    "nothing": (lambda limit: limit is None, "takes no limit"),
}


def contradictions(rule: Rule) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong between the keys of a well-shaped rule: (path inside the entry, words)."""
    shape = OPERATORS[rule.operator].limit
    fits, words = LIMIT_SHAPES[shape]
    if not fits(rule.limit):
        yield ("limit",), f"operator {rule.operator}: {words}"
        return
    for key in ("passes", "fails"):
        cases = getattr(rule, key)
        if not cases:
            yield (key,), f"needs at least one {'passing' if key == 'passes' else 'failing'} case"
        for index, case in enumerate(cases):
            if not (is_scalar(case) or (case is None and rule.operator == "present")):
                yield (key, index), "a case is a single measured value"
            elif shape in ("number", "pair") and not is_number(case):
                yield (key, index), f"case {shown(case)} is no number, and operator {rule.operator} compares numbers"
            elif rule.holds(case) != (key == "passes"):
                yield (
                    (key, index),
                    f"case {shown(case)} is said to {key[:4]} but {'passes' if key == 'fails' else 'fails'} ({words_of(rule.operator, rule.limit)[:120]})",
                )
    for index, word in enumerate(rule.prevents):
        if word.split(":")[0] not in ("reason", rule.authority):
            yield ("prevents", index), f"{word!r}: a code must be this authority's own ({rule.authority}:…) or a reason:…"
    if rule.except_for is not None and not rule.except_for.model_dump(exclude_defaults=True):
        yield ("except_for",), "excepts everything: name a marketplace, country, category, position or condition"
    if rule.strictest is not None:
        if rule.operator not in ("at_least", "at_most") or not is_number(rule.strictest):
            yield ("strictest",), "belongs to at_least and at_most only, and is a number"
        elif rule.limit > rule.strictest if rule.operator == "at_least" else rule.limit < rule.strictest:
            yield ("strictest",), f"limit {rule.limit} is stricter than the strictest that makes sense ({rule.strictest})"


def words_of(operator: str, limit: Any) -> str:
    """A limit as a person would say it: `at least 255`, `between 0.8 and 0.9`, `one of JPEG, PNG`."""
    shown = (
        ""
        if limit is None
        else f" {limit[0]} and {limit[1]}"
        if operator == "between"
        else f" {', '.join(map(str, limit)) if isinstance(limit, tuple) else limit}"
    )
    return OPERATORS[operator].words + shown
