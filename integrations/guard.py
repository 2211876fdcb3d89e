"""The last line before the house: an answer of a shape that nobody foresaw is one of our four errors too, and an endless one is cut."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter

from integrations.errors import IntegrationError, OutcomeUnknown, TryLater
from integrations.marketplace import NoAddress

__all__ = ["TooMuch", "capped", "guarded"]

log = logging.getLogger(__name__)
_UNFORESEEN = (AttributeError, TypeError, ValueError, LookupError, RecursionError)
_WRITING = ("publish", "send_many")
_READING = ("status", "notices", "picture", "draft", "suggestions", "outcomes")
_DELAY = 300.0
T = TypeVar("T")


def guarded(connector: type[T]) -> type[T]:
    """A connector whose verbs raise our errors alone: where one stumbles over an answer, a write has an unknown outcome and everything else is tried later.

    Each is logged with its traceback: it may as well be a mistake of ours.
    """
    for name in (*_WRITING, *_READING):
        if (verb := vars(connector).get(name)) is not None:
            setattr(connector, name, _guarded(verb, writing=name in _WRITING))
    return connector


def _guarded(verb: Callable[..., Any], *, writing: bool) -> Callable[..., Any]:
    @functools.wraps(verb)
    def call(self: Any, *args: Any, **named: Any) -> Any:
        try:
            return verb(self, *args, **named)
        except (IntegrationError, NoAddress):  # the second is said of our own settings
            raise
        except _UNFORESEEN as error:
            words = f"{self.access.account} {verb.__name__}: an answer that cannot be read as documented ({type(error).__name__}: {str(error)[:200]})"
            log.exception("%s", words)
            raise (OutcomeUnknown(words) if writing else TryLater(_DELAY, words)) from error

    return call


class TooMuch(urllib3.exceptions.ProtocolError):
    """The cause inside the requests.exceptions.ChunkedEncodingError of an answer that `capped` has cut."""


def capped(session: requests.Session, limit: int, retries: int = 0) -> requests.Session:
    """The session, reading no answer beyond `limit` bytes, packed or unpacked: more is a requests.exceptions.ChunkedEncodingError. `retries` of connecting."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Capped(limit, retries))
    return session


class _Capped(HTTPAdapter):
    def __init__(self, limit: int, retries: int) -> None:
        self._limit = limit
        super().__init__(max_retries=retries)

    def send(self, *args: Any, **named: Any) -> requests.Response:
        response = super().send(*args, **named)
        response.raw = _Counted(response.raw, self._limit)
        return response


class _Counted:
    """An answer's body that ends in an error where it is too long."""

    def __init__(self, raw: Any, limit: int) -> None:
        self._raw, self._limit = raw, limit

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        read = 0
        for piece in self._raw.stream(amount, decode_content=decode_content):
            if (read := read + len(piece)) > self._limit:
                self._raw.close()
                raise TooMuch(f"an answer of more than {self._limit} bytes")
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
