"""Our words <-> Amazon's JSON, both ways, without a network. The tables are codes.yaml and listing.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from integrations.errors import Problem, Refused
from integrations.marketplace import Access, Notice, NoticeKind, Offer, Picture, ProductFacts, Ref, Status
from integrations.money import to_decimal
from integrations.sites import Site

__all__ = [
    "asin_of",
    "base_attributes",
    "images_patch",
    "listing_table",
    "new_listing",
    "nothing_new",
    "notices_of",
    "other_family",
    "problems_of",
    "status_of",
    "submission_problems",
    "summary_of",
    "updated_at",
]

Payload = Mapping[str, Any]

_LOCATOR = re.compile(r"(?:(main)|other)_(product|offer)_image_locator(?:_(\d))?$")
_VARIANT = re.compile(r"(?:(MAIN)|PT0(\d))$")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@cache
def _table(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(files("integrations.amazon").joinpath(name).read_text("utf-8"))
    return loaded


def listing_table() -> dict[str, Any]:
    """listing.yaml: product types, conditions and identifiers."""
    return _table("listing.yaml")


# ours -> theirs


def locator(position: str, family: str) -> str:
    """The attribute that holds this position: `main`, `product` -> `main_product_image_locator`."""
    return f"main_{family}_image_locator" if position == "main" else f"other_{family}_image_locator_{position.removeprefix('alt')}"


def images_patch(offer: Offer, access: Access, product_type: str | None) -> dict[str, Any] | None:
    """The PATCH body that replaces each changed picture and deletes those to remove: image attributes only; None where nothing is to change.

    Refused for what Amazon could never show.
    """
    family, marketplace = _family_of(offer.product.condition), access.site.ids["marketplace"]
    _check_positions(offer, access.site)
    patches = [
        {"op": "replace", "path": f"/attributes/{locator(picture.position, family)}", "value": _located(picture, access)}
        for picture in _in_order(offer.changed, access.site)
    ]
    # an attribute cannot be deleted by name alone: the value is the selector of what to delete
    gone = [position for position in offer.remove if position in access.site.positions_for(offer.product.condition)]  # goods that were new had more
    patches += [{"op": "delete", "path": f"/attributes/{locator(position, family)}", "value": [{"marketplace_id": marketplace}]} for position in gone]
    if not patches and not offer.pictures:
        raise Refused(f"{offer.merchant_sku}: no picture to send")
    if not patches:
        return None
    return {"productType": product_type or "PRODUCT", "patches": patches}


def new_listing(offer: Offer, access: Access, kind: str, mapped: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The PUT body of a listing that is not there yet: product, offer and pictures. `kind` is its product type, `mapped` what the seller's mapping adds."""
    product, site, settings = offer.product, access.site, access.settings
    _check_positions(offer, site)
    try:
        attributes = base_attributes(product, access) | dict(mapped or {})
    except Refused as error:
        raise Refused(f"{offer.merchant_sku}: {error}") from None
    if offer.external_id:  # an ASIN that is known: this is one more offer on its page
        attributes["merchant_suggested_asin"] = [{"value": offer.external_id, "marketplace_id": site.ids["marketplace"]}]
    family = _family_of(product.condition)
    attributes |= {locator(picture.position, family): _located(picture, access) for picture in _in_order(offer.pictures, site)}
    attributes |= settings.get("attributes", {})
    return {"productType": kind, "requirements": "LISTING", "attributes": attributes}


def base_attributes(product: ProductFacts, access: Access) -> dict[str, Any]:
    """What every new listing says, without its pictures: Amazon's own attributes for the facts that each product has. Refused for an unknown condition."""
    site, conditions = access.site, listing_table()["condition_types"]
    if product.condition not in conditions:
        raise Refused(f"Amazon has no condition {product.condition!r}")
    here = {"marketplace_id": site.ids["marketplace"]}
    words = {"language_tag": site.locale, **here}
    price = float(to_decimal(product.price_minor, product.currency))
    condition = access.settings.get("condition_types", {}).get(product.condition) or conditions[product.condition]["value"]
    return {
        "item_name": [{"value": product.title, **words}],
        "brand": [{"value": product.brand, **words}],
        "condition_type": [{"value": condition, **here}],
        "purchasable_offer": [{"currency": product.currency, "our_price": [{"schedule": [{"value_with_tax": price}]}], **here}],
        "fulfillment_availability": [{"fulfillment_channel_code": "DEFAULT", "quantity": product.quantity}],  # stock knows no marketplace
        **_identifier(product, here),
    }


def _identifier(product: ProductFacts, here: dict[str, str]) -> dict[str, Any]:
    if not product.gtin:
        return {"supplier_declared_has_product_identifier_exemption": [{"value": True, **here}]}
    kind = listing_table()["identifiers"].get(len(product.gtin), {"type": "gtin"})["type"]
    return {"externally_assigned_product_identifier": [{"type": kind, "value": product.gtin, **here}]}


def _family_of(condition: str) -> str:
    """Photographs of used goods show the seller's own piece: they belong to the offer, not to the product page that all sellers share."""
    return "product" if condition == "new" else "offer"


def other_family(summary: Mapping[str, Any], condition: str) -> bool:
    """Whether Amazon has the goods as new and we as used, or the other way round: pictures then go to other attributes than before."""
    theirs = str(summary.get("conditionType") or "")
    return bool(theirs) and theirs.startswith("new") != (condition == "new")


def _check_positions(offer: Offer, site: Site) -> None:
    allowed = site.positions_for(offer.product.condition)
    wrong = [picture.position for picture in offer.pictures if picture.position not in allowed]
    if wrong:
        raise Refused(f"{offer.merchant_sku}: {site.key} has no position {', '.join(wrong)} for {offer.product.condition} goods (it has {', '.join(allowed)})")
    if "main" in offer.remove:
        raise Refused(f"{offer.merchant_sku}: a main picture is replaced, never deleted")


def _in_order(pictures: Iterable[Picture], site: Site) -> list[Picture]:
    return sorted(pictures, key=lambda picture: site.positions.index(picture.position))


def _located(picture: Picture, access: Access) -> list[dict[str, str]]:
    """The image attribute's value; Refused for an address that Amazon's servers can never reach."""
    address = urlsplit(picture.url or "")
    loopback = address.hostname in _LOOPBACK
    if not picture.url or not (address.scheme in ("https", "s3") and address.hostname):
        if not (loopback and address.scheme == "http" and access.allow_loopback):
            raise Refused(
                f"{picture.position}: Amazon fetches pictures itself and needs a public https or s3 address; {_where(picture)}. Set PACKSHOT_MEDIA_BASE_URL.",
                (Problem("media-address", f"not reachable from outside: {_where(picture)}", "unreachable", (picture.position,)),),
            )
    elif loopback and not access.allow_loopback:
        raise Refused(
            f"{picture.position}: Amazon cannot reach this machine's own address {address.hostname}",
            (Problem("media-address", picture.url, "unreachable", (picture.position,)),),
        )
    return [{"media_location": str(picture.url).replace(" ", "%20"), "marketplace_id": access.site.ids["marketplace"]}]


def _where(picture: Picture) -> str:
    return f"this one has {picture.url.split('?')[0]}" if picture.url else "this one has none"


# theirs -> ours


def summary_of(item: Payload | None, marketplace: str) -> Payload:
    """The item's summary for this marketplace, empty where Amazon has none (a SKU that never became an item)."""
    return next((summary for summary in (item or {}).get("summaries") or [] if summary.get("marketplaceId", marketplace) == marketplace), {})


def asin_of(item: Payload | None, marketplace: str) -> str | None:
    """The ASIN, if it has one yet."""
    asin = summary_of(item, marketplace).get("asin")
    return str(asin) if asin else None


def nothing_new(item: Payload, marketplace: str, main: str | None) -> bool:
    """Whether a search's answer may be believed as it is: an item that shows the main picture of last time and against which nothing is said."""
    summary = summary_of(item, marketplace)
    link = str((summary.get("mainImage") or {}).get("link") or "")
    same = bool(main) and _image_id(link) == _image_id(str(main))
    quiet = isinstance(item.get("issues"), list) and not notices_of(item, marketplace)
    return quiet and bool(summary.get("asin")) and same


def _image_id(url: str) -> str:
    """What names the picture in one of Amazon's addresses, which says the size behind a point: `71abc._AC_SL1500_.jpg` is `71abc`."""
    return urlsplit(url).path.rpartition("/")[2].partition(".")[0]


def updated_at(item: Payload, marketplace: str) -> datetime | None:
    """When Amazon last changed the item, if it says so."""
    return _moment(summary_of(item, marketplace).get("lastUpdatedDate"))


def problems_of(issues: Iterable[Payload]) -> tuple[Problem, ...]:
    """Issues of a refused submission, errors before warnings."""
    ordered = sorted(issues, key=lambda issue: issue.get("severity") != "ERROR")
    return tuple(Problem(str(issue.get("code", "")), str(issue.get("message", "")), _reason(issue), _positions(issue)) for issue in ordered)


def submission_problems(payload: Payload) -> tuple[Problem, ...] | None:
    """None when the submission was taken; its issues when it was not. HTTP 200 with status INVALID is a refusal."""
    return None if payload.get("status") in ("ACCEPTED", "VALID") else problems_of(payload.get("issues") or [])


def notices_of(item: Payload, marketplace: str) -> tuple[Notice, ...]:
    """Everything open against the listing, one notice for each code and kind, which names every position concerned.

    The kind comes from enforcements and their exemption, never from prose, severity or BUYABLE.
    """
    found: dict[tuple[str, str], Notice] = {}
    for issue in item.get("issues") or []:
        if _concerns(issue, marketplace):
            notice = _notice(issue)
            first = found.get((notice.code, notice.kind))
            found[notice.code, notice.kind] = _merged(first, notice) if first else notice
    return tuple(found.values())


def _merged(first: Notice, more: Notice) -> Notice:
    """The same complaint about several pictures."""
    message = first.message if more.message in first.message else f"{first.message} {more.message}"
    issues = [*(first.raw.get("issues") or [dict(first.raw)]), dict(more.raw)]
    return replace(first, message=message, positions=tuple(dict.fromkeys((*first.positions, *more.positions))), raw={"issues": issues})


def _concerns(issue: Payload, marketplace: str) -> bool:
    here = issue.get("marketplaceIds") or [marketplace]
    return marketplace in here and (bool(_actions(issue)) or issue.get("severity") != "INFO")


def _notice(issue: Payload) -> Notice:
    kind, until = _kind(issue)
    reason, message = _reason(issue), str(issue.get("message") or "")
    guess = _guess(issue, message) if reason is None else None
    return Notice(str(issue.get("code") or "unknown"), message, kind, reason or guess, _positions(issue), until, dict(issue), guess is not None)


def refusal_reason(message: str) -> str | None:
    """The reason that the words of a refused write speak of; None where the table knows none."""
    lower = message.lower()
    return next((str(entry["reason"]) for entry in _table("codes.yaml")["refusals"] if any(word in lower for word in entry["any"])), None)


def _guess(issue: Payload, message: str) -> str | None:
    """The reason that an image issue's words speak of; None for other issues and other words."""
    image = "INVALID_IMAGE" in (issue.get("categories") or []) or any("image_locator" in str(name) for name in issue.get("attributeNames") or [])
    lower = message.lower()
    return next((entry["reason"] for entry in _table("codes.yaml")["words"] if any(word in lower for word in entry["any"])), None) if image else None


def _actions(issue: Payload) -> list[str]:
    return [str(entry.get("action")) for entry in (issue.get("enforcements") or {}).get("actions") or [] if isinstance(entry, Mapping)]


def _kind(issue: Payload) -> tuple[NoticeKind, datetime | None]:
    actions = _actions(issue)
    exemption = (issue.get("enforcements") or {}).get("exemption") or {}
    if not actions or exemption.get("status") == "EXEMPT":
        return "warning", None
    if exemption.get("status") == "EXEMPT_UNTIL_EXPIRY_DATE":
        return "at_risk", _moment(exemption.get("expiryDate"))
    table = _table("codes.yaml")["enforcements"]
    kinds: list[NoticeKind] = [table[action]["kind"] for action in actions if action in table]
    return (kinds[0] if kinds else "suppressed"), None


def _entry(issue: Payload) -> Payload:
    """What our tables say of this issue: by its code, else by a category that says enough alone."""
    table = _table("codes.yaml")
    by_code = table["codes"].get(str(issue.get("code")))
    return by_code or next((table["categories"][name] for name in issue.get("categories") or [] if name in table["categories"]), {})


def _reason(issue: Payload) -> str | None:
    """Our word for it; "other" for what is about something else than a picture, None for what nobody can say."""
    reason = _entry(issue).get("reason")
    if reason:
        return str(reason)
    categories, names = issue.get("categories") or [], [str(name) for name in issue.get("attributeNames") or []]
    about_pictures = any(str(name).endswith("_IMAGE") for name in categories) or any("image_locator" in name for name in names)
    return "other" if (categories or names) and not about_pictures else None


def _positions(issue: Payload) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(position for name in issue.get("attributeNames") or [] if (position := _position(str(name))[0])))
    return named or tuple(_entry(issue).get("positions") or ())


def _position(attribute: str) -> tuple[str, str]:
    """`other_offer_image_locator_3` -> ("alt3", "offer"); ("", "") for anything else."""
    match = _LOCATOR.match(attribute.partition(".")[0])  # reports name a part of it: `main_product_image_locator.media_location`
    if not match or bool(match[1]) == bool(match[3]):
        return "", ""
    return ("main" if match[1] else f"alt{match[3]}"), match[2]


def status_of(ref: Ref, item: Payload | None, gallery: Payload | None, site: Site) -> Status:
    """The listing as it is. For new goods the catalogue's gallery is what buyers see, whoever contributed it; for used goods the offer's own pictures count."""
    marketplace = site.ids["marketplace"]
    if item is None:
        return Status(ref, False, None, False, {}, frozenset(), (), ref.external_id)
    summary = summary_of(item, marketplace)
    pictures, provable = _shown(item, summary, gallery, site)
    flags = summary.get("status")
    return Status(
        ref=ref,
        exists=bool(summary),
        buyable=None if flags is None else "BUYABLE" in flags,
        ended=False,
        pictures=pictures,
        provable=provable,
        # suppressed listings often still say BUYABLE, and some that sell are said to be suppressed: what it said is kept with the notice
        notices=tuple(replace(notice, raw={**notice.raw, "listing_status": flags}) for notice in notices_of(item, marketplace)),
        external_id=asin_of(item, marketplace) or ref.external_id,
    )


def _shown(item: Payload, summary: Payload, gallery: Payload | None, site: Site) -> tuple[dict[str, str], frozenset[str]]:
    marketplace = site.ids["marketplace"]
    offered, contributed = _located_by(item, "offer", site), _located_by(item, "product", site)
    # Nobody gives an offer pictures of its own by accident: where there are some, they are what this offer shows.
    used = bool(offered) or not str(summary.get("conditionType") or "new").startswith("new")
    if used:
        return offered, frozenset(offered)
    seen = _gallery(gallery, marketplace, site)
    if seen is not None:
        return seen, frozenset(site.positions)
    main = str((summary.get("mainImage") or {}).get("link") or "")
    if site.shows_pictures_from(urlsplit(main).hostname or "") or _loopback(main):
        contributed["main"] = main
    return contributed, frozenset(contributed)


def _located_by(item: Payload, family: str, site: Site) -> dict[str, str]:
    """Pictures in the listing's attributes, as far as they are Amazon's own copies: an address of ours read back proves nothing."""
    found = {}
    for name, values in (item.get("attributes") or {}).items():
        position, kind = _position(name)
        if kind != family:
            continue
        for value in values or []:
            url = str(value.get("media_location") or "")
            here = value.get("marketplace_id", site.ids["marketplace"]) == site.ids["marketplace"]
            if here and (site.shows_pictures_from(urlsplit(url).hostname or "") or _loopback(url)):
                found[position] = url
    return found


def _gallery(gallery: Payload | None, marketplace: str, site: Site) -> dict[str, str] | None:
    """Position -> the largest copy of each picture in the catalogue; None where the catalogue says nothing for this marketplace."""
    for place in (gallery or {}).get("images") or []:
        if place.get("marketplaceId", marketplace) != marketplace:
            continue
        best: dict[str, tuple[int, str]] = {}
        for image in place.get("images") or []:
            match = _VARIANT.match(str(image.get("variant") or ""))
            if match and image.get("link"):
                position = "main" if match[1] else f"alt{match[2]}"
                size = int(image.get("width") or 0) * int(image.get("height") or 0)
                best[position] = max(best.get(position, (-1, "")), (size, str(image["link"])))
        return {position: best[position][1] for position in site.positions if position in best}
    return None


def _loopback(url: str) -> bool:
    """A practice marketplace's own picture address; ours would be under /media, theirs under /images."""
    address = urlsplit(url)
    return address.hostname in _LOOPBACK and address.path.startswith("/images/")


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
