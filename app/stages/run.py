"""How a stage runs: gather (short transaction) -> do (no transaction) -> apply (short transaction, compare-and-set). Errors are mapped here, once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

import integrations
from app import work
from app.kit import Kit
from app.store import StoreError
from app.work import Lease

NOT_AUTHORISED = "not authorised, {n} in a row: "
REFUSALS_BEFORE_PAUSE = 3  # each already with a fresh token: one or two may be tokens that died under way, seen under planted faults
PASSING_TRIES = 4  # of a refusal that may pass by itself, about six minutes, before a person is asked
log = structlog.get_logger("packshot.stage")


@dataclass(frozen=True)
class Stage:
    """One clock-driven stage. `gather` answers None if there is nothing to do any more; `do` is given no session.

    `apply(session, kit, task, result)` returns when the row is due again (None: when something wakes it). `mark` wakes the rows that
    are not as they should be. `refused` records a marketplace's No; `give_up` hands a row that keeps failing to a person;
    `hosted` keeps what a marketplace has stored of a write that then failed.
    """

    name: str
    gather: Callable[[Session, Kit, str], Any]
    do: Callable[[Kit, Any], Any]
    apply: Callable[[Session, Kit, Any, Any], datetime | None]
    mark: Callable[[Session, Kit, datetime], int]
    refused: Callable[[Session, Kit, Any, integrations.Refused], None] | None = None
    unknown: Callable[[Session, Kit, Any, integrations.OutcomeUnknown], None] | None = None
    give_up: Callable[[Session, Kit, str, str], None] | None = None
    hosted: Callable[[Session, Any, tuple[integrations.Hosted, ...]], None] | None = None
    lease_s: float = 120.0
    in_flight: int = 24
    gather_writes: bool = False  # gather commits a row before anything is done; else it is given a session that cannot write


def run(kit: Kit, stage: Stage, row: str, generation: int) -> str:
    """Do one row's stage under its lease; never raises. Returns what became of it, in one word."""
    lease, begun, task = Lease(stage.name, row, generation), time.perf_counter(), None
    try:
        with kit.db.writing() if stage.gather_writes else kit.db.reading() as session:
            if not work.holds(session, lease):
                return "lost"
            feared = stage.give_up is not None and work.vanished(session, lease)
            task = None if feared else stage.gather(session, kit, row)
        if task is None:
            with kit.db.writing() as session:
                if feared and stage.give_up is not None and work.holds(session, lease):
                    stage.give_up(session, kit, row, work.VANISHED)
                work.settle(session, lease)
            return "given up" if feared else "nothing"
        result = stage.do(kit, task)
        with kit.db.writing() as session:
            if not work.holds(session, lease):
                return "lost"
            next_at = stage.apply(session, kit, task, result)
            if not work.settle(session, lease, next_at=next_at):
                raise _Lost  # leased anew while we applied: the newer job does it, ours leaves no trace
        outcome, error = "done", ""
    except _Lost:
        outcome, error = "lost", ""
    except Exception as failure:  # the one place that catches everything: a stage must not take its worker down
        try:
            outcome, error = _failed(kit, stage, lease, task, failure)
        except Exception as second:  # the database is gone too: the lease runs out and the row is due again
            outcome, error = "later", f"{failure}; and this could not be written down: {second}"
    log.info("task", stage=stage.name, row=row, generation=generation, outcome=outcome, ms=round((time.perf_counter() - begun) * 1000), error=error or None)
    return outcome


def _may_pass(failure: integrations.Refused) -> bool:
    """Whether all they object to is that they could not fetch our pictures: our web role may just have been away."""
    return bool(failure.issues) and all(problem.reason == "unreachable" for problem in failure.issues)


def _refusals(last_error: str | None) -> int:
    """How often in a row the credentials were refused, as the last failure of a row wrote it down."""
    counted = re.match(re.escape(NOT_AUTHORISED).replace(re.escape("{n}"), r"(\d+)"), last_error or "")
    return int(counted[1]) if counted else 0


class _Lost(Exception):
    """The lease was lost between looking and settling."""


def _failed(kit: Kit, stage: Stage, lease: Lease, task: Any, failure: Exception) -> tuple[str, str]:
    """Map an error to what is done next; anything that is not expected is a bug and is logged as one."""
    words, delay, outcome = f"{type(failure).__name__}: {failure}", None, "later"
    with kit.db.writing() as session:
        if not work.holds(session, lease):
            return "lost", words
        if isinstance(failure, integrations.IntegrationError) and failure.hosted and stage.hosted is not None and task is not None:
            stage.hosted(session, task, failure.hosted)
        match failure:
            case integrations.Refused() if _may_pass(failure) and work.failures(session, lease) < PASSING_TRIES:
                words = str(failure)
            case integrations.Refused() if stage.refused is not None and task is not None:
                stage.refused(session, kit, task, failure)
                work.settle(session, lease)
                return "refused", str(failure)
            case integrations.OutcomeUnknown() if stage.unknown is not None and task is not None:
                stage.unknown(session, kit, task, failure)
                delay, words = 2.0, str(failure)
            case integrations.Throttled():  # no failure: its turn has not come
                work.wait_on(session, lease, now=kit.now(), why=str(failure), delay=failure.delay)
                return "throttled", str(failure)
            case integrations.TryLater():
                delay, words = failure.delay, str(failure)
            case integrations.NotAuthorised():
                n = _refusals(work.last_error(session, lease)) + 1
                words, delay = f"{NOT_AUTHORISED.format(n=n)}{failure}", 5.0
                if n >= REFUSALS_BEFORE_PAUSE:
                    pause(session, kit, task, str(failure))
                    delay = 300.0
            case integrations.IntegrationError() | StoreError() | sa.exc.OperationalError():  # a store or database that does not answer now
                words = str(failure)
            case _:
                outcome = "bug"
                log.error("task failed", stage=stage.name, row=lease.row, exc_info=failure)
        attempts = work.postpone(session, lease, now=kit.now(), error=words, delay=delay)
        if attempts is not None and attempts == work.ATTEMPTS_BEFORE_A_PERSON and stage.give_up is not None:
            stage.give_up(session, kit, lease.row, words)
    return outcome, words


def pause(session: Session, kit: Kit, task: Any, why: str) -> None:
    """Pause the account of a task whose credentials were refused: one alarm, not one per task."""
    from app.controls import pause_account

    if (account_id := getattr(task, "account_id", None)) is not None:
        pause_account(session, kit, account_id, why)


def settle_all(kit: Kit, stages: dict[str, Stage], *, rounds: int = 200) -> int:
    """Run every due row of every stage in this process until nothing is due; for tests, demos and `scheduler --once`. Returns the tasks run."""
    from app.dispatch import lease, mark

    done = 0
    for _ in range(rounds):
        mark(kit)
        before = done
        for stage in stages.values():
            with kit.db.writing() as session:
                leases = lease(session, stage, kit.now(), limit=stage.in_flight)
            for row, generation in leases:
                run(kit, stage, row, generation)
                done += 1
        if done == before:
            break
    return done
