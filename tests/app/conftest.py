"""The house built with a temporary folder, a clock that stands still and, where asked, practice marketplaces."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from app import accounts, rulebook
from app.cli import main
from app.config import Settings
from app.dispatch import mark
from app.kit import Kit
from app.migrate import migrate
from app.models import Account
from app.stages import STAGES
from app.stages.run import settle_all
from app.store import StoreError
from integrations.practice import PracticeServer
from tests.app.batch import Shoot
from tests.app.factories import account

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PRACTICE_POLICY: dict[str, Any] = {
    "publish": "auto",
    "create": True,
    "wait_s": 20,
    "repair": "ask",
    "pace": {"look_gaps_s": [2, 3, 5, 8], "settle_s": 60, "live_look_s": 10, "poll_s": 5},
    "listing": {"calls_per_day": 1_000_000},
}


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class MediaServer:
    """Serves a kit's media store on loopback, as the web role does for marketplaces."""

    def __init__(self) -> None:
        self.kit: Kit | None = None
        self.gone: set[str] = set()  # names that answer 404
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    assert outer.kit is not None
                    if self.path.removeprefix("/media/") in outer.gone:
                        raise StoreError("gone")
                    data = outer.kit.media.store.read(self.path.removeprefix("/media/"))
                except StoreError:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "image/png" if self.path.endswith(".png") else "image/jpeg")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> MediaServer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def media_server() -> Iterator[MediaServer]:
    with MediaServer() as server:
        yield server


@pytest.fixture
def make_kit(tmp_path: Path, clock: Clock, media_server: MediaServer, migrated_sqlite: Path) -> Iterator[Callable[..., Kit]]:
    made: list[Kit] = []

    def make(database_url: str = "", *, migrated: bool = False, **settings: Any) -> Kit:
        values = {"var": tmp_path / "var", "secret_key": "a secret key for tests only", "media_base_url": media_server.url, "practice": True}
        kit = Kit(Settings(database_url=database_url, **{**values, **settings}), clock=clock)
        file = kit.settings.var / "packshot.db"
        if database_url and not migrated:
            migrate(database_url)
        elif not database_url and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(migrated_sqlite, file)
        rulebook.renew(kit, "tests", "start")
        media_server.kit = kit
        made.append(kit)
        return kit

    yield make
    for kit in made:
        kit.close()


@pytest.fixture
def kit(make_kit: Callable[..., Kit]) -> Kit:
    """A migrated house on SQLite with the shipped rules in force."""
    return make_kit()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_kit(request: pytest.FixtureRequest, make_kit: Callable[..., Kit]) -> Kit:
    """The same house on SQLite and on PostgreSQL."""
    return make_kit() if request.param == "sqlite" else make_kit(request.getfixturevalue("migrated_postgres_url"), migrated=True)


@pytest.fixture
def practice() -> Iterator[PracticeServer]:
    with PracticeServer(now=START.timestamp()) as server:
        yield server


def add_practice_accounts(kit: Kit, practice: PracticeServer, **policy: Any) -> list[Account]:
    """amazon-uk:main and ebay-uk:main, pointing at the practice marketplaces."""
    made = []
    with kit.db.writing() as session:
        for key, endpoints, credentials in (
            ("amazon-uk:main", practice.amazon_endpoints(), {"lwa_app_id": "app", "lwa_client_secret": "secret", "refresh_token": "practice-SELLER1"}),
            ("ebay-uk:main", practice.ebay_endpoints(), {"client_id": "app", "client_secret": "secret", "refresh_token": "practice-seller1"}),
        ):
            account = accounts.add_account(
                session,
                kit,
                key,
                seller_id="SELLER1",
                credentials=credentials,
                endpoints=endpoints,
                policy={**PRACTICE_POLICY, **policy},
                practice=True,
                who="tests",
            )
            made.append(account)
    return made


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `packshot ...` in this process, in a temporary folder where an installation may be: (exit code, stdout, stderr)."""
    monkeypatch.setenv("PACKSHOT_VAR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def run_for(kit: Kit, clock: Clock, seconds: float, practice: PracticeServer | None = None, step: float = 2.0) -> int:
    """Let time pass in steps, running every due stage to rest after each; returns the tasks run."""
    tasks, left = settle_all(kit, STAGES), seconds
    while left > 0:
        clock.advance(min(step, left))
        if practice is not None:
            practice.advance(min(step, left))
        left -= step
        tasks += settle_all(kit, STAGES)
    return tasks


__all__ = ["PRACTICE_POLICY", "START", "Clock", "MediaServer", "add_practice_accounts", "mark", "run_for"]


@pytest.fixture
def shoot(kit: Kit) -> Shoot:
    """An empty batch, with an account that its pictures are for."""
    account(kit, "ebay-uk:main")
    return Shoot(kit)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of a real S3 and SQS server of this machine."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
