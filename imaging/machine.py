"""How a process that renders uses the machine: numpy on one thread. Imported before numpy wherever imaging comes first."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported; as many threads as processors in each of as many processes only wait
