from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.parts import Mask, fill_enclosed, find_parts


def flooded(mask: Mask, diagonal: bool) -> list[int]:
    """Areas of the parts, by walking: slow and plainly right."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)] + ([(-1, -1), (-1, 1), (1, -1), (1, 1)] if diagonal else [])
    areas = []
    while left:
        stack, area = [left.pop()], 0
        while stack:
            y, x = stack.pop()
            area += 1
            for dy, dx in steps:
                if (y + dy, x + dx) in left:
                    left.remove((y + dy, x + dx))
                    stack.append((y + dy, x + dx))
        areas.append(area)
    return sorted(areas, reverse=True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24), st.floats(0.1, 0.9), st.booleans())
@settings(max_examples=80, deadline=None)
def test_parts_are_those_that_walking_finds(seed: int, height: int, width: int, density: float, diagonal: bool) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < density

    parts = find_parts(mask, diagonal=diagonal)

    assert parts.areas.tolist() == flooded(mask, diagonal)
    assert ((parts.labels > 0) == mask).all()
    for number, (left, top, right, bottom) in enumerate(parts.boxes, start=1):
        rows, columns = np.nonzero(parts.labels == number)
        assert (left, top, right, bottom) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@given(st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24), st.booleans())
@settings(max_examples=80, deadline=None)
def test_parts_are_numbered_alike_in_a_larger_frame(seed: int, height: int, width: int, diagonal: bool) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.4
    larger = np.pad(mask, ((4, 3), (2, 5)))

    alone, within = find_parts(mask, diagonal=diagonal), find_parts(larger, diagonal=diagonal)

    assert (within.labels[4:-3, 2:-5] == alone.labels).all()
    assert (within.boxes - np.array([2, 4, 2, 4]) == alone.boxes).all()


def test_an_empty_mask_has_no_parts() -> None:
    parts = find_parts(np.zeros((5, 7), bool))

    assert len(parts) == 0
    assert parts.labels.shape == (5, 7)
    assert not parts.labels.any()


def test_what_a_ring_encloses_is_filled_and_a_bay_is_not() -> None:
    ring = np.zeros((20, 20), bool)
    ring[4:16, 4:16] = True
    ring[7:13, 7:13] = False
    bay = ring.copy()
    bay[9:11, 0:8] = False

    assert fill_enclosed(ring).sum() == 144
    assert (fill_enclosed(bay) == bay).all()
