"""Amazon by the Selling Partner API: Listings Items 2021-08-01 to write and read, Catalog Items 2022-04-01 for the gallery that buyers see."""

from __future__ import annotations

import os

from integrations.errors import NotAuthorised
from integrations.marketplace import Access, Marketplace

__all__ = ["connect"]


def connect(access: Access) -> Marketplace:
    """The connector for one Amazon account; NotAuthorised when credentials are incomplete or the environment would redirect the SDK."""
    if os.environ.get("SP_API_DEFAULT_MARKETPLACE"):
        # checked before the SDK is imported: it reads the variable at import and lets it win over the marketplace it is given
        raise NotAuthorised(f"{access.account}: unset SP_API_DEFAULT_MARKETPLACE; it would send this account's calls to another marketplace")
    from integrations.amazon.marketplace import Amazon

    return Amazon(access)
