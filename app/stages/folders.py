"""intake, the watched folders: a file is taken once its size and time have stayed the same between two looks.

What watched folders and watched buckets have in common is here too: which names are photographs, what was taken before, one file
taken into its batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import sqlalchemy as sa

import integrations
from app.kit import Kit
from app.models import Arrival
from app.stages.intake import open_batch, receive_file

Seen = dict[Path, tuple[int, int]]
MOST_BYTES = 512 * 1024 * 1024


def scan_folder(kit: Kit, folder: Path, seen: Seen) -> int:
    """Take the finished new files of a folder and its subfolders; returns how many.

    `seen` is the caller's memory of the last look (path -> size, modification time in ns). A file that changed since, or was not
    there, is left for the next look; so is one that disappears meanwhile. Files are left where they are: the same file (name, size,
    time) is one arrival for ever.
    """
    now: Seen = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if is_wanted(path.relative_to(folder).as_posix()) and not path.is_symlink():
            try:
                stat = path.stat()
            except OSError:
                continue
            now[path] = (stat.st_size, stat.st_mtime_ns)
    steady = {path: mark for path, mark in now.items() if seen.get(path) == mark}
    known = taken_before(kit, "folder", [_key(folder, path, mark) for path, mark in steady.items()])
    taken = 0
    for path, mark in steady.items():
        if _key(folder, path, mark) not in known:
            taken += _take(kit, folder, path, mark)
    seen.clear()
    seen.update(now)
    return taken


def _take(kit: Kit, folder: Path, path: Path, mark: tuple[int, int]) -> int:
    if mark[0] > MOST_BYTES:
        return 0
    try:
        data = path.read_bytes()
        after = path.stat()
    except OSError:
        return 0
    if (after.st_size, after.st_mtime_ns) != mark or len(data) != mark[0]:
        return 0  # it is still being written
    take(kit, "folder", folder.name, _name(folder, path), data, _key(folder, path, mark))
    return 1


def _key(folder: Path, path: Path, mark: tuple[int, int]) -> str:
    return f"{folder.name}/{_name(folder, path)}:{mark[0]}:{mark[1]}"[-512:]


def _name(folder: Path, path: Path) -> str:
    """The path within the folder as text that every database takes: what is no UTF-8 is shown as such."""
    return path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# --- shared with the watched buckets ----------------------------------------------------------------------------------------


def is_wanted(name: str) -> bool:
    """Whether a name, relative to the watched place, is a photograph's: by its suffix, and nothing in it hidden."""
    path = PurePosixPath(name)
    return path.suffix.lower() in integrations.sources.PHOTO_SUFFIXES and not any(part.startswith((".", "~")) for part in path.parts)


def taken_before(kit: Kit, source: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that are arrivals of this source already."""
    found: set[str] = set()
    every = list(keys)
    with kit.db.reading() as session:
        for start in range(0, len(every), 500):
            found |= set(session.scalars(sa.select(Arrival.key).where(Arrival.source == source, Arrival.key.in_(every[start : start + 500]))))
    return found


def take(kit: Kit, source: str, root: str, name: str, data: bytes, key: str) -> None:
    """Keep the bytes, then say so: an arrival in the batch of its folder and day. The same key again changes nothing."""
    digest = kit.originals.put(data)
    with kit.db.writing() as session:
        batch = open_batch(session, source, f"{root}/{PurePosixPath(name).parent.as_posix()} {kit.now():%Y-%m-%d}", kit.now())
        receive_file(session, kit, batch=batch, name=name, sha256=digest, source=source, key=key)
