from __future__ import annotations

import numpy as np

from imaging.filters import soft_blur
from imaging.mending.shade import leave_out_shade, mirrors
from tests.imaging.mending.scenes import busy, paper, region, seen

ITEM, BELOW = region(np.s_[60:160, 120:260]), region(np.s_[160:240, 120:260])


def test_a_soft_shadow_is_left_out_where_the_net_is_undecided() -> None:
    dark = 1 - 0.3 * soft_blur(BELOW.astype(np.float32), 8)
    levels = np.where(ITEM[..., None], busy(ITEM), paper() * dark[..., None])
    p = np.where(ITEM, np.float32(0.98), np.where(BELOW, np.float32(0.58), np.float32(0.01)))

    after, changes = leave_out_shade(p, seen(levels, p))

    assert (after[BELOW] < 0.5).mean() > 0.6
    assert (after[ITEM] >= 0.5).mean() > 0.97
    assert any("shadow" in change.words for change in changes)


def test_a_reflection_is_left_out() -> None:
    stripes = paper().copy()
    stripes[ITEM] = (busy(ITEM) * (0.6 + 0.8 * (np.indices(ITEM.shape)[0] % 37 > 18))[..., None])[ITEM]
    mirrored = stripes.copy()
    mirrored[160:240, 120:260] = 0.35 * stripes[80:160, 120:260][::-1] + 0.65 * paper()[160:240, 120:260]
    p = np.where(ITEM, np.float32(0.98), np.where(BELOW, np.float32(0.7), np.float32(0.01)))
    look = seen(mirrored, p)

    after, changes = leave_out_shade(p, look)

    assert mirrors(BELOW, ITEM, look)
    assert (after[BELOW] < 0.5).mean() > 0.9
    assert any("reflection at the bottom" in change.words for change in changes)


def test_a_strap_below_the_watch_is_no_reflection() -> None:
    levels = np.where((ITEM | BELOW)[..., None], np.random.default_rng(2).uniform(20, 230, (*ITEM.shape, 1)), paper())
    p = np.where(ITEM, np.float32(0.98), np.where(BELOW, np.float32(0.7), np.float32(0.01)))

    assert leave_out_shade(p, seen(levels, p))[0] is p


def test_an_even_patch_below_the_watch_is_no_reflection_and_compared_with_nothing() -> None:
    levels = np.where(ITEM[..., None], busy(ITEM), paper())
    levels[BELOW] = 90
    p = np.where(ITEM, np.float32(0.98), np.where(BELOW, np.float32(0.7), np.float32(0.01)))
    look = seen(levels, p)
    look.light[BELOW] = -0.4  # even to the last bit, as a clipped patch is

    assert not mirrors(BELOW, ITEM, look)
