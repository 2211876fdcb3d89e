"""The four verbs for Amazon, and `draft`: client and translate joined."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.amazon import draft, feed, reports, translate
from integrations.amazon.client import AmazonClient
from integrations.amazon.product_types import ProductTypes, shipped_type
from integrations.amazon.reports import SecondOpinion
from integrations.amazon.sdk import Payload
from integrations.drafting import CategoryMap, Draft
from integrations.errors import OutcomeUnknown, Problem, Refused, TryLater
from integrations.guard import guarded
from integrations.mapping import own_rows, rows_of
from integrations.marketplace import Access, Fed, NoticeSet, Offer, Outcome, ProductFacts, Receipt, Ref, Status
from integrations.pictures import shown_picture

__all__ = ["Amazon"]

log = logging.getLogger(__name__)

_OVERLAP = timedelta(minutes=2)
_STEP = timedelta(seconds=1)  # what a cursor tells apart
_WINDOWS = 5  # searches to their end by one poll: 250 calls, well within the lease of one
_PARTS = "summaries,attributes,issues"


@guarded
class Amazon:
    """One Amazon account. `transport` replaces the network and `now` the clock in tests."""

    def __init__(self, access: Access, transport: httpx.BaseTransport | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.access = access
        self.marketplace_id = access.site.ids["marketplace"]
        self._batch = access.site.limits["search_identifiers"]
        self._client = AmazonClient(access, transport)
        self._now = now
        self._types = ProductTypes(self._client, access, now)
        self._second = SecondOpinion(self._client, now)

    # writing

    def publish(self, offer: Offer) -> Receipt:
        """Patch what changed of a listing that is there, or put a new one where the offer allows that. The same offer twice has the same outcome."""
        if offer.variants:
            raise Refused(f"{offer.merchant_sku}: on Amazon each SKU is a listing of its own; send each product by itself, and join them by a parent SKU there")
        item = self._client.get(offer.merchant_sku, "summaries")
        summary = translate.summary_of(item, self.marketplace_id)
        asin = translate.asin_of(item, self.marketplace_id) or offer.external_id
        if summary or (item is not None and not offer.create):
            if not summary or translate.other_family(summary, offer.product.condition):
                # a SKU that never became an item was never given a picture, whatever was accepted;
                # nor were these attributes, where the goods were new then and are used now
                offer = replace(offer, pushed=None)
            patch = translate.images_patch(offer, self.access, summary.get("productType"))
            if patch is None:
                return Receipt("accepted", asin, None)
            payload = self._client.patch(offer.merchant_sku, patch)
        elif offer.create:
            payload = self._create(offer)
        else:
            raise Refused(f"{offer.merchant_sku}: not listed on {self.access.account}, and this push may not create it")
        if "status" not in payload:
            raise OutcomeUnknown(f"{offer.merchant_sku}: an answer without a status")
        _raise_refusal(offer, payload)
        warnings = tuple(f"{problem.code}: {problem.message}" for problem in translate.problems_of(payload.get("issues") or []))
        reference = payload.get("submissionId")
        return Receipt("accepted", asin, str(reference) if reference else None, (), warnings)

    def _create(self, offer: Offer) -> Payload:
        """Ask Amazon first what it would say, so that a No leaves nothing behind; then put."""
        kind = self._types.of(offer.product)
        schema = self._types.schema(kind)
        mapped = draft.attributes_of(offer.product, self.access.settings.get("mapping", {}), schema, self.access.site)
        body = translate.new_listing(offer, self.access, kind, mapped)
        ours = tuple(Problem(f"attribute:{lack.attribute}", lack.words) for lack in draft.missing(schema, body["attributes"]))
        _raise_refusal(offer, self._client.preview(offer.merchant_sku, body), ours)
        return self._client.put(offer.merchant_sku, body)

    def draft(self, product: ProductFacts) -> Draft:
        """A new listing of this product as it would be sent now, without its pictures, and what Amazon's schema still misses."""
        kind = self._types.of(product)
        schema = self._types.schema(kind)
        mapped = draft.attributes_of(product, self.access.settings.get("mapping", {}), schema, self.access.site)
        attributes = translate.base_attributes(product, self.access) | mapped | self.access.settings.get("attributes", {})
        lacks = tuple(lack for lack in draft.missing(schema, attributes) if "image_locator" not in lack.attribute)
        return Draft(kind, attributes, draft.fields_of(schema, attributes), lacks, self._types.title(kind))

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        """(product type, its name) that Amazon finds for these words."""
        return list(self._types.found(words).items())

    def mapped(self, category: str) -> CategoryMap:
        """The category's product type and mapping, by the account's settings."""
        settings = self.access.settings
        chosen = settings.get("product_types", {}).get(category)
        return CategoryMap(str(chosen or ""), shipped_type(category), rows_of(settings.get("mapping", {}), category))

    def remapped(self, category: str, kind: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with `product_types` and `mapping` of this category replaced."""
        settings = self.access.settings
        mapping = settings.get("mapping", {})
        own = own_rows(rows, rows_of(mapping, "*"))
        types = {**settings.get("product_types", {}), category: kind}
        return {**settings, "product_types": {name: one for name, one in types.items() if one}, "mapping": {**mapping, category: own}}

    def send_many(self, offers: Mapping[int, Offer]) -> Fed:
        """Submit a JSON_LISTINGS_FEED of the offers' changed positions."""
        built = feed.build(offers, self.access)
        reference = self._client.send_feed(built.document) if built.offers else None
        return Fed(reference, frozenset(built.offers), built.refused)

    def outcomes(self, reference: str, sent: Collection[int]) -> Mapping[int, Outcome] | None:
        """What the feed's report says of each message; nothing of any where it came to no end of its own."""
        told = self._client.feed(reference)
        if told.get("processingStatus") in ("IN_QUEUE", "IN_PROGRESS"):
            return None
        document = told.get("resultFeedDocumentId")
        return feed.outcomes_of(self._client.feed_report(str(document)), sent) if document else {}

    # reading

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        """One listing by two calls. Several by two calls for each 20, and one more for each that search does not show as known and without a complaint."""
        if len(refs) == 1:
            return [self._status(refs[0])]
        items = self._items(refs)
        asins = list(dict.fromkeys(asin for item in items.values() if (asin := translate.asin_of(item, self.marketplace_id))))
        galleries: dict[str, Payload] = {}
        for start in range(0, len(asins), self._batch):
            galleries |= self._client.galleries(asins[start : start + self._batch])
        found = []
        for ref in refs:
            item = items.get(ref.merchant_sku)
            found.append(translate.status_of(ref, item, galleries.get(translate.asin_of(item, self.marketplace_id) or ""), self.access.site))
        return found

    def _status(self, ref: Ref) -> Status:
        item = self._client.get(ref.merchant_sku, _PARTS)
        asin = translate.asin_of(item, self.marketplace_id)
        return translate.status_of(ref, item, self._client.images(asin) if asin else None, self.access.site)

    def _items(self, refs: Sequence[Ref]) -> dict[str, Payload | None]:
        """SKU -> listing. Search shows a sibling's picture at times and forgets listings: what it says is believed only where it says that nothing is new."""
        mains = {ref.merchant_sku: ref.main for ref in refs}
        named = [sku for sku in mains if "," not in sku and sku == sku.strip()]  # `identifiers` is a list with commas
        said: dict[str, Payload] = {}
        for start in range(0, len(named), self._batch):
            batch = ",".join(named[start : start + self._batch])
            answer = self._client.search(identifiers=batch, identifiersType="SKU", includedData=_PARTS, pageSize=str(self._batch))
            said |= {str(item.get("sku")): item for item in answer.get("items") or []}
        sure = {sku for sku, item in said.items() if translate.nothing_new(item, self.marketplace_id, mains.get(sku))}
        return {sku: said[sku] if sku in sure else self._client.get(sku, _PARTS) for sku in mains}

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """Listings with errors or warnings that changed since `cursor`, oldest first; once a day those of the suppressed-listings report too.

        A search that reached its end is followed by one from where that was. After some of them the cursor stops there, always further than it was.
        Where Amazon does not go on answering, what was read is told and the cursor stops at the last of it; TryLater where nothing was read.
        """
        began = self._now()
        since, state = reports.split(cursor)
        found: dict[str, NoticeSet] = {}
        until = began
        for _ in range(_WINDOWS):
            read: list[tuple[NoticeSet, datetime | None]] = []
            try:
                self._changed(since, began, read)
            except TryLater as error:
                if not found and not read:
                    raise
                log.info("%s: the changes are read as far as Amazon answers: %s", self.access.account, error)
                found |= {entry.ref.merchant_sku: entry for entry, _ in read}
                last = _last(read)
                return list(found.values()), reports.joined(_written(min(last, began)) if last else since, state)
            found |= {entry.ref.merchant_sku: entry for entry, _ in read}
            if len(read) < self.access.site.limits["search_reach"]:
                until = began
                break
            before = _moment(since)
            until = _last(read) or before or began
            if before is not None and until < before + _STEP:
                log.warning("%s: more changes in one second than a search reaches; the rest of them is left to the sweep", self.access.account)
                until = before + _STEP
            since = _written(until)
        hints, state = self._second.look(state)
        told = [*found.values(), *(NoticeSet(ref, (), began) for ref in hints if ref.merchant_sku not in found)]
        return told, reports.joined(_written(until - _OVERLAP if until == began else until), state)

    def _changed(self, since: str, began: datetime, found: list[tuple[NoticeSet, datetime | None]]) -> None:
        """Add what one search reaches of it to `found`, each with its date if it has one, oldest first and page by page: what is there stays there if
        the next page is not had."""
        query = {"includedData": "summaries,issues", "withIssueSeverity": "ERROR,WARNING", "pageSize": "20", "sortBy": "lastUpdatedDate", "sortOrder": "ASC"}
        if since:
            query["lastUpdatedAfter"] = since
        page: dict[str, str] = {}
        while len(found) < self.access.site.limits["search_reach"]:
            answer = self._client.search(**query, **page)
            for item in answer.get("items") or []:
                ref = Ref(str(item.get("sku")), translate.asin_of(item, self.marketplace_id))
                changed = translate.updated_at(item, self.marketplace_id)
                found.append((NoticeSet(ref, translate.notices_of(item, self.marketplace_id), changed or began), changed))
            token = (answer.get("pagination") or {}).get("nextToken")
            if not token or not answer.get("items"):
                break
            page = {"pageToken": str(token)}

    def picture(self, url: str) -> bytes:
        """The bytes that Amazon shows at `url`; Refused for any host but Amazon's picture hosts."""
        return shown_picture(url, self.access, "api")


def _raise_refusal(offer: Offer, payload: Payload, more: tuple[Problem, ...] = ()) -> None:
    """HTTP 200 with status INVALID is a refusal; `more` is what we had found ourselves, told along."""
    problems = translate.submission_problems(payload)
    if problems is not None:
        told = (*problems, *more)
        raise Refused(f"{offer.merchant_sku}: {'; '.join(problem.message for problem in told) or payload.get('status')}", told)


def _last(read: Sequence[tuple[NoticeSet, datetime | None]]) -> datetime | None:
    """The latest date read; a SKU that never became an item has none."""
    return next((changed for _, changed in reversed(read) if changed is not None), None)


def _moment(written: str) -> datetime | None:
    """The time in a cursor; None where there is none."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
