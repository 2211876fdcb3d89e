"""What a listing of the practice eBay looks like from outside, as Trading elements."""

from typing import Any
from zlib import crc32

from integrations.practice.clock import iso
from integrations.practice.current import world
from integrations.practice.ebay_media import address
from integrations.practice.store import Listing
from integrations.practice.world import rank

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


def item(listing: Listing, notes: bool = False) -> Content:
    """The Item element. `notes` adds what eBay tells the seller of a removed listing."""
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
        "HideFromSearch": True if active and listing.quantity == 0 else None,
        "ReasonHideFromSearch": "OutOfStock" if active and listing.quantity == 0 else None,
        "ItemPolicyViolation": policy,
        "eBayNotes": policy["PolicyText"] if policy and notes else None,
    }


def picture_details(listing: Listing) -> Content:
    """The pictures shown now, and how the last set fared."""
    shown = sorted((slot for slot in listing.slots if slot.image_id), key=lambda slot: rank(slot.position))
    failed = next((slot for slot in listing.slots if slot.failure), None)
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
