"""Originals and media by SHA-256: a local folder or S3 behind one interface (obstore).

Originals (photos, alphas, finished files) are private. Media is what marketplaces fetch: a file is copied there when it is about
to be published, under a keyed hash of its bytes, so that an address cannot be guessed and new content always has a new one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore, ObjectStore, S3Store

import integrations

FOR_EVER = "public, max-age=31536000, immutable"  # a name never gets other bytes


class StoreError(Exception):
    """The store does not answer or lost a file; the message names the store and the key."""


class Store:
    """Files known by the SHA-256 of their bytes. Writing the same bytes twice is one file."""

    def __init__(self, url: str, *, s3_endpoint: str = "") -> None:
        self.url = url
        self._store = open_bucket(url, s3_endpoint)

    def put(self, data: bytes, name: str | None = None, *, served_with: Mapping[str, str] | None = None) -> str:
        """Keep the bytes; returns their SHA-256. `name` overrides the key, `served_with` are the headers a bucket gives out with them (media)."""
        digest = hashlib.sha256(data).hexdigest()
        attributes = dict(served_with) if served_with and isinstance(self._store, S3Store) else None  # a folder keeps none: our web role says them
        try:
            obstore.put(self._store, name or _path(digest), data, mode="create", use_multipart=False, attributes=attributes)
        except AlreadyExistsError:  # content-addressed: it is the same file, unless it was cut off
            if not self._stands_so(name or _path(digest), len(data), attributes or {}):
                self.replace(name or _path(digest), data, served_with=attributes)
        except Exception as error:
            raise StoreError(f"{self.url}: cannot keep {digest}: {error}") from error
        return digest

    def _stands_so(self, name: str, size: int, attributes: Mapping[str, str]) -> bool:
        """Whether a file that is there already is whole, and given out with these headers: one of an older version may not be."""
        if not attributes:
            return self.size(name) == size
        try:
            found = obstore.get(self._store, name, options={"head": True})
        except Exception as error:
            raise StoreError(f"{self.url}: cannot look at {name}: {error}") from error
        said = {key: str(value) for key, value in found.attributes.items()}
        return int(found.meta["size"]) == size and all(said.get(key) == value for key, value in attributes.items())

    def replace(self, name: str, data: bytes, *, served_with: Mapping[str, str] | None = None) -> None:
        """Keep the bytes under a key, whatever is there: a damaged file is mended. Raises StoreError."""
        attributes = dict(served_with) if served_with and isinstance(self._store, S3Store) else None
        try:
            obstore.put(self._store, name, data, mode="overwrite", use_multipart=False, attributes=attributes)
        except Exception as error:
            raise StoreError(f"{self.url}: cannot keep {name}: {error}") from error

    def get(self, digest: str) -> bytes:
        """The bytes of a SHA-256. Raises StoreError if they are not there or are not what they were."""
        data = self.read(_path(digest))
        if hashlib.sha256(data).hexdigest() != digest:
            raise StoreError(f"{self.url}: {digest} is damaged: its bytes no longer match their hash; restore it from the backup")
        return data

    def read(self, name: str) -> bytes:
        """The bytes under a key."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise StoreError(f"{self.url}: {name} is not there") from error
        except Exception as error:
            raise StoreError(f"{self.url}: cannot read {name}: {error}") from error

    def has(self, digest: str) -> bool:
        """Whether the bytes of a SHA-256 are kept."""
        return self.size(_path(digest)) is not None

    def size(self, name: str) -> int | None:
        """How many bytes are kept under a key; None if nothing is there. Raises StoreError where the store does not answer."""
        try:
            return int(obstore.head(self._store, name)["size"])
        except FileNotFoundError:
            return None
        except Exception as error:
            raise StoreError(f"{self.url}: cannot look for {name}: {error}") from error

    def names(self) -> list[str]:
        """Every key, for backup and checks."""
        return [str(meta["path"]) for page in obstore.list(self._store) for meta in page]

    def check(self) -> None:
        """Raise StoreError unless a small file can be kept and read back."""
        self.get(self.put(b"packshot store check"))


class Media:
    """The public side: finished files under unguessable names."""

    def __init__(self, store: Store, keys: tuple[str, ...], base_url: str) -> None:
        self.store, self._key, self.base_url = store, keys[0].encode(), base_url

    def name(self, digest: str, suffix: str = ".jpg") -> str:
        """`<keyed hash>.jpg` (or another suffix), the same for the same bytes and key."""
        return hmac.new(self._key, b"media:" + digest.encode(), hashlib.sha256).hexdigest()[:40] + suffix

    def publish(self, data: bytes) -> str | None:
        """Put a finished file where marketplaces can fetch it, named as its own first bytes say; returns its address, None without a public one."""
        kind = integrations.picture_kind(data)
        name = self.name(hashlib.sha256(data).hexdigest(), kind.suffix)
        self.store.put(data, name, served_with=_served_with(kind.mime))
        return self.address(name) if self.base_url else None

    def replace(self, name: str, data: bytes) -> None:
        """Keep a finished file under its name, whatever is there, to be given out as `publish` says."""
        self.store.replace(name, data, served_with=_served_with(integrations.picture_kind(data).mime))

    def address(self, name: str) -> str:
        """Where marketplaces fetch what has this name: behind `/media/` of a web address; right below a bucket's own s3:// address."""
        return f"{self.base_url}/{name}" if self.base_url.startswith("s3://") else f"{self.base_url}/media/{name}"


def _served_with(mime: str) -> dict[str, str]:
    return {"Content-Type": mime, "Cache-Control": FOR_EVER}


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


def open_bucket(url: str, s3_endpoint: str = "") -> ObjectStore:
    """The folder or bucket prefix behind a file:/// or s3:// URL."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder, mkdir=True)
    extra = {"endpoint": s3_endpoint, "allow_http": s3_endpoint.startswith("http://")} if s3_endpoint else {}
    return S3Store(parts.netloc, prefix=parts.path.strip("/") or None, **extra)  # type: ignore[arg-type]
