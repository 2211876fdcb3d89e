"""`python -m tests.prove --minutes N`: run as many seeds of each proof as the time allows, print the table, fail on a broken invariant.

`--only month --seeds 100 --jobs 2` runs a hundred of one proof, two side by side."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.prove.seeds import PROOFS, Outcome, attempts, quiet


@dataclass
class Line:
    """What became of one proof."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def failed(self) -> list[Outcome]:
        """The seeds that broke something."""
        return [one for one in self.outcomes if one.failure]

    @property
    def passed(self) -> int:
        """How many seeds held."""
        return len(self.outcomes) - len(self.failed)

    @property
    def seconds(self) -> float:
        """Of all seeds together."""
        return sum(one.seconds for one in self.outcomes)


def run(minutes: float, first_seed: int, only: str, *, at_least: int = 1, jobs: int = 1) -> list[Line]:
    """Every proof within its share of the minutes, which are shared among those that are chosen; `at_least` so many seeds each, unless one fails."""
    chosen = [one for one in PROOFS if only in one[0]]
    lines, whole = [], sum(share for _, share, _ in chosen)
    for name, share, proof in chosen:
        line, until = Line(name), time.monotonic() + 60 * minutes * share / whole

        def seeds(line: Line = line, until: float = until) -> Iterator[int]:
            for taken in count():
                if line.failed or (taken >= at_least and time.monotonic() + line.seconds / max(1, len(line.outcomes)) >= until):
                    return
                yield first_seed + taken

        for one in attempts(proof, seeds(), jobs):
            line.outcomes.append(one)
            print(f"{name}: seed {one.seed}: {one.said or 'FAILED'} ({one.seconds:.0f} s)", flush=True)
        lines.append(line)
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--seeds", type=int, default=1, help="at least so many of each proof, whatever the minutes")
    parser.add_argument("--jobs", type=int, default=1, help="so many seeds side by side")
    parser.add_argument("--only", default="", help="part of a proof's name")
    args = parser.parse_args()
    if not any(args.only in name for name, _, _ in PROOFS):
        parser.error(f"--only {args.only!r} is part of no proof's name; there are: {'; '.join(name for name, _, _ in PROOFS)}")
    quiet()
    lines = run(args.minutes, args.seed, args.only, at_least=args.seeds, jobs=args.jobs)
    print(f"\n{'proof':<28}{'seeds':>6}{'failed':>8}{'s':>7}  last seen")
    for line in lines:
        print(
            f"{line.name:<28}{line.passed:>6}{len(line.failed):>8}{line.seconds:>7.0f}  {next((one.said for one in reversed(line.outcomes) if one.said), '')}"
        )
    for line in lines:
        for one in line.failed:
            print(f"\n{line.name}, seed {one.seed}:\n{one.failure}", file=sys.stderr)
    failed = sum(len(line.failed) for line in lines)
    print(f"\n{sum(line.passed for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
