"""The answer of weighing: in data, in words, and what is remembered for the next look."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from rules.population import Column, End
from rules.separation import Separation

Outcome = Literal["propose", "gathering", "cannot tell", "agrees", "looser", "declined", "no fact"]
PLOTTED = 300  # pictures of either population that are kept for the plot


@dataclass(frozen=True)
class Memory:
    """What earlier looks at the same reason left behind; JSON in between."""

    looks: int = 0
    seen: tuple[int, int] = (0, 0)  # objected to and accepted at the last look: the same again is no new look
    since: str | None = None  # evidence from before a change speaks no more
    references: Mapping[str, Any] = field(default_factory=dict)  # rule and end -> Reference
    changes: tuple[Mapping[str, Any], ...] = ()
    declined: Mapping[str, Any] = field(default_factory=dict)  # {rule, objected, limit, reason}

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        plain: dict[str, Any] = asdict(self)
        return {**plain, "seen": list(self.seen), "changes": list(self.changes)}


@dataclass(frozen=True)
class Estimate:
    """One rule's fact, and what the populations say of its limit. Costs are of the proposed limit over the pictures weighed."""

    rule: str
    fact: str
    end: End  # which end of what is allowed it speaks of
    in_force: float | int
    limit: float | int
    low: float | int
    high: float | int
    step: float | int
    objected: int
    accepted: int
    caught: int  # objections that the limit would have prevented
    blocked: int  # accepted pictures that it would have stopped
    beyond: int  # pictures that the limit in force would have stopped: imported, or let through by a person
    chance: float
    allowed: float
    weight: float

    @property
    def speaks(self) -> bool:
        """Is that more than chance?"""
        return self.chance <= self.allowed


@dataclass(frozen=True)
class Weighed:
    """The answer, in data and in words. `against` and `fine` are values along the fact for the plot, the latter as (value, imported)."""

    outcome: Outcome
    words: str
    experiment: str = ""
    estimate: Estimate | None = None
    others: tuple[Estimate, ...] = ()
    against: tuple[float | int, ...] = ()
    fine: tuple[tuple[float | int, bool], ...] = ()
    memory: Memory = Memory()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        plain: dict[str, Any] = asdict(self)
        return plain | {"memory": self.memory.to_dict()}


def memory_from(data: Mapping[str, Any]) -> Memory:
    """The memory that `Weighed.to_dict` holds, also after JSON."""
    known = {**data, "seen": tuple(data.get("seen", (0, 0))), "changes": tuple(data.get("changes", ()))}
    return Memory(**{key: value for key, value in known.items() if key in Memory.__dataclass_fields__})


def estimate_of(column: Column, found: Separation, allowed: float) -> Estimate:
    under = column.values < found.limit - found.step * 1e-6
    ends = sorted((column.natural(found.low), column.natural(found.high)))
    beyond = int((column.values < column.side.oriented(column.side.in_force)).sum())
    return Estimate(
        rule=column.side.rule.id,
        fact=column.side.rule.fact,
        end=column.side.end,
        in_force=column.side.in_force,
        limit=column.natural(found.limit),
        low=ends[0],
        high=ends[1],
        step=round(found.step) if column.whole else found.step,
        objected=int(column.objected.sum()),
        accepted=int((~column.objected).sum()),
        caught=int((under & column.objected).sum()),
        blocked=int((under & ~column.objected).sum()),
        beyond=beyond,
        chance=found.chance,
        allowed=allowed,
        weight=found.weight,
    )


def with_plot(answer: Weighed, column: Column) -> Weighed:
    """With the values along the fact, at most PLOTTED of either population, the newest."""
    fact = column.side.rule.fact
    against = [one.facts[fact] for one in column.seen if one.objected][-PLOTTED:]
    fine = [(one.facts[fact], one.imported) for one in column.seen if not one.objected][-PLOTTED:]
    return replace(answer, against=tuple(against), fine=tuple(fine))  # type: ignore[arg-type]


def say(value: float | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
