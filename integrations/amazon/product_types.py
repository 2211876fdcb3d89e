"""Which product type a product is and what its schema asks for: looked up at Amazon, kept for a day, fetched anew only when its checksum changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from integrations.amazon.client import AmazonClient
from integrations.amazon.translate import listing_table
from integrations.errors import Problem, Refused
from integrations.marketplace import Access, ProductFacts

__all__ = ["ProductTypes", "shipped_type"]

KEPT = timedelta(days=1)
_MOST = 64  # of each, in memory
_SHOWN = 6
_WHERE = "of the account's listing policy"


@dataclass(frozen=True)
class _Known:
    checksum: str
    schema: Mapping[str, Any]
    until: datetime
    title: str


def shipped_type(category: str) -> str:
    """The product type that is shipped for a category of ours; empty where there is none."""
    return str(listing_table()["product_types"].get(category, {}).get("type") or "")


class ProductTypes:
    """Product types and schemas of one account's marketplace. Threads may share it: two that ask at once may both fetch, and keep the same."""

    def __init__(self, client: AmazonClient, access: Access, now: Callable[[], datetime]) -> None:
        self._client, self._access, self._now = client, access, now
        self._lock = threading.Lock()
        self._types: dict[str, tuple[str, datetime]] = {}
        self._schemas: dict[str, _Known] = {}

    def of(self, product: ProductFacts) -> str:
        """The product type: as the seller names it for the category; else the shipped one if Amazon too knows it for the category's word; else the only
        one that Amazon knows for the category, or for the title. Refused where that leaves a choice: it is the seller's.
        """
        named = self._access.settings.get("product_types", {}).get(product.category)
        if named:
            return str(named)
        with self._lock:
            known = self._types.get(product.category)
        if known and self._now() < known[1]:
            return known[0]
        found = list(self._client.types(keywords=product.category)) if product.category else []
        shipped = shipped_type(product.category)
        if shipped in found or len(found) == 1:
            chosen = str(shipped if shipped in found else found[0])
            self._keep(self._types, product.category, (chosen, self._now() + KEPT))
            return chosen
        found = found or list(self._client.types(itemName=product.title))
        if len(found) != 1:  # what a title leads to is this product's alone, and not remembered
            choice = f"Amazon offers {', '.join(found[:_SHOWN])} for it" if found else "Amazon offers none for it"
            words = f"{self._access.account}: no product type for the category {product.category!r}: {choice}; name one under `product_types` {_WHERE}"
            raise Refused(words, (Problem("kind", words),))
        return found[0]

    def found(self, words: str) -> dict[str, str]:
        """Product type -> its name, for a seller's words: by keyword, else as the title of an item."""
        return self._client.types(keywords=",".join(words.split())) or self._client.types(itemName=words)

    def schema(self, product_type: str) -> Mapping[str, Any]:
        """The JSON Schema of a product type. Refused where Amazon knows no such type."""
        with self._lock:
            known = self._schemas.get(product_type)
        if known and self._now() < known.until:
            return known.schema
        definition = self._client.definition(product_type)
        if definition is None:
            words = f"{self._access.account}: Amazon has no product type {product_type!r} here; name another under `product_types` {_WHERE}"
            raise Refused(words, (Problem("kind", words),))
        link = definition.get("schema") or {}
        checksum = str(link.get("checksum") or "")
        schema = known.schema if known is not None and known.checksum == checksum else self._client.schema(link)
        self._keep(self._schemas, product_type, _Known(checksum, schema, self._now() + KEPT, str(definition.get("displayName") or "")))
        return schema

    def title(self, product_type: str) -> str:
        """The name for people of a product type whose schema was asked for; empty where Amazon gave none."""
        with self._lock:
            known = self._schemas.get(product_type)
        return known.title if known else ""

    def _keep(self, where: dict[str, Any], name: str, value: Any) -> None:
        with self._lock:
            if len(where) >= _MOST:
                where.clear()
            where[name] = value
