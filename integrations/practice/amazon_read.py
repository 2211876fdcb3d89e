"""The practice Amazon's answers to questions: getListingsItem, searchListingsItems, getCatalogItem, searchCatalogItems."""

import base64
import hashlib
import json
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, not_, or_, select
from sqlalchemy.orm import Session, selectinload

from integrations.practice.amazon_door import Answer, blueprint, csv, find, included, marketplaces, moment, number, signed_in
from integrations.practice.amazon_view import VARIANTS, address, item
from integrations.practice.current import world
from integrations.practice.faults import FAULT
from integrations.practice.store import Image, Listing, Notice, Slot
from integrations.practice.world import rank


@blueprint.get("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def get(seller_id: str, sku: str) -> Response:
    """One listing; only the first marketplace's summary comes back, as with the real one."""
    ids = marketplaces()
    with world().store.read() as session:
        listing = find(session, ids[0], sku)
        if listing is None:
            raise Answer(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {ids[0]}")
        found = item(listing, ids[0], included("summaries"))
        mistaken(session, [found])
        return jsonify(found)


@blueprint.get("/listings/2021-08-01/items/<seller_id>")
@signed_in
def search(seller_id: str) -> Response:
    """Listings by identifiers, time of change, severity of issues and status, page by page."""
    ids, limits, asked = marketplaces(), world().hidden.amazon.search, request.args
    size = number("pageSize", limits.page)
    if not 1 <= size <= limits.page_max:
        raise Answer(400, "InvalidInput", f"pageSize must be 1..{limits.page_max}.", "pageSize")
    identifiers = csv("identifiers")
    if len(identifiers) > limits.identifiers_max or (identifiers and asked.get("identifiersType") not in {"SKU", "ASIN"}):
        raise Answer(400, "InvalidInput", f"identifiers takes at most {limits.identifiers_max} values with identifiersType SKU or ASIN.", "identifiers")
    query = select(Listing).where(
        Listing.connector == "amazon", Listing.seller == g.seller, Listing.marketplace == world().hidden.sites.amazon[ids[0]], Listing.state == "active"
    )
    if identifiers:
        query = query.where((Listing.sku if asked["identifiersType"] == "SKU" else Listing.external_id).in_(identifiers))
    for name, column in (("lastUpdated", Listing.updated), ("created", Listing.created)):
        if asked.get(f"{name}After"):
            query = query.where(column >= moment(f"{name}After"))
        if asked.get(f"{name}Before"):
            query = query.where(column <= moment(f"{name}Before"))
    severities, status, without = csv("withIssueSeverity"), csv("withStatus"), csv("withoutStatus")
    if severities:
        query = query.where(Listing.id.in_(complained(func.json_extract(Notice.complaint, "$.severity").in_(severities))))
    states = {"BUYABLE": buyable(), "DISCOVERABLE": discoverable()}
    if status:
        query = query.where(or_(*(states.get(one, false()) for one in status)))
    for one in without:
        query = query.where(not_(states.get(one, false())))
    order: dict[str, Any] = {"sku": Listing.sku, "createdDate": Listing.created}
    by = order.get(asked.get("sortBy", ""), Listing.updated)
    start = page_start()
    with world().store.read() as session:
        count = session.scalar(select(func.count()).select_from(query.with_only_columns(Listing.id).limit(limits.reach).subquery())) or 0
        page = query.order_by(by.asc() if asked.get("sortOrder") == "ASC" else by.desc(), Listing.id).offset(start).limit(max(0, min(size, count - start)))
        listings = session.scalars(page.options(selectinload(Listing.slots).joinedload(Slot.image), selectinload(Listing.notices)))
        found = [item(listing, ids[0], included("summaries") | {"issues", "summaries"}) for listing in listings]
        mistaken(session, found)
    answer: dict[str, Any] = {"numberOfResults": count, "items": [trim(one) for one in found]}
    pagination = {}
    if start + size < count:
        pagination["nextToken"] = page_token(start + size)
    if start:
        pagination["previousToken"] = page_token(max(0, start - size))
    if pagination:
        answer["pagination"] = pagination
    return jsonify(answer)


def complained(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The listings against which something stands that is so."""
    return select(Notice.listing_id).where(Notice.ended.is_(None), *conditions)


def lost(*actions: str) -> ColumnElement[bool]:
    """Whether one of these actions is enforced against a listing now, as `amazon_view.summary` tells it."""
    enforced = or_(Notice.exempt_until.is_(None), Notice.exempt_until <= world().now())
    told = func.json_extract(Notice.complaint, "$.actions")
    return Listing.id.in_(complained(enforced, or_(*(told.contains(f'"{action}"') for action in actions))))


def buyable() -> ColumnElement[bool]:
    """Whether a summary says BUYABLE."""
    return and_(Listing.quantity > 0, not_(lost("LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED")))


def discoverable() -> ColumnElement[bool]:
    """Whether a summary says DISCOVERABLE."""
    return not_(lost("SEARCH_SUPPRESSED", "CATALOG_ITEM_REMOVED"))


def mistaken(session: Session, items: list[dict[str, Any]]) -> None:
    """Where that was ordered, one of the items shows the main picture of another listing (models issue 5343)."""
    shown = [one for one in items if (one.get("summaries") or [{}])[0].get("mainImage")]
    if request.environ.get(FAULT) != "sibling_image" or not shown:
        return
    victim = shown[request.environ[f"{FAULT}.count"] % len(shown)]["summaries"][0]
    own = victim["mainImage"]["link"]
    for image in session.scalars(select(Image).where(Image.connector == "amazon", Image.seller == g.seller).order_by(Image.id).limit(2)):
        if address(image.id) != own:
            victim["mainImage"] = {"link": address(image.id), "height": image.height, "width": image.width}
            return


def trim(one: dict[str, Any]) -> dict[str, Any]:
    """Only the parts asked for."""
    keep = included("summaries") | {"sku"}
    return {key: value for key, value in one.items() if key in keep}


def fingerprint() -> str:
    """What a page token is bound to: the query without the token itself."""
    pairs = sorted((key, value) for key, value in request.args.items(multi=True) if key != "pageToken")
    return hashlib.sha256(json.dumps([g.seller, pairs]).encode()).hexdigest()[:12]


def page_token(start: int) -> str:
    """An opaque token for the page that begins at `start`."""
    return base64.urlsafe_b64encode(f"{start}:{fingerprint()}".encode()).decode()


def page_start() -> int:
    """Where the asked page begins; 400 for a token of another query."""
    text = request.args.get("pageToken")
    if not text:
        return 0
    try:
        start, _, bound = base64.urlsafe_b64decode(text).decode().partition(":")
        if bound == fingerprint():
            return int(start)
    except ValueError:
        pass
    raise Answer(400, "InvalidInput", "The pageToken is not valid for this query.", "pageToken")


@blueprint.get("/catalog/2022-04-01/items/<asin>")
@signed_in
def catalog(asin: str) -> Response:
    """The gallery of a catalogue item per marketplace; the seller's own offer pictures are not part of it."""
    ids = marketplaces()
    with world().store.read() as session:
        found = catalogued(session, [asin], ids)
    if not found:
        raise Answer(404, "NOT_FOUND", f"Requested item '{asin}' not found in marketplace(s) {','.join(ids)}.")
    return jsonify(found[0])


@blueprint.get("/catalog/2022-04-01/items")
@signed_in
def catalog_search() -> Response:
    """Catalogue items by identifier, at most 20; items that are not there are left out."""
    ids, asins, most = marketplaces(), list(dict.fromkeys(csv("identifiers"))), world().hidden.amazon.search.identifiers_max
    if not 1 <= len(asins) <= most or request.args.get("identifiersType") != "ASIN" or len(ids) != 1:
        raise Answer(400, "InvalidInput", f"1 to {most} identifiers of identifiersType ASIN in one marketplace.", "identifiers")
    size = number("pageSize", 10)
    if not 1 <= size <= 20:
        raise Answer(400, "InvalidInput", "pageSize must be 1..20.", "pageSize")
    with world().store.read() as session:
        found = catalogued(session, asins, ids)
    return jsonify(numberOfResults=len(found), items=found[:size])


_CATALOGUED = (
    select(Listing)
    .where(Listing.connector == "amazon", Listing.state == "active")
    .where(Listing.external_id.in_(bindparam("asins", expanding=True)), Listing.marketplace.in_(bindparam("sites", expanding=True)))
    .order_by(Listing.id.desc())
    .options(selectinload(Listing.slots))
)


def catalogued(session: Session, asins: list[str], ids: list[str]) -> list[dict[str, Any]]:
    """The catalogue items of these ASINs, in their order, with the parts asked for."""
    sites, parts = world().hidden.sites.amazon, included("summaries")
    shown = session.scalars(_CATALOGUED, {"asins": asins, "sites": [sites[one] for one in ids]})
    there = {(listing.external_id, listing.marketplace): listing for listing in shown}
    found = []
    for asin in asins:
        listings = {one: there[asin, sites[one]] for one in ids if (asin, sites[one]) in there}
        if not listings:
            continue
        answer: dict[str, Any] = {"asin": asin}
        if "images" in parts:
            answer["images"] = [{"marketplaceId": one, "images": gallery(listing)} for one, listing in listings.items()]
        if "summaries" in parts:
            answer["summaries"] = [{"marketplaceId": one, "itemName": listing.title} for one, listing in listings.items()]
        found.append(answer)
    return found


def gallery(listing: Listing) -> list[dict[str, Any]]:
    """The pictures that buyers see, main first."""
    slots = sorted(listing.slots, key=lambda slot: rank(slot.position))
    return [
        {"variant": VARIANTS[slot.position], "link": address(slot.image.id), "height": slot.image.height, "width": slot.image.width}
        for slot in slots
        if slot.image and slot.position in VARIANTS
    ]
