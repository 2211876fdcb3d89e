"""A small share of `tests.prove.planted`: each kind of fault a few times, and some clean pictures."""

from __future__ import annotations

import numpy as np
import pytest

from tests import planted


@pytest.mark.parametrize("kind", planted.FAULTS)
def test_a_planted_fault_is_found_where_it_is(kind: str) -> None:
    chance = np.random.default_rng(7)
    make, facts = planted.FAULTS[kind]

    found = [planted.told(make(chance), facts) for _ in range(3)]

    assert sum(found) >= 2, f"{kind}: found in {sum(found)} of 3"


def test_clean_pictures_raise_no_alarm() -> None:
    chance = np.random.default_rng(7)

    alarms = [planted.broken(planted.clean(chance)) for _ in range(12)]

    assert sum(bool(found) for found in alarms) <= 1, alarms
