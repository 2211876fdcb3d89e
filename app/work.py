"""What is due: wake a row for a stage, and settle it under the generation that was leased. Rows are the queue (`app.models.Work`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.db import insert
from app.models import Product, Work

PRIORITY_HEAD_START_S = 86_400.0  # one step of priority overtakes a day of waiting
MONEY_HEAD_START_S = 600.0  # ten times the money overtakes ten minutes of waiting
BACKOFF_S = (5, 15, 60, 300, 900, 3600)  # growing gaps after failures in a row
ATTEMPTS_BEFORE_A_PERSON = 8
VANISHED = "its job vanished: the worker died under it, or it took longer than its lease"
WISHES = "packshot.wishes"

# Every step of every row asks these: made once, for SQLAlchemy takes longer over making such a statement than the database over answering it.
_ROW = sa.and_(Work.stage == sa.bindparam("of_stage"), Work.row == sa.bindparam("of_row"))
_STANDING = sa.select(Work.generation, Work.attempts, Work.error).where(_ROW)
_UNDER = sa.update(Work.__table__).where(_ROW, Work.generation == sa.bindparam("of_generation"), Work.leased_until.is_not(None))  # type: ignore[arg-type]
_BEGIN = _UNDER.values(begun=True, leased_until=sa.bindparam("until", type_=Work.leased_until.type))
_NEXT, _NEXT_RANK = sa.bindparam("next_at", type_=Work.due_at.type), sa.bindparam("next_rank", type_=Work.rank.type)
_WOKEN_SOONER = sa.and_(Work.due_at.is_not(None), sa.or_(_NEXT.is_(None), Work.due_at <= _NEXT))  # by a wake-up that came while the job was in flight
_SETTLE = _UNDER.values(
    leased_until=None,
    attempts=0,
    error=None,
    due_at=sa.case((_WOKEN_SOONER, Work.due_at), else_=_NEXT),
    rank=sa.case((_WOKEN_SOONER, Work.rank), else_=_NEXT_RANK),
)


@dataclass(frozen=True)
class Lease:
    """The right to settle one row's stage once."""

    stage: str
    row: str
    generation: int


def head_start(priority: int, worth_minor: int) -> float:
    """Seconds by which priority and money overtake waiting. Ageing is built in: everything that waits long enough comes first."""
    return PRIORITY_HEAD_START_S * priority + MONEY_HEAD_START_S * math.log10(1 + max(0, worth_minor) / 100)


def head_start_of(product: Product | None) -> float:
    """The head start of a product: its priority and the money it stands for (price x stock, at least one)."""
    return 0.0 if product is None else head_start(product.priority, (product.price_minor or 0) * max(1, product.quantity))


@dataclass(frozen=True)
class Wish:
    """A row needs a stage at a time; `rank` orders it among the others."""

    stage: str
    row: str
    at: datetime
    rank: float


def wake(session: Session, stage: str, row: int | str, *, at: datetime, lead: float = 0.0) -> None:
    """Say that a row needs a stage at a time (now, or later). An earlier wish stays; a job in flight is not disturbed: it runs again after.

    Written when the session commits, all wishes of a transaction in one order and after all other locks: two transactions that wake
    each other's rows cannot deadlock. In a session that only reads nothing is written: see `wishes`.
    """
    found: dict[tuple[str, str], Wish] | None = session.info.get(WISHES)
    if found is None:
        found = session.info[WISHES] = {}
        sa.event.listen(session, "before_commit", _write_wishes)
    known, rank = found.get((stage, str(row))), at.timestamp() - lead
    found[stage, str(row)] = Wish(stage, str(row), min(at, known.at) if known else at, min(rank, known.rank) if known else rank)


def wishes(session: Session) -> list[Wish]:
    """What was woken in this session and is not written yet."""
    return list(session.info.get(WISHES, {}).values())


def grant(session: Session, found: Iterable[Wish]) -> None:
    """Write wishes now, in the one order that every transaction keeps to."""
    for wish in sorted(found, key=lambda wish: (wish.stage, wish.row)):
        statement = insert(session, Work).values(stage=wish.stage, row=wish.row, due_at=wish.at, rank=wish.rank, generation=0, attempts=0)
        session.execute(statement.on_conflict_do_update(index_elements=["stage", "row"], set_=_sooner(session, statement.excluded)))


def wake_every(session: Session, stage: str, rows: sa.Select[*tuple[Any, ...]], *, at: datetime) -> None:
    """Wake every row of a select of (row, head start in seconds) in one statement, at once: for as many as there are."""
    row, lead = rows.selected_columns
    key, rank = sa.cast(row, sa.String), sa.literal(at.timestamp()) - lead
    wanted = rows.with_only_columns(sa.literal(stage), key, sa.literal(at, Work.due_at.type), rank, sa.literal(0), sa.literal(0)).order_by(key)
    statement = insert(session, Work).from_select(["stage", "row", "due_at", "rank", "generation", "attempts"], wanted)
    session.execute(statement.on_conflict_do_update(index_elements=["stage", "row"], set_=_sooner(session, statement.excluded)))


def _sooner(session: Session, new: Any) -> dict[str, Any]:
    """The earlier of two wishes for one row: its time, and the better rank once both are due."""
    later = sa.or_(Work.due_at.is_(None), Work.due_at > new.due_at)
    least = sa.func.min if session.get_bind().dialect.name == "sqlite" else sa.func.least
    return {
        "due_at": sa.case((later, new.due_at), else_=Work.due_at),
        "rank": sa.case((later, new.rank), else_=sa.func.coalesce(least(Work.rank, new.rank), new.rank)),
    }


def _write_wishes(session: Session) -> None:
    session.flush()
    found = wishes(session)
    session.info.get(WISHES, {}).clear()
    grant(session, found)


def settle(session: Session, lease: Lease, *, next_at: datetime | None = None, lead: float = 0.0) -> bool:
    """End a lease: the stage is done, or due again at `next_at`, or when something woke it meanwhile if that is sooner.

    False if the row was leased anew meanwhile: then change nothing.
    """
    values = {"next_at": next_at, "next_rank": None if next_at is None else next_at.timestamp() - lead}
    won = session.execute(_SETTLE, {**values, **_named(lease), "of_generation": lease.generation})
    return bool(won.rowcount == 1)  # type: ignore[attr-defined]


def begin(session: Session, lease: Lease, *, until: datetime) -> bool:
    """A worker begins: its lease runs from now, and should it run out the job has vanished under the worker. False if the lease was lost.

    A lease that runs out before is nobody's failure: the workers were away, or busy.
    """
    won = session.execute(_BEGIN, {**_named(lease), "of_generation": lease.generation, "until": until})
    return bool(won.rowcount == 1)  # type: ignore[attr-defined]


def postpone(session: Session, lease: Lease, *, now: datetime, error: str, delay: float | None = None) -> int | None:
    """End a lease that failed: due again after `delay`, or after a gap that grows with each failure.

    Returns the failures in a row, None if the lease was lost.
    """
    attempts = failures(session, lease)
    gap = delay if delay is not None else BACKOFF_S[min(attempts, len(BACKOFF_S) - 1)]
    at = now + timedelta(seconds=gap)
    values = {"leased_until": None, "attempts": attempts + 1, "error": error[:2000], "due_at": at, "rank": at.timestamp()}
    return attempts + 1 if _under(session, lease, values) else None


def wait_on(session: Session, lease: Lease, *, now: datetime, why: str, delay: float) -> bool:
    """End a lease whose turn has not come: due again after `delay`, with its rank and its failures as they were. False if the lease was lost."""
    at = now + timedelta(seconds=delay)
    return _under(session, lease, {"leased_until": None, "error": why[:2000], "due_at": at, "rank": sa.func.coalesce(Work.rank, at.timestamp())})


def vanished(session: Session, lease: Lease) -> bool:
    """Whether this row's jobs have vanished so often that it must be feared to kill its worker."""
    row = _standing(session, lease)
    return row is not None and row.attempts >= ATTEMPTS_BEFORE_A_PERSON and row.error == VANISHED


def failures(session: Session, lease: Lease) -> int:
    """How often this row failed in a row before this try."""
    row = _standing(session, lease)
    return row.attempts if row is not None else 0


def last_error(session: Session, lease: Lease) -> str | None:
    """Why this row failed the last time, if it has not succeeded since."""
    row = _standing(session, lease)
    return row.error if row is not None else None


def holds(session: Session, lease: Lease) -> bool:
    """Whether a lease is still ours: nobody was given the row after us."""
    row = _standing(session, lease)
    return row is not None and row.generation == lease.generation


def _standing(session: Session, lease: Lease) -> sa.Row[int, int, str | None] | None:
    return session.execute(_STANDING, _named(lease)).one_or_none()


def _named(lease: Lease) -> dict[str, str]:
    return {"of_stage": lease.stage, "of_row": lease.row}


def _under(session: Session, lease: Lease, values: Mapping[str, Any]) -> bool:
    won = session.execute(_UNDER.values(**values), {**_named(lease), "of_generation": lease.generation})
    return bool(won.rowcount == 1)  # type: ignore[attr-defined]
