"""The house itself: work due, events, heartbeats, settings, people, keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Doc, Hash


class Work(Base):
    """That a row needs (or needed) a stage: when it is due, its generation, its lease. Rows are the queue.

    A row has one line here per stage that can concern it (a listing has one for `publish` and one for `watch`), so all stages
    share one index, one ORDER BY and one compare-and-set. `generation` grows with each lease and is never reset: it names the
    job (`stage:row:generation`) and guards `apply`. A wake-up that comes while a job is in flight only sets `due_at`, which
    `settle` keeps; so nothing is lost and nothing needs a second queue.
    """

    __tablename__ = "work"
    __table_args__ = (Index("ix_work_due", "stage", "leased_until", "due_at"),)

    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    row: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime | None]
    rank: Mapped[float | None] = mapped_column(Float(53))  # due time in epoch seconds less the head start that money and priority buy
    generation: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    begun: Mapped[bool] = mapped_column(default=False)  # by a worker, under this lease: should it run out, the job vanished
    attempts: Mapped[int] = mapped_column(default=0)  # failures in a row
    error: Mapped[str | None]  # the last failure, in words; a page shows it


class Event(Base):
    """One append-only line of history."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_kind_row", "kind", "row"), Index("ix_events_sku", "sku"), Index("ix_events_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(24))  # the noun: photo, placement, listing, push, notice, lesson, account, rules ...
    row: Mapped[str] = mapped_column(String(64))
    sku: Mapped[str | None] = mapped_column(String(128))
    what: Mapped[str] = mapped_column(String(32))  # moved | created | decided ...
    was: Mapped[str | None] = mapped_column(String(32))
    to: Mapped[str | None] = mapped_column(String(32))
    why: Mapped[str] = mapped_column(default="")
    who: Mapped[str] = mapped_column(String(128), default="packshot")


class Heartbeat(Base):
    """A process says that it lives. `role:name`, e.g. `worker:host-1`."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime]
    facts: Mapped[Doc] = mapped_column(default=dict)


class Setting(Base):
    """Switches that every process reads: the emergency stop, banners."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Doc]
    at: Mapped[datetime]
    who: Mapped[str]


class RateBucket(Base):
    """How fast one account may make one kind of call now (`integrations.Bucket`), for all processes alike."""

    __tablename__ = "rate_buckets"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    state: Mapped[Doc]


class User(Base):
    """A person who signs in. Roles: viewer < operator < admin."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(String(16), default="operator")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class ApiKey(Base):
    """A key of the REST API; only its SHA-256 is stored."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    key_sha256: Mapped[str] = mapped_column(Hash, unique=True)
    role: Mapped[str] = mapped_column(String(16), default="operator")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class IdempotentAnswer(Base):
    """The answer to a write under an `Idempotency-Key`: the same key again gets the same answer and no second effect."""

    __tablename__ = "idempotent_answers"

    who: Mapped[str] = mapped_column(String(128), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(Hash)
    status: Mapped[int]
    body: Mapped[Doc]
    at: Mapped[datetime]
