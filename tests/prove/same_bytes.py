"""The same photographs rendered with different numbers of workers and in different order give the same bytes."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import imaging
from tests.shots import watch_photo

PHOTOS = 10


def prove(seed: int) -> str:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        shoot = Path(folder) / "shoot"
        shoot.mkdir()
        for n in range(PHOTOS):
            kind = chance.choice(("watch", "ring"))
            (shoot / f"{n}.jpg").write_bytes(watch_photo(seed=chance.randint(0, 10_000), size=(1400, 1050), item=kind))
        runs = [_run(shoot, Path(folder) / f"out{jobs}", jobs, chance) for jobs in (1, 2, 3)]
    assert runs[0] == runs[1] == runs[2], "the bytes depend on the workers or the order"
    return f"{len(runs[0])} pictures x 3 runs, identical"


def _run(shoot: Path, out: Path, jobs: int, chance: random.Random) -> dict[str, str]:
    paths = sorted(shoot.glob("*.jpg"))
    chance.shuffle(paths)
    found = {}
    for line in imaging.render_paths(paths, imaging.load_recipes()["amazon-main"], out, jobs=jobs):
        assert "error" not in line, line
        found[Path(line["file"]).name] = line["sha256"]
    return found
