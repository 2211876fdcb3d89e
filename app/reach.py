"""Whether marketplaces can fetch our pictures, as one process finds out: one whole GET of a picture in five minutes proves the address.

Between these each new file is asked for its headers alone, once. `app.preflight` has what all processes know of it.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta

import integrations
from app.store import Media

PROVEN_FOR = timedelta(minutes=5)
PATIENCE = timedelta(seconds=30)  # a web role that starts again is no trouble yet
KNOWN = 20_000  # names of files remembered as fetched
# the smallest PNG there is: one white pixel
PROBE = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082")


class Preflight:
    """What one process knows of its public address. Threads may share it; two that ask at once both ask."""

    def __init__(self, media: Media, *, asks: bool = True) -> None:
        """`asks` False: the address cannot be reached from here, and is believed."""
        self.media, self.asks = media, asks
        self._proven: dict[bool, datetime] = {}
        self._failing: dict[bool, datetime] = {}
        self._known: dict[tuple[bool, str], None] = {}
        self._lock = threading.Lock()

    def picture(self, data: bytes, now: datetime, *, practice: bool) -> integrations.reach.Reach:
        """Whether this file can be fetched: known, asked for its headers, or fetched whole where the address was not proven lately."""
        kind = integrations.picture_kind(data)
        name = self.media.name(hashlib.sha256(data).hexdigest(), kind.suffix)
        whole = now - self._proven.get(practice, datetime.min.replace(tzinfo=now.tzinfo)) >= PROVEN_FOR
        if (practice, name) in self._known and not whole:
            return integrations.reach.Reach(None)
        found = self._ask(name, data, kind.mime, whole=whole, practice=practice)
        with self._lock:
            if found.trouble is not None:
                self._proven.pop(practice, None)
                return found
            self._failing.pop(practice, None)
            if whole:
                self._proven[practice] = now
            while len(self._known) >= KNOWN:
                self._known.pop(next(iter(self._known)), None)
            self._known[practice, name] = None
        return found

    def base(self, now: datetime, *, practice: bool) -> integrations.reach.Reach:
        """Whether the address works at all: a file of our own is put into the store and fetched whole. Raises StoreError."""
        kind = integrations.picture_kind(PROBE)
        self.media.publish(PROBE)
        found = self._ask(self.media.name(hashlib.sha256(PROBE).hexdigest(), kind.suffix), PROBE, kind.mime, whole=True, practice=practice)
        with self._lock:
            if found.trouble is None:
                self._failing.pop(practice, None)
            else:
                self._failing.setdefault(practice, now)
        return found

    def failed_long(self, now: datetime, *, practice: bool) -> bool:
        """Whether the address has not worked for longer than a role takes to start again."""
        return now - self._failing.get(practice, now) >= PATIENCE

    def _ask(self, name: str, data: bytes, mime: str, *, whole: bool, practice: bool) -> integrations.reach.Reach:
        if self.media.base_url.startswith("s3://"):  # read by the marketplace's own role: all that we can see is that the object is there
            size = self.media.store.size(name)
            missing = f"{self.media.base_url}: {name} is not there as it should be ({size or 0} bytes against {len(data)})"
            return integrations.reach.Reach(None if size == len(data) else missing)
        if not self.asks:
            return integrations.reach.Reach(None)
        found = integrations.reach.look(self.media.address(name), data, mime, whole=whole, allow_loopback=practice)
        if found.trouble and "HTTP 404" in found.trouble and self.media.store.url.startswith("s3://"):
            return integrations.reach.Reach(f"{found.trouble}; it is asked for {self.media.base_url}/media/NAME, and the store is {self.media.store.url}")
        return found
