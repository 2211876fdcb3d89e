"""The practice API: what the marketplaces really hold, who wrote what, and the levers of this world. Loopback only, no sign-in."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request, stream_with_context
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from integrations.practice import amazon, amazon_view, ebay_inventory, ebay_media, ebay_trading, ebay_variations, pictures, tokens
from integrations.practice.calls import CALLS
from integrations.practice.clock import iso
from integrations.practice.current import limits, public_url, world
from integrations.practice.orders import load_orders, settle
from integrations.practice.stock import stock
from integrations.practice.store import Effect, Image, Listing, Move, Notice, Seller, Slot, VariationSku, Write
from integrations.practice.world import asking, parted, position_of, rank

CHUNK = 500  # listings read at once
blueprint = Blueprint("witness", __name__, url_prefix="/practice/api")


@blueprint.before_request
def only_here() -> None:
    """Nobody from elsewhere."""
    if request.remote_addr not in {"127.0.0.1", "::1"}:
        abort(403)


@blueprint.get("/listings")
def listings() -> Response:
    """Every listing of both marketplaces; `?marketplace=`, `?seller=` and `?sku=` narrow, `?after=ID&limit=N` page (each has its `id`)."""
    query = select(Listing.id).order_by(Listing.id).where(Listing.id > request.args.get("after", 0, type=int))
    for name in ("marketplace", "seller"):
        if request.args.get(name):
            query = query.where(getattr(Listing, name) == request.args[name])
    if sku := request.args.get("sku"):
        query = query.where(or_(Listing.sku == sku, Listing.id.in_(select(VariationSku.listing_id).where(VariationSku.sku == sku))))
    if limit := request.args.get("limit", type=int):
        query = query.limit(limit)

    def rows() -> Iterator[Any]:
        with world().store.read() as session:
            for ids in session.scalars(query).partitions(CHUNK):
                for listing in session.scalars(select(Listing).where(Listing.id.in_(ids)).order_by(Listing.id).options(*all_of_it())):
                    yield described(listing)
                session.expunge_all()

    return streamed(rows())


@blueprint.get("/writes")
def writes() -> Response:
    """Every accepted write in order; `?after=ID&limit=N` page."""
    names = ("id", "marketplace", "seller", "sku", "call", "key", "external_id", "effect")
    query = select(Write).order_by(Write.id).where(Write.id > request.args.get("after", 0, type=int)).limit(request.args.get("limit", -1, type=int))

    def rows() -> Iterator[Any]:
        with world().store.read() as session:
            for row in session.scalars(query.execution_options(yield_per=CHUNK)):
                yield {"at": iso(row.at), **{name: getattr(row, name) for name in names}}

    return streamed(rows())


def streamed(rows: Iterator[Any]) -> Response:
    """A JSON list, written as it is read: an account of 100,000 listings needs no more memory than one of a hundred."""

    def parts() -> Iterator[str]:
        yield "["
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}{json.dumps(row)}"
        yield "]\n"

    return Response(stream_with_context(parts()), content_type="application/json")


def all_of_it() -> tuple[Any, ...]:
    """What a described listing is read with."""
    return selectinload(Listing.slots).joinedload(Slot.image), selectinload(Listing.notices), selectinload(Listing.history)


@blueprint.post("/stock")
def stocked() -> tuple[Response, int]:
    """A seller account of any size at once (`stock`): {marketplace, seller, count, prefix?}."""
    read = request.get_json()
    try:
        count, prefix = int(read["count"]), str(read.get("prefix", "STOCK"))
        made = stock(world(), public_url(), str(read["marketplace"]), str(read["seller"]), count, prefix)
    except (KeyError, TypeError, ValueError) as error:
        return jsonify(error=f"marketplace (one of ours), seller and count are needed: {error}"), 422
    return jsonify(created=made, listings=count), 201


@blueprint.post("/listings")
def seed() -> tuple[Response, int]:
    """A listing that was there before: {marketplace, seller, sku, title, quantity?, price?, currency?, condition?, pictures? {position: base64 of a file},
    inventory_api? (an eBay listing that was made with that API), variations? [{sku, specifics, quantity?, price?}] and by? (the specific whose values
    have pictures, at positions such as "Silver/main")}."""
    read = request.get_json()
    marketplace = str(read.get("marketplace", ""))
    connector = "amazon" if marketplace.startswith("amazon-") else "ebay"
    sites = world().hidden.sites
    known = sites.amazon if connector == "amazon" else sites.ebay
    if marketplace not in known.values() or not all(isinstance(read.get(name), str) and read[name] for name in ("seller", "sku", "title")):
        return jsonify(error="marketplace (one of ours), seller, sku and title are needed"), 422
    try:
        given = {place: base64.b64decode(text, validate=True) for place, text in (read.get("pictures") or {}).items()}
        taken = {place: pictures.take(data, world().hidden.amazon.picture) for place, data in given.items()}
    except (pictures.PictureError, binascii.Error, ValueError) as error:
        return jsonify(error=f"pictures: {error}"), 422
    with world().store.write() as session:
        there = select(Listing).where(
            Listing.connector == connector,
            Listing.marketplace == marketplace,
            Listing.seller == read["seller"],
            Listing.sku == read["sku"],
            Listing.state == "active",
        )
        listing = session.scalars(there.where(Listing.seller == read["seller"], Listing.sku == read["sku"])).first()
        if listing is not None:
            return jsonify(external_id=listing.external_id, created=False), 200
        listing = (amazon if connector == "amazon" else ebay_trading).new_listing(session, marketplace, read["seller"], read["sku"], read["title"])
        listing.quantity, listing.price = int(read.get("quantity", 1)), str(read.get("price", "1.00"))
        listing.currency = str(read.get("currency", "GBP"))
        listing.product_type = str(read.get("product_type", "PRODUCT"))
        if connector == "amazon":
            marketplace_id = next(number for number, key in known.items() if key == marketplace)
            listing.attributes = {
                "item_name": [{"value": read["title"], "marketplace_id": marketplace_id}],
                "condition_type": [{"value": read.get("condition", "new_new"), "marketplace_id": marketplace_id}],
            }
        elif read.get("inventory_api") and not read.get("variations"):
            listing.attributes = {ebay_inventory.ITEM: ebay_inventory.born(listing.title, listing.quantity)}
        if connector == "ebay" and read.get("variations"):
            ebay_variations.born(session, listing, read["variations"], str(read.get("by", "")))
            if read.get("inventory_api"):
                ebay_inventory.born_group(listing, read["sku"])
        for place, one in taken.items():
            show(session, listing, place, one)
        world().note(session, listing, "seeded")
        return jsonify(external_id=listing.external_id, created=True), 201


@blueprint.post("/clock")
def clock() -> Response:
    """{"advance": seconds}: time passes at once, and all that is due in it happens before the answer."""
    now = world().advance(float(request.get_json().get("advance", 0)))
    with world().store.read() as session:
        waiting = session.query(Effect).filter(Effect.done.is_(None)).count()
    return jsonify(now=iso(now), waiting=waiting)


@blueprint.get("/clock")
def told() -> Response:
    """The time of the practice world, and how many effects are still to come."""
    with world().store.read() as session:
        waiting = session.query(Effect).filter(Effect.done.is_(None)).count()
    return jsonify(now=iso(world().now()), waiting=waiting)


@blueprint.post("/faults")
def faults() -> tuple[Response, int]:
    """Replace all orders: a JSON list as in the --faults file (`orders`), times counted from now. A hidden rule that has changed stays changed."""
    try:
        given = load_orders(request.get_json(), CALLS)
        changes = settle(given.changes, world().hidden, world().now(), world().seed)
    except ValueError as error:
        return jsonify(error=str(error)), 422
    current_app.extensions["practice_faults"].set(given.faults)
    limits().set(given.allowed)
    world().order(changes, replace=True)
    return jsonify(faults=len(given.faults), allowed=len(given.allowed), changes=len(given.changes)), 200


@blueprint.get("/faults")
def struck() -> Response:
    """Which faults have struck, in order."""
    return jsonify(current_app.extensions["practice_faults"].struck)


@blueprint.get("/limits")
def counted() -> Response:
    """The documented rates, what is allowed of them, and the calls and refusals of each operation since the start."""
    return jsonify(limits().told())


@blueprint.post("/limits")
def count() -> Response:
    """{"on": true or false}: refuse calls that are too many, or none."""
    limits().on = bool(request.get_json().get("on"))
    return jsonify(limits().told())


@blueprint.get("/rules")
def rules() -> Response:
    """What the marketplaces see: every hidden rule with the limit it has now, and the changes that were or will be."""
    return jsonify(now=iso(world().now()), **truth())


def truth() -> dict[str, Any]:
    """The present rules of both marketplaces, each with the file's limit where it was changed, and the changes in order."""
    now = []
    for connector, of in world().rules.items():
        first = {rule.code: rule for rule in (world().hidden.amazon if connector == "amazon" else world().hidden.ebay).rules}
        for rule in of:
            side = "at_least" if rule.at_least is not None else "at_most"
            was = getattr(first[rule.code], side)
            words = {"connector": connector, **rule.model_dump(include={"name", "code", "reason", "fact"}), "positions": list(rule.positions)}
            now.append({**words, "side": side.replace("_", " "), "limit": getattr(rule, side), "was": was})
    names = {(one["connector"], one["code"]): one["name"] for one in now}
    with world().store.read() as session:
        moves = [
            {
                "at": iso(move.at), "connector": move.connector, "code": move.code, "name": names.get((move.connector, move.code), ""), "limit": move.limit,
                "delay": move.delay, "grace": move.grace, "done": move.done is not None,
            }
            for move in session.scalars(select(Move).order_by(Move.at, Move.id))
        ]  # fmt: skip
    return {"rules": now, "changes": moves}


@blueprint.post("/act")
def act() -> Response | tuple[Response, int]:
    """Pull a lever: {"do": "end" | "remove" | "swap", marketplace, external_id, position?, picture? (base64)},
    or {"do": "expire" | "revoke" | "restore", connector, seller}."""
    read = request.get_json()
    do = read.get("do")
    with world().store.write() as session:
        if do == "expire":
            return jsonify(expired=tokens.expire(session, read["connector"], read["seller"], world().now()))
        if do in {"revoke", "restore"}:
            session.merge(Seller(connector=read["connector"], name=read["seller"], revoked=do == "revoke"))
            expired = tokens.expire(session, read["connector"], read["seller"], world().now()) if do == "revoke" else 0
            return jsonify(revoked=do == "revoke", expired=expired)
        meant = select(Listing).where(Listing.marketplace == read.get("marketplace"), Listing.external_id == read.get("external_id"))
        listing = session.scalars(meant).first()
        if listing is None:
            return jsonify(error="no such listing"), 404
        if do in {"end", "remove"}:
            world().end(session, listing, "ended" if do == "end" else "removed", "NotAvailable" if do == "end" else None)
        elif do == "swap":
            taken = pictures.take(base64.b64decode(read["picture"]), world().hidden.amazon.picture)
            show(session, listing, read.get("position", position_of(0)), taken)
            world().note(session, listing, "picture swapped by another", position=read.get("position", "main"))
        else:
            return jsonify(error=f"unknown lever {do!r}"), 422
        return jsonify(described(listing))


def show(session: Session, listing: Listing, place: str, taken: pictures.Taken) -> None:
    """Put a picture on show that nobody's write asked for."""
    image = world().keep(session, listing.connector, listing.seller, taken)
    slot = world().place(session, listing, place, image, None)
    slot.wanted_url = address(image)
    if listing.connector == "ebay":
        of, _ = parted(place)
        slots = sorted((slot for slot in listing.slots if parted(slot.position)[0] == of), key=lambda slot: rank(slot.position))
        asking(listing, of, [slot.wanted_url for slot in slots if slot.wanted_url])


def address(image: Image) -> str:
    """Where the picture is shown."""
    return amazon_view.address(image.id) if image.connector == "amazon" else ebay_media.address(image.id)


def status(listing: Listing) -> str:
    """active, at_risk, suppressed, held, ended or removed."""
    if listing.state != "active":
        return listing.state
    notices = listing.open_notices()
    if listing.connector == "ebay":
        return "held" if notices else "active"
    enforced = [notice for notice in notices if notice.complaint["actions"]]
    if any(not amazon_view.exempt(notice) for notice in enforced):
        return "suppressed"
    return "at_risk" if enforced else "active"


def described(listing: Listing) -> dict[str, Any]:
    """All that is known of a listing."""
    return {
        "id": listing.id,
        "marketplace": listing.marketplace,
        "seller": listing.seller,
        "sku": listing.sku,
        "external_id": listing.external_id,
        "title": listing.title,
        "quantity": listing.quantity,
        "price": listing.price,
        "status": status(listing),
        "pictures": shown(listing, ""),
        "variations": varied(listing),
        "asked": {slot.position: slot.wanted_url for slot in listing.slots if slot.wanted_url},
        "failures": {slot.position: slot.failure for slot in listing.slots if slot.failure},
        "notices": [noticed(notice) for notice in listing.notices],
        "created": iso(listing.created),
        "updated": iso(listing.updated),
        "history": [{"at": iso(line.at), "what": line.what, **line.detail} for line in listing.history],
    }


def shown(listing: Listing, of: str) -> dict[str, Any]:
    """The pictures shown of the item itself, or of a variation's value."""
    slots = [slot for slot in listing.slots if slot.image and parted(slot.position)[0] == of]
    return {
        parted(slot.position)[1]: {
            "url": address(slot.image),
            "source_url": slot.source_url,
            "source_sha256": slot.image.source_sha256,
            "sha256": slot.image.sha256,
            "width": slot.image.width,
            "height": slot.image.height,
            "facts": slot.image.facts,
        }
        for slot in sorted(slots, key=lambda slot: rank(slot.position))
        if slot.image
    }


def varied(listing: Listing) -> list[dict[str, Any]]:
    """The variations of a listing that has some, each with the pictures that a buyer sees who chooses it."""
    known = listing.attributes.get(ebay_variations.KEY, {"list": [], "name": ""})
    return [{**one, "pictures": shown(listing, one["specifics"].get(known["name"], "-"))} for one in known["list"]]


def noticed(notice: Notice) -> dict[str, Any]:
    """A notice, open while `ended` is null."""
    names = ("position", "code", "reason", "message", "image_id")
    return {name: getattr(notice, name) for name in names} | {"began": iso(notice.began), "ended": None if notice.ended is None else iso(notice.ended)}
