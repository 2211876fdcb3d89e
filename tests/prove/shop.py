"""A simulated shop on facts alone: what it publishes, what a marketplace with secret limits says to it, and a person who accepts what is proposed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import rules
from tests.rules.facts import GOOD, KNOWN, scope

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAYS, CHANGES_ON, ACCEPTS_ON = 90, 40, 25
A_DAY, IMPORTED = 12, 60
LET_THROUGH = 0.04  # of what the shop's own rules stop, a person publishes all the same
ACCIDENT, OVERSIGHT = 0.01, 0.02  # objections without cause, and breaches that nobody sees
REASONS = {"border_min_level": ("990002", "non-white-background"), "fill": ("990003", "too-small"), "nothing": ("990001", "blur")}
STEP = {"border_min_level": 1, "fill": 0.001}
SECRET: Mapping[str, float] = {"border_min_level": 252, "fill": 0.87}
OWN = """
- id: amazon-main-white-border
  limit: 240
  passes: [240]
  fails: [239]
  source: {page: our own, read: 2026-01-01, says: lenient on purpose, evidence: ours}
- id: amazon-main-fill
  limit: 0.82
  passes: [0.82]
  fails: [0.81]
  source: {page: our own, read: 2026-01-01, says: lenient on purpose, evidence: ours}
"""


@dataclass
class Shop:
    """One seed's shop; `run` lives its days. `shuffled` gives every objection to another picture, so that nothing can be learnt."""

    seed: int
    shuffled: bool = False
    overlay: str = OWN
    pictures: list[tuple[dt.datetime, dict[str, Any], bool, frozenset[str]]] = field(default_factory=list)  # known at, facts, imported, objected to for
    memory: dict[str, rules.Memory] = field(default_factory=dict)
    proposed: list[tuple[int, str, Any, int]] = field(default_factory=list)  # day, fact, limit, objections so far
    noticed: dict[str, int] = field(default_factory=dict)  # fact -> day

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.rules = rules.load(KNOWN, {"amazon.yaml": self.overlay})
        later = self.chance.choice([(254, 0.9), (254, 0.87), (252, 0.89), (253, 0.91)])
        self.later = dict(zip(SECRET, later, strict=True))

    def secret(self, day: int) -> Mapping[str, float]:
        return SECRET if day < CHANGES_ON else self.later

    def run(self, days: int = DAYS) -> Shop:
        for _ in range(IMPORTED):
            self._show(0, self._drawn(), imported=True)
        self._mix(IMPORTED)
        for day in range(days):
            for _ in range(A_DAY):
                self._publish(day)
            self._mix(A_DAY)
            self._look(day + 1)
        return self

    def _mix(self, newest: int) -> None:
        """Give the objections of the newest pictures to others of them, where they are to mean nothing."""
        if self.shuffled:
            labels = [objected for *_, objected in self.pictures[-newest:]]
            self.chance.shuffle(labels)
            self.pictures[-newest:] = [(*picture[:3], label) for picture, label in zip(self.pictures[-newest:], labels, strict=True)]

    def _drawn(self) -> dict[str, Any]:
        """Facts of a picture before anybody judges it; the background's facts go together, as they do in pictures."""
        chance, dirt = self.chance, max(0.0, self.chance.gauss(0, 1))
        return GOOD | {
            "fill": round(chance.uniform(0.78, 0.96), 4),
            "border_min_level": max(0, round(256 - 6 * dirt - chance.random() * 3)),
            "background_white_share": round(min(1.0, 0.99 - 0.02 * dirt - 0.02 * chance.random()), 4),
            "background_tint": round(abs(chance.gauss(0, 0.8)) + 0.2 * dirt, 2),
            "stain_share": round(max(0.0, chance.gauss(0, 0.0006)), 5),
            "halo": round(chance.uniform(0, 0.4), 3),
            "sharpness": round(chance.uniform(4, 16), 2),
            "longest_side": 2000,
        }

    def _publish(self, day: int) -> None:
        while True:
            facts = self._drawn()
            stopped = [one for one in rules.judge(self.rules, "amazon", facts, scope()) if one.level == "stop"]
            if not stopped or self.chance.random() < LET_THROUGH:
                return self._show(day, facts)

    def _show(self, day: int, facts: dict[str, Any], imported: bool = False) -> None:
        objected = {fact for fact, limit in self.secret(day).items() if facts[fact] < limit and self.chance.random() >= OVERSIGHT}
        if self.chance.random() < ACCIDENT:
            objected.add(self.chance.choice(list(REASONS)))
        self.pictures.append((START + dt.timedelta(days=day, seconds=len(self.pictures) % 80_000), facts, imported, frozenset(objected)))

    def _look(self, day: int) -> None:
        """Weigh every reason, as the house does when notices come; accept on one day what is proposed then."""
        now = START + dt.timedelta(days=day)
        for fact, (code, reason) in REASONS.items():
            seen = self._observations(fact)
            words = (f"amazon:{code}", f"reason:{reason}")
            found = rules.weigh(self.rules, "amazon", words, scope(), seen, now, self.memory.get(fact))
            if len(found.memory.changes) > len(self.memory.get(fact, rules.Memory()).changes):
                self.noticed.setdefault(fact, day)
            self.memory[fact] = found.memory
            if found.outcome == "propose" and found.estimate is not None:
                self.proposed.append((day, found.estimate.fact if fact != "nothing" else "nothing", found.estimate.limit, sum(one.objected for one in seen)))
                if day == ACCEPTS_ON:
                    notice = rules.Evidence("amazon-uk", code, reason, "said so", GOOD, scope(), now.date())
                    self.overlay = rules.accept(self.overlay, rules.propose_limit(self.rules, notice, found))
                    self.rules = rules.load(KNOWN, {"amazon.yaml": self.overlay})

    def _observations(self, fact: str) -> list[rules.Observation]:
        """A picture that was objected to for another reason alone says nothing of this one."""
        return [
            rules.Observation(str(n), facts, scope(), fact in objected, at, imported)
            for n, (at, facts, imported, objected) in enumerate(self.pictures)
            if fact in objected or not objected
        ]


def settled_after(shop: Shop, fact: str, truth: float, first: int, last: int) -> int | None:
    """How many objections it took until the proposed limit was within one step of the truth, and stayed there until `last`; None: never."""
    days = [(limit, objections) for day, of, limit, objections in shop.proposed if of == fact and first <= day <= last]
    good = None
    for limit, objections in days:
        near = abs(limit - truth) <= STEP[fact] * 1.001
        good = (objections if good is None else good) if near else None
    return good
