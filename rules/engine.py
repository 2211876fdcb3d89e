"""A rule set in force, and the judgement of one picture's facts by it. Pure: same facts, same set, same findings in the same order."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import yaml

from rules.errors import RuleError
from rules.operators import FIRES_ON_ABSENT
from rules.schema import AUTHORITIES, LEVELS, FactValue, Level, Rule, Scope

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a picture breaks: what was measured, what would have been right, where to look (pixels of the file) and what to do."""

    rule: str
    level: Level
    fact: str
    value: FactValue
    limit: Any
    message: str
    source: dict[str, str]
    fix: str | None = None
    region: Box | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the region as a list."""
        return {**asdict(self), "limit": _listed(self.limit), "region": _listed(self.region)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Finding":
        """The finding that `to_dict` told of; keys of a later version are passed over."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key in known}
        return cls(**given)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class RuleSet:
    """Rules of all authorities, composed and checked. `hash` is the SHA-256 of what they say: equal meaning, equal hash.

    Comments, order and layout of the files do not change the hash; every word that a person or a verdict sees does. `own` are the ids that the seller's
    overlay adds or changes.
    """

    def __init__(self, rules: Iterable[Rule], places: Mapping[tuple[str, str], str] | None = None, own: frozenset[str] = frozenset()) -> None:
        self._places, self.own = places or {}, own
        self.rules = tuple(sorted(rules, key=lambda rule: (AUTHORITIES.index(rule.authority), rule.id)))
        self.by_id = {rule.id: rule for rule in self.rules}
        composed = {name: [rule.plain() for rule in self.for_authority(name)] for name in AUTHORITIES}
        self._composed = composed
        self.hash = hashlib.sha256(json.dumps(composed, default=str).encode()).hexdigest()
        order = sorted(self.rules, key=lambda rule: (LEVELS.index(rule.level), rule.id))
        self._judged = {name: [rule for rule in order if rule.authority == name] for name in AUTHORITIES}

    @cached_property
    def yaml(self) -> str:
        """The canonical text, which `rules.parse` reads back to an equal set."""
        return yaml.dump(self._composed, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=160)

    def for_authority(self, name: str) -> tuple[Rule, ...]:
        """The rules of `intake`, `amazon` or `ebay`, by id."""
        return tuple(rule for rule in self.rules if rule.authority == name)

    def categories(self) -> frozenset[str]:
        """The categories of goods that some rule speaks of, or makes an exception for."""
        return frozenset(name for rule in self.rules for where in (rule.applies_to, rule.except_for) if where for name in where.category)

    def in_order(self, authority: str) -> list[Rule]:
        """Rules in the order their findings are told: stop, review, warn, then by id. An unknown authority is a RuleError, never "no rules"."""
        if authority not in self._judged:
            raise RuleError([f"no rules of an authority {authority!r}; there are {', '.join(AUTHORITIES)}"])
        return self._judged[authority]

    def owned(self, own: frozenset[str]) -> "RuleSet":
        """The same set, with these ids as the seller's own."""
        return RuleSet(self.rules, self._places, own)

    def place(self, rule: str, key: str = "") -> str:
        """`file:line:column` of a key of a rule, or of the rule; the rule's id where the set was not read from files."""
        return self._places.get((rule, key)) or self._places.get((rule, ""), rule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        return f"RuleSet({len(self.rules)} rules, {self.hash[:12]})"


class _Dumper(yaml.SafeDumper):
    """Writes each value out in full: the loader refuses aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def judge(rule_set: RuleSet, authority: str, facts: Mapping[str, FactValue], scope: Scope, regions: Mapping[str, Box] | None = None) -> list[Finding]:
    """Every rule of the authority that the facts break in that place: stops first, then reviews, then warnings, each by id.

    A fact that was not measured (absent or None) breaks no rule but one whose operator is `present`.
    """
    found = []
    for rule in rule_set.in_order(authority):
        value = facts.get(rule.fact)
        if (value is None and rule.operator != FIRES_ON_ABSENT) or rule.holds(value) or not rule.covers(scope):
            continue
        source = rule.source.model_dump(mode="json")
        region = (regions or {}).get(rule.fact)
        found.append(Finding(rule.id, rule.level, rule.fact, value, rule.limit, rule.message, source, rule.fix, region))
    return found
