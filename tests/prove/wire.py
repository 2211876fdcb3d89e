"""The practice marketplaces without sockets: the real SDKs' requests, byte for byte, handed to the practice application in this process.

Only TCP is left out. A call that the twin cuts off ends in the exception that the SDK's own transport would raise.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import httpx
import requests
import urllib3
from flask import Flask
from requests.adapters import HTTPAdapter
from waitress.channel import ClientDisconnected

import integrations
from integrations.amazon.marketplace import Amazon
from integrations.ebay.marketplace import Ebay
from integrations.practice import pictures
from integrations.practice.faults import Faults, call_name

WRITES = ("patchListingsItem", "putListingsItem", "ReviseFixedPriceItem", "AddFixedPriceItem")
Answer = tuple[int, list[tuple[str, str]], bytes]


class Cut(Exception):
    """The connection was closed without a byte; `late` where the client had been kept waiting first."""

    def __init__(self, late: bool) -> None:
        super().__init__("cut off")
        self.late = late


class Wire:
    """Every call of this process to the practice marketplaces and to the house's public pictures."""

    def __init__(self, app: Flask, base: str, media: str, picture: Callable[[str], bytes | None]) -> None:
        self.app, self.base, self.media, self._picture = app, base, media, picture
        self.coat: Faults = app.extensions["practice_faults"]
        self.calls: Counter[str] = Counter()
        self.tokens: set[str] = set()  # every access token that was ever given out
        self.at_write: list[Callable[[], None]] = []  # each once, while a write is under way

    def carries(self, url: str) -> bool:
        """Whether the address is one of ours."""
        return url.startswith((self.base + "/", self.media + "/"))

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One call; raises Cut."""
        if url.startswith(self.media):
            data = self._picture(urlsplit(url).path)
            if data is None:
                return 404, [], b""
            kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
            return 200, [("Content-Type", kind), ("Content-Length", str(len(data)))], b"" if method == "HEAD" else data
        environ = _environ(method, url, headers, body)
        name = call_name(environ)
        self.calls[name] += 1
        if name in WRITES and self.at_write:
            self.at_write.pop()()
        begun: list[Any] = []
        try:
            parts = self.app(environ, lambda status, fields, *_: begun.extend((status, fields)) or begun.append)  # type: ignore[arg-type, func-returns-value]
            data = b"".join(parts)
            getattr(parts, "close", lambda: None)()
        except ClientDisconnected:
            raise Cut(self.coat.struck[-1]["do"].startswith("timeout")) from None
        if name.endswith(".token") and begun[0].startswith("200"):
            self.tokens.add(json.loads(data)["access_token"])
        return int(begun[0][:3]), list(begun[1]), data

    def connect(self, now: Callable[[], datetime]) -> Callable[[integrations.Access], integrations.Marketplace]:
        """Connectors that call through here, under another clock than the world's."""

        def connected(access: integrations.Access) -> integrations.Marketplace:
            return Amazon(access, _Transport(self), now) if access.site.connector == "amazon" else Ebay(access, now)

        return connected


class _Transport(httpx.BaseTransport):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            status, headers, data = self._wire.call(request.method, str(request.url), request.headers, request.read())
        except Cut as cut:
            if cut.late:
                raise httpx.ReadTimeout("The read operation timed out", request=request) from None
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request) from None
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(data), request=request)


@contextmanager
def wired(wire: Wire) -> Iterator[None]:
    """While it holds, `requests` reaches the wire's addresses without a socket; whatever else it is asked for goes its usual way."""
    usual, reach = HTTPAdapter.send, pictures.reachable

    def send(self: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if not wire.carries(request.url or ""):
            return usual(self, request, *args, **kwargs)
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        try:
            status, headers, data = wire.call(request.method or "GET", request.url or "", request.headers, body)
        except Cut as cut:
            if cut.late:
                raise requests.ReadTimeout("Read timed out.", request=request) from None
            gone = urllib3.exceptions.ProtocolError("Connection aborted.", RemoteDisconnected("Remote end closed connection without response"))
            raise requests.ConnectionError(gone, request=request) from None
        raw = urllib3.HTTPResponse(io.BytesIO(data), dict(headers), status, preload_content=False, request_method=request.method)
        return self.build_response(request, raw)  # type: ignore[arg-type]

    HTTPAdapter.send = send  # type: ignore[method-assign]
    pictures.reachable = lambda url, timing: wire.carries(url) or reach(url, timing)
    try:
        yield
    finally:
        HTTPAdapter.send = usual  # type: ignore[method-assign]
        pictures.reachable = reach


def _environ(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = text
    return environ
