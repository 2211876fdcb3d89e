"""`packshot migrate`: our tables by alembic, then the job engine's own. The configuration is made here, so that an installed wheel can migrate too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from app import jobs

SCRIPTS = Path(__file__).parent.parent / "migrations"  # beside `app` in a checkout and in site-packages
_LOCK = 7_203_511  # one number for everybody who migrates this database


class NotMigrated(Exception):
    """The database is not at this version's migration. The message says what to run."""


def migrate(url: str) -> None:
    """Bring an empty or older database to this version. Safe to run twice, and by two processes at once."""
    with connection(url) as conn:
        command.upgrade(config(conn), "head")
    jobs.migrate(url)


def head() -> str:
    """The newest migration of this version."""
    return str(ScriptDirectory(str(SCRIPTS)).get_current_head())


def check_current(url: str) -> None:
    """Raise NotMigrated unless the database is at this version's migration."""
    with connection(url) as conn:
        at = MigrationContext.configure(conn).get_current_revision()
    if at != head():
        raise NotMigrated(f"database is at migration {at or 'none'}, this version needs {head()}: run `packshot migrate`")


def config(conn: sa.Connection) -> Config:
    """Alembic's configuration for commands on this connection."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    made.attributes["connection"] = conn
    return made


@contextmanager
def connection(url: str) -> Iterator[sa.Connection]:
    """A connection in one transaction that nobody else migrates meanwhile; commits at the end.

    Not the house's own engine: rebuilding a table on SQLite needs foreign keys unchecked, which cannot be said inside a transaction.
    """
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    if engine.dialect.name == "sqlite":
        file = make_url(url).database
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield conn
    engine.dispose()


def _prepare_sqlite(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # we say BEGIN ourselves
    raw.execute("PRAGMA busy_timeout=30000")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA foreign_keys=OFF")
