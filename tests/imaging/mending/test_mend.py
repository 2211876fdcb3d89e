from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from imaging.filters import resize
from imaging.mending import Switches, backdrop_of_empty_frame, mend
from imaging.mending.dust import drop_dust
from tests.imaging.mending.scenes import busy, paper, picture, region

HEAD, STRAP, HOLE = region(np.s_[100:220, 110:270]), region(np.s_[0:100, 160:220]), region(np.s_[130:190, 160:220])
PIXELS = np.asarray(picture(np.where((HEAD | STRAP)[..., None], busy(HEAD), paper())))
P = np.where(HOLE, np.float32(0.1), np.where(HEAD, np.float32(0.97), np.where(STRAP, np.float32(0.4), np.float32(0.01))))


def test_every_step_has_its_switch() -> None:
    nothing = Switches(**{field.name: False for field in fields(Switches)})

    assert mend(PIXELS, P, nothing).p is P
    assert (mend(PIXELS, P).p[HEAD | STRAP] >= 0.5).mean() > 0.97
    assert (mend(PIXELS, P, Switches(regrow=False)).p[STRAP] < 0.5).all()
    assert (mend(PIXELS, P, Switches(keep=False)).p[HOLE] < 0.5).mean() > 0.9


def test_what_was_done_is_told_step_by_step() -> None:
    assert [change.words for change in mend(PIXELS, P).changes] == [
        "lost part of the product regrown at the top",
        "filled a hole in the mask in the middle that showed no backdrop",
    ]


def test_an_item_that_hides_its_backdrop_is_judged_by_the_shoot_s() -> None:
    p = np.where(HEAD | STRAP, P, np.float32(0.2))

    assert mend(PIXELS, p).look is None
    assert mend(PIXELS, p, shared=backdrop_of_empty_frame(np.asarray(picture(paper())))).look is None  # nothing says how it was lit


@pytest.mark.parametrize("grid", [(288, 384), (384, 384), (96, 128)])
def test_the_map_keeps_its_grid(grid: tuple[int, int]) -> None:
    p = resize(P, grid[::-1], Image.Resampling.BILINEAR)

    assert mend(PIXELS, p).p.shape == grid


def test_dust_goes_and_the_largest_part_always_stays() -> None:
    speck, item = region(np.s_[5:8, 5:8]), region(np.s_[100:200, 100:200])
    both = (speck | item).astype(np.float32)

    assert drop_dust(both)[speck].max() == 0
    assert drop_dust(both)[item].min() == 1
    assert drop_dust(speck.astype(np.float32))[speck].min() == 1
