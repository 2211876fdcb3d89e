"""`python -m tests.prove --minutes N`: run as many seeds of each proof as the time allows, print the table, fail on a broken invariant."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

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


@dataclass
class Line:
    """What became of one proof."""

    name: str
    passed: int = 0
    seconds: float = 0.0
    last: str = ""
    failures: list[tuple[int, str]] = field(default_factory=list)


def run(minutes: float, first_seed: int, only: str) -> list[Line]:
    """Every proof within its share of the minutes, which are shared among those that are chosen; at least one seed each."""
    chosen = [one for one in PROOFS if only in one[0]]
    lines, whole = [], sum(share for _, share, _ in chosen)
    for name, share, proof in chosen:
        line, until, seed = Line(name), time.monotonic() + 60 * minutes * share / whole, first_seed
        while not line.failures and (line.passed == 0 or time.monotonic() + line.seconds / max(1, line.passed) < until):
            begun = time.monotonic()
            try:
                line.last = proof(seed)
                line.passed += 1
            except Exception:  # whatever broke is the finding
                line.failures.append((seed, traceback.format_exc()))
            line.seconds += time.monotonic() - begun
            print(f"{name}: seed {seed}: {line.last if not line.failures else 'FAILED'} ({time.monotonic() - begun:.0f} s)", flush=True)
            seed += 1
        lines.append(line)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a proof's name")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    lines = run(args.minutes, args.seed, args.only)
    print(f"\n{'proof':<28}{'seeds':>6}{'failed':>8}{'s':>7}  last seen")
    for line in lines:
        print(f"{line.name:<28}{line.passed:>6}{len(line.failures):>8}{line.seconds:>7.0f}  {line.last}")
    for line in lines:
        for seed, trace in line.failures:
            print(f"\n{line.name}, seed {seed}:\n{trace}", file=sys.stderr)
    failed = sum(len(line.failures) for line in lines)
    print(f"\n{sum(line.passed for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
