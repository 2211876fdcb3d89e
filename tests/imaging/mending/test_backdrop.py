from __future__ import annotations

import numpy as np
import pytest

from imaging.mending.backdrop import Backdrop, fit_backdrop
from imaging.mending.look import log_colour
from imaging.mending.shared import backdrop_of_empty_frame, shared_backdrop
from tests.imaging.mending.scenes import SIZE, busy, paper, picture, region


def off(backdrop: Backdrop, seed: int = 9) -> float:
    """Mean miss over the whole frame, in nepers, against paper with other grain."""
    return float(np.abs(backdrop.surface(SIZE) - log_colour(picture(paper(seed=seed)))).mean())


def test_the_surface_goes_on_under_the_item() -> None:
    item = region(np.s_[80:200, 120:260])
    levels = np.where(item[..., None], busy(item), paper())

    backdrop = fit_backdrop(log_colour(picture(levels)), ~region(np.s_[70:210, 110:270]))

    assert backdrop is not None
    assert backdrop.miss < 0.01
    assert off(backdrop) < 0.006


def test_a_forgotten_strap_does_not_bend_it() -> None:
    strap = region(np.s_[0:60, 170:210])
    levels = np.where(strap[..., None], busy(strap, (30, 30, 32)), paper())

    backdrop = fit_backdrop(log_colour(picture(levels)), ~region(np.s_[80:200, 120:260]))

    assert backdrop is not None
    assert off(backdrop) < 0.01


def test_a_cluttered_table_is_known_for_what_it_is() -> None:
    blocks = np.random.default_rng(3).uniform(30, 220, (9, 12, 3)).repeat(32, 0).repeat(32, 1)

    backdrop = fit_backdrop(log_colour(picture(blocks.astype(np.float32))), ~region(np.s_[80:200, 120:260]))

    assert backdrop is not None
    assert backdrop.miss > 0.2


def test_too_little_of_it_is_nothing() -> None:
    assert fit_backdrop(log_colour(picture(paper())), region(np.s_[0:40, 0:40])) is None


def test_an_empty_frame_knows_what_a_surface_cannot() -> None:
    spill = paper()
    spill[200:, 250:] *= 0.9

    backdrop = backdrop_of_empty_frame(np.asarray(picture(spill)))

    assert backdrop is not None
    assert np.abs(backdrop.surface(SIZE) - log_colour(picture(spill)))[230:, 280:].mean() < 0.02


def test_photos_of_one_shoot_add_up_and_exposure_is_allowed_for() -> None:
    shots = []
    for number, gain in enumerate((1.0, 0.93, 1.06, 0.97)):
        item = region(np.s_[60:230, 40 + 60 * number : 180 + 60 * number])
        shots.append((np.asarray(picture(np.where(item[..., None], busy(item), paper(seed=number, gain=gain)))), item.astype(np.float32)))

    together = shared_backdrop(shots)

    assert together is not None
    assert together.photos == 4
    lit = together.lit_like(log_colour(picture(paper(seed=7))), np.ones(SIZE[::-1], np.bool_))
    assert lit is not None
    assert off(lit) < 0.006


def test_another_paper_does_not_agree() -> None:
    empty = backdrop_of_empty_frame(np.asarray(picture(paper())))
    assert empty is not None
    shadowed = paper(seed=5)
    shadowed[:, :192] *= np.linspace(0.7, 1, 192)[None, :, None]

    assert empty.lit_like(log_colour(picture(shadowed)), np.ones(SIZE[::-1], np.bool_)) is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_photos_share_nothing(count: int) -> None:
    assert shared_backdrop([(np.asarray(picture(paper())), np.zeros(SIZE[::-1], np.float32))] * count) is None
