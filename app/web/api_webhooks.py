"""What endpoints are sent, as the `webhooks` part of the OpenAPI document: one shape per event, from the same table that decides what is told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.hooks import TYPES


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfListing(_Data):
    """Which listing; `sku` is the product's, as the inventory knows it."""

    listing: int
    account: str
    sku: str | None
    external_id: str | None = Field(description="ASIN or eBay item id, where it is known")


class ListingTold(OfListing):
    """What became of a listing."""

    why: str


class NoticeTold(OfListing):
    """What a marketplace said against a listing."""

    notice: int
    kind: Literal["suppressed", "held", "removed"]
    code: str
    message: str
    positions: list[str] = Field(description="whose pictures it names; empty where it names none")


class ReviewTold(_Data):
    """A product with pictures that wait for a person: `/api/v1/placements?sku=...&state=review` has them."""

    product: int
    sku: str


class LessonTold(_Data):
    """A proposed change of a rule; a person accepts or declines it."""

    lesson: int
    subject: str
    authority: str
    why: str


class AccountTold(_Data):
    """An account that we stopped using ourselves."""

    account: str
    why: str


DATA: dict[str, type[_Data]] = {
    "listing.live": ListingTold,
    "listing.suppressed": NoticeTold,
    "listing.drifted": ListingTold,
    "placement.needs_review": ReviewTold,
    "lesson.proposed": LessonTold,
    "account.paused": AccountTold,
}
HEADERS = {
    "webhook-id": "the same on each try: what was seen before is to be left out",
    "webhook-timestamp": "seconds since 1970 of this try",
    "webhook-signature": "`v1,` and the base64 HMAC-SHA256 of id, timestamp and body, joined by dots, under the endpoint's secret",
}


def described(ref: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """The `webhooks` object; the shapes of the data are added to `schemas`. `ref` makes a reference of a name."""
    found = {}
    for kind, words in TYPES.items():
        made = DATA[kind].model_json_schema(ref_template=ref)
        schemas[DATA[kind].__name__] = made
        body = {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": {"const": kind},
                "timestamp": {"type": "string", "format": "date-time", "description": "when it happened"},
                "data": {"$ref": ref.format(model=DATA[kind].__name__)},
            },
        }
        found[kind] = {
            "post": {
                "operationId": f"told_{kind.replace('.', '_')}",
                "summary": f"{words[0].upper()}{words[1:]}.",
                "parameters": [
                    {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}} for name, said in HEADERS.items()
                ],
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                "responses": {"2XX": {"description": "Taken"}, "410": {"description": "Nothing more is wanted: the endpoint is disabled"}},
            }
        }
    return found
