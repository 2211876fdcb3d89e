"""The contract with every marketplace: plain frozen data both ways and four verbs.

A connector is one folder with `client.py` (the only importer of the SDK), `translate.py` (pure, both directions) and `marketplace.py`
(joins the two); `tests/integrations/contract.py` is run over every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from integrations.errors import Problem, Refused
from integrations.rates import Limiter
from integrations.sites import Site

__all__ = [
    "REASONS",
    "Access",
    "Fed",
    "Feeding",
    "Hosted",
    "Marketplace",
    "Need",
    "Notice",
    "NoticeKind",
    "NoticeSet",
    "Offer",
    "Outcome",
    "Picture",
    "ProductFacts",
    "Receipt",
    "Ref",
    "Status",
    "Variant",
]

Need = Literal["sweep", "proof", "write"]
NoticeKind = Literal["warning", "at_risk", "suppressed", "held", "removed"]

# Why a marketplace objects to a picture; the closed list that code tables and rules share.
REASONS = frozenset(
    [
        "text-or-watermark",
        "non-white-background",
        "image-missing",
        "additional-items",
        "cropped",
        "packaging",
        "propping",
        "blur",
        "too-small",
        "wrong-product",
        "unreachable",
        "low-resolution",
        "low-quality",
        "too-large",
        "format",
        "policy",
        "other",
    ]
)


class NoAddress(KeyError):
    """An account is set up without the address of something that its connector calls."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Access:
    """How one seller account is reached.

    `credentials`: Amazon `lwa_app_id`, `lwa_client_secret`, `refresh_token`; eBay `client_id`, `client_secret`, `refresh_token`.
    `endpoints` overrides the site's own (practice accounts). `settings` are the account's own choices (policies, category ids, location).
    `allow_loopback` admits plain http to this machine, for practice accounts only. `limiter` is asked before each call; None: nobody counts.
    """

    account: str
    site: Site
    seller_id: str
    credentials: Mapping[str, str] = field(repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    allow_loopback: bool = False
    limiter: Limiter | None = field(default=None, compare=False)

    def endpoint(self, name: str) -> str:
        """The override if there is one, else the site's, but never for a practice account; no trailing slash. NoAddress names what is missing."""
        if self.allow_loopback and name not in self.endpoints:
            raise NoAddress(f"{self.account} is a practice account and has no address for {name}: start Packshot again, or connect it anew")
        address = self.endpoints.get(name) or self.site.endpoints.get(name)
        if not address:
            raise NoAddress(f"{self.account}: {self.site.key} has no address for {name}")
        return address.rstrip("/")


@dataclass(frozen=True)
class Hosted:
    """A picture stored with the marketplace before it is put on a listing; `expires` is when an unused one is thrown away (aware, UTC)."""

    sha256: str
    url: str
    image_id: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Picture:
    """One finished file for one position. `url` is our public address of it, None where there is none; `data` reads the bytes when they are needed."""

    position: str
    sha256: str
    url: str | None
    data: Callable[[], bytes]
    hosted: Hosted | None = None


@dataclass(frozen=True)
class Kind:
    """A format that finished files have: its suffix and its media type."""

    suffix: str
    mime: str


_JPEG, _PNG = Kind(".jpg", "image/jpeg"), Kind(".png", "image/png")


def picture_kind(data: bytes) -> Kind:
    """The format of a finished file by its first bytes, so that no name or header ever says another; JPEG unless it is a PNG."""
    return _PNG if data.startswith(b"\x89PNG\r\n\x1a\n") else _JPEG


@dataclass(frozen=True)
class ProductFacts:
    """What a listing says about the product, as far as creating one needs it. `price_minor` is in minor units of `currency`."""

    title: str
    category: str
    brand: str
    price_minor: int
    currency: str
    quantity: int
    condition: str
    gtin: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    size_mm: Mapping[str, Any] = field(default_factory=dict)
    pieces: int = 1


@dataclass(frozen=True)
class Variant:
    """One product of a listing that holds several.

    `specifics` tell it from its siblings, `{"Colour": "Silver"}`; empty: those that the listing has for this SKU. `pictures` may be empty: it is
    then shown by those of a sibling that it shares a specific with. `add` allows it to be put on a listing that is there and lacks it.
    """

    merchant_sku: str
    specifics: Mapping[str, str]
    product: ProductFacts
    pictures: tuple[Picture, ...]
    add: bool = False


@dataclass(frozen=True)
class Offer:
    """One intended write. `pictures` is every picture the listing shall show; `remove` the positions to empty (never main).

    `create` allows a new listing when none is found. `key` (32 hex digits) is the idempotency key of this push: the same push, the same key.
    `pushed` is what was accepted last and is not in doubt, position -> SHA-256: a connector that writes picture by picture leaves these alone.
    None where that is not known: everything is sent.
    `model` is what the marketplace's receipts last said of how this listing was made.
    `sent_today` is how many other writes to this listing left us within the last 24 hours, for marketplaces that count them.
    `variants` are the products of a listing that holds several, each with its own pictures: `pictures` and `remove` are empty then, and `merchant_sku`
    and `product` speak of the listing as a whole. A marketplace that knows no such listings refuses.
    """

    merchant_sku: str
    external_id: str | None
    product: ProductFacts
    pictures: tuple[Picture, ...]
    create: bool
    key: str
    remove: tuple[str, ...] = ()
    pushed: Mapping[str, str] | None = None
    sent_today: int = 0
    variants: tuple[Variant, ...] = ()
    model: str | None = None

    @property
    def changed(self) -> tuple[Picture, ...]:
        """The pictures that the listing is not known to have been given."""
        known = self.pushed or {}
        return tuple(picture for picture in self.pictures if known.get(picture.position) != picture.sha256)


@dataclass(frozen=True)
class Receipt:
    """They took it: accepted, which is not yet live. `hosted` are pictures now stored with them; keep these for the next push.

    `specifics` are what tells the products of a listing apart there, by SKU; empty where it holds one.
    `left_out` are products of the offer that the listing lacks and did not get, by SKU: what a person should read of each.
    `model` is the connector's own word for how the listing was made, where that decides by which calls it is revised: given back in `Offer` and `Ref`.
    """

    status: Literal["accepted"]
    external_id: str | None
    reference: str | None
    hosted: tuple[Hosted, ...] = ()
    warnings: tuple[str, ...] = ()
    specifics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    model: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ref:
    """Which listing: by SKU, and by their id (ASIN, item id) where it is known. `main` is the main picture's address when it was last looked at, if it was.

    `need` says what the answer is for, where calls are scarce: a look that can wait, the proof of a write, or a write that waits for it.
    """

    merchant_sku: str
    external_id: str | None = None
    main: str | None = field(default=None, compare=False)
    need: Need = field(default="sweep", compare=False)
    model: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Notice:
    """What a marketplace says against a listing. `reason` is one of REASONS, None when nobody has said what the code means; `until` ends a grace period.

    `guessed`: the reason was read from the marketplace's prose, as its code says nothing; a person confirms it.
    """

    code: str
    message: str
    kind: NoticeKind
    reason: str | None
    positions: tuple[str, ...] = ()
    until: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)
    guessed: bool = False


@dataclass(frozen=True)
class Status:
    """A listing read back.

    `pictures` maps a position to the address it really shows; a position in `provable` but not in `pictures` is known to be empty, a position
    outside `provable` cannot be read back by this connector (`Site.aligned` is for marketplaces that know only an order). `notices` is the
    complete set of what is open now, one for each code and kind. `buyable` is None when unsaid.
    Where the listing holds several products, `pictures` are those of the one that was asked for, never a sibling's.
    """

    ref: Ref
    exists: bool
    buyable: bool | None
    ended: bool
    pictures: Mapping[str, str]
    provable: frozenset[str]
    notices: tuple[Notice, ...]
    external_id: str | None


@dataclass(frozen=True)
class NoticeSet:
    """Something was said about this listing lately: a hint that `status` confirms."""

    ref: Ref
    notices: tuple[Notice, ...]
    at: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of one change among many: taken, with warnings, or refused for problems."""

    accepted: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Fed:
    """Many changes that were submitted at once, by the caller's numbers. `reference` is theirs, None where no change was left to send."""

    reference: str | None
    sent: frozenset[int]
    refused: Mapping[int, Refused]


@runtime_checkable
class Feeding(Protocol):
    """A connector that takes many changes in one file, for backlogs of `Site.limits["feed_from"]` changes on; not every one does."""

    def send_many(self, offers: Mapping[int, Offer]) -> Fed:
        """Submit the changed pictures of listings that are there, under the caller's numbers. Accepted is not yet processed. Raises as `publish`."""
        ...

    def outcomes(self, reference: str, sent: Collection[int]) -> Mapping[int, Outcome] | None:
        """What became of each; None while they are at it. One that is left out is unknown: read back before it is sent again."""
        ...


@runtime_checkable
class Marketplace(Protocol):
    """Four verbs. All raise only TryLater, Refused, NotAuthorised and (publish alone) OutcomeUnknown."""

    def publish(self, offer: Offer) -> Receipt:
        """Make the listing show the offer's pictures. Safe to repeat: the same offer twice changes nothing outside and never lists twice."""
        ...

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        """One Status for each ref, in order; a listing that is not there has `exists=False`."""
        ...

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """What changed since `cursor` (None = from the beginning that they keep), and the cursor for next time; windows overlap, so expect repeats."""
        ...

    def picture(self, url: str) -> bytes:
        """The bytes shown at one of `Status.pictures`, at most 15 MB, only from the marketplace's own picture hosts."""
        ...
