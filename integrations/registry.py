"""Which connector speaks for an account: the built-in table, then other packages' entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from integrations.marketplace import Access, Marketplace
from integrations.sites import ENTRY_POINTS

__all__ = ["MARKETPLACES", "connect"]

# connector name -> "module:function"; the SDK behind it is imported when an account first needs it
MARKETPLACES = {
    "amazon": "integrations.amazon:connect",
    "ebay": "integrations.ebay:connect",
}


def connect(access: Access) -> Marketplace:
    """The connector for this account. NotAuthorised when credentials are incomplete, ValueError for an unknown connector; calls nobody yet."""
    return _factory(access.site.connector)(access)


def _factory(name: str) -> Callable[[Access], Marketplace]:
    if name in MARKETPLACES:
        module, _, function = MARKETPLACES[name].partition(":")
        return cast(Callable[[Access], Marketplace], getattr(import_module(module), function))
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return cast(Callable[[Access], Marketplace], point.load())
    others = sorted(point.name for point in entry_points(group=ENTRY_POINTS))
    raise ValueError(f"no connector named {name!r}; there are {', '.join([*MARKETPLACES, *others])}")
