from __future__ import annotations

import numpy as np
import pytest

from imaging.mending.keep import keep_enclosed
from tests.imaging.mending.scenes import busy, paper, region, seen

ITEM, HOLE = region(np.s_[60:220, 100:280]), region(np.s_[110:170, 160:220])


def net(sure_of_hole: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.where(ITEM & ~HOLE, np.float32(0.98), np.where(HOLE, np.float32(sure_of_hole), np.float32(0.01)))


def test_a_hollow_dial_is_filled_and_told() -> None:
    levels = np.where(ITEM[..., None], busy(ITEM), paper())

    p, changes = keep_enclosed(net(0.1), seen(levels, net(0.1)))

    assert (p[ITEM] >= 0.5).all()
    assert "filled a hole" in changes[0].words
    assert changes[0].box == pytest.approx((160 / 384, 110 / 288, 220 / 384, 170 / 288), abs=0.01)


@pytest.mark.parametrize("shade", [1.0, 0.7])
def test_a_ring_s_hole_stays_open_lit_or_in_shadow(shade: float) -> None:
    levels = np.where((ITEM & ~HOLE)[..., None], busy(ITEM), np.where(HOLE[..., None], paper() * shade, paper()))
    p = net(0.1)

    after, changes = keep_enclosed(p, seen(levels, p))

    assert after is p
    assert changes == ()


def test_a_hole_of_which_the_net_is_certain_is_never_filled() -> None:
    levels = np.where(ITEM[..., None], busy(ITEM), paper())
    p = net(0.00005)

    assert keep_enclosed(p, seen(levels, p))[0] is p
