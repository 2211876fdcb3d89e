"""A worker process for tests of the job engine: every job writes a line when it begins and one when it ends; `slow` jobs take their time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from app import jobs


def main() -> None:
    url, name, log = sys.argv[1], sys.argv[2], Path(sys.argv[3])

    def say(words: str) -> None:
        with log.open("a") as out:
            out.write(f"{words} {name}\n")

    def handle(stage: str, rows: jobs.Rows) -> None:
        row, generation = rows[0]
        say(f"begin {row}:{generation}")
        if row.startswith("slow") and not (log.parent / "go").exists():
            while not (log.parent / "go").exists():
                time.sleep(0.05)
        say(" ".join(["end", *(f"{each}:{number}" for each, number in rows)]))

    jobs.work(url, name, {"render": 1}, handle, ["render"])
    say("ready")
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
