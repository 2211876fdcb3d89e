"""The four verbs for eBay: client, media and translate joined."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.ebay import inventory, media, translate
from integrations.ebay.client import EbayClient, Failure
from integrations.ebay.taxonomy import Taxonomy
from integrations.ebay.words import many, text
from integrations.errors import OutcomeUnknown, Problem, Refused, Throttled, TryLater
from integrations.guard import guarded
from integrations.marketplace import Access, Notice, NoticeSet, Offer, Receipt, Ref, Status
from integrations.pictures import shown_picture
from integrations.rates import PROOFS, SWEEPS

__all__ = ["Ebay"]

log = logging.getLogger(__name__)

_OVERLAP = timedelta(minutes=2)
_NOTED_LATE = timedelta(hours=1)  # a removed listing stays in the unsold list for 60 days: told once it is no news, and not worth a look at each poll
_SHARES = {"sweep": SWEEPS, "proof": PROOFS, "write": 1.0}
_PAGE = 200
_INVENTORY = "inventory"  # `Receipt.model`: made with the Inventory API, so only that may revise it
_PAGES = 25
_LISTED = timedelta(days=119)  # GetSellerList takes less than 120 days; a listing "until cancelled" ends within a month and is renewed
_FIELDS = (
    *("ItemID", "SKU", "Quantity", "SellingStatus", "PictureDetails", "HideFromSearch", "ReasonHideFromSearch"),
    *("ItemPolicyViolation", "ListingDetails", "eBayNotes"),
)


@guarded
class Ebay:
    """One eBay account. eBay knows only an order of pictures: a gap between positions closes up. `now` is the clock of tests."""

    def __init__(self, access: Access, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.access, self.site = access, access.site
        self._client = EbayClient(access)
        self._taxonomy = Taxonomy(self._client)
        self._now = now

    def publish(self, offer: Offer) -> Receipt:
        """Store the pictures, then revise the listing's whole set, or add the item where the offer allows that.

        The listing is looked up by SKU before anything is added, and both writes carry the offer's key, so that a repeat lists nothing twice.
        """
        pictures = translate.pictures_in_order(offer, self.site)
        item_id = offer.external_id or self._find(offer.merchant_sku)
        if item_id and offer.sent_today >= (most := self.site.limits["revisions_day"]):
            words = f"{offer.merchant_sku}: eBay takes {most} revisions of a listing a day, and {offer.sent_today} were sent in the last 24 hours"
            raise Throttled(3600, f"{words}; tried again in an hour")
        if item_id is None and not offer.create:
            raise Refused(f"{offer.merchant_sku}: not listed on {self.access.account}, and this push may not create it")
        hosted = media.host_all(self._client, pictures, self._now())
        try:
            details = translate.picture_details(offer.merchant_sku, hosted, self.access)
            item_id, reference, warnings, model = self._revise(offer, item_id, details) if item_id else (*self._add(offer, details), None)
        except (TryLater, Refused, OutcomeUnknown) as error:
            error.hosted = hosted
            raise
        closed_up = tuple(picture.position for picture in pictures) != self.site.positions[: len(pictures)]
        return Receipt("accepted", item_id, reference, hosted, (*warnings, *(["positions have gaps; eBay closes them up"] if closed_up else [])), model)

    def _revise(self, offer: Offer, item_id: str, details: dict[str, Any]) -> tuple[str, str | None, tuple[str, ...], str | None]:
        if offer.model == _INVENTORY:
            return item_id, None, inventory.replace_pictures(self._client, offer.merchant_sku, details["PictureURL"]), _INVENTORY
        try:
            reply, warnings = self._client.trading("ReviseFixedPriceItem", translate.revision(offer, item_id, details), writing=True)
        except Failure as failure:
            if failure.says("inventory"):
                return self._revise(replace(offer, model=_INVENTORY), item_id, details)
            if _repeated(failure):
                return item_id, offer.key, ("eBay had this revision already",), None
            raise
        return text(reply.get("ItemID")) or item_id, offer.key, _said(warnings), None

    def _add(self, offer: Offer, details: dict[str, Any]) -> tuple[str, str | None, tuple[str, ...]]:
        request, remarks = translate.new_item(offer, details, self.access)
        self._check(offer, request)
        try:
            reply, warnings = self._client.trading("AddFixedPriceItem", request, writing=True)
        except Failure as failure:
            if not _repeated(failure):
                raise
            item_id = translate.repeated_item_id(failure.reply) or self._find(offer.merchant_sku)
            if item_id is None:
                raise OutcomeUnknown(f"{offer.merchant_sku}: eBay has this call already and does not name its listing") from None
            return item_id, offer.key, (*remarks, "eBay had this listing already")
        item_id = text(reply.get("ItemID"))
        if not item_id:
            raise OutcomeUnknown(f"{offer.merchant_sku}: accepted without an item id")
        return item_id, offer.key, (*remarks, *_said(warnings))

    def _check(self, offer: Offer, request: dict[str, Any]) -> None:
        """Refused, in our words or eBay's, before anything exists. Fees are eBay's to tell, and no reason."""
        category = translate.category_of(offer, self.access)
        try:
            aspects = self._taxonomy.aspects(category)
        except (TryLater, Refused):  # it only helps to say early what the verification would say
            aspects = ()
        if problems := translate.objections(offer, aspects, self.access):
            raise Refused(f"{offer.merchant_sku}: category {category}: " + "; ".join(problem.message for problem in problems), problems)
        self._client.trading("VerifyAddFixedPriceItem", translate.verification(request))

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        """(id, name) of the categories that eBay finds for these words, for the page where a seller chooses them."""
        return self._taxonomy.suggestions(words)

    def missing(self, offer: Offer) -> tuple[Problem, ...]:
        """What a new listing of this product would be refused for, without sending anything."""
        return translate.objections(offer, self._taxonomy.aspects(translate.category_of(offer, self.access)), self.access)

    def _find(self, sku: str, share: float = 1.0) -> str | None:
        """The active listing with this SKU, None when there is none: one call, however many listings the account has."""
        now = self._now()
        for page in range(1, _PAGES + 1):
            wanted = {"SKUArray": {"SKU": sku}, "EndTimeFrom": _written(now), "EndTimeTo": _written(now + _LISTED), "DetailLevel": "ReturnAll"}
            paged = {"Pagination": {"EntriesPerPage": _PAGE, "PageNumber": page}}
            reply, _ = self._client.trading("GetSellerList", wanted | paged, share=share)
            items = many((reply.get("ItemArray") or {}).get("Item"))
            found = next((item for item in items if text(item.get("SKU")) == sku and not translate.ended(item)), None)
            if found is not None:
                return text(found.get("ItemID")) or None
            if text(reply.get("HasMoreItems")) != "true":
                return None
        raise TryLater(3600, f"{self.access.account}: eBay has more than {_PAGE * _PAGES} listings for SKU {sku}; give the listing's item id")

    def _selling(self, which: str, **options: Any) -> Iterator[dict[str, Any]]:
        """Items of one of the GetMyeBaySelling lists, page by page."""
        for page in range(1, _PAGES + 1):
            wanted = {"Include": True, **options, "Pagination": {"EntriesPerPage": _PAGE, "PageNumber": page}}
            reply, _ = self._client.trading("GetMyeBaySelling", {which: wanted, "DetailLevel": "ReturnAll"}, share=SWEEPS)
            found = reply.get(which) or {}
            yield from many((found.get("ItemArray") or {}).get("Item"))
            pages = text((found.get("PaginationResult") or {}).get("TotalNumberOfPages"))
            if not pages.isdigit() or page >= int(pages):
                return
        log.warning("%s: more than %d listings in %s; the rest is not read", self.access.account, _PAGE * _PAGES, which)

    def status(self, refs: Sequence[Ref]) -> list[Status]:
        """One GetItem a listing; the unsold list is asked only when eBay no longer knows one, for the reason why."""
        unsold: dict[str, tuple[Notice, ...]] | None = None
        found = []
        for ref in refs:
            share = _SHARES[ref.need]
            item_id = ref.external_id or self._find(ref.merchant_sku, share)
            item, words = self._item(item_id, share) if item_id else (None, "")
            extra: tuple[Notice, ...] = ()
            if item_id and item is None:
                unsold = self._unsold() if unsold is None else unsold
                extra = unsold.get(item_id) or self._offered(ref, item_id) or (translate.gone_notice(words),)
            elif item_id and item and ref.model == _INVENTORY:
                known = {notice.code for notice in translate.notices_of(item)}
                extra = tuple(notice for notice in self._offered(ref, item_id) if notice.code not in known)
            found.append(translate.status_of(ref, item, extra, self.site))
        return found

    def _offered(self, ref: Ref, item_id: str) -> tuple[Notice, ...]:
        return translate.offer_notices(inventory.listing_of(self._client, ref.merchant_sku, item_id))

    def _item(self, item_id: str, share: float) -> tuple[dict[str, Any] | None, str]:
        try:
            reply, _ = self._client.trading("GetItem", {"ItemID": item_id, "OutputSelector": [f"Item.{name}" for name in _FIELDS]}, share=share)
        except Failure as failure:
            if failure.says("gone"):
                return None, failure.message
            raise
        return reply.get("Item") or None, ""

    def _unsold(self) -> dict[str, tuple[Notice, ...]]:
        items = self._selling("UnsoldList", IncludeNotes=True, DurationInDays=60)
        return {text(item.get("ItemID")): notices for item in items if (notices := translate.unsold_notices(item))}

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """Listings that changed since the cursor, with what the event itself says against them, and listings that eBay removed since then.

        A hint for each, from two calls: whoever cares reads the listing itself.
        """
        now = self._now()
        longest = timedelta(hours=self.site.limits["seller_events_hours"])
        since = max(translate.moment(cursor) or now - longest, now - longest) if cursor else now - longest
        changed, until = self._changed(since, now)
        found = {item_id: NoticeSet(Ref(text(event.get("SKU")), item_id), translate.notices_of(event), until) for item_id, event in changed.items()}
        for item in self._selling("UnsoldList", IncludeNotes=True, DurationInDays=60):
            item_id, notices = text(item.get("ItemID")), translate.unsold_notices(item)
            ends = translate.moment((item.get("ListingDetails") or {}).get("EndTime"))
            news = not cursor or ends is None or ends >= since - _NOTED_LATE
            if notices and news and not any(notice.kind == "removed" for notice in (found[item_id].notices if item_id in found else ())):
                found[item_id] = NoticeSet(Ref(text(item.get("SKU")), item_id), notices, until)
        return list(found.values()), (until - _OVERLAP).isoformat(timespec="seconds").replace("+00:00", "Z")

    def _changed(self, since: datetime, now: datetime) -> tuple[dict[str, dict[str, Any]], datetime]:
        """Item id -> item of what changed after `since`, and the time up to which that is complete. A full answer is a cut one: the window is halved."""
        until: datetime | None = None
        while True:
            window = {"ModTimeFrom": _written(since), "ModTimeTo": _written(until) if until else None, "DetailLevel": "ReturnAll"}
            reply, _ = self._client.trading("GetSellerEvents", window, share=SWEEPS)
            items = many((reply.get("ItemArray") or {}).get("Item"))
            end = until or translate.moment(reply.get("Timestamp")) or now
            if len(items) < self.site.limits["seller_events_items"] or end - since < timedelta(minutes=1):
                return {text(item.get("ItemID")): item for item in items}, end
            until = since + (end - since) / 2

    def picture(self, url: str) -> bytes:
        """The bytes that eBay shows at `url`; Refused for any host but eBay's picture hosts."""
        return shown_picture(url, self.access, "trading")


def _repeated(failure: Failure) -> bool:
    """This very call succeeded before. A first one that is still at work is waited for; one that failed leaves its refusal standing."""
    details = failure.reply.get("DuplicateInvocationDetails")
    state = text(details.get("Status")) if isinstance(details, dict) else ""
    if state == "InProgress":
        raise TryLater(30, failure.message)
    return state not in ("Failure", "Failed") and (details is not None or failure.says("repeated"))


def _said(warnings: tuple[Problem, ...]) -> tuple[str, ...]:
    return tuple(f"{problem.code}: {problem.message}" for problem in warnings)


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
