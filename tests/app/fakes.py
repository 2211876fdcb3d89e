"""A marketplace of five lines of memory, which can be told to fail before or after the effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import integrations
from integrations import Access, NoticeSet, Offer, Receipt, Ref, Status


class FakeMarketplace:
    """What it shows is what it was sent; `fail` is raised at the next publish, `after` says whether the effect happens all the same."""

    def __init__(self) -> None:
        self.listings: dict[str, dict[str, Any]] = {}
        self.writes: list[Offer] = []
        self.calls: list[str] = []
        self.fail: Exception | None = None
        self.after = False
        self.pictures: dict[str, bytes] = {}
        self.said: dict[str, tuple[integrations.Notice, ...]] = {}
        self.blind: frozenset[str] = frozenset()  # positions that cannot be read back

    def connect(self, access: Access) -> FakeMarketplace:
        return self

    def publish(self, offer: Offer) -> Receipt:
        self.calls.append("publish")
        failure, self.fail = self.fail, None
        if failure is not None and not self.after:
            raise failure
        known = self.listings.get(offer.merchant_sku)
        if known is None and not offer.create and offer.external_id is None:
            raise integrations.Refused(f"{offer.merchant_sku}: there is no such listing")
        if known is None or known["key"] != offer.key:
            self.writes.append(offer)
        shown = {}
        for picture in offer.pictures:
            url = f"https://shop.example/{picture.sha256}"
            self.pictures[url] = picture.data()
            shown[picture.position] = url
        self.listings[offer.merchant_sku] = {"external_id": offer.external_id or f"X{len(self.listings) + 1}", "key": offer.key, "pictures": shown}
        if failure is not None:
            raise failure
        return Receipt("accepted", self.listings[offer.merchant_sku]["external_id"], offer.key)

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        self.calls.append("status")
        found = []
        for ref in refs:
            one = self.listings.get(ref.merchant_sku)
            shown = {p: u for p, u in one["pictures"].items() if p not in self.blind} if one else {}
            provable = frozenset({"main", "alt1", "alt2"} - self.blind)
            found.append(Status(ref, one is not None, True, False, shown, provable, self.said.get(ref.merchant_sku, ()), one["external_id"] if one else None))
        return found

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        return [NoticeSet(Ref(sku), said, datetime.now(UTC)) for sku, said in self.said.items()], "next"

    def picture(self, url: str) -> bytes:
        return self.pictures[url]
