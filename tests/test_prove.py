"""How the long proofs are run; what each of them proves is tested by running it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest

from tests.prove.__main__ import main
from tests.prove.seeds import PROOFS, attempts


def dies_at_two(seed: int) -> str:
    if seed == 2:
        os._exit(9)
    return f"held for {seed}"


def fails_at_two(seed: int) -> str:
    assert seed != 2, "two is odd"
    return f"held for {seed}"


def test_a_choice_of_no_proof_is_refused_with_the_names_there_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["prove", "--minutes", "0", "--only", "a simulated mouth"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "a simulated mouth" in said
    assert [name for name, _, _ in PROOFS if name not in said] == []


def test_a_seed_that_fails_is_told_with_its_trace() -> None:
    outcomes = list(attempts(fails_at_two, iter([1, 2, 3]), 1))

    assert [(one.seed, one.said) for one in outcomes] == [(1, "held for 1"), (2, ""), (3, "held for 3")]
    assert "two is odd" in outcomes[1].failure


def test_a_process_that_dies_fails_the_seeds_that_were_running_and_the_others_are_told() -> None:
    taken: list[int] = []

    def seeds() -> Iterator[int]:
        for seed in count(1):  # it ends because nothing more is taken
            taken.append(seed)
            yield seed

    outcomes = {one.seed: one for one in attempts(dies_at_two, seeds(), 2)}

    assert sorted(outcomes) == taken
    assert "a process died" in outcomes[2].failure
    assert all(one.said or "a process died" in one.failure for one in outcomes.values())
