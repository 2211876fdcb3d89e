"""The practice Amazon's feeds and reports: documents behind addresses of five minutes, and work that takes its time."""

import csv as table
import gzip
import io
import json
import secrets
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from integrations.practice.amazon import check_patches, check_whole, patch_one, put_one, understood
from integrations.practice.amazon_door import Answer, blueprint, find, signed_in
from integrations.practice.amazon_view import exempt
from integrations.practice.clock import iso
from integrations.practice.current import public_url, world
from integrations.practice.store import Document, Listing, Notice, Task

FEED, REPORT = "JSON_LISTINGS_FEED", "GET_MERCHANTS_LISTINGS_FYP_REPORT"  # all other listing feeds, and the older report, are gone
HEADS = ("Status", "Reason", "SKU", "ASIN", "Product name", "Condition", "Status Change Date", "Issue Description")
PARTS = {"productType", "requirements", "attributes", "patches"}
OPERATIONS = {  # listings-feed-message-schema-v2.json: what each needs, and what it may have besides
    "UPDATE": ({"productType", "attributes"}, {"requirements"}),
    "PARTIAL_UPDATE": ({"productType", "attributes"}, set()),
    "PATCH": ({"productType", "patches"}, set()),
    "DELETE": (set(), set()),
}
REQUIREMENTS = {"LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY"}


def bad(details: str) -> Answer:
    """400."""
    return Answer(400, "InvalidInput", "Request is missing or has invalid parameters and cannot be parsed.", details)


def given(*names: str) -> dict[str, Any]:
    """The JSON object of the request with these words; 400 otherwise."""
    read = request.get_json(silent=True)
    if not isinstance(read, dict) or not all(isinstance(read.get(name), str) and read[name] for name in names):
        raise bad(f"{', '.join(names)} are required")
    return read


def at_marketplaces(read: dict[str, Any]) -> list[str]:
    """The body's marketplaceIds; 400 where missing or unknown."""
    ids = read.get("marketplaceIds")
    if not isinstance(ids, list) or not 1 <= len(ids) <= 25 or any(one not in world().hidden.sites.amazon for one in ids):
        raise bad("marketplaceIds: 1 to 25 known ones")
    return ids


def document(session: Session, content_type: str, data: bytes | None, packed: bool = False) -> Document:
    """A document of the seller with a fresh address."""
    made = Document(
        id=f"amzn1.practice.{secrets.token_hex(8)}",
        seller=g.seller,
        content_type=content_type,
        data=data,
        packed=packed,
        key=secrets.token_urlsafe(16),
        expires=0,
    )
    session.add(made)
    return open_up(made)


def open_up(one: Document) -> Document:
    """Its address is good from now on for some minutes."""
    one.expires = world().now() + world().hidden.timing.document_life
    return one


def address(one: Document) -> str:
    """Where it is: like a presigned one, whoever knows it may use it."""
    return f"{public_url()}/documents/{one.id}?X-Amz-Signature={one.key}"


def described(one: Document) -> dict[str, Any]:
    """As both APIs describe it, without its id."""
    return {"url": address(one), **({"compressionAlgorithm": "GZIP"} if one.packed else {})}


@blueprint.route("/documents/<document_id>", methods=["GET", "PUT"])
def file(document_id: str) -> tuple[Response, int]:
    """Put or fetch a document; refused in XML, as by the real store, where the address is wrong, too old, or used with an access token."""
    with world().store.write() as session:
        found = session.get(Document, document_id)
        if found is None or request.args.get("X-Amz-Signature") != found.key or "x-amz-access-token" in request.headers:
            return xml("SignatureDoesNotMatch"), 403
        if found.expires <= world().now():
            return xml("AccessDenied"), 403
        if request.method == "GET":
            return (xml("NoSuchKey"), 404) if found.data is None else (Response(found.data, content_type=found.content_type), 200)
        if request.headers.get("Content-Type") != found.content_type:
            return xml("SignatureDoesNotMatch"), 403
        found.data = request.get_data()
    return Response(b""), 200


def xml(code: str) -> Response:
    """An error of the store."""
    return Response(f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>', content_type="application/xml")


# -- feeds


@blueprint.post("/feeds/2021-06-30/documents")
@signed_in
def create_feed_document() -> tuple[Response, int]:
    """A place to upload to."""
    read = given("contentType")
    with world().store.write() as session:
        made = document(session, read["contentType"], None)
        return jsonify(feedDocumentId=made.id, url=address(made)), 201


@blueprint.post("/feeds/2021-06-30/feeds")
@signed_in
def create_feed() -> tuple[Response, int]:
    """Submit what was uploaded."""
    read = given("feedType", "inputFeedDocumentId")
    ids = at_marketplaces(read)
    with world().store.write() as session:
        found = session.get(Document, read["inputFeedDocumentId"])
        if found is None or found.seller != g.seller or found.data is None:
            raise bad("inputFeedDocumentId: nothing was uploaded there")
        return jsonify(feedId=str(task(session, "feed", read["feedType"], ids, found.id).id)), 202


def task(session: Session, kind: str, type_: str, ids: list[str], source: str | None = None) -> Task:
    """Work that begins now."""
    made = Task(seller=g.seller, kind=kind, type=type_, marketplaces=ids, input=source, created=world().now(), outcome={})
    session.add(made)
    session.flush()
    return made


def own(session: Session, kind: str, number: str) -> Task:
    """The seller's own feed or report; 404 otherwise."""
    found = session.get(Task, int(number)) if number.isdigit() else None
    if found is None or found.kind != kind or found.seller != g.seller:
        raise Answer(404, "NotFound", f"No {kind} {number}.")
    return found


@blueprint.get("/feeds/2021-06-30/feeds/<feed_id>")
@signed_in
def get_feed(feed_id: str) -> Response:
    """How far it is; each look from its time on processes some of its messages."""
    with world().store.write() as session:
        feed = own(session, "feed", feed_id)
        if feed.state in {"IN_QUEUE", "IN_PROGRESS"} and world().now() >= feed.created + world().hidden.timing.feed:
            process(session, feed)
        answer = {
            "feedId": feed_id,
            "feedType": feed.type,
            "marketplaceIds": feed.marketplaces,
            "createdTime": iso(feed.created),
            "processingStatus": feed.state,
        }
        return jsonify(answer | ({"resultFeedDocumentId": feed.result} if feed.result else {}))


@blueprint.get("/feeds/2021-06-30/documents/<document_id>")
@signed_in
def get_feed_document(document_id: str) -> Response:
    """Where to fetch a document."""
    return jsonify(feedDocumentId=document_id, **fetchable(document_id))


def fetchable(document_id: str) -> dict[str, Any]:
    """A document of the seller's with an address that is good from now; 404 otherwise."""
    with world().store.write() as session:
        found = session.get(Document, document_id)
        if found is None or found.seller != g.seller:
            raise Answer(404, "NotFound", f"No document {document_id}.")
        return described(open_up(found))


def process(session: Session, feed: Task) -> None:
    """The messages whose time has come, some at a time; at the end a report, packed. A file that is no such feed is FATAL."""
    source = session.get_one(Document, feed.input or "")
    messages = messages_of(source.data or b"") if feed.type == FEED else None
    if messages is None:
        feed.state = "FATAL"
        return
    outcome: dict[str, Any] = {"issues": [], "accepted": 0, **feed.outcome}
    due = int((world().now() - feed.created - world().hidden.timing.feed) * world().hidden.amazon.feed_rate) + 1
    chunk = messages[feed.done : min(due, feed.done + world().hidden.amazon.feed_chunk)]
    for message in chunk:
        found = apply(session, message, feed.marketplaces)
        outcome["issues"] += found
        outcome["accepted"] += not found
    feed.done, feed.outcome = feed.done + len(chunk), dict(outcome)
    feed.state = "IN_PROGRESS" if feed.done < len(messages) else "DONE"
    if feed.state == "DONE":
        invalid = feed.done - outcome["accepted"]
        report = {
            "header": {"sellerId": g.seller, "version": "2.0", "feedId": str(feed.id)},
            "issues": outcome["issues"],
            "summary": {
                "errors": len(outcome["issues"]), "warnings": 0, "messagesProcessed": feed.done,
                "messagesAccepted": outcome["accepted"], "messagesInvalid": invalid,
            },
        }  # fmt: skip
        feed.result = document(session, "application/json; charset=UTF-8", gzip.compress(json.dumps(report).encode()), packed=True).id


def messages_of(data: bytes) -> list[dict[str, Any]] | None:
    """The messages of a feed of this seller's; None for anything else."""
    try:
        read = json.loads(data.decode("utf-8"))
        header, messages = read["header"], read["messages"]
        numbers = [message["messageId"] for message in messages]
    except (ValueError, KeyError, TypeError):
        return None
    fine = header.get("sellerId") == g.seller and header.get("version") == "2.0" and len(set(numbers)) == len(numbers)
    fine = fine and 1 <= len(messages) <= world().hidden.amazon.feed_messages
    return messages if fine and all(isinstance(number, int) and 1 <= number <= 2147483647 for number in numbers) else None


def misshapen(message: dict[str, Any]) -> str | None:
    """What of a message's form its operation does not allow, in words."""
    kind = message.get("operationType")
    if kind not in OPERATIONS or not isinstance(message.get("sku"), str) or not message["sku"]:
        return f"A message needs sku and operationType: one of {', '.join(OPERATIONS)}."
    needed, more = OPERATIONS[kind]
    there = PARTS & set(message)
    if needed - there or there - needed - more:
        return f"{kind} needs {', '.join(sorted(needed)) or 'a sku'} and takes no {', '.join(sorted(PARTS - needed - more))}."
    if "productType" in there and (not isinstance(message["productType"], str) or not message["productType"]):
        return "productType must be a word."
    if "attributes" in there and (not isinstance(message["attributes"], dict) or not message["attributes"]):
        return "attributes must be an object with at least one attribute."
    if message.get("requirements", "LISTING") not in REQUIREMENTS:
        return f"requirements must be one of {', '.join(sorted(REQUIREMENTS))}."
    return None


def apply(session: Session, message: dict[str, Any], ids: list[str]) -> list[dict[str, Any]]:
    """One message; what is wrong with it, in the report's own form (`attributeName`, one only)."""
    about = {"messageId": message["messageId"], "sku": str(message.get("sku") or "")}

    def wrong(code: str, words: str, name: str | None = None) -> dict[str, Any]:
        return {**about, "code": code, "severity": "ERROR", "message": words, **({"attributeName": name} if name else {})}

    if (words := misshapen(message)) is not None:
        return [wrong("90000900", words)]
    operation, sku, kind = message["operationType"], about["sku"], message.get("productType", "")
    patches: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    try:
        if operation == "UPDATE":
            found = check_whole(kind, message["attributes"], message.get("requirements", "LISTING"), ids)
        elif operation != "DELETE":  # PARTIAL_UPDATE is PATCH with "replace"
            whole = [{"op": "replace", "path": f"/attributes/{name}", "value": value} for name, value in message.get("attributes", {}).items()]
            patches = understood(message.get("patches", whole))
            found = check_patches(kind, patches, ids)
    except Answer as refused:
        said = refused.errors[0]
        return [wrong(said["code"], f"{said['message']} {said['details']}".strip())]
    if found:
        return [wrong(issue["code"], issue["message"], issue["attributeNames"][0]) for issue in found]
    listings = {one: find(session, one, sku) for one in ids}
    missing = [one for one, listing in listings.items() if listing is None]
    if missing and operation != "UPDATE":
        return [wrong("13013", f"This SKU is not in the catalogue of {', '.join(missing)}.")]
    for one, listing in listings.items():
        if operation == "UPDATE":
            put_one(session, one, sku, message, FEED)
        elif operation == "DELETE" and listing is not None:
            world().end(session, listing, "ended", None)
            world().wrote(session, listing, FEED, None)
        else:
            patch_one(session, one, sku, patches, FEED)
    return []


# -- reports


@blueprint.post("/reports/2021-06-30/reports")
@signed_in
def create_report() -> tuple[Response, int]:
    """Ask for a report."""
    read = given("reportType")
    if read["reportType"] != REPORT:
        raise bad(f"reportType: {read['reportType']} is not available")
    with world().store.write() as session:
        return jsonify(reportId=str(task(session, "report", REPORT, at_marketplaces(read)).id)), 202


@blueprint.get("/reports/2021-06-30/reports/<report_id>")
@signed_in
def get_report(report_id: str) -> Response:
    """How far it is; it is written at the first look after its time."""
    with world().store.write() as session:
        report = own(session, "report", report_id)
        if report.state == "IN_QUEUE" and world().now() >= report.created + world().hidden.timing.report:
            report.state = "DONE"
            report.result = document(session, "text/plain; charset=UTF-8", gzip.compress(suppressed(session, report.marketplaces)), packed=True).id
        answer = {
            "reportId": report_id, "reportType": report.type, "marketplaceIds": report.marketplaces,
            "createdTime": iso(report.created), "processingStatus": report.state,
        }  # fmt: skip
        return jsonify(answer | ({"reportDocumentId": report.result} if report.result else {}))


@blueprint.get("/reports/2021-06-30/documents/<document_id>")
@signed_in
def get_report_document(document_id: str) -> Response:
    """Where to fetch it."""
    return jsonify(reportDocumentId=document_id, **fetchable(document_id))


def suppressed(session: Session, ids: list[str]) -> bytes:
    """The seller's listings against which something is enforced now, a line for each complaint."""
    out = io.StringIO()
    writer = table.writer(out, delimiter="\t", lineterminator="\r\n", quoting=table.QUOTE_NONE, escapechar=None, quotechar=None)
    writer.writerow(HEADS)
    sites = [world().hidden.sites.amazon[one] for one in ids]
    mine = and_(Listing.connector == "amazon", Listing.state == "active", Listing.seller == g.seller, Listing.marketplace.in_(sites))
    query = select(Listing, Notice).join(Notice, and_(Notice.listing_id == Listing.id, Notice.ended.is_(None))).where(mine).order_by(Listing.sku, Notice.id)
    for listing, notice in session.execute(query.execution_options(yield_per=1000)):
        if notice.complaint["actions"] and not exempt(notice):
            line = ("Search Suppressed", notice.reason, listing.sku, listing.external_id, listing.title, "new", iso(notice.began), notice.message)
            writer.writerow([" ".join(str(cell).split()) for cell in line])
    return out.getvalue().encode("utf-8")
