"""Whether a picture can be fetched at its public address: every way in which it cannot is said in words of its own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from integrations import TryLater
from integrations.fetch import exchange
from integrations.reach import look
from tests.served import served

PICTURE = b"\xff\xd8\xff a finished picture"


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    asked: ClassVar[list[str]] = []
    heads = True

    def do_GET(self) -> None:
        self._answer(PICTURE)

    def do_HEAD(self) -> None:
        if Handler.heads:
            self._answer(b"")
        else:
            self.send_error(405)

    def _answer(self, body: bytes) -> None:
        Handler.asked.append(f"{self.command} {self.path}")
        kind, status, length = "image/jpeg", 200, len(PICTURE)
        if self.path == "/sign-in":
            status = 302
        elif self.path == "/page":
            kind = "text/html; charset=utf-8"
        elif self.path == "/nameless":
            kind = "application/octet-stream"
        elif self.path == "/other":
            body = body[::-1]
        elif self.path == "/longer":
            body, length = body + (b"x" * 1000 if body else b""), len(PICTURE) + 1000
        elif self.path[1:].isdigit():
            status = int(self.path[1:])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if status == 302:
            self.send_header("Location", "https://login.example/oauth?state=secret")
        if self.path == "/kept":
            self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(Handler) as address:
        yield address


def trouble(url: str, **options: Any) -> str:
    found = look(url, PICTURE, "image/jpeg", **{"allow_loopback": True, **options})
    return found.trouble or "none"


def test_the_very_bytes_as_a_picture_are_well(server: str) -> None:
    assert trouble(f"{server}/kept") == "none"


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sign-in", "redirects .* to login.example/oauth;"),
        ("/page", "a web page comes instead"),
        ("/nameless", "comes as application/octet-stream, not as image/jpeg"),
        ("/longer", "other bytes come"),
        ("/401", "sign in"),
        ("/403", "does not let the public read"),
        ("/404", "does not lead to the store"),
        ("/500", "HTTP 500"),
    ],
)
def test_what_would_stop_a_marketplace_is_said_in_words(server: str, path: str, words: str, whole: bool) -> None:
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(trouble(server + path, whole=whole))


def test_a_redirect_is_not_followed_and_its_query_not_repeated(server: str) -> None:
    Handler.asked.clear()

    assert "secret" not in trouble(f"{server}/sign-in")

    assert Handler.asked == ["GET /sign-in"]


def test_other_bytes_of_the_same_length_are_told_by_a_whole_look_alone(server: str) -> None:
    assert "other bytes" in trouble(f"{server}/other")
    assert trouble(f"{server}/other", whole=False) == "none"


def test_headers_alone_are_asked_for_where_they_do(server: str) -> None:
    Handler.asked.clear()

    assert trouble(f"{server}/kept", whole=False) == "none"

    assert Handler.asked == ["HEAD /kept"]


def test_a_server_that_knows_no_head_is_fetched_from(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "heads", False)

    assert trouble(f"{server}/kept", whole=False) == "none"
    assert "web page" in trouble(f"{server}/page", whole=False)


def test_caching_is_advice_and_stops_nothing(server: str) -> None:
    assert look(f"{server}/kept", PICTURE, "image/jpeg", allow_loopback=True).advice == ""
    found = look(f"{server}/plain", PICTURE, "image/jpeg", allow_loopback=True)
    assert (found.trouble, "immutable" in found.advice) == (None, True)


@pytest.mark.parametrize("url", ["http://pictures.example/a.jpg", "http://8.8.8.8/a.jpg"])
def test_plain_http_is_refused_without_asking(url: str) -> None:
    assert "plain http" in trouble(url)


@pytest.mark.parametrize("url", ["https://10.1.2.3/a.jpg", "https://127.0.0.1/a.jpg", "https://[fd00::1]/a.jpg", "https://169.254.169.254/a.jpg"])
def test_a_private_address_is_no_public_one(url: str) -> None:
    assert "private" in trouble(url, allow_loopback=False)


def test_loopback_is_for_practice_alone(server: str) -> None:
    assert trouble(f"{server}/kept", allow_loopback=False) != "none"


def test_a_name_that_leads_nowhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert trouble("https://pictures.example/a.jpg") == "pictures.example: its name leads nowhere (DNS)"


def test_a_certificate_that_nobody_vouches_for_is_said(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate), "-days", "1"], check=True, capture_output=True)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    running.handle_error = lambda *_: None  # type: ignore[method-assign]  # the client hangs up on it, as it should
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    said = trouble(f"https://127.0.0.1:{running.server_port}/kept")

    running.shutdown()
    running.server_close()
    thread.join()
    assert said.startswith("127.0.0.1: no safe connection (TLS: self-signed certificate")


def test_one_who_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TryLater, match="within"):
        exchange(f"http://127.0.0.1:{listener.getsockname()[1]}/", deadline=0.2, allow_loopback=True)


def test_an_endless_answer_is_read_to_its_limit_alone(server: str) -> None:
    assert len(exchange(f"{server}/longer", limit_bytes=100, allow_loopback=True).body) == 100
