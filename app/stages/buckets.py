"""intake, the watched buckets: what a listing shows and no arrival knows is taken. Objects appear whole, so one look is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from app.kit import Kit
from app.stages import folders
from app.stages.folders import complain, is_wanted, short_key, take, taken_before
from app.store import open_bucket

Found = tuple[str, str, int]  # name below the prefix, e_tag, bytes


def scan_bucket(kit: Kit, url: str, seen: set[str] | None = None) -> int:
    """Take the new photographs under `s3://bucket/prefix`; returns how many. Objects are left where they are.

    An object is known by bucket, key and e_tag: overwritten, it is a new arrival; the same again never. `seen` is the caller's memory of
    what was dealt with, so that the rows need not be asked again. One object that cannot be read keeps no other from being taken.
    Raises StoreError, at the end, naming what could not be listed, read or is over 512 MB.
    """
    seen = set() if seen is None else seen
    bucket = open_bucket(url, kit.settings.s3_endpoint)
    parts = urlsplit(url)
    place = f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/")
    taken, listed, problems = 0, set[str](), list[str]()
    try:
        for page in _pages(bucket):
            keys = {_key(place, name, e_tag): (name, e_tag, size) for name, e_tag, size in page}
            listed |= set(keys)
            seen |= taken_before(kit, "bucket", keys.keys() - seen)
            for key, found in keys.items():
                if key not in seen and (data := _read(bucket, found, problems)) is not None:
                    take(kit, "bucket", place, found[0], data, key)
                    seen.add(key)
                    taken += 1
        seen &= listed  # what is gone from the bucket needs no remembering
    except BaseError as error:
        problems.append(f"cannot be listed: {_brief(error)}")
    complain(url, problems)
    return taken


def _pages(bucket: ObjectStore) -> Iterator[list[Found]]:
    """The photographs by the listing's own pages."""
    for page in obstore.list(bucket, chunk_size=500):
        yield [(str(m["path"]), m["e_tag"] or m["last_modified"].isoformat(), m["size"]) for m in page if is_wanted(str(m["path"]))]


def _read(bucket: ObjectStore, found: Found, problems: list[str]) -> bytes | None:
    """The bytes that were listed. None, with the problem noted, where they cannot be had; None where the object changed since: the next look sees it."""
    name, e_tag, size = found
    if size > folders.MOST_BYTES:
        problems.append(f"{name}: {folders.too_large(size)}")
        return None
    try:
        answer = obstore.get(bucket, name)
        if answer.meta["size"] != size or answer.meta["e_tag"] not in (e_tag, None):
            return None
        return bytes(answer.bytes())
    except FileNotFoundError:
        return None  # taken away since it was listed
    except (BaseError, OSError) as error:
        problems.append(f"{name}: cannot be read: {_brief(error)}")
        return None


def _brief(error: Exception) -> str:
    """The library's first line, the same for the same failure: without how long it took and the server's XML."""
    return re.sub(r" in [\d.]+\w*s\b|: <\?xml.*", "", str(error).partition("\n")[0])[:300]


def _key(place: str, name: str, e_tag: str) -> str:
    return short_key(f"{place}/{name}:{e_tag}")
