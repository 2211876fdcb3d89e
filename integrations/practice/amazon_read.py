"""The practice Amazon's answers to questions: getListingsItem, searchListingsItems, getCatalogItem."""

import base64
import hashlib
import json
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import select

from integrations.practice.amazon_door import Answer, blueprint, csv, find, included, marketplaces, moment, number, signed_in
from integrations.practice.amazon_view import VARIANTS, address, item
from integrations.practice.current import world
from integrations.practice.store import Listing
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
        return jsonify(item(listing, ids[0], included("summaries")))


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
    order: dict[str, Any] = {"sku": Listing.sku, "createdDate": Listing.created}
    by = order.get(asked.get("sortBy", ""), Listing.updated)
    query = query.order_by(by.asc() if asked.get("sortOrder") == "ASC" else by.desc(), Listing.id)
    with world().store.read() as session:
        found = [item(listing, ids[0], included("summaries") | {"issues", "summaries"}) for listing in session.scalars(query)]
    severities, status, without = set(csv("withIssueSeverity")), set(csv("withStatus")), set(csv("withoutStatus"))
    found = [
        one
        for one in found
        if (not severities or severities & {issue["severity"] for issue in one["issues"]})
        and (not status or status & set(one["summaries"][0]["status"]))
        and not without & set(one["summaries"][0]["status"])
    ][: limits.reach]
    start = page_start()
    answer: dict[str, Any] = {"numberOfResults": len(found), "items": [trim(one) for one in found[start : start + size]]}
    pagination = {}
    if start + size < len(found):
        pagination["nextToken"] = page_token(start + size)
    if start:
        pagination["previousToken"] = page_token(max(0, start - size))
    if pagination:
        answer["pagination"] = pagination
    return jsonify(answer)


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
    answer: dict[str, Any] = {"asin": asin}
    parts = included("summaries")
    with world().store.read() as session:
        listings = {
            one: session.scalars(
                select(Listing).where(
                    Listing.connector == "amazon",
                    Listing.state == "active",
                    Listing.external_id == asin,
                    Listing.marketplace == world().hidden.sites.amazon[one],
                )
            ).first()
            for one in ids
        }
        if not any(listings.values()):
            raise Answer(404, "NOT_FOUND", f"Requested item '{asin}' not found in marketplace(s) {','.join(ids)}.")
        if "images" in parts:
            answer["images"] = [
                {
                    "marketplaceId": one,
                    "images": [
                        {"variant": VARIANTS[slot.position], "link": address(slot.image.id), "height": slot.image.height, "width": slot.image.width}
                        for slot in sorted(listing.slots, key=lambda slot: rank(slot.position))
                        if slot.image and slot.position in VARIANTS
                    ],
                }
                for one, listing in listings.items()
                if listing is not None
            ]
        if "summaries" in parts:
            answer["summaries"] = [{"marketplaceId": one, "itemName": listing.title} for one, listing in listings.items() if listing is not None]
    return jsonify(answer)
