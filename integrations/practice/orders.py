"""What may be ordered of the practice world in one list, by file or by the witness API: faults, slower accounts, hidden rules that change.

- `{when: patchListingsItem, do: throttle_429, nth: 3}`: a fault (`faults.Fault`)
- `{calls: "*", allowed: [0.6, 1]}`: less than the documented rate (`Allowed`)
- `{at: +10d, rule: border, limit: 254}`: a hidden rule that changes (`Change`)
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from integrations.practice.clock import parse_iso
from integrations.practice.config import Hidden
from integrations.practice.faults import Fault

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Share = Annotated[float, Field(gt=0, le=1)]


def seconds(value: Any) -> Any:
    """Seconds of 90, "90s", "15m", "36h" or "10d"; anything else is left to pydantic to refuse."""
    found = re.fullmatch(r"\+?(\d+(?:\.\d+)?)([smhd])", value.strip()) if isinstance(value, str) else None
    return float(found[1]) * UNITS[found[2]] if found else value


def moment(value: Any) -> Any:
    """("after", seconds) of "+10d", ("at", Unix seconds) of an ISO 8601 time."""
    if isinstance(value, str) and value.startswith("+"):
        return "after", seconds(value)
    if isinstance(value, str):
        return "at", parse_iso(value)
    return value


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0)]
Moment = Annotated[tuple[str, float], BeforeValidator(moment)]


class Order(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Allowed(Order):
    """So much of the documented rate of `calls` ("*": of every call; "trading": of eBay's day) an account really gets.

    Two shares: one between them, drawn once for each seller and operation.
    """

    calls: str
    allowed: Share | tuple[Share, Share]


class Change(Order):
    """From `at` on the hidden rule (by name, code or reason) has another limit. Two limits: one between them, drawn.

    Pictures that are live are judged again within `delay`, each listing at a time of its own; what is found then is left alone for `grace`.
    """

    at: Moment
    rule: str
    limit: float | tuple[float, float]
    delay: Seconds = UNITS["d"]
    grace: Seconds = 0.0


@dataclass(frozen=True)
class Orders:
    """A list of orders, by kind."""

    faults: tuple[Fault, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    changes: tuple[Change, ...] = ()


def load_orders(source: Path | Sequence[dict[str, Any]] | None) -> Orders:
    """Orders of a YAML file or of plain dicts; raises pydantic.ValidationError, ValueError or OSError."""
    read = yaml.safe_load(source.read_text(encoding="utf-8")) if isinstance(source, Path) else source
    faults, allowed, changes = [], [], []
    for one in read or ():
        if isinstance(one, dict) and "rule" in one:
            changes.append(Change.model_validate(one))
        elif isinstance(one, dict) and "allowed" in one:
            allowed.append(Allowed.model_validate(one))
        else:
            faults.append(Fault.model_validate(one))
    return Orders(tuple(faults), tuple(allowed), tuple(changes))


@dataclass(frozen=True)
class Settled:
    """A change with its time, its rule and its limit settled. Times are Unix seconds."""

    at: float
    connector: str
    code: str
    limit: float
    delay: float
    grace: float


def settle(changes: Sequence[Change], hidden: Hidden, born: float, seed: int) -> list[Settled]:
    """The changes as they will happen, times counted from `born`; raises ValueError where a rule is named that is not there."""
    found = []
    for number, change in enumerate(changes):
        places = [(name, rule) for name, of in (("amazon", hidden.amazon), ("ebay", hidden.ebay)) for rule in of.rules]
        meant = [(name, rule) for name, rule in places if change.rule in {rule.name, rule.code, rule.reason, f"{name}.{rule.name}"}]
        if len(meant) != 1:
            known = ", ".join(sorted(f"{name}.{rule.name}" for name, rule in places))
            raise ValueError(f"rule {change.rule}: {'no' if not meant else 'more than one'} hidden rule is called so; there are {known}")
        low, high = change.limit if isinstance(change.limit, tuple) else (change.limit, change.limit)
        limit = low if low == high else random.Random(f"{seed}/change/{number}").uniform(low, high)  # noqa: S311 - repeatable on purpose
        kind, when = change.at
        [(connector, rule)] = meant
        found.append(Settled(born + when if kind == "after" else when, connector, rule.code, limit, change.delay, change.grace))
    return found
