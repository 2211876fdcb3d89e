"""What the practice eBay's calls have in common: how a refusal is said, which pictures it takes, and asking for a set of them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import request
from sqlalchemy.orm import Session

from integrations.practice.current import public_url, world
from integrations.practice.ebay_media import gone
from integrations.practice.ebay_view import Content
from integrations.practice.ebay_xml import Node
from integrations.practice.faults import FAULT
from integrations.practice.store import Image, Listing, Slot
from integrations.practice.world import asked, asking, parted


class Failure(Exception):
    """Ack=Failure: eBay's own codes, one or several, with whatever else belongs in the answer."""

    def __init__(self, *errors: Content, **content: Any) -> None:
        super().__init__(errors[0]["LongMessage"])
        self.errors, self.content = errors, content


def error(code: int, message: str, *parameters: str, severity: str = "Error") -> Content:
    """One Errors element."""
    return {
        "ShortMessage": message.split(".")[0][:60],
        "LongMessage": message,
        "ErrorCode": code,
        "SeverityCode": severity,
        "ErrorParameters": [{"@ParamID": index, "Value": value} for index, value in enumerate(parameters)],
        "ErrorClassification": "RequestError",
    }


@dataclass(frozen=True)
class Call:
    """A request that was let in."""

    seller: str
    site: str
    marketplace: str
    node: Node


def check_pictures(session: Session, call: Call) -> tuple[list[str], list[str | None], list[Content]]:
    """(URLs, our image ids or None for the seller's own hosts, warnings) of the request; raises Failure."""
    return check_urls(session, call.node.texts("Item.PictureDetails.PictureURL"))


def check_urls(session: Session, urls: list[str], most: int | None = None) -> tuple[list[str], list[str | None], list[Content]]:
    """The same of these addresses, `most` of them where it is not the whole item's number."""
    limits = world().hidden.ebay
    most = limits.pictures_max if most is None else most
    if len(urls) > most or sum(map(len, urls)) > limits.urls_length_max:
        raise Failure(error(37, f"At most {most} pictures and {limits.urls_length_max} characters of PictureURL.", "Item.PictureDetails.PictureURL"))
    found: list[str | None] = []
    warnings: list[Content] = []
    for url in urls:
        if url.startswith(f"{public_url()}/images/g/"):
            image = session.get(Image, urlsplit(url).path.split("/")[3])
            if image is None or image.connector != "ebay" or gone(image, session.query(Slot).filter(Slot.image_id == image.id).count() > 0):
                raise Failure(error(37, f"The picture is not known or has expired: {url}", "Item.PictureDetails.PictureURL"))
            longest, quality = image.facts["longest_side"], image.facts["quality"]
            if longest < limits.longest_side_min:
                raise Failure(error(21919137, f"Please make sure that your picture is at least {limits.longest_side_min} pixels on its longest side.", url))
            if longest < limits.longest_side_advised:
                warnings.append(
                    error(21916790, f"Pictures of {limits.longest_side_advised} pixels or more on the longest side are recommended.", url, severity="Warning")
                )
            if quality is not None and quality < limits.quality_advised:
                warnings.append(error(21916791, f"A JPEG quality of {limits.quality_advised} or more is recommended.", url, severity="Warning"))
            found.append(image.id)
        elif not url.startswith("https://") or ";" in url or " " in url:
            raise Failure(error(37, f"PictureURL must be an https address: {url}", "Item.PictureDetails.PictureURL"))
        else:
            found.append(None)
    if None in found and any(found):
        raise Failure(error(37, "Pictures hosted by eBay and self-hosted pictures cannot be mixed in a listing.", "Item.PictureDetails.PictureURL"))
    return urls, found, warnings


def want(session: Session, listing: Listing, urls: list[str], images: list[str | None], of: str = "") -> Any:
    """Ask for a whole set, the item's or (`of`) that of a variation's value; the same set again changes nothing."""
    fault, timing = request.environ.get(FAULT), world().hidden.timing
    if fault == "drop_write":
        return "dropped"
    if asked(listing, of) == urls and not any(slot.failure for slot in listing.slots if parted(slot.position)[0] == of):
        return "same"
    asking(listing, of, urls)
    world().note(session, listing, "pictures asked for", urls=urls, **({"of": of} if of else {}))
    late = timing.late if fault == "late" else 0
    world().later(session, listing, timing.propagation + late, "show_set", urls=urls, images=images, of=of)
    return urls
