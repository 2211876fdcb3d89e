"""What happens after the net, at mending size: the backdrop is asked where the net was unsure.

The road: look at the photo -> regrow lost straps -> keep enclosed product -> open enclosed backdrop -> leave out shade -> drop dust. Every step is
a pure function of (probabilities, look) with its own switch, and says in words and with a box what it did; dust needs no look and is not told.
"""

from imaging.mending.backdrop import Backdrop
from imaging.mending.mend import Mended, mend
from imaging.mending.shared import backdrop_of_empty_frame, shared_backdrop
from imaging.mending.switches import Change, Switches

__all__ = ["Backdrop", "Change", "Mended", "Switches", "backdrop_of_empty_frame", "mend", "shared_backdrop"]
