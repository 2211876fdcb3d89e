"""A product from photo to listing: the list, the SKU page with its grid and its reasons, the listings per marketplace."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import integrations
from app import views
from app.models import ImageSetItem, Listing, Placement, Product, Retouch
from app.stages import publish, retouch
from app.web import noticed, queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("products", __name__)


@bp.get("/products")
def products() -> ResponseReturnValue:
    q, stage = request.args.get("q", "").strip(), request.args.get("stage", "")
    page = queries.products(session(), q=q, stage=stage, number=request.args.get("page", 1, type=int))
    if q and len(page.rows) == 1 and page.number == 1 and not stage and not request.headers.get("HX-Request"):  # not under somebody who waits for it
        return redirect(url_for(".sku", sku=page.rows[0].sku))
    return render_template("products.html", page=page, q=q, stage=stage)


@bp.get("/products/<path:sku>")
def sku(sku: str) -> ResponseReturnValue:
    product = queries.product(session(), sku) or abort(404, f"There is no product {sku}.")
    members = queries.members_of(session(), product.id)
    placements, notices = queries.placements_of(session(), product.id), noticed.notices_of(session(), members)
    return render_template(
        "sku.html",
        product=product,
        why=views.why(session(), kit(), sku),
        grid=grid(placements),
        members={member.listing.account.key: member for member in members},
        notices=notices,
        pictures=noticed.pictures_against(session(), notices),
        history=queries.history(session(), sku, request.args.get("before", type=int), shared=[m.listing_id for m in members if len(m.listing.members) > 1]),
        retouches=queries.retouches_of(session(), product.id),
    )


@dataclass(frozen=True)
class Grid:
    """Positions across, accounts down; only positions that some account uses."""

    accounts: list[str]
    positions: list[str]
    cells: dict[tuple[str, str], Placement]


def grid(placements: Any) -> Grid:
    """The placements of a product as a table."""
    cells = {(p.account.key, p.position): p for p in placements if p.state != "vacant"}
    positions = {position for _account, position in cells}
    known = next(iter(integrations.SITES.values())).positions if not cells else max((site.positions for site in integrations.SITES.values()), key=len)
    return Grid(sorted({account for account, _position in cells}), [p for p in known if p in positions], cells)


@bp.get("/listings")
def listings() -> ResponseReturnValue:
    account, word, q = (request.args.get(name, "").strip() for name in ("account", "word", "q"))
    chosen = [name for name in word.split("|") if name]  # a step of the strip asks for several
    page = queries.listings(session(), account=account, words=chosen, q=q, number=request.args.get("page", 1, type=int))
    bars = views.marketplace_bars(session())
    words: dict[str, int] = defaultdict(int)
    for key, counts in bars.items():
        for name, count in counts.items():
            words[name] += count if account in ("", key) else 0
    mendable = views.lacks_something(session(), [line.listing.id for line in page.rows if line.shown.word == "refused"])
    fitting = sum(words.get(name, 0) for name in chosen)
    return render_template("listings.html", page=page, account=account, word=word, fitting=fitting, q=q, words=words, accounts=list(bars), mendable=mendable)


@bp.post("/listings/<int:number>/confirm")
@needs("operator")
def confirm(number: int) -> ResponseReturnValue:
    listing = session().get(Listing, number) or abort(404, "That listing is no longer here.")
    publish.confirm(session(), kit(), listing, who(), shown=request.form.get("shown", ""))
    flash("Let through: it is sent now.")
    return redirect(request.referrer or url_for(".listings"), 303)


@bp.post("/retouches/<int:number>/cost")
@needs("operator")
def charge(number: int) -> ResponseReturnValue:
    row = session().get(Retouch, number) or abort(404, "That retouch is no longer here.")
    minutes, invoice = (request.form.get(name, "").strip() for name in ("minutes", "invoice"))
    if minutes and not (minutes.isdecimal() and len(minutes) < 10):
        abort(400, f"minutes: {minutes[:40]} is not a whole number of minutes.")
    retouch.charge(session(), kit(), row, who(), int(minutes) if minutes else None, invoice[:200] or None)
    flash("The cost of the retouch is kept.")
    product = session().get_one(Product, session().get_one(ImageSetItem, row.item_id).product_id)
    return redirect(url_for(".sku", sku=product.sku, _anchor="retouch"), 303)
