"""Has a hidden limit moved? A sequential test that may be looked at after every picture, and whose chance of ever crying wolf is stated.

From the moment a limit is settled (the reference), each later picture bets against "nothing has changed": objections on the safe side of the limit, or
acceptances beyond it, more often than accidents and oversights explain. The capital of such bets is a supermartingale while nothing has changed, so the chance
that it ever grows a hundredfold is at most one in a hundred (Ville 1939; "testing by betting", Shafer 2021). The moment of the change is not known: one bet
starts at each picture with weight 1 / (k (k + 1)) (Lorden and Pollak's mixture over change points, for a start as good as the best up to a logarithm). Where
the new limit is and how often it bites is not known either: the capital is shared among a few distances and rates.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rules.learning import Numbers
from rules.separation import Labels, Separation, Values


@dataclass(frozen=True)
class Reference:
    """A settled limit: where it lies for certain (oriented values), from when, and how often it is broken either way without meaning a change."""

    low: float
    high: float
    step: float
    noise: float
    miss: float
    at: datetime
    pictures: int  # that it was taken from
    renewed: int  # how often it was taken anew

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Reference":
        return cls(**{**data, "at": datetime.fromisoformat(data["at"])})


@dataclass(frozen=True)
class Change:
    """A limit that moved: which way, since about when, and what was seen."""

    way: Literal["stricter", "looser"]
    since: datetime
    pictures: int  # that contradict the old limit since then
    capital: float


def settled(found: Separation, values: Values, objected: Labels, at: datetime, numbers: Numbers, renewed: int = 0) -> Reference:
    """The reference that a separation gives: its rates of accident and oversight are the upper ends of what was seen, never under the stated least."""
    under, over = values < found.sure_low, values >= found.sure_high
    noise = _upper(int((objected & over).sum()), int((~objected & over).sum()))
    miss = _upper(int((~objected & under).sum()), int((objected & under).sum()))
    least = numbers.change
    return Reference(found.sure_low, found.sure_high, found.step, max(noise, least.noise_least), max(miss, least.miss_least), at, values.size, renewed)


def moved(reference: Reference, values: Values, objected: Labels, times: Sequence[datetime], numbers: Numbers) -> Change | None:
    """What pictures judged after the reference, in order of time, say of it; None while they may be accidents."""
    bets, ways = _bets(reference, values, objected, numbers)
    if bets.size == 0:
        return None
    told = (bets != 0).any(axis=1)  # by its value alone: a picture that no bet concerns is no round of the game
    bets, values, objected, times = bets[told], values[told], objected[told], [at for at, is_told in zip(times, told, strict=True) if is_told]
    capital = np.zeros(bets.shape[1])
    alarm = math.log(1 / (numbers.change.false_alarm / ((reference.renewed + 1) * (reference.renewed + 2))))
    for n, bet in enumerate(bets, start=1):
        capital = (capital + 1 / (n * (n + 1))) * np.exp(bet)
        total = float(capital.mean() + 1 / (n + 1))
        if math.log(total) >= alarm:
            best = int(capital.argmax())
            sums = np.concatenate([[0.0], np.cumsum(bets[:n, best])])
            start = int(sums[:n].argmin())  # from here on the bet gained most
            way = ways[best]
            against = (objected & (values >= reference.high)) if way == "stricter" else (~objected & (values < reference.low))
            return Change(way, times[start], int(against[start:].sum()), total)
    return None


def _bets(reference: Reference, values: Values, objected: Labels, numbers: Numbers) -> tuple[NDArray[np.float64], list[Literal["stricter", "looser"]]]:
    """Log gain of every picture (rows) for every bet (columns); 0 where a bet does not concern it."""
    columns: list[Values] = []
    ways: list[Literal["stricter", "looser"]] = []
    for distance in (*numbers.change.distances, math.inf):
        reach = distance * reference.step
        safe = (values >= reference.high) & (values < reference.high + reach)
        beyond = (values < reference.low) & (values >= reference.low - reach)
        for rate in numbers.change.rates:
            if rate > reference.noise:
                gain = np.where(objected, math.log(rate / reference.noise), math.log((1 - rate) / (1 - reference.noise)))
                columns.append(np.where(safe, gain, 0.0))
                ways.append("stricter")
            if rate > reference.miss:
                gain = np.where(objected, math.log((1 - rate) / (1 - reference.miss)), math.log(rate / reference.miss))
                columns.append(np.where(beyond, gain, 0.0))
                ways.append("looser")
    return (np.stack(columns, axis=1) if columns and values.size else np.zeros((0, 0))), ways


def _upper(hits: int, misses: int, share: float = 0.99) -> float:
    """The value under which a rate lies with this probability, after so many hits and misses (uniform beforehand)."""
    rates = (np.arange(4000) + 0.5) / 4000
    logs = hits * np.log(rates) + misses * np.log1p(-rates)
    mass = np.cumsum(np.exp(logs - logs.max()))
    return float(rates[int(np.searchsorted(mass, share * mass[-1]))])
