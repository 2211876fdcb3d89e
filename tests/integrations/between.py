"""A liar on the line: hands every call on to a marketplace, and puts an answer of its own in the place of the one that is ordered."""

import http.client
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from integrations import Access

MB = 1_000_000
MOST = 300 * MB  # what an endless answer amounts to for a client that never has enough
VERB = "X-EBAY-API-CALL-NAME"


@dataclass(frozen=True)
class Said:
    """An answer: what the marketplace said, or what is said in its place. `verb` is the call's name where the caller gives one."""

    status: int
    kind: str
    body: bytes
    verb: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    more: Iterable[bytes] = ()

    @property
    def is_xml(self) -> bool:
        return "xml" in self.kind


def _as_xml(said: Said, inner: str, before: str = "") -> bytes:
    name = f"{said.verb or 'Any'}Response"
    return f'<?xml version="1.0"?>{before}<{name} xmlns="urn:ebay:apis:eBLBaseComponents"><Ack>Success</Ack>{inner}</{name}>'.encode()


def _html(said: Said) -> Said:
    return Said(200, "text/html", b"<!doctype html><html><head><title>Sign in</title></head><body><p>Please sign in & wait.</body></html>")


def _cut(said: Said) -> Said:
    return replace(said, body=said.body[: len(said.body) // 2])


def _endless(said: Said) -> Said:
    begin = _as_xml(said, "<Item><Title>").partition(b"</Title>")[0].rpartition(b"</Item>")[0] if said.is_xml else b'{"items": [{"sku": "'
    return Said(200, said.kind, begin, more=(b"a" * MB for _ in range(MOST // MB)))


@cache
def _zeros() -> tuple[bytes, bytes]:
    """The beginning of a gzip stream, and a piece of it that unpacks to 10 MB and may be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    begin = packer.compress(b" ") + packer.flush(zlib.Z_FULL_FLUSH)
    return begin, packer.compress(b" " * 10 * MB) + packer.flush(zlib.Z_FULL_FLUSH)


def _packed(said: Said) -> Said:
    begin, piece = _zeros()
    return Said(200, said.kind, begin + piece * (MOST // (10 * MB)), headers={"Content-Encoding": "gzip"})


def _deep(said: Said) -> Said:
    return replace(said, status=200, body=_as_xml(said, "<Item>" * 20_000) if said.is_xml else b'{"items":' * 200_000)


def _bomb(said: Said) -> Said:
    """A billion laughs, and a file of this machine, for a reader of XML; for others it is no JSON."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    kinds = f'<!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY f SYSTEM "file:///etc/passwd">{laughs}]>'
    return Said(200, "text/xml", _as_xml(said, "<Item><ItemID>&l9;</ItemID><Title>&f;</Title></Item>", kinds))


def _wrong(make: Callable[[Any], Any], xml: str) -> Callable[[Said], Said]:
    """Each value of the answer made something of another type, one level down from the top; in XML each text."""

    def spoil(said: Said) -> Said:
        if said.is_xml:
            text = re.sub(r"<(\w+)>[^<]*</\1>", lambda m: m[0] if m[1] == "Ack" else f"<{m[1]}>{xml}</{m[1]}>", said.body.decode())
            return replace(said, body=text.encode())
        try:
            read = json.loads(said.body)
        except ValueError:
            return replace(said, body=b"null")
        return replace(said, body=json.dumps(_one_down(read, make)).encode())

    return spoil


def _one_down(value: Any, make: Callable[[Any], Any], depth: int = 2) -> Any:
    if isinstance(value, dict):
        return {name: _one_down(each, make, depth - 1) for name, each in value.items()} if depth else make(value)
    if isinstance(value, list):
        return [_one_down(each, make, depth - 1) for each in value] if depth else make(value)
    return make(value)


HOSTILE: dict[str, Callable[[Said], Said]] = {
    "HTML with 200": _html,
    "nothing with 200": lambda said: Said(200, said.kind, b""),
    "null": lambda said: replace(said, status=200, body=b"null"),
    "a bare list": lambda said: replace(said, status=200, body=b"[[], {}]"),
    "the first half": _cut,
    "noise": lambda said: Said(200, said.kind, bytes(range(256)) * 40),
    "an endless answer": _endless,
    "300 MB packed into little": _packed,
    "deep nesting": _deep,
    "an XML bomb": _bomb,
    "numbers for everything": _wrong(lambda _: 7, "7"),
    "lists for everything": _wrong(lambda _: ["x", None], "<a>x</a><a/>"),
    "objects for everything": _wrong(lambda _: {"x": {"y": None}}, "<x><y/></x>"),
    "nulls for everything": _wrong(lambda _: None, ""),
}
WRONG_TYPES = tuple(name for name in HOSTILE if name.endswith("for everything"))  # these may pass for an answer


class Between:
    """`with Between(world.url, 2, how) as line`: `line.account(access)` is the same account with the liar on its line.

    The `nth` answer, counted from 1, is spoilt and no other; where `how` is None the line is cut after the call took effect. 0 spoils none.
    """

    def __init__(self, url: str, nth: int = 0, how: Callable[[Said], Said] | None = None) -> None:
        self._target, self._nth, self._how = urlsplit(url).netloc, nth, how
        self._lock = threading.Lock()
        self.calls = self.sent = 0
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                between._serve(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

            def log_message(self, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Between":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def account(self, account: Access) -> Access:
        """The account as one that calls us."""
        moved = {name: address.replace(f"http://{self._target}", self.url) for name, address in account.endpoints.items()}
        return replace(account, endpoints=moved)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        connection = http.client.HTTPConnection(self._target, timeout=30)
        try:
            connection.request(handler.command, handler.path, body, {**dict(handler.headers), "Host": self._target, "Connection": "close"})
            answer = connection.getresponse()
            said = Said(answer.status, answer.headers.get("Content-Type", ""), answer.read(), handler.headers.get(VERB, ""))
            kept = {name: value for name, value in answer.headers.items() if name.lower() in ("location", "retry-after")}
        finally:
            connection.close()
        with self._lock:
            self.calls += 1
            mine = self.calls == self._nth
        handler.close_connection = True
        if mine and self._how is None:
            return
        spoilt = self._how(said) if mine and self._how is not None else said
        handler.send_response(spoilt.status)
        for name, value in {"Content-Type": spoilt.kind, **kept, **spoilt.headers}.items():
            handler.send_header(name, value)
        if not spoilt.more:
            handler.send_header("Content-Length", str(len(spoilt.body)))
        try:
            handler.end_headers()
            for piece in _pieces(spoilt):
                handler.wfile.write(piece)
                self.sent += len(piece) if mine else 0
        except OSError:  # it has had enough
            return


def _pieces(said: Said) -> Iterator[bytes]:
    yield said.body
    yield from said.more
