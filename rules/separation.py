"""Two populations along one fact - objected to, and not - and the limit that tells them apart: how sure, where, and at what cost.

The model: a picture is objected to when its value is under a hidden limit t, with mistakes on both sides. Its parts:

- *Is there a limit at all?* `chance`: at each value of the fact the hypergeometric (Fisher's exact) probability that so many of the lowest pictures are
  objected to by accident; the smallest of them, times the number of values tried. That is the exact permutation distribution of one cut and Bonferroni's
  bound over the cuts (maximally selected statistics: Miller and Siegmund 1982, Boulesteix 2006 for ties). No random numbers: the same data, the same answer.
- *Where is it?* A Bayesian change point (Smith 1975) over a grid of steps: on either side the rate of objection is integrated out under a beta prior, so
  mislabelled pictures widen the interval instead of breaking it. People write limits as round numbers, so a number with one digit less is ten times as likely
  beforehand. The interval is the range of the most probable limits that together hold `interval` of the posterior.
- *Which fact is it?* `weight`, the log of the probability of the labels under the model: differences between facts on the same pictures are log Bayes factors.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.learning import Numbers

Values = NDArray[np.float64]
Labels = NDArray[np.bool_]
MOST_POINTS = 4000  # of the grid; a finer one is coarsened tenfold


@dataclass(frozen=True)
class Separation:
    """The limit that tells two populations apart. Values are oriented: objected to is *under* the limit."""

    chance: float  # that labels without meaning would be told apart so well at some cut
    weight: float  # log probability of the labels
    limit: float  # the most probable; of several the middle one
    low: float
    high: float  # the limit lies from low to high
    sure_low: float
    sure_high: float  # the same at the wider `change.reference`
    step: float  # of the grid


def separate(values: Values, objected: Labels, step: float, numbers: Numbers) -> Separation:
    """What the populations say of the limit. There must be at least two different values, and both labels."""
    order = np.argsort(values, kind="stable")
    x, bad = values[order], objected[order]
    below_bad, below = np.concatenate([[0], np.cumsum(bad)]), np.arange(x.size + 1)
    while (x[-1] - x[0]) / step > MOST_POINTS:
        step *= 10
    grid = np.arange(math.floor(x[0] / step + 1e-6), math.ceil(x[-1] / step - 1e-6) + 2)
    cut = np.searchsorted(x, grid * step - step * 1e-6)
    logs = _likelihood(below_bad[cut], below[cut] - below_bad[cut], int(bad.sum()), int((~bad).sum()), numbers)
    prior = np.log(1.0 + 10.0 * (grid % 10 == 0) + 100.0 * (grid % 100 == 0))
    logs = logs + prior - np.logaddexp.reduce(prior)
    weight = float(np.logaddexp.reduce(logs))
    posterior = np.exp(logs - weight)
    best = np.flatnonzero(posterior >= posterior.max() * (1 - 1e-9))
    low, high = _interval(posterior, numbers.interval)
    sure_low, sure_high = _interval(posterior, numbers.change.reference)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    limit, low_at, high_at, sure_from, sure_to = (round(float(grid[i] * step), places) for i in (best[best.size // 2], low, high, sure_low, sure_high))
    edges = np.flatnonzero(np.diff(x) > 0) + 1  # only between different values can a cut be
    chance = _chance(below_bad[edges], edges, int(bad.sum()), x.size)
    return Separation(chance, weight, limit, low_at, high_at, sure_from, sure_to, step)


def _likelihood(bad_below: NDArray[np.int64], good_below: NDArray[np.int64], bad: int, good: int, numbers: Numbers) -> Values:
    """Log probability of the labels for each cut, both rates integrated out."""
    table = _log_factorials(bad + good + sum(numbers.caught) + sum(numbers.noise))

    def beta(a: NDArray[np.int64] | int, b: NDArray[np.int64] | int) -> Values:
        return np.asarray(table[a - 1] + table[b - 1] - table[a + b - 1])

    (hit, miss), (odd, fine) = numbers.caught, numbers.noise
    under = beta(bad_below + hit, good_below + miss) - beta(hit, miss)
    over = beta(bad - bad_below + odd, good - good_below + fine) - beta(odd, fine)
    return np.asarray(under + over)


def _interval(posterior: Values, share: float) -> tuple[int, int]:
    """The first and last grid point among the most probable ones that together hold the share."""
    order = np.argsort(-posterior, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(posterior[order]), share)) + 1]
    return int(kept.min()), int(kept.max())


def _chance(bad_below: NDArray[np.int64], below: NDArray[np.int64], bad: int, n: int) -> float:
    """Bonferroni over the cuts of P(at least so many objections among the lowest), given the totals."""
    good, table, least = n - bad, _log_factorials(n), 1.0
    for k, i in zip(bad_below.tolist(), below.tolist(), strict=True):
        if k * n <= bad * i:
            continue  # no more than by chance
        j = np.arange(k, min(bad, i) + 1)
        j = j[i - j <= good]
        logs = table[bad] - table[j] - table[bad - j] + table[good] - table[i - j] - table[good - i + j] + table[i] + table[n - i] - table[n]
        least = min(least, float(np.exp(logs).sum()))
    return min(1.0, least * max(1, below.size))


_FACTORIALS: list[Values] = [np.zeros(1)]


def _log_factorials(n: int) -> Values:
    """log k! for k = 0..n at least."""
    if _FACTORIALS[0].size <= n:
        _FACTORIALS[0] = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, 2 * n + 2)))])
    return _FACTORIALS[0]


def pictures_needed(chance: float) -> int:
    """How many pictures, half of them objected to and perfectly told apart, would be needed to go below this chance; an even number."""
    count = 4
    while count * math.exp(math.lgamma(count / 2 + 1) * 2 - math.lgamma(count + 1)) > chance:
        count += 2
    return count
