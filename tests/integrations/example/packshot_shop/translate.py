"""Shop's words and ours, both directions; pure."""

from typing import Any

from integrations import Notice, Offer, Ref, Refused, Site, Status

REASONS = {"BACKGROUND": "non-white-background", "SMALL": "too-small"}


def listing(offer: Offer, site: Site, stored: dict[str, str]) -> dict[str, Any]:
    """The body of a put: a picture's id by position, and what a new listing says. Refused for a position that Shop does not have."""
    unknown = [picture.position for picture in offer.pictures if picture.position not in site.positions]
    if unknown or "main" in offer.remove:
        raise Refused(f"{offer.merchant_sku}: Shop has no position {', '.join(unknown)}" if unknown else f"{offer.merchant_sku}: main is never removed")
    pictures = {picture.position: stored[picture.sha256] for picture in offer.pictures if picture.sha256 in stored}
    new = {"title": offer.product.title, "price": offer.product.price_minor, "currency": offer.product.currency}
    return {"pictures": pictures, "remove": list(offer.remove), "create": offer.create, "new": new}


def status(ref: Ref, item: dict[str, Any] | None, site: Site) -> Status:
    """A listing as Shop tells it; None where it does not."""
    if item is None:
        return Status(ref, False, None, False, {}, frozenset(site.positions), (), None)
    pictures = {position: _word(url) for position, url in item["pictures"].items()}
    return Status(ref, True, _flag(item["on_sale"]), not _flag(item["open"]), pictures, frozenset(site.positions), notices(item), _word(item["id"]))


def notices(item: dict[str, Any]) -> tuple[Notice, ...]:
    """What Shop says against a listing."""
    return tuple(
        Notice(_word(each["code"]), _word(each["text"]), "suppressed", REASONS.get(each["code"]), (_word(each["position"]),)) for each in item["complaints"]
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {type(value).__name__}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected true or false, not {type(value).__name__}")
    return value
