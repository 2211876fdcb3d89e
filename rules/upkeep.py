"""Which sources should be read again. Asked when rules are tested or put in force by a person; a house that runs never stops at a date."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from rules.engine import RuleSet
from rules.schema import Rule


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The numbers of upkeep.yaml."""

    stale_after_months: dict[str, int]
    lived_days: int
    asked_at_least: int


@dataclass(frozen=True, slots=True)
class Stale:
    """A source that was read too long ago, or on a day to come. `own`: the seller's own words, not shipped ones."""

    rule: str
    place: str
    words: str
    own: bool

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}: source: {self.words}"


@cache
def upkeep() -> Upkeep:
    """What upkeep.yaml says."""
    return Upkeep(**yaml.safe_load(Path(__file__).with_name("upkeep.yaml").read_text("utf-8")))


def stale(rule_set: RuleSet, today: dt.date) -> list[Stale]:
    """The sources of the set that are stale on that day, each with the place of its `read`."""
    found = ((rule, _stale(rule, today)) for rule in rule_set.rules)
    return [Stale(rule.id, rule_set.place(rule.id, "read"), words, rule.id in rule_set.own) for rule, words in found if words]


def _stale(rule: Rule, today: dt.date) -> str | None:
    read = rule.source.read
    if read > today + dt.timedelta(days=1):  # one day: it is tomorrow already in some places
        return f"read on {read}, which is still to come; write the day on which {rule.source.page[:80]} was read"
    months = upkeep().stale_after_months.get(rule.source.evidence)
    if months is None or _months_on(read, months) >= today:
        return None
    return f"read on {read}, more than {months} months ago; read {rule.source.page[:80]} again, and write that day"


def _months_on(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    first_after = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) if (year, month) != (dt.MAXYEAR, 11) else dt.date.max
    return min(dt.date(year, month + 1, 1) + dt.timedelta(days=day.day - 1), first_after - dt.timedelta(days=1))
