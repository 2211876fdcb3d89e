"""What the contract suite asks of a marketplace, and the practice marketplaces as it sees them; the pictures that are sent there."""

import hashlib
import io
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from PIL import Image, ImageDraw

from integrations import Access, Hosted, Picture
from integrations.practice import PracticeServer
from tests.integrations.accounts import access

SMALL = 600  # px: large enough for every marketplace, and quick to encode


@cache
def watch_like(seed: int, side: int = 1600) -> bytes:
    """A finished picture of our own drawing: a round dial on pure white, different for each seed."""
    image = Image.new("RGB", (side, side), "white")
    draw, edge = ImageDraw.Draw(image), side // 16
    draw.ellipse((edge, edge, side - edge, side - edge), fill=(40 + seed * 37 % 150, 60, 90), outline=(20, 20, 20), width=side // 40)
    draw.ellipse((side // 4, side // 4, side * 3 // 4, side * 3 // 4), fill=(230, 230 - seed * 23 % 120, 225))
    for number in range(12):
        at = side // 6 + number * side // 18
        draw.rectangle((at, side // 2, at + side // 90, side // 2 + 40 + seed * 13 % 90), fill=(10, 10, 10))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=93)
    return out.getvalue()


def difference(first: bytes, second: bytes) -> float:
    """Mean difference of two pictures' levels at a small size: 0 for the same picture, re-encoded or not."""
    small = [Image.open(io.BytesIO(data)).convert("L").resize((32, 32)).tobytes() for data in (first, second)]
    return sum(abs(a - b) for a, b in zip(*small, strict=True)) / 1024


class Media:
    """Our own public media address for the tests: the practice Amazon fetches pictures from here."""

    def __init__(self, server: Any) -> None:
        self.server, self.files = server, {}

    def picture(self, position: str, data: bytes, hosted: Hosted | None = None) -> Picture:
        """A picture with an address that changes with its content."""
        digest = hashlib.sha256(data).hexdigest()
        self.server.expect_file(f"/media/{digest[:20]}.jpg", data)
        return Picture(position, digest, f"{self.server.url}/media/{digest[:20]}.jpg", lambda: data, hosted)


@dataclass(frozen=True)
class Listed:
    """A listing as the marketplace itself has it: not as a connector reads it."""

    sku: str
    title: str
    positions: frozenset[str]


class World(Protocol):
    """What the suite asks of a marketplace: its time moves when told, and its listings can be seen without a connector."""

    url: str

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due in it has happened when this returns. Pictures show within 5 seconds, objections within 30."""
        ...

    def listings(self) -> list[Listed]:
        """Every listing there is."""
        ...

    def there_before(self, sku: str, title: str) -> str:
        """A listing that somebody made by other means; their id of it."""
        ...

    def account(self, **changes: Any) -> Access:
        """An account that may do everything."""
        ...

    def stranger(self) -> Access:
        """An account whose credentials are not good."""
        ...


class PracticeWorld:
    """The practice marketplaces as the suite sees one of them."""

    def __init__(self, practice: PracticeServer, site: str, endpoints: str, credentials: dict[str, str]) -> None:
        self._practice, self.url = practice, practice.url
        self._site, self._endpoints, self._credentials = site, endpoints, credentials

    def advance(self, seconds: float) -> None:
        self._practice.advance(seconds)

    def listings(self) -> list[Listed]:
        return [Listed(each["sku"], each["title"], frozenset(each["pictures"])) for each in self._practice.witness("listings")]

    def there_before(self, sku: str, title: str) -> str:
        return str(self._practice.witness("listings", marketplace=self._site, seller="SELLER", sku=sku, title=title)["external_id"])

    def account(self, **changes: Any) -> Access:
        credentials = {**self._credentials, "refresh_token": "practice-SELLER"}
        endpoints = getattr(self._practice, self._endpoints)()
        return access(self._site, **{"credentials": credentials, "endpoints": endpoints, "allow_loopback": True, **changes})

    def stranger(self) -> Access:
        return self.account(credentials={**self._credentials, "refresh_token": "stolen"})
