"""The practice eBay's Trading API: add, verify, revise, end, and the three ways to read back."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from integrations.practice import ebay_variations, tokens
from integrations.practice.clock import iso, parse_iso
from integrations.practice.current import limits, world
from integrations.practice.ebay_rules import Call, Failure, check_pictures, check_urls, error, want
from integrations.practice.ebay_taxonomy import complaints
from integrations.practice.ebay_view import Content, item, mistaken, times
from integrations.practice.ebay_xml import Node, XmlError, parse, write
from integrations.practice.faults import TOO_FAST, USED_UP
from integrations.practice.paging import ends_within, paged, shown_with
from integrations.practice.store import WHOLE, Invocation, Listing, VariationSku, Write

__all__ = ["CALLS", "Failure", "blueprint", "check_urls", "new_listing", "want"]

blueprint = Blueprint("ebay_trading", __name__)

VERSION = "1421"


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
        beyond = limits().ebay(seller, tokens.application(request.headers.get("X-EBAY-API-IAF-TOKEN")), name, trading=True)
        if beyond is not None:
            raise Failure({"window": TOO_FAST, "day": USED_UP}[beyond])
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


def check_item(call: Call) -> None:
    """Required fields of a new listing; raises Failure naming each that is missing."""
    priced = ("StartPrice", "Quantity") if call.node.all("Item.Variations") else ()  # each variation has its own
    missing = [path for path in world().hidden.ebay.required if path not in priced and not call.node.has(f"Item.{path}")]
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
        varied = ebay_variations.check(session, call, None)
    return {
        "Errors": [*warnings, *varied.warnings],
        "ItemID": "0",
        "Fees": {"Fee": {"Name": "ListingFee", "Fee": {"@currencyID": call.node.text("Item.Currency"), "#text": "0.0"}}},
    }


def add(call: Call) -> Content:
    """AddFixedPriceItem: a new listing at once, its pictures shown a little later."""
    key = key_of(call)
    with world().store.write() as session:
        once(session, call, key)
        check_item(call)
        urls, images, warnings = check_pictures(session, call)
        varied = ebay_variations.check(session, call, None)
        listing = new_listing(session, call.marketplace, call.seller, call.node.text("Item.SKU"), call.node.text("Item.Title"))
        describe(listing, call.node)
        effect = want(session, listing, urls, images)
        sets = ebay_variations.take(session, listing, varied)
        world().note(session, listing, "created")
        world().wrote(session, listing, "AddFixedPriceItem", key, created=True, pictures=effect, **sets)
        remember(session, call, key, "AddFixedPriceItem", listing)
        return {"Errors": [*warnings, *varied.warnings], **times(listing)}


def revise(call: Call) -> Content:
    """ReviseFixedPriceItem: what is given replaces what was; a set of pictures always whole, and never to none."""
    key = key_of(call)
    with world().store.write() as session:
        once(session, call, key)
        listing = own(session, call, call.node.text("Item.ItemID"))
        if {"inventory_item", "inventory_item_group"} & set(listing.attributes):
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
        varied = ebay_variations.check(session, call, listing)
        described = describe(listing, call.node)
        effect = want(session, listing, urls, images) if urls else "same"
        sets = ebay_variations.take(session, listing, varied)
        if described:
            world().note(session, listing, "revised")
        world().wrote(session, listing, "ReviseFixedPriceItem", key, changed=described, pictures=effect, **sets)
        remember(session, call, key, "ReviseFixedPriceItem", listing)
        return {"Errors": [*warnings, *varied.warnings], **times(listing)}


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


# -- reading


_OWN = select(Listing).where(Listing.connector == "ebay", Listing.seller == bindparam("seller"), Listing.external_id == bindparam("item")).options(*WHOLE)


def own(session: Session, call: Call, item_id: str) -> Listing:
    """The seller's listing, or Failure 17 for what is not his."""
    listing = session.scalars(_OWN, {"seller": call.seller, "item": item_id}).unique().first()
    if listing is None:
        raise Failure(error(17, f"Item '{item_id}' is invalid or does not exist, or you are not its seller.", item_id))
    return listing


def get(call: Call) -> Content:
    """GetItem, always in full detail."""
    with world().store.read() as session:
        listing = own(session, call, call.node.text("ItemID"))
        return {"Item": mistaken(session, listing, item(listing, pictured=True))}


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
        varied = select(VariationSku.listing_id).where(VariationSku.sku.in_(skus))
        query = query.where(or_(Listing.sku.in_(skus), Listing.id.in_(varied))) if skus else query
        count, found = paged(session, query.where(ends_within(start, stop, world().now())), size, page)
        pages = {"TotalNumberOfPages": -(-count // size), "TotalNumberOfEntries": count}
        return {"PaginationResult": pages, "HasMoreItems": page * size < count, "ItemArray": {"Item": [item(one) for one in found]}}


def events(call: Call) -> Content:
    """GetSellerEvents: what changed within a window shorter than 48 hours; cut off, without a word, where that is too much.

    A variation with a SKU is told without its specifics, to keep it short.
    """
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
        return {"TimeTo": iso(stop), "ItemArray": {"Item": [item(one, brief=True) for one in session.scalars(query)]}}


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
