"""Where things stand: overview, batches, the tray of unmatched files, notices, the upload page, the emergency stop."""

from __future__ import annotations

from functools import cached_property

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import controls, views
from app.alike import alike
from app.models import Batch
from app.stages import intake
from app.web import noticed, queries
from app.web.auth import needs, who
from app.web.session import kit, session

bp = Blueprint("dashboard", __name__)


def _listed(step: str) -> dict[str, str]:
    """The query of the listings that a step of the strip counts."""
    return {"word": "|".join(views.ROAD_WORDS[step])}


STRIP: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (  # stage of the pipeline strip -> (words, icon, endpoint, its query)
    ("arriving", "Arriving", "box-arrow-in-down", "products.products", {"stage": "arriving"}),
    ("rendering", "Rendering", "magic", "products.products", {"stage": "rendering"}),
    ("checking", "Checking", "rulers", "products.products", {"stage": "checking"}),
    ("review", "Review", "person-check", "review.queue", {}),
    ("to send", "To send", "hourglass-split", "products.listings", _listed("to send")),
    ("sent", "Sent", "send", "products.listings", _listed("sent")),
    ("live", "Live", "check-circle", "products.listings", _listed("live")),
    ("suppressed", "Suppressed", "slash-circle", "products.listings", _listed("suppressed")),
)


@bp.get("/")
def home() -> ResponseReturnValue:
    bars = views.marketplace_bars(session())
    return render_template(
        "home.html",
        strip=STRIP,
        counts=views.pipeline(session(), bars),
        bars=bars,
        batches=queries.batches(session(), size=6).rows,
        lessons=queries.open_lessons(session(), 4),
        steps=queries.first_steps(session()),
    )


@bp.get("/batches")
def batches() -> ResponseReturnValue:
    return render_template("batches.html", page=queries.batches(session(), _page()))


@bp.get("/batches/<int:number>")
def batch(number: int) -> ResponseReturnValue:
    found = session().get(Batch, number) or abort(404, f"There is no batch {number}.")
    return render_template(
        "batch.html",
        batch=found,
        line=(line := queries.batch_lines(session(), [found])[0]),
        alike=alike(session(), found, line.state.word),
        page=queries.batch_photos(session(), found, _page()),
        arrivals=queries.batch_arrivals(session(), found),
    )


@bp.get("/upload")
def upload() -> ResponseReturnValue:
    return render_template("upload.html")


@bp.get("/tray")
def tray() -> ResponseReturnValue:
    return render_template("tray.html", page=queries.tray(session(), _page()))


@bp.post("/tray/<int:number>/assign")
@needs("operator")
def assign(number: int) -> ResponseReturnValue:
    arrival = queries.arrival(session(), number) or abort(404, "That file is no longer here.")
    sku = request.form.get("sku", "").strip()
    intake.assign(session(), kit(), arrival, sku, request.form.get("shot", "").strip(), who())
    flash(f"{arrival.name} belongs to {sku} now.")
    return redirect(url_for(".tray"), 303)


@bp.post("/tray/<int:number>/drop")
@needs("operator")
def drop(number: int) -> ResponseReturnValue:
    arrival = queries.arrival(session(), number) or abort(404, "That file is no longer here.")
    intake.drop(session(), kit(), arrival, who(), request.form.get("why", "").strip() or "not wanted")
    flash(f"{arrival.name} is dropped. Its bytes stay in the originals store.")
    return redirect(url_for(".tray"), 303)


@bp.get("/notices")
def notices() -> ResponseReturnValue:
    past = request.args.get("show") == "past"
    page = noticed.notices(session(), past=past, account=request.args.get("account", ""), number=_page())
    shown = {"skus": noticed.skus_of(session(), page.rows), "pictures": noticed.pictures_against(session(), page.rows)}
    return render_template("notices.html", page=page, past=past, accounts=queries.accounts(session()), **shown)


@bp.post("/stop")
@needs("operator")
def stop() -> ResponseReturnValue:
    controls.stop(session(), kit(), who(), why=request.form.get("why", "").strip())
    return redirect(url_for("accounts.index"), 303)


@bp.post("/resume")
@needs("operator")
def resume() -> ResponseReturnValue:
    controls.resume(session(), kit(), who())
    flash("Writing to marketplaces goes on.")
    return redirect(url_for("accounts.index"), 303)


class Around:
    """What every page shows around its own content, asked for only where it is shown."""

    @cached_property
    def counts(self) -> dict[str, int]:
        return queries.nav_counts(session())

    @cached_property
    def banners(self) -> list[str]:
        return controls.banners(session(), kit())

    @cached_property
    def today(self) -> str:
        """The name a batch gets where nobody gives it one."""
        return f"{kit().now():%d %b %Y, %H:%M} {who()}"


@bp.record_once
def _around(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.context_processor(lambda: {"around": Around()})


def _page() -> int:
    return request.args.get("page", 1, type=int)
