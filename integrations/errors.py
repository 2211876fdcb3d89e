"""What may go wrong outside, grouped by what to do next.

IntegrationError
├── TryLater         nothing happened, or repeating is harmless: due again after `delay` seconds
│   └── Throttled    not even that: it was not this call's turn, and nobody failed
├── Refused          they said no, in their words: to a person
├── NotAuthorised    pause the account, one alarm
└── OutcomeUnknown   a write was sent and no answer came: read back before any second write

Every connector turns each answer and each exception into one of these in one place. All of them survive pickling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integrations.marketplace import Hosted

__all__ = ["IntegrationError", "NotAuthorised", "OutcomeUnknown", "Problem", "Refused", "Throttled", "TryLater"]


@dataclass(frozen=True)
class Problem:
    """One thing they object to: their code and words, our reason word and the positions, where these are known."""

    code: str
    message: str
    reason: str | None = None
    positions: tuple[str, ...] = ()


class IntegrationError(Exception):
    """Base of all; `hosted` names pictures that were already stored with the marketplace before it failed, so that they need not be sent again."""

    hosted: tuple[Hosted, ...] = ()

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class TryLater(IntegrationError):
    """Nothing changed outside, or doing it again is harmless. `delay` is in seconds, at least 0."""

    def __init__(self, delay: float, message: str) -> None:
        super().__init__(message)
        self.args = (delay, message)  # pickle rebuilds an exception from args
        self.delay = max(0.0, float(delay))


class Throttled(TryLater):
    """Our own measure kept the call back, so that the marketplace need not: nothing was sent and nothing failed."""


class Refused(IntegrationError):
    """They understood and declined. `issues` holds their objections, most important first; may be empty when `message` says it all."""

    def __init__(self, message: str, issues: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.args = (message, issues)
        self.issues = tuple(issues)


class NotAuthorised(IntegrationError):
    """Credentials are missing, wrong, expired or revoked; a fresh token was already tried."""


class OutcomeUnknown(IntegrationError):
    """A write left this machine and its outcome was not learned. Read back first."""
