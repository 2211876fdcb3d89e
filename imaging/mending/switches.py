"""Which steps after the net are on, and how a step says what it did."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.mending.shapes import Shares


@dataclass(frozen=True)
class Switches:
    """One switch a step; every step can be measured alone (`python -m imaging.training ablate`)."""

    closer: bool = True  # a small item is looked at again on a crop
    mirror: bool = True  # a doubtful one is looked at again mirrored
    keep: bool = True  # enclosed product that the net hollowed out is kept
    open: bool = True  # enclosed backdrop is cut out
    regrow: bool = True  # lost straps are regrown
    shade: bool = True  # shadows and reflections are left out
    dust: bool = True  # specks that belong to nothing are dropped
    edges: bool = True  # alpha is solved in the band at the outline; off: the net's own ramp, enlarged


@dataclass(frozen=True)
class Change:
    """What a step did, in words for an operator, and where."""

    words: str
    box: Shares
