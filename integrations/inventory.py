"""The inbound inventory webhook: Standard Webhooks signature, strict models, one `Event`.

verify the raw bytes -> parse_event -> rows. A wrong body raises InvalidEvent, which names each field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrations.money import to_minor

__all__ = [
    "EVENT_TYPES",
    "AccountIds",
    "BadSignature",
    "Event",
    "InvalidEvent",
    "PhotoSource",
    "Price",
    "SkuArchived",
    "SkuCreated",
    "SkuSold",
    "SkuUpdated",
    "StockChanged",
    "VariationOf",
    "parse_event",
    "sign",
    "verify",
]

Sku = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^\S(.*\S)?$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Millimetres = Annotated[float, Field(gt=0, le=100_000)]
Specific = Annotated[str, StringConstraints(min_length=1, max_length=65, strip_whitespace=True)]  # eBay's longest (WSDL 1423 NameValueListType)
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class BadSignature(Exception):
    """The delivery is not from the holder of the secret, or is more than five minutes old or new."""


class InvalidEvent(Exception):
    """The body is not one of the events; `problems` are (dotted field, what is wrong) pairs, all of them."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{place}: {words}" for place, words in problems))
        self.problems = problems


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_AMOUNT = r"^\d{1,9}(\.\d{1,3})?$"


def _decimal(amount: str) -> str:
    if not re.fullmatch(_AMOUNT, amount):
        raise ValueError(f"{amount[:20]!r} is no amount: digits and, before the pence, a point, as 12.00")
    return amount


class Price(_Strict):
    """`amount` is a decimal string, so that no float rounds it."""

    amount: Annotated[str, AfterValidator(_decimal), Field(json_schema_extra={"pattern": _AMOUNT})]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @model_validator(mode="after")
    def _fits_its_currency(self) -> Self:
        to_minor(self.amount, self.currency)
        return self

    @property
    def minor(self) -> int:
        """The amount in the currency's minor units."""
        return to_minor(self.amount, self.currency)


class AccountIds(_Strict):
    """How one account names this product."""

    merchant_sku: Sku | None = None
    asin: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")] | None = None
    item_id: Annotated[str, StringConstraints(pattern=r"^\d{6,19}$")] | None = None

    @property
    def external_id(self) -> str | None:
        """Their id of the listing, whichever marketplace it is."""
        return self.asin or self.item_id


class PhotoSource(_Strict):
    """Where one photograph is to be had: an address, or a key in the intake bucket; exactly one of the two."""

    shot: Slug
    order: Annotated[int, Field(ge=0, le=1000)] = 0
    url: Annotated[str, StringConstraints(max_length=4000, pattern=r"^https?://\S+$")] | None = None
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.url is None) == (self.key is None):
            raise ValueError("give url or key, one of the two")
        return self


class VariationOf(_Strict):
    """A product as one of several in one listing: products of one `group` share it. `specifics` tell it from the others; `title` is the whole listing's."""

    group: Sku
    specifics: Annotated[dict[Specific, Specific], Field(min_length=1, max_length=5)]
    title: Words | None = None


class SkuUpdated(_Strict):
    """What changed; `model_fields_set` tells a field that was sent from one that was not."""

    sku: Sku
    title: Words | None = None
    category: Slug | None = None
    brand: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] | None = None
    price: Price | None = None
    quantity: Count | None = None
    condition: Literal["new", "used"] | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] | None = None
    gtin: Annotated[str, StringConstraints(pattern=r"^(\d{8}|\d{12,14})$")] | None = None
    pieces: Annotated[int, Field(ge=1, le=100)] | None = None
    size_mm: Annotated[dict[Slug, Millimetres], Field(max_length=20)] | None = None
    attributes: Annotated[dict[str, str | int | float | bool], Field(max_length=200)] | None = None
    variation: VariationOf | None = None
    accounts: Annotated[dict[str, AccountIds], Field(max_length=100)] | None = None
    photos: Annotated[list[PhotoSource], Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _gtin_adds_up(self) -> Self:
        if self.gtin and not _check_digit_holds(self.gtin):
            raise ValueError("gtin: its check digit is wrong")
        return self


class SkuCreated(SkuUpdated):
    """A new product; title and category are needed, the rest may follow."""

    title: Words
    category: Slug


class SkuArchived(_Strict):
    """The product leaves the catalogue."""

    sku: Sku


class SkuSold(_Strict):
    """Pieces were sold; `quantity` is what is left, if they say so."""

    sku: Sku
    quantity: Count | None = None


class StockChanged(_Strict):
    """The stock is now `quantity`."""

    sku: Sku
    quantity: Count


EVENT_TYPES: Mapping[str, type[SkuUpdated | SkuArchived | SkuSold | StockChanged]] = {
    "sku.created": SkuCreated,
    "sku.updated": SkuUpdated,
    "sku.archived": SkuArchived,
    "sku.sold": SkuSold,
    "stock.changed": StockChanged,
}


@dataclass(frozen=True)
class Event:
    """One happening in the inventory system; `timestamp` (UTC) is when it happened there: per SKU and type the newer wins."""

    type: str
    timestamp: datetime
    data: SkuUpdated | SkuArchived | SkuSold | StockChanged

    @property
    def sku(self) -> str:
        """The product it is about."""
        return self.data.sku


def _on_the_calendar(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no time between the years 1 and 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_on_the_calendar)]  # in UTC


class _Envelope(_Strict):
    type: str
    timestamp: Moment
    data: dict[str, Any]


def parse_event(type: str | None, body: bytes | str | Mapping[str, Any]) -> Event:
    """The whole body `{type, timestamp, data}` as an Event. `type` None = trust the body's own. Raises InvalidEvent with every problem."""
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    try:
        envelope = _Envelope.model_validate_json(raw)
    except ValidationError as error:
        raise InvalidEvent(_problems(error)) from None
    model = EVENT_TYPES.get(envelope.type)
    if model is None or (type is not None and type != envelope.type):
        raise InvalidEvent((("type", f"must be {type or 'one of ' + ', '.join(EVENT_TYPES)}, not {envelope.type!r}"),))
    try:
        data = model.model_validate_json(json.dumps(envelope.data))
    except ValidationError as error:
        raise InvalidEvent(_problems(error, "data")) from None
    return Event(envelope.type, envelope.timestamp, data)


def verify(secret: str, headers: Mapping[str, str], raw: bytes) -> str:
    """The `webhook-id` of a delivery whose signature over the raw bytes is right and fresh. Raises BadSignature. Header names in any case."""
    try:
        Webhook(secret).verify(raw, dict(headers), json_parse=False)
    except WebhookVerificationError as error:
        raise BadSignature(str(error)) from None
    except ValueError:  # base64 or text that cannot be read, in the signature header or in the body
        raise BadSignature("the signature or the body cannot be read") from None
    return next(value for name, value in headers.items() if name.lower() == "webhook-id")


def sign(secret: str, webhook_id: str, timestamp: datetime, raw: bytes) -> dict[str, str]:
    """The three Standard Webhooks headers for a body that we send; `timestamp` is aware."""
    moment = timestamp.astimezone(UTC)
    signature = Webhook(secret).sign(webhook_id, moment, raw.decode("utf-8"))
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(moment.timestamp())), "webhook-signature": signature}


def _problems(error: ValidationError, *prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (".".join([*prefix, *map(str, item["loc"])]) or "body", item["msg"].removeprefix("Value error, "))
        for item in error.errors(include_url=False, include_input=False)
    )


def _check_digit_holds(gtin: str) -> bool:
    """GS1 modulo 10: weights 3, 1, 3, … from the digit left of the check digit."""
    digits = [int(character) for character in reversed(gtin)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
