"""The steps in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.filters import Floats, resize
from imaging.mending.backdrop import Backdrop
from imaging.mending.dust import drop_dust
from imaging.mending.keep import keep_enclosed
from imaging.mending.look import Look, look_at, shrunk_map, shrunk_pixels
from imaging.mending.open import open_enclosed
from imaging.mending.regrow import regrow
from imaging.mending.shade import leave_out_shade
from imaging.mending.switches import Change, Switches

Step = Callable[[Floats, Look], tuple[Floats, tuple[Change, ...]]]

# regrow before keep: a strap that comes back may enclose what was open; shade last, so that nothing it took returns
STEPS: tuple[tuple[str, Step], ...] = (("regrow", regrow), ("keep", keep_enclosed), ("open", open_enclosed), ("shade", leave_out_shade))


@dataclass(frozen=True)
class Mended:
    """The net's map after mending."""

    p: Floats  # 0..1, the size of the map that came in
    changes: tuple[Change, ...]
    look: Look | None  # the evidence; None where no backdrop could be judged by


def mend(rgb: NDArray[np.uint8], p: Floats, switches: Switches | None = None, *, shared: Backdrop | None = None) -> Mended:
    """`p` (0..1, any grid that spans the photo) mended by asking the backdrop of `rgb` HxWx3.

    `shared` is the backdrop of the photo's shoot, if one is known. Where nothing is to be mended `p` comes back as it was.
    """
    on = switches or Switches()
    small = shrunk_pixels(rgb)
    before = shrunk_map(p, small.size)
    look = look_at(small, before, shared)
    after = before
    changes: tuple[Change, ...] = ()
    if look is not None:
        for name, step in STEPS:
            if getattr(on, name):
                after, told = step(after, look)
                changes += told
    if on.dust:
        after = drop_dust(after)
    return Mended(_carried(p, before, after), changes, look)


def _carried(p: Floats, before: Floats, after: Floats) -> Floats:
    """`p` where nothing was changed, what it was changed to elsewhere."""
    changed = np.abs(after - before) > 1e-3
    if not changed.any():
        return p
    size = (p.shape[1], p.shape[0])
    share = np.clip(resize(changed.astype(np.float32), size, Image.Resampling.BILINEAR), 0, 1)
    return np.asarray(p * (1 - share) + np.clip(resize(after, size, Image.Resampling.BILINEAR), 0, 1) * share, dtype=np.float32)
