"""What a listing of the practice eBay looks like from outside, as Trading elements."""

from typing import Any
from zlib import crc32

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from integrations.practice.clock import iso
from integrations.practice.current import world
from integrations.practice.ebay_media import address
from integrations.practice.faults import FAULT
from integrations.practice.store import Listing
from integrations.practice.world import parted, rank

Content = dict[str, Any]
MONTH = 30 * 86400


def times(listing: Listing) -> Content:
    """What every write answers. A listing goes on until cancelled: it ends within a month and is renewed."""
    renewals = max(0, int((world().now() - listing.created) // MONTH))
    return {
        "ItemID": listing.external_id,
        "SKU": listing.sku or None,
        "StartTime": iso(listing.created),
        "EndTime": iso(listing.ended or listing.created + MONTH * (1 + renewals)),
    }


def item(listing: Listing, notes: bool = False, *, pictured: bool = False, brief: bool = False) -> Content:
    """The Item element. `notes` adds what eBay tells the seller of a removed listing, `pictured` the pictures of variations; `brief` leaves specifics out."""
    complaints = listing.open_notices()
    policy = (
        {"PolicyID": crc32(complaints[0].code.encode()), "PolicyText": " ".join(notice.message for notice in complaints)} if complaints else None
    )  # a number, as eBay has it
    active = listing.state == "active"
    money = {"@currencyID": listing.currency, "#text": listing.price}
    times_ = times(listing)
    return {
        "ItemID": listing.external_id,
        "SKU": listing.sku or None,
        "Title": listing.title,
        "Currency": listing.currency,
        "Quantity": listing.quantity,
        "StartPrice": money,
        "ListingType": "FixedPriceItem",
        "ListingDetails": {"StartTime": times_["StartTime"], "EndTime": times_["EndTime"], "EndingReason": listing.ending_reason},
        "SellingStatus": {
            "CurrentPrice": money,
            "QuantitySold": 0,
            "ListingStatus": "Active" if active else "Completed",
            "AdminEnded": True if listing.state == "removed" else None,
            "ListingOnHold": True if active and complaints else None,
        },
        "PictureDetails": picture_details(listing),
        "Variations": variations(listing, pictured=pictured, brief=brief) if "variations" in listing.attributes else None,
        "HideFromSearch": True if active and listing.quantity == 0 else None,
        "ReasonHideFromSearch": "OutOfStock" if active and listing.quantity == 0 else None,
        "ItemPolicyViolation": policy,
        "eBayNotes": policy["PolicyText"] if policy and notes else None,
    }


def picture_details(listing: Listing) -> Content:
    """The item's pictures shown now, and how the last set fared."""
    slots = [slot for slot in listing.slots if not parted(slot.position)[0]]
    shown = sorted((slot for slot in slots if slot.image_id), key=lambda slot: rank(slot.position))
    failed = next((slot for slot in slots if slot.failure), None)
    pending = listing.wanted != [slot.wanted_url for slot in shown]
    status = failed.failure if failed else "Pending" if pending else "Success" if shown else None
    urls = [address(slot.image_id) for slot in shown if slot.image_id]
    return {
        "GalleryType": "Gallery",
        "GalleryURL": urls[0] if urls else None,
        "PictureURL": urls,
        "PictureSource": "EPS" if urls else None,
        "GalleryStatus": status,
        "GalleryErrorInfo": f"{failed.failure}: {failed.wanted_url}" if failed else None,
    }


def variations(listing: Listing, *, pictured: bool, brief: bool) -> Content:
    """The Variations element."""
    known = listing.attributes["variations"]
    sets = shown_sets(listing)
    return {
        "Variation": [
            {
                "SKU": one["sku"] or None,
                "StartPrice": {"@currencyID": listing.currency, "#text": one["price"]},
                "Quantity": one["quantity"],
                "VariationSpecifics": None if brief and one["sku"] else named({name: [value] for name, value in one["specifics"].items()}),
                "SellingStatus": {"QuantitySold": 0},
            }
            for one in known["list"]
        ],
        "Pictures": {
            "VariationSpecificName": known["name"],
            "VariationSpecificPictureSet": [{"VariationSpecificValue": value, "PictureURL": urls} for value, urls in sets.items()],
        }
        if pictured and sets
        else None,
        "VariationSpecificsSet": None if brief else named(known["set"]),
    }


def named(pairs: dict[str, list[str]]) -> Content:
    """Names and values as a NameValueListArray."""
    return {"NameValueList": [{"Name": name, "Value": values} for name, values in pairs.items()]}


def shown_sets(listing: Listing) -> dict[str, list[str]]:
    """The pictures shown now by the value of the variations that they belong to."""
    found: dict[str, list[str]] = {}
    for slot in sorted((slot for slot in listing.slots if slot.image_id), key=lambda slot: rank(slot.position)):
        if of := parted(slot.position)[0]:
            found.setdefault(of, []).append(address(slot.image_id or ""))
    return found


def mistaken(session: Session, listing: Listing, content: Content) -> Content:
    """Where that was ordered, a picture of the answer is a sibling's: another variation's, or another listing's."""
    if request.environ.get(FAULT) != "sibling_image":
        return content
    sets = ((content.get("Variations") or {}).get("Pictures") or {}).get("VariationSpecificPictureSet") or []
    if len(sets) > 1:
        victim = request.environ[f"{FAULT}.count"] % len(sets)
        sets[victim]["PictureURL"] = [sets[victim - 1]["PictureURL"][0], *sets[victim]["PictureURL"][1:]]
        return content
    others = session.scalars(select(Listing).where(Listing.connector == "ebay", Listing.seller == listing.seller, Listing.id != listing.id).limit(3))
    image = next((slot.image_id for other in others for slot in other.slots if slot.image_id and slot.position == "main"), None)
    details = content["PictureDetails"]
    if image and details["PictureURL"]:
        details["PictureURL"] = [address(image), *details["PictureURL"][1:]]
    return content
