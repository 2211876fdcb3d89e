"""From findings to a verdict: what speaks against a picture, less what somebody answers for. Pure, standard library only.

`rules.judge` says which rules a picture breaks; it knows nobody who might answer for that. This is where that is added: by the check stage, by
the simulator, by whoever asks what would happen. The findings come out with `excused` beside those that are answered for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

FLAGS = ("stop", "review")  # levels that are not passed without a person; a warning is told only
Finding = dict[str, Any]  # as `rules.Finding.to_dict` has it


@dataclass(frozen=True)
class Excuse:
    """Why a broken rule neither stops nor asks.

    waiver      somebody answers for this rule here, `until` a day
    baseline    the picture was live with it when the baseline was taken, and is a warning until it is replaced
    override    a reviewer let this very picture through
    """

    by: Literal["waiver", "baseline", "override"]
    who: str
    why: str
    until: datetime | None = None  # None: no end of its own
    id: int | None = None  # of the waiver or the baseline

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"by": self.by, "who": self.who, "why": self.why, "until": self.until.isoformat() if self.until else None, "id": self.id}


@dataclass(frozen=True)
class Weighed:
    """A verdict. `findings` are all of them, each with `excused` where it is; `against` those that are not; `until` is when the first excuse ends."""

    findings: list[Finding]
    against: list[Finding]
    until: datetime | None

    @property
    def passes(self) -> bool:
        return not self.against


def weigh(findings: Sequence[Mapping[str, Any]], excuses: Mapping[str, Iterable[Excuse]], now: datetime) -> Weighed:
    """The verdict on a picture: its findings, the excuses by rule id, the time. Same arguments, same verdict.

    An excuse whose time is up is none. Of several for one rule the one that lasts longest counts. What was excused before is forgotten first.
    """
    weighed, ends = [], []
    for finding in findings:
        plain = {key: value for key, value in finding.items() if key != "excused"}
        standing = [each for each in excuses.get(plain["rule"], ()) if each.until is None or each.until > now]
        if not standing:
            weighed.append(plain)
            continue
        excuse = max(standing, key=_lasts)
        weighed.append({**plain, "excused": excuse.to_dict()})
        if excuse.until is not None and plain["level"] in FLAGS:
            ends.append(excuse.until)
    return Weighed(weighed, against(weighed), min(ends, default=None))


def against(findings: Sequence[Finding]) -> list[Finding]:
    """Of findings that were weighed, those that need a person."""
    return [each for each in findings if each["level"] in FLAGS and not each.get("excused")]


def in_words(findings: Sequence[Finding]) -> str:
    """Who answers for what, for the history: `amazon-main-fill waived by ann until 1 Dec 2026`; nothing where nothing is excused."""
    words = {"waiver": "waived", "baseline": "known since the baseline taken", "override": "overridden"}
    said = []
    for each in findings:
        if (excuse := each.get("excused")) and each["level"] in FLAGS:
            until = f" until {datetime.fromisoformat(excuse['until']):%d %b %Y}" if excuse["until"] else ""
            said.append(f"{each['rule']} {words[excuse['by']]} by {excuse['who']}{until}")
    return "; ".join(said)


def _lasts(excuse: Excuse) -> tuple[bool, float, int]:
    """The longest comes last; of equals the one that was first."""
    return excuse.until is None, excuse.until.timestamp() if excuse.until else 0.0, -(excuse.id or 0)
