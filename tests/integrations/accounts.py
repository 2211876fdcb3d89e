"""Accounts, pictures and offers that the tests of both connectors share."""

import hashlib
import itertools
from typing import Any

from integrations import SITES, Access, Hosted, Offer, Picture, ProductFacts

KEY = "0123456789abcdef0123456789abcdef"
_NUMBERS = itertools.count(1)

AMAZON = {"lwa_app_id": "app", "lwa_client_secret": "app-secret"}
EBAY = {"client_id": "client", "client_secret": "client-secret"}


def access(site: str = "amazon-uk", **changes: Any) -> Access:
    """An account of its own: a fresh refresh token, so that no test sees another's access token."""
    secrets = AMAZON if site.startswith("amazon") else EBAY
    values: dict[str, Any] = {
        "account": f"{site}:main",
        "site": SITES[site],
        "seller_id": "SELLER",
        "credentials": {**secrets, "refresh_token": f"refresh-{next(_NUMBERS)}"},
    }
    return Access(**(values | changes))


def product(**changes: Any) -> ProductFacts:
    """A new watch."""
    values: dict[str, Any] = {
        "title": "Diver's watch & strap",
        "category": "watch",
        "brand": "Example",
        "price_minor": 123450,
        "currency": "GBP",
        "quantity": 3,
        "condition": "new",
        "gtin": "4006381333931",
        "attributes": {"dial_colour": "blue"},
    }
    return ProductFacts(**(values | changes))


def picture(position: str = "main", data: bytes = b"jpeg", url: str | None = "https://media.example.com/media/a.jpg", hosted: Hosted | None = None) -> Picture:
    """A finished file for a position."""
    return Picture(position, hashlib.sha256(data).hexdigest(), url, lambda: data, hosted)


def offer(**changes: Any) -> Offer:
    """One push of a main picture to a listing that is there."""
    values: dict[str, Any] = {
        "merchant_sku": "S/1 ü",
        "external_id": None,
        "product": product(),
        "pictures": (picture(),),
        "create": False,
        "key": KEY,
    }
    return Offer(**(values | changes))
