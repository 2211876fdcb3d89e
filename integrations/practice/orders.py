"""What may be ordered of the practice world in one list, by file or by the witness API: faults, slower accounts, hidden rules that change.

- `{when: patchListingsItem, do: throttle_429, nth: 3}`: a fault (`faults.Fault`)
- `{calls: "*", allowed: [0.6, 1]}`: less than the documented rate (`Allowed`)
- `{at: +10d, rule: border, limit: 254}`: a hidden rule that changes (`Change`)
"""

import difflib
import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

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


def load_orders(source: Path | Sequence[dict[str, Any]] | None, calls: Collection[str] = ()) -> Orders:
    """Orders of a YAML file or of plain dicts. ValueError names the order that is wrong, a call that is not among `calls` (where given) too; OSError."""
    try:
        read = yaml.safe_load(source.read_text(encoding="utf-8")) if isinstance(source, Path) else source
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"it is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(read or [], Sequence) or isinstance(read, str):
        raise ValueError("a list of orders is wanted, such as `- {when: patchListingsItem, do: throttle_429, nth: 3}`")
    orders: dict[type[BaseModel], list[Any]] = {Fault: [], Allowed: [], Change: []}
    for number, one in enumerate(read or (), start=1):
        kind = Fault if not isinstance(one, dict) else Change if "rule" in one else Allowed if "allowed" in one else Fault
        try:
            order = kind.model_validate(one)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'order'}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors())
            raise ValueError(f"order {number}: {wrong}") from error
        _known(number, getattr(order, "when", getattr(order, "calls", "*")), calls)
        orders[kind].append(order)
    return Orders(tuple(orders[Fault]), tuple(orders[Allowed]), tuple(orders[Change]))


def _known(number: int, call: str, calls: Collection[str]) -> None:
    """Refuse a call that nobody makes: the order would wait for ever."""
    if calls and call not in calls and call not in ("*", "trading"):
        near = difflib.get_close_matches(call, calls, n=1)
        raise ValueError(f"order {number}: no call is named {call}; {f'is {near[0]} meant?' if near else 'there are ' + ', '.join(sorted(calls))}")


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
