"""The proofs, and how their seeds are run: one after another, or side by side in processes of their own."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

import structlog

from tests.prove import faults, hostile, kills, learning, month, odd_one, planted, reload, same_bytes, simulation, throughput

Proof = Callable[[int], str]

# share of the time, and what is proven; the first seed of each always runs
PROOFS: tuple[tuple[str, float, Proof], ...] = (
    ("kill -9 at random moments", 0.22, kills.prove),
    ("marketplace faults", 0.1, faults.prove),
    ("a simulated month", 0.2, month.prove),
    ("hostile files", 0.08, hostile.prove),
    ("same bytes, any workers", 0.08, same_bytes.prove),
    ("the odd one of a batch", 0.04, odd_one.prove),
    ("planted faults", 0.12, planted.prove),
    ("rules simulated", 0.05, simulation.prove),
    ("rules reloaded under load", 0.05, reload.prove),
    ("a secret limit that changes", 0.04, learning.prove),
    ("10,000 pushes, throttled", 0.02, throughput.prove),  # one seed: about four minutes of two quiet cores
    ("labels without meaning", 0.02, learning.prove_nothing_is_learnt_from_nothing),
)


DIED = "a process died while this seed was running, and left no trace: one of those side by side was killed, or took more memory than there is\n"


@dataclass(frozen=True)
class Outcome:
    """What became of one seed of a proof: what it says, or the trace of what broke."""

    seed: int
    said: str
    failure: str
    seconds: float


def quiet() -> None:
    """No log of the house: a proof that listens to it says so."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def attempt(proof: Proof, seed: int) -> Outcome:
    """One seed of a proof; never raises."""
    begun, said, failure = time.monotonic(), "", ""
    try:
        said = proof(seed)
    except Exception:  # whatever broke is the finding
        failure = traceback.format_exc()
    return Outcome(seed, said, failure, time.monotonic() - begun)


def attempts(proof: Proof, seeds: Iterator[int], jobs: int) -> Iterator[Outcome]:
    """Seeds as they end, so many side by side, each job in a process of its own. A seed is taken only when there is room for it.

    Where one of the processes dies, every seed that was running has failed, and no further one is taken.
    """
    if jobs == 1:
        yield from (attempt(proof, seed) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=quiet) as pool:
        running, free = dict[Future[Outcome], tuple[int, float]](), jobs
        while True:
            running |= {_begun(pool, proof, seed): (seed, time.monotonic()) for seed in islice(seeds, free)}
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            free = 0 if any(isinstance(one.exception(), BrokenProcessPool) for one in ended) else len(ended)
            for one in ended:
                seed, begun = running.pop(one)
                yield Outcome(seed, "", DIED, time.monotonic() - begun) if isinstance(one.exception(), BrokenProcessPool) else one.result()


def _begun(pool: ProcessPoolExecutor, proof: Proof, seed: int) -> Future[Outcome]:
    try:
        return pool.submit(attempt, proof, seed)
    except BrokenProcessPool as died:  # since the last seed ended
        never: Future[Outcome] = Future()
        never.set_exception(died)
        return never
