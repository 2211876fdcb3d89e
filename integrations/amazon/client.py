"""Amazon's calls by their own names, in the API's own JSON: listings, catalogue, product types, feeds, reports. Errors and tokens are the seam's (`sdk.py`)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from integrations.amazon.sdk import Line, Payload
from integrations.errors import OutcomeUnknown, TryLater

__all__ = ["AmazonClient"]

FEED_BYTES, SCHEMA_BYTES, REPORT_BYTES = 200_000_000, 20_000_000, 200_000_000  # ours: more is not read into memory
JSON_UTF8 = "application/json; charset=UTF-8"

_LISTINGS = "/listings/2021-08-01/items"
_CATALOG = "/catalog/2022-04-01/items"
_TYPES = "/definitions/2020-09-01/productTypes"
_FEEDS = "/feeds/2021-06-30"
_REPORTS = "/reports/2021-06-30"


class AmazonClient(Line):
    """Calls for one account on one marketplace."""

    # listings

    def get(self, sku: str, included: str) -> Payload | None:
        """getListingsItem, None where there is no such SKU. `included` is a csv; one marketplace a call, as several answer only for the first."""
        return self.call(
            "getListingsItem", lambda: self._sdk.get_listings_item(self.seller_id, sku, includedData=included, **self._common()), missing_is_none=True
        )

    def search(self, **query: str) -> Payload:
        """searchListingsItems, one page with its `pagination`. Lists must come as csv."""
        return self.call("searchListingsItems", lambda: self._sdk.search_listings_items(self.seller_id, **query, **self._common())) or {}

    def patch(self, sku: str, body: Payload) -> Payload:
        """patchListingsItem: the write that pushes pictures."""
        send = lambda: self._sdk.patch_listings_item(self.seller_id, sku, body=body, includedData="issues", **self._common())  # noqa: E731
        return self.call("patchListingsItem", send, writing=True) or {}

    def put(self, sku: str, body: Payload) -> Payload:
        """putListingsItem: creates, or replaces the whole listing. Not the SDK's own method, which adds four stray keys to the body."""
        return self.request("putListingsItem", "PUT", self._item(sku), {"includedData": "issues", **self._common()}, body, writing=True) or {}

    def preview(self, sku: str, body: Payload) -> Payload:
        """putListingsItem with VALIDATION_PREVIEW: what Amazon would say; nothing is kept there."""
        query = {"includedData": "identifiers,issues", "mode": "VALIDATION_PREVIEW", **self._common()}
        return self.request("putListingsItem", "PUT", self._item(sku), query, body) or {}

    def _item(self, sku: str) -> str:
        return f"{_LISTINGS}/{quote(self.seller_id, safe='')}/{quote(sku, safe='')}"

    # the catalogue: what buyers see

    def images(self, asin: str) -> Payload | None:
        """getCatalogItem with images: the gallery that buyers see. None where the catalogue does not know the ASIN."""
        return self.request("getCatalogItem", "GET", f"{_CATALOG}/{quote(asin, safe='')}", self._gallery(), missing_is_none=True)

    def galleries(self, asins: Sequence[str]) -> dict[str, Payload]:
        """searchCatalogItems: the galleries of as many ASINs as one search takes, by ASIN; one that the catalogue does not know is left out."""
        query = {**self._gallery(), "identifiers": ",".join(asins), "identifiersType": "ASIN", "pageSize": str(len(asins))}
        answer = self.request("searchCatalogItems", "GET", _CATALOG, query, missing_is_none=True) or {}
        return {str(item.get("asin")): item for item in answer.get("items") or []}

    def _gallery(self) -> dict[str, str]:
        return {"marketplaceIds": self.marketplace_id, "includedData": "images"}

    # product types: what a listing must say

    def types(self, **query: str) -> dict[str, str]:
        """searchDefinitionsProductTypes by `keywords` or by `itemName`: product type -> its name for people, best first."""
        answer = self.request("searchDefinitionsProductTypes", "GET", _TYPES, {"marketplaceIds": self.marketplace_id, "locale": self.locale, **query}) or {}
        return {str(entry["name"]): str(entry.get("displayName") or entry["name"]) for entry in answer.get("productTypes") or [] if entry.get("name")}

    def definition(self, product_type: str) -> Payload | None:
        """getDefinitionsProductType with its requirements enforced; None where there is no such type. The schema itself is behind its link."""
        query = {"marketplaceIds": self.marketplace_id, "sellerId": self.seller_id, "requirements": "LISTING", "requirementsEnforced": "ENFORCED"}
        path = f"{_TYPES}/{quote(product_type, safe='')}"
        return self.request("getDefinitionsProductType", "GET", path, {**query, "locale": self.locale}, missing_is_none=True)

    def schema(self, link: Payload) -> Payload:
        """The schema behind a definition's `schema` link; TryLater where it is not what its checksum (Base64 MD5) says."""
        data = self.download(self._said(link.get("link") or {}, "resource"), SCHEMA_BYTES)
        found = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        if found != link.get("checksum"):
            raise TryLater(60, f"{self.account}: a product type's schema has the checksum {found}, not {link.get('checksum')}")
        return _object(self.account, data)

    # feeds: many changes in one file

    def send_feed(self, document: bytes) -> str:
        """Upload a JSON_LISTINGS_FEED document and submit it; its feed id. OutcomeUnknown where the submission got no answer: again does no harm."""
        place = self.request("createFeedDocument", "POST", f"{_FEEDS}/documents", {}, {"contentType": JSON_UTF8}) or {}
        self.upload(self._said(place, "url"), document, JSON_UTF8)
        body = {"feedType": "JSON_LISTINGS_FEED", "marketplaceIds": [self.marketplace_id], "inputFeedDocumentId": self._said(place, "feedDocumentId")}
        answer = self.request("createFeed", "POST", f"{_FEEDS}/feeds", {}, body, writing=True) or {}
        if not answer.get("feedId"):
            raise OutcomeUnknown(f"{self.account} createFeed: an answer without a feedId")
        return str(answer["feedId"])

    def feed(self, feed_id: str) -> Payload:
        """getFeed: its processingStatus, and its resultFeedDocumentId once there is one."""
        return self.request("getFeed", "GET", f"{_FEEDS}/feeds/{quote(feed_id, safe='')}", {}) or {}

    def feed_report(self, document_id: str) -> Payload:
        """The processing report of a finished feed."""
        place = self.request("getFeedDocument", "GET", f"{_FEEDS}/documents/{quote(document_id, safe='')}", {}) or {}
        return _object(self.account, self.download(self._said(place, "url"), FEED_BYTES, packed=place.get("compressionAlgorithm") == "GZIP"))

    # reports

    def ask_report(self, report_type: str) -> str:
        """createReport for this marketplace; its report id. Asked twice, there are two."""
        body = {"reportType": report_type, "marketplaceIds": [self.marketplace_id]}
        return self._said(self.request("createReport", "POST", f"{_REPORTS}/reports", {}, body) or {}, "reportId")

    def report(self, report_id: str) -> Payload:
        """getReport: its processingStatus, and its reportDocumentId once there is one."""
        return self.request("getReport", "GET", f"{_REPORTS}/reports/{quote(report_id, safe='')}", {}) or {}

    def report_document(self, document_id: str) -> bytes:
        """The file of a finished report, as it is."""
        place = self.request("getReportDocument", "GET", f"{_REPORTS}/documents/{quote(document_id, safe='')}", {}) or {}
        return self.download(self._said(place, "url"), REPORT_BYTES, packed=place.get("compressionAlgorithm") == "GZIP")

    def _said(self, answer: Payload, name: str) -> str:
        """A word that the answer must hold; TryLater where it does not."""
        if not answer.get(name):
            raise TryLater(60, f"{self.account}: an answer without {name}")
        return str(answer[name])

    def _common(self) -> dict[str, str]:
        return {"marketplaceIds": self.marketplace_id, "issueLocale": self.locale}


def _object(account: str, data: bytes) -> Payload:
    try:
        read: Any = json.loads(data)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise TryLater(60, f"{account}: a document that is not a JSON object")
    return read
