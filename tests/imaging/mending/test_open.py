from __future__ import annotations

import numpy as np

from imaging.mending.open import open_enclosed
from tests.imaging.mending.scenes import busy, paper, region, seen

ITEM, GAP = region(np.s_[60:220, 100:280]), region(np.s_[120:150, 170:210])
LEVELS = np.where((ITEM & ~GAP)[..., None], busy(ITEM), paper())


def test_paper_that_shows_through_is_cut_out_and_told() -> None:
    p = np.where(GAP, np.float32(0.7), np.where(ITEM, np.float32(0.98), np.float32(0.01)))

    after, changes = open_enclosed(p, seen(LEVELS, p))

    assert (after[GAP] < 0.5).mean() > 0.9
    assert (after[ITEM & ~GAP] >= 0.5).mean() > 0.97
    assert "shows through in the middle" in changes[0].words


def test_where_the_net_is_sure_a_white_dial_on_white_paper_stays() -> None:
    p = np.where(ITEM, np.float32(0.98), np.float32(0.01))

    assert open_enclosed(p, seen(LEVELS, p))[0] is p
