"""Whether a picture can be fetched at its public address, told from here as well as it can be told: asked as a marketplace would ask, by strangers' rules.

What a marketplace must never meet: plain http, a private address, a redirect, a sign-in page, a bucket that lets nobody read, other bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.errors import IntegrationError
from integrations.fetch import Answer, exchange

__all__ = ["Reach", "look"]

DEADLINE_S = 15.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MEANINGS = {
    401: "asks to sign in (HTTP 401), and marketplaces do not",
    403: "answers HTTP 403, forbidden: the bucket, or what stands before it, does not let the public read",
    404: "answers HTTP 404, not there: the address does not lead to the store that pictures are put into",
}
NO_HEAD = (405, 501)


@dataclass(frozen=True)
class Reach:
    """`trouble`: why nobody could fetch it, in one sentence without a full stop; None where it works. `advice`: it works, but."""

    trouble: str | None
    advice: str = ""


def look(url: str, data: bytes, mime: str, *, whole: bool = True, allow_loopback: bool = False, deadline: float = DEADLINE_S) -> Reach:
    """Fetch the picture and compare every byte; not `whole`: ask for its headers alone and compare its type and length. Never raises for what is wrong."""
    host = urlsplit(url).hostname or "address"
    if urlsplit(url).scheme != "https" and not (allow_loopback and host in LOOPBACK):
        return Reach(f"{host}: plain http; marketplaces fetch pictures by https alone")
    try:
        if not whole:
            answer = exchange(url, method="HEAD", deadline=deadline, allow_loopback=allow_loopback)
            if answer.status not in NO_HEAD and (answer.status != 200 or "content-length" in answer.headers):
                return _judged(host, answer, mime, int(answer.headers.get("content-length", "0") or 0), data)
        answer = exchange(url, limit_bytes=len(data) + 1, deadline=deadline, allow_loopback=allow_loopback)
        return _judged(host, answer, mime, len(answer.body), data, answer.body)
    except (IntegrationError, ValueError) as error:
        return Reach(str(error))


def _judged(host: str, answer: Answer, mime: str, length: int, data: bytes, body: bytes | None = None) -> Reach:
    if (trouble := _status(answer)) is not None:
        return Reach(f"{host} {trouble}")
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        return Reach(f"{host}: a web page comes instead of the picture, perhaps one to sign in at")
    if kind != mime:
        return Reach(f"{host}: the picture comes as {kind or 'nothing by name'}, not as {mime}: its content type is set wrong")
    if length != len(data) or (body is not None and hashlib.sha256(body).digest() != hashlib.sha256(data).digest()):
        return Reach(f"{host}: other bytes come than those of our file ({length if length <= len(data) else 'more'} against {len(data)})")
    return Reach(None, _caching(answer.headers))


def _status(answer: Answer) -> str | None:
    if 300 <= answer.status < 400:
        to = urlsplit(answer.headers.get("location", ""))
        return f"redirects (HTTP {answer.status}) to {to.hostname or 'another place'}{to.path[:40]}; a picture must be where its address says"
    return None if answer.status == 200 else MEANINGS.get(answer.status, f"answers HTTP {answer.status}")


def _caching(headers: Mapping[str, str]) -> str:
    said = headers.get("cache-control", "").lower()
    if "immutable" in said or "max-age" in said:
        return ""
    return f"its Cache-Control is {said or 'missing'}: `public, max-age=31536000, immutable` would spare fetches, for a name never gets other bytes"
