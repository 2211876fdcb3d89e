"""How a stage runs: gather (short transaction) -> do (no transaction) -> apply (short transaction, compare-and-set). Errors are mapped here, once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

import integrations
from app import work
from app.kit import Kit
from app.store import StoreError
from app.work import Lease

NOT_AUTHORISED = "not authorised, {n} in a row since {since}: "
REFUSALS_BEFORE_PAUSE = 3  # each already with a fresh token: one or two may be tokens that died under way, seen under planted faults
SOON_TRIES = 3  # to learn what became of a write, before the gaps grow
PASSING_TRIES = 4  # of a refusal that may pass by itself, about six minutes, before a person is asked
log = structlog.get_logger("packshot.stage")


@dataclass(frozen=True)
class Stage:
    """One clock-driven stage. `gather` answers None if there is nothing to do any more; `do` is given no session.

    `apply(session, kit, task, result)` returns when the row is due again (None: when something wakes it). `mark` wakes the rows that
    are not as they should be. `refused` records a marketplace's No; `give_up` hands a row that keeps failing to a person;
    `hosted` keeps what a marketplace has stored of a write that then failed. `forbidden` records that they do not let us do this again and again,
    where that says nothing about publishing; without it the account is paused.

    `group` says which rows may go by one job: row -> (a name that they share, how many at most). `together` is given their tasks before each
    is done, and returns them richer by what was learnt for all at once; it raises TryLater or NotAuthorised for all of them.
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
    forbidden: Callable[[Session, Kit, Any, integrations.NotAuthorised], None] | None = None
    lease_s: float = 120.0
    in_flight: int = 24
    per_slot: int = 0  # so many in flight for every slot that living workers have for it, where that is more
    group: Callable[[Session, Sequence[str]], Mapping[str, tuple[Hashable, int]]] | None = None
    together: Callable[[Kit, list[Any]], list[Any]] | None = None
    gather_writes: bool = False  # gather commits a row before anything is done; else it is given a session that cannot write


@dataclass
class _Turn:
    """One row on its way through its stage; `outcome` is what became of it, once that is known."""

    lease: Lease
    task: Any = None
    outcome: str = ""
    error: str = ""


def run(kit: Kit, stage: Stage, row: str, generation: int) -> str:
    """Do one row's stage under its lease; never raises. Returns what became of it, in one word."""
    return run_many(kit, stage, [(row, generation)])[0]


def run_many(kit: Kit, stage: Stage, rows: Sequence[tuple[str, int]]) -> list[str]:
    """Do the stage of several rows, each under its own lease and in transactions of its own; never raises. Returns what became of each.

    What the stage can do `together` is done once for all of them; whatever else goes wrong with one of them is its own affair.
    """
    begun, turns = time.perf_counter(), [_Turn(Lease(stage.name, row, generation)) for row, generation in rows]
    for part in [[turn] for turn in turns] if stage.gather_writes else [turns]:  # what is written is each row's own transaction
        try:
            _gather(kit, stage, part)
        except Exception as failure:
            for turn in part:
                if not turn.outcome:
                    _fail(kit, stage, turn, failure)
    if stage.together is not None and len(tasks := [turn for turn in turns if not turn.outcome]) > 1:
        _together(kit, stage, tasks)
    for turn in turns:
        _step(kit, stage, turn, _finish)
        ms = round((time.perf_counter() - begun) * 1000)
        log.info("task", stage=stage.name, row=turn.lease.row, generation=turn.lease.generation, outcome=turn.outcome, ms=ms, error=turn.error or None)
    return [turn.outcome for turn in turns]


def _step(kit: Kit, stage: Stage, turn: _Turn, step: Callable[[Kit, Stage, _Turn], None]) -> None:
    """Take one step of a row that has no outcome yet; what goes wrong is mapped to one."""
    if turn.outcome:
        return
    try:
        step(kit, stage, turn)
    except _Lost:
        turn.outcome, turn.error = "lost", ""
    except Exception as failure:  # the one place that catches everything: a stage must not take its worker down
        _fail(kit, stage, turn, failure)


def _fail(kit: Kit, stage: Stage, turn: _Turn, failure: Exception) -> None:
    try:
        turn.outcome, turn.error = _failed(kit, stage, turn.lease, turn.task, failure)
    except Exception as second:  # the database is gone too: the lease runs out and the row is due again
        turn.outcome, turn.error = "later", f"{failure}; and this could not be written down: {second}"


def _gather(kit: Kit, stage: Stage, turns: Sequence[_Turn]) -> None:
    """Give each row its task, or its outcome where there is nothing to do. Of a stage that gives up on rows, that they are begun is written first."""
    if stage.give_up is not None:
        with kit.db.writing() as session:
            for turn in turns:
                work.begin(session, turn.lease, until=kit.now() + timedelta(seconds=stage.lease_s))
    failed: list[tuple[_Turn, Exception]] = []
    feared = set[str]()
    with kit.db.writing() if stage.gather_writes else kit.db.reading() as session:
        for turn in turns:
            try:
                if not work.holds(session, turn.lease):
                    turn.outcome = "lost"
                elif stage.give_up is not None and work.vanished(session, turn.lease):
                    feared.add(turn.lease.row)
                else:
                    turn.task = stage.gather(session, kit, turn.lease.row)
            except Exception as failure:
                if stage.gather_writes:
                    raise
                session.expunge_all()  # a rollback expires what the tasks so far hold, and nobody reads it again
                session.rollback()  # the other rows are read all the same
                failed.append((turn, failure))
    for turn, why in failed:
        _fail(kit, stage, turn, why)
    for turn in turns:
        if turn.task is None and not turn.outcome:
            _step(kit, stage, turn, _give_up if turn.lease.row in feared else _rest)


def _rest(kit: Kit, stage: Stage, turn: _Turn) -> None:
    with kit.db.writing() as session:
        work.settle(session, turn.lease)
    turn.outcome = "nothing"


def _give_up(kit: Kit, stage: Stage, turn: _Turn) -> None:
    with kit.db.writing() as session:
        if stage.give_up is not None and work.holds(session, turn.lease):
            stage.give_up(session, kit, turn.lease.row, work.VANISHED)
        work.settle(session, turn.lease)
    turn.outcome = "given up"


def _together(kit: Kit, stage: Stage, turns: Sequence[_Turn]) -> None:
    """Do for all rows what can be done at once. What cannot be had now is had for none of them; any other failure may be about one, so each goes alone."""
    assert stage.together is not None
    try:
        for turn, task in zip(turns, stage.together(kit, [turn.task for turn in turns]), strict=True):
            turn.task = task
    except (integrations.TryLater, integrations.NotAuthorised, StoreError, sa.exc.OperationalError) as failure:
        for turn in turns:
            _fail(kit, stage, turn, failure)
    except Exception as failure:
        ours = not isinstance(failure, integrations.IntegrationError)
        log.warning("rows go one by one", stage=stage.name, rows=len(turns), error=str(failure), exc_info=ours)


def _finish(kit: Kit, stage: Stage, turn: _Turn) -> None:
    result = stage.do(kit, turn.task)
    with kit.db.writing() as session:
        next_at = stage.apply(session, kit, turn.task, result)
        if not work.settle(session, turn.lease, next_at=next_at):
            raise _Lost  # leased anew while we applied: the newer job does it, ours leaves no trace
    turn.outcome = "done"


def _may_pass(failure: integrations.Refused) -> bool:
    """Whether all they object to is that they could not fetch our pictures: our web role may just have been away."""
    return bool(failure.issues) and all(problem.reason == "unreachable" for problem in failure.issues)


def _refusals(session: Session, lease: Lease, task: Any) -> tuple[int, str]:
    """How often in a row the credentials were refused and since when, as the last failure of a row wrote it down; none since the account went on."""
    from app.controls import went_on

    pattern = re.escape(NOT_AUTHORISED).replace(re.escape("{n}"), r"(\d+)").replace(re.escape("{since}"), r"(\S+)")
    counted = re.match(pattern, work.last_error(session, lease) or "")
    if counted is None:
        return 0, ""
    account_id = getattr(task, "account_id", None)
    went = went_on(session, account_id) if account_id is not None else None
    return (0, "") if went is not None and datetime.fromisoformat(counted[2]) < went else (int(counted[1]), counted[2])


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
                delay, words = 2.0 if work.failures(session, lease) < SOON_TRIES else None, str(failure)
            case integrations.Throttled():  # no failure: its turn has not come
                work.wait_on(session, lease, now=kit.now(), why=str(failure), delay=failure.delay)
                return "throttled", str(failure)
            case integrations.TryLater():
                delay, words = failure.delay, str(failure)
            case integrations.NotAuthorised():
                before, since = _refusals(session, lease, task)
                n, since = before + 1, since or kit.now().isoformat(timespec="seconds")
                words, delay = f"{NOT_AUTHORISED.format(n=n, since=since)}{failure}", 5.0
                if n >= REFUSALS_BEFORE_PAUSE and stage.forbidden is not None and task is not None:
                    stage.forbidden(session, kit, task, failure)
                    work.settle(session, lease)
                    return "refused", str(failure)
                if n >= REFUSALS_BEFORE_PAUSE:
                    pause(session, kit, task, str(failure))
                    delay = 300.0
            case integrations.IntegrationError() | StoreError() | sa.exc.OperationalError():  # a store or database that does not answer now
                words = str(failure)
            case _:
                outcome = "bug"
                log.error("task failed", stage=stage.name, row=lease.row, exc_info=failure)
        attempts = work.postpone(session, lease, now=kit.now(), error=words, delay=delay)
        ours_is_away = isinstance(failure, StoreError | sa.exc.OperationalError)  # says nothing about this row: it goes on when they are back
        if attempts is not None and attempts >= work.ATTEMPTS_BEFORE_A_PERSON and stage.give_up is not None and not ours_is_away:
            stage.give_up(session, kit, lease.row, words)
    return outcome, words


def pause(session: Session, kit: Kit, task: Any, why: str) -> None:
    """Pause the account of a task whose credentials were refused: one alarm, not one per task."""
    from app.controls import pause_account

    if (account_id := getattr(task, "account_id", None)) is not None:
        pause_account(session, kit, account_id, why)


def settle_all(kit: Kit, stages: dict[str, Stage], *, rounds: int = 200) -> int:
    """Run every due row of every stage in this process until nothing is due; for tests, demos and `scheduler --once`. Returns the tasks run."""
    from app.dispatch import batches, lease, mark

    done = 0
    for _ in range(rounds):
        mark(kit)
        before = done
        for stage in stages.values():
            with kit.db.writing() as session:
                found = batches(session, stage, lease(session, stage, kit.now(), limit=stage.in_flight))
            for rows in found:
                done += len(run_many(kit, stage, rows))
        if done == before:
            break
    return done
