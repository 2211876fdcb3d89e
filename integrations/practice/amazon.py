"""The practice Amazon: Login with Amazon tokens, Listings Items 2021-08-01, Catalog Items 2022-04-01, hosted pictures."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, jsonify, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from integrations.practice import pictures, tokens
from integrations.practice.clock import iso, parse_iso
from integrations.practice.store import Listing, Notice, Slot
from integrations.practice.world import World

blueprint = Blueprint("amazon", __name__)

LOCATOR = re.compile(r"^(?:(main)_(product|offer)_image_locator|other_(product|offer)_image_locator_([1-8])|(swatch)_product_image_locator)$")
PATH = re.compile(r"^/attributes/([A-Za-z0-9_]+)$")
OPERATIONS = {"add", "replace", "merge", "delete"}
POLLUTION = {"MarketplaceId", "MarketplaceIds", "marketplace_ids", "marketplaceIds"}  # keys the Python SDK adds to bodies


class Answer(Exception):
    """An error answer in Amazon's shape: {"errors": [{code, message, details}]}."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(message)
        self.status, self.errors = status, [{"code": code, "message": message, "details": details}]


@blueprint.errorhandler(Answer)
def refuse(error: Answer) -> tuple[Response, int]:
    """The error as JSON."""
    return jsonify(errors=error.errors), error.status


@blueprint.after_request
def stamp(answer: Response) -> Response:
    """Headers that the real ones send with most answers."""
    answer.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    if answer.status_code in {200, 400, 404}:
        answer.headers["x-amzn-RateLimit-Limit"] = "5.0"
    return answer


def world() -> World:
    """The world of this application."""
    found: World = current_app.extensions["practice"]
    return found


def signed_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Only with a good access token; g.seller is who."""

    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        seller, why = tokens.holder(world(), "amazon", request.headers.get("x-amz-access-token"))
        if seller is None:
            details = {
                "missing": "Access token is missing in the request header.",
                "expired": "The access token you provided has expired.",
                "unknown": "The access token you provided is revoked, malformed or invalid.",
            }[why]
            raise Answer(403, "Unauthorized", "Access to requested resource is denied.", details)
        if kwargs.get("seller_id", seller) != seller:
            raise Answer(403, "Unauthorized", "Access to requested resource is denied.", "The seller is not the one who authorised this application.")
        g.seller = seller
        return view(*args, **kwargs)

    return inner


@blueprint.post("/auth/o2/token")
def token() -> tuple[Response, int]:
    """Login with Amazon: a refresh token for an access token."""
    if request.form.get("grant_type") != "refresh_token":
        return jsonify(error="unsupported_grant_type", error_description="The authorization grant type is not supported by the authorization server"), 400
    if not request.form.get("client_id") or not request.form.get("client_secret"):
        return jsonify(error="invalid_client", error_description="Client authentication failed"), 401
    refresh = request.form.get("refresh_token")
    text = tokens.issue(world(), "amazon", refresh)
    if text is None:
        return jsonify(error="invalid_grant", error_description="The request has an invalid grant parameter : refresh_token"), 400
    return jsonify(access_token=text, refresh_token=refresh, token_type="bearer", expires_in=int(world().hidden.timing.token_life)), 200  # noqa: S106


# -- Listings Items


def marketplaces() -> list[str]:
    """The marketplaceIds of the query; 400 where missing or unknown."""
    ids = [part for value in request.args.getlist("marketplaceIds") for part in value.split(",") if part]
    if not ids:
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'marketplaceIds' is required")
    for one in ids:
        if one not in world().hidden.sites.amazon:
            raise Answer(400, "InvalidInput", f"Invalid marketplace id '{one}'.", "marketplaceIds")
    return ids


def included(default: str) -> set[str]:
    """The includedData of the query, given as csv or repeated."""
    return {part for value in request.args.getlist("includedData") or [default] for part in value.split(",")}


def find(session: Session, marketplace_id: str, sku: str) -> Listing | None:
    """The seller's own listing."""
    key = world().hidden.sites.amazon[marketplace_id]
    return session.scalars(
        select(Listing).where(Listing.connector == "amazon", Listing.seller == g.seller, Listing.marketplace == key, Listing.sku == sku)
    ).first()


def body() -> dict[str, Any]:
    """The JSON object of the request without the SDK's stray keys; 400 otherwise."""
    read = request.get_json(silent=True)
    if not isinstance(read, dict):
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "the body must be a JSON object")
    clean = {key: value for key, value in read.items() if key not in POLLUTION}
    if not isinstance(clean.get("productType"), str) or not clean["productType"]:
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'productType' is required")
    return clean


def submission(sku: str, issues: list[dict[str, Any]]) -> Response:
    """What PUT and PATCH answer; in a preview VALID instead of ACCEPTED."""
    preview = request.args.get("mode") == "VALIDATION_PREVIEW"
    status = "INVALID" if issues else "VALID" if preview else "ACCEPTED"
    return jsonify(sku=sku, status=status, submissionId=uuid.uuid4().hex, issues=issues, identifiers=[])


def problem(code: str, message: str, name: str, category: str = "INVALID_ATTRIBUTE") -> dict[str, Any]:
    """An ERROR issue about one attribute."""
    return {"code": code, "message": message, "severity": "ERROR", "attributeNames": [name], "categories": [category]}


def check_value(name: str, value: object, ids: list[str], operation: str) -> list[dict[str, Any]]:
    """The shape of one attribute's value: a list of objects for the marketplaces asked for; locators need a usable address."""
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        return [problem("90000900", f"The value of '{name}' must be a list of objects.", name)]
    found = []
    for one in value:
        if one.get("marketplace_id", None if LOCATOR.match(name) else ids[0]) not in ids:  # a few attributes, such as stock, know no marketplace
            found.append(problem("99022", f"The 'marketplace_id' of '{name}' is missing or not among the request's marketplaces.", name))
        if LOCATOR.match(name) and operation != "delete":
            url = one.get("media_location")
            if not isinstance(url, str) or not url:
                found.append(problem("90220", f"'media_location' is required but not supplied in '{name}'.", name, "MISSING_ATTRIBUTE"))
            elif " " in url or not pictures.reachable(url, world().hidden.timing):
                raise Answer(400, "InvalidInput", f"Unable to Retrieve Media Content for URL '{url}'.", name)
    return found


@blueprint.put("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def put(seller_id: str, sku: str) -> Response:
    """Create, or replace whole. Attributes left out are removed; a picture left out stays asked for no more."""
    ids, read = marketplaces(), body()
    attributes = read.get("attributes")
    if not isinstance(attributes, dict):
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'attributes' is required")
    issues = [issue for name, value in attributes.items() for issue in check_value(name, value, ids, "replace")]
    required = world().hidden.amazon.required if read.get("requirements", "LISTING") != "LISTING_OFFER_ONLY" else ()
    issues += [problem("90220", f"'{name}' is required but not supplied.", name, "MISSING_ATTRIBUTE") for name in required if not attributes.get(name)]
    title = first(attributes, "item_name", "value")
    if attributes.get("item_name") and (not isinstance(title, str) or not title.strip()):
        issues.append(problem("90220", "'item_name' is required but not supplied.", "item_name", "MISSING_ATTRIBUTE"))
    if not issues and request.args.get("mode") != "VALIDATION_PREVIEW":
        with world().store.write() as session:
            for one in ids:
                put_one(session, one, sku, read)
    return submission(sku, issues)


def meant(value: list[dict[str, Any]], marketplace_id: str) -> list[dict[str, Any]]:
    """The parts of a value that are for this marketplace."""
    return [one for one in value if one.get("marketplace_id", marketplace_id) == marketplace_id]


def put_one(session: Session, marketplace_id: str, sku: str, read: dict[str, Any]) -> None:
    """The whole listing on one marketplace as the body says."""
    attributes = {name: meant(value, marketplace_id) for name, value in read["attributes"].items()}
    listing = find(session, marketplace_id, sku)
    facts = {name: value for name, value in attributes.items() if value and not LOCATOR.match(name)}
    created = listing is None
    if listing is None:
        key = world().hidden.sites.amazon[marketplace_id]
        listing = new_listing(session, key, g.seller, sku, str(first(facts, "item_name", "value") or ""))
    changed = created or listing.attributes != facts or listing.product_type != read["productType"]
    listing.product_type = read["productType"]
    describe(listing, facts)
    wanted = {name: value[0]["media_location"] for name, value in attributes.items() if value and LOCATOR.match(name)}
    effect = {name: want(session, listing, position(name), url) for name, url in wanted.items()}
    for slot in [slot for slot in listing.slots if slot.wanted_url and attribute(slot.position) not in wanted and slot.position != "main"]:
        effect[attribute(slot.position)] = unwant(session, listing, slot)
    if created and not any(name.startswith("main_") for name in wanted):
        world().later(session, listing, world().hidden.timing.propagation + world().hidden.timing.judgement, "judge", position="main", image=None)
    if changed:
        world().note(session, listing, "created" if created else "replaced")
    world().wrote(session, listing, "putListingsItem", None, created=created, changed=changed, pictures=effect)


def new_listing(session: Session, marketplace: str, seller: str, sku: str, title: str) -> Listing:
    """An empty listing; its ASIN follows from seller and SKU, so that it is the same on every marketplace and in every run."""
    asin = "B0" + base64.b32encode(hashlib.sha256(f"{seller}\n{sku}".encode()).digest()).decode()[:8]
    listing = Listing(
        connector="amazon", marketplace=marketplace, seller=seller, sku=sku, external_id=asin, title=title, created=world().now(), updated=world().now()
    )
    session.add(listing)
    session.flush()
    return listing


def describe(listing: Listing, facts: dict[str, Any]) -> None:
    """The product facts of the attributes, as columns too."""
    listing.attributes = facts
    listing.title = str(first(facts, "item_name", "value") or listing.title)
    quantity = first(facts, "fulfillment_availability", "quantity")
    listing.quantity = quantity if isinstance(quantity, int) else listing.quantity


def first(attributes: dict[str, Any], name: str, key: str) -> object:
    """`key` of the first object of an attribute, or None."""
    value = attributes.get(name)
    return value[0].get(key) if isinstance(value, list) and value and isinstance(value[0], dict) else None


def want(session: Session, listing: Listing, place: str, url: str) -> str:
    """Ask for a picture at a position; asking again for what is shown or on its way changes nothing."""
    slot = listing.slot(place)
    if slot is not None and slot.wanted_url == url and slot.failure is None:
        return "same"
    if slot is None:
        slot = Slot(listing_id=listing.id, position=place)
        listing.slots.append(slot)
    slot.wanted_url, slot.failure = url, None
    world().note(session, listing, "picture asked for", position=place, url=url)
    world().later(session, listing, world().hidden.timing.propagation, "show", position=place, url=url)
    return url


def unwant(session: Session, listing: Listing, slot: Slot) -> str:
    """Ask for a picture's removal."""
    slot.wanted_url = None
    world().later(session, listing, world().hidden.timing.propagation, "hide", position=slot.position)
    return "removed"


@blueprint.patch("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def patch(seller_id: str, sku: str) -> Response:
    """Change whole top-level attributes of an existing listing."""
    ids, read = marketplaces(), body()
    patches = read.get("patches")
    if not isinstance(patches, list) or not patches:
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'patches' needs at least one patch")
    for one in patches:
        if not isinstance(one, dict) or one.get("op") not in OPERATIONS or not PATH.match(str(one.get("path"))):
            raise Answer(
                400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", f"patch not understood: {json.dumps(one)[:120]}"
            )
    with world().store.read() as session:
        for marketplace_id in ids:
            if find(session, marketplace_id, sku) is None:
                raise Answer(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {marketplace_id}")
    issues: list[dict[str, Any]] = []
    for one in patches:
        name = one["path"].removeprefix("/attributes/")
        issues += check_value(name, one.get("value"), ids, one["op"])
        if one["op"] == "delete" and name == "main_product_image_locator":
            issues.append(problem("90220", f"'{name}' is required: replace the main image instead of deleting it.", name, "MISSING_ATTRIBUTE"))
    if not issues and request.args.get("mode") != "VALIDATION_PREVIEW":
        with world().store.write() as session:
            for marketplace_id in ids:
                patch_one(session, marketplace_id, sku, patches)
    return submission(sku, issues)


def patch_one(session: Session, marketplace_id: str, sku: str, patches: list[dict[str, Any]]) -> None:
    """The patches on one marketplace."""
    listing = find(session, marketplace_id, sku)
    if listing is None:
        raise Answer(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {marketplace_id}")
    effect: dict[str, Any] = {}
    facts = dict(listing.attributes)
    for one in patches:
        name = one["path"].removeprefix("/attributes/")
        value = meant(one["value"], marketplace_id)
        if not value:
            continue
        if LOCATOR.match(name):
            slot = listing.slot(position(name))
            if one["op"] != "delete":
                effect[name] = want(session, listing, position(name), value[0]["media_location"])
            else:
                effect[name] = unwant(session, listing, slot) if slot is not None and slot.wanted_url else "same"
        elif one["op"] == "delete":
            effect[name] = "removed" if facts.pop(name, None) else "same"
        else:
            effect[name] = "same" if facts.get(name) == value else "changed"
            facts[name] = value
    if facts != listing.attributes:
        describe(listing, facts)
        world().note(session, listing, "changed", attributes=sorted(effect))
    world().wrote(session, listing, "patchListingsItem", None, pictures=effect)


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
    query = select(Listing).where(Listing.connector == "amazon", Listing.seller == g.seller, Listing.marketplace == world().hidden.sites.amazon[ids[0]])
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


def csv(name: str) -> list[str]:
    """A list parameter, given as csv or repeated."""
    return [part for value in request.args.getlist(name) for part in value.split(",") if part]


def number(name: str, default: int) -> int:
    """A whole number of the query; 400 otherwise."""
    try:
        return int(request.args.get(name, default))
    except ValueError:
        raise Answer(400, "InvalidInput", f"{name} must be a number.", name) from None


def moment(name: str) -> float:
    """A time of the query; 400 otherwise."""
    try:
        return parse_iso(request.args[name].replace(" ", "+"))
    except ValueError:
        raise Answer(400, "InvalidInput", f"{name} must be an ISO 8601 time.", name) from None


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


# -- what a listing looks like from outside


def position(name: str) -> str:
    """main, alt1 ..., swatch, offer_main, offer_alt1 ... of a locator's attribute name."""
    match = LOCATOR.match(name)
    if match is None:
        raise ValueError(f"not an image locator: {name}")
    main, main_kind, kind, number_text, swatch = match.groups()
    bare = "swatch" if swatch else "main" if main else f"alt{number_text}"
    return f"offer_{bare}" if "offer" in (main_kind, kind) else bare


def attribute(place: str) -> str:
    """The locator's attribute name of a position."""
    kind, bare = ("offer", place.removeprefix("offer_")) if place.startswith("offer_") else ("product", place)
    return f"{bare}_{kind}_image_locator" if bare in {"main", "swatch"} else f"other_{kind}_image_locator_{bare.removeprefix('alt')}"


def address(image_id: str) -> str:
    """Where a picture is shown."""
    base: str = current_app.config["PUBLIC_URL"]() + "/images/I/"
    return f"{base}{quote(image_id)}.jpg"


def item(listing: Listing, marketplace_id: str, parts: set[str]) -> dict[str, Any]:
    """The Item of the published model, with the parts asked for."""
    answer: dict[str, Any] = {"sku": listing.sku}
    if "summaries" in parts:
        answer["summaries"] = [summary(listing, marketplace_id)]
    if "attributes" in parts:
        shown = {
            attribute(slot.position): [{"media_location": address(slot.image_id), "marketplace_id": marketplace_id}] for slot in listing.slots if slot.image_id
        }
        answer["attributes"] = {**listing.attributes, **shown}
    if "issues" in parts:
        answer["issues"] = [issue(notice, marketplace_id) for notice in listing.open_notices()]
    if "productTypes" in parts:
        answer["productTypes"] = [{"marketplaceId": marketplace_id, "productType": listing.product_type}]
    if "fulfillmentAvailability" in parts:
        answer["fulfillmentAvailability"] = [{"fulfillmentChannelCode": "DEFAULT", "quantity": listing.quantity}]
    for name in ("offers", "procurement", "relationships"):
        if name in parts:
            answer[name] = []
    return answer


def summary(listing: Listing, marketplace_id: str) -> dict[str, Any]:
    """A suppressed listing often still says BUYABLE; what it loses is DISCOVERABLE."""
    actions = {action for notice in listing.open_notices() for action in notice.complaint["actions"] if not exempt(notice)}
    status = []
    if listing.state == "active" and listing.quantity > 0 and not actions & {"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED"}:
        status.append("BUYABLE")
    if listing.state == "active" and not actions & {"SEARCH_SUPPRESSED", "CATALOG_ITEM_REMOVED"}:
        status.append("DISCOVERABLE")
    found: dict[str, Any] = {
        "marketplaceId": marketplace_id,
        "asin": listing.external_id,
        "productType": listing.product_type,
        "conditionType": first(listing.attributes, "condition_type", "value") or "new_new",
        "status": status,
        "itemName": listing.title,
        "createdDate": iso(listing.created),
        "lastUpdatedDate": iso(listing.updated),
    }
    main = next((slot for place in ("main", "offer_main") if (slot := listing.slot(place)) and slot.image), None)
    if main is not None and main.image is not None:
        found["mainImage"] = {"link": address(main.image.id), "height": main.image.height, "width": main.image.width}
    return found


def exempt(notice: Notice) -> bool:
    """Whether the complaint is not enforced yet."""
    return notice.exempt_until is not None and world().now() < notice.exempt_until


def issue(notice: Notice, marketplace_id: str) -> dict[str, Any]:
    """The Issue of the published model."""
    complaint = notice.complaint
    found: dict[str, Any] = {
        "code": notice.code,
        "message": notice.message,
        "severity": complaint["severity"],
        "categories": list(complaint["categories"]),
        "marketplaceIds": [marketplace_id],
    }
    if complaint["name_attribute"]:
        found["attributeNames"] = [attribute(notice.position)]
    if complaint["actions"]:
        exemption: dict[str, str] = {"status": "NOT_EXEMPT"}
        if exempt(notice) and notice.exempt_until is not None:
            exemption = {"status": "EXEMPT_UNTIL_EXPIRY_DATE", "expiryDate": iso(notice.exempt_until)}
        found["enforcements"] = {"actions": [{"action": action} for action in complaint["actions"]], "exemption": exemption}
    return found


# -- Catalog Items


VARIANTS = {"main": "MAIN", "swatch": "SWCH", **{f"alt{index}": f"PT0{index}" for index in range(1, 9)}}


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
                select(Listing).where(Listing.connector == "amazon", Listing.external_id == asin, Listing.marketplace == world().hidden.sites.amazon[one])
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
                        for slot in listing.slots
                        if slot.image and slot.position in VARIANTS
                    ],
                }
                for one, listing in listings.items()
                if listing is not None
            ]
        if "summaries" in parts:
            answer["summaries"] = [{"marketplaceId": one, "itemName": listing.title} for one, listing in listings.items() if listing is not None]
    return jsonify(answer)
