"""eBay: pictures by the Media API, listings by the Trading API."""

from __future__ import annotations

from integrations.marketplace import Access, Marketplace

__all__ = ["connect"]


def connect(access: Access) -> Marketplace:
    """The connector for one eBay account; NotAuthorised when credentials are incomplete."""
    from integrations.ebay.marketplace import Ebay

    return Ebay(access)
