"""Previews for pages: small JPEGs of photos, cut-out masks and finished files, cached in the var folder.

An original is a stranger's file, so it is never decoded in a web process: one child process with a memory ceiling does it, and is
replaced when a file kills it.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from pathlib import Path

import imaging
from app.errors import Refusal
from app.kit import Kit
from app.store import StoreError

KINDS = ("photo", "file", "alpha")
SIZES = (160, 320, 640, 1280, 2000)  # a wish is answered by the next larger one, so that the cache has an end
MEMORY_BYTES = 2 * 1024**3  # address space of the child: Python and its libraries alone map several hundred MB
SECONDS = 30  # for one picture
WAIT_S = 60  # for the pictures before it, or for a child to start

_KEY = re.compile(r"^[0-9a-f]{64}$")
_turn = threading.Lock()  # one picture at a time: what is ended with the child is that picture alone
_lock = threading.Lock()
_pool: ProcessPoolExecutor | None = None


def preview(kit: Kit, kind: str, key: str, longest: int) -> bytes:
    """A JPEG of the picture under this SHA-256, its longest side at least `longest` px where the original has as many (2000 at most).

    Raises Refusal where there is no such picture or it cannot be shown.
    """
    if kind not in KINDS or not _KEY.fullmatch(key):
        raise Refusal("there is no such picture")
    size = next((s for s in SIZES if s >= longest), SIZES[-1])
    kept = _folder(kit) / key[:2] / f"{key}-{size}.jpg"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    try:
        data = kit.originals.get(key)
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise Refusal("there is no such picture") from error
        raise
    made = _in_a_child(data, size)
    _keep(kept, made)
    return made


def forget(kit: Kit, before: datetime) -> int:
    """Delete the previews of this machine that were made before a time; returns how many. They are made again on the next look."""
    gone = 0
    for path in _folder(kit).glob("*/*"):
        try:
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                gone += 1
        except FileNotFoundError:  # another process was first
            continue
    return gone


def _folder(kit: Kit) -> Path:
    return kit.settings.var / "previews"


def _in_a_child(data: bytes, size: int) -> bytes:
    if not _turn.acquire(timeout=WAIT_S):
        raise Refusal("many pictures are being shown at this moment: look again in a minute")
    try:
        return _made(data, size)
    finally:
        _turn.release()


def _made(data: bytes, size: int) -> bytes:
    global _pool
    with _lock:
        fresh = _pool is None
        if _pool is None:
            _pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_limit_memory, max_tasks_per_child=200)
        pool = _pool
    try:
        if fresh:
            pool.submit(os.getpid).result(timeout=WAIT_S)  # a child takes a while to start, and no picture is to blame for that
        return pool.submit(_shrink, data, size).result(timeout=SECONDS)
    except imaging.ImagingError as error:
        raise Refusal(str(error)) from error
    except MemoryError as error:
        raise Refusal("unreadable: it needs too much memory to be shown") from error
    except (BrokenProcessPool, TooSlow) as error:
        _give_up_on(pool)
        raise Refusal("unreadable: the decoder did not survive it") from error


def _give_up_on(pool: ProcessPoolExecutor) -> None:
    """The next preview gets a new child; the old one is ended even if it hangs."""
    global _pool
    with _lock:
        if _pool is pool:
            _pool = None
    children = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for child in children:
        child.kill()


def _shrink(data: bytes, size: int) -> bytes:
    """Runs in the child."""
    return imaging.to_review_jpeg(data, size)


def _limit_memory() -> None:
    """Runs in the child, once."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _keep(path: Path, data: bytes) -> None:
    """Whole or not at all; a full disk costs only the cache."""
    fresh = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(data)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
