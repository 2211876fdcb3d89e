"""intake, the watched folders: a file is taken once its size and time have stayed the same between two looks.

What watched folders and watched buckets have in common is here too: which names are photographs, what was taken before, one file
taken into its batch.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import sqlalchemy as sa

import integrations
from app.kit import Kit
from app.models import Arrival
from app.stages.intake import open_batch, receive_file
from app.store import StoreError

Mark = tuple[int, int]  # size, modification time in ns
Seen = dict[Path, tuple[Mark, bool]]  # and whether it is known to be taken
MOST_BYTES = 512 * 1024 * 1024
KEY_CHARACTERS = 512  # as many as an arrival's key has


def scan_folder(kit: Kit, folder: Path, seen: Seen) -> int:
    """Take the finished new files of a folder and its subfolders; returns how many.

    `seen` is the caller's memory of the last look. A file that changed since, or was not there, is left for the next look; so is one
    that disappears meanwhile. Files are left where they are: the same file (path, size, time) is one arrival for ever, and the database
    is asked about it once. One file that cannot be read keeps no other from being taken.
    Raises StoreError, at the end, naming what is not there, cannot be read or is over 512 MB.
    """
    now: dict[Path, Mark] = {}
    problems = list[str]()
    for path in _photographs(folder, problems):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{_name(folder, path)}: cannot be read: {error.strerror}")
            continue
        now[path] = (stat.st_size, stat.st_mtime_ns)
    steady = {path: mark for path, mark in now.items() if seen.get(path) == (mark, False)}
    known = taken_before(kit, "folder", [key for path, mark in steady.items() for key in (_key(folder, path, mark), _former_key(folder, path, mark))])
    before = {path for path, mark in steady.items() if known & {_key(folder, path, mark), _former_key(folder, path, mark)}}
    taken = {path for path, mark in steady.items() if path not in before and _take(kit, folder, path, mark, problems)}
    done = before | taken | {path for path, mark in now.items() if seen.get(path) == (mark, True)}
    seen.clear()
    seen.update({path: (mark, path in done) for path, mark in now.items()})
    complain(str(folder), problems)
    return len(taken)


def _photographs(folder: Path, problems: list[str]) -> list[Path]:
    """Every file that may be a photograph, in order; a folder that cannot be listed is a problem, and the rest are still found."""

    def unlisted(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError) or Path(error.filename) == folder:
            within = _name(folder, Path(error.filename))
            problems.append(f"{'' if within == '.' else f'{within}: '}cannot be listed: {error.strerror}")

    found = list[Path]()
    for top, folders, names in os.walk(folder, onerror=unlisted):
        folders[:] = [name for name in folders if not name.startswith((".", "~")) and name != "lost+found"]
        paths = (Path(top, name) for name in names)
        found += [path for path in paths if is_wanted(path.relative_to(folder).as_posix()) and not _leads_away(path)]
    return sorted(found)


def _leads_away(path: Path) -> bool:
    """Whether it is a link. What cannot even be asked about is not: reading it says why."""
    try:
        return path.is_symlink()
    except OSError:
        return False


def _take(kit: Kit, folder: Path, path: Path, mark: Mark, problems: list[str]) -> bool:
    if mark[0] > MOST_BYTES:
        problems.append(f"{_name(folder, path)}: {too_large(mark[0])}")
        return False
    try:
        data = path.read_bytes()
        after = path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        problems.append(f"{_name(folder, path)}: cannot be read: {error.strerror}")
        return False
    if (after.st_size, after.st_mtime_ns) != mark or len(data) != mark[0]:
        return False  # it is still being written
    take(kit, "folder", folder.name, _name(folder, path), data, _key(folder, path, mark))
    return True


def _key(folder: Path, path: Path, mark: Mark) -> str:
    return short_key(f"{_name(Path('/'), folder.absolute())}/{_name(folder, path)}:{mark[0]}:{mark[1]}")


def _former_key(folder: Path, path: Path, mark: Mark) -> str:
    """The key that arrivals had while a folder was known by its last name alone: what was taken under it is not taken again."""
    return f"{folder.name}/{_name(folder, path)}:{mark[0]}:{mark[1]}"[-KEY_CHARACTERS:]


def _name(folder: Path, path: Path) -> str:
    """The path within the folder as text that every database takes: what is no UTF-8 is shown as such."""
    return path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


# --- shared with the watched buckets ----------------------------------------------------------------------------------------


def is_wanted(name: str) -> bool:
    """Whether a name, relative to the watched place, is a photograph's: by its suffix, and nothing in it hidden."""
    path = PurePosixPath(name)
    return path.suffix.lower() in integrations.sources.PHOTO_SUFFIXES and not any(part.startswith((".", "~")) for part in path.parts)


def short_key(text: str) -> str:
    """A key as an arrival has it: the text itself, or its hash where it is too long."""
    return text if len(text) <= KEY_CHARACTERS else hashlib.sha256(text.encode()).hexdigest()


def too_large(size: int) -> str:
    return f"{size / 1e6:,.0f} MB is over {MOST_BYTES / 1e6:,.0f} MB"


def complain(place: str, problems: list[str]) -> None:
    """Raise StoreError for the first problem of a watched place, counting the others; nothing where there is none."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise StoreError(f"{place}: {problems[0]}{more}")


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
