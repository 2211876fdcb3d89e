"""Processes are killed (SIGKILL) at random moments of the road; nothing is lost, nothing is published twice, by the practice marketplaces' own record."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.house import House, draw_shoot


def prove(seed: int) -> str:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="prove-") as folder:
        house, killed = House(Path(folder), draw_shoot(Path(folder) / "shoot")), Counter[str]()
        try:
            house.start()
            for _ in range(chance.randint(4, 10)):
                time.sleep(chance.uniform(0.1, 6.0))
                killed[house.kill_one(chance)] += 1
            house.wait_for(lambda: house.all_live(6), "six live listings after the kills", 300)
            counted = house.check_nothing_lost_and_nothing_twice()
        finally:
            house.stop()
    return f"killed {', '.join(f'{role} x{n}' for role, n in sorted(killed.items()))}; {counted}"
