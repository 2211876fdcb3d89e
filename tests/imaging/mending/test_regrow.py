from __future__ import annotations

import numpy as np

from imaging.mending.regrow import regrow
from tests.imaging.mending.scenes import busy, paper, region, seen

HEAD, STRAP = region(np.s_[100:190, 130:250]), region(np.s_[0:100, 160:220])
LEVELS = np.where((HEAD | STRAP)[..., None], busy(HEAD), paper())


def net(of_strap: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.where(HEAD, np.float32(0.97), np.where(STRAP, np.float32(of_strap), np.float32(0.01)))


def test_a_lost_strap_comes_back_and_is_told() -> None:
    p = net(0.4)

    after, changes = regrow(p, seen(LEVELS, p))

    assert (after[STRAP] >= 0.5).mean() > 0.97
    assert (after[~(STRAP | HEAD)] >= 0.5).mean() < 0.01
    assert changes[0].words == "lost part of the product regrown at the top"
    assert changes[0].box[1] == 0


def test_a_stand_that_the_net_is_sure_is_nothing_stays_out() -> None:
    p = net(0.2)

    assert regrow(p, seen(LEVELS, p))[0] is p


def test_what_might_be_a_shadow_needs_a_net_that_is_undecided() -> None:
    shadow = np.where(HEAD[..., None], busy(HEAD), np.where(STRAP[..., None], paper() * 0.62, paper()))
    p = net(0.33)

    assert regrow(p, seen(shadow, p))[0] is p


def test_on_a_cluttered_table_nothing_grows() -> None:
    clutter = np.random.default_rng(3).uniform(30, 220, (9, 12, 3)).repeat(32, 0).repeat(32, 1).astype(np.float32)
    p = net(0.4)

    assert regrow(p, seen(np.where((HEAD | STRAP)[..., None], busy(HEAD), clutter), p))[0] is p
