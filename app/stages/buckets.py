"""intake, the watched buckets: what a listing shows and no arrival knows is taken. Objects appear whole, so one look is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from app.kit import Kit
from app.stages import folders
from app.stages.folders import complain, is_wanted, short_key, take, taken_before
from app.store import open_bucket

if TYPE_CHECKING:
    from obstore import ObjectMeta

Found = tuple[str, str, int]  # name below the prefix, e_tag, bytes


def scan_bucket(kit: Kit, url: str, seen: set[str] | None = None) -> int:
    """Take the new photographs under `s3://bucket/prefix`; returns how many. Objects are left where they are.

    An object is known by bucket, key and e_tag: overwritten, it is a new arrival; the same again never. `seen` is the caller's memory of
    what was dealt with, so that the rows need not be asked again. One object that cannot be read keeps no other from being taken.
    Raises StoreError, at the end, naming what could not be listed, read or is over 512 MB.
    """
    seen = set() if seen is None else seen
    bucket, place = open_bucket(url, kit.settings.s3_endpoint), _place(url)
    taken, listed, problems = 0, set[str](), list[str]()
    try:
        for page in _pages(bucket):
            listed |= {_key(place, name, e_tag) for name, e_tag, _ in page}
            taken += _take_new(kit, bucket, place, page, seen, problems)
        seen &= listed  # what is gone from the bucket needs no remembering
    except BaseError as error:
        problems.append(f"cannot be listed: {_brief(error)}")
    complain(url, problems)
    return taken


def take_named(kit: Kit, url: str, names: Sequence[str]) -> int:
    """Take those of the named objects under `s3://bucket/prefix` that are photographs and were not taken yet, as `scan_bucket` would; returns how many.

    Raises StoreError, at the end, naming what could not be read or is over 512 MB.
    """
    bucket, found, problems = open_bucket(url, kit.settings.s3_endpoint), list[Found](), list[str]()
    for name in dict.fromkeys(name for name in names if is_wanted(name)):
        try:
            found.append(_found(obstore.head(bucket, name)))
        except FileNotFoundError:
            continue  # taken away since it was told of
        except (BaseError, OSError) as error:
            problems.append(f"{name}: cannot be read: {_brief(error)}")
    taken = _take_new(kit, bucket, _place(url), found, set(), problems)
    complain(url, problems)
    return taken


def _take_new(kit: Kit, bucket: ObjectStore, place: str, found: Sequence[Found], seen: set[str], problems: list[str]) -> int:
    """Take what neither `seen` nor an arrival knows; `seen` learns what was dealt with, `problems` what could not be read."""
    taken, keys = 0, {_key(place, name, e_tag): (name, e_tag, size) for name, e_tag, size in found}
    seen |= taken_before(kit, "bucket", keys.keys() - seen)
    for key, one in keys.items():
        if key not in seen and (data := _read(bucket, one, problems)) is not None:
            take(kit, "bucket", place, one[0], data, key)
            seen.add(key)
            taken += 1
    return taken


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/")


def _pages(bucket: ObjectStore) -> Iterator[list[Found]]:
    """The photographs by the listing's own pages."""
    for page in obstore.list(bucket, chunk_size=500):
        yield [_found(meta) for meta in page if is_wanted(str(meta["path"]))]


def _found(meta: ObjectMeta) -> Found:
    return str(meta["path"]), meta["e_tag"] or meta["last_modified"].isoformat(), meta["size"]


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
