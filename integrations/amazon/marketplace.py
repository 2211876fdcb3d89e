"""The four verbs for Amazon: client and translate joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx

from integrations.amazon import translate
from integrations.amazon.client import AmazonClient
from integrations.errors import OutcomeUnknown, Refused
from integrations.marketplace import Access, NoticeSet, Offer, Receipt, Ref, Status
from integrations.pictures import shown_picture

__all__ = ["Amazon"]

_OVERLAP = timedelta(minutes=2)
_PAGES = 50  # 20 SKUs a page, and Amazon pages through at most 1,000 (listingsItems_2021-08-01.json)


class Amazon:
    """One Amazon account. `transport` replaces the network and `now` the clock in tests."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.access = access
        self.marketplace_id = access.site.ids["marketplace"]
        self._client = AmazonClient(access, transport)
        self._now = now

    def publish(self, offer: Offer) -> Receipt:
        """Patch the pictures of a listing that is there, or put a new one where the offer allows that. The same offer twice has the same outcome."""
        item = self._client.get(offer.merchant_sku, "summaries")
        summary = translate.summary_of(item, self.marketplace_id)
        if summary or (item is not None and not offer.create):
            payload = self._client.patch(offer.merchant_sku, translate.images_patch(offer, self.access, summary.get("productType")))
        elif offer.create:
            payload = self._client.put(offer.merchant_sku, translate.new_listing(offer, self.access))
        else:
            raise Refused(f"{offer.merchant_sku}: not listed on {self.access.account}, and this push may not create it")
        problems = translate.submission_problems(payload)
        if "status" not in payload:
            raise OutcomeUnknown(f"{offer.merchant_sku}: an answer without a status")
        if problems is not None:
            raise Refused(f"{offer.merchant_sku}: {'; '.join(problem.message for problem in problems) or payload['status']}", problems)
        warnings = tuple(f"{problem.code}: {problem.message}" for problem in translate.problems_of(payload.get("issues") or []))
        reference = payload.get("submissionId")
        return Receipt("accepted", translate.asin_of(item, self.marketplace_id) or offer.external_id, str(reference) if reference else None, (), warnings)

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        """Two calls a listing: the listing with its issues, and the gallery that buyers see."""
        return [self._status(ref) for ref in refs]

    def _status(self, ref: Ref) -> Status:
        item = self._client.get(ref.merchant_sku, "summaries,attributes,issues")
        asin = translate.asin_of(item, self.marketplace_id)
        return translate.status_of(ref, item, self._client.images(asin) if asin else None, self.access.site)

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """Listings with errors or warnings that changed since `cursor`, oldest first. Beyond 1,000 the cursor stops at the last one read."""
        began = self._now()
        query = {"includedData": "summaries,issues", "withIssueSeverity": "ERROR,WARNING", "pageSize": "20", "sortBy": "lastUpdatedDate", "sortOrder": "ASC"}
        if cursor:
            query["lastUpdatedAfter"] = cursor
        found: list[NoticeSet] = []
        page: dict[str, str] = {}
        for _ in range(_PAGES):
            answer = self._client.search(**query, **page)
            for item in answer.get("items") or []:
                ref = Ref(str(item.get("sku")), translate.asin_of(item, self.marketplace_id))
                found.append(NoticeSet(ref, translate.notices_of(item, self.marketplace_id), translate.updated_at(item, self.marketplace_id) or began))
            token = (answer.get("pagination") or {}).get("nextToken")
            if not token:
                return found, _cursor(began)
            page = {"pageToken": str(token)}
        return found, _cursor(found[-1].at if found else began)

    def picture(self, url: str) -> bytes:
        """The bytes that Amazon shows at `url`; Refused for any host but Amazon's picture hosts."""
        return shown_picture(url, self.access, "api")


def _cursor(moment: datetime) -> str:
    return (moment - _OVERLAP).astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
