"""Amazon's notifications of listings: which listings to look at. Never what is wrong with them: that is read from the listing itself. Pure.

The envelope comes as it is, or under `detail` where Amazon EventBridge brings it. Schemas: ListingsItemIssuesChange 2023-12-13,
ListingsItemStatusChange 1.0 (whose own example does not have the type that it demands: both are taken).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["TYPES", "Hint", "hint_of"]

TYPES = (
    "LISTINGS_ITEM_ISSUES_CHANGE",
    "LISTINGS_ITEM_STATUS_CHANGE",
    "LISTINGS_ITEM_STATUS_CHANGED",
)


@dataclass(frozen=True)
class Hint:
    """Something changed for a seller's SKU; `marketplace` is Amazon's id, None where it was not said: on any of them. `id` tells repeats."""

    id: str
    seller_id: str
    merchant_sku: str
    asin: str | None
    marketplace: str | None


def hint_of(message: Any) -> Hint | None:
    """The hint in a notification; None for other types and for anything that lacks seller or SKU. Raises nothing."""
    envelope = _object(message)
    if "detail" in envelope:
        envelope = _object(envelope["detail"])
    if envelope.get("NotificationType") not in TYPES:
        return None
    payload, metadata = _object(envelope.get("Payload")), _object(envelope.get("NotificationMetadata"))
    seller, sku = _word(payload.get("SellerId")), _word(payload.get("Sku"))
    if seller is None or sku is None:
        return None
    return Hint(_word(metadata.get("NotificationId")) or "", seller, sku, _word(payload.get("Asin")), _word(payload.get("MarketplaceId")))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 255 else None
