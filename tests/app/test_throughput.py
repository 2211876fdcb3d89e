"""The simulated clock that workers share, and what is measured with it."""

from __future__ import annotations

import pytest

from app.throughput import Simulated, feed, patches


def test_workers_take_turns_in_the_order_in_which_they_wake() -> None:
    passed: list[float] = []
    seen: list[tuple[float, str]] = []
    clock = Simulated(100.0, passed.append)

    def worker(name: str, every: float) -> None:
        for _ in range(3):
            clock.sleep(every)
            seen.append((clock.now(), name))

    clock.run([lambda: worker("slow", 10), lambda: worker("quick", 4)])

    assert seen == [(104, "quick"), (108, "quick"), (110, "slow"), (112, "quick"), (120, "slow"), (130, "slow")]
    assert sum(passed) == 30


def test_a_worker_that_fails_is_told_and_holds_up_nobody() -> None:
    clock = Simulated(0.0, lambda _: None)

    def broken() -> None:
        clock.sleep(1)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        clock.run([broken, lambda: clock.sleep(5)])
    assert clock.now() == 5


def test_an_account_slower_than_documented_is_learnt_and_every_change_arrives() -> None:
    told = patches(40, share=0.6, seed=3)

    assert len(told.accepted) == 40
    assert told.refused
    assert told.seconds > 40 / 5


def test_a_feeds_time_is_its_processing_and_not_its_length() -> None:
    told = feed(60)

    assert len(told.accepted) == 60
    assert 60 < told.seconds < 110
