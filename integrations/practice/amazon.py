"""What can be written to the practice Amazon: putListingsItem, patchListingsItem, deleteListingsItem."""

import json
import re
import uuid
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy.orm import Session

from integrations.practice import amazon_types, pictures
from integrations.practice.amazon_door import Answer, blueprint, find, marketplaces, signed_in
from integrations.practice.amazon_view import LOCATOR, asin, attribute, first, position
from integrations.practice.current import world
from integrations.practice.faults import FAULT
from integrations.practice.store import Listing, Slot

PATH = re.compile(r"^/attributes/([A-Za-z0-9_]+)$")
OPERATIONS = {"add", "replace", "merge", "delete"}
POLLUTION = {"MarketplaceId", "MarketplaceIds", "marketplace_ids", "marketplaceIds"}  # keys the Python SDK adds to bodies


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


def check_value(product_type: str, name: str, value: object, ids: list[str], operation: str) -> list[dict[str, Any]]:
    """The shape of one attribute's value: a list of objects for the marketplaces asked for; locators need a usable address."""
    if not amazon_types.known(product_type, name):
        return [problem("90000900", f"'{name}' is not an attribute of the product type '{product_type}'.", name)]
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
    if operation != "delete":
        found += [
            problem("90000900", words, name, "MISSING_ATTRIBUTE" if "required" in words else "INVALID_ATTRIBUTE")
            for words in amazon_types.faults_of(name, value)
        ]
    return found


def check_whole(kind: str, attributes: dict[str, Any], requirements: str, ids: list[str]) -> list[dict[str, Any]]:
    """What is wrong with a whole listing: its product type, each value, and what is missing."""
    if kind not in amazon_types.table()["types"]:
        return [problem("90000901", f"'{kind}' is not a product type.", "productType")]
    issues = [issue for name, value in attributes.items() for issue in check_value(kind, name, value, ids, "replace")]
    whole = requirements != "LISTING_OFFER_ONLY"
    required = amazon_types.required(kind) if whole else ["condition_type", "purchasable_offer"]
    if whole and not any(attributes.get(name) for name in amazon_types.table()["either"]):
        required.append(amazon_types.table()["either"][0])
    issues += [problem("90220", f"'{name}' is required but not supplied.", name, "MISSING_ATTRIBUTE") for name in required if not attributes.get(name)]
    title = first(attributes, "item_name", "value")
    if attributes.get("item_name") and (not isinstance(title, str) or not title.strip()):
        issues.append(problem("90220", "'item_name' is required but not supplied.", "item_name", "MISSING_ATTRIBUTE"))
    return issues


@blueprint.put("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def put(seller_id: str, sku: str) -> Response:
    """Create, or replace whole. Attributes left out are removed; a picture left out stays asked for no more."""
    ids, read = marketplaces(), body()
    attributes = read.get("attributes")
    if not isinstance(attributes, dict):
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'attributes' is required")
    issues = check_whole(read["productType"], attributes, read.get("requirements", "LISTING"), ids)
    if not issues and request.args.get("mode") != "VALIDATION_PREVIEW":
        with world().store.write() as session:
            for one in ids:
                put_one(session, one, sku, read)
    return submission(sku, issues)


def meant(value: list[dict[str, Any]], marketplace_id: str) -> list[dict[str, Any]]:
    """The parts of a value that are for this marketplace."""
    return [one for one in value if one.get("marketplace_id", marketplace_id) == marketplace_id]


def put_one(session: Session, marketplace_id: str, sku: str, read: dict[str, Any], call: str = "putListingsItem") -> None:
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
    world().wrote(session, listing, call, None, created=created, changed=changed, pictures=effect)


def new_listing(session: Session, marketplace: str, seller: str, sku: str, title: str) -> Listing:
    """An empty listing."""
    listing = Listing(
        connector="amazon",
        marketplace=marketplace,
        seller=seller,
        sku=sku,
        external_id=asin(seller, sku),
        title=title,
        created=world().now(),
        updated=world().now(),
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


def want(session: Session, listing: Listing, place: str, url: str) -> str:
    """Ask for a picture at a position; asking again for what is shown or on its way changes nothing."""
    slot, fault, timing = listing.slot(place), request.environ.get(FAULT), world().hidden.timing
    if fault == "drop_write":
        return "dropped"
    if slot is not None and slot.wanted_url == url and slot.failure is None:
        return "same"
    if slot is None:
        slot = Slot(listing_id=listing.id, position=place)
        listing.slots.append(slot)
    slot.wanted_url, slot.failure = url, None
    world().note(session, listing, "picture asked for", position=place, url=url)
    after = timing.propagation + (timing.late if fault == "late" else 0)
    world().later(session, listing, after, "show", position=place, url=url, exempt=timing.exemption if fault == "exempt" else 0)
    if fault == "swap":
        world().later(session, listing, timing.propagation + timing.swap, "swap", position=place)
    return url


def unwant(session: Session, listing: Listing, slot: Slot) -> str:
    """Ask for a picture's removal."""
    slot.wanted_url = None
    world().later(session, listing, world().hidden.timing.propagation, "hide", position=slot.position)
    return "removed"


def understood(patches: Any) -> list[dict[str, Any]]:
    """The patches, if they are of the right form; 400 otherwise."""
    if not isinstance(patches, list) or not patches:
        raise Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", "'patches' needs at least one patch")
    for one in patches:
        if not isinstance(one, dict) or one.get("op") not in OPERATIONS or not PATH.match(str(one.get("path"))):
            raise Answer(
                400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", f"patch not understood: {json.dumps(one)[:120]}"
            )
    return patches


def check_patches(product_type: str, patches: list[dict[str, Any]], ids: list[str]) -> list[dict[str, Any]]:
    """What is wrong with the patches' values."""
    issues: list[dict[str, Any]] = []
    for one in patches:
        name = one["path"].removeprefix("/attributes/")
        issues += check_value(product_type, name, one.get("value"), ids, one["op"])
        if one["op"] == "delete" and name == "main_product_image_locator":
            issues.append(problem("90220", f"'{name}' is required: replace the main image instead of deleting it.", name, "MISSING_ATTRIBUTE"))
    return issues


@blueprint.patch("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def patch(seller_id: str, sku: str) -> Response:
    """Change whole top-level attributes of an existing listing."""
    ids, read = marketplaces(), body()
    patches = understood(read.get("patches"))
    with world().store.read() as session:
        for marketplace_id in ids:
            if find(session, marketplace_id, sku) is None:
                raise Answer(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {marketplace_id}")
    issues = check_patches(read["productType"], patches, ids)
    if not issues and request.args.get("mode") != "VALIDATION_PREVIEW":
        with world().store.write() as session:
            for marketplace_id in ids:
                patch_one(session, marketplace_id, sku, patches)
    return submission(sku, issues)


def patch_one(session: Session, marketplace_id: str, sku: str, patches: list[dict[str, Any]], call: str = "patchListingsItem") -> None:
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
    world().wrote(session, listing, call, None, pictures=effect)


@blueprint.delete("/listings/2021-08-01/items/<seller_id>/<path:sku>")
@signed_in
def delete(seller_id: str, sku: str) -> Response:
    """End the listing on the marketplaces asked for; it is not found from then on."""
    ids = marketplaces()
    with world().store.write() as session:
        for marketplace_id in ids:
            listing = find(session, marketplace_id, sku)
            if listing is None:
                raise Answer(404, "NOT_FOUND", f"SKU '{sku}' not found in marketplace {marketplace_id}")
            world().end(session, listing, "ended", None)
            world().wrote(session, listing, "deleteListingsItem", None)
    return submission(sku, [])
