"""Careful requests to addresses that strangers name: no private address, no endless body, no slow drip, every redirect checked again.

`fetch` wants a body and follows honest redirects; `exchange` makes one request and tells whatever came back.

The name is resolved once, the address is checked, and that very address is connected to (requests-hardened), so a name that changes its
mind in between gains nothing. Proxies and netrc of the environment are ignored: a proxy would resolve the name itself.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

from integrations.errors import Refused, TryLater

__all__ = ["Answer", "exchange", "fetch"]

_T = TypeVar("_T")
_REDIRECTS = 3
_CHUNK = 1 << 16
_USER_AGENT = "Packshot/0.1"


def fetch(
    url: str,
    *,
    limit_bytes: int,
    deadline: float = 120.0,
    allow_loopback: bool = False,
    permits: Callable[[str], bool] = lambda url: True,
) -> bytes:
    """The body at `url`, at most `limit_bytes`, within `deadline` seconds in all.

    `permits` is asked for the address and for every redirect's. Refused: what will never be right (private address, too big, too slow, 4xx);
    TryLater: what may be right another time (no route, 408, 429, 5xx, cut off).
    """
    ends = time.monotonic() + deadline
    for _ in range(_REDIRECTS + 1):
        _check(url, permits)
        answer = _get(url, limit_bytes, ends, allow_loopback)
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise Refused(f"{_host(url)}: more than {_REDIRECTS} redirects")


def _check(url: str, permits: Callable[[str], bool]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"only http and https addresses are fetched, not {url[:80]!r}")
    if parts.username is not None or parts.password is not None:
        raise Refused(f"{parts.hostname}: an address with a user name or password in it is not fetched")
    if not permits(url):
        raise Refused(f"{parts.hostname}: not a host that pictures are fetched from")


@dataclass(frozen=True)
class Answer:
    """What came back for one request. Header names are in lower case; of the body no more than was asked for was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    url: str,
    *,
    method: str = "GET",
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    limit_bytes: int = _CHUNK,
    deadline: float = 20.0,
    allow_loopback: bool = False,
) -> Answer:
    """One request within `deadline` seconds in all, no redirect followed; whatever status comes back, with at most `limit_bytes` of its body.

    Refused: an address that is never asked (private, no web address). TryLater: nobody answered, and why: its name, TLS, the connection, too slow.
    """

    def read(answer: requests.Response) -> Answer:
        body = bytearray()
        while len(body) < limit_bytes and (chunk := answer.raw.read(min(_CHUNK, limit_bytes - len(body)), decode_content=False)):
            body += chunk
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, bytes(body))

    _check(url, lambda _: True)
    try:
        return _ask(method, url, time.monotonic() + deadline, allow_loopback, read, data=data, headers=headers)
    except _TooSlow:
        raise TryLater(60, f"{_host(url)}: no whole answer within {deadline:g} s") from None


class _TooSlow(Exception):
    """The time was over before the whole answer had come."""


def _get(url: str, limit_bytes: int, ends: float, allow_loopback: bool) -> bytes | str:
    """The body, or the Location of a redirect."""
    headers = {"Accept": "image/*,*/*;q=0.5"}
    try:
        return _ask("GET", url, ends, allow_loopback, lambda answer: _read(url, answer, limit_bytes), headers=headers)
    except _TooSlow:
        raise Refused(f"{_host(url)}: too slow, given up before the whole picture came") from None


def _ask(
    method: str,
    url: str,
    ends: float,
    allow_loopback: bool,
    read: Callable[[requests.Response], _T],
    *,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> _T:
    """One request to the very address that was checked; `read` is given the answer while it streams. _TooSlow where no time is left, or it runs out."""
    left = ends - time.monotonic()
    if left <= 0:
        raise _TooSlow
    late = threading.Event()
    sockets: list[socket.socket] = []
    watch = threading.Timer(left, _cut, (late, sockets))
    watch.daemon = True
    watch.start()
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", _Watched(late, sockets, False, allow_loopback))
            session.mount("https://", _Watched(late, sockets, True, allow_loopback))
            said = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **(headers or {})}
            with session.request(method, url, data=data, stream=True, allow_redirects=False, timeout=(10, 20), headers=said) as answer:
                found = read(answer)
        if late.is_set():  # a socket shut down by the watch reads as the end of the body, not as an error
            raise _TooSlow
        return found
    except InvalidIPAddress:
        raise Refused(f"{_host(url)}: a private address; nothing was asked there") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError):
        raise Refused(f"not an address that can be fetched: {url[:80]!r}") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        if late.is_set():
            raise _TooSlow from None
        raise TryLater(60, f"{_host(url)}: {_words(error)}") from None
    finally:
        watch.cancel()
        for connected in sockets:
            connected.close()


def _words(error: Exception) -> str:
    """Why nobody answered. The text of an exception may hold the whole address, which may be a secret: its kind must do."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, socket.gaierror):
        cause = cause.__cause__ or cause.__context__ or next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
    if cause is not None:
        return "its name leads nowhere (DNS)"
    if isinstance(error, requests.exceptions.SSLError):
        found = re.search(r"certificate verify failed: ([^(\[\]']+)", str(error))
        return f"no safe connection (TLS{': ' + found[1].strip() if found else ''})"
    if isinstance(error, requests.Timeout):
        return "does not answer in time"
    return f"no answer ({type(error).__name__})"


def _read(url: str, answer: requests.Response, limit_bytes: int) -> bytes | str:
    status = answer.status_code
    if status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
        return answer.headers["Location"]
    if status in (408, 425, 429) or status >= 500:
        raise TryLater(60, f"{_host(url)}: answered HTTP {status}")
    if status != 200:
        raise Refused(f"{_host(url)}: answered HTTP {status}")
    length = answer.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit_bytes:
        raise Refused(f"{_host(url)}: {length} bytes, more than the {limit_bytes} allowed")
    body = bytearray()
    while chunk := answer.raw.read(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > limit_bytes:
            raise Refused(f"{_host(url)}: more than the {limit_bytes} bytes allowed")
    if length.isdigit() and len(body) < int(length):
        raise TryLater(60, f"{_host(url)}: cut off after {len(body)} of {length} bytes")
    return bytes(body)


class _Watched(IPFilterAdapter):  # type: ignore[misc]  # the package carries no types
    """Remembers the sockets it opens, so that one timer can end a drip at any point: handshake, headers or body. Opens none once it is late."""

    def __init__(self, late: threading.Event, sockets: list[socket.socket], is_https: bool, allow_loopback: bool) -> None:
        super().__init__(is_https_proto=is_https, allow_loopback=allow_loopback)
        self._late, self._sockets = late, sockets

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        plain, late, sockets = pool.ConnectionCls, self._late, self._sockets

        class Connection(plain):  # type: ignore[misc, valid-type]  # urllib3 picks the class by scheme at run time
            def _new_conn(self) -> socket.socket:
                if late.is_set():  # finding the name has taken all the time
                    raise _TooSlow
                made: socket.socket = super()._new_conn()
                sockets.append(made.dup())  # a hand on the connection that TLS, which takes the socket over, does not take away
                if late.is_set():  # asked after it is registered: the timer has either seen it, or is seen here
                    made.close()
                    raise _TooSlow
                return made

        pool.ConnectionCls = Connection
        return pool


def _cut(late: threading.Event, sockets: list[socket.socket]) -> None:
    late.set()
    for connected in sockets:
        try:
            connected.shutdown(socket.SHUT_RDWR)
        except OSError:  # already closed by the other side
            continue


def _host(url: str) -> str:
    return urlsplit(url).hostname or "address"
