"""JSON_LISTINGS_FEED: many listings' pictures in one file, and its report read back message by message. Pure.

From which backlog on it is used is data (`feed_from` in marketplaces.yaml).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.amazon.translate import images_patch, problems_of
from integrations.errors import Refused
from integrations.marketplace import Access, Offer, Outcome

__all__ = ["Built", "build", "outcomes_of"]


@dataclass(frozen=True)
class Built:
    """A document to upload; `offers` maps its message ids to what they carry, `refused` holds those that Amazon could never show."""

    document: bytes
    offers: Mapping[int, Offer]
    refused: Mapping[int, Refused]


def build(offers: Mapping[int, Offer], access: Access) -> Built:
    """One feed of the offers' changed positions, in UTF-8, each under its number; an offer without a change has no message.

    ValueError for more messages than a feed takes. Only for listings that are there: a feed cannot look first whether one is.
    """
    messages: list[dict[str, Any]] = []
    sent: dict[int, Offer] = {}
    refused = {}
    for number, offer in offers.items():
        try:
            patch = images_patch(offer, access, None)
        except Refused as error:
            refused[number] = error
            continue
        if patch is not None:
            sent[number] = offer
            messages.append({"messageId": number, "sku": offer.merchant_sku, "operationType": "PATCH", **patch})
    if len(messages) > (most := access.site.limits["feed_messages"]):
        raise ValueError(f"{len(messages)} messages; a feed takes {most}: build several")
    header = {"sellerId": access.seller_id, "version": "2.0", "issueLocale": access.site.locale}
    document = json.dumps({"header": header, "messages": messages}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Built(document, sent, refused)


def outcomes_of(report: Mapping[str, Any], sent: Collection[int]) -> dict[int, Outcome]:
    """Message id -> what became of it. Refused where an issue of it is an ERROR; a report that does not account for a message says nothing of it.

    An issue without a message id is about the whole feed: an ERROR there leaves out every message, for none is known to have been taken.
    """
    issues: dict[int | None, list[dict[str, Any]]] = {}
    for issue in report.get("issues") or []:
        issues.setdefault(_number(issue.get("messageId")), []).append(_as_issue(issue))
    summary = report.get("summary") or {}
    if any(issue.get("severity") == "ERROR" for issue in issues.get(None, [])):
        return {}
    found = {}
    for number in sent:
        mine = issues.get(number, [])
        found[number] = Outcome(not any(issue.get("severity") == "ERROR" for issue in mine), problems_of(mine))
    # the counts must agree: a report cut short, or of another feed, proves nothing for those it does not name
    if summary.get("messagesProcessed") != len(sent) or summary.get("messagesAccepted") != sum(outcome.accepted for outcome in found.values()):
        return {number: outcome for number, outcome in found.items() if not outcome.accepted}
    return found


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None


def _as_issue(issue: Mapping[str, Any]) -> dict[str, Any]:
    """A report's issue in the API's form: the report names one `attributeName`, the API a list of `attributeNames`."""
    names: Sequence[Any] = issue.get("attributeNames") or ([issue["attributeName"]] if issue.get("attributeName") else [])
    return {**issue, "attributeNames": list(names)}
