"""Engine and sessions, the one door through which states move, and the append-only history.

On SQLite every writing session begins with BEGIN IMMEDIATE: the driver's own late BEGIN loses updates between threads, and a
plain BEGIN fails at once with "database is locked" (both measured). Reading sessions cannot write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.models import Base, Event
from app.states import check_move

BUSY_MS = 30_000
TOLD = "packshot.told"


class Database:
    """Two engines on one database: one that writes, one that cannot. `told` is called for each line of history, in the transaction that writes it."""

    def __init__(self, url: str, told: Callable[[Session, Event], None] | None = None) -> None:
        self.url, self._info = url, {TOLD: told}
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            file = make_url(url).database
            if file:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            self.engine = _sqlite(url, "BEGIN IMMEDIATE", query_only=False)
            self.reader = _sqlite(url, "BEGIN", query_only=True)
        else:
            self.engine = sa.create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
            self.reader = self.engine.execution_options(postgresql_readonly=True)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A short transaction: commits at the end, rolls back on any error. Keep slow work out of it."""
        with self.open() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view that cannot write."""
        with self.open(read_only=True) as session:
            yield session

    def open(self, *, read_only: bool = False) -> Session:
        """A session whose owner commits it; one that cannot write, where asked."""
        return Session(self.reader if read_only else self.engine, expire_on_commit=False, info=dict(self._info))

    def close(self) -> None:
        self.engine.dispose()
        self.reader.dispose()


def _sqlite(url: str, begin: str, *, query_only: bool) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        if not query_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL" if query_only else "PRAGMA synchronous=FULL")  # a 2xx means it is on the disk
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA query_only={'ON' if query_only else 'OFF'}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def insert(session: Session, table: type[Base]) -> Any:
    """INSERT with ON CONFLICT, in the dialect at hand."""
    made = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return made(table.__table__)  # type: ignore[arg-type]


def lock(session: Session, row: Base) -> None:
    """Hold a row until the transaction ends and read it afresh, before what it holds is read, changed and written.

    PostgreSQL loses such updates without it; SQLite's writers are one at a time anyway. Rows that only refer to it do not wait. Order, so
    that nobody waits in a circle: product, placement, listing; what is woken comes last by itself (`app.work`).
    """
    session.flush()
    session.refresh(row, with_for_update={"key_share": True})


def mutex(session: Session, name: str) -> None:
    """Hold a name until the transaction ends: for what has no row yet."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(name))))


def insert_new(session: Session, table: type[Base], unique: list[str], **values: Any) -> bool:
    """Insert a row unless one with the same `unique` columns is there; True if this call made it.

    Not told from the row count: psycopg gives -1 for an INSERT that RETURNs its key.
    """
    key = table.__mapper__.primary_key[0]
    made = session.execute(insert(session, table).values(**values).on_conflict_do_nothing(index_elements=unique).returning(key))
    return made.scalar() is not None


def record(
    session: Session,
    row: Base | str,
    what: str,
    *,
    now: datetime,
    kind: str | None = None,
    sku: str | None = None,
    was: str | None = None,
    to: str | None = None,
    why: str = "",
    who: str = "packshot",
) -> None:
    """Write one line of history."""
    key = row if isinstance(row, str) else _key(row)
    noun = kind or (type(row).__name__.lower() if not isinstance(row, str) else "house")
    event = Event(at=now, kind=noun, row=key, sku=sku, what=what, was=was, to=to, why=why[:2000], who=who)
    session.add(event)
    if (told := session.info.get(TOLD)) is not None:
        told(session, event)


def move(session: Session, row: Any, to: StrEnum, *, now: datetime, why: str = "", who: str = "packshot", sku: str | None = None, **changes: Any) -> bool:
    """Move a row from the state it was read in to another, by compare-and-set; False if somebody else was first.

    `row` is any row with a `state`. `changes` are further columns set in the same statement. Raises IllegalMove for a move that is
    not in the table. Every move writes an event.
    """
    seen: StrEnum = row.state
    check_move(seen, to)
    session.flush()
    table = type(row)
    where = [column == getattr(row, column.key) for column in table.__mapper__.primary_key]
    won = session.execute(sa.update(table).where(*where, table.state == seen).values(state=to, **changes).execution_options(synchronize_session=False))
    session.refresh(row)
    if won.rowcount != 1:  # type: ignore[attr-defined]
        return False
    record(session, row, "moved", now=now, sku=sku, was=seen.value, to=to.value, why=why, who=who)
    return True


def _key(row: Base) -> str:
    return ":".join(str(getattr(row, c.key)) for c in type(row).__mapper__.primary_key if c.key)
