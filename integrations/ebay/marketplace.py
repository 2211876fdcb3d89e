"""The four verbs for eBay, and `draft`: client, media and translate joined."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.drafting import CategoryMap, Draft
from integrations.ebay import draft, inventory, media, several, translate, variations
from integrations.ebay.client import EbayClient, Failure, TooLong
from integrations.ebay.taxonomy import Taxonomy
from integrations.ebay.words import many, text
from integrations.errors import OutcomeUnknown, Problem, Refused, Throttled, TryLater
from integrations.guard import guarded
from integrations.marketplace import Access, Notice, NoticeSet, Offer, ProductFacts, Receipt, Ref, Status, Variant
from integrations.pictures import shown_picture
from integrations.rates import PROOFS, SWEEPS
from integrations.sites import Site

__all__ = ["Ebay"]

log = logging.getLogger(__name__)

_OVERLAP = timedelta(minutes=2)  # how late eBay may tell of a change
_SHORTEST = timedelta(seconds=10)  # a window of changes is not halved below that
_READING = timedelta(minutes=2)  # of a poll, by the lease of five: then it begins no further window and goes on from there next time
_NOTED_LATE = timedelta(hours=1)  # a removed listing stays in the unsold list: told once it is no news, and not worth a look at each poll
_UNSOLD_KEPT = timedelta(minutes=15)  # as often as changes are asked for
_SHARES = {"sweep": SWEEPS, "proof": PROOFS, "write": 1.0}
_PAGE = 200
_INVENTORY = "inventory"  # `Receipt.model`: made with the Inventory API, so only that may revise it
_PAGES = 25
_LISTED = timedelta(days=119)  # GetSellerList takes less than 120 days; a listing "until cancelled" ends within a month and is renewed
_FIELDS = (
    *("ItemID", "SKU", "Quantity", "SellingStatus", "PictureDetails", "HideFromSearch", "ReasonHideFromSearch"),
    *("ItemPolicyViolation", "ListingDetails", "eBayNotes", "Variations"),
)


Revised = tuple[str, str | None, tuple[str, ...], str | None]  # item id, reference, warnings, how the listing was made


@guarded
class Ebay:
    """One eBay account. eBay knows only an order of pictures: a gap between positions closes up. `now` is the clock of tests."""

    def __init__(self, access: Access, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.access, self.site = access, access.site
        self._client = EbayClient(access)
        self._taxonomy = Taxonomy(self._client)
        self._now = now
        # when the unsold list was read whole, and what it and the polls since then told
        self._removed: tuple[datetime, dict[str, tuple[Notice, ...]]] | None = None
        self._window = timedelta(hours=self.site.limits["seller_events_hours"])  # of changes that one answer could hold lately

    def publish(self, offer: Offer) -> Receipt:
        """Store the pictures, then revise the listing's whole set, or add the item where the offer allows that.

        The listing is looked up by SKU before anything is added, and both writes carry the offer's key, so that a repeat lists nothing twice.
        """
        if offer.variants:
            offer = replace(offer, variants=several.variants_in_order(offer, self.site))
        else:
            offer = replace(offer, pictures=translate.pictures_in_order(offer, self.site))
        item = None if offer.external_id else self._find(*_skus(offer))
        item_id = offer.external_id or (text(item.get("ItemID")) if item else None) or None
        if item_id and offer.sent_today >= (most := self.site.limits["revisions_day"]):
            words = f"{offer.merchant_sku}: eBay takes {most} revisions of a listing a day, and {offer.sent_today} were sent in the last 24 hours"
            raise Throttled(3600, f"{words}; tried again in an hour")
        if item_id is None and not offer.create:
            raise Refused(f"{offer.merchant_sku}: not listed on {self.access.account}, and this push may not create it")
        if item_id and (offer.variants or (item is None and offer.pushed is None) or variations.holds(item)):
            item, words = self._item(item_id, 1.0)  # what the listing holds besides; a later push of one product knows that it holds nothing
            if item is None and offer.variants:
                raise Refused(f"{offer.merchant_sku}: {words}")
            offer = _as_listed(offer, item, self.site)
        if offer.variants:
            return self._publish_several(offer, item_id, item)
        hosted = media.host_all(self._client, offer.pictures, self._now())
        try:
            details = translate.picture_details(offer.merchant_sku, hosted, self.access)
            item_id, reference, warnings, model = self._revise(offer, item_id, details) if item_id else (*self._add(offer, details), None)
        except (TryLater, Refused, OutcomeUnknown) as error:
            error.hosted = hosted
            raise
        closed_up = tuple(picture.position for picture in offer.pictures) != self.site.positions[: len(offer.pictures)]
        remarks = ["positions have gaps; eBay closes them up"] if closed_up else []
        return Receipt("accepted", item_id, reference, hosted, (*warnings, *remarks), model=model)

    def _publish_several(self, offer: Offer, item_id: str | None, item: Mapping[str, Any] | None) -> Receipt:
        """The listing of several products: where each one's pictures go is decided by what it holds now, before anything is stored or sent."""
        placed = variations.plan(offer.variants, item)
        there = [variant for variant in offer.variants if variant.merchant_sku in placed.told]
        labelled = tuple(replace(picture, position=f"{one.merchant_sku} {picture.position}") for one in there for picture in one.pictures)
        hosted = media.host_all(self._client, labelled, self._now())
        try:
            left, details = iter(hosted), {}
            for one in there:
                details[one.merchant_sku] = translate.picture_details(one.merchant_sku, [next(left) for _ in one.pictures], self.access)
            if item_id:
                item_id, reference, warnings, model = self._revise_several(offer, item_id, placed, details)
            else:
                item_id, reference, warnings = self._send_new(offer, *several.new_item(offer, placed, details, self.access))
                model = None
        except (TryLater, Refused, OutcomeUnknown) as error:
            error.hosted = hosted
            raise
        return Receipt("accepted", item_id, reference, hosted, (*warnings, *placed.left_out.values()), placed.told, model, placed.left_out)

    def _revise_several(self, offer: Offer, item_id: str, placed: variations.Plan, details: Mapping[str, dict[str, Any]]) -> Revised:
        request = several.revision(offer, item_id, placed, details, self.site)
        return self._sent(offer, item_id, request, {sku: part["PictureURL"] for sku, part in details.items()})

    def _revise(self, offer: Offer, item_id: str, details: dict[str, Any]) -> Revised:
        return self._sent(offer, item_id, translate.revision(offer, item_id, details), {offer.merchant_sku: details["PictureURL"]})

    def _sent(self, offer: Offer, item_id: str, request: dict[str, Any], urls_of: Mapping[str, Sequence[str]]) -> Revised:
        """A revision by the Trading API, or product by product where the listing was made with the Inventory API."""
        if offer.model == _INVENTORY:
            return item_id, None, inventory.replace_pictures(self._client, urls_of), _INVENTORY
        try:
            reply, warnings = self._client.trading("ReviseFixedPriceItem", request, writing=True)
        except Failure as failure:
            if failure.says("inventory"):
                return self._sent(replace(offer, model=_INVENTORY), item_id, request, urls_of)
            if _repeated(failure):
                return item_id, offer.key, ("eBay had this revision already",), None
            raise
        return text(reply.get("ItemID")) or item_id, offer.key, _said(warnings), None

    def _add(self, offer: Offer, details: dict[str, Any]) -> tuple[str, str | None, tuple[str, ...]]:
        return self._send_new(offer, *translate.new_item(offer, details, self.access))

    def _send_new(self, offer: Offer, request: dict[str, Any], remarks: tuple[str, ...]) -> tuple[str, str | None, tuple[str, ...]]:
        self._check(offer, request)
        try:
            reply, warnings = self._client.trading("AddFixedPriceItem", request, writing=True)
        except Failure as failure:
            if not _repeated(failure):
                raise
            item_id = translate.repeated_item_id(failure.reply) or text((self._find(*_skus(offer)) or {}).get("ItemID"))
            if not item_id:
                raise OutcomeUnknown(f"{offer.merchant_sku}: eBay has this call already and does not name its listing") from None
            return item_id, offer.key, (*remarks, "eBay had this listing already")
        item_id = text(reply.get("ItemID"))
        if not item_id:
            raise OutcomeUnknown(f"{offer.merchant_sku}: accepted without an item id")
        return item_id, offer.key, (*remarks, *_said(warnings))

    def _check(self, offer: Offer, request: dict[str, Any]) -> None:
        """Refused, in our words or eBay's, before anything exists. Fees are eBay's to tell, and no reason."""
        category = translate.category_of(offer.product, self.access)
        try:
            aspects = list(self._taxonomy.aspects(category))
        except (TryLater, Refused):  # it only helps to say early what the verification would say
            aspects = []
        apart = {name.casefold() for variant in offer.variants for name in variant.specifics}  # what tells its products apart is said by each
        aspects = [aspect for aspect in aspects if aspect.name.casefold() not in apart]
        if lacks := draft.lacks_of(offer.product, aspects, self.access):
            told = tuple(Problem(f"attribute:{lack.attribute}", lack.words) for lack in lacks)
            raise Refused(f"{offer.merchant_sku}: category {category}: " + "; ".join(lack.words for lack in lacks), told)
        self._client.trading("VerifyAddFixedPriceItem", translate.verification(request))

    def draft(self, product: ProductFacts) -> Draft:
        """A new listing of this product as it would be sent now, without its pictures, and what its category and the account's policies still miss."""
        category = translate.category_of(product, self.access)
        try:
            aspects = self._taxonomy.aspects(category)
        except Refused as error:
            words = f"eBay has no category {category!r} here for {product.category!r}: {error}; name another under the account's categories"
            raise Refused(words, (Problem("kind", words),)) from None
        title = dict(self.suggestions(product.category)).get(category, "") if product.category else ""
        return draft.draft_of(product, category, title, aspects, self.access)

    def suggestions(self, words: str) -> list[tuple[str, str]]:
        """(id, name) of the categories that eBay finds for these words, for the page where a seller chooses them."""
        return self._taxonomy.suggestions(words)

    def mapped(self, category: str) -> CategoryMap:
        """The category and what a listing in it says, by the account's settings."""
        return draft.mapped(category, self.access)

    def remapped(self, category: str, kind: str, rows: Mapping[str, Any]) -> dict[str, Any]:
        """The settings with `categories`, `aspects`, `policies` and `condition_descriptors` as these rows say."""
        return draft.remapped(category, kind, rows, self.access)

    def _find(self, *skus: str, share: float = 1.0) -> dict[str, Any] | None:
        """The active listing with one of these SKUs, its own or a variation's, None when there is none: one call, however many listings there are."""
        now = self._now()
        for page in range(1, _PAGES + 1):
            wanted = {"SKUArray": {"SKU": list(skus)}, "EndTimeFrom": _written(now), "EndTimeTo": _written(now + _LISTED), "DetailLevel": "ReturnAll"}
            paged = {"Pagination": {"EntriesPerPage": _PAGE, "PageNumber": page}}
            reply, _ = self._client.trading("GetSellerList", wanted | paged, share=share)
            items = many((reply.get("ItemArray") or {}).get("Item"))
            found = next((item for item in items if _is_one_of(item, skus) and not translate.ended(item)), None)
            if found is not None:
                return dict(found)
            if text(reply.get("HasMoreItems")) != "true":
                return None
        raise TryLater(3600, f"{self.access.account}: eBay has more than {_PAGE * _PAGES} listings for SKU {', '.join(skus)}; give the listing's item id")

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
        """One GetItem a listing, however many of its products are asked for; the unsold list is asked only when eBay no longer knows one, for the why."""
        read: dict[str, tuple[dict[str, Any] | None, str]] = {}
        found = []
        for ref in refs:
            share = _SHARES[ref.need]
            item_id = ref.external_id or text((self._find(ref.merchant_sku, share=share) or {}).get("ItemID"))
            if item_id and item_id not in read:
                read[item_id] = self._item(item_id, share)
            item, words = read[item_id] if item_id else (None, "")
            extra: tuple[Notice, ...] = ()
            if item_id and item is None:
                extra = self._why_removed().get(item_id) or self._offered(ref, item_id) or (translate.gone_notice(words),)
            elif item_id and item and ref.model == _INVENTORY:
                known = {notice.code for notice in translate.notices_of(item)}
                extra = tuple(notice for notice in self._offered(ref, item_id) if notice.code not in known)
            found.append(several.status_of(ref, item, extra, self.site))
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

    def _unsold(self, days: int) -> Iterator[tuple[str, dict[str, Any], tuple[Notice, ...]]]:
        """Item id, item and notices of each listing that eBay removed in the last `days`."""
        for item in self._selling("UnsoldList", IncludeNotes=True, DurationInDays=days):
            if notices := translate.unsold_notices(item):
                yield text(item.get("ItemID")), item, notices

    def _why_removed(self) -> Mapping[str, tuple[Notice, ...]]:
        """What eBay says of each listing that it removed, by item id. The list may be long: it is kept for a while, whichever listing it is read for."""
        now = self._now()
        if self._removed is None or now - self._removed[0] >= _UNSOLD_KEPT:
            self._removed = now, {item_id: notices for item_id, _, notices in self._unsold(self.site.limits["unsold_days"])}
        return self._removed[1]

    def notices(self, cursor: str | None) -> tuple[list[NoticeSet], str]:
        """Listings that changed since the cursor, with what the event itself says against them, and listings that eBay removed since then.

        A hint for each, from two calls: whoever cares reads the listing itself.
        """
        now = self._now()
        longest = timedelta(hours=self.site.limits["seller_events_hours"])
        since = max(translate.moment(cursor) or now - longest, now - longest) if cursor else now - longest
        found, read_to = self._changed(since, now)
        days = (now - since + _NOTED_LATE).days + 2 if cursor else self.site.limits["unsold_days"]  # one more, as eBay may mean days of the calendar
        for item_id, item, notices in self._unsold(days):
            if self._removed is not None:
                self._removed[1][item_id] = notices
            ends = translate.moment((item.get("ListingDetails") or {}).get("EndTime"))
            news = not cursor or ends is None or ends >= since - _NOTED_LATE
            if news and not any(notice.kind == "removed" for notice in (found[item_id].notices if item_id in found else ())):
                found[item_id] = NoticeSet(Ref(text(item.get("SKU")), item_id), notices, now)
        return list(found.values()), read_to.isoformat(timespec="seconds").replace("+00:00", "Z")

    def _changed(self, since: datetime, now: datetime) -> tuple[dict[str, NoticeSet], datetime]:
        """Item id -> hint of what changed after `since`, and the next cursor, which moves on however much changed.

        A full answer is a cut one, and one too long to be read is no better: the window is halved, and the next one begins at its end.
        """
        found: dict[str, NoticeSet] = {}
        latest = now
        while True:
            until = since + self._window if since + self._window < latest else None
            cut, stamp, items = self._events(since, until, now)
            end, latest = until or stamp, max(latest, stamp)
            if cut and end - since > _SHORTEST:
                self._window = (end - since) / 2
                continue
            if cut:
                log.warning("%s: more changed from %s to %s than eBay tells; what it left out is found by later looks", self.access.account, since, end)
            for item in items:
                item_id = text(item.get("ItemID"))
                found[item_id] = NoticeSet(Ref(text(item.get("SKU")), item_id), translate.notices_of(item), end)
            if len(items) < self.site.limits["seller_events_items"] / 2:
                self._window = min(self._window * 2, timedelta(hours=self.site.limits["seller_events_hours"]))
            if until is None or self._now() - now > _READING:
                return found, min(end, stamp - _OVERLAP)
            since = end

    def _events(self, since: datetime, until: datetime | None, now: datetime) -> tuple[bool, datetime, list[dict[str, Any]]]:
        """Whether eBay's answer for this window was cut, eBay's time, and what changed. No `until` = up to now."""
        window = {"ModTimeFrom": _written(since), "ModTimeTo": _written(until) if until else None, "DetailLevel": "ReturnAll"}
        try:
            reply, _ = self._client.trading("GetSellerEvents", window, share=SWEEPS)
        except TooLong:
            return True, now, []
        items = many((reply.get("ItemArray") or {}).get("Item"))
        return len(items) >= self.site.limits["seller_events_items"], translate.moment(reply.get("Timestamp")) or now, items

    def picture(self, url: str) -> bytes:
        """The bytes that eBay shows at `url`; Refused for any host but eBay's picture hosts."""
        return shown_picture(url, self.access, "trading")


def _skus(offer: Offer) -> tuple[str, ...]:
    """By which SKUs a listing of ours would be found."""
    return tuple(variant.merchant_sku for variant in offer.variants) or (offer.merchant_sku,)


def _is_one_of(item: Mapping[str, Any], skus: Sequence[str]) -> bool:
    return text(item.get("SKU")) in skus or any(variations.of_sku(item, sku) is not None for sku in skus)


def _as_listed(offer: Offer, item: Mapping[str, Any] | None, site: Site) -> Offer:
    """The offer in the listing's own shape: one product of several, or the only one. Refused where several products meet a listing of one."""
    if item is None:
        return offer
    if not offer.variants and not variations.means_all(item, offer.merchant_sku):
        alone = Variant(offer.merchant_sku, {}, offer.product, offer.pictures)
        return replace(offer, variants=several.variants_in_order(replace(offer, variants=(alone,), pictures=(), remove=()), site), pictures=(), remove=())
    if offer.variants and not variations.holds(item):
        if len(offer.variants) == 1:
            return replace(offer, variants=(), pictures=offer.variants[0].pictures)
        words = "holds one product, and eBay lets none be added to such a listing: end it there, or take the others' item id away"
        raise Refused(f"{', '.join(_skus(offer))}: eBay listing {text(item.get('ItemID'))} {words}")
    return offer


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
