"""Our words <-> Trading API elements, both ways, without a network. The tables are codes.yaml and listing.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from integrations.ebay.aspects import mapping_for, specifics_of
from integrations.ebay.words import codes, many, text
from integrations.errors import Problem, Refused
from integrations.mapping import Row
from integrations.marketplace import Access, Hosted, Notice, Offer, Picture, ProductFacts, Ref, Status
from integrations.money import to_decimal
from integrations.sites import Site

__all__ = [
    "category_of",
    "condition_of",
    "description",
    "descriptors_of",
    "ended",
    "gone_notice",
    "identifiers",
    "is_true",
    "listing_table",
    "mapping",
    "moment",
    "new_item",
    "notices_of",
    "number_of",
    "offer_notices",
    "picture_details",
    "pictures_in_order",
    "repeated_item_id",
    "revision",
    "status_of",
    "unsold_notices",
    "verification",
]

Reply = Mapping[str, Any]


@cache
def listing_table() -> dict[str, Any]:
    """listing.yaml."""
    loaded: dict[str, Any] = yaml.safe_load(files("integrations.ebay").joinpath("listing.yaml").read_text("utf-8"))
    return loaded


# ours -> theirs


def pictures_in_order(offer: Offer, site: Site, most: int | None = None) -> tuple[Picture, ...]:
    """The offer's pictures as eBay will number them, main first. Refused: none, no main, too many, an unknown position, main to be removed."""
    most = most or site.limits["pictures"]
    positions = [picture.position for picture in offer.pictures]
    unknown = [position for position in (*positions, *offer.remove) if position not in site.positions]
    if unknown:
        raise Refused(f"{offer.merchant_sku}: {site.key} has no position {', '.join(unknown)}")
    if len(positions) > most or len(set(positions)) != len(positions):
        raise Refused(f"{offer.merchant_sku}: eBay takes at most {most} pictures here, one for each position; there are {len(positions)}")
    if "main" not in positions or "main" in offer.remove:
        raise Refused(f"{offer.merchant_sku}: eBay shows the first picture in search, so a listing always keeps its main picture")
    return tuple(sorted(offer.pictures, key=lambda picture: site.positions.index(picture.position)))


def picture_details(sku: str, hosted: Sequence[Hosted], access: Access) -> dict[str, Any]:
    """The whole set as PictureURLs. Refused when eBay would not take the addresses."""
    urls = [hosted_picture.url.replace(" ", "%20") for hosted_picture in hosted]
    for url in urls:
        plain = access.allow_loopback and urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        if ";" in url or not (url.startswith("https://") or plain):
            raise Refused(f"{sku}: eBay takes https addresses without a semicolon, not {url[:120]}")
    length, most = sum(map(len, urls)), access.site.limits["picture_urls_chars"]
    if length > most:
        raise Refused(
            f"{sku}: the picture addresses have {length} characters together, eBay takes {most}", (Problem("PictureURL", "addresses too long", "other"),)
        )
    return {"PictureURL": urls}


def revision(offer: Offer, item_id: str, details: dict[str, Any]) -> dict[str, Any]:
    """ReviseFixedPriceItem: the pictures, nothing else. eBay replaces the whole set."""
    return {"InvocationID": offer.key.upper(), "Item": {"ItemID": item_id, "PictureDetails": details}}


def new_item(offer: Offer, details: dict[str, Any], access: Access) -> tuple[dict[str, Any], tuple[str, ...]]:
    """AddFixedPriceItem and what the seller should know of it. Refused for a category or condition that neither we nor the account can name."""
    product, site, settings = offer.product, access.site, access.settings
    category, unconfirmed = _category(product, access)
    title = _shortened(product.title, site.limits["title_chars"])
    defaults, policies = listing_table()["defaults"], settings.get("policies", {})
    item = {
        "Title": title,
        "Description": description(product),
        "PrimaryCategory": {"CategoryID": category},
        "StartPrice": {"#text": to_decimal(product.price_minor, product.currency), "@attrs": {"currencyID": product.currency}},
        "Currency": product.currency,
        "Country": site.country,
        "Site": site.ids["site_name"],
        "Location": settings.get("location") or site.ids["location"],
        "PostalCode": settings.get("postal_code"),
        "ConditionID": condition_of(product, access),
        "Quantity": product.quantity,
        "ListingType": "FixedPriceItem",
        "ListingDuration": defaults["duration"],
        "DispatchTimeMax": settings.get("dispatch_days", defaults["dispatch_days"]),
        "SKU": offer.merchant_sku,
        "UUID": offer.key.upper(),
        "PictureDetails": details,
        "ProductListingDetails": identifiers(product),
        "ConditionDescriptors": {"ConditionDescriptor": descriptors} if (descriptors := descriptors_of(product, access)) else None,
        "ItemSpecifics": {"NameValueList": specifics_of(product, mapping(product.category, access))},
        "SellerProfiles": {
            f"Seller{name.title()}Profile": {f"{name.title()}ProfileID": policies[name]} for name in ("payment", "return", "shipping") if policies.get(name)
        }
        or None,
        **settings.get("item", {}),
    }
    warnings = [f"category {category} for {product.category} is unconfirmed: set it under the account's categories"] if unconfirmed else []
    if title != product.title:
        warnings.append(f"the title was cut to {site.limits['title_chars']} characters")
    return {"Item": item}, tuple(warnings)


def _category(product: ProductFacts, access: Access) -> tuple[str, bool]:
    own = access.settings.get("categories", {}).get(product.category)
    shipped = listing_table()["categories"].get(product.category)
    if not own and not shipped:
        words = f"no eBay category for {product.category!r}; name one under the account's categories"
        raise Refused(words, (Problem("kind", words),))
    return (str(own), False) if own else (shipped["id"], True)


def category_of(product: ProductFacts, access: Access) -> str:
    """The id of the category that a new listing goes to. Refused where neither we nor the account name one."""
    return _category(product, access)[0]


def mapping(category: str, access: Access) -> dict[str, Row]:
    """Where the item specifics of this category of ours come from. Refused where the account's own mapping has another shape."""
    try:
        own = access.settings.get("aspects", {})
        if not isinstance(own, Mapping):
            raise Refused(f"it is {own!r}")
        return mapping_for(category, listing_table()["aspects"], own)
    except Refused as error:
        shape = "{category or '*': {Aspect: the product's field or attribute path, or {value: …}}}"
        raise Refused(f"{access.account}: aspects are {shape} ({error}); correct the settings") from None


def descriptors_of(product: ProductFacts, access: Access) -> list[dict[str, Any]]:
    """The condition descriptors that the account's settings give for this category and condition. Refused where they have another shape."""
    try:
        own = access.settings.get("condition_descriptors", {}).get(product.category, {}).get(product.condition, [])
        return [{"Name": str(entry["name"]), "Value": entry.get("value"), "AdditionalInfo": entry.get("info")} for entry in own]
    except (AttributeError, KeyError, TypeError):
        words = "condition_descriptors are {category: {condition: [{name, value, info}]}}; correct the settings"
        raise Refused(f"{access.account}: {words}") from None


def verification(request: Mapping[str, Any]) -> dict[str, Any]:
    """VerifyAddFixedPriceItem for what AddFixedPriceItem would be sent; without its key, which is for the one real write."""
    return {"Item": {name: value for name, value in request["Item"].items() if name != "UUID"}}


def condition_of(product: ProductFacts, access: Access) -> str:
    """eBay's condition id. Refused for a condition that neither we nor the account can name."""
    own = access.settings.get("condition_ids", {}).get(product.condition)
    if not own and product.condition not in listing_table()["condition_ids"]:
        raise Refused(f"eBay has no condition {product.condition!r}")
    return str(own or listing_table()["condition_ids"][product.condition]["id"])


def description(product: ProductFacts) -> str:
    """The seller's own HTML under the attribute `description`, else the title and the attributes as a list."""
    own = product.attributes.get("description")
    if own:
        return str(own)
    lines = "".join(f"<li>{escape(name)}: {escape(value)}</li>" for name, value in _named_values(product))
    return f"<h1>{escape(product.title)}</h1><ul>{lines}</ul>"


def _named_values(product: ProductFacts) -> list[tuple[str, str]]:
    pairs = {
        "brand": product.brand,
        **{name: value for name, value in product.attributes.items() if name != "description" and not isinstance(value, dict | list)},
    }
    return [(name.replace("_", " ").title(), str(value)) for name, value in pairs.items() if str(value)]


def identifiers(product: ProductFacts) -> dict[str, Any] | None:
    """The GTIN under the name that eBay has for its length."""
    kind = listing_table()["identifiers"].get(len(product.gtin or ""))
    return {kind: product.gtin} if kind and product.gtin else None


def _shortened(title: str, most: int) -> str:
    if len(title) <= most:
        return title
    whole, _, rest = title[: most + 1].rpartition(" ")
    return whole.rstrip(" ,-") if whole and rest is not None else title[:most]


def repeated_item_id(reply: Reply) -> str | None:
    """The listing that the first, successful send of this very call made, if the answer names it."""
    details = reply.get("DuplicateInvocationDetails")
    candidates = [text(reply.get("ItemID"))]
    if isinstance(details, Mapping):
        candidates += [text(details.get("ItemID")), text(details.get("InvocationTrackingID"))]
    for error in many(reply.get("Errors")):
        candidates += [text(parameter.get("Value")) for parameter in many(error.get("ErrorParameters")) if isinstance(parameter, Mapping)]
    return next((candidate for candidate in candidates if candidate.isdigit() and len(candidate) >= 9), None)


# theirs -> ours


def status_of(ref: Ref, item: Reply | None, extra: Iterable[Notice], site: Site) -> Status:
    """The listing as GetItem has it; None = eBay does not know it (any more), and `extra` may say why."""
    if item is None:
        return Status(ref, False, None, ref.external_id is not None, {}, frozenset(), tuple(extra), ref.external_id)
    selling = item.get("SellingStatus") or {}
    left = number_of(item.get("Quantity")) - number_of(selling.get("QuantitySold"))
    live = text(selling.get("ListingStatus")) == "Active"
    urls = [text(url) for url in many((item.get("PictureDetails") or {}).get("PictureURL"))]
    return Status(
        ref=ref,
        exists=True,
        buyable=live and left > 0 and not is_true(selling.get("ListingOnHold")),
        ended=ended(item),
        pictures=dict(zip(site.positions, filter(None, urls), strict=False)),
        provable=frozenset(site.positions),
        notices=(*notices_of(item), *extra),
        external_id=text(item.get("ItemID")) or ref.external_id,
    )


def ended(item: Reply) -> bool:
    """Whether the listing is over, by whoever's hand."""
    return text((item.get("SellingStatus") or {}).get("ListingStatus")) in ("Ended", "Completed", "CustomCode")


def notices_of(item: Reply) -> tuple[Notice, ...]:
    """Everything open against the listing now, most serious first."""
    selling, violation = item.get("SellingStatus") or {}, item.get("ItemPolicyViolation") or {}
    words = text(violation.get("PolicyText")) or text(item.get("eBayNotes"))
    raw = {"ItemPolicyViolation": violation, "SellingStatus": selling} if violation else {"SellingStatus": selling}
    found = []
    if is_true(selling.get("AdminEnded")):
        found.append(_signal("AdminEnded", words, raw))
    if is_true(selling.get("ListingOnHold")):
        found.append(_signal("ListingOnHold", words, raw))
    if violation and not found:
        found.append(_signal("ItemPolicyViolation", words, raw))
    if text((item.get("ListingDetails") or {}).get("EndingReason")) == "ProductDeleted":
        found.append(_signal("ProductDeleted", "", {"ListingDetails": item["ListingDetails"]}))
    if is_true(item.get("HideFromSearch")):
        reason = f"HideFromSearch:{text(item.get('ReasonHideFromSearch'))}"
        found.append(
            _signal(reason if reason in codes()["signals"] else "HideFromSearch", "", {"ReasonHideFromSearch": text(item.get("ReasonHideFromSearch"))})
        )
    return (*found, *_gallery_notices(item.get("PictureDetails") or {}))


def unsold_notices(item: Reply) -> tuple[Notice, ...]:
    """What the unsold list says of a listing that eBay removed; empty for one that simply did not sell."""
    words = text((item.get("ItemPolicyViolation") or {}).get("PolicyText")) or text(item.get("eBayNotes"))
    if not words and not item.get("ItemPolicyViolation"):
        return ()
    return (_signal("Unsold", words, {"ItemPolicyViolation": item.get("ItemPolicyViolation"), "eBayNotes": text(item.get("eBayNotes"))}),)


def offer_notices(listing: Mapping[str, Any] | None) -> tuple[Notice, ...]:
    """What the Inventory API's offer says against its listing."""
    raw = dict(listing or {})
    if raw.get("listingStatus") == "EBAY_ENDED":
        return (_signal("EBAY_ENDED", "", raw),)
    return (_signal("ListingOnHold", "", raw),) if raw.get("listingOnHold") is True else ()


def gone_notice(words: str) -> Notice:
    """A listing that we know and that eBay answers error 17 for."""
    return _signal("Gone", words, {"ErrorCode": "17"})


def _signal(name: str, words: str, raw: dict[str, Any]) -> Notice:
    entry = codes()["signals"][name]
    guess = _reason_in(words) if entry["reason"] == "policy" else None
    return Notice(name, words or entry["says"], entry["kind"], guess or entry["reason"], (), None, raw, guess is not None)


def _reason_in(words: str) -> str | None:
    """The picture reason that a policy text speaks of, None where it speaks of none. A guess for a person to confirm."""
    lower = words.lower()
    return next((entry["reason"] for entry in codes()["words"] if any(word in lower for word in entry["any"])), None)


def _gallery_notices(details: Reply) -> tuple[Notice, ...]:
    status, words = text(details.get("GalleryStatus")), text(details.get("GalleryErrorInfo"))
    if status in ("", "Success", "Pending", "CustomCode") and not words:
        return ()
    entry = codes()["gallery"].get(status, {"reason": None})
    message = words or f"eBay could not use the first picture: {status}"
    return (Notice(f"Gallery:{status or 'Error'}", message, "warning", entry["reason"], ("main",), None, {"GalleryStatus": status, "GalleryErrorInfo": words}),)


def is_true(value: Any) -> bool:
    """An element's yes."""
    return text(value).lower() in ("true", "1")


def number_of(value: Any) -> int:
    """An element's number, 0 where it is none."""
    digits = text(value)
    return int(digits) if digits.isdigit() else 0


def moment(value: Any) -> datetime | None:
    """A Trading time as an aware UTC datetime."""
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
