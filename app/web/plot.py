"""Two populations along one fact as an SVG that is as wide as its place: x in percent, y in px, so that letters keep their size on a telephone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARGIN = 4.0  # % left and right of the values
TALL, ROW = 46.0, 5.0  # px of a pile at most, and of one mark in it


@dataclass(frozen=True)
class Mark:
    """A value on the axis: x in percent, y in px. `anchor` is where its label may stand without leaving the picture."""

    x: float
    y: float
    value: float
    anchor: str = "middle"
    hollow: bool = False


@dataclass(frozen=True)
class Plot:
    """Accepted pictures above, those objected to below; the limit in force, the one proposed and its interval (left and width in percent)."""

    fine: list[Mark]
    against: list[Mark]
    now: Mark | None
    then: Mark | None
    band: tuple[float, float] | None
    ticks: list[Mark]


def of_lesson(weighed: Mapping[str, Any], proposed: bool) -> Plot | None:
    """The plot of what `rules.Weighed.to_dict` told; without a limit where none is proposed. None where nothing was measured."""
    fine = [(float(value), bool(imported)) for value, imported in weighed.get("fine", ())]
    against = [float(value) for value in weighed.get("against", ())]
    estimate = weighed.get("estimate") or {}
    if not fine and not against:
        return None
    interval = (float(estimate["low"]), float(estimate["high"])) if estimate and proposed else None
    return plot(fine, against, estimate.get("in_force"), estimate.get("limit") if proposed else None, interval)


def plot(
    fine: Sequence[tuple[float, bool]], against: Sequence[float], now: float | None, then: float | None, interval: tuple[float, float] | None = None
) -> Plot:
    """Where everything stands. `fine` is (value, was it there before ours)."""
    everything = [*(value for value, _ in fine), *against, *(value for value in (now, then, *(interval or ())) if value is not None)]
    low, high = min(everything), max(everything)
    room = (high - low) * 0.03 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room

    def at(value: float) -> float:
        return float(round(MARGIN + (value - low) / (high - low) * (100 - 2 * MARGIN), 2))

    def mark(value: float) -> Mark:
        x = at(value)
        return Mark(x, 0.0, value, "start" if x < 10 else "end" if x > 90 else "middle")

    def piled(values: Sequence[tuple[float, bool]], ground: float) -> list[Mark]:
        piles: dict[int, list[tuple[float, bool]]] = {}
        for one in sorted(values):
            piles.setdefault(int(at(one[0])), []).append(one)
        row = min(ROW, TALL / max(map(len, piles.values()), default=1))
        return [Mark(at(value), round(ground - row * n, 1), value, hollow=hollow) for pile in piles.values() for n, (value, hollow) in enumerate(pile)]

    ticks = [mark(low + (high - low) * n / 4) for n in range(5)]
    band = (at(interval[0]), round(max(at(interval[1]) - at(interval[0]), 0.4), 2)) if interval else None
    return Plot(
        piled(fine, 86),
        piled([(value, False) for value in against], 142),
        None if now is None else mark(float(now)),
        None if then is None else mark(float(then)),
        band,
        ticks,
    )
