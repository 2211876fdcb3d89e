"""The net's own doubt about a region, as log-odds that can be weighed against what the backdrop says."""

from __future__ import annotations

import math

from imaging.filters import Floats
from imaging.parts import Mask

_CERTAIN = 1e-4  # a mean nearer to 0 or 1 says nothing more


def log_odds(p: Floats, region: Mask) -> float:
    """Log-odds of the net's mean probability over the region: 0 undecided, beyond +-4 all but sure."""
    mean = min(max(float(p[region].mean()), _CERTAIN), 1 - _CERTAIN)
    return math.log(mean / (1 - mean))
