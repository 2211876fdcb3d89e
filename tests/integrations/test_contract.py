"""The contract over every connector; a new one is one more class of a few lines."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.accounts import AMAZON, EBAY
from tests.integrations.contract import Contract, Media, PracticeContract, World
from tests.integrations.example import install
from tests.integrations.example.server import Shop


class Files:
    """A small web server on this machine for our own media."""

    def __init__(self) -> None:
        files: dict[str, bytes] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = files.get(self.path)
                self.send_response(200 if data is not None else 404)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            do_HEAD = do_GET

            def log_message(self, *args: object) -> None: ...

        self._files, self._server = files, ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def expect_file(self, path: str, data: bytes) -> None:
        self._files[path] = data

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def media() -> Iterator[Media]:
    files = Files()
    yield Media(files)
    files.close()


class TestAmazon(PracticeContract):
    site, endpoints, credentials = "amazon-uk", "amazon_endpoints", AMAZON
    first_read, create_call = "getListingsItem", "putListingsItem"


class TestEbay(PracticeContract):
    site, endpoints, credentials = "ebay-uk", "ebay_endpoints", EBAY
    first_read, create_call = "GetSellerList", "AddFixedPriceItem"


class TestExample(Contract):
    """A marketplace of another package: `example/` is all that it needs."""

    first_read, create_call, many = "items_by_sku", "put", 11

    @pytest.fixture(autouse=True)
    def installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for folder in install(tmp_path):
            monkeypatch.syspath_prepend(folder)

    @contextmanager
    def world(self, faults: Sequence[dict[str, Any]] = (), seed: int = 0) -> Iterator[World]:
        with Shop(faults, seed) as shop:
            yield shop
