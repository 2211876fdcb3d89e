"""That a process that renders computes on one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

import pytest


def told_by(program: str) -> list[int]:
    """The numbers that a fresh process prints."""
    outside = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}  # what this process has already said
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=True, env=outside)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_imaging_brings_no_threads_of_its_own() -> None:
    (threads,) = told_by("""
        import imaging, os
        import numpy as np
        np.ones((500, 500)) @ np.ones((500, 500))
        print(len(os.listdir("/proc/self/task")))
    """)

    assert threads == 1


def test_the_workers_that_it_starts_ask_for_large_pages_unless_somebody_chose_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os, imaging; print(os.environ['GLIBC_TUNABLES'])"
    for before, after in ((None, "glibc.malloc.hugetlb=1"), ("glibc.malloc.check=0", "glibc.malloc.check=0")):
        monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
        if before is not None:
            monkeypatch.setenv("GLIBC_TUNABLES", before)
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert said.stdout.strip() == after
