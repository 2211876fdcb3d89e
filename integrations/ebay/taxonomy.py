"""eBay's categories and what each wants to know of an item, by the Taxonomy API. Help for a new listing, never a gate: eBay's own verification decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from integrations.ebay.aspects import Aspect, read
from integrations.ebay.client import EbayClient, object_in

__all__ = ["Taxonomy"]

_KEPT = 86_400.0  # seconds; eBay changes categories a few times a year


class Taxonomy:
    """The category tree of the account's site. What is read is kept for a day."""

    def __init__(self, client: EbayClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def aspects(self, category_id: str) -> tuple[Aspect, ...]:
        """What eBay wants to know of an item in this category."""
        path = f"category_tree/{self._tree()}/get_item_aspects_for_category"
        return read(self._get("getItemAspectsForCategory", path, {"category_id": category_id}))

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        """(id, name) of the categories that eBay finds for these words, the likeliest first; the name tells the way down to it."""
        answer = self._get("getCategorySuggestions", f"category_tree/{self._tree()}/get_category_suggestions", {"q": words[:100]})
        found = []
        for entry in answer.get("categorySuggestions") or ():
            above = sorted(entry.get("categoryTreeNodeAncestors") or (), key=lambda one: int(one.get("categoryTreeNodeLevel") or 0))
            names = [*(str(one.get("categoryName")) for one in above), str(entry["category"].get("categoryName"))]
            found.append((str(entry["category"]["categoryId"]), " > ".join(names)))
        return found

    def _tree(self) -> str:
        site = {"marketplace_id": f"EBAY_{self._client.access.site.country}"}
        return str(self._get("getDefaultCategoryTreeId", "get_default_category_tree_id", site).get("categoryTreeId"))

    def _get(self, operation: str, path: str, query: dict[str, str]) -> dict[str, Any]:
        key, now = f"{path} {query}", self._clock()
        at, kept = self._kept.get(key, (0.0, None))
        if kept is None or now - at > _KEPT:
            answer = self._client.rest(operation, "GET", f"{self._client.access.endpoint('taxonomy')}/{path}", application=True, params=query)
            kept = object_in(answer)
            self._kept[key] = now, kept
        return kept
