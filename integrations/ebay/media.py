"""Pictures into eBay's picture service by the Media API; each answer is worth keeping, as the same bytes need not be sent again for weeks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integrations.ebay.client import EbayClient, object_in
from integrations.errors import IntegrationError, Problem, Refused, TryLater
from integrations.marketplace import Hosted, Picture, picture_kind

__all__ = ["host_all", "store"]


def host_all(client: EbayClient, pictures: tuple[Picture, ...], now: datetime) -> tuple[Hosted, ...]:
    """Each picture stored with eBay, in order; what is stored already and will be for some days is used again.

    An error carries in `hosted` what was stored before it.
    """
    days = client.access.site.limits["hosted_days_left"]
    done: list[Hosted] = []
    for picture in pictures:
        kept = next((hosted for hosted in (picture.hosted, *done) if hosted and _good(hosted, picture, now + timedelta(days=days))), None)
        try:
            done.append(kept or store(client, picture))
        except IntegrationError as error:
            error.hosted = tuple(done)
            raise
    return tuple(done)


def _good(hosted: Hosted, picture: Picture, until: datetime) -> bool:
    return hosted.sha256 == picture.sha256 and (hosted.expires is None or hosted.expires >= until)


def store(client: EbayClient, picture: Picture) -> Hosted:
    """createImageFromFile. Not idempotent with eBay, but harmless: a picture that no listing uses is thrown away after 30 days."""
    data = picture.data()
    if hashlib.sha256(data).hexdigest() != picture.sha256:
        raise Refused(
            f"{picture.position}: the stored file is not the one that was checked", (Problem("sha256", "content differs", None, (picture.position,)),)
        )
    base = client.access.endpoint("media")
    kind = picture_kind(data)
    part = (f"{picture.sha256[:16]}{kind.suffix}", data, kind.mime)
    try:
        answer = client.rest("createImageFromFile", "POST", f"{base}/image/create_image_from_file", files={"image": part})
    except Refused as refused:
        issues = tuple(Problem(problem.code, problem.message, problem.reason, (picture.position,)) for problem in refused.issues)
        raise Refused(f"{picture.position}: {refused.message}", issues) from None
    image_id = answer.headers.get("Location", "").rstrip("/").rpartition("/")[2] or None
    return _hosted(picture, image_id, answer, lambda: client.rest("getImage", "GET", f"{base}/image/{image_id}"))


def _hosted(picture: Picture, image_id: str | None, answer: requests.Response, read: Callable[[], requests.Response]) -> Hosted:
    body = object_in(answer)
    if not (body.get("maxDimensionImageUrl") or body.get("imageUrl")) and image_id:
        body = object_in(read())
    url = body.get("maxDimensionImageUrl") or body.get("imageUrl")
    if not url:
        raise TryLater(30, f"{picture.position}: eBay took the picture and did not say where it is")
    return Hosted(picture.sha256, str(url), image_id, _moment(body.get("expirationDate")))


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
