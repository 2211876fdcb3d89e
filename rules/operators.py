"""The closed table of operators: each says in one line whether a measured value keeps a limit.

A value of the wrong type (or NaN) never keeps a numeric limit: what cannot be compared goes to a person instead of passing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeGuard


def is_number(value: object) -> TypeGuard[int | float]:
    """A finite int or float; True and False are not numbers here."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def same(a: object, b: object) -> bool:
    """Equality that tells True from 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


@dataclass(frozen=True, slots=True)
class Operator:
    """How a value is held against a limit, and what shape that limit must have (`nothing`: the operator takes none)."""

    holds: Callable[[Any, Any], bool]
    limit: Literal["number", "pair", "list", "value", "nothing"]
    words: str


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "at_least": Operator(lambda value, limit: is_number(value) and value >= limit, "number", "at least"),
        "at_most": Operator(lambda value, limit: is_number(value) and value <= limit, "number", "at most"),
        "between": Operator(lambda value, limit: is_number(value) and limit[0] <= value <= limit[1], "pair", "between"),
        "equals": Operator(lambda value, limit: same(value, limit), "value", "exactly"),
        "one_of": Operator(lambda value, limit: any(same(value, each) for each in limit), "list", "one of"),
        "none_of": Operator(lambda value, limit: not any(same(value, each) for each in limit), "list", "none of"),
        "is_true": Operator(lambda value, limit: value is True, "nothing", "true"),
        "is_false": Operator(lambda value, limit: value is False, "nothing", "false"),
        "present": Operator(lambda value, limit: value is not None, "nothing", "measured"),
    }
)
FIRES_ON_ABSENT = "present"  # the one operator that speaks of a fact that was not measured
