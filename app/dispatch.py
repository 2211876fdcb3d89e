"""Due rows -> jobs. A tick takes the top K due rows of each stage in order of money and waiting time, leases them and enqueues them in one transaction.

Priority and backpressure live in this one ORDER BY: the engine holds only what is in flight. A lease that runs out makes its row
due again under a new generation, so a crashed job needs no other rescue; a second dispatcher is harmless.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import life, work
from app.kit import Kit
from app.models import Work
from app.stages import STAGES, Stage

# Rows that are due, and rows whose lease ran out: two searches in one index, where one condition would walk over every row that rests.
_OF, _NOW = Work.stage == sa.bindparam("of_stage"), sa.bindparam("now", type_=Work.due_at.type)
_DUE = sa.and_(_OF, Work.leased_until.is_(None), Work.due_at <= _NOW), sa.and_(_OF, Work.leased_until <= _NOW)
_WAITS = sa.select(sa.or_(*(sa.exists().where(is_so) for is_so in _DUE)))
_TAKEN = [
    sa.select(Work.rank, Work.row, Work.generation)
    .where(is_so)
    .order_by(Work.rank, Work.row)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
    for is_so in _DUE
]
_VANISHED = sa.and_(Work.leased_until.is_not(None), Work.begun)  # a lease that ran out under a worker is a failure too
_LEASE = (
    sa.update(Work.__table__)  # type: ignore[arg-type]
    .where(_OF, Work.row.in_(sa.bindparam("rows", expanding=True)))  # ours alone: they are locked, or nobody else can write
    .values(
        generation=Work.generation + 1,
        attempts=Work.attempts + sa.case((_VANISHED, 1), else_=0),
        begun=False,
        leased_until=sa.bindparam("until", type_=Work.due_at.type),
        due_at=None,
        error=sa.case((_VANISHED, work.VANISHED), else_=Work.error),
    )
)


def tick(kit: Kit, now: datetime | None = None) -> int:
    """Dispatch what is due in every stage; returns the number of rows that went."""
    at = now or kit.now()
    with kit.db.reading() as session:
        waiting = [stage for stage in STAGES.values() if session.scalar(_WAITS, {"of_stage": stage.name, "now": at})]
    return sum(dispatch(kit, stage, at) for stage in waiting)


def dispatch(kit: Kit, stage: Stage, now: datetime) -> int:
    """Lease the best due rows of one stage, as many as there is room for in flight, and enqueue their jobs. Returns the number of rows."""
    with kit.db.writing() as session:
        flying = session.scalar(sa.select(sa.func.count()).select_from(Work).where(Work.stage == stage.name, Work.leased_until > now)) or 0
        most = max(stage.in_flight, stage.per_slot * life.slots(session, stage.name, now)) if stage.per_slot else stage.in_flight
        leases = lease(session, stage, now, limit=max(0, most - flying))
        for (row, generation), *more in batches(session, stage, leases):
            kit.jobs.enqueue(session, stage.name, row, generation, more)
    return len(leases)


def lease(session: Session, stage: Stage, now: datetime, *, limit: int) -> list[tuple[str, int]]:
    """Lease up to `limit` due rows, best first; each gets a new generation. Returns (row, generation)."""
    if limit <= 0:
        return []
    found: list[tuple[float, str, int]] = []
    for due in _TAKEN:
        rows = session.execute(due, {"of_stage": stage.name, "now": now, "most": limit})
        found += [(rank or 0.0, row, generation) for rank, row, generation in rows]
    best = sorted(found)[:limit]
    if best:
        session.execute(_LEASE, {"of_stage": stage.name, "rows": [row for _, row, _ in best], "until": now + timedelta(seconds=stage.lease_s)})
    return [(row, generation + 1) for _, row, generation in best]


def batches(session: Session, stage: Stage, leases: Sequence[tuple[str, int]]) -> list[list[tuple[str, int]]]:
    """The leases as jobs: one row each, or those that the stage's `group` puts together, the best first. Each row keeps its own lease."""
    groups = stage.group(session, [row for row, _ in leases]) if stage.group is not None and len(leases) > 1 else {}
    made: list[list[tuple[str, int]]] = []
    open_now: dict[Hashable, list[tuple[str, int]]] = {}
    for row, generation in leases:
        name, most = groups.get(row, (None, 1))
        batch = open_now.get(name) if most > 1 else None
        if batch is None or len(batch) >= most:
            batch = open_now[name] = []
            made.append(batch)
        batch.append((row, generation))
    return made


def mark(kit: Kit, now: datetime | None = None) -> int:
    """Ask every stage which rows are not as they should be, and wake them: the net under every wake-up that was lost.

    Asking only reads; nothing is written while nothing is amiss. Returns how many rows were woken.
    """
    at, woken, failures = now or kit.now(), 0, list[Exception]()
    for stage in STAGES.values():
        try:
            woken += _mark(kit, stage, at)
        except Exception as failure:  # the nets of the other stages are drawn in all the same
            failures.append(failure)
    if failures:
        raise failures[0]
    return woken


def _mark(kit: Kit, stage: Stage, at: datetime) -> int:
    with kit.db.reading() as session:
        stage.mark(session, kit, at)
        found = work.wishes(session)
    if found:
        with kit.db.writing() as session:
            work.grant(session, found)
    return len(found)


def oldest_due(session: Session, now: datetime) -> dict[str, float]:
    """Age in seconds of the oldest due row per stage; a stage with nothing due is absent."""
    found = session.execute(sa.select(Work.stage, sa.func.min(Work.due_at)).where(Work.due_at <= now, Work.leased_until.is_(None)).group_by(Work.stage)).all()
    return {stage: (now - due).total_seconds() for stage, due in found if due is not None}
