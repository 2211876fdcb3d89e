"""The four verbs for Shop: client and translate joined."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from packshot_shop import translate
from packshot_shop.client import Client

from integrations import Access, NoticeSet, Offer, Receipt, Ref, Status
from integrations.guard import guarded
from integrations.pictures import shown_picture


@guarded
class Shop:
    """One account on Shop."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._client = Client(access)

    def publish(self, offer: Offer) -> Receipt:
        """Store the pictures, then put the listing: a put replaces, so the same offer twice is the same listing."""
        translate.listing(offer, self.access.site, {})
        self._items([offer.merchant_sku])  # credentials and weather, before anything is written
        stored = {picture.sha256: str(self._client.call("store", "POST", "pictures", data=picture.data())["id"]) for picture in offer.pictures}
        body = translate.listing(offer, self.access.site, stored)
        answer = self._client.call("put", "PUT", f"items/{quote(offer.merchant_sku, safe='')}", writing=True, json=body)
        return Receipt("accepted", translate._word(answer["id"]), offer.key)

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        """One call for each batch."""
        items = self._items([ref.merchant_sku for ref in refs])
        return [translate.status(ref, items.get(ref.merchant_sku), self.access.site) for ref in refs]

    def _items(self, skus: Sequence[str]) -> dict[str, dict[str, Any]]:
        found, size = {}, self.access.site.status_batch
        for start in range(0, len(skus), size):
            batch = skus[start : start + size]
            answer = self._client.call("items", "POST", "items", json={"skus": batch})
            if [item["sku"] for item in answer["items"]] != [sku for sku in batch if sku not in answer["unknown"]]:
                raise ValueError("an answer to another question")
            found |= {item["sku"]: item for item in answer["items"]}
        return found

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """What changed since a number that Shop counts up, page by page."""
        found, after = [], int(cursor or 0)
        while True:
            answer = self._client.call("changes", "GET", f"changes?after={after}")
            for item in answer["changes"]:
                found.append(NoticeSet(Ref(translate._word(item["sku"]), translate._word(item["id"])), translate.notices(item), datetime.now(UTC)))
            if not answer["changes"]:
                return found, str(after)
            after = max(after + 1, int(answer["last"]))

    def picture(self, url: str) -> bytes:
        """The bytes that Shop shows; Refused for any other host."""
        return shown_picture(url, self.access, "api")
