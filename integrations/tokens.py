"""Access tokens shared by every connector object of this process: one refresh at a time, forgotten when the marketplace refuses one."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["TOKENS", "Token", "TokenCache", "identity"]

_EARLY = 120.0  # seconds before its end at which a token is no longer handed out


@dataclass(frozen=True)
class Token:
    """An access token and the seconds it is good for."""

    value: str
    lifetime: float


def identity(*parts: str) -> str:
    """A cache key that holds no secret."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class TokenCache:
    """Tokens by identity. Threads that want the same token wait for one refresh; different accounts do not wait for each other."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._tokens: dict[str, tuple[str, float]] = {}

    def get(self, key: str, refresh: Callable[[], Token]) -> str:
        """A token that is still good for two minutes; what `refresh` raises comes through and nothing is kept."""
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            value, ends = self._tokens.get(key, ("", 0.0))
            if not value or self._clock() >= ends:
                token = refresh()
                value, ends = token.value, self._clock() + max(0.0, token.lifetime - _EARLY)
                self._tokens[key] = (value, ends)
            return value

    def forget(self, key: str, value: str) -> None:
        """Drop this very token; a newer one that another thread has fetched meanwhile stays."""
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            if self._tokens.get(key, ("", 0.0))[0] == value:
                del self._tokens[key]


TOKENS = TokenCache()
