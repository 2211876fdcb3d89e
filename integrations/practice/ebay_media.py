"""The practice eBay's REST side: OAuth tokens, Media API v1_beta, hosted pictures."""

import base64
import binascii

from flask import Blueprint, Response, jsonify, request

from integrations.practice import pictures, tokens
from integrations.practice.clock import iso
from integrations.practice.current import limits, public_url, world
from integrations.practice.faults import TOO_MANY
from integrations.practice.store import Image, Slot

blueprint = Blueprint("ebay_media", __name__)

REFUSED = {  # PictureError.code -> (errorId, message)
    "TooLarge": (190201, "The image file is too large."),
    "TooManyPixels": (190202, "The image dimensions exceed the maximum."),
    "InvalidFileFormat": (190203, "The image format is not supported."),
}


def problem(status: int, number: int, message: str, domain: str = "API_MEDIA") -> tuple[Response, int]:
    """eBay's REST error shape."""
    category = "APPLICATION" if status >= 500 else "REQUEST"
    return jsonify(errors=[{"errorId": number, "domain": domain, "category": category, "message": message, "longMessage": message}]), status


@blueprint.post("/identity/v1/oauth2/token")
def token() -> tuple[Response, int]:
    """A refresh token, or the code of a consent, for a user access token; the client signs in by Basic authentication."""
    try:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        scheme = client = secret = ""
    if scheme.lower() != "basic" or not client or not secret:
        return jsonify(error="invalid_client", error_description="client authentication failed"), 401
    life = int(world().hidden.timing.token_life)
    if request.form.get("grant_type") == "authorization_code":
        given = tokens.exchange(world(), "ebay", request.form.get("code"), client)
        if given is None:
            return jsonify(error="invalid_grant", error_description="the provided authorization grant code is invalid or was issued to another client"), 400
        ends = 47304000  # 18 months, as eBay says
        return jsonify(access_token=given[1], expires_in=life, refresh_token=given[0], refresh_token_expires_in=ends, token_type="User Access Token"), 200  # noqa: S106
    if request.form.get("grant_type") == "client_credentials":
        text = tokens.issue(world(), "ebay", f"{tokens.PREFIX}application {client}", client)
        return jsonify(access_token=text, expires_in=life, token_type="Application Access Token"), 200  # noqa: S106
    if request.form.get("grant_type") != "refresh_token":
        return jsonify(error="unsupported_grant_type", error_description="grant type in request is not supported by the authorization server"), 400
    text = tokens.issue(world(), "ebay", request.form.get("refresh_token"), client)
    if text is None:
        return jsonify(error="invalid_grant", error_description="the provided authorization refresh token is invalid or was issued to another client"), 400
    return jsonify(access_token=text, expires_in=life, token_type="User Access Token"), 200  # noqa: S106


def signed_in() -> str | None:
    """The seller of the Bearer token, or None."""
    seller, _ = tokens.holder(world(), "ebay", bearer())
    return seller


def bearer() -> str | None:
    """The token of the Authorization header."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text if scheme == "Bearer" else None


@blueprint.post("/commerce/media/v1_beta/image/create_image_from_file")
def create() -> Response | tuple[Response, int]:
    """Take a picture as bytes; a repeat makes a second one, as with the real one."""
    seller = signed_in()
    if seller is None:
        return problem(401, 1001, "Invalid access token. Check the value of the Authorization HTTP request header.", "OAuth")
    if limits().ebay(seller, tokens.application(bearer()), "createImageFromFile", trading=False) is not None:
        return jsonify(errors=[TOO_MANY]), 429
    part = request.files.get("image")
    if part is None:
        return problem(400, 190203, "The image part is missing.")
    most = world().hidden.ebay.picture
    try:
        taken = pictures.take(part.stream.read(most.limit_bytes + 1), most)
    except pictures.PictureError as error:
        return problem(400, *REFUSED[error.code])
    with world().store.write() as session:
        image = world().keep(session, "ebay", seller, taken, expires=world().now() + world().hidden.timing.picture_life)
        world().wrote(session, None, "createImageFromFile", None, marketplace="ebay", seller=seller, image=image.id, source_sha256=image.source_sha256)
        session.flush()
        answer = jsonify(described(image))
        answer.status_code = 201
        answer.headers["Location"] = f"{request.host_url.rstrip('/')}/commerce/media/v1_beta/image/{image.id}"
    return answer


@blueprint.get("/commerce/media/v1_beta/image/<image_id>")
def get(image_id: str) -> Response | tuple[Response, int]:
    """A picture that was taken and has not expired unused."""
    seller = signed_in()
    if seller is None:
        return problem(401, 1001, "Invalid access token. Check the value of the Authorization HTTP request header.", "OAuth")
    with world().store.read() as session:
        image = session.get(Image, image_id)
        if (
            image is None
            or image.connector != "ebay"
            or image.seller != seller
            or gone(image, session.query(Slot).filter(Slot.image_id == image_id).count() > 0)
        ):
            return problem(404, 190200, "The specified image Id does not exist or has expired.")
        return jsonify(described(image))


def gone(image: Image, used: bool) -> bool:
    """Whether the picture was purged: unused to its expiration date."""
    return not used and image.expires is not None and image.expires <= world().now()


def described(image: Image) -> dict[str, str]:
    """What the Media API says of a picture."""
    return {"imageUrl": address(image.id, 500), "maxDimensionImageUrl": address(image.id), "expirationDate": iso(image.expires or image.created)}


def path(image_id: str, size: int = 1600) -> str:
    """Where a picture is shown, behind our address."""
    return f"/images/g/{image_id}/s-l{size}.jpg"


def address(image_id: str, size: int = 1600) -> str:
    """Where a picture is shown."""
    return public_url() + path(image_id, size)
