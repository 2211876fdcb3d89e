"""The practice eBay's Trading API: add, verify, revise, end, and the three ways to read back."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from integrations.practice import tokens
from integrations.practice.clock import iso, parse_iso
from integrations.practice.current import limits, public_url, world
from integrations.practice.ebay_media import gone
from integrations.practice.ebay_taxonomy import complaints
from integrations.practice.ebay_view import Content, item, times
from integrations.practice.ebay_xml import Node, XmlError, parse, write
from integrations.practice.faults import USED_UP
from integrations.practice.paging import ends_within, paged, shown_with
from integrations.practice.store import Image, Invocation, Listing, Slot, Write

blueprint = Blueprint("ebay_trading", __name__)

VERSION = "1421"


class Failure(Exception):
    """Ack=Failure: eBay's own codes, one or several, with whatever else belongs in the answer."""

    def __init__(self, *errors: Content, **content: Any) -> None:
        super().__init__(errors[0]["LongMessage"])
        self.errors, self.content = errors, content


def error(code: int, message: str, *parameters: str, severity: str = "Error") -> Content:
    """One Errors element."""
    return {
        "ShortMessage": message.split(".")[0][:60],
        "LongMessage": message,
        "ErrorCode": code,
        "SeverityCode": severity,
        "ErrorParameters": [{"@ParamID": index, "Value": value} for index, value in enumerate(parameters)],
        "ErrorClassification": "RequestError",
    }


@dataclass(frozen=True)
class Call:
    """A request that was let in."""

    seller: str
    site: str
    marketplace: str
    node: Node


@blueprint.post("/ws/api.dll")
def trading() -> Response:
    """One door for every call, named by header; always HTTP 200, the truth is in Ack."""
    name = request.headers.get("X-EBAY-API-CALL-NAME", "")
    try:
        if name not in CALLS:
            raise Failure(error(2, f"Unsupported verb {name!r}."))
        seller, why = tokens.holder(world(), "ebay", request.headers.get("X-EBAY-API-IAF-TOKEN"))
        if seller is None:
            raise Failure(
                {
                    "missing": error(931, "Auth token is invalid."),
                    "unknown": error(21916984, "Invalid IAF token."),
                    "expired": error(21917053, "Expired IAF token."),
                }[why]
            )
        if not limits().ebay(seller, tokens.application(request.headers.get("X-EBAY-API-IAF-TOKEN")), name, trading=True):
            raise Failure(USED_UP)
        site = request.headers.get("X-EBAY-API-SITEID", "")
        if site not in world().hidden.sites.ebay:
            raise Failure(error(12, f"Invalid site id {site!r}."))
        try:
            node = parse(request.get_data(), name)
        except XmlError as problem:
            raise Failure(error(5, f"XML Parse error. {problem}")) from problem
        content = CALLS[name](Call(seller, site, world().hidden.sites.ebay[site], node))
        warned = content.pop("Errors", [])
        return answer(name, "Warning" if warned else "Success", warned, content)
    except Failure as failure:
        return answer(name, "Failure", list(failure.errors), failure.content)


def answer(name: str, ack: str, errors: list[Content], content: Content) -> Response:
    """The reply with its usual head."""
    head: Content = {"Timestamp": iso(world().now()), "Ack": ack, "Errors": errors, "Version": VERSION, "Build": "E1421_PRACTICE_API_R1"}
    return Response(write(name or "Unknown", head | content), content_type="text/xml;charset=utf-8")


# -- writing


def check_pictures(session: Session, call: Call) -> tuple[list[str], list[str | None], list[Content]]:
    """(URLs, our image ids or None for the seller's own hosts, warnings) of the request; raises Failure."""
    return check_urls(session, call.node.texts("Item.PictureDetails.PictureURL"))


def check_urls(session: Session, urls: list[str]) -> tuple[list[str], list[str | None], list[Content]]:
    """The same of these addresses."""
    limits = world().hidden.ebay
    if len(urls) > limits.pictures_max or sum(map(len, urls)) > limits.urls_length_max:
        raise Failure(
            error(37, f"At most {limits.pictures_max} pictures and {limits.urls_length_max} characters of PictureURL.", "Item.PictureDetails.PictureURL")
        )
    found: list[str | None] = []
    warnings: list[Content] = []
    for url in urls:
        if url.startswith(f"{public_url()}/images/g/"):
            image = session.get(Image, urlsplit(url).path.split("/")[3])
            if image is None or image.connector != "ebay" or gone(image, session.query(Slot).filter(Slot.image_id == image.id).count() > 0):
                raise Failure(error(37, f"The picture is not known or has expired: {url}", "Item.PictureDetails.PictureURL"))
            longest, quality = image.facts["longest_side"], image.facts["quality"]
            if longest < limits.longest_side_min:
                raise Failure(error(21919137, f"Please make sure that your picture is at least {limits.longest_side_min} pixels on its longest side.", url))
            if longest < limits.longest_side_advised:
                warnings.append(
                    error(21916790, f"Pictures of {limits.longest_side_advised} pixels or more on the longest side are recommended.", url, severity="Warning")
                )
            if quality is not None and quality < limits.quality_advised:
                warnings.append(error(21916791, f"A JPEG quality of {limits.quality_advised} or more is recommended.", url, severity="Warning"))
            found.append(image.id)
        elif not url.startswith("https://") or ";" in url or " " in url:
            raise Failure(error(37, f"PictureURL must be an https address: {url}", "Item.PictureDetails.PictureURL"))
        else:
            found.append(None)
    if None in found and any(found):
        raise Failure(error(37, "Pictures hosted by eBay and self-hosted pictures cannot be mixed in a listing.", "Item.PictureDetails.PictureURL"))
    return urls, found, warnings


def check_item(call: Call) -> None:
    """Required fields of a new listing; raises Failure naming each that is missing."""
    missing = [path for path in world().hidden.ebay.required if not call.node.has(f"Item.{path}")]
    if missing:
        raise Failure(
            *(error(37, f"Input data for tag <Item.{path}> is invalid or missing. Please check API documentation.", f"Item.{path}") for path in missing)
        )
    if len(call.node.text("Item.Title")) > world().hidden.ebay.title_max:
        raise Failure(error(70, f"The title may have at most {world().hidden.ebay.title_max} characters."))
    if not call.node.has("Item.PictureDetails.PictureURL"):
        raise Failure(error(21919136, "Please add at least one photo to your listing."))
    check_numbers(call)
    if wrong := complaints(call.node):
        raise Failure(*(error(code, message, name) for code, message, name in wrong))


def check_numbers(call: Call) -> None:
    """Price and quantity, where given, are numbers; raises Failure."""
    for path, kind in (("StartPrice", float), ("Quantity", int)):
        try:
            if call.node.has(f"Item.{path}") and not 0 <= kind(call.node.text(f"Item.{path}")) < 10_000_000:
                raise ValueError
        except ValueError:
            raise Failure(error(37, f"Input data for tag <Item.{path}> is invalid or missing. Please check API documentation.", f"Item.{path}")) from None


def key_of(call: Call) -> str | None:
    """The idempotency key: Item.UUID or InvocationID, 32 hex characters; raises Failure on another shape."""
    key = call.node.text("Item.UUID") or call.node.text("InvocationID")
    if key and (len(key) != 32 or any(letter not in "0123456789abcdefABCDEF" for letter in key)):
        raise Failure(error(37, "Input data for tag <UUID> is invalid or missing: 32 characters of 0-9 and A-F.", "UUID"))
    return key.upper() or None


def once(session: Session, call: Call, key: str | None) -> None:
    """Refuse a key that has been used, telling what it did; raises Failure 488."""
    used = session.get(Invocation, (call.seller, key)) if key else None
    if used is not None:
        details = {"DuplicateInvocationID": used.key, "Status": "Success", "InvocationTrackingID": used.tracking, "InvokeTrackingID": used.tracking}
        raise Failure(
            error(488, "Duplicate UUID used. The specified UUID has already been used; the first use was successful.", used.key),
            DuplicateInvocationDetails=details,
            ItemID=used.item_id,
        )


def remember(session: Session, call: Call, key: str | None, name: str, listing: Listing) -> None:
    """The key is used up."""
    if key:
        session.add(Invocation(seller=call.seller, key=key, call=name, item_id=listing.external_id, tracking=uuid.uuid4().hex))


def verify(call: Call) -> Content:
    """VerifyAddFixedPriceItem: all checks, nothing kept."""
    key_of(call)
    check_item(call)
    with world().store.read() as session:
        _, _, warnings = check_pictures(session, call)
    return {"Errors": warnings, "ItemID": "0", "Fees": {"Fee": {"Name": "ListingFee", "Fee": {"@currencyID": call.node.text("Item.Currency"), "#text": "0.0"}}}}


def add(call: Call) -> Content:
    """AddFixedPriceItem: a new listing at once, its pictures shown a little later."""
    key = key_of(call)
    with world().store.write() as session:
        once(session, call, key)
        check_item(call)
        urls, images, warnings = check_pictures(session, call)
        listing = new_listing(session, call.marketplace, call.seller, call.node.text("Item.SKU"), call.node.text("Item.Title"))
        describe(listing, call.node)
        effect = want(session, listing, urls, images)
        world().note(session, listing, "created")
        world().wrote(session, listing, "AddFixedPriceItem", key, created=True, pictures=effect)
        remember(session, call, key, "AddFixedPriceItem", listing)
        return {"Errors": warnings, **times(listing)}


def revise(call: Call) -> Content:
    """ReviseFixedPriceItem: what is given replaces what was; a set of pictures always whole, and never to none."""
    key = key_of(call)
    with world().store.write() as session:
        once(session, call, key)
        listing = own(session, call, call.node.text("Item.ItemID"))
        if "inventory_item" in listing.attributes:
            words = "Inventory-based listing management is not currently supported by this tool. Please refer to the tool used to create this listing."
            raise Failure(error(21919474, words))
        if listing.state != "active":
            raise Failure(error(291, "Auction ended. You are not allowed to revise ended listings.", listing.external_id))
        if call.node.all("Item.Title") and not call.node.has("Item.Title"):
            raise Failure(error(37, "Input data for tag <Item.Title> is invalid or missing. Please check API documentation.", "Item.Title"))
        if call.node.all("Item.PictureDetails") and not call.node.has("Item.PictureDetails.PictureURL"):
            raise Failure(error(21919136, "Please add at least one photo to your listing."))
        check_numbers(call)
        enough(session, listing)
        urls, images, warnings = check_pictures(session, call)
        described = describe(listing, call.node)
        effect = want(session, listing, urls, images) if urls else "same"
        if described:
            world().note(session, listing, "revised")
        world().wrote(session, listing, "ReviseFixedPriceItem", key, changed=described, pictures=effect)
        remember(session, call, key, "ReviseFixedPriceItem", listing)
        return {"Errors": warnings, **times(listing)}


def enough(session: Session, listing: Listing) -> None:
    """A listing is revised only so often in a calendar day at eBay; raises Failure."""
    now = datetime.fromtimestamp(world().now(), ZoneInfo("America/Los_Angeles"))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    query = select(func.count()).select_from(Write).where(Write.call == "ReviseFixedPriceItem", Write.external_id == listing.external_id, Write.at >= midnight)
    if (session.scalar(query) or 0) >= (most := world().hidden.ebay.revisions_max):
        raise Failure(error(21999001, f"A listing may be revised {most} times in a calendar day.", listing.external_id))


def end(call: Call) -> Content:
    """EndFixedPriceItem for one of eBay's reasons."""
    reason = call.node.text("EndingReason")
    if reason not in {"Incorrect", "LostOrBroken", "NotAvailable", "OtherListingError"}:
        raise Failure(error(37, "Input data for tag <EndingReason> is invalid or missing. Please check API documentation.", "EndingReason"))
    with world().store.write() as session:
        listing = own(session, call, call.node.text("ItemID"))
        if listing.state != "active":
            raise Failure(error(1047, "The auction has already been closed.", listing.external_id))
        world().end(session, listing, "ended", reason)
        world().wrote(session, listing, "EndFixedPriceItem", None, reason=reason)
        return {"EndTime": iso(listing.ended or world().now())}


def new_listing(session: Session, marketplace: str, seller: str, sku: str, title: str) -> Listing:
    """An empty listing with a 12-digit item id that no other listing has."""
    count = session.scalar(select(func.max(Listing.id))) or 0
    number = int(hashlib.sha256(f"{marketplace}\n{seller}\n{sku}\n{count}".encode()).hexdigest(), 16) % 10**7
    item_id = f"11{number:07d}{count % 1000:03d}"
    listing = Listing(
        connector="ebay", marketplace=marketplace, seller=seller, sku=sku, external_id=item_id, title=title, created=world().now(), updated=world().now()
    )
    session.add(listing)
    session.flush()
    return listing


def describe(listing: Listing, node: Node) -> bool:
    """Take over the plain fields that are given; answers whether any changed."""
    before = (listing.title, listing.quantity, listing.price, listing.sku, listing.currency, listing.attributes)
    listing.title = node.text("Item.Title") or listing.title
    listing.sku = node.text("Item.SKU") or listing.sku
    listing.price = node.text("Item.StartPrice") or listing.price
    listing.currency = node.text("Item.Currency") or listing.currency
    listing.quantity = int(node.text("Item.Quantity") or listing.quantity)
    given = {
        name: node.text(f"Item.{name}")
        for name in ("Description", "ConditionID", "Country", "Location", "PrimaryCategory.CategoryID")
        if node.has(f"Item.{name}")
    }
    listing.attributes = listing.attributes | given
    return before != (listing.title, listing.quantity, listing.price, listing.sku, listing.currency, listing.attributes)


def want(session: Session, listing: Listing, urls: list[str], images: list[str | None]) -> Any:
    """Ask for a whole set; the same set again changes nothing."""
    if listing.wanted == urls and not any(slot.failure for slot in listing.slots):
        return "same"
    listing.wanted = urls
    world().note(session, listing, "pictures asked for", urls=urls)
    world().later(session, listing, world().hidden.timing.propagation, "show_set", urls=urls, images=images)
    return urls


# -- reading


def own(session: Session, call: Call, item_id: str) -> Listing:
    """The seller's listing, or Failure 17 for what is not his."""
    query = select(Listing).where(Listing.connector == "ebay", Listing.seller == call.seller, Listing.external_id == item_id)
    listing = session.scalars(query).first()
    if listing is None:
        raise Failure(error(17, f"Item '{item_id}' is invalid or does not exist, or you are not its seller.", item_id))
    return listing


def get(call: Call) -> Content:
    """GetItem, always in full detail."""
    with world().store.read() as session:
        return {"Item": item(own(session, call, call.node.text("ItemID")))}


def mine(call: Call) -> Content:
    """GetMyeBaySelling: ActiveList and UnsoldList, each with its pages."""
    content: Content = {}
    with world().store.read() as session:
        for name, states in (("ActiveList", ["active"]), ("UnsoldList", ["ended", "removed"])):
            if not call.node.all(name) or call.node.text(f"{name}.Include", "true") == "false":
                continue
            query = select(Listing).where(Listing.connector == "ebay", Listing.seller == call.seller, Listing.state.in_(states))
            if name == "UnsoldList":
                days = int(call.node.text("UnsoldList.DurationInDays") or 60)
                query = query.where(Listing.ended >= world().now() - days * 86400)
            size, page = (int(call.node.text(f"{name}.Pagination.{field}") or default) for field, default in (("EntriesPerPage", 25), ("PageNumber", 1)))
            if not 1 <= size <= 200 or page < 1:
                raise Failure(error(37, "Input data for tag <Pagination> is invalid or missing. Please check API documentation.", "Pagination"))
            count, shown = paged(session, query, size, page)
            notes = call.node.text(f"{name}.IncludeNotes") == "true"
            content[name] = {
                "ItemArray": {"Item": [item(one, notes) for one in shown]},
                "PaginationResult": {"TotalNumberOfPages": -(-count // size), "TotalNumberOfEntries": count},
            }
    return content


def seller_list(call: Call) -> Content:
    """GetSellerList: listings that end within a window shorter than 120 days, of certain SKUs where such are named."""
    try:
        start, stop = (parse_iso(call.node.text(f"EndTime{name}")) for name in ("From", "To"))
        size, page = (int(call.node.text(f"Pagination.{field}")) for field in ("EntriesPerPage", "PageNumber"))
    except ValueError:
        raise Failure(error(37, "EndTimeFrom, EndTimeTo and Pagination are required.", "EndTimeFrom")) from None
    if not 0 <= stop - start < 120 * 86400 or not 1 <= size <= 200 or page < 1:
        raise Failure(error(37, "The time range must be shorter than 120 days, and a page has 1 to 200 entries.", "EndTimeTo"))
    skus = call.node.texts("SKUArray.SKU")
    with world().store.read() as session:
        query = select(Listing).where(Listing.connector == "ebay", Listing.seller == call.seller)
        query = query.where(Listing.sku.in_(skus)) if skus else query
        count, found = paged(session, query.where(ends_within(start, stop, world().now())), size, page)
        pages = {"TotalNumberOfPages": -(-count // size), "TotalNumberOfEntries": count}
        return {"PaginationResult": pages, "HasMoreItems": page * size < count, "ItemArray": {"Item": [item(one) for one in found]}}


def events(call: Call) -> Content:
    """GetSellerEvents: what changed within a window shorter than 48 hours; cut off, without a word, where that is too much."""
    try:
        start = parse_iso(call.node.text("ModTimeFrom"))
        stop = parse_iso(call.node.text("ModTimeTo")) if call.node.has("ModTimeTo") else world().now()
    except ValueError:
        raise Failure(error(37, "Input data for tag <ModTimeFrom> is invalid or missing. Please check API documentation.", "ModTimeFrom")) from None
    if not 0 <= stop - start <= world().hidden.ebay.event_window:
        raise Failure(error(37, "The time window must be shorter than 48 hours and not negative.", "ModTimeTo"))
    with world().store.read() as session:
        query = select(Listing).where(Listing.connector == "ebay", Listing.seller == call.seller, Listing.updated >= start, Listing.updated <= stop)
        query = query.order_by(Listing.updated).limit(world().hidden.ebay.events_max).options(*shown_with())
        return {"TimeTo": iso(stop), "ItemArray": {"Item": [item(one) for one in session.scalars(query)]}}


def user(call: Call) -> Content:
    """Whose token this is."""
    return {"User": {"UserID": call.seller, "Site": call.site}}


CALLS: dict[str, Callable[[Call], Content]] = {
    "AddFixedPriceItem": add,
    "VerifyAddFixedPriceItem": verify,
    "ReviseFixedPriceItem": revise,
    "EndFixedPriceItem": end,
    "GetItem": get,
    "GetMyeBaySelling": mine,
    "GetSellerEvents": events,
    "GetSellerList": seller_list,
    "GetUser": user,
}
