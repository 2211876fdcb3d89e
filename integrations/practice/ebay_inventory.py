"""The practice eBay's Inventory API v1, for listings that were made with it: read an item, replace it whole, read its offers."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from integrations.practice.current import world
from integrations.practice.ebay_media import problem, signed_in
from integrations.practice.ebay_trading import Failure, check_urls, want
from integrations.practice.store import Listing, VariationSku

blueprint = Blueprint("ebay_inventory", __name__, url_prefix="/sell/inventory/v1")

Answer = Response | tuple[Response, int] | tuple[str, int]
ITEM = "inventory_item"  # among a listing's attributes: that it was made with this API
GROUP = "inventory_item_group"  # the same of a group: {key, items {sku: item}}; its pictures go by the specific of the listing's variations


@blueprint.before_request
def with_a_token() -> Answer | None:
    """A seller's token."""
    if signed_in() is None:
        return problem(401, 1001, "Invalid access token. Check the value of the Authorization HTTP request header.", "OAuth")
    return None


def born(title: str, quantity: int) -> dict[str, Any]:
    """What a listing holds that was made with this API before."""
    stock = {"quantity": quantity, "allocationByFormat": {"auction": 0, "fixedPrice": quantity}}
    product = {"title": title, "description": "Made elsewhere", "aspects": {"Brand": ["Ours"], "Type": ["Wristwatch"]}}
    return {"product": product, "condition": "NEW", "availability": {"shipToLocationAvailability": stock}, "packageWeightAndSize": {"packageType": "LETTER"}}


@blueprint.get("/inventory_item/<path:sku>")
def read(sku: str) -> Answer:
    """The whole item, and what the API adds to it."""
    with world().store.read() as session:
        listing = own(session, sku)
        if listing is None:
            return problem(404, 25710, "We didn't find the resource/entity you are requesting. Please verify the request.", "API_INVENTORY")
        if GROUP in listing.attributes:
            group = listing.attributes[GROUP]
            return jsonify({**group["items"][sku], "sku": sku, "locale": "en_GB", "inventoryItemGroupKeys": [group["key"]]})
        item = listing.attributes[ITEM]
        return jsonify({**item, "sku": sku, "locale": "en_GB", "product": {**item["product"], "imageUrls": listing.wanted}})


@blueprint.get("/inventory_item_group/<path:key>")
def read_group(key: str) -> Answer:
    """Which items it holds, and by which aspect their pictures go."""
    with world().store.read() as session:
        for listing in session.scalars(select(Listing).where(Listing.connector == "ebay", Listing.seller == signed_in())):
            group = listing.attributes.get(GROUP)
            if group and group["key"] == key:
                known = listing.attributes["variations"]
                specifications = [{"name": name, "values": values} for name, values in known["set"].items()]
                varies = {"aspectsImageVariesBy": [known["name"]], "specifications": specifications}
                return jsonify(inventoryItemGroupKey=key, title=listing.title, variantSKUs=list(group["items"]), variesBy=varies)
    return problem(404, 25705, "The inventory item group could not be found or is not available.", "API_INVENTORY")


def born_group(listing: Listing, key: str) -> None:
    """What a listing with variations holds that was made with this API before."""
    items = {}
    for one in listing.attributes["variations"]["list"]:
        item = born(listing.title, one["quantity"])
        aspects = {**item["product"]["aspects"], **{name: [value] for name, value in one["specifics"].items()}}
        items[one["sku"]] = {**item, "product": {**item["product"], "aspects": aspects, "imageUrls": []}}
    listing.attributes = {**listing.attributes, GROUP: {"key": key, "items": items}}


@blueprint.put("/inventory_item/<path:sku>")
def replace(sku: str) -> Answer:
    """The item becomes exactly what is sent; what is left out is gone."""
    body = request.get_json(silent=True)
    if len(request.headers.get("Content-Language", "").split("-")) != 2:
        return problem(400, 25709, "Invalid value for header Content-Language.", "API_INVENTORY")
    if not isinstance(body, dict) or unknown(body):
        return problem(400, 2004, f"Invalid request: {', '.join(unknown(body)) if isinstance(body, dict) else 'no JSON object'}.", "API_INVENTORY")
    product = body.get("product") or {}
    urls = product.get("imageUrls") or []
    with world().store.write() as session:
        listing = own(session, sku)
        if listing is None:
            return problem(404, 25710, "We didn't find the resource/entity you are requesting. Please verify the request.", "API_INVENTORY")
        if listing.state == "removed":
            return problem(400, 25097, "The listing is on hold, and no revision is possible.", "API_INVENTORY")
        if listing.state != "active" or not product.get("title") or not urls:
            return problem(400, 25019 if listing.state != "active" else 25014, "Cannot revise the listing: invalid data or pictures.", "API_INVENTORY")
        try:
            most = world().hidden.ebay.variations.pictures_max if GROUP in listing.attributes else None
            _, images, _ = check_urls(session, [str(url) for url in urls], most)
        except Failure as failure:
            return problem(400, 25014, str(failure), "API_INVENTORY")
        if GROUP in listing.attributes:
            effect = _replace_member(session, listing, sku, body, [str(url) for url in urls], images)
            world().wrote(session, listing, "createOrReplaceInventoryItem", None, sets=effect)
            return "", 204
        listing.attributes = {**listing.attributes, ITEM: body}
        listing.title = product["title"]
        listing.quantity = int(((body.get("availability") or {}).get("shipToLocationAvailability") or {}).get("quantity", 0))
        effect = want(session, listing, [str(url) for url in urls], images)
        world().wrote(session, listing, "createOrReplaceInventoryItem", None, pictures=effect)
        if listing.open_notices():
            warning = {
                "errorId": 25096,
                "domain": "API_INVENTORY",
                "category": "BUSINESS",
                "message": "The listing is on hold; it may be revised to resolve it.",
            }
            return jsonify(warnings=[warning]), 200
        return "", 204


def _replace_member(session: Session, listing: Listing, sku: str, body: dict[str, Any], urls: list[str], images: list[str | None]) -> dict[str, Any]:
    """The group shows the pictures of the first item with a value; another's are kept and not shown."""
    group, known = listing.attributes[GROUP], listing.attributes["variations"]
    listing.attributes = {**listing.attributes, GROUP: {**group, "items": {**group["items"], sku: body}}}
    value = next(one["specifics"][known["name"]] for one in known["list"] if one["sku"] == sku)
    first = next(one["sku"] for one in known["list"] if one["specifics"][known["name"]] == value)
    return {value: want(session, listing, urls, images, of=value) if first == sku else "not shown"}


def unknown(body: dict[str, Any]) -> list[str]:
    """Fields that only reading tells."""
    stock = (body.get("availability") or {}).get("shipToLocationAvailability") or {}
    return [name for name in ("sku", "locale", "groupIds", "inventoryItemGroupKeys") if name in body] + [n for n in stock if n == "allocationByFormat"]


@blueprint.get("/offer")
def offers() -> Answer:
    """The offers of a SKU with the listing that each became."""
    with world().store.read() as session:
        sku = request.args.get("sku", "")
        listing = own(session, sku, living=False)
        if listing is None:
            return problem(404, 25713, "This Offer is not available.", "API_INVENTORY")
        status = {"active": "OUT_OF_STOCK" if listing.quantity == 0 else "ACTIVE", "ended": "ENDED", "removed": "EBAY_ENDED"}[listing.state]
        held = listing.state == "active" and bool(listing.open_notices())
        shown = {"listingId": listing.external_id, "listingStatus": status, "soldQuantity": 0, **({"listingOnHold": True} if held else {})}
        offer = {"offerId": f"9{listing.external_id}", "sku": sku, "format": "FIXED_PRICE", "status": "PUBLISHED", "listing": shown}
        return jsonify(total=1, size=1, offers=[offer])


def own(session: Session, sku: str, *, living: bool = True) -> Listing | None:
    """The seller's listing of this SKU that was made with this API, the newest."""
    named = or_(Listing.sku == sku, Listing.id.in_(select(VariationSku.listing_id).where(VariationSku.sku == sku)))
    query = select(Listing).where(Listing.connector == "ebay", Listing.seller == signed_in(), named).order_by(Listing.id.desc())
    found = [one for one in session.scalars(query) if sku in one.attributes.get(GROUP, {}).get("items", ()) or (ITEM in one.attributes and one.sku == sku)]
    return next((listing for listing in found if not living or listing.state != "ended"), None)
