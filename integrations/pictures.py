"""Reading back the picture that a listing shows: only from the marketplace's own hosts, or from this machine for a practice account."""

from __future__ import annotations

from urllib.parse import urlsplit

from integrations.fetch import fetch
from integrations.marketplace import Access

__all__ = ["shown_picture"]


def shown_picture(url: str, access: Access, endpoint: str) -> bytes:
    """The bytes at `url`, capped by the site's `picture_bytes`. `endpoint` names the override whose host a practice account's pictures share."""
    override = urlsplit(access.endpoints.get(endpoint, "")) if access.allow_loopback else urlsplit("")

    def permits(address: str) -> bool:
        parts = urlsplit(address)
        if override.netloc and parts.netloc == override.netloc:
            return True
        return parts.scheme == "https" and parts.port in (None, 443) and access.site.shows_pictures_from(parts.hostname or "")

    return fetch(url, limit_bytes=access.site.limits["picture_bytes"], deadline=60, allow_loopback=access.allow_loopback, permits=permits)
