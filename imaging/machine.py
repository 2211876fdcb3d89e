"""How a process that renders uses the machine: one thread, and memory that it keeps. Imported before numpy wherever imaging comes first.

A photo's arrays are 12 to 36 MB. The C library asks the system for each of them anew and gives each back, so every photo is written into some
20,000 pages that the system must first clear: a tenth of its time, and more where two processes share the memory's bandwidth.
"""

from __future__ import annotations

import ctypes
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported; as many threads as processors in each of as many processes only wait

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # <malloc.h>
_LARGEST = 256 << 20  # bytes of one array that are still taken from what was kept,
_LARGEST_OF_OLD = 32 << 20  # ... the most that glibc allowed before 2.35
_KEPT = 512 << 20  # bytes at the end of the heap; what a 100-megapixel photo took beyond that is given back


def keep_memory() -> None:
    """From now on this process uses freed memory again, instead of giving it back and asking for more. Nothing where the C library is not glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_ARENA_MAX, 1)  # what one thread freed, the next one takes
    if not mallopt(_MMAP_THRESHOLD, _LARGEST):
        mallopt(_MMAP_THRESHOLD, _LARGEST_OF_OLD)
    mallopt(_TRIM_THRESHOLD, _KEPT)
