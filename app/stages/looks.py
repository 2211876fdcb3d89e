"""When a listing is looked at again: by risk, and within the calls that its account may make in a day; pure.

A listing just sent and one in doubt keep their own gaps, whatever the crowd. Live ones share what is left: those that changed lately or have
something open against them come round sooner than the quiet ones, and each kind only so often that all of its kind fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

__all__ = ["RECENT_S", "Crowd", "gathered", "next_look_s", "quiet_look_s", "spread_s"]

RECENT_S = 7 * 86_400.0  # after a change of ours
_DAY = 86_400.0
# of the calls for what can wait; the rest is for polls and for doubts
_QUIET, _RECENT, _CHANGED = 0.5, 0.25, 0.1
_MEETINGS = 50  # in one gap: at 1,000 listings twenty are due together, which is what Amazon reads by one call


@dataclass(frozen=True)
class Crowd:
    """The listings of an account that are looked at, by how much they are worth it, and the calls a day there are for looking; None: nobody counts them."""

    recent: int = 0  # changed within RECENT_S, or with an open notice
    quiet: int = 0
    calls: float | None = None


def next_look_s(pace: Mapping[str, Any], crowd: Crowd, *, live: bool, doubts: int, since_change_s: float, notices: int) -> float:
    """Seconds to the next look. `live`: proven, or known to be unprovable; `doubts`: looks in a row that showed something else."""
    gaps: list[float] = pace["look_gaps_s"]
    risky = since_change_s < RECENT_S or notices > 0
    turn = _round_s(crowd.recent, _RECENT, crowd) if risky else _round_s(crowd.quiet, _QUIET, crowd)
    if live and doubts == 0:
        return max(float(pace["live_look_s"]), turn)
    own = float(gaps[max(0, min(doubts - 1, len(gaps) - 1))])
    return own if doubts <= len(gaps) else max(own, turn)  # beyond them it has been so for days, and a person knows


def quiet_look_s(pace: Mapping[str, Any], crowd: Crowd) -> float:
    """Seconds to the next look at a listing that shows nothing of ours, or waits for a person: it takes its turn with the quiet ones."""
    return max(float(pace["live_look_s"]), _round_s(crowd.quiet, _QUIET, crowd))


def gathered(now: datetime, gap_s: float) -> datetime:
    """When a look is due that may be taken up to a gap after `now`: a little sooner (at most a fiftieth of the gap), so that it meets others of that gap."""
    due = now.timestamp() + gap_s
    return datetime.fromtimestamp(due - due % (gap_s / _MEETINGS), UTC)


def spread_s(number: int, crowd: Crowd) -> float:
    """Seconds after which the `number`-th (from 0) of the listings that a poll named is looked at."""
    return 0.0 if crowd.calls is None else _round_s(number, _CHANGED, crowd)


def _round_s(listings: int, part: float, crowd: Crowd) -> float:
    """How long one look at each of so many takes, at a part of the account's calls."""
    return 0.0 if crowd.calls is None else _DAY * listings / max(1.0, crowd.calls * part)
