"""The base of all rows: naming convention, column types, keys that migrations can name."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, Integer, MetaData, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

from app import states

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC time. Stored without zone, so that SQLite and PostgreSQL compare it alike; a naive value is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: pass an aware time")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


Json = JSON().with_variant(JSONB(), "postgresql")
Doc = dict[str, Any]
Docs = list[dict[str, Any]]
Hash = String(64)  # SHA-256 in hex


def _enum(kind: type[StrEnum]) -> Enum:
    """Stored by value as text, without a database type: a new state needs no migration."""
    return Enum(kind, native_enum=False, length=16, values_callable=lambda e: [m.value for m in e], create_constraint=False)


STATES = [kind for kind in vars(states).values() if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            str: Text(),
            int: Integer(),
            datetime: UTCDateTime(),
            Doc: Json,
            Docs: Json,
            list[str]: Json,
            **{kind: _enum(kind) for kind in STATES},
        },
    )

    def __repr__(self) -> str:
        keys = ", ".join(f"{c.key}={getattr(self, c.key)!r}" for c in type(self).__mapper__.primary_key if c.key)
        return f"<{type(self).__name__} {keys}>"
