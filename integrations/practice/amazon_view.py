"""What a listing of the practice Amazon looks like from outside: names, addresses, summaries, issues."""

import base64
import hashlib
import re
from typing import Any
from urllib.parse import quote

from integrations.practice.clock import iso
from integrations.practice.current import public_url, world
from integrations.practice.store import Listing, Notice

LOCATOR = re.compile(r"^(?:(main)_(product|offer)_image_locator|other_(product|offer)_image_locator_([1-8])|(swatch)_product_image_locator)$")
VARIANTS = {"main": "MAIN", "swatch": "SWCH", **{f"alt{index}": f"PT0{index}" for index in range(1, 9)}}


def first(attributes: dict[str, Any], name: str, key: str) -> object:
    """`key` of the first object of an attribute, or None."""
    value = attributes.get(name)
    return value[0].get(key) if isinstance(value, list) and value and isinstance(value[0], dict) else None


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


def asin(seller: str, sku: str) -> str:
    """The ASIN that follows from seller and SKU, so that it is the same on every marketplace and in every run."""
    return "B0" + base64.b32encode(hashlib.sha256(f"{seller}\n{sku}".encode()).digest()[:5]).decode()


def path(image_id: str) -> str:
    """Where a picture is shown, behind our address."""
    return f"/images/I/{quote(image_id)}.jpg"


def address(image_id: str) -> str:
    """Where a picture is shown."""
    return public_url() + path(image_id)


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
