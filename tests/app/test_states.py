"""The tables of moves: complete, reachable, no dead end but the named final states."""

from __future__ import annotations

from enum import StrEnum

import pytest

from app.states import FINAL, FIRST, MOVES, IllegalMove, PlacementState, check_move

MACHINES = list(MOVES)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_every_state_has_a_line_and_can_be_reached(machine: type[StrEnum]) -> None:
    assert set(MOVES[machine]) == set(machine)
    reached, open_ends = set(), [FIRST[machine]]
    while open_ends:
        state = open_ends.pop()
        if state not in reached:
            reached.add(state)
            open_ends.extend(MOVES[machine][state])
    assert reached == set(machine)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_only_the_named_final_states_are_dead_ends(machine: type[StrEnum]) -> None:
    assert {state for state in machine if not MOVES[machine][state] - {state}} == set(FINAL.get(machine, ()))


def test_a_move_outside_the_table_names_what_is_possible() -> None:
    with pytest.raises(IllegalMove, match=r"vacant -> approved.*waiting"):
        check_move(PlacementState.VACANT, PlacementState.APPROVED)
