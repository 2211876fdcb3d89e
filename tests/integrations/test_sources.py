"""File names, and addresses that strangers name: nothing private, nothing endless, nothing past the limit."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest

from integrations import Refused, TryLater
from integrations.fetch import fetch
from integrations.sources import fetch_photo, name_candidates
from tests.served import served


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("W-1/dial.jpg", ("W-1", "dial", 0)),
        ("shoot/W-1/2_dial.JPG", ("W-1", "dial", 2)),
        ("W-1/dial_2.png", ("W-1", "dial", 2)),
        ("W-1/IMG_0042.HEIC", ("W-1", "", 42)),
        ("W-1_dial.jpg", ("W-1", "dial", 0)),
        ("W-1_2_dial.jpg", ("W-1", "dial", 2)),
        ("W-1_2.jpg", ("W-1", "", 2)),
        ("W-1\\caseback.tif", ("W-1", "caseback", 0)),
        ("W-1/side view.jpg", ("W-1", "side-view", 0)),
        ("dial.jpg", None),
        ("IMG_0042.jpg", None),
        ("W-1/notes.txt", None),
        ("W-1/.hidden.jpg", None),
        ("W-1", None),
    ],
)
def test_a_name_says_sku_shot_and_order(path: str, wanted: tuple[str, str, int] | None) -> None:
    assert next(iter(name_candidates(path)), None) == wanted


def test_a_sku_with_underscores_is_among_the_readings() -> None:
    assert name_candidates("AB_12_dial.jpg") == [("AB", "dial", 12), ("AB_12", "dial", 0)]
    assert ("AB_C_D", "dial", 3) in name_candidates("AB_C_D_3_dial.jpg")


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status if not self.path.startswith("/to") else 302)
        if self.path.startswith("/to"):
            self.send_header("Location", self.path[4:])
        if self.path == "/lies":
            self.send_header("Content-Length", "999999999999")
        elif self.path == "/short":
            self.send_header("Content-Length", "500")
        self.end_headers()
        try:
            self.wfile.write(b"x" * (5_000_000 if self.path == "/endless" else 100))
            if self.path == "/drip":
                for _ in range(200):
                    self.wfile.write(b"x")
                    threading.Event().wait(0.05)
        except OSError:
            return

    def log_message(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(Handler) as address:
        yield address


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.jpg",
        "http://localhost/a.jpg",
        "http://[::1]/a.jpg",
        "http://10.1.2.3/a.jpg",
        "http://192.168.0.1/a.jpg",
        "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/a.jpg",
        "http://[::ffff:127.0.0.1]/a.jpg",
        "file:///etc/passwd",
        "ftp://example.com/a.jpg",
        "http:///a.jpg",
        "http://user:pass@127.0.0.1/a.jpg",
        "javascript:alert(1)",
        "",
    ],
)
def test_private_addresses_and_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        fetch_photo(url)


def test_loopback_is_refused_unless_allowed(server: str) -> None:
    Handler.asked.clear()

    with pytest.raises(Refused, match="private"):
        fetch_photo(f"{server}/a.jpg")

    assert Handler.asked == []
    assert fetch_photo(f"{server}/a.jpg", allow_loopback=True) == b"x" * 100


def test_a_redirect_to_a_private_address_is_refused(server: str) -> None:
    with pytest.raises(Refused, match="private"):
        fetch_photo(f"{server}/to/http://10.1.2.3/a.jpg", allow_loopback=True)


def test_a_redirect_to_a_file_is_refused(server: str) -> None:
    with pytest.raises(Refused, match="only http"):
        fetch_photo(f"{server}/to/file:///etc/passwd", allow_loopback=True)


def test_an_honest_redirect_is_followed_and_an_endless_one_is_not(server: str) -> None:
    assert fetch_photo(f"{server}/to//b.jpg", allow_loopback=True) == b"x" * 100
    with pytest.raises(Refused, match="redirects"):
        fetch_photo(f"{server}/to{'/to' * 6}/a", allow_loopback=True)


@pytest.mark.parametrize("path", ["/endless", "/lies"])
def test_nothing_is_kept_past_the_limit(server: str, path: str) -> None:
    with pytest.raises(Refused, match="allowed"):
        fetch_photo(server + path, limit_bytes=1_000_000, allow_loopback=True)


def test_a_slow_drip_is_given_up(server: str) -> None:
    with pytest.raises(Refused, match="too slow"):
        fetch_photo(f"{server}/drip", allow_loopback=True, deadline=0.3)


def test_a_slow_drip_in_the_headers_is_given_up_too() -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not stop.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(Refused, match="too slow"):
            fetch_photo(f"http://127.0.0.1:{listener.getsockname()[1]}/", allow_loopback=True, deadline=0.3)
        stop.set()
        thread.join()


def test_a_name_that_takes_all_the_time_is_not_asked_afterwards(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        threading.Event().wait(0.2)
        return find(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    Handler.asked.clear()
    with pytest.raises(Refused, match="too slow"):
        fetch_photo(f"{server}/drip", allow_loopback=True, deadline=0.1)

    assert Handler.asked == []


def test_a_redirect_is_not_followed_when_the_time_is_over(server: str) -> None:
    def permits(url: str) -> bool:
        if "/to/" not in url:
            threading.Event().wait(0.5)
        return True

    Handler.asked.clear()
    with pytest.raises(Refused, match="too slow"):
        fetch(f"{server}/to//drip", limit_bytes=10_000, allow_loopback=True, deadline=0.4, permits=permits)

    assert Handler.asked == ["/to//drip"]


def test_a_drip_in_the_tls_handshake_is_given_up() -> None:
    stop, heard = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                heard.set()
                try:
                    connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16,384 bytes
                    while not stop.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(Refused, match="too slow"):
            fetch_photo(f"https://127.0.0.1:{listener.getsockname()[1]}/", allow_loopback=True, deadline=0.3)
        stop.set()
        thread.join()
    assert heard.is_set()
    assert time.monotonic() - begun < 5, "not the ten seconds that a handshake may take where there is time"


@pytest.mark.parametrize(("status", "error"), [("404", Refused), ("403", Refused), ("429", TryLater), ("500", TryLater), ("503", TryLater)])
def test_their_answer_decides_whether_to_come_back(server: str, status: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=status):
        fetch_photo(f"{server}/{status}", allow_loopback=True)


def test_a_body_cut_short_is_tried_later(server: str) -> None:
    with pytest.raises(TryLater):
        fetch_photo(f"{server}/short", allow_loopback=True)


def test_nobody_listening_is_tried_later() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(TryLater):
        fetch_photo(f"http://127.0.0.1:{port}/a.jpg", allow_loopback=True)
