"""The page /practice and the hosted pictures themselves."""

import hashlib

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import select

from integrations.practice import pictures
from integrations.practice.clock import iso
from integrations.practice.current import world
from integrations.practice.store import Image, Listing
from integrations.practice.witness import all_of_it, described, truth

blueprint = Blueprint("page", __name__, template_folder="templates")


@blueprint.get("/practice")
def shop() -> str:
    """Every listing with the pictures it shows, its status and what stands against it; newest change first."""
    with world().store.read() as session:
        listings = [described(listing) for listing in session.scalars(select(Listing).order_by(Listing.updated.desc()).limit(200).options(*all_of_it()))]
    return render_template("practice.html", listings=listings, truth=truth(), now=iso(world().now()))


@blueprint.get("/images/I/<image_id>.jpg")
def amazon_picture(image_id: str) -> Response:
    """A picture as Amazon shows it."""
    return picture("amazon", image_id, None)


@blueprint.get("/images/g/<image_id>/s-l<int:size>.jpg")
def ebay_picture(image_id: str, size: int) -> Response:
    """A picture as eBay shows it, at most `size` px long."""
    return picture("ebay", image_id, max(32, min(size, 1600)))


def picture(connector: str, image_id: str, size: int | None) -> Response:
    """The bytes, cacheable for ever: an address never changes its picture."""
    with world().store.read() as session:
        image = session.get(Image, image_id)
        if image is None or image.connector != connector:
            abort(404)
        data = image.data
    asked = request.args.get("size", type=int)
    longest = max(32, asked) if asked else size
    if longest is not None and longest < 1600:
        data = pictures.smaller(data, longest)
    answer = Response(data, content_type="image/jpeg")
    answer.set_etag(hashlib.sha256(data).hexdigest()[:32])
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
